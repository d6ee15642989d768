"""zobench measures what an optimizer pays for not having a gradient."""

__version__ = "0.1.0"
