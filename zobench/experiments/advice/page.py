"""The page of the advice experiment: the share of functions on which a race of some length chooses well."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from zobench.report import records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded
from zobench.statistics import Estimate
from zobench.store import Record

TARGETS = (1e-1, 1e-2, 1e-3, 1e-5)
LENGTHS = (2, 3, 5, 10, 20, 30)  # in units of n + 1 values a method
DEFAULT = 0  # stands for the length that the command takes: 10 (n + 1), at least 100
RIGHT = 1.2  # of the fewest values


class Function(NamedTuple):
    """What every method did on a function: lowest values so far [methods, seeds, values], and where it began."""

    name: str
    n: int
    start: float
    methods: tuple[str, ...]
    lowest: np.ndarray


class Choice(NamedTuple):
    """What a race of some length chose for a target, and the median values to the target of each method, inf: never."""

    function: str
    n: int
    target: float
    length: int
    chosen: str
    values: dict[str, float]

    @property
    def loss(self) -> float:
        """Values of the chosen method over the fewest; inf where it never arrives."""
        return self.values[self.chosen] / min(self.values.values())


def read(paths: Sequence[Path]) -> list[Function]:
    """The functions by name and size."""
    found = [_function(record) for record in records.ended(paths)]
    return sorted(found, key=lambda function: (function.name, function.n))


def _function(record: Record) -> Function:
    meta, lowest = record.meta, record.arrays["lowest"]
    kept = [i for i in range(len(lowest)) if not np.isnan(lowest[i]).all()]
    methods = tuple(meta["methods"][i] for i in kept)
    return Function(meta["config"]["study"]["function"], int(meta["n"]), float(meta["start"]), methods, lowest[kept])


def each(length: int, n: int) -> int:
    """Values a method of a race of that length."""
    return length * (n + 1) if length else max(10 * (n + 1), 100)


def choices(found: Sequence[Function], target: float, length: int) -> list[Choice]:
    """The choice for each function on which any method reaches the target, by the first seed; truth by all seeds."""
    made = []
    for function in found:
        low = function.lowest.min()
        values = np.median(_arrivals(function.lowest, low + target * (function.start - low)), axis=1)
        seen = function.lowest[:, 0, : each(length, function.n)]
        level = seen.min() + target * (function.start - seen.min())
        order = np.lexsort((seen[:, -1], _arrivals(seen, level)))
        if np.isfinite(values).any():
            known = dict(zip(function.methods, values.tolist(), strict=True))
            made.append(Choice(function.name, function.n, target, length, function.methods[order[0]], known))
    return made


def _arrivals(lowest: np.ndarray, level: float) -> np.ndarray:
    """After how many values each run is at the level, inf where it never is."""
    under = lowest <= level
    return np.where(under.any(axis=-1), under.argmax(axis=-1) + 1.0, inf)


def share(good: Sequence[bool]) -> Estimate:
    """A share with its exact 95 % interval (Clopper & Pearson 1934), over functions."""
    if not good:
        return Estimate(nan)
    interval = binomtest(sum(good), len(good)).proportion_ci(0.95)
    return Estimate(sum(good) / len(good), interval.low, interval.high, runs=len(good))


def rows(found: Sequence[Function]) -> list[dict[str, Any]]:
    """A line for each target and length: the race; then what one method for all functions would have given."""
    lines = []
    for target in TARGETS:
        for length in (DEFAULT, *LENGTHS):
            made = choices(found, target, length)
            about = {"target": target, "choice": "race", "length": length, "problems": len(made)}
            lines.append(about | _line([choice.loss for choice in made]))
        made = choices(found, target, DEFAULT)
        for method in dict.fromkeys(name for function in found for name in function.methods):
            losses = [choice.values.get(method, inf) / min(choice.values.values()) for choice in made]
            about = {"target": target, "choice": method, "length": -1, "problems": len(made)}
            lines.append(about | _line(losses))
    return lines


def _line(losses: Sequence[float]) -> dict[str, float]:
    right = share([loss <= RIGHT for loss in losses])
    middle = float(np.median(losses)) if losses else nan
    return {"right": right.value, "low": right.low, "high": right.high, "median_loss": middle}


def chosen(found: Sequence[Function]) -> list[dict[str, Any]]:
    """A line for each function and target: what the race of the command's length chose, and what was best."""
    return [
        {
            "function": choice.function,
            "n": choice.n,
            "target": target,
            "chosen": choice.chosen,
            "values": choice.values[choice.chosen],
            "best": min(choice.values, key=lambda name: choice.values[name]),
            "fewest": min(choice.values.values()),
        }
        for target in TARGETS
        for choice in choices(found, target, DEFAULT)
    ]


def shown(rows: Sequence[tables.Row], each: Sequence[tables.Row]) -> list[tables.Table]:
    """The race by its length, and one method for all."""

    def right(row: tables.Row) -> str:
        value, low, high = (100 * float(row[name]) for name in ("right", "low", "high"))
        return f"{value:.0f} [{low:.0f}, {high:.0f}]"

    def length(row: tables.Row) -> str:
        if row["choice"] != "race":
            return f"{row['choice']} for all"
        longest = int(row["length"])
        return f"race, {longest} (n + 1)" if longest else "race, 10 (n + 1), at least 100"

    cells = {(row["target"], length(row)): row for row in rows}
    lines = [{"choice": name} for name in dict.fromkeys(name for _, name in cells)]

    def at(target: Any) -> tables.Cell:
        return lambda row: right(cells[target, row["choice"]]) if (target, row["choice"]) in cells else ""

    targets = list(dict.fromkeys(row["target"] for row in rows))
    count = max((int(row["problems"]) for row in rows), default=0)
    note = f"Per cent of {count} functions on which the method chosen takes at most 20 % more values than the best one"
    note += " to f_low + target (f(x0) − f_low) [95 %, over functions]; a length is of each method."
    columns = {"choice": "choice"} | {f"{float(target):g}": at(target) for target in targets}
    medians = {f"{float(target):g}": _loss(cells, target) for target in targets}
    head = "Values of the chosen method over the fewest, median over functions"
    worth = tables.table(head, "inf: never there.", lines, {"choice": "choice"} | medians)
    return [tables.table("How often the advice is right", note, lines, columns), worth]


def _loss(cells: dict, target: Any) -> tables.Cell:
    text = rounded("median_loss", 3)
    return lambda row: text(cells[target, row["choice"]]) if (target, row["choice"]) in cells else ""


def measures(found: Sequence[Function]) -> dict[str, Estimate]:
    """Shares of right choices by target."""
    named = {}
    for target in TARGETS:
        race = [choice.loss <= RIGHT for choice in choices(found, target, DEFAULT)]
        named[f"target {target:g}: share of functions on which the race is right"] = share(race)
    return named


EXPERIMENT = Experiment(
    question="How often does a short race of methods on a function choose the one that is best on it?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("lengths",),
    more={"choices.csv": chosen},
)
