"""How far a run is, on one line that changes while it runs: in a notebook by itself, elsewhere where asked for."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

AFTER = 2.0  # seconds without a word: what is done by then says nothing
EVERY = 0.5  # seconds between two words

Report = Callable[[str, int, int], None]  # step rule, iteration, most iterations


@contextmanager
def progress(shown: bool | None) -> Iterator[Report]:
    """A function to tell where a run is; it shows that on stderr, or in the output of a notebook's cell.

    `shown`: always, never, or None for in a notebook alone. The line goes away when all is done.
    """
    notebook = _notebook()
    if shown is False or (shown is None and notebook is None):
        yield lambda rule, k, cap: None
        return
    say, start = _display(notebook) if notebook else _stderr, time.monotonic()
    said = start + AFTER - EVERY

    def report(rule: str, k: int, cap: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= EVERY:
            said = now
            say(f"{rule}: iteration {k:,} of at most {cap:,}, {now - start:.0f} s")

    try:
        yield report
    finally:
        if said > start + AFTER - EVERY:
            say("")


def _notebook() -> Any:
    """IPython's display, in a kernel; None in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython import display

    return display


def _display(display: Any) -> Callable[[str], None]:
    """One place in the output of the cell, written again and again."""
    handles: list[Any] = []

    def say(text: str) -> None:
        shown = {"text/plain": text}
        if handles:
            handles[0].update(shown, raw=True)
        else:
            handles.append(display.display(shown, raw=True, display_id=True))

    return say


def _stderr(text: str) -> None:
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
