"""How often the advice of a short race of methods is right."""
