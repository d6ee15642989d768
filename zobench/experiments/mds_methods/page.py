"""What a map costs by every method: the page."""

from collections.abc import Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import paths, statistics
from zobench.problems.maps import distances, true_map
from zobench.report import files, records, tables
from zobench.report.maps import aligned
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

GRADIENTS = ("gradient", "accelerated", "L-BFGS")  # what they ask; the others ask values
STRESSES = {"sstress": "s-stress", "stress": "raw stress"}
SAME = 1.01  # a run has found the best minimum within 1 %, which is the target too


def read(where: Sequence[Path]) -> list[Record]:
    """The records by stress, then by number of cities."""
    found = records.ended(where)
    return sorted(found, key=lambda r: (stress(r), r.meta["config"]["study"]["cities"], r.meta["n"]))


def stress(record: Record) -> str:
    """s-stress or raw stress."""
    return STRESSES[record.meta["config"]["study"]["stress"]]


def groups(found: Sequence[Record]) -> list[list[Record]]:
    """The records of each stress."""
    return [[record for record in found if stress(record) == kind] for kind in dict.fromkeys(map(stress, found))]


def methods(found: Sequence[Record]) -> list[str]:
    """The methods that ran."""
    return list(dict.fromkeys(name for record in found for name in record.meta["methods"]))


def worth(record: Record, name: str) -> np.ndarray:
    """Cost in values of f at each record: a gradient with its value at its compiled price, anything else as it is."""
    each = record.meta["methods"][name]["each"]
    priced = each["grad"] * record.meta["price"] if each["grad"] else each["value"]
    return record.arrays[f"{name}/calls"] / sum(each.values()) * priced


def arrivals(record: Record, name: str, *, priced: bool = False) -> np.ndarray:
    """Oracle calls, or their worth in values, to 1 % of the minimum, of each start; inf: never."""
    axis = worth(record, name) if priced else record.arrays[f"{name}/calls"]
    return paths.arrivals(axis, record.arrays[f"{name}/f"], SAME * record.meta["f_star"])


def median(record: Record, name: str, *, priced: bool = False) -> Estimate:
    """Median over starts; inf where half of them never arrive."""
    return statistics.median(arrivals(record, name, priced=priced), _random(record, name))


def ratio(record: Record, name: str) -> Estimate:
    """Calls of a method over calls of gradient descent, start by start: the median; nan where that did not arrive."""
    under = arrivals(record, "gradient") if "gradient" in record.meta["methods"] else np.array(np.inf)
    kept = np.isfinite(under)
    if not kept.any():
        return Estimate(nan)
    return statistics.median(arrivals(record, name)[kept] / under[kept], _random(record, name))


def _random(record: Record, name: str) -> np.random.Generator:
    return np.random.default_rng([record.meta["n"], len(name)])


def map_error(record: Record, name: str) -> float:
    """Root mean square distance from the true places, in km: the median start, of all starts."""
    study = record.meta["config"]["study"]
    true = true_map(study["cities"], study["points"])[1]
    scale = distances(study["cities"], study["points"]).max()
    maps = [aligned(x.reshape(true.shape) * scale, true) for x in record.arrays[f"{name}/x"]]
    return float(np.median([np.sqrt(np.mean(np.sum((found - true) ** 2, axis=1))) for found in maps]))


def equal_cost(record: Record, name: str) -> float:
    """Median f/f* when as much is paid as gradient descent needs to 1 % of the minimum, in values."""
    paid = median(record, "gradient", priced=True).value if "gradient" in record.meta["methods"] else nan
    at = max(0, int(np.searchsorted(worth(record, name), paid, side="right")) - 1)
    return float(np.median(record.arrays[f"{name}/f"][:, at])) / record.meta["f_star"] if isfinite(paid) else nan


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a map and method."""
    return [_row(record, name) for record in found for name in record.meta["methods"]]


def _row(record: Record, name: str) -> dict[str, Any]:
    best = record.arrays[f"{name}/f"].min(axis=1)
    return {
        "stress": stress(record),
        "cities": record.meta["config"]["study"]["cities"],
        "points": record.meta["n"] // 2,
        "n": record.meta["n"],
        "method": name,
        "asks": "gradients" if name in GRADIENTS else "values",
        "starts": len(best),
        "found_best": int((best <= SAME * record.meta["f_star"]).sum()),
        **files.ends("calls", median(record, name)),
        "values_worth": median(record, name, priced=True).value,
        "ratio": ratio(record, name).value,
        "budget": record.meta["methods"][name]["most"],
        "f_over_minimum": float(np.median(best)) / record.meta["f_star"],
        "f_over_minimum_at_cost_of_gd": equal_cost(record, name),
        "map_error_km": map_error(record, name),
        "r": record.meta["r"],
        "price": record.meta["price"],
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """Calls to 1 %, a column a number of cities, a block a stress; then the largest map in detail."""
    found = []
    for kind in dict.fromkeys((row["stress"], row["cities"]) for row in rows):
        own = [row for row in rows if (row["stress"], row["cities"]) == kind]
        found += [_calls(", ".join(kind), own), _largest(", ".join(kind), own)]
    return found


def _calls(kind: str, rows: Sequence[tables.Row]) -> tables.Table:
    points = sorted({row["points"] for row in rows}, key=int)
    by_method: dict[str, dict[str, str]] = {}
    for row in rows:
        line = by_method.setdefault(row["method"], {"": row["method"], **dict.fromkeys(points, "")})
        calls = f"> {row['budget']}" if row["calls"] == "inf" else f"{float(row['calls']):.0f}"
        line[row["points"]] = f"{calls} ({row['found_best']}/{row['starts']})"
    note = "Median oracle calls to 1 % of the minimum (starts that arrive of all). Gradient descent, accelerated: "
    note += "gradients; L-BFGS: a value and a gradient are two calls; all others: values of f."
    columns: dict[str, tables.Cell] = {"": "", **{f"{N} cities": N for N in points}}
    return tables.table(f"{kind}: calls", note, [*by_method.values()], columns)


def _largest(kind: str, rows: Sequence[tables.Row]) -> tables.Table:
    N = max(int(row["points"]) for row in rows)
    columns: dict[str, tables.Cell] = {
        "": "method",
        "cost in values": tables.rounded("values_worth"),
        "calls/calls of GD": tables.rounded("ratio"),
        "best f/f*": tables.rounded("f_over_minimum"),
        "map error, km": tables.rounded("map_error_km"),
        "f/f* at GD's cost": tables.rounded("f_over_minimum_at_cost_of_gd"),
    }
    note = f"A gradient with its value costs {float(rows[-1]['price']):.2g} values (compiled operations). "
    note += "f/f* at GD's cost: when as much is paid as gradient descent pays to 1 %. "
    note += "Map error: median over starts, after Procrustes."
    return tables.table(f"{kind}: {N} cities", note, [row for row in rows if int(row["points"]) == N], columns)


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Ratios at the largest map, slopes in n, how many starts arrive."""
    of_gd, named = "calls over calls of gradient descent", {}
    for own in groups(found):
        kind, costs = stress(own[0]), {True: [nan], False: [nan]}  # with and without gradients
        for name in methods(own):
            ran = [record for record in own if name in record.meta["methods"]]
            n, paid = [record.meta["n"] for record in ran], [ratio(record, name) for record in ran]
            calls = [median(record, name) for record in ran]
            named[f"{kind}, {name}: slope of calls in n"] = statistics.exponent(n, calls)
            named[f"{kind}, {name}: slope of {of_gd} in n"] = statistics.exponent(n, paid)
            if name == "sphere":  # two values each, r + 2 times the iterations
                over = [p.times(0.5 / (record.meta["r"] + 2)) for p, record in zip(paid, ran, strict=True)]
                named[f"{kind}, {name}: {of_gd} over 2(r+2), mean over n"] = statistics.geometric_mean(over)
            for i in (i for i, size in enumerate(n) if size == 2 * 34):
                named[f"{kind}, {name}: {of_gd}, 34 cities"] = paid[i]
                named[f"{kind}, {name}: calls to 1 %, 34 cities"] = calls[i]
                share = Estimate(float(np.isfinite(arrivals(ran[i], name)).mean()))
                named[f"{kind}, {name}: share of starts that find the best minimum, 34 cities"] = share
                costs[name in GRADIENTS].append(median(ran[i], name, priced=True).value)
        least = Estimate(float(np.fmin.reduce(costs[False]) / np.fmin.reduce(costs[True])))
        named[f"{kind}: least cost without gradients over least cost with, in values, 34 cities"] = least
    return named


EXPERIMENT = Experiment(
    question="What does a map of cities cost by every method, with and without gradients?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("curves", "ratio"),
)
