"""Who is best after so many oracle calls: ranks and wins, paired over seeds."""

from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata

from zobench import statistics
from zobench.report import files
from zobench.report.compare.labels import Key, lines
from zobench.report.compare.traces import Trace, places, trace
from zobench.report.groups import Cells
from zobench.report.measured import Measured
from zobench.statistics import Estimate

POINTS = 60  # of a curve
EVEN = 0.01  # the difference of logarithms below which two values are even


class Race(NamedTuple):
    """Lines beside each other on a problem: the best value so far [lines, seeds, calls], the target where it is met.

    What has met the target is even, as runs stop there, and so is what agrees to 1 %.
    """

    keys: list[Key]
    calls: np.ndarray
    values: np.ndarray

    @property
    def ranks(self) -> np.ndarray:
        """[lines, seeds, calls]; 1 is best, those that are even share their ranks."""
        return rankdata(self.levels, axis=0)

    @property
    def levels(self) -> np.ndarray:
        """The values in steps of 1 %, of which the ranks are; what is not above 0 is below all of them."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.values > 0, np.round(np.log(self.values) / EVEN) * EVEN, -np.inf)


def race(cells: Mapping[Key, Measured], calls: np.ndarray | None = None) -> Race | None:
    """Lines at these numbers of calls, on the seeds that all have; None where fewer than two have any in common.

    What is not random has one run, which stands beside each seed.
    """
    traces = {key: trace(cell) for key, cell in cells.items()}
    random = [set(one.seeds) for one in traces.values() if one.seeds is not None]
    seeds = sorted(set.intersection(*random)) if random else [0]
    if len(traces) < 2 or not seeds:
        return None
    calls = _grid(traces) if calls is None else calls
    values = np.empty((len(traces), len(seeds), len(calls)))
    for i, (key, one) in enumerate(traces.items()):
        rows = [0] if one.seeds is None else [one.seeds.index(seed) for seed in seeds]
        values[i] = np.maximum(one.at(calls)[rows], float(cells[key].record.meta["target"]))
    return Race(list(traces), calls, values)


def _grid(traces: Mapping[Key, Trace]) -> np.ndarray:
    """From what one step of each line asks to the end of the longest."""
    first = max(float(one.spent("calls")[min(1, len(one.k) - 1)]) for one in traces.values())
    last = max(float(one.spent("calls")[-1]) for one in traces.values())
    return np.unique(np.geomspace(max(1.0, first), max(first, last, 2.0), POINTS).round())


def mean_ranks(found: Race) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean over seeds of the ranks and its 95 % interval, each [lines, calls]; nan for one seed."""
    ranks = found.ranks
    seeds = ranks.shape[1]
    chosen = statistics.resamples(seeds, np.random.default_rng(seeds))
    if not len(chosen):
        return ranks.mean(axis=1), np.full_like(ranks[:, 0], np.nan), np.full_like(ranks[:, 0], np.nan)
    weight, tail = statistics.counts(chosen, seeds) / seeds, statistics.tail(seeds)
    low, high = np.stack(
        [np.quantile(weight @ one, [tail, 1 - tail], axis=0, method="inverted_cdf") for one in ranks], axis=1
    )
    return ranks.mean(axis=1), low, high


def rows(found: Cells) -> list[dict[str, Any]]:
    """budgets.csv: for each problem, dimension and decade of calls the best line and how often it beats the second."""
    labels, made = {line.key: line.label for line in lines(found)}, []
    for (column, n), cells in places(found).items():
        whole = race(cells)
        if whole is None:
            continue
        first, last = whole.calls[0], whole.calls[-1]
        decades = [10.0**i for i in range(1, 16) if first <= 10.0**i < last]
        at = race(cells, np.array([*decades, last]))
        if at:
            for j, calls in enumerate(at.calls):
                made.append({"column": column, "n": n, "calls": int(calls), **_first_two(at, j, labels)})
    return made


def _first_two(found: Race, j: int, labels: Mapping[Key, str]) -> dict[str, Any]:
    """The line of the least mean rank, the next that is not even with it, and in how many of the seeds it is behind."""
    order, levels = np.argsort(found.ranks[:, :, j].mean(axis=1), kind="stable"), found.levels[:, :, j]
    best = order[0]
    others = [i for i in order[1:] if (levels[i] != levels[best]).any()]
    line: dict[str, Any] = {
        "best": labels[found.keys[best]],
        "even": len(order) - 1 - len(others),
        "median": float(np.median(found.values[best, :, j])),
        "second": labels[found.keys[others[0]]] if others else "",
        "second_median": float(np.median(found.values[others[0], :, j])) if others else nan,
        "seeds": found.values.shape[1],
    }
    wins = (levels[best] < levels[others[0]]) + 0.5 * (levels[best] == levels[others[0]]) if others else np.array([nan])
    return line | files.ends("ahead", _share(wins))


def _share(wins: np.ndarray) -> Estimate:
    chosen = statistics.resamples(wins.size, np.random.default_rng(wins.size))
    draws = wins[chosen].mean(axis=1) if len(chosen) else np.empty(0)
    return Estimate(float(wins.mean()), *statistics.interval(draws, wins.size))
