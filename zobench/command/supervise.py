"""A cell runs in a process of its own, watched from outside: a crash, a hang or too much memory costs that cell alone.

Whatever launcher runs a job, the job asks here. The process is kept for the next cell, as starting one costs a second.
ZOBENCH_ISOLATE=0 runs cells where they are asked for, as a debugger wants it.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from zobench import trust
from zobench.build import Complaints, Config
from zobench.command import worker
from zobench.command.worker import Ended, Listen
from zobench.errors import UsageError

TICK = 0.2  # seconds between two looks at a cell
BEAT = 1.0  # seconds between two signs of life
GRACE = 2.0  # seconds in which a cell that is asked to stop may save what it has
GIGA = 1e9
START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
START += "from zobench.command.worker import serve; serve(int(sys.argv[2]))"
OUTSIDE = (signal.SIGKILL, signal.SIGTERM)  # rather from outside than the cell's own doing


class Limits(NamedTuple):
    """What a cell may take: seconds of wall clock, 10^9 bytes of resident memory; None: as it likes."""

    seconds: float | None = None
    gigabytes: float | None = None


class Died(Exception):
    """The process of a cell has died: `how` is exit, signal, killed, timeout or memory."""

    def __init__(self, how: str, words: str):
        super().__init__(words)
        self.how = how


class Worker(NamedTuple):
    """A process that runs cells, in a group of its own with all that it starts, and the way to speak to it."""

    process: subprocess.Popen
    connection: Connection


_kept: list[Worker] = []  # at most one a process: the launchers' jobs come one after another
_busy: list[Worker] = []


def limits(seconds: Any, gigabytes: Any) -> Limits:
    """The limits of a configuration. Raises UsageError for what is no positive number."""
    for name, value in (("seconds", seconds), ("gigabytes", gigabytes)):
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
        if value is not None and not is_number:
            raise UsageError(f"limit.{name}={value}: a limit is a positive number, or null for none")
    return Limits(seconds, gigabytes)


def is_busy() -> bool:
    """Whether a cell of this very process is running."""
    return bool(_busy)


def check(configs: Sequence[Config], limits: Limits, trusted: Sequence[str] = ()) -> Complaints:
    """What is wrong with cells that cannot be run; one that dies of it is found again when it runs.

    `trusted`: what they may call besides zobench's and optax's (`zobench.trust`), for they are checked in a worker.
    """
    trust.allow(trusted)
    try:
        return ask("check", list(configs), limits=limits)
    except Died:
        return Complaints("", {})


def measure(
    path: Path,
    config: Config,
    limits: Limits,
    *,
    saves: bool = True,
    progress: Listen = lambda rule, k, cap: None,
    beat: Callable[[], bool] = lambda: True,
) -> Ended:
    """Run a cell to its record, and how that ended; a cell that dies is recorded as failed, with how it died.

    One that is killed from outside is run a second time. `beat` is called every second, and says whether to go on.
    """
    for last in (False, True):
        try:
            return ask("measure", path, config, saves, limits=limits, progress=progress, beat=beat)
        except Died as death:
            if last or death.how != "killed":
                about = {"died": death.how, "limit": limits._asdict()}
                why = str(death) if death.how == "killed" else f"{death}; retry=true tries it again"
                worker.record(path, {}, config, why, about)
                return "raised", why
    raise AssertionError


def ask(
    task: str,
    *arguments: Any,
    limits: Limits,
    progress: Listen = lambda rule, k, cap: None,
    beat: Callable[[], bool] = lambda: True,
) -> Any:
    """What the worker answers to a task. Raises Died where it does not."""
    if os.environ.get("ZOBENCH_ISOLATE") == "0":
        return worker.TASKS[task](*arguments, progress)
    asked = _started()
    _busy.append(asked)
    try:
        asked.connection.send((task, arguments, trust.allowed()))
        return _answer(asked, limits, progress, beat)
    except KeyboardInterrupt:
        _stop(asked)
        raise
    except (EOFError, OSError):  # it has gone, whatever it was doing
        raise _death(asked) from None
    finally:
        _busy.remove(asked)


def _answer(asked: Worker, limits: Limits, progress: Listen, beat: Callable[[], bool]) -> Any:
    """Wait for the answer, look after the limits, give signs of life. KeyboardInterrupt where it is not to go on."""
    began = beaten = time.monotonic()
    while True:
        if asked.connection.poll(TICK):
            kind, content = asked.connection.recv()
            if kind == "done":
                return content
            if kind == "ready":
                began = time.monotonic()
            else:
                progress(*content)
        now = time.monotonic()
        if limits.seconds and now - began > limits.seconds:
            end(asked)
            raise Died("timeout", f"timeout: it ran for more than limit.seconds={limits.seconds:g}")
        if limits.gigabytes and _memory(asked.process.pid) > limits.gigabytes * GIGA:
            end(asked)
            raise Died("memory", f"memory: it took more than limit.gigabytes={limits.gigabytes:g}")
        if now - beaten > BEAT:
            beaten = now
            if not beat():
                raise KeyboardInterrupt


def _started() -> Worker:
    """The worker that is there, or a new one."""
    for kept in list(_kept):
        if kept.process.poll() is None:
            return kept
        end(kept)
    ours, theirs = Pipe()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(sys.path), str(theirs.fileno())],
            stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0,
        )  # fmt: skip
    _kept.append(Worker(process, ours))
    return _kept[0]


def end(worker: Worker) -> None:
    """End a worker and all that it has started, at once."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    worker.connection.close()
    if worker in _kept:
        _kept.remove(worker)


@atexit.register
def end_all() -> None:
    """End the worker of this process, if it has one."""
    for kept in list(_kept):
        end(kept)


def _stop(asked: Worker) -> None:
    """Let a cell save what it has, but not for long; its worker is of no more use."""
    try:
        asked.connection.send("stop")
        deadline = time.monotonic() + GRACE
        while (left := deadline - time.monotonic()) > 0:
            if asked.connection.poll(left) and asked.connection.recv()[0] == "done":
                return
    except (EOFError, OSError):
        return
    finally:
        end(asked)


def _death(asked: Worker) -> Died:
    """How a process died that has closed its connection."""
    with suppress(subprocess.TimeoutExpired):
        asked.process.wait(GRACE)
    code = asked.process.poll()
    end(asked)
    if code is None or code >= 0:
        return Died("exit", f"its process ended itself, with exit code {code or 0}")
    name = signal.Signals(-code).name
    if -code not in OUTSIDE:
        return Died("signal", f"its process crashed ({name})")
    return Died("killed", f"its process was killed ({name}), as the system does where memory runs out")


def _memory(pid: int) -> float:
    """Resident bytes of a process and all that it has started."""
    found = 0
    with suppress(psutil.Error):
        whole = psutil.Process(pid)
        for process in (whole, *whole.children(recursive=True)):
            with suppress(psutil.Error):
                found += process.memory_info().rss
    return found
