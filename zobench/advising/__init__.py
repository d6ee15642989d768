"""Advice: which method to take for a function that few values can be asked of, and what a gradient saves."""
