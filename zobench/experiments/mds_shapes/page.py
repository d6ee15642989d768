"""experiment=mds_shapes: maps of more points in more dimensions, with and without gradients."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("shapes")
WAYS = ("gradient", "two points, 1/(nL)", "two points, trace")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.mds_shapes import figures

    found = read(records)
    lines = [row(record, name) for record in found for name in WAYS]
    writing.write_csv(folder / "table.csv", lines)
    page.write(folder, "mds_shapes", records, lines, summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records by dimension of the map, then by points."""
    return sorted(page.read(records), key=lambda record: shape(record)[::-1])


def shape(record: Record) -> tuple[int, int]:
    """N, p."""
    study = record.meta["config"]["study"]
    return study["points"], study["embedding"]


def calls(record: Record, name: str) -> Estimate:
    """Median oracle calls to the target; inf where half of the runs do not arrive within the work."""
    met = record.arrays[f"{name}/f"] <= record.meta["target"]
    hits = np.where(met.any(axis=1), record.arrays[f"{name}/calls"][np.argmax(met, axis=1)], inf)
    return statistics.median(hits, np.random.default_rng(record.meta["n"]))


def ratio(record: Record, name: str) -> Estimate:
    """Iterations over those of gradient descent: half of the calls."""
    gd = calls(record, "gradient").value
    return calls(record, name).times(0.5 / gd) if np.isfinite(gd) else Estimate(nan)


def left(record: Record, name: str) -> float:
    """f/f(x0) when as many calls are made as gradient descent needs, median over runs."""
    paid = calls(record, "gradient").value
    at = int(np.searchsorted(record.arrays[f"{name}/calls"], paid, side="right")) - 1
    f = record.arrays[f"{name}/f"]
    return float(np.median(f[:, at]) / f[0, 0]) if np.isfinite(paid) else nan


def row(record: Record, name: str) -> dict[str, Any]:
    """One line of table.csv."""
    N, p = shape(record)
    found, paid = calls(record, name), ratio(record, name) if name != "gradient" else Estimate(nan)
    return {
        "points": N,
        "embedding": p,
        "n": record.meta["n"],
        "r": record.meta["r"],
        "n_over_p_plus_2": record.meta["n"] / (p + 2),
        "method": name,
        "calls": found.value,
        "calls_low": found.low,
        "calls_high": found.high,
        "budget": record.meta["methods"][name]["most"],
        "iterations_over_gd": paid.value,
        "iterations_over_gd_low": paid.low,
        "iterations_over_gd_high": paid.high,
        "left_at_calls_of_gd": left(record, name),
    }


def summary(folder: Path) -> list[tables.Table]:
    """A line a shape."""
    lines = writing.read_csv(folder / "table.csv")
    body, last = [], ""
    for place in dict.fromkeys((line["embedding"], line["points"]) for line in lines):
        own = {line["method"]: line for line in lines if (line["embedding"], line["points"]) == place}
        gd, theory, trace = (own[name] for name in WAYS)
        title = f"{place[0]} dimensions"
        cells = [f"{place[1]} points", gd["n"], tables.significant(float(gd["r"])), _calls(gd)]
        for line in (theory, trace):
            cells += [_calls(line), tables.significant(float(line["iterations_over_gd"] or nan))]
        body.append(
            [title if title != last else "", *cells, tables.significant(float(trace["left_at_calls_of_gd"] or nan))]
        )
        last = title
    header = ["", "points", "n", "r", "calls: GD", "calls: 1/(nL)", "K/K_GD: 1/(nL)", "calls: trace", "K/K_GD: trace"]
    note = "Oracle calls to the target, median over runs; K: iterations, of two values each. GD: gradient descent with "
    note += "1/L. Last column: f/f(x0) of the trace-aware step after as many calls as gradient descent needs."
    return [tables.Table("Maps of more points in more dimensions", note, [*header, "f/f(x0)"], body, 2)]


def _calls(line: dict[str, str]) -> str:
    value = float(line["calls"])
    return f"{value:.0f}" if np.isfinite(value) else f"> {int(line['budget'])}"


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Slopes in n of all shapes together, and the ratio over n and over r + 2; nan where too few arrive."""
    found = read(records)
    measured = {"gradient: slope of calls in n": _slope(found, [calls(record, "gradient") for record in found])}
    for name in WAYS[1:]:
        paid = [ratio(record, name) for record in found]
        unit = [r.meta["n"] if name == WAYS[1] else r.meta["r"] + 2 for r in found]
        measured[f"{name}: slope of iterations over those of gradient descent in n"] = _slope(found, paid)
        measured[f"{name}: slope of calls in n"] = _slope(found, [calls(record, name) for record in found])
        scaled = [p.times(1 / u) for p, u in zip(paid, unit, strict=True) if np.isfinite(p.value)]
        words = "n" if name == WAYS[1] else "r+2"
        measured[f"{name}: iterations over those of gradient descent over {words}"] = (
            statistics.geometric_mean(scaled) if scaled else Estimate(nan)
        )
    measured["two points, trace: slope of iterations over those of gradient descent in r+2"] = _power(
        [record.meta["r"] + 2 for record in found], [ratio(record, WAYS[2]) for record in found]
    )
    rank = [Estimate(r.meta["r"] / (r.meta["n"] / (shape(r)[1] + 2))) for r in found]
    measured["r over n/(p+2)"] = statistics.geometric_mean(rank)
    measured["least share of f(x0) left without gradients at the calls of gradient descent"] = Estimate(
        min((left(record, WAYS[2]) for record in found), default=nan)
    )
    return measured


def _slope(records: Sequence[Record], values: Sequence[Estimate]) -> Estimate:
    return _power([record.meta["n"] for record in records], values)


def _power(size: Sequence[float], values: Sequence[Estimate]) -> Estimate:
    """The exponent of a power law; nan where fewer than four sizes have arrived."""
    try:
        return statistics.power_law(size, values).slope
    except ValueError:
        return Estimate(nan)
