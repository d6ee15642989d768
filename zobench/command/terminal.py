"""What the terminal shows: bars while it runs, a table when it has run."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from zobench import store
from zobench.errors import printable
from zobench.store import Record
from zobench.survey import LEFT_OUT
from zobench.sweeps import Sweep

LINE_EVERY = 10
NAMED = 5  # cells in a line of one reason
WIDEST = 10_000  # characters: as wide as a table likes
COLUMNS: tuple[str, ...] = (
    "rule", "step", "n", "iterations", "quartiles", "calls", "reached", "best value", "run s", "compile s",
)  # fmt: skip
FIRST_TO_GO = ("compile s", "run s", "quartiles", "step")  # where a terminal is too narrow for all


@contextmanager
def cell_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each step rule, over iterations; nothing where stderr is not a terminal."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        tasks: dict[str, int] = {}
        compiling = bar.add_task("compiling", total=None)

        def advance(rule: str, k: int, cap: int) -> None:
            bar.update(compiling, visible=False)
            if rule not in tasks:
                tasks[rule] = bar.add_task(printable(f"step {rule}"))
            bar.update(tasks[rule], completed=k, total=cap)  # type: ignore[arg-type]

        yield advance


@contextmanager
def sweep_progress(markers: Sweep, labels: dict[str, str]) -> Iterator[None]:
    """A bar that counts markers, so it sees every launcher's jobs; a line every ten cells without a terminal."""
    console, over = Console(stderr=True), threading.Event()
    watcher = threading.Thread(target=_watch, args=(markers, labels, console, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(markers: Sweep, labels: dict[str, str], console: Console, over: threading.Event) -> None:
    total, shown, start = len(labels), 0, time.monotonic()
    with Progress(
        TextColumn("cells"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=total)
        while True:
            last_look = over.wait(0.3)
            ended = [key for key in markers.ended() if key in labels]
            if ended:
                bar.update(task, completed=len(ended), description=printable(labels[ended[-1]]))
            if not console.is_terminal and (len(ended) // LINE_EVERY > shown or (last_look and ended)):
                shown = len(ended) // LINE_EVERY
                seconds = time.monotonic() - start
                print(
                    f"{len(ended)}/{total} cells, {seconds:.0f} s, last: {printable(labels[ended[-1]])}",
                    file=sys.stderr,
                )
            if last_look:
                return


def table(cells: Sequence[tuple[str, Path]], console: Console) -> None:
    """Median iterations and calls to target, one row for each cell and step rule.

    A narrow terminal gets fewer columns, and what then does not fit is folded, never cut.
    """
    lines = [
        dict(zip(("cell", *COLUMNS), (label, *row), strict=True))
        for label, path in cells
        for row in rows(store.read(path))
    ]
    if is_open := all(line["reached"] in ("no target", "") for line in lines):
        lines.sort(key=lambda line: float(line["best value"].partition(" ")[0] or "inf"))
    empty = {name for name in ("best value",) if not any(line[name] for line in lines)}
    names = [name for name in ("cell", *COLUMNS) if name not in empty and (name != "cell" or len(cells) > 1)]
    wide, left_out = console.options.update(width=WIDEST), []
    for name in (*FIRST_TO_GO, *["best value"] * (not is_open and "best value" in names)):
        if console.measure(_grid(lines, names), options=wide).maximum <= console.width:
            break
        names.remove(name)
        left_out.append(name)
    more = f"; left out: {', '.join(left_out)} (COLUMNS=120 shows more)" if left_out else ""
    console.print(_grid(lines, names, "iterations and calls to target: median over the runs" + more))


def _grid(lines: Sequence[dict[str, str]], names: Sequence[str], caption: str | None = None) -> Table:
    """Text as it stands: a label may have brackets, which rich would take for its own."""
    grid = Table(box=SIMPLE_HEAD, caption=caption and Text(caption), caption_justify="left")
    for name in names:
        side = "left" if name in ("cell", "rule", "calls") else "right"
        grid.add_column(name, justify=side, overflow="fold", no_wrap=name not in ("cell", "calls", "reached"))
    for line in lines:
        grid.add_row(*(Text(printable(line[name])) for name in names))
    return grid


def rows(record: Record | None) -> list[list[str]]:
    """A record in words, one row for each step rule."""
    if record is None or record.meta["status"] != "ok":
        how = LEFT_OUT if record and record.meta.get("died") == LEFT_OUT else "failed"
        return [[how, *[""] * (len(COLUMNS) - 1)]]
    meta, arrays = record.meta, record.arrays
    calls = {kind: count for kind, count in meta.get("calls", {}).items() if count}
    found = []
    for rule, about in meta.get("rules", {}).items():
        several = arrays.get(f"{rule}/target_hits", np.empty((0, 0)))
        asked_for = meta["config"]["stop"]["target"] if len(several) else []
        for target, hits in zip(asked_for[:-1], several, strict=False):  # the last of them is the row that follows
            found.append(_to_target(f"{rule}, to {target:g}", meta, hits, calls))
        iterations, spread, asked = _times(arrays[f"{rule}/hits"], calls)
        reached = _outcomes(arrays[f"{rule}/outcome"])
        if meta.get("target") == -np.inf:
            reached, iterations = "no target", ""
            asked = f"{_calls(float(np.median(arrays[f'{rule}/k'][-1])), calls)} asked"
        found.append([
            rule, f"{about['step']:.3g}".replace("nan", ""), str(meta["n"]), iterations, spread, asked, reached,
            _best(arrays.get(f"{rule}/best")), f"{about['run_seconds']:.2f}", f"{meta['compile_seconds']:.2f}",
        ])  # fmt: skip
    return found


def _to_target(name: str, meta: dict[str, Any], hits: np.ndarray, calls: dict[str, int]) -> list[str]:
    """A row for a target on the way."""
    iterations, spread, asked = _times(hits, calls)
    reached = f"{np.isfinite(hits).sum()} of {hits.size}"
    return [name, "", str(meta["n"]), iterations, spread, asked, reached, "", "", ""]


def _times(hits: np.ndarray, calls: dict[str, int]) -> tuple[str, str, str]:
    """Iterations to a target: the median, its quartiles, and the calls of the median."""
    low, middle, high = np.quantile(hits, [0.25, 0.5, 0.75], method="inverted_cdf")
    spread = "" if low == high else f"{_number(low)} to {_number(high)}"
    return _number(middle), spread, _calls(float(middle), calls) if np.isfinite(middle) else ""


def _calls(iterations: float, calls: dict[str, int]) -> str:
    """What so many iterations ask, by kind; one of a black box or a solver is a call."""
    return ", ".join(f"{_number(iterations * count)} {kind}s" for kind, count in calls.items())


def _best(values: np.ndarray | None) -> str:
    """The median over runs of the best value of each, and its range, of a black box."""
    if values is None:
        return ""
    low, middle, high = values.min(), np.median(values), values.max()
    return f"{middle:.4g}" + f" ({low:.4g} to {high:.4g})" * bool(low < high)


def _outcomes(outcome: np.ndarray) -> str:
    names, counts = np.unique(outcome, return_counts=True)
    rest = [f"{count} {name}" for name, count in zip(names, counts, strict=True) if name != "reached"]
    return ", ".join([f"{np.sum(outcome == 'reached')} of {len(outcome)}", *rest])


def _number(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else "never"


def left_out(cells: Sequence[tuple[str, str]]) -> None:
    """Name the cells of a sweep that cannot be run, each with its reason; the others have been run."""
    for labels, reason in _by_reason(cells):
        print(printable(f"zobench: left out: {labels}: {reason}"), file=sys.stderr)


def _by_reason(cells: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Cells that stand together for the same reason, the first two of them by name, and the reason."""
    for reason, same in groupby(cells, lambda cell: cell[1]):
        labels = [label or "the cell" for label, _ in same]
        more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
        yield ", ".join(labels[:NAMED]) + more, reason


def notes(cells: Sequence[tuple[str, Path]]) -> None:
    """What cells that ran have found out by themselves, such as the noise of a black box; what several share is one."""
    found = [(label, note) for label, path in cells for note in (store.read_meta(path) or {}).get("notes", ())]
    shared = Counter(note for _, note in found)
    for note in shared:
        own = [label for label, other in found if other == note]
        print(printable(f"zobench: {own[0] + ': ' if len(own) == 1 and own[0] else ''}{note}"), file=sys.stderr)


def warnings(cells: Sequence[tuple[str, Path]]) -> None:
    """Say what is wrong with cells that ran: under their table, as its numbers rest on them."""
    for label, path in cells:
        warning = (store.read_meta(path) or {}).get("warning")
        if warning:
            print(printable(f"zobench: {label or 'the cell'}: {warning}"), file=sys.stderr)


def failures(failed: Sequence[tuple[str, str]]) -> int:
    """Name the cells that failed, each with its reason; the exit code that follows."""
    for labels, reason in _by_reason(failed):
        print(printable(f"zobench: failed: {labels}: {reason}"), file=sys.stderr)
    if len(failed) > 1:
        again = "the same command runs those that raised or were killed again, and no other"
        print(f"zobench: {len(failed)} cells failed; {again}", file=sys.stderr)
    return 1 if failed else 0
