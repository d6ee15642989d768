"""Ctrl-C and SIGTERM are the user's: once, what runs is saved and the command ends; twice, it ends at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from zobench.command import cards
from zobench.sweeps import Sweep

GRACE = 4.0  # seconds until the cells of all workers have heard and saved
PATIENCE = 10.0  # seconds between two looks whether a launcher should have returned
LOOK = 0.5  # seconds between two looks whether the command is still there


class Terminated(KeyboardInterrupt):
    """SIGTERM."""


def _terminate(number: int, frame: Any) -> None:
    raise Terminated


def _is_main() -> bool:
    """Whether this is the thread that alone hears signals, and sets what they do."""
    return threading.current_thread() is threading.main_thread()


def _heard() -> dict[int, Any]:
    """The signals that end a command, with their handlers; not those that whoever started it has had ignored."""
    if not _is_main():
        return {}
    now = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    return {number: handler for number, handler in now.items() if handler != signal.SIG_IGN}


@contextmanager
def _handled(handlers: Mapping[int, Any]) -> Iterator[None]:
    """Signals are handled so, for a while."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def heard() -> Iterator[None]:
    """SIGTERM is Ctrl-C; after the first of them a second one ends the command at once, without a word."""
    before, hook = _heard(), sys.unraisablehook
    if signal.SIGTERM in before:
        signal.signal(signal.SIGTERM, _terminate)
    sys.unraisablehook = partial(_say_again, hook)
    try:
        yield
    except KeyboardInterrupt as error:
        leave(128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT))
        before.clear()
        raise
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(code: int) -> None:
    """From here on a signal ends the command at once, with the exit code that it has: there is nothing left to stop."""
    for number in _heard():
        signal.signal(number, lambda *_: os._exit(code))


def _say_again(otherwise: Callable[[Any], Any], lost: Any) -> None:
    """Send a signal once more that came as Python ran a callback of its own, which cannot raise: it would be lost."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        otherwise(lost)
        return
    number = signal.SIGTERM if issubclass(lost.exc_type, Terminated) else signal.SIGINT
    main = threading.main_thread().ident or 0
    threading.Timer(0.05, signal.pthread_kill, (main, number)).start()


@contextmanager
def gently(sweep: Sweep) -> Iterator[None]:
    """While a launcher runs: at the first signal the cells of all workers may save what they have, then it is raised.

    What then still runs is killed by the launcher, or ends by itself as nobody waits for it.
    """
    from zobench.command import supervise

    is_second = False

    def ask(number: int, frame: Any) -> None:
        nonlocal is_second
        was_asked, is_second = is_second, True
        if not (was_asked or supervise.is_busy()):  # a cell of this very process is asked by who waits for it
            sweep.ask_to_end()
            deadline = time.monotonic() + GRACE
            while sweep.running() and time.monotonic() < deadline:
                time.sleep(0.05)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    try:
        with _handled(dict.fromkeys(_heard(), ask)):
            yield
    finally:
        (sweep.folder / "ending").unlink(missing_ok=True)


class Stalled(Exception):
    """A launcher does not return though every cell has ended."""


@contextmanager
def unstalled(sweep: Sweep, keys: Collection[str]) -> Iterator[None]:
    """Raise Stalled in a launcher that does not return though these cells have ended.

    Seen where a worker was killed as it held a lock of joblib's.
    """
    if not _is_main():
        yield
        return
    over = threading.Event()

    def is_over() -> bool:
        return over.wait(PATIENCE) or not {*keys} <= {*sweep.ended()}

    def watch() -> None:
        while not over.is_set():
            if not is_over() and not is_over():  # it had all the time between two looks
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                return

    def stalled(number: int, frame: Any) -> None:
        if not over.is_set():
            raise Stalled

    watcher = threading.Thread(target=watch, daemon=True)
    with _handled({signal.SIGUSR1: stalled}):
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


@contextmanager
def deaf() -> Iterator[None]:
    """What is started here does not hear Ctrl-C, which goes to all processes of a terminal; this one does later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def attended() -> dict[str, Any]:
    """How joblib starts workers that leave signals to the command, end when it is no more, and have a card each."""
    return {"initializer": _attend, "initargs": (os.getpid(),)}


def _attend(command: int) -> None:
    cards.claim(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(command,), daemon=True).start()


def _follow(command: int) -> None:
    while os.getppid() == command:
        time.sleep(LOOK)
    os._exit(1)
