"""Maps of more points in more dimensions, with and without gradients: the page."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import paths, statistics
from zobench.report import files, records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

GRADIENT, THEORY, TRACE = WAYS = ("gradient", "two points, 1/(nL)", "two points, trace")


def read(where: Sequence[Path]) -> list[Record]:
    """The records by dimension of the map, then by points."""
    return sorted(records.ended(where), key=lambda record: shape(record)[::-1])


def shape(record: Record) -> tuple[int, int]:
    """N, p."""
    study = record.meta["config"]["study"]
    return study["points"], study["embedding"]


def calls(record: Record, name: str) -> Estimate:
    """Median oracle calls to the target; inf where half of the runs do not arrive within the work."""
    hits = paths.arrivals(record.arrays[f"{name}/calls"], record.arrays[f"{name}/f"], record.meta["target"])
    return statistics.median(hits, np.random.default_rng(record.meta["n"]))


def ratio(record: Record, name: str) -> Estimate:
    """Iterations over those of gradient descent: half of the calls."""
    gd = calls(record, GRADIENT).value
    return calls(record, name).times(0.5 / gd) if gd < inf else Estimate(nan)


def left(record: Record, name: str) -> float:
    """f/f(x0) when as many calls are made as gradient descent needs, median over runs."""
    paid, f = calls(record, GRADIENT).value, record.arrays[f"{name}/f"]
    at = int(np.searchsorted(record.arrays[f"{name}/calls"], paid, side="right")) - 1
    return float(np.median(f[:, at]) / f[0, 0]) if paid < inf else nan


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a shape and method."""
    return [
        {
            "points": shape(record)[0],
            "embedding": shape(record)[1],
            "n": record.meta["n"],
            "r": record.meta["r"],
            "n_over_p_plus_2": record.meta["n"] / (shape(record)[1] + 2),
            "method": name,
            **files.ends("calls", calls(record, name)),
            "budget": record.meta["methods"][name]["most"],
            **files.ends("iterations_over_gd", ratio(record, name) if name != GRADIENT else Estimate(nan)),
            "left_at_calls_of_gd": left(record, name),
        }
        for record in found
        for name in WAYS
    ]


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a shape."""
    shapes: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        place = shapes.setdefault((row["embedding"], row["points"]), {})
        place |= {f"{row['method']}: {name}": text for name, text in row.items()}
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{row[f'{GRADIENT}: embedding']} dimensions",
        "points": lambda row: f"{row[f'{GRADIENT}: points']} points",
        "n": f"{GRADIENT}: n",
        "r": tables.rounded(f"{GRADIENT}: r"),
        "calls: GD": _calls(GRADIENT),
        "calls: 1/(nL)": _calls(THEORY),
        "K/K_GD: 1/(nL)": tables.rounded(f"{THEORY}: iterations_over_gd"),
        "calls: trace": _calls(TRACE),
        "K/K_GD: trace": tables.rounded(f"{TRACE}: iterations_over_gd"),
        "f/f(x0)": tables.rounded(f"{TRACE}: left_at_calls_of_gd"),
    }
    note = "Oracle calls to the target, median over runs; K: iterations, of two values each. GD: gradient descent with "
    note += "1/L. Last column: f/f(x0) of the trace-aware step after as many calls as gradient descent needs."
    return [tables.table("Maps of more points in more dimensions", note, [*shapes.values()], columns, words=2)]


def _calls(name: str) -> tables.Cell:
    calls = tables.fixed(f"{name}: calls", 0)
    return lambda row: f"> {row[f'{name}: budget']}" if row[f"{name}: calls"] == "inf" else calls(row)


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Slopes in n of all shapes together, and the ratio over n and over r + 2."""
    n, r = [record.meta["n"] for record in found], [record.meta["r"] for record in found]
    over, named = "iterations over those of gradient descent", {}
    for name, unit, said in ((THEORY, n, "n"), (TRACE, [one + 2 for one in r], "r+2")):
        paid = [ratio(record, name) for record in found]
        named[f"{name}: slope of {over} in n"] = statistics.exponent(n, paid)
        named[f"{name}: slope of {over} in {said}"] = statistics.exponent(unit, paid)
        scaled = [p.times(1 / u) for p, u in zip(paid, unit, strict=True)]
        named[f"{name}: {over} over {said}"] = statistics.geometric_mean(scaled)
    for name in WAYS:
        named[f"{name}: slope of calls in n"] = statistics.exponent(n, [calls(record, name) for record in found])
    rank = [Estimate(record.meta["r"] / (record.meta["n"] / (shape(record)[1] + 2))) for record in found]
    named["r over n/(p+2)"] = statistics.geometric_mean(rank)
    least = Estimate(min(left(record, TRACE) for record in found))
    return named | {"least share of f(x0) left without gradients at the calls of gradient descent": least}


EXPERIMENT = Experiment(
    question="Do maps of more points and in more dimensions cost more without a gradient?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("shapes",),
)
