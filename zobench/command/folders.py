"""The folders that a command writes into."""

from pathlib import Path
from tempfile import TemporaryDirectory

from zobench.errors import UsageError


def require_writable(name: str, folder: str) -> None:
    """Refuse a folder that could not be made or written, by a trial that leaves nothing."""
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    try:
        with TemporaryDirectory(dir=place):
            return
    except OSError:
        why = "may not be written" if place.is_dir() else "is no folder"
    raise UsageError(f"{name}={folder}: {place} {why}; give {name}=<a folder that can be written>")
