"""Several targets from the same runs: calls to 1e-1, 1e-2, ... of the value at the start, and how many arrive."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files, profiles
from zobench.report.compare.labels import Key, lines
from zobench.report.compare.traces import Trace, places, trace
from zobench.report.groups import Cells
from zobench.report.measured import Measured
from zobench.statistics import Estimate

MOST = 6  # decades of a table
SHARES = 26  # targets of a distribution
FEWEST = 2  # dimensions

Points = list[tuple[int, Estimate]]  # calls at a dimension


def rows(found: Cells) -> list[dict[str, Any]]:
    """targets.csv: a line for each problem, dimension, line and target; times are medians over seeds."""
    labels, made = {line.key: line.label for line in lines(found)}, []
    for (column, n), cells in places(found).items():
        traces = {key: trace(cell) for key, cell in cells.items()}
        asked = sorted({share for cell in cells.values() for share in _asked(cell, traces.values())}, reverse=True)
        for target in asked or decades(traces.values()):
            for key, one in traces.items():
                hits, calls = one.arrivals(target * one.start), _calls(one, target, n)
                about = {"column": column, "n": n, "line": labels[key], "target": target}
                reached = {"reached": int(np.isfinite(hits).sum()), "runs": hits.size}
                made.append({**about, **reached, **files.ends("calls", calls), "asked": bool(asked)})
    return made


def _asked(cell: Measured, traces: Iterable[Trace]) -> list[float]:
    """The targets that were asked for, where there are several, as shares of the start; with six digits."""
    start = next((one.start for one in traces if 0 < one.start < np.inf), np.nan)
    return [float(f"{target / start:.6g}") for target in cell.record.meta.get("targets", [])]


def decades(traces: Iterable[Trace]) -> list[float]:
    """The shares 1e-1, 1e-2, ... of the start that some run has got below, six at most."""
    shares = [float(one.values.min()) / one.start for one in traces if 0 < one.start < np.inf]
    least = min((share for share in shares if share == share), default=1.0)
    return [10.0**-i for i in range(1, MOST + 1) if least <= 10.0**-i]


def against_n(found: Cells, column: str) -> tuple[float, dict[Key, Points]]:
    """Calls against n of each line: to the target, or where no line gets there at two dimensions to a decade.

    The share of the start that the decade is, the least at which one does; 0 for the target.
    """
    own = {n: cells for (name, n), cells in places(found).items() if name == column}
    keys = dict.fromkeys(key for cells in own.values() for key in cells)
    arrived = {key: [(n, cells[key].calls) for n, cells in own.items() if key in cells] for key in keys}
    traces = {n: {key: trace(cell) for key, cell in cells.items()} for n, cells in own.items()}
    shares = decades(one for each in traces.values() for one in each.values())
    for share in [0.0, *reversed(shares)]:
        if share:
            arrived = {
                key: [(n, _calls(each[key], share, n)) for n, each in traces.items() if key in each] for key in keys
            }
        kept = {key: [point for point in points if 0 < point[1].value < np.inf] for key, points in arrived.items()}
        if max(map(len, kept.values()), default=0) > 1 or len(own) < FEWEST:
            return share, kept
    return 0.0, {}


def _calls(one: Trace, share: float, n: int) -> Estimate:
    return statistics.median(one.arrivals(share * one.start), np.random.default_rng(n)).times(one.calls)


def distribution(cells: Mapping[Key, Measured]) -> dict[Key, np.ndarray]:
    """Calls to each of 26 targets, from the start to the least decade that some run has reached: [runs, targets]."""
    traces = {key: trace(cell) for key, cell in cells.items()}
    reached = decades(traces.values())
    if not reached:
        return {}
    shares = np.geomspace(1.0, reached[-1], SHARES + 1)[1:]
    return {
        key: profiles.hitting_times(one.spent("calls"), one.values, shares * one.start) for key, one in traces.items()
    }
