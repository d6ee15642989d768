"""Records: one cell, one uncompressed .npz, named by what decides its numbers; nothing here imports jax.

A record is written under a temporary name and renamed, so that it is there whole or not at all.
"""

import hashlib
import json
import os
import platform
import sys
import zipfile
from collections.abc import Iterable
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
