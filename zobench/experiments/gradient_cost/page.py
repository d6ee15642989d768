"""experiment=gradient_cost: operations and seconds of derivatives over those of f, and what they say of the claims."""

from collections.abc import Callable, Sequence
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics, store
from zobench.experiments.gradient_cost.study import GRADIENTS, METHODS
from zobench.report import files, page, tables
from zobench.report.lines import log_slope
from zobench.statistics import Estimate

FIGURES = ("gradient_cost", "whole_gradient")
FILES = page.names(*FIGURES)
POINTWISE = METHODS[1:4]
WORDS = {
    "jvp": "JVP",
    "gradient": "f and gradient",
    "hvp": "HVP",
    "forward": "whole gradient by forward mode",
    "forward_difference": "forward differences",
    "central_difference": "central differences",
}

__all__ = ["FILES", "closing", "measures", "summary", "write"]
closing = page.closing


class Line(NamedTuple):
    """One problem, smallest size first. n, operations [sizes, methods], seconds [sizes, methods, repeats], errors."""

    name: str
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


def lines(records: Sequence[Path]) -> list[Line]:
    """A line a problem: records that differ in the size alone are one."""
    found: dict[str, list[dict[str, np.ndarray]]] = {}
    for record in page.read(records):
        found.setdefault(_name(record), []).append(record.arrays)
    return [_line(name, parts) for name, parts in found.items()]


def _name(record: store.Record) -> str:
    problem = record.meta["config"]["problem"]
    own = problem["_target_"].rpartition(".")[2]
    inner = problem.get("problem")
    return own + (f" {inner['_target_'].rpartition('.')[2]}" if isinstance(inner, dict) else "")


def _line(name: str, parts: Sequence[dict[str, np.ndarray]]) -> Line:
    repeats = min(part["seconds"].shape[2] for part in parts)
    cut = [{**part, "seconds": part["seconds"][:, :, :repeats]} for part in parts]
    whole = {key: np.concatenate([part[key] for part in cut]) for key in cut[0]}
    order = np.argsort(whole["n"], kind="stable")
    a = {key: value[order] for key, value in whole.items()}
    return Line(name, a["n"], a["flops"] + a["transcendentals"], a["seconds"], a["values"], a["error"])


def _extreme(parts: Sequence[Estimate], largest: bool) -> Estimate:
    kept = [part for part in parts if isfinite(part.value)]
    key: Callable[[Estimate], float] = lambda part: part.value  # noqa: E731
    return (max(kept, key=key) if largest else min(kept, key=key)) if kept else Estimate(nan)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity, over all problems: extremes of ratios, of slopes in n, of times, of errors."""
    found = lines(records)
    result: dict[str, Estimate] = {}

    def both(name: str, parts: Sequence[Estimate]) -> None:
        result[f"{name}: smallest"] = _extreme(parts, False)
        result[f"{name}: largest"] = _extreme(parts, True)

    for method in POINTWISE:
        name = f"{WORDS[method]} over f"
        both(f"{name}, operations", [Estimate(float(r)) for line in found for r in line.ratio(method)])
        both(f"{name}, operations: slope in n", [log_slope(line.n, line.ratio(method)) for line in found])
        both(f"{name}, seconds at the largest n", [_time(line, method) for line in found])
        deep = [Estimate(float(line.ratio(method)[i])) for line in found if line.name == "deep" for i in [-1]]
        result[f"{name}, operations: deep network"] = _extreme(deep, True)
    both(
        "f and gradient over JVP, operations", [Estimate(float(r)) for li in found for r in li.ratio("gradient", "jvp")]
    )
    for method in METHODS[4:]:
        both(f"{WORDS[method]} over f, operations: slope in n", [log_slope(li.n, li.ratio(method)) for li in found])
    forward = [line.ratio("forward", "forward_difference") for line in found]
    both("forward mode over forward differences, operations", _finite(forward))
    central = [line.ratio("forward", "central_difference") for line in found]
    both("forward mode over central differences, operations", _finite(central))
    both("central differences, values of f over 2n", _finite([line.values[:, 1] / (2 * line.n) for line in found]))
    both("forward differences, values of f over n + 1", _finite([line.values[:, 0] / (line.n + 1) for line in found]))
    per = [line.ratio("central_difference") / (2 * line.n) for line in found]
    both("central differences over 2n f, operations", _finite(per))
    for i, name in enumerate(GRADIENTS):
        both(f"relative error, {name.replace('_', ' ')}", _finite([line.error[:, i] for line in found]))
    return result


def _finite(parts: Sequence[np.ndarray]) -> list[Estimate]:
    return [Estimate(float(value)) for part in parts for value in part if np.isfinite(value)]


def _time(line: Line, method: str) -> Estimate:
    rng = np.random.default_rng(0)
    return statistics.median(line.times(method)[-1], rng)


def rows(found: Sequence[Line]) -> list[dict[str, Any]]:
    """table.csv: a line a problem and size; the price of a gradient and of a JVP are its first two ratios."""
    result = []
    for line in found:
        for i, n in enumerate(line.n):
            row: dict[str, Any] = {"problem": line.name, "n": int(n), "operations_of_f": float(line.operations[i, 0])}
            row |= {"price": float(line.ratio("gradient")[i]), "jvp_price": float(line.ratio("jvp")[i])}
            row |= {f"{m}_operations": float(line.ratio(m)[i]) for m in METHODS[3:]}
            for method in METHODS[1:]:
                low, middle, high = np.quantile(line.times(method)[i], [0.25, 0.5, 0.75])
                row |= {f"{method}_seconds": float(middle), f"{method}_q1": float(low), f"{method}_q3": float(high)}
            row["f_microseconds"] = float(np.median(line.seconds[i, 0]) * 1e6)
            row |= {f"error_{name}": float(line.error[i, j]) for j, name in enumerate(GRADIENTS)}
            result.append(row)
    return result


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.gradient_cost import figures

    found = lines(records)
    files.write_csv(folder / "table.csv", rows(found))
    page.write(folder, "gradient_cost", records, rows(found), summary(folder), measures(records))
    dtype = page.read(records)[0].meta["config"]["dtype"]
    figures.draw(found, dtype, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: the largest size of each problem."""
    last = {line["problem"]: line for line in files.read_csv(folder / "table.csv")}
    header = ["problem", "n", "price: JVP", "price: f and gradient", "HVP", "seconds: JVP", "seconds: f and gradient"]
    body = [
        [name, f"{int(line['n']):,}", *(_two(line[key]) for key in ("jvp_price", "price", "hvp_operations")),
         *(_quartiles(line, key) for key in ("jvp", "gradient"))]
        for name, line in last.items()
    ]  # fmt: skip
    note = (
        "Over f, at the largest n. Price: operations as traced (flops, and elementary functions as one each). Seconds: "
    )
    note += "median of interleaved repeats [quartiles]; for small f they hold the call itself."
    return [tables.Table("What does a gradient cost, in values of f?", note, header, body)]


def _two(text: str) -> str:
    return tables.number(float(text or nan))


def _quartiles(line: dict[str, str], key: str) -> str:
    middle, low, high = (float(line[f"{key}_{part}"] or nan) for part in ("seconds", "q1", "q3"))
    return f"{tables.number(middle)} [{tables.number(low)}, {tables.number(high)}]" if middle < inf else ""
