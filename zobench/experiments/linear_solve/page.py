"""experiment=linear_solve: the gradient of x = A⁻¹b, and the price of its backward pass."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics, store
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

EXPERIMENT = "linear_solve"
FILES = page.names("cost")
LARGE = 500  # from here on the theory says that the factorisation takes more than 90 %
RANGE = 100  # exponents are fitted from here on: below it calls cost more than arithmetic
RATIOS = {
    "factorised again": ("backward, factorised again", "forward"),
    "LU stored": ("backward, LU stored", "forward"),
    "inverse stored": ("backward, inverse stored", "forward"),
    "LU stored, SciPy": ("SciPy: backward, LU stored", "SciPy: forward"),
}
WAYS = ("with the stored LU", "of jax.numpy.linalg.solve", "through elimination step by step")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.linear_solve import figures

    found = read(records)
    files.write_csv(folder / "table.csv", rows(found))
    page.write(folder, EXPERIMENT, records, rows(found), summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[store.Record]:
    """The records by size."""
    return sorted(page.read(records), key=lambda record: record.meta["n"])


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Gradient errors; ratios of times at the largest size, and how they fall with n; shares of the factorisation."""
    found = read(records)
    errors = np.array([record.arrays["error"] for record in found])
    measured = {}
    for i, way in enumerate(WAYS):
        for j, by in enumerate(("A", "b")):
            known = errors[:, 2 * i + j][~np.isnan(errors[:, 2 * i + j])]
            value = float(known.max()) if known.size else nan
            measured[f"gradient by {by} {way}: largest relative difference from the formula"] = Estimate(value)
    large = [record for record in found if record.meta["n"] >= LARGE]
    for name, (above, below) in RATIOS.items():
        ratios = [ratio(record, above, below) for record in large]
        measured[f"backward/forward in time, {name}, n ≥ 500: mean"] = _mean(ratios)
        measured[f"backward/forward in time, {name}: exponent in n"] = exponent(found, above, below)
    again = [ratio(record, "backward, LU stored", "backward, factorised again") for record in large]
    measured["LU stored/factorised again in time, n ≥ 500: mean"] = _mean(again)
    whole = [ratio(record, "forward and backward by jax", "forward") for record in large]
    measured["value and gradient by jax/forward in time, n ≥ 500: mean"] = _mean(whole)
    least = min((share(record, ("solve",)) for record in large), key=lambda e: e.value, default=Estimate(nan))
    measured["share of the factorisation in the forward pass, n ≥ 500: least"] = least
    least = min((share(record, ("solve", "outer")) for record in large), key=lambda e: e.value, default=Estimate(nan))
    measured["share of the factorisation in the backward pass that repeats it, n ≥ 500: least"] = least
    return measured


def _mean(ratios: Sequence[Estimate]) -> Estimate:
    return statistics.geometric_mean(ratios) if ratios else Estimate(nan)


def seconds(record: store.Record, name: str) -> np.ndarray:
    """Of each repeat."""
    return record.arrays["seconds"][record.meta["work"].index(name)]


def ratio(record: store.Record, above: str, below: str) -> Estimate:
    """Median over repeats of one time over another."""
    return _median(seconds(record, above) / seconds(record, below), record)


def share(record: store.Record, others: Sequence[str]) -> Estimate:
    """Median over repeats of factorisation/(factorisation + others)."""
    factor = seconds(record, "factor")
    return _median(factor / (factor + sum(seconds(record, name) for name in others)), record)


def _median(values: np.ndarray, record: store.Record) -> Estimate:
    return statistics.median(values, np.random.default_rng(record.meta["n"]))


def exponent(found: Sequence[store.Record], above: str, below: str) -> Estimate:
    """Of the ratio in n, from n = 100 on; nan for fewer than four sizes. Wider of bootstrap and residuals."""
    kept = [record for record in found if record.meta["n"] >= RANGE]
    try:
        fit = statistics.power_law([r.meta["n"] for r in kept], [ratio(r, above, below) for r in kept]).slope
    except ValueError:
        return Estimate(nan)
    half = 1.96 * fit.stderr
    return fit._replace(low=min(fit.low, fit.value - half), high=max(fit.high, fit.value + half))


def rows(found: Sequence[store.Record]) -> list[dict[str, Any]]:
    """A line for each size and pass: median and quartiles of seconds, the ratio to the forward pass, operations."""
    lines = []
    for record in found:
        n, counted = record.meta["n"], record.meta["operations"]
        for name in record.meta["work"]:
            below = "SciPy: forward" if name.startswith("SciPy") else "forward"
            low, middle, high = np.quantile(seconds(record, name), [0.25, 0.5, 0.75])
            value = ratio(record, name, below)
            lines.append(
                {"n": n, "pass": name, "seconds": float(middle), "seconds_25": float(low), "seconds_75": float(high)}
                | {"ratio": value.value, "ratio_low": value.low, "ratio_high": value.high}
                | {"operations": counted[name], "operations_ratio": counted[name] / counted["forward"]}
            )
    return lines


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    sizes = list(dict.fromkeys(line["n"] for line in lines))
    names = [
        name for name in dict.fromkeys(line["pass"] for line in lines) if name not in ("forward", "SciPy: forward")
    ]
    of = {(line["pass"], line["n"]): line for line in lines}
    body = [
        [name, kind, *(tables.significant(float(of[name, n][key]), 2) for n in sizes)]
        for name in names
        for kind, key in (("time", "ratio"), ("operations", "operations_ratio"))
    ]
    note = (
        "Divided by the forward pass (factorise and solve), of SciPy where it says so; median of the repeats' ratios."
    )
    header = ["", "", *(f"n = {n}" for n in sizes)]
    body = [[line[0] if i % 2 == 0 else "", *line[1:]] for i, line in enumerate(body)]
    return [tables.Table("What the parts of a linear system's passes cost", note, header, body, 2)]
