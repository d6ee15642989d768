"""Runs of a line on a problem at one dimension: the best value so far against what was spent."""

from typing import NamedTuple

import numpy as np

from zobench import decay
from zobench.report.compare.labels import Key, line_of
from zobench.report.groups import Cells
from zobench.report.measured import Measured

Place = tuple[str, int]  # a column and a dimension
PRICED = "calls, in values of f"
AXES = {"iterations": "iterations k", "calls": "oracle calls", "priced": PRICED, "seconds": "seconds"}


class Trace(NamedTuple):
    """The recorded iterations k, what an iteration costs, the value that runs stop on so far [runs, records]."""

    k: np.ndarray
    calls: int
    price: float
    seconds: float
    values: np.ndarray
    seeds: range | None

    @property
    def start(self) -> float:
        """The value before the first iteration, the median over runs."""
        return float(np.median(self.values[:, 0]))

    def spent(self, axis: str) -> np.ndarray:
        """The recorded points on an axis: iterations, calls, calls at their prices or seconds."""
        costs = {"iterations": 1.0, "calls": self.calls, "priced": self.price, "seconds": self.seconds}
        return self.k * costs[axis]

    def at(self, calls: np.ndarray) -> np.ndarray:
        """The least value after at most so many calls: [runs, calls]; the last one holds from then on."""
        best = np.minimum.accumulate(self.values, axis=1)
        return best[:, np.searchsorted(self.spent("calls"), calls, side="right") - 1]

    def arrivals(self, goal: float) -> np.ndarray:
        """Iterations of each run to a goal, as those to the target are counted: [runs], inf where never."""
        met = self.values <= goal
        hits = np.where(met.any(axis=1), self.k[met.argmax(axis=1)].astype(float), np.inf)
        return decay.arrivals(self.k, self.values, hits, goal)


def trace(cell: Measured) -> Trace:
    """The runs of a measured cell; what is not a number counts as infinite. `seeds` is None where nothing is random."""
    record, rule = cell.record, cell.rule
    curves = decay.so_far(record.metric, record.curve(rule))
    curves = np.where(np.isnan(curves), np.inf, curves)
    about, first = record.meta["rules"][rule], int(record.config.get("seed", 0))
    steps, seconds = float(about.get("steps_run") or np.nan), float(about.get("run_seconds") or np.nan)
    asked = int(record.config.get("seeds", len(curves)))
    seeds = range(first, first + len(curves)) if len(curves) == asked else None
    price = np.nan if record.price is None else max(1.0, record.price)
    return Trace(record.k(rule), max(1, record.calls), price, seconds / steps, curves, seeds)


def places(found: Cells) -> dict[Place, dict[Key, Measured]]:
    """The cells of each problem and dimension by line."""
    made: dict[Place, dict[Key, Measured]] = {}
    for group in found.groups:
        for cell in group.cells:
            made.setdefault((group.column, cell.record.n), {})[line_of(group)] = cell
    order = found.columns
    return dict(sorted(made.items(), key=lambda item: (order.index(item[0][0]), item[0][1])))


def largest(found: Cells) -> dict[str, tuple[int, dict[Key, Measured]]]:
    """Of each column the dimension with the most lines, the largest of these, and its cells."""
    made: dict[str, tuple[int, dict[Key, Measured]]] = {}
    for (column, n), cells in places(found).items():
        if column not in made or len(cells) >= len(made[column][1]):
            made[column] = n, cells
    return made
