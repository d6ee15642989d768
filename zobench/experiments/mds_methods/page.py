"""experiment=mds_methods: what a map costs by every method."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.problems.maps import distances, true_map
from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.maps import aligned
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("curves", "ratio")
GRADIENTS = ("gradient", "accelerated", "L-BFGS")
VALUES = (
    "finite differences",
    "sphere",
    "gaussian",
    "coordinate",
    "orthogonal",
    "SPSA",
    "accelerated sphere",
    "random pursuit",
    "(1+1)-ES",
    "CMA-ES",
    "Nelder-Mead",
    "Nelder-Mead, adaptive",
    "Powell",
    "BFGS, differences",
)
STRESSES = {"sstress": "s-stress", "stress": "raw stress"}
SAME = 1.01  # a run has found the best minimum within 1 %, which is the target too

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.mds_methods import figures

    found = read(records)
    lines = [row(record, name) for record in found for name in record.meta["methods"]]
    writing.write_csv(folder / "table.csv", lines)
    page.write(folder, "mds_methods", records, lines, summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records by stress, then by number of cities."""
    return sorted(page.read(records), key=lambda r: (stress(r), r.meta["config"]["study"]["cities"], r.meta["n"]))


def stress(record: Record) -> str:
    """s-stress or raw stress."""
    return STRESSES[record.meta["config"]["study"]["stress"]]


def worth(record: Record, name: str) -> np.ndarray:
    """Cost in values of f at each record: a gradient with its value at its compiled price, anything else as it is."""
    each = record.meta["methods"][name]["each"]
    priced = each["grad"] * record.meta["price"] if each["grad"] else each["value"]
    return record.arrays[f"{name}/calls"] / sum(each.values()) * priced


def arrivals(record: Record, name: str, *, priced: bool = False) -> np.ndarray:
    """Oracle calls, or their worth in values, to 1 % of the minimum, of each start; inf: never."""
    axis = worth(record, name) if priced else record.arrays[f"{name}/calls"].astype(float)
    met = record.arrays[f"{name}/f"] <= SAME * record.meta["f_star"]
    return np.where(met.any(axis=1), axis[np.argmax(met, axis=1)], inf)


def median(record: Record, name: str, *, priced: bool = False) -> Estimate:
    """Median over starts; inf where half of them never arrive; nan where the method did not run."""
    if name not in record.meta["methods"]:
        return Estimate(nan)
    hits = arrivals(record, name, priced=priced)
    return statistics.median(hits, np.random.default_rng([record.meta["n"], len(name)]))


def ratio(record: Record, name: str, to: str = "gradient") -> Estimate:
    """Calls of a method over calls of gradient descent, start by start: the median."""
    if name not in record.meta["methods"] or to not in record.meta["methods"]:
        return Estimate(nan)
    over, under = arrivals(record, name), arrivals(record, to)
    kept = np.isfinite(under)
    if not kept.any():
        return Estimate(nan)
    return statistics.median(over[kept] / under[kept], np.random.default_rng([record.meta["n"], len(name)]))


def map_error(record: Record, name: str) -> float:
    """Root mean square distance from the true places, in km: the median start, of all starts."""
    study = record.meta["config"]["study"]
    true = true_map(study["cities"], study["points"])[1]
    scale = distances(study["cities"], study["points"]).max()
    errors = []
    for x in record.arrays[f"{name}/x"]:
        found = aligned(x.reshape(true.shape) * scale, true)
        errors.append(np.sqrt(np.mean(np.sum((found - true) ** 2, axis=1))))
    return float(np.median(errors))


def equal_cost(record: Record, name: str) -> float:
    """Median f/f* when as much is paid as gradient descent needs to 1 % of the minimum, in values."""
    paid = median(record, "gradient", priced=True).value
    if not np.isfinite(paid):
        return nan
    at = max(0, int(np.searchsorted(worth(record, name), paid, side="right")) - 1)
    return float(np.median(record.arrays[f"{name}/f"][:, at])) / record.meta["f_star"]


def row(record: Record, name: str) -> dict[str, Any]:
    """One line of table.csv."""
    f, calls, priced, paid = (
        record.arrays[f"{name}/f"],
        median(record, name),
        median(record, name, priced=True),
        ratio(record, name),
    )
    best = f.min(axis=1)
    return {
        "stress": stress(record),
        "cities": record.meta["config"]["study"]["cities"],
        "points": record.meta["n"] // 2,
        "n": record.meta["n"],
        "method": name,
        "asks": "gradients" if name in GRADIENTS else "values",
        "starts": len(f),
        "found_best": int((best <= SAME * record.meta["f_star"]).sum()),
        "calls": calls.value,
        "calls_low": calls.low,
        "calls_high": calls.high,
        "values_worth": priced.value,
        "ratio": paid.value,
        "budget": record.meta["methods"][name]["most"],
        "f_over_minimum": float(np.median(best)) / record.meta["f_star"],
        "f_over_minimum_at_cost_of_gd": equal_cost(record, name),
        "map_error_km": map_error(record, name),
        "r": record.meta["r"],
        "price": record.meta["price"],
    }


def summary(folder: Path) -> list[tables.Table]:
    """Calls to 1 %, a column a number of cities, a block a stress; then the largest map in detail."""
    lines = writing.read_csv(folder / "table.csv")
    found = []
    for kind in dict.fromkeys((line["stress"], line["cities"]) for line in lines):
        own = [line for line in lines if (line["stress"], line["cities"]) == kind]
        found += [_calls(kind, own), _largest(kind, own)]
    return found


def _calls(kind: tuple[str, str], lines: Sequence[dict[str, str]]) -> tables.Table:
    points = sorted({int(line["points"]) for line in lines})
    body = []
    for name in dict.fromkeys(line["method"] for line in lines):
        own = {int(line["points"]): line for line in lines if line["method"] == name}
        body.append([name, *(_cell(own.get(N)) for N in points)])
    note = "Median oracle calls to 1 % of the minimum (starts that arrive of all). Gradient descent, accelerated: "
    note += "gradients; L-BFGS: a value and a gradient are two calls; all others: values of f."
    header = ["", *(f"{N} cities" for N in points)]
    return tables.Table(f"{kind[0]}, {kind[1]}: calls", note, header, body)


def _cell(line: dict[str, str] | None) -> str:
    if line is None:
        return ""
    calls = float(line["calls"])
    said = f"{calls:.0f}" if np.isfinite(calls) else f"> {int(line['budget']):.0f}"
    return f"{said} ({line['found_best']}/{line['starts']})"


def _largest(kind: tuple[str, str], lines: Sequence[dict[str, str]]) -> tables.Table:
    N = max(int(line["points"]) for line in lines)
    body = [
        [
            line["method"],
            *(_number(line[name]) for name in ("values_worth", "ratio", "f_over_minimum", "map_error_km")),
            _number(line["f_over_minimum_at_cost_of_gd"]),
        ]
        for line in lines
        if int(line["points"]) == N
    ]
    header = ["", "cost in values", "calls/calls of GD", "best f/f*", "map error, km", "f/f* at GD's cost"]
    price = float(lines[-1]["price"])
    note = (
        f"A gradient with its value costs {price:.2g} values (compiled operations). f/f* at GD's cost: when as much is "
    )
    note += "paid as gradient descent pays to 1 %. Map error: median over starts, after Procrustes."
    return tables.Table(f"{kind[0]}, {kind[1]}: {N} cities", note, header, body)


def _number(text: str) -> str:
    return tables.significant(float(text)) if text else ""


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the claims are about: ratios at the largest map, slopes in n, how many starts arrive."""
    found = read(records)
    measured = {}
    for kind in STRESSES.values():
        own = [record for record in found if stress(record) == kind]
        for name in (*GRADIENTS, *VALUES):
            measured[f"{kind}, {name}: slope of calls in n"] = _slope(own, name)
            measured[f"{kind}, {name}: calls over calls of gradient descent, 34 cities"] = _at(own, name, ratio)
            measured[f"{kind}, {name}: calls to 1 %, 34 cities"] = _at(own, name, median)
        for name in VALUES:
            measured[f"{kind}, {name}: slope of calls over calls of gradient descent in n"] = _slope(own, name, ratio)
        cheapest = [_least(own, names) for names in (VALUES, GRADIENTS)]
        measured[f"{kind}: least cost without gradients over least cost with, in values, 34 cities"] = Estimate(
            cheapest[0] / cheapest[1]
        )
        measured[f"{kind}, sphere: calls over calls of gradient descent over 2(r+2), mean over n"] = _predicted(own)
        for name in ("Nelder-Mead", "Nelder-Mead, adaptive"):
            measured[f"{kind}, {name}: share of starts that find the best minimum, 34 cities"] = _found(own, name)
    return measured


def _least(records: Sequence[Record], names: Sequence[str]) -> float:
    """The least median cost in values to 1 %, of 34 cities; nan where nothing ran."""
    known = [_at(records, name, lambda record, name: median(record, name, priced=True)).value for name in names]
    known = [value for value in known if value == value]
    return min(known) if known else nan


def _predicted(records: Sequence[Record]) -> Estimate:
    """Two points under the trace-aware step take r + 2 times the iterations, two values each."""
    parts = [ratio(record, "sphere").times(1 / (2 * (record.meta["r"] + 2))) for record in records]
    return statistics.geometric_mean(parts) if any(np.isfinite(part.value) for part in parts) else Estimate(nan)


def _at(records: Sequence[Record], name: str, of: Any) -> Estimate:
    return next((of(record, name) for record in records if record.meta["n"] == 68), Estimate(nan))


def _found(records: Sequence[Record], name: str) -> Estimate:
    for record in records:
        if record.meta["n"] == 68 and name in record.meta["methods"]:
            return Estimate(float(np.isfinite(arrivals(record, name)).mean()))
    return Estimate(nan)


def _slope(records: Sequence[Record], name: str, of: Any = median) -> Estimate:
    """Power law in n over all maps where the median arrives; nan below four of them."""
    points = [(record.meta["n"], of(record, name)) for record in records]
    kept = [(n, value) for n, value in points if np.isfinite(value.value)]
    try:
        return statistics.power_law([n for n, _ in kept], [value for _, value in kept]).slope
    except ValueError:
        return Estimate(nan)
