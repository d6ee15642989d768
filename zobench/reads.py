"""The files that a cell's own code reads as it runs: they decide its numbers as the code does.

Python tells an audit hook of every file that it opens. What is opened beside it, by C code such as HDF5 or by another
program, is not seen, but where an argument names it.
"""

import hashlib
import os
import stat
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from zobench.code import INSTALLED

Result = TypeVar("Result")

COARSE = 20_000_000  # ns: clocks of file systems are behind by a tick
SYSTEM = ("/dev", "/etc", "/lib", "/lib64", "/proc", "/sys", "/usr/include", "/usr/lib", "/usr/lib64", "/usr/share")
WRITES = os.O_WRONLY | os.O_RDWR


class State(NamedTuple):
    """What tells whether a file has been written in between."""

    modified: int
    size: int


Files = dict[str, State]


# The start [ns] of a cell and what it has opened since; one at most, as cells of one process run one after the other.
_watches: list[tuple[int, Files]] = []
_before: list[set[str]] = []  # the modules that were imported then
_imported: set[str] = set()  # by all cells of this process
_seen: Files = {}  # by all cells of this process: a file read once may be remembered by the code that read it


def watched(work: Callable[[], Result], remembers: bool) -> tuple[Result, Files]:
    """Do some work: its result, and the files that it opened to read, in any thread.

    A file that is younger than the work is its own product, and left out. `remembers`: the work may use what earlier
    work of this process read.
    """
    _install()
    files: Files = {}
    _watches.append((time.time_ns() - COARSE, files))
    _before.append(set(sys.modules))
    try:
        result = work()
    finally:
        _watches.pop()
        _seen.update(files)
        _imported.update(set(sys.modules) - _before.pop())
    return result, {**(_seen if remembers else {}), **files}


def imported() -> set[str]:
    """The modules that cells of this process have imported, up to now."""
    return _imported.union(*(set(sys.modules) - before for before in _before))


def so_far(remembers: bool) -> Files:
    """What `watched` would give now of the work in progress."""
    return {**(_seen if remembers else {}), **(_watches[-1][1] if _watches else {})}


@contextmanager
def unwatched() -> Iterator[None]:
    """Files that are opened here are none of the cell's own."""
    _watches.append((0, {}))  # no file is older
    try:
        yield
    finally:
        _watches.pop()


def hashes(files: Files, named: Iterable[str] = ()) -> dict[str, str]:
    """SHA-256 of the files that are data, by their paths (from here on, where they are inside), and of those `named`.

    A file that has been written since it was opened has none: whoever compares finds it changed.
    """
    found = {path: _hash_now(path) if state(path) == opened else "" for path, opened in files.items() if _is_data(path)}
    found |= {os.path.abspath(name): _hash_now(name) for name in named if os.path.isfile(name)}
    here = os.getcwd() + os.sep
    return {path.removeprefix(here): found[path] for path in sorted(found)}


def are_unchanged(files: dict[str, str]) -> bool:
    """Whether files still have the hashes that `hashes` gave."""
    return all(_hash_now(path) == known != "" for path, known in files.items())


@cache
def _install() -> None:
    sys.addaudithook(_hook)  # for good: Python has no way to take a hook out


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not (watches := _watches[-1:]):
        return
    ((start, files),), (name, mode, flags) = watches, arguments
    if not isinstance(name, str | bytes) or (set(mode) & set("wax+") if mode else flags & WRITES):
        return
    path = os.path.abspath(os.fsdecode(name))
    if path not in files and (found := state(path)) and found.modified < start:
        files[path] = found


def state(path: str) -> State | None:
    """Of a file; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return State(found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _hash_now(path: str) -> str:
    """Of a file as it is now; none where there is none."""
    found = state(path)
    return _hash(os.path.abspath(path), found) if found else ""


@cache
def _hash(path: str, state: State) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _is_data(path: str) -> bool:
    """Not code, which decides the key, and no file of the system, of Python, a package, zobench or JAX's cache."""
    place = Path(os.path.realpath(path))
    other = place.suffix in (".py", ".pyc") or any(part in INSTALLED for part in place.parts)
    other = other or any(part.endswith((".egg-info", ".dist-info")) for part in place.parts)
    return not (other or any(place.is_relative_to(root) for root in _roots()))


@cache
def _roots() -> tuple[str, ...]:
    package = Path(__file__).parent
    prefixes = {sys.prefix, sys.base_prefix}
    python = [os.path.join(prefix, name) for prefix in prefixes for name in ("lib", "lib64", "share", "pyvenv.cfg")]
    python += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    cache = [os.environ[name] for name in ("JAX_COMPILATION_CACHE_DIR",) if os.environ.get(name)]
    own = [str(package), str(package / "problems"), str(package / "conf")]
    return (*SYSTEM, *(os.path.realpath(place) for place in (*python, *cache, *own)))
