"""Records: one cell, one uncompressed .npz, named by what decides its numbers; nothing here imports jax.

A record is written under a temporary name and renamed, so that it is there whole or not at all. The markers of a sweep
are empty files named like the records, one for each cell that has ended.
"""

import hashlib
import json
import os
import platform
import sys
import zipfile
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import reads
from zobench.code import LIBRARIES, code_hash

BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Record(NamedTuple):
    """What a cell left behind: arrays by name, and what is to be known about them."""

    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]


def key(config: dict[str, Any], modules: Iterable[str]) -> str:
    """16 hex digits of the resolved numeric config, of the modules' code and of the libraries' versions."""
    return digest(config, code_hash(modules), versions())


def digest(*parts: Any) -> str:
    """16 hex digits of SHA-256 over canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries that decide the numbers, read without importing them."""
    return {name: version(name) for name in LIBRARIES}


def machine() -> str:
    """Where a record was made, in words, for the reader of a time."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def path(runs_dir: str | Path, key: str) -> Path:
    """Where the record of that key is, or would be."""
    return Path(runs_dir) / f"{key}.npz"


def write(path: Path, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, meta=np.array(json.dumps(meta)), **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_meta(path: Path) -> dict[str, Any] | None:
    """What is to be known about a record, without reading its arrays; None as in `read`."""
    record = read(path, arrays=False)
    return None if record is None else record.meta


def read(path: Path, *, arrays: bool = True) -> Record | None:
    """The record; None where there is none, or where it cannot be read (one line of warning)."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            return Record({name: file[name] for name in file.files if name != "meta"} if arrays else {}, meta)
    except BROKEN as error:
        print(f"zobench: {path} cannot be read ({type(error).__name__}); it is ignored", file=sys.stderr)
        return None


def is_done(path: Path) -> bool:
    """Whether a cell has its record, and need not run again: the files that it read are as they were."""
    meta = read_meta(path)
    return meta is not None and meta["status"] == "ok" and reads.are_unchanged(meta.get("files", {}))


class Sweep(NamedTuple):
    """The folder of a sweep: a marker for each cell that has ended; `complete`, their keys in order, when all have."""

    folder: Path

    @property
    def complete(self) -> Path:
        """The file that names all cells in the order of the sweep."""
        return self.folder / "complete"

    def begin(self, ended: Iterable[str] = ()) -> None:
        """Forget the markers of an earlier run, but for the cells that have ended well."""
        for file in (self.complete, *(self.folder / key for key in self.ended())):
            file.unlink(missing_ok=True)
        for key in ended:
            self.mark(key)

    def mark(self, key: str) -> None:
        """Count a cell as ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / key).touch()

    def ended(self) -> list[str]:
        """Keys of the cells that have ended, oldest first."""
        if not self.folder.is_dir():
            return []
        found = [file for file in self.folder.iterdir() if len(file.name) == 16 and "." not in file.name]
        return [file.name for file in sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name))]

    def end(self, keys: Sequence[str]) -> None:
        """Name all cells of the sweep, in order."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".complete.{os.getpid()}.tmp"
        temporary.write_text("".join(f"{key}\n" for key in keys))
        os.replace(temporary, self.complete)

    def members(self) -> list[str]:
        """The sweep's cells: all of them in order where it is complete, else those that have ended."""
        return self.complete.read_text().split() if self.complete.exists() else self.ended()


def sweeps(runs_dir: str | Path) -> dict[str, list[Sweep]]:
    """All sweeps by name, the latest last."""
    found: dict[str, list[Sweep]] = {}
    folders = [folder for folder in Path(runs_dir).glob("sweeps/*-*") if folder.is_dir()]
    for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime_ns):
        found.setdefault(folder.name.rpartition("-")[0], []).append(Sweep(folder))
    return found


def sweep(runs_dir: str | Path, name: str) -> Sweep:
    """The sweep of that folder name (<experiment>-<id>)."""
    return Sweep(Path(runs_dir) / "sweeps" / name)
