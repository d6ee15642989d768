"""experiment=trace_estimation: Hutchinson's estimate of a network's Hessian trace, its variance, Hutch++, times."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics, store
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

EXPERIMENT = "trace_estimation"
FILES = page.names("trace", "hutch")
KINDS = ("rademacher", "gaussian", "sphere", "coordinate")
MATRICES = ("decaying", "flat", "network")
WAYS = {"hutchinson": "Hutchinson", "hutch_plus_plus": "Hutch++"}
FEW, MANY, COUNTS = 10, 1000, 30  # the lecture's V, and how many of them

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.trace_estimation import figures

    record = page.read(records)[0]
    files.write_csv(folder / "table.csv", rows(record))
    page.write(folder, EXPERIMENT, records, rows(record), summary(folder), measures(records))
    figures.draw(record, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Bias and variance of each kind of probe, errors against V and against products, ratios of times.

    Of the first record: another seed is another network, with another trace.
    """
    record = page.read(records)[0]
    exact = float(record.arrays["exact"])
    measured = {}
    for kind in KINDS:
        forms = record.arrays[f"forms/{kind}"]
        measured[f"bias of {kind} probes, in standard errors"] = Estimate(bias(forms, exact))
        measured[f"variance of {kind} probes/closed form"] = variance_ratio(record, kind)
    forms = record.arrays["forms/rademacher"]
    measured["error of V Rademacher probes: exponent in V"] = exponent(forms, exact)
    measured |= _spreads(forms, exact)
    measured["vᵀHv by products/by the Hessian: largest difference, of the trace"] = Estimate(
        float(record.arrays["hvp_difference"])
    )
    for matrix in MATRICES:
        for way, name in WAYS.items():
            measured[f"{name}, {matrix} spectrum: exponent of the error in the products"] = _decay(record, way, matrix)
        measured[f"Hutch++/Hutchinson, {matrix} spectrum: error at the most products"] = gain(record, matrix)
    return measured | _times(record)


def bias(forms: np.ndarray, exact: float) -> float:
    """(mean − trace)/(standard error) of all probes together."""
    return float((forms.mean() - exact) / np.sqrt(forms.var(ddof=1) / forms.size))


def variance_ratio(record: store.Record, kind: str) -> Estimate:
    """Sample variance over the closed form, runs resampled."""
    forms, closed = record.arrays[f"forms/{kind}"], record.meta["variances"][kind]
    squares = (forms - forms.mean()) ** 2
    draws = squares.mean(axis=1)[_chosen(len(forms))].mean(axis=1) / closed
    return _estimate(float(forms.var(ddof=1)) / closed, draws, len(forms))


def _chosen(runs: int) -> np.ndarray:
    return statistics.resamples(runs, np.random.default_rng(0))


def _estimate(value: float, draws: np.ndarray, runs: int) -> Estimate:
    return Estimate(value, *statistics.interval(draws, runs), draws, nan, runs)


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


def exponent(forms: np.ndarray, exact: float) -> Estimate:
    """Of the root mean squared error in V; runs resampled. Weights 1/V: so many disjoint averages a run has."""
    squares, v = squared_errors(forms, exact), counts(forms.shape[1])
    x = np.log(v) - np.average(np.log(v), weights=1 / v)
    solve = x / v / np.sum(x**2 / v)
    draws = np.log(squares[_chosen(len(forms))].mean(axis=1)) @ solve / 2
    return _estimate(float(np.log(squares.mean(axis=0)) @ solve / 2), draws, len(forms))


def _spreads(forms: np.ndarray, exact: float) -> dict[str, Estimate]:
    """Where the lecture's figure begins and ends; nan for fewer probes than it has."""
    names = ("spread at V = 10/spread at V = 1000", "spread of the runs at V = 1000, of the trace",
             "an average of 1000 probes: least relative error over the runs")  # fmt: skip
    if forms.shape[1] < MANY:
        return dict.fromkeys(names, Estimate(nan))
    squares, chosen = squared_errors(forms, exact), _chosen(len(forms))
    roots = np.sqrt(squares.mean(axis=0))
    draws = np.sqrt(squares[chosen].mean(axis=1))
    last = np.abs(forms[:, :MANY].mean(axis=1) - exact) / abs(exact)
    return {
        names[0]: _estimate(float(roots[0] / roots[-1]), draws[:, 0] / draws[:, -1], len(forms)),
        names[1]: _estimate(float(roots[-1] / abs(exact)), draws[:, -1] / abs(exact), len(forms)),
        names[2]: Estimate(float(last.min())),
    }


def errors(record: store.Record, way: str, matrix: str) -> list[Estimate]:
    """Root mean squared relative error at each number of products, trials resampled."""
    exact = float(record.arrays[f"trace/{matrix}"])
    found = []
    for values in record.arrays[f"{way}/{matrix}"]:
        squares = ((values - exact) / exact) ** 2
        draws = np.sqrt(squares[_chosen(len(squares))].mean(axis=1))
        found.append(_estimate(float(np.sqrt(squares.mean())), draws, len(squares)))
    return found


def _decay(record: store.Record, way: str, matrix: str) -> Estimate:
    try:
        return statistics.power_law(record.arrays["products"].tolist(), errors(record, way, matrix)).slope
    except ValueError:
        return Estimate(nan)


def gain(record: store.Record, matrix: str) -> Estimate:
    """Error of Hutch++ over that of Hutchinson's estimator at the largest number of products."""
    above, below = (errors(record, way, matrix)[-1] for way in ("hutch_plus_plus", "hutchinson"))
    turned = below.draws[np.random.default_rng(1).permutation(below.draws.size)]  # the trials are independent
    return _estimate(above.value / below.value, above.draws / turned, above.runs)


def _times(record: store.Record) -> dict[str, Estimate]:
    """A Python loop, and one product at a time in a compiled loop, over the products vectorised by 10 or 20."""
    sizes = record.meta["config"]["study"]["at_a_time"]
    found = {}
    for size in (10, 20):
        for row, name in ((0, "a loop in Python"), (1 + sizes.index(1) if 1 in sizes else -1, "a compiled loop")):
            known = size in sizes and row >= 0
            value = time_ratio(record, row, 1 + sizes.index(size)) if known else Estimate(nan)
            found[f"time of {name}/vectorised by {size}"] = value
    return found


def time_ratio(record: store.Record, above: int, below: int) -> Estimate:
    """Median over repeats of one time over another."""
    seconds = record.arrays["seconds"]
    return statistics.median(seconds[above] / seconds[below], np.random.default_rng(below))


def rows(record: store.Record) -> list[dict[str, Any]]:
    """A line for each kind of probe, for each matrix, way and number of products, and for each timed batch."""
    exact, meta = float(record.arrays["exact"]), record.meta
    lines: list[dict[str, Any]] = []
    for kind in KINDS:
        forms, ratio = record.arrays[f"forms/{kind}"], variance_ratio(record, kind)
        line = {"kind": "probes", "name": kind, "trace": exact, "estimate": float(forms.mean())}
        line |= {"stderr": float(np.sqrt(forms.var(ddof=1) / forms.size)), "variance": float(forms.var(ddof=1))}
        lines.append(line | {"closed_form": meta["variances"][kind], "ratio": ratio.value, "low": ratio.low}
                     | {"high": ratio.high})  # fmt: skip
    for matrix in MATRICES:
        for way, name in WAYS.items():
            for m, error in zip(record.arrays["products"], errors(record, way, matrix), strict=True):
                line = {"kind": "error", "name": name, "matrix": matrix, "products": int(m), "ratio": error.value}
                lines.append(line | {"low": error.low, "high": error.high})
    names = ["a loop in Python", *(f"{size} at a time" for size in meta["config"]["study"]["at_a_time"])]
    for i, name in enumerate(names):
        low, middle, high = np.quantile(record.arrays["seconds"][i], [0.25, 0.5, 0.75])
        line = {"kind": "time", "name": name, "seconds": float(middle), "seconds_25": float(low)}
        ratio = time_ratio(record, 0, i)
        lines.append(line | {"seconds_75": float(high), "ratio": ratio.value, "low": ratio.low, "high": ratio.high})
    return [{**dict.fromkeys(_COLUMNS), **line} for line in lines]


_COLUMNS = (
    "kind", "name", "matrix", "products", "trace", "estimate", "stderr", "variance", "closed_form", "ratio", "low",
    "high", "seconds", "seconds_25", "seconds_75",
)  # fmt: skip


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    probes = [line for line in lines if line["kind"] == "probes"]
    keys = ("estimate", "stderr", "variance", "closed_form", "ratio")
    body = [[line["name"], *(_text(line[key], 4) for key in keys)] for line in probes]
    note = f"The trace is {_text(probes[0]['trace'], 5)}. Variance of one probe, by sample and by closed form."
    header = ["probes", "estimate", "its standard error", "variance", "closed form", "ratio"]
    shown = [tables.Table("The trace of the Hessian of a network", note, header, body)]
    found = [line for line in lines if line["kind"] == "error"]
    products = list(dict.fromkeys(line["products"] for line in found))
    of = {(line["matrix"], line["name"], line["products"]): line["ratio"] for line in found}
    body = [
        [matrix if i == 0 else "", name, *(_text(of[matrix, name, m], 2) for m in products)]
        for matrix in MATRICES
        for i, name in enumerate(WAYS.values())
    ]
    note = "Root mean squared relative error at so many products with the matrix, Rademacher probes."
    shown.append(tables.Table("Hutch++ against Hutchinson", note, ["", "products", *products], body, 2))
    timed = [line for line in lines if line["kind"] == "time"]
    body = [[line["name"], _text(line["ratio"], 3)] for line in timed]
    note = "Time of a loop in Python over the time of the same products, so many vectorised; median of the repeats."
    return [*shown, tables.Table("Vectorised Hessian-vector products", note, ["products", "speed"], body)]


def _text(value: str, digits: int) -> str:
    return tables.significant(float(value), digits) if value else ""
