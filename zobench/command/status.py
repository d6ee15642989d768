"""`zobench status`: what of the sweeps of a store is done, runs, failed or is missing, and the command that goes on."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from zobench import store, sweeps
from zobench.command.cli import options_of
from zobench.errors import UsageError, printable
from zobench.survey import LEFT_OUT, Gap, Survey, survey
from zobench.sweeps import Sweep

SHOWN = 20  # cells of a kind that are named


def status(arguments: Sequence[str], console: Console) -> int:
    """`zobench status [NAME] [runs_dir=...]`: the latest sweep of each name, or the cells of one by their labels.

    NAME is that of an experiment, or of a sweep's folder. Exit code 1 where a cell is not done. UsageError for a name
    or a folder that is not there. Nothing is written.
    """
    names, options = options_of("status", arguments, ("runs_dir",))
    runs_dir = Path(options.get("runs_dir", "runs"))
    if len(names) > 1:
        raise UsageError("zobench status takes one name and runs_dir=..., as in: zobench status slowdown")
    if not runs_dir.is_dir():
        raise UsageError(f"status: {runs_dir} is no folder; give runs_dir=<the folder of a store>")
    found = sweeps.sweeps(runs_dir)
    lines, is_done = [], True
    for sweep in _chosen(names, found, runs_dir):
        own, done = _of_sweep(sweep, bool(names))
        lines += own
        is_done &= done
    if not found:
        lines, is_done = _of_records(runs_dir)
    aside = [*(runs_dir / store.DAMAGED).glob("*")]
    if aside:
        lines.append(f"set aside in {runs_dir / store.DAMAGED}: {len(aside)}")
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)
    return 0 if is_done else 1


def _chosen(names: Sequence[str], found: dict[str, list[Sweep]], runs_dir: Path) -> list[Sweep]:
    """The sweep that is named, else the latest of each name. UsageError."""
    if not names:
        return [own[-1] for own in found.values()]
    folders = {sweep.folder.name: sweep for own in found.values() for sweep in own}
    folders |= {name: own[-1] for name, own in found.items()}
    if names[0] not in folders:
        there = ", ".join(found) or "none"
        raise UsageError(f"status {names[0]}: no such sweep in {runs_dir} (there: {there})")
    return [folders[names[0]]]


def _of_sweep(sweep: Sweep, in_full: bool) -> tuple[list[str], bool]:
    """What is to be said of a sweep, and whether all of it is done."""
    cells, found, running = sweep.cells(), survey(sweep.cells()), {*sweep.running()}
    gaps = [gap for gap in found.gaps if gap.key not in running]
    kinds = {kind: [gap for gap in gaps if gap.kind == kind] for kind in ("failed", "damaged", "missing", LEFT_OUT)}
    labels = [Gap(path.stem, label, "missing", "") for label, path in cells if path.stem in running]
    done = len(cells) - len(labels) - len(gaps)
    counts = [f"{done} done", *(f"{len(own)} {kind}" for kind, own in {"running": labels, **kinds}.items() if own)]
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(sweep.plan().begun)) if sweep.plan().begun else "unknown"
    lines = [f"{sweep.folder.name}, begun {begun}: {len(cells)} cells: {', '.join(counts)}"]
    lines += _pace(sweep, len(cells)) if running else []
    shown = {"running": labels, **kinds} if in_full else {kind: kinds[kind] for kind in ("failed", "damaged", LEFT_OUT)}
    for kind, own in shown.items():
        lines += [f"  {kind}: {gap.named}" for gap in own[:SHOWN]]
        lines += [f"  {kind}: {len(own) - SHOWN} more"] if len(own) > SHOWN else []
    lines += [f"  {line}" for line in Survey(len(cells), [], found.machines).lines()]
    settled = done + len(kinds[LEFT_OUT])
    if len(gaps) > len(kinds[LEFT_OUT]) and not running and (command := sweep.again()):
        lines.append(f"  to go on: {command}")
    return lines, settled == len(cells)


def _pace(sweep: Sweep, planned: int) -> list[str]:
    """How long a cell takes, all workers together, by those that have ended since the sweep was begun; what is left."""
    begun, ended = sweep.plan().begun, 0
    for _, path in sweep.cells():
        try:
            ended += path.stat().st_mtime > begun
        except OSError:
            continue
    left = planned - len(sweep.ended())
    if not ended or not begun:
        return []
    pace = (time.time() - begun) / ended
    said = f"{ended} cells have ended since then, one every {_seconds(pace)}"
    return [f"  {said}: about {_seconds(pace * left)} left, if the other {left} take as long"]


def _seconds(value: float) -> str:
    """A time in words of two parts at most."""
    if value < 100:
        return f"{value:.2g} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _of_records(runs_dir: Path) -> tuple[list[str], bool]:
    """A store without sweeps: its records."""
    cells = [("", path) for path in sorted(runs_dir.glob("*.npz"))]
    gaps = survey(cells).gaps
    counts = [f"{len(cells) - len(gaps)} done"]
    counts += [
        f"{n} {kind}" for kind in ("failed", "damaged", LEFT_OUT) if (n := sum(gap.kind == kind for gap in gaps))
    ]
    lines = [f"{runs_dir}: no sweeps; {len(cells)} record{'s' * (len(cells) != 1)}: {', '.join(counts)}"]
    lines += [f"  {gap.kind}: {gap.named}" for gap in gaps[:SHOWN]]
    return lines + ([f"  {len(gaps) - SHOWN} more"] if len(gaps) > SHOWN else []), not gaps
