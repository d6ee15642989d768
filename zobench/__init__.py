"""zobench measures what an optimizer pays for not having a gradient; `import zobench as zo` is its front door.

What a user imports is named in __init__.pyi and loaded when it is first asked for: nothing is compiled at import. What
is not named there is private.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
