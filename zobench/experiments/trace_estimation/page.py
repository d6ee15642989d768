"""Hutchinson's estimate of a network's Hessian trace, its variance, Hutch++, and the time of vectorised products."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files, records, tables
from zobench.report.fitted import of_mean
from zobench.report.page import Experiment
from zobench.report.tables import rounded
from zobench.statistics import Estimate
from zobench.store import Record

KINDS = ("rademacher", "gaussian", "sphere", "coordinate")
MATRICES = ("decaying", "flat", "network")
WAYS = {"hutchinson": "Hutchinson", "hutch_plus_plus": "Hutch++"}
FEW, MANY, COUNTS = 10, 1000, 30  # the lecture's V, and how many of them


def read(paths: Sequence[Path]) -> Record:
    """The first record: another seed is another network, with another trace."""
    return records.ended(paths)[0]


def measures(record: Record) -> dict[str, Estimate]:
    """Bias and variance of each kind of probe, errors against V and against products, ratios of times."""
    a, exact = record.arrays, float(record.arrays["exact"])
    measured = {}
    for kind in KINDS:
        forms = a[f"forms/{kind}"]
        bias = (forms.mean() - exact) / np.sqrt(forms.var(ddof=1) / forms.size)
        measured[f"bias of {kind} probes, in standard errors"] = Estimate(float(bias))
        measured[f"variance of {kind} probes/closed form"] = variance_ratio(record, kind)
    measured |= _rademacher(a["forms/rademacher"], exact)
    difference = Estimate(float(a["hvp_difference"]))
    measured["vᵀHv by products/by the Hessian: largest difference, of the trace"] = difference
    for matrix in MATRICES:
        found = {name: errors(record, way, matrix) for way, name in WAYS.items()}
        for name, own in found.items():
            decay = statistics.exponent(a["products"].tolist(), own)
            measured[f"{name}, {matrix} spectrum: exponent of the error in the products"] = decay
        gain = _over(found["Hutch++"][-1], found["Hutchinson"][-1])
        measured[f"Hutch++/Hutchinson, {matrix} spectrum: error at the most products"] = gain
    return measured | _times(record)


def variance_ratio(record: Record, kind: str) -> Estimate:
    """Sample variance over the closed form, runs resampled."""
    forms, closed = record.arrays[f"forms/{kind}"], record.meta["variances"][kind]
    found = of_mean(((forms - forms.mean()) ** 2).mean(axis=1), lambda square: square / closed)
    return found._replace(value=float(forms.var(ddof=1)) / closed)


def counts(probes: int) -> np.ndarray:
    """V from 10 to 1000, evenly in the logarithm; no more than there are probes."""
    return np.unique(np.geomspace(min(FEW, probes), min(MANY, probes), COUNTS).round().astype(int))


def squared_errors(forms: np.ndarray, exact: float) -> np.ndarray:
    """Mean squared error of averages of V probes, [runs, V]: as many disjoint averages as a run has."""
    columns = []
    for v in counts(forms.shape[1]):
        groups = forms[:, : forms.shape[1] // v * v].reshape(len(forms), -1, v).mean(axis=2)
        columns.append(((groups - exact) ** 2).mean(axis=1))
    return np.stack(columns, axis=1)


def _rademacher(forms: np.ndarray, exact: float) -> dict[str, Estimate]:
    """The exponent of the error in V, weights 1/V: so many disjoint averages a run has; the ends of the figure."""
    squares, v = squared_errors(forms, exact), counts(forms.shape[1])
    x = np.log(v) - np.average(np.log(v), weights=1 / v)
    solve = x / v / np.sum(x**2 / v)
    exponent = of_mean(squares, lambda square: np.log(square) @ solve / 2)
    found = {"error of V Rademacher probes: exponent in V": exponent}
    if forms.shape[1] < MANY:
        return found
    least = np.abs(forms[:, :MANY].mean(axis=1) - exact).min() / abs(exact)
    return found | {
        "spread at V = 10/spread at V = 1000": of_mean(squares, lambda s: np.sqrt(s[..., 0] / s[..., -1])),
        "spread of the runs at V = 1000, of the trace": of_mean(squares[:, -1], lambda s: np.sqrt(s) / abs(exact)),
        "an average of 1000 probes: least relative error over the runs": Estimate(float(least)),
    }


def errors(record: Record, way: str, matrix: str) -> list[Estimate]:
    """Root mean squared relative error at each number of products, trials resampled."""
    exact = record.arrays[f"trace/{matrix}"]
    return [of_mean(((values - exact) / exact) ** 2, np.sqrt) for values in record.arrays[f"{way}/{matrix}"]]


def _over(above: Estimate, below: Estimate) -> Estimate:
    """The ratio of two errors of independent trials."""
    draws = above.draws / below.draws[np.random.default_rng(1).permutation(below.draws.size)]
    return Estimate(above.value / below.value, *statistics.interval(draws, above.runs), draws, runs=above.runs)


def _times(record: Record) -> dict[str, Estimate]:
    """A Python loop, and one product at a time in a compiled loop, over the products vectorised by 10 or 20."""
    rows = {size: 1 + i for i, size in enumerate(record.meta["config"]["study"]["at_a_time"])}
    loops = {"a loop in Python": 0} | ({"a compiled loop": rows[1]} if 1 in rows else {})
    return {
        f"time of {name}/vectorised by {size}": time_ratio(record, row, rows[size])
        for size in (10, 20)
        for name, row in loops.items()
        if size in rows
    }


def time_ratio(record: Record, above: int, below: int) -> Estimate:
    """Median over repeats of one time over another."""
    seconds = record.arrays["seconds"]
    return statistics.median(seconds[above] / seconds[below], np.random.default_rng(below))


def rows(record: Record) -> list[dict[str, Any]]:
    """A line for each kind of probe, for each matrix, way and number of products, and for each timed batch."""
    a, lines = record.arrays, []
    for kind in KINDS:
        forms = a[f"forms/{kind}"]
        variance = float(forms.var(ddof=1))
        line = {"kind": "probes", "name": kind, "matrix": None, "products": None, "trace": float(a["exact"])}
        line |= {"estimate": float(forms.mean()), "stderr": float(np.sqrt(variance / forms.size))}
        line |= {"variance": variance, "closed_form": record.meta["variances"][kind]}
        lines.append(line | _ratio(variance_ratio(record, kind)))
    for matrix in MATRICES:
        for way, name in WAYS.items():
            for m, error in zip(a["products"], errors(record, way, matrix), strict=True):
                line = {"kind": "error", "name": name, "matrix": matrix, "products": int(m)}
                lines.append(line | _ratio(error))
    names = ["a loop in Python", *(f"{size} at a time" for size in record.meta["config"]["study"]["at_a_time"])]
    for i, name in enumerate(names):
        low, middle, high = np.quantile(a["seconds"][i], [0.25, 0.5, 0.75]).tolist()
        line = {"kind": "time", "name": name, "seconds": middle, "seconds_25": low, "seconds_75": high}
        lines.append(line | _ratio(time_ratio(record, 0, i)))
    return files.aligned(lines)


def _ratio(found: Estimate) -> dict[str, float]:
    return {"ratio": found.value, "low": found.low, "high": found.high}


def summary(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """The probes, the errors, the times."""
    probes, found, timed = ([row for row in rows if row["kind"] == kind] for kind in ("probes", "error", "time"))
    heads = {"estimate": "estimate", "its standard error": "stderr", "variance": "variance"}
    heads |= {"closed form": "closed_form", "ratio": "ratio"}
    trace = rounded("trace", 5)(probes[0])
    note = f"The trace is {trace}. Variance of one probe, by sample and by closed form."
    columns = {"probes": "name"} | {head: rounded(column, 4) for head, column in heads.items()}
    shown = [tables.table("The trace of the Hessian of a network", note, probes, columns)]
    lines = [
        {"matrix": matrix, "name": name}
        | {row["products"]: row["ratio"] for row in found if (row["matrix"], row["name"]) == (matrix, name)}
        for matrix in MATRICES
        for name in WAYS.values()
    ]
    note = "Root mean squared relative error at so many products with the matrix, Rademacher probes."
    columns = {"": "matrix", "products": "name"} | {row["products"]: rounded(row["products"], 2) for row in found}
    shown.append(tables.table("Hutch++ against Hutchinson", note, lines, columns, words=2))
    note = "Time of a loop in Python over the time of the same products, so many vectorised; median of the repeats."
    columns = {"products": "name", "speed": rounded("ratio")}
    return [*shown, tables.table("Vectorised Hessian-vector products", note, timed, columns)]


EXPERIMENT = Experiment(
    question="How many products does the trace of a network's Hessian take, and which probes are the best?",
    read=read,
    rows=rows,
    tables=summary,
    measures=measures,
    figures=("trace", "hutch"),
)
