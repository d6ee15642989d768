"""Files that are there whole or not at all: written under a temporary name beside their place, then renamed.

A temporary name says who writes it, `.NAME.HOST.PID.TOKEN.tmp`, so that what a killed process left behind can be told
from what is being written. This imports nothing of zobench.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

DAY = 86400.0  # seconds; no write takes as long, on any host


def write(path: Path, content: bytes | memoryview) -> None:
    """Write a file whole or not at all; a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as file:
        file.write(content)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which is there when all has been written; its folder is."""
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):  # a full disk says no name
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sweep_up(*folders: Path) -> int:
    """Remove the temporary files of writers that have died, directly in these folders; how many.

    A file goes where its writer was a process of this host that is no more, and after a day in any case. What may not
    be removed stays.
    """
    removed = 0
    for folder in folders:
        for file in folder.glob(".*.tmp"):
            with suppress(OSError):
                if _is_left_behind(file):
                    file.unlink()
                    removed += 1
    return removed


def _is_left_behind(file: Path) -> bool:
    about, pid, *_ = [*file.name.removesuffix(".tmp").rsplit(".", 2)[:2], ""]
    dead = about.endswith(f".{_host()}") and pid.isdecimal() and not _is_alive(int(pid))
    return dead or time.time() - file.lstat().st_mtime > DAY


def _host() -> str:
    return socket.gethostname().replace(os.sep, "_") or "localhost"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True
