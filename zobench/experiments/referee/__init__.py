"""Newer zero-order methods against tuned two-point descent, at equal prices and tuned by one rule."""
