"""The objectives: one family a file, each a factory that returns a `zobench.types.Problem`; named in __init__.pyi."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
