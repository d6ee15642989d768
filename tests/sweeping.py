"""Sweeps started as commands of their own, watched and ended by tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zobench import store

ROOT = Path(__file__).parents[1]
Arrays = dict[str, dict[str, np.ndarray]]


@contextmanager
def starter(folder: Path, env: Mapping[str, str]) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts the command in a folder; what is left of it in the end is killed."""
    started: list[subprocess.Popen] = []
    env = {name: value for name, value in env.items() if name != "ZOBENCH_ISOLATE"}  # as the user has it

    def begin(*arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "zobench", *arguments], cwd=folder, env={**env, "PYTHONPATH": f"{folder}:{ROOT}"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    try:
        yield begin
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def finish(process: subprocess.Popen, code: int) -> tuple[str, str]:
    """What a command that ends with that code has said."""
    out, err = process.communicate(timeout=200)
    assert process.returncode == code, err
    assert "Traceback" not in err, err
    return out, err


def until(holds: Callable[[], Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def arrays(runs: Path) -> Arrays:
    """All records of a store by key."""
    records = {file.stem: store.read(file) for file in runs.glob("*.npz")}
    return {key: record.arrays for key, record in records.items() if record}


def assert_same(one: Arrays, other: Arrays) -> None:
    """The same records with the same bytes."""
    assert one.keys() == other.keys()
    for key, found in one.items():
        assert {name: array.tobytes() for name, array in found.items()} == {
            name: array.tobytes() for name, array in other[key].items()
        }
