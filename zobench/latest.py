"""What the latest cell of this process was made of: the next one may differ in its seeds alone."""

from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")

_made: dict[str, object] = {}  # one at most: what a cell is made of may fill the memory


def latest(name: str, make: Callable[[], Made]) -> Made:
    """What `make` makes, or made for the latest cell where that had the same name; without a name it is made anew."""
    if name and name in _made:
        return _made[name]  # type: ignore[return-value]
    _made.clear()
    made = make()
    if name:
        _made[name] = made
    return made
