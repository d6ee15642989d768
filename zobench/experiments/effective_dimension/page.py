"""The slowdown against n and against r = tr(H)/L: which law describes it, by an information criterion.

A law is ln ρ = ln a + ln g(n, r), a free. AICc = N ln(RSS/N) + 2k + 2k(k+1)/(N−k−1) (Hurvich & Tsai 1989) on the N
cells of a step rule, k the free constants and the residual variance. The law of least AICc describes the cells best;
laws within 2 of it are as good, a difference of 4 to 7 leaves considerably less support and one of 10 essentially none
(Burnham & Anderson 2002). It ranks the laws that are tried: all of them may be wrong, as their residuals say.
"""

from collections.abc import Callable, Sequence
from math import inf, log, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

from zobench import statistics
from zobench.report import files, ratios, tables
from zobench.report.page import Experiment
from zobench.report.ratios import Point
from zobench.report.records import RULES
from zobench.statistics import Estimate

LEAST_CELLS = 6  # AICc of the free law, with its four constants, needs N > 5
FREE = "a n^p (r+2)^s"
NO_RESIDUAL = 1e-24  # a law that fits to rounding

LAWS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "n": lambda n, r: n,
    "n + 2": lambda n, r: n + 2,
    "r": lambda n, r: r,
    "r + 2": lambda n, r: r + 2,
    "n(r+2)/(n+2)": lambda n, r: n * (r + 2) / (n + 2),
    "sqrt(n(r+2))": lambda n, r: np.sqrt(n * (r + 2)),
    "1": lambda n, r: np.ones_like(n),
}
PAIRS = (("n", "r + 2"), ("n(r+2)/(n+2)", "n"), ("n(r+2)/(n+2)", "r + 2"), ("r + 2", "r"))  # compared by AICc


class Law(NamedTuple):
    """A law fitted to the cells of a rule: its constant a, the relative residual, AICc and the share of resamples won.

    `wins` counts the laws without free exponents among themselves. p and s: the exponents of n and of r + 2 of the law
    that frees both.
    """

    name: str
    cells: int
    constant: Estimate
    residual: float
    aicc: float
    wins: float = nan
    p: Estimate = Estimate(nan)
    s: Estimate = Estimate(nan)
    above_best: float = 0.0


def contests(found: Sequence[Point]) -> dict[str, dict[str, Law]]:
    """The laws by rule and name, the best first; none where fewer than six cells arrived."""
    rules = [rule for rule in RULES if any(point.rule == rule for point in found)]
    return {rule: contest(_arrived(found, rule)) for rule in rules}


def _arrived(found: Sequence[Point], rule: str) -> list[Point]:
    return [point for point in found if point.rule == rule and np.isfinite(point.time.value)]


def contest(points: Sequence[Point]) -> dict[str, Law]:
    """The laws on the points of one rule; each resample draws the seeds of each cell again."""
    n, r = np.array([p.n for p in points], float), np.array([p.r for p in points])
    if len({*zip(n, r, strict=True)}) < LEAST_CELLS or len({*n}) < 2 or len({*r}) < 2:
        return {}
    y, runs, N = np.log([p.ratio.value for p in points]), min(p.time.runs for p in points), len(points)
    drawn = _draws(points)
    off = {name: drawn - np.log(g(n, r))[:, None] for name, g in LAWS.items()}
    best = np.argmin([part.var(axis=0) for part in off.values()], axis=0)  # of the same constants: least AICc
    laws = []
    for i, (name, g) in enumerate(LAWS.items()):
        (a,), rss = _fit(np.ones((N, 1)), y - np.log(g(n, r)), off[name], runs)
        wins = float(np.mean(best == i)) if best.size else nan
        laws.append(Law(name, N, _exponential(a), sqrt(rss / N), aicc(rss, N, 2), wins))
    (a, p, s), rss = _fit(np.stack([np.ones_like(n), np.log(n), np.log(r + 2)], axis=1), y, drawn, runs)
    laws.append(Law(FREE, N, _exponential(a), sqrt(rss / N), aicc(rss, N, 4), p=p, s=s))
    least = min(law.aicc for law in laws)
    return {law.name: law._replace(above_best=law.aicc - least) for law in sorted(laws, key=lambda law: law.aicc)}


def aicc(rss: float, cells: int, constants: int) -> float:
    """AICc of a least-squares fit; `constants` counts the variance. inf where there are too few cells."""
    if cells - constants - 1 <= 0:
        return inf
    correction = 2 * constants * (constants + 1) / (cells - constants - 1)
    return cells * log(max(rss, NO_RESIDUAL) / cells) + 2 * constants + correction


def support(difference: float) -> str:
    """What a difference of AICc from the best law leaves (Burnham & Anderson 2002, section 2.6)."""
    return "as good" if difference <= 2 else "some" if difference < 4 else "little" if difference < 10 else "none"


def _fit(design: np.ndarray, y: np.ndarray, drawn: np.ndarray, runs: int) -> tuple[list[Estimate], float]:
    """Least squares: the constants, with the interval of the seeds and Student's of the scatter about the law; RSS."""
    solve, free = np.linalg.pinv(design), y.size - design.shape[1]
    values, resampled = solve @ y, solve @ drawn
    rss = float(np.sum((y - design @ values) ** 2))
    errors = np.sqrt(rss / free * np.diag(np.linalg.inv(design.T @ design)))
    found = []
    for value, draws, error in zip(values.tolist(), resampled, errors.tolist(), strict=True):
        half = float(stdtrit(free, 0.975)) * error
        ends = statistics.hull([value - half, value + half, *statistics.interval(draws, runs)])
        found.append(Estimate(value, *ends, draws, error, runs))
    return found, rss


def _draws(points: Sequence[Point]) -> np.ndarray:
    """ln ρ resampled, [cells, resamples]; no columns where a cell ran once, or a resample did not arrive."""
    each = [statistics.log_draws(p.ratio) for p in points]
    if not all(part.size for part in each):
        return np.empty((len(points), 0))
    together = np.array(each)
    return together[:, np.isfinite(together).all(axis=0)]


def _exponential(of: Estimate) -> Estimate:
    value, low, high = np.exp(of[:3]).tolist()
    return Estimate(value, low, high, np.exp(of.draws), runs=of.runs)


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """A line a rule and law, the best first; the free law with its exponents."""
    made = contests(found)
    lines = [
        {
            "rule": rule,
            "law": law.name,
            "cells": law.cells,
            "aicc": law.aicc,
            "aicc_above_best": law.above_best,
            **files.ends("a", law.constant),
            "relative_residual": law.residual,
            "share_of_resamples_won": law.wins,
            "support": support(law.above_best),
            **files.ends("p", law.p),
            **files.ends("s", law.s),
        }
        for rule, laws in made.items()
        for law in laws.values()
    ]
    return lines or [{"rule": rule, "law": "", "cells": len(_arrived(found, rule))} for rule in made]


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Exponents, constants and AICc differences by name."""
    named: dict[str, Estimate] = {}
    for rule, laws in contests(found).items():
        if laws:
            named[f"{rule} step: exponent of n at fixed r"] = laws[FREE].p
            named[f"{rule} step: exponent of r + 2 at fixed n"] = laws[FREE].s
            for first, second in PAIRS:
                less = Estimate(laws[first].aicc - laws[second].aicc)
                named[f"{rule} step: AICc of {first} less that of {second}"] = less
            for name in ("n", "n(r+2)/(n+2)"):
                named[f"{rule} step: slowdown over {name}"] = laws[name].constant
    return named


def shown(rows: Sequence[tables.Row], cells: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each rule."""
    p, s = (tables.fixed(name) for name in "ps")
    columns: dict[str, tables.Cell] = {
        "step": lambda row: f"{row['rule']} step",
        "law, the best first": lambda row: f"a n^{p(row)} (r+2)^{s(row)}" if row["p"] else row["law"],
        "a": tables.spread("a", shown=lambda x: tables.number(x, 3)),
        "residual": _percent("relative_residual", 1),
        "AICc above best": tables.fixed("aicc_above_best", 1),
        "support": "support",
        "resamples won": _percent("share_of_resamples_won", 0),
    }
    if not all(row["law"] for row in rows):
        few: dict[str, tables.Cell] = {"law, the best first": lambda row: f"{row['cells']} cells are too few"}
        columns = dict.fromkeys(columns, "law") | {"step": columns["step"]} | few
    note = "Laws for K/K_GD, each with a free constant a [95 % interval: seeds and misfit], on all cells of a rule. "
    note += "Residual: rms of ln K, left out by the law. Support: as good (AICc within 2 of the best), some (4), "
    note += "little (10), none. Resamples won: of the seeds, of laws without free exponents; the cells stay the same."
    return [tables.table("What the slowdown follows", note, rows, columns, words=2)]


def _percent(column: str, digits: int) -> tables.Cell:
    return lambda row: f"{100 * float(row[column]):.{digits}f} %" if row[column] else ""


EXPERIMENT = Experiment(
    question="Is it the dimension n or the effective dimension tr(H)/L that the slowdown follows?",
    read=ratios.read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("effective_dimension",),
    more={"cells.csv": ratios.cells},
)
