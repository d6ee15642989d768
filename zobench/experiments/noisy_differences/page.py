"""Shares of cases in which an interval is nearly as good as any, its price, shares of problems that are solved."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zobench import statistics
from zobench.experiments.noisy_differences import intervals, races
from zobench.report import files, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded, spread
from zobench.statistics import Estimate
from zobench.store import Record

WITHIN = 3.0  # times the least error
ACCURACY = {0.0: 1e-5, 1e-5: 1e-3, 1e-2: 1e-1}  # f ≤ f_L + τ (f(x0) − f_L), by noise


def shared(sample: Sequence[float] | np.ndarray) -> Estimate:
    """A mean over problems with its bootstrap interval, the same resamples for all of one count."""
    x = np.asarray(sample, float)
    if not x.size:
        return Estimate(np.nan)
    draws = x[statistics.resamples(len(x), np.random.default_rng(len(x)))].mean(axis=1)
    return Estimate(float(x.mean()), *statistics.interval(draws, len(x)), draws, runs=len(x))


def reliable(found: Sequence[Record], way: str, level: int | None = None) -> np.ndarray:
    """The share of a problem's lines (and levels, unless one is named) with an error within 3 times the least."""
    parts = [record.arrays[f"interval/{way}/error"] for record in found]
    return np.array([((part if level is None else part[level]) <= WITHIN).mean() for part in parts])


def asked(found: Sequence[Record], way: str, level: int | None = None) -> np.ndarray:
    """The mean number of values that an interval cost, of each problem."""
    parts = [record.arrays[f"interval/{way}/asked"] for record in found]
    return np.array([(part if level is None else part[level]).mean() for part in parts])


def interval_rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each way and level of noise: the share, quantiles of the error over the least, values asked."""
    rows = []
    for way in intervals.WAYS:
        for i, level in enumerate(found[0].meta["noise"]):
            error = np.concatenate([record.arrays[f"interval/{way}/error"][i] for record in found])
            rows.append({
                "way": way, "noise": level, "cases": len(error), **files.ends("share", shared(reliable(found, way, i))),
                "median": float(np.median(error)), "q90": float(np.quantile(error, 0.9, method="higher")),
                "worst": float(error.max()), **files.ends("asked", shared(asked(found, way, i))),
            })  # fmt: skip
    return rows


def hits(record: Record, level: float) -> dict[str, np.ndarray]:
    """Values until f ≤ f_L + τ (f(x0) − f_L) by way, [runs], inf: never; f_L the least that either way saw at all."""
    least = min(float(np.nanmin(part)) for name, part in record.arrays.items() if name.startswith("race/"))
    goal = least + ACCURACY[level] * (record.meta["start"] - least)
    found = {}
    for way in races.WAYS:
        there = record.arrays[f"race/{way}/{level:g}"] <= goal
        found[way] = np.where(there.any(axis=1), there.argmax(axis=1), np.inf)
    return found


def race(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each level of noise: values of both ways to its accuracy (median, inf: never), shares of runs."""
    for level in record.meta["races_noise"]:
        own = hits(record, level)
        line = {"instance": record.meta["config"]["problem"]["instance"], "n": record.meta["n"], "noise": level}
        for way in races.WAYS:
            line |= {way: float(np.median(own[way])), f"{way}_solved": float(np.isfinite(own[way]).mean())}
        yield line


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Shares of cases, values an interval, shares of problems solved by one way less the other, values over values."""
    named: dict[str, Estimate] = {}
    for way in intervals.WAYS:
        named[f"{way}: share of cases within 3 times the least error"] = shared(reliable(found, way))
        named[f"{way}: values an interval, mean"] = shared(asked(found, way))
    apart = reliable(found, "bisection, forward") - reliable(found, "second difference, forward")
    words = "forward: share of cases within 3 times the least error, bisection less second difference"
    named[words] = shared(apart)
    for level in found[0].meta["races_noise"]:
        rows = [row for record in found for row in race(record) if row["noise"] == level]
        less = shared([row["differences_solved"] - row["models_solved"] for row in rows])
        named[f"{_noise(level)}: share solved, differences less models"] = less
        ratios = [row["differences"] / row["models"] for row in rows if np.isfinite(row["differences"] + row["models"])]
        named[f"{_noise(level)}: values, differences over models, median"] = _median(ratios)
    return named


def _noise(level: float) -> str:
    return f"noise {level:g}" if level else "no noise"


def _median(sample: Sequence[float]) -> Estimate:
    if len(sample) < 2:
        return Estimate(np.nan)
    return statistics.median(np.array(sample), np.random.default_rng(len(sample)))


def solved(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each level: shares of problems solved by both ways, the difference, values over values."""
    rows, named = [row for record in found for row in race(record)], measures(found)
    lines = []
    for level in found[0].meta["races_noise"]:
        own = [row for row in rows if row["noise"] == level]
        line = {"noise": level, "accuracy": ACCURACY[level], "problems": len(own)}
        line |= {way: float(np.mean([row[f"{way}_solved"] for row in own])) for way in races.WAYS}
        less = named[f"{_noise(level)}: share solved, differences less models"]
        over = named[f"{_noise(level)}: values, differences over models, median"]
        lines.append(line | files.ends("less", less) | files.ends("over", over))
    return lines


def shown(rows, solved_rows, raced) -> list[tables.Table]:
    """Intervals by way and noise, races by noise."""
    return [
        tables.table("Intervals of differences", INTERVALS_NOTE, rows, INTERVALS, words=2),
        tables.table("Differences beside models", RACES_NOTE, solved_rows, RACES),
    ]


INTERVALS_NOTE = (
    "Error of the quotient at the interval found, over the least that any interval has: share of cases within 3 "
)
INTERVALS_NOTE += (
    "times [95 %, over problems], median, 90 % quantile, largest; values asked to find it. Noise over f(x0)."
)
RACES_NOTE = (
    "Share of problems solved to f ≤ f_L + τ (f(x0) − f_L) by L-BFGS with differences and by COBYQA, one less the "
)
RACES_NOTE += "other [95 %]; values of the one over the other's where both are there, median [95 %]."

INTERVALS: dict[str, tables.Cell] = {
    "way": "way", "noise": rounded("noise", 1), "within 3": spread("share"), "median": rounded("median"),
    "90 %": rounded("q90"), "largest": rounded("worst"), "values": spread("asked"),
}  # fmt: skip
RACES: dict[str, tables.Cell] = {
    "noise": rounded("noise", 1), "τ": rounded("accuracy", 1), "problems": "problems", "differences":
    rounded("differences", 2), "models": rounded("models", 2), "less": spread("less"), "values": spread("over"),
}  # fmt: skip


EXPERIMENT = Experiment(
    question="Does bisection find a difference's interval, and do differences keep up with models, under noise?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["config"]["problem"]["instance"]),
    rows=interval_rows,
    tables=shown,
    measures=measures,
    figures=("noisy_differences",),
    more={"solved.csv": solved, "races.csv": records.rows(race)},
)
