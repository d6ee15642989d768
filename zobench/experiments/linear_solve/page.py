"""The gradient of x = A⁻¹b, and the price of its backward pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files, fitted, lines, records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

LARGE = 500  # from here on the theory says that the factorisation takes more than 90 %
RANGE = 100  # exponents are fitted from here on: below it calls cost more than arithmetic
RATIOS = {
    "factorised again": ("backward, factorised again", "forward"),
    "LU stored": ("backward, LU stored", "forward"),
    "inverse stored": ("backward, inverse stored", "forward"),
    "LU stored, SciPy": ("SciPy: backward, LU stored", "SciPy: forward"),
}
WAYS = ("with the stored LU", "of jax.numpy.linalg.solve", "through elimination step by step")


def read(paths: Sequence[Path]) -> list[Record]:
    """The records by size."""
    return sorted(records.ended(paths), key=lambda record: record.meta["n"])


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Gradient errors; ratios of times at large sizes, and how they fall with n; shares of the factorisation."""
    errors = np.array([record.arrays["error"] for record in found]).T.tolist()
    names = [f"gradient by {by} {way}" for way in WAYS for by in "Ab"]
    measured = {
        f"{name}: largest relative difference from the formula": lines.largest(error)
        for name, error in zip(names, errors, strict=True)
    }
    large = [record for record in found if record.meta["n"] >= LARGE]
    means = {f"backward/forward in time, {name}": pair for name, pair in RATIOS.items()}
    means["LU stored/factorised again in time"] = ("backward, LU stored", "backward, factorised again")
    means["value and gradient by jax/forward in time"] = ("forward and backward by jax", "forward")
    for name, pair in means.items():
        mean = statistics.geometric_mean([ratio(record, *pair) for record in large])
        measured |= {f"{name}, n ≥ 500: mean": mean, f"{name}: exponent in n": exponent(found, *pair)}
    shares = {"forward pass": ("solve",), "backward pass that repeats it": ("solve", "outer")}
    for name, others in shares.items() if large else ():
        least = min((share(record, others) for record in large), key=lambda one: one.value)
        measured[f"share of the factorisation in the {name}, n ≥ 500: least"] = least
    return measured


def seconds(record: Record, name: str) -> np.ndarray:
    """Of each repeat."""
    return record.arrays["seconds"][record.meta["work"].index(name)]


def ratio(record: Record, above: str, below: str) -> Estimate:
    """Median over repeats of one time over another."""
    return _median(seconds(record, above) / seconds(record, below), record)


def share(record: Record, others: Sequence[str]) -> Estimate:
    """Median over repeats of factorisation/(factorisation + others)."""
    factor = seconds(record, "factor")
    return _median(factor / (factor + sum(seconds(record, name) for name in others)), record)


def _median(values: np.ndarray, record: Record) -> Estimate:
    return statistics.median(values, np.random.default_rng(record.meta["n"]))


def exponent(found: Sequence[Record], above: str, below: str) -> Estimate:
    """Of the ratio in n, from n = 100 on; nan for fewer than four sizes. Wider of bootstrap and residuals."""
    kept = [record for record in found if record.meta["n"] >= RANGE]
    fit = statistics.exponent([r.meta["n"] for r in kept], [ratio(r, above, below) for r in kept])
    half = 1.96 * fit.stderr
    return fit._replace(low=min(fit.low, fit.value - half), high=max(fit.high, fit.value + half))


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each size and pass: median and quartiles of seconds, the ratio to the forward pass, operations."""
    return [_row(record, name) for record in found for name in record.meta["work"]]


def _row(record: Record, name: str) -> dict[str, Any]:
    counted = record.meta["operations"]
    low, middle, high = fitted.quartiles(seconds(record, name))
    row = {"n": record.meta["n"], "pass": name, "seconds": middle, "seconds_25": low, "seconds_75": high}
    row |= files.ends("ratio", ratio(record, name, "SciPy: forward" if name.startswith("SciPy") else "forward"))
    return row | {"operations": counted[name], "operations_ratio": counted[name] / counted["forward"]}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block a pass, the sizes side by side."""
    of = {(row["pass"], row["n"]): row for row in rows}
    sizes, names = dict.fromkeys(row["n"] for row in rows), dict.fromkeys(row["pass"] for row in rows)
    body = []
    for name in (name for name in names if name not in ("forward", "SciPy: forward")):
        for head, kind, column in ((name, "time", "ratio"), ("", "operations", "operations_ratio")):
            body.append([head, kind, *(tables.rounded(column, 2)(of[name, n]) for n in sizes)])
    note = "Divided by the forward pass (factorise and solve), of SciPy where it says so; "
    note += "median of the repeats' ratios."
    header = ["", "", *(f"n = {n}" for n in sizes)]
    return [tables.Table("What the parts of a linear system's passes cost", note, header, body, 2)]


EXPERIMENT = Experiment(
    question="What does the backward pass through a linear system cost, with and without the factorisation?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("cost",),
)
