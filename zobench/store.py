"""Records: one cell, one uncompressed .npz, named by what decides its numbers; nothing here imports jax.

A record is there whole or not at all, and it is sealed: the comment at the end of the archive is the SHA-256 of all
bytes before it, and what it says it is must be its name. What is damaged, or another cell's, is never read as data.
"""

import hashlib
import io
import json
import os
import stat
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import atomic, npz, reads
from zobench.code import LIBRARIES, code_hash
from zobench.errors import printable
from zobench.surroundings import numeric_environment

SEAL = 64  # hex digits of SHA-256
DAMAGED = "damaged"  # the folder of the store where records are set aside

_said: set[tuple[Path, str]] = set()  # once in a process
_faults: dict[Path, tuple[tuple[int, ...], str]] = {}


class Record(NamedTuple):
    """What a cell left behind: arrays by name, and what is to be known about them."""

    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]


def key(config: dict[str, Any], modules: Iterable[str]) -> str:
    """16 hex digits of the resolved numeric config, the modules' code, the libraries' versions and the environment."""
    return digest(config, code_hash(modules), versions(), numeric_environment())


def digest(*parts: Any) -> str:
    """16 hex digits of SHA-256 over canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that decide the numbers, read without importing them."""
    return {name: version(name) for name in LIBRARIES}


def path(runs_dir: str | Path, key: str) -> Path:
    """Where the record of that key is, or would be."""
    return Path(runs_dir) / f"{key}.npz"


def write(path: Path, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write a record, sealed, whole or not at all; a damaged one in its place is set aside first."""
    buffer = io.BytesIO()
    text = json.dumps({**meta, "key": path.stem})
    np.savez(buffer, allow_pickle=False, meta=np.array(text), **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(SEAL)
    data = buffer.getbuffer()
    data[-SEAL:] = hashlib.sha256(data[:-SEAL]).hexdigest().encode()
    with reads.unwatched():  # what a record was before is no input of the cell that writes it
        wrong = fault(path)
    if wrong:
        set_aside(path, wrong)
    atomic.write(path, data)


def read(path: Path, *, arrays: bool = True) -> Record | None:
    """The record; None where there is none, and where it is damaged, which is said once (a line on stderr)."""
    return read_some(path, lambda name: arrays)


def read_meta(path: Path) -> dict[str, Any] | None:
    """What is to be known about a record, without its arrays; None as in `read`."""
    record = read(path, arrays=False)
    return None if record is None else record.meta


def read_some(path: Path, wanted: Callable[[str], bool]) -> Record | None:
    """As `read`, with the arrays whose names are wanted alone."""
    record, wrong = _examine(path, wanted)
    if wrong and (path, wrong) not in _said:
        _said.add((path, wrong))
        _say(f"{path} {wrong}; it is left out, and the command that made it makes it again")
    return record


def fault(path: Path) -> str:
    """What is wrong with a record, in words that follow its name; "" where nothing is, or where there is none.

    A file that has not been written since is not read again.
    """
    state = _state(path)
    if state and _faults.get(path, ((), ""))[0] == state:
        return _faults[path][1]
    wrong = _examine(path, lambda name: False)[1]
    if state and time.time_ns() - max(state[:2]) > reads.COARSE:  # else it may be written again without a trace
        _faults[path] = state, wrong
    return wrong


def is_done(path: Path, config: dict[str, Any] | None = None) -> bool:
    """Whether a cell has its record, and need not run again: the files that it read are as they were.

    A record that is damaged, or that has another config than the one asked for, is set aside, so that the cell runs.
    """
    record, wrong = _examine(path, lambda name: False)
    if record is not None and config is not None and digest(record.meta.get("config")) != digest(config):
        wrong = "is the record of another config"
    if wrong:
        set_aside(path, wrong)
        return False
    return record is not None and record.meta["status"] == "ok" and reads.are_unchanged(record.meta.get("files", {}))


def set_aside(path: Path, wrong: str = "is set aside") -> Path | None:
    """Move a record that is not to be used to the folder `damaged` of its store, numbered if that name is taken.

    Where it is now; None where it could not be moved, or has gone. Says so, with what is wrong, in a line on stderr.
    """
    try:
        place = _claim(path)
        try:
            os.replace(path, place)
        except BaseException:
            place.rmdir() if place.is_dir() else place.unlink()
            raise
    except FileNotFoundError:  # by another process
        return None
    except OSError as error:
        _say(f"{path} {wrong}; it could not be set aside ({error.strerror})")
        return None
    _say(f"{path} {wrong}; set aside as {place}, its cell runs again")
    return place


def sweep_up(runs_dir: str | Path) -> int:
    """Remove the temporary files that killed processes left in a store, its sweeps and saved states; how many."""
    within = [folder for name in ("sweeps", "states") for folder in Path(runs_dir).glob(f"{name}/**")]
    return atomic.sweep_up(Path(runs_dir), *within)


def _claim(path: Path) -> Path:
    """A new file or folder that the record can be moved onto: nothing that is set aside is ever replaced."""
    folder, number = path.parent / DAMAGED, 0
    is_folder = stat.S_ISDIR(path.lstat().st_mode)
    folder.mkdir(exist_ok=True)
    while True:
        place = folder / (f"{path.stem}.{number}{path.suffix}" if number else path.name)
        try:
            place.mkdir() if is_folder else place.touch(exist_ok=False)
            return place
        except FileExistsError:
            number += 1


def _examine(path: Path, wanted: Callable[[str], bool]) -> tuple[Record | None, str]:
    """The record, or what is wrong with it; neither where there is none."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for ever
            return None, "is no file"
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, "is a link to nothing" if path.is_symlink() else ""
    except OSError as error:
        return None, f"cannot be read ({error.strerror})"
    if not data:
        return None, "is empty"
    if len(data) <= SEAL or set(data[-SEAL:]) - set(b"0123456789abcdef"):
        return None, "has no checksum at its end: it was cut, or is no record of this version"
    if hashlib.sha256(memoryview(data)[:-SEAL]).hexdigest().encode() != data[-SEAL:]:
        return None, "has been changed: its checksum is another"
    try:
        arrays = npz.arrays(data, lambda name: name == "meta" or wanted(name))
        meta = json.loads(arrays.pop("meta").item())
    except MemoryError:
        raise
    except Exception as error:  # sealed, but not by `write`: there is no end to what may be in it
        return None, f"is no record ({type(error).__name__})"
    if not isinstance(meta, dict) or not isinstance(meta.get("status"), str):
        return None, "is no record: it does not say how its cell ended"
    if meta.get("key") != path.stem:
        return None, f"is the record of another cell: it says {ascii(meta.get('key'))[:SEAL]}"
    return Record(arrays, meta), ""


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _say(line: str) -> None:
    print(f"zobench: {printable(line)}", file=sys.stderr)
