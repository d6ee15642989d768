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
from zobench.report import files
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


class Law(NamedTuple):
    """A law fitted to the cells of a rule: its constant a, the relative residual, AICc and the share of resamples won.

    `wins` counts the laws without free exponents among themselves.
    """

    name: str
    constant: Estimate
    residual: float
    aicc: float
    wins: float


class Contest(NamedTuple):
    """All laws for one rule, the best first; the exponents p of n and s of r + 2, and a, of the law that frees both."""

    rule: str
    points: list[Point]
    laws: list[Law]
    p: Estimate
    s: Estimate
    a: Estimate

    def aicc(self, name: str) -> float:
        """AICc of a law; nan where there are too few cells."""
        return next((law.aicc for law in self.laws if law.name == name), nan)


def contests(found: Sequence[Point]) -> list[Contest]:
    """A contest for each rule; without laws where fewer than six cells arrived."""
    arrived = {rule: [p for p in found if p.rule == rule and np.isfinite(p.time.value)] for rule in RULES}
    return [contest(rule, arrived[rule]) for rule in RULES if any(point.rule == rule for point in found)]


def contest(rule: str, points: Sequence[Point]) -> Contest:
    """The laws on the points of one rule; each resample draws the seeds of each cell again."""
    nothing = Contest(rule, list(points), [], Estimate(nan), Estimate(nan), Estimate(nan))
    kinds = [{(p.n, p.r) for p in points}, {p.n for p in points}, {p.r for p in points}]
    if any(len(kind) < least for kind, least in zip(kinds, (LEAST_CELLS, 2, 2), strict=True)):
        return nothing
    n, r = np.array([p.n for p in points], float), np.array([p.r for p in points])
    y = np.log([p.ratio.value for p in points])
    runs = min(p.time.runs for p in points)
    drawn = _draws(points)
    laws = [_fixed(name, g(n, r), y, drawn, runs) for name, g in LAWS.items()]
    design = np.stack([np.ones_like(n), np.log(n), np.log(r + 2)], axis=1)
    solve = np.linalg.pinv(design)
    free, resampled = solve @ y, solve @ drawn
    rss = float(np.sum((y - design @ free) ** 2))
    errors = np.sqrt(rss / (len(y) - 3) * np.diag(np.linalg.inv(design.T @ design)))
    a, p, s = (_estimate(free[i], resampled[i], runs, errors[i], len(y) - 3) for i in range(3))
    a = _exponential(a)
    won = _won(n, r, drawn)
    laws = [law._replace(wins=won[i]) for i, law in enumerate(laws)]
    laws.append(Law(FREE, a, float(np.sqrt(rss / len(y))), aicc(rss, len(y), 4), nan))
    return Contest(rule, list(points), sorted(laws, key=lambda law: law.aicc), p, s, a)


def aicc(rss: float, cells: int, constants: int) -> float:
    """AICc of a least-squares fit; `constants` counts the variance. inf where there are too few cells."""
    if cells - constants - 1 <= 0:
        return inf
    correction = 2 * constants * (constants + 1) / (cells - constants - 1)
    return cells * log(max(rss, NO_RESIDUAL) / cells) + 2 * constants + correction


def support(difference: float) -> str:
    """What a difference of AICc from the best law leaves (Burnham & Anderson 2002, section 2.6)."""
    return "as good" if difference <= 2 else "some" if difference < 4 else "little" if difference < 10 else "none"


def _fixed(name: str, g: np.ndarray, y: np.ndarray, drawn: np.ndarray, runs: int) -> Law:
    off = y - np.log(g)
    rss = float(np.sum((off - off.mean()) ** 2))
    error = sqrt(rss / (y.size - 1) / y.size)
    mean = _estimate(float(off.mean()), (drawn - np.log(g)[:, None]).mean(axis=0), runs, error, y.size - 1)
    constant = _exponential(mean)
    return Law(name, constant, float(np.sqrt(rss / y.size)), aicc(rss, y.size, 2), nan)


def _draws(points: Sequence[Point]) -> np.ndarray:
    """ln ρ resampled, [cells, resamples]; no columns where a cell ran once, or a resample did not arrive."""
    each = [statistics.log_draws(p.ratio) for p in points]
    if not all(part.size for part in each):
        return np.empty((len(points), 0))
    together = np.array(each)
    return together[:, np.isfinite(together).all(axis=0)]


def _estimate(value: float, drawn: np.ndarray, runs: int, error: float, free: int) -> Estimate:
    """The interval of the seeds, and Student's of what the cells scatter about the law."""
    half = float(stdtrit(free, 0.975)) * float(error)
    low, high = statistics.hull([value - half, value + half, *statistics.interval(drawn, runs)])
    return Estimate(float(value), low, high, drawn, float(error), runs)


def _exponential(of: Estimate) -> Estimate:
    value, low, high = np.exp(of[:3]).tolist()
    return Estimate(value, low, high, np.exp(of.draws), runs=of.runs)


def _won(n: np.ndarray, r: np.ndarray, drawn: np.ndarray) -> list[float]:
    """The share of resamples in which each law leaves the least residual: with the same constants, the least AICc."""
    if drawn.shape[1] == 0:
        return [nan] * len(LAWS)
    off = [drawn - np.log(g(n, r))[:, None] for g in LAWS.values()]
    best = np.argmin([part.var(axis=0) for part in off], axis=0)
    return [float(np.mean(best == i)) for i in range(len(LAWS))]


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """table.csv: one line a rule and law, the best first; the free law with its exponents."""
    all_contests = contests(found)
    lines = [_row(one, law) for one in all_contests for law in one.laws]
    return lines or [{"rule": one.rule, "law": "", "cells": len(one.points)} for one in all_contests]


def _row(one: Contest, law: Law) -> dict[str, Any]:
    p, s = (one.p, one.s) if law.name == FREE else (Estimate(nan), Estimate(nan))
    above = law.aicc - one.laws[0].aicc
    return {
        "rule": one.rule,
        "law": law.name,
        "cells": len(one.points),
        "aicc": law.aicc,
        "aicc_above_best": above,
        **files.ends("a", law.constant),
        "relative_residual": law.residual,
        "share_of_resamples_won": law.wins,
        "support": support(above),
        **files.ends("p", p),
        **files.ends("s", s),
    }


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Exponents, constants and AICc differences by name."""
    named: dict[str, Estimate] = {}
    for one in contests(found):
        name = f"{one.rule} step"
        named |= {f"{name}: exponent of n at fixed r": one.p, f"{name}: exponent of r + 2 at fixed n": one.s}
        for first, second in (("n", "r + 2"), ("n(r+2)/(n+2)", "n"), ("n(r+2)/(n+2)", "r + 2"), ("r + 2", "r")):
            named[f"{name}: AICc of {first} less that of {second}"] = Estimate(one.aicc(first) - one.aicc(second))
        named |= {
            f"{name}: slowdown over {law.name}": law.constant for law in one.laws if law.name in ("n", "n(r+2)/(n+2)")
        }
    return named
