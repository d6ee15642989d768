"""What runs in a process of its own: cells, one after another, as `supervise` asks for them."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NoReturn

from zobench import build, store, surroundings, trust
from zobench.build import Config
from zobench.errors import one_line

DAY = "%Y-%m-%d"  # on which a cell ended, UTC
SHOW_EVERY = 0.1  # seconds between two reports of progress

Ended = tuple[str, str]  # ok, refused, raised or stopped; why
Listen = Callable[[str, int, int], None]


class Stopped(KeyboardInterrupt):
    """The command is being ended: what a cell has done is saved, and it goes no further."""


def serve(fd: int) -> None:
    """Answer what is asked on a connection; when it closes, end at once with all that was started here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the user's, who speaks to the command
    connection = Connection(fd)
    asked: SimpleQueue = SimpleQueue()
    ending = threading.Event()
    threading.Thread(target=_listen, args=(connection, asked, ending), daemon=True).start()
    import_module("jax")  # which is not the time of a cell
    try:
        connection.send(("ready", None))
        while True:
            name, arguments, trusted = asked.get()
            trust.allow(trusted)
            try:
                answer = TASKS[name](*arguments, _teller(connection, ending))
            except KeyboardInterrupt:
                answer = ("stopped", "")
            connection.send(("done", answer))
    except OSError:
        _end()


def _listen(connection: Connection, asked: SimpleQueue, ending: threading.Event) -> None:
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            _end()
        if message == "stop":
            ending.set()
        else:
            asked.put(message)


def _end() -> NoReturn:
    """End this process and all that it has started, wherever they are just now: nobody waits for the answer."""
    os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _teller(connection: Connection, ending: threading.Event) -> Listen:
    """Progress, as the supervisor hears it; raises Stopped where the command is being ended."""
    last = 0.0

    def tell(rule: str, k: int, cap: int) -> None:
        nonlocal last
        if ending.is_set():
            raise Stopped
        if time.monotonic() - last > SHOW_EVERY or k >= cap:
            last = time.monotonic()
            try:
                connection.send(("progress", (rule, k, cap)))
            except OSError:
                _end()

    return tell


def check(configs: list[Config], progress: Listen) -> build.Complaints:
    """What is wrong with cells that cannot be run."""
    return build.check_factories(configs)


def measure(path: Path, config: Config, saves: bool, progress: Listen) -> Ended:
    """Run a cell to its record. What it refuses, a ValueError, leaves none; what else it raises is recorded."""
    try:
        arrays, meta = build.run(config, progress, path.parent / "states" if saves else None)
        failure = meta.get("failure", "")  # a black box may raise midway: what was recorded until then is kept
    except KeyboardInterrupt:
        raise
    except ValueError as error:
        _show()
        return "refused", one_line(error)
    except BaseException as error:  # also SystemExit, which a black box may raise
        _show()
        arrays, meta, failure = {}, {}, f"{type(error).__name__}: {one_line(error)}"
    try:
        record(path, arrays, config, failure, meta)
    except OSError as error:
        return "raised", f"its record cannot be written: {one_line(error)}"
    return ("raised", failure) if failure else ("ok", "")


def _show() -> None:
    if os.environ.get("HYDRA_FULL_ERROR") == "1":
        traceback.print_exc()


def record(path: Path, arrays: dict[str, Any], config: Config, reason: str, meta: dict[str, Any]) -> None:
    """Write a cell's record; one with a reason has failed."""
    about = {"status": "failed" if reason else "ok", "reason": reason, "key": path.stem, "config": config}
    about |= {
        "versions": store.versions(),
        "machine": surroundings.machine(),
        "date": time.strftime(DAY, time.gmtime()),
    }
    store.write(path, arrays, {**about, **meta})


TASKS: dict[str, Callable[..., Any]] = {"check": check, "measure": measure}
