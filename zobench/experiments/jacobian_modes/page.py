"""What forward and reverse mode cost for a whole Jacobian, and where a split beats both."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import fitted, records, tables
from zobench.report.lines import asymptotic
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

LECTURE_M = 31_623  # the largest m of the lecture's figure
MODES = ("forward", "reverse", "split")
APART = 4  # inputs over outputs from which a random graph must decide for the mode of the fewer
SWEEPS = (
    "forward, inputs n of R^n -> R^8",
    "forward, outputs m of R -> R^m",
    "reverse, outputs m of R^8 -> R^m",
    "reverse, inputs n of R^n -> R",
)
TITLES = {"linear": "f(x) = Ax", "largest": "f(x) = max_i (Ax)_i", "hourglass": "hourglass n -> q -> n"}

Arrays = Mapping[str, np.ndarray]
Found = Mapping[str, Record]


def read(paths: Sequence[Path]) -> dict[str, Record]:
    """The record of each part."""
    return {record.meta["part"]: record for record in records.ended(paths)}


def config(found: Found) -> dict[str, Any]:
    """That of the experiment: what the parts share."""
    return next(iter(found.values())).meta["config"]


def measures(found: Found) -> dict[str, Estimate]:
    """Slopes, crossovers, ratios of the parts that ran."""
    n = config(found)["study"]["n"]
    parts = [MEASURED[part](record.arrays, n) for part, record in found.items()]
    return {name: value for part in parts for name, value in part.items()}


def _linear(a: Arrays, n: int) -> dict[str, Estimate]:
    m, operations, seconds = a["m"], a["operations"], a["seconds"]
    wide, long = m >= n, m >= 10 * n
    found = {}
    for i, mode in enumerate(MODES[:2]):
        found[f"Ax, operations, {mode} mode: slope in m"] = asymptotic(m[wide], operations[i][wide])
        found[f"Ax, time, {mode} mode: slope in m"] = fitted.timed_slope(m[long], seconds[i][long])
    for what, (forward, reverse) in (("operations", operations), ("time", fitted.median(seconds))):
        found[f"Ax, {what}: m/n of the crossover"] = fitted.crossing(m, reverse / forward).times(1 / n)
    if m[-1] == LECTURE_M:
        ratio = fitted.timed_ratio(seconds[1, -1], seconds[0, -1])
        found["Ax, m = 31,623: time, reverse over forward mode"] = ratio
    exact = np.array([2.0 * m * n**2 + 2 * n**2, 2.0 * m**2 * n + 2 * m**2])
    off = np.abs(operations / exact - 1)[:, m > 1].max()
    return found | {"Ax, largest deviation of operations from 2mn², 2m²n": Estimate(float(off))}


def _largest(a: Arrays, n: int) -> dict[str, Estimate]:
    times = [fitted.timed_ratio(*pair) for pair in zip(*a["seconds"], strict=True)]
    over = a["operations"][0] / a["operations"][1]
    return {
        "max_i (Ax)_i, operations: least forward over reverse mode": Estimate(float(over.min())),
        "max_i (Ax)_i, time: least forward over reverse mode": min(times, key=lambda one: one.value),
    }


def _grid(a: Arrays, n: int) -> dict[str, Estimate]:
    seconds = fitted.median(a["seconds"])
    return {
        "Ax, operations: share of n, m with the expected mode ahead": _share(a, a["operations"], lambda n, m: n != m),
        "Ax, time: share of n, m (4 apart, both 64 or more) with the expected mode ahead": _share(
            a, seconds, lambda n, m: _apart(n, m) & (np.minimum(n, m) >= 64)
        ),
    }


def _graphs(a: Arrays, n: int) -> dict[str, Estimate]:
    name = "random graphs, operations: share of "
    return {
        f"{name}n < m with forward ahead": _share(a, a["operations"], np.less),
        f"{name}n, m (4 apart) with the expected mode ahead": _share(a, a["operations"], _apart),
    }


def _apart(n: np.ndarray, m: np.ndarray) -> np.ndarray:
    return np.maximum(n / m, m / n) >= APART


def _share(a: Arrays, cost: np.ndarray, where: Callable[..., np.ndarray]) -> Estimate:
    """The share of these places n, m at which the mode of the fewer directions is the cheaper one."""
    n, m = np.meshgrid(a["n"], a["m"], indexing="ij")
    ahead = np.where(n < m, cost[0] < cost[1], cost[1] < cost[0])[where(n, m)]
    return Estimate(float(ahead.mean()) if ahead.size else np.nan)


def _hourglass(a: Arrays, n: int) -> dict[str, Estimate]:
    pure, split = a["operations"][:2].min(axis=0), a["operations"][2]
    best = a["seconds"][:2, 0][fitted.median(a["seconds"][:2, 0]).argmin()]
    narrow = "hourglass, narrowest waist: {}, best pure mode over split"
    return {
        narrow.format("operations"): Estimate(float(pure[0] / split[0])),
        narrow.format("time"): fitted.timed_ratio(best, a["seconds"][2, 0]),
        "hourglass: q/n up to which split is ahead": fitted.crossing(a["q"], split / pure).times(1 / a["q"][-1]),
    }


def _multiples(a: Arrays, n: int) -> dict[str, Estimate]:
    """The cost of a Jacobian over that of f."""
    found = {}
    for name, (jacobian, f) in zip(SWEEPS, a["operations"], strict=True):
        found[f"{name}: operations over f, slope"] = asymptotic(a["size"], jacobian / f)
        found[f"{name}: operations over f, largest"] = Estimate(float((jacobian / f).max()))
        found[f"{name}: operations, slope"] = asymptotic(a["size"], jacobian)
    return found


def _elementwise(a: Arrays, n: int) -> dict[str, Estimate]:
    large, names = a["n"] >= 16, ("vjp of exp", "whole Jacobian of exp")
    slopes = [asymptotic(a["n"][large], bytes[large]) for bytes in a["bytes"]]
    return {f"{name}: bytes, slope in n": slope for name, slope in zip(names, slopes, strict=True)}


MEASURED = {
    "linear": _linear,
    "largest": _largest,
    "grid": _grid,
    "graphs": _graphs,
    "hourglass": _hourglass,
    "multiples": _multiples,
    "elementwise": _elementwise,
}


def rows(found: Found) -> list[dict[str, Any]]:
    """A line for each size and mode of the parts that vary one size; of others alone their names."""
    n = config(found)["study"]["n"]
    parts = [(part, found[part].arrays) for part in TITLES if part in found]
    lines = [
        _row(part, a, n, i, j)
        for part, a in parts
        for j in range(a["operations"].shape[1])
        for i in range(len(a["operations"]))
    ]
    return lines or [{"part": part} for part in found]


def _row(part: str, a: Arrays, n: int, i: int, j: int) -> dict[str, Any]:
    low, middle, high = fitted.quartiles(a["seconds"][i, j])
    if part == "hourglass":
        row = {"part": part, "n": a["q"][-1], "m": a["q"][-1], "q": a["q"][j], "mode": MODES[i]}
    else:
        row = {"part": part, "n": n, "m": a["m"][j], "q": "", "mode": MODES[i]}
    row |= {"operations": a["operations"][i, j], "temporary": a["temporary"][i, j]}
    batch = a["batch"][j] if part == "linear" and MODES[i] == "reverse" else ""
    return row | {"seconds": middle, "low": low, "high": high, "batch": batch}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block a part, the modes side by side."""
    heads = ["", "m or q", *(f"{mode}: {what}" for what in ("operations", "seconds") for mode in MODES)]
    places: dict[tuple[str, str], dict[str, str]] = {}
    for row in (row for row in rows if row["part"] in TITLES):
        place = f"{TITLES[row['part']]}, n = {row['n']}", row["q"] or row["m"]
        line = places.setdefault(place, dict.fromkeys(heads, "") | dict(zip(heads, place, strict=False)))
        line |= {f"{row['mode']}: operations": _count(row), f"{row['mode']}: seconds": _seconds(row)}
    note = "Operations as compiled; medians of the times, quartiles in table.csv. *: rows in batches, as the m×m "
    note += "identity that jax.jacrev pulls back is too large."
    columns = {head: head for head in heads}
    return [tables.table("Jacobians by forward and reverse mode", note, list(places.values()), columns, words=2)]


def _count(row: tables.Row) -> str:
    value = tables.value(row, "operations")
    return f"{value:,.0f}" if value < 1e6 else tables.significant(value)


def _seconds(row: tables.Row) -> str:
    return tables.significant(tables.value(row, "seconds")) + "*" * (row["batch"] not in ("", row["m"]))


EXPERIMENT = Experiment(
    question="Is forward or reverse mode cheaper for a whole Jacobian, and is a split cheaper than both?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("jacobian", "winners", "hourglass"),
)
