"""Operations and seconds of derivatives over those of f, and what they say of the claims."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench.experiments.gradient_cost.study import GRADIENTS, METHODS
from zobench.report import fitted, lines, records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate

WORDS = {
    "jvp": "JVP",
    "gradient": "f and gradient",
    "hvp": "HVP",
    "forward": "whole gradient by forward mode",
    "forward_difference": "forward differences",
    "central_difference": "central differences",
}

POINT = 3  # operations a coordinate of a point of finite differences: compare, add, select


class Line(NamedTuple):
    """One problem, smallest size first. n, operations [sizes, methods], seconds [sizes, methods, repeats], errors."""

    name: str
    dtype: str
    n: np.ndarray
    operations: np.ndarray
    seconds: np.ndarray
    values: np.ndarray
    error: np.ndarray

    def ratio(self, method: str, over: str = "value") -> np.ndarray:
        """Operations over those of another, [sizes]."""
        return self.operations[:, METHODS.index(method)] / self.operations[:, METHODS.index(over)]

    def times(self, method: str) -> np.ndarray:
        """Seconds over those of f in the same round, [sizes, repeats]."""
        return self.seconds[:, METHODS.index(method)] / self.seconds[:, 0]


def read(paths: Sequence[Path]) -> list[Line]:
    """A line a problem: records that differ in the size alone are one."""
    found: dict[str, list[dict[str, np.ndarray]]] = {}
    ended = records.ended(paths)
    for record in ended:
        problem = record.meta["config"]["problem"]
        inner = problem.get("problem")
        kinds = [problem, inner] if isinstance(inner, dict) else [problem]
        found.setdefault(" ".join(map(records.target, kinds)), []).append(record.arrays)
    return [_line(name, ended[0].meta["config"]["dtype"], parts) for name, parts in found.items()]


def _line(name: str, dtype: str, parts: Sequence[dict[str, np.ndarray]]) -> Line:
    repeats = min(part["seconds"].shape[2] for part in parts)
    cut = [{**part, "seconds": part["seconds"][:, :, :repeats]} for part in parts]
    order = np.argsort(np.concatenate([part["n"] for part in parts]), kind="stable")
    a = {key: np.concatenate([part[key] for part in cut])[order] for key in cut[0]}
    return Line(name, dtype, a["n"], a["flops"] + a["transcendentals"], a["seconds"], a["values"], a["error"])


def measures(found: Sequence[Line]) -> dict[str, Estimate]:
    """Over all problems: extremes of ratios, of slopes in n, of times, of errors."""
    n, values, error = (np.concatenate([getattr(line, name) for line in found]) for name in ("n", "values", "error"))
    measured = {}
    made = np.concatenate([1 + POINT * line.n / line.operations[:, 0] for line in found])  # a point and f there, over f

    def over(above: str, below: str = "value") -> np.ndarray:
        return np.concatenate([line.ratio(above, below) for line in found])

    for method, words in WORDS.items():
        name = f"{words} over f, operations"
        slopes = [lines.log_slope(line.n, line.ratio(method)) for line in found]
        measured |= lines.extremes(f"{name}: slope in n", slopes)
        if method in METHODS[1:4]:
            measured |= lines.extremes(name, over(method))
            times = [fitted.timed(line.times(method)[-1]) for line in found]
            measured |= lines.extremes(f"{words} over f, seconds at the largest n", times)
            deep = [line for line in found if line.name == "deep"]
            measured |= {f"{name}: deep network": Estimate(line.ratio(method)[-1]) for line in deep}
    for name, ratios in {
        "f and gradient over JVP, operations": over("gradient", "jvp"),
        "forward mode over forward differences, operations": over("forward", "forward_difference"),
        "forward mode over central differences, operations": over("forward", "central_difference"),
        "central differences, values of f over 2n": values[:, 1] / (2 * n),
        "forward differences, values of f over n + 1": values[:, 0] / (n + 1),
        "central differences over 2n values and their points, operations": over("central_difference") / (2 * n) / made,
        **{f"relative error, {name.replace('_', ' ')}": error[:, i] for i, name in enumerate(GRADIENTS)},
    }.items():
        measured |= lines.extremes(name, ratios)
    return measured


def rows(found: Sequence[Line]) -> list[dict[str, Any]]:
    """A line a problem and size; the price of a gradient and of a JVP are its first two ratios."""
    return [_row(line, i) for line in found for i in range(len(line.n))]


def _row(line: Line, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"problem": line.name, "n": line.n[i], "operations_of_f": line.operations[i, 0]}
    row |= {"price": line.ratio("gradient")[i], "jvp_price": line.ratio("jvp")[i]}
    row |= {f"{method}_operations": line.ratio(method)[i] for method in METHODS[3:]}
    for method in METHODS[1:]:
        low, middle, high = fitted.quartiles(line.times(method)[i])
        row |= {f"{method}_seconds": middle, f"{method}_q1": low, f"{method}_q3": high}
    row["f_microseconds"] = np.median(line.seconds[i, 0]) * 1e6
    return row | {f"error_{name}": line.error[i, j] for j, name in enumerate(GRADIENTS)}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """The largest size of each problem."""
    columns: dict[str, tables.Cell] = {
        "problem": "problem",
        "n": lambda row: f"{int(row['n']):,}",
        "price: JVP": tables.fixed("jvp_price"),
        "price: f and gradient": tables.fixed("price"),
        "HVP": tables.fixed("hvp_operations"),
        "seconds: JVP": tables.spread("jvp", "_q1", "_q3", middle="_seconds"),
        "seconds: f and gradient": tables.spread("gradient", "_q1", "_q3", middle="_seconds"),
    }
    note = "Over f, at the largest n. Price: operations as traced (flops, and elementary functions as one each). "
    note += "Seconds: median of interleaved repeats [quartiles]; for small f they hold the call itself."
    last = list({row["problem"]: row for row in rows}.values())
    return [tables.table("What does a gradient cost, in values of f?", note, last, columns)]


EXPERIMENT = Experiment(
    question="What does a gradient cost, in values of f?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("gradient_cost", "whole_gradient"),
)
