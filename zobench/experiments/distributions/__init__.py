"""Hitting times and values of f by their laws, where others are told by their means."""
