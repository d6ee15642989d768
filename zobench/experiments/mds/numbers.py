"""The map of cities: what finding it costs with and without gradients, and how good a map it is. From records alone."""

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from zobench.problems.maps import distances, true_map
from zobench.report import files
from zobench.report.groups import Cells, Group, ratio, reference
from zobench.report.maps import aligned
from zobench.report.measured import Measured, censored
from zobench.report.records import Record
from zobench.statistics import Estimate


class Map(NamedTuple):
    """Names, true places and recovered places, both [N, 2] in the unit of the distances; root mean square distance."""

    names: list[str]
    true: ndarray
    recovered: ndarray
    error: float


def points(record: Record) -> int:
    """N."""
    return record.n // int(record.meta["config"]["problem"].get("embedding", 2))


def recovered(cell: Measured) -> Map | None:
    """The last iterate of the run with the median time, on the true map; None where no run has arrived.

    Distances were divided by the largest one (their squares by its square), which gives the scale. None also where the
    embedding is not a plane.
    """
    problem = cell.record.meta["config"]["problem"]
    asked = (problem.get("cities", "europe"), problem.get("points"), int(problem.get("embedding", 2)))
    seed = int(problem.get("seed", 42))
    arrived = np.flatnonzero(np.isfinite(cell.hits))
    if problem.get("distances") is not None:  # of one's own: there is no true map
        return None
    if arrived.size == 0 or asked[2] != 2 or not problem.get("squared", True):
        return None
    typical = arrived[np.argsort(cell.hits[arrived], kind="stable")[(arrived.size - 1) // 2]]
    names, true = true_map(*asked, seed)
    found = cell.record.arrays[f"{cell.rule}/x_end"][typical].reshape(-1, 2) * distances(*asked, seed).max()
    found = aligned(found, true)
    return Map(names, true, found, float(np.sqrt(np.mean(np.sum((found - true) ** 2, axis=1)))))


def seconds(cell: Measured, iterations: float) -> float:
    """Seconds of so many iterations of one run: its share of the time that all runs took together."""
    run = cell.record.meta["rules"][cell.rule]
    return iterations * run["run_seconds"] / run["steps_run"]


def objective(cell: Measured) -> ndarray:
    """f along each run, [runs, records]; where a run has left the numbers, inf."""
    gap = cell.record.curve(cell.rule, "gap")
    return np.where(np.isfinite(gap), gap, np.inf) + (cell.record.meta["f_star"] or 0.0)


def rows(found: Cells) -> list[dict[str, Any]]:
    """table.csv: one line a map, method and rule."""
    return [_row(found.groups, group, cell) for group in found.groups for cell in group.cells]


def _row(entries: Sequence[Group], group: Group, cell: Measured) -> dict[str, Any]:
    gd = reference(entries, group)
    paid = ratio(cell, gd) if gd and group.estimator == "two_point" else Estimate(nan)
    shown = recovered(cell)
    return {
        "problem": cell.record.problem,
        "points": points(cell.record),
        "n": cell.record.n,
        "method": group.method,
        "estimator": group.estimator,
        "rule": group.rule,
        "runs": cell.hits.size,
        "reached": cell.ended("reached"),
        "censored": censored(cell),
        "diverged": cell.ended("diverged") + cell.ended("nan"),
        **files.ends("iterations", cell.time),
        **files.ends("calls", cell.calls),
        "seconds": seconds(cell, cell.time.value),
        **files.ends("constant", paid),
        "map_error": shown.error if shown else nan,
        "f_star": float(cell.record.meta["f_star"] or 0.0),
        "target": float(cell.record.meta["target"]),
        **dict(cell.record.columns),
    }
