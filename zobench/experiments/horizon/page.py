"""What a target costs at dimensions that nobody can run: fitted laws with prediction intervals, held to what is known.

Two laws for the calls C(n): a free power, ln C = ln a + p ln n, and the form of the theory with one constant, C = a n
under the step 1/(nL) and C = a n(r+2)/(n+2) under the trace-aware one. A prediction is drawn again and again: the seeds
of each cell are resampled, the law is fitted, and the error of one more cell is added, a residual of the fit scaled by
√(N/(N−k)) (Davison & Hinkley 1997, section 6.3); its percentiles are expanded for the few cells.

What a prediction is held to: the largest dimensions, left out of the fit; and the exact recursion, which reaches any n
where the spectrum has few different eigenvalues. The recursion is of the mean and the fit is of medians.
"""

from collections.abc import Sequence
from math import inf, log10, nan, sqrt
from typing import Any, NamedTuple

import numpy as np

from zobench import recursion, statistics
from zobench.estimators import two_point
from zobench.report import files, ratios, tables
from zobench.report.page import Experiment
from zobench.report.ratios import Point
from zobench.statistics import POINTS_NEEDED, Estimate

FAR = {10**6: "10^6", 10**9: "10^9", 7 * 10**10: "7 10^10"}
FARTHEST = max(FAR)
LAWS = ("power", "theory")
RULES_HERE = ("theory", "trace")


class Series(NamedTuple):
    """A spectrum under one rule: its points by n."""

    spectrum: str
    rule: str
    points: list[Point]

    @property
    def K_GD(self) -> float:
        """Gradients that gradient descent asks, at the largest n."""
        return self.points[-1].K_GD


class Prediction(NamedTuple):
    """Calls at n by a law fitted to dimensions n_fit, with the 95 % prediction interval, and what is known there."""

    law: str
    n: int
    n_fit: tuple[int, ...]
    calls: Estimate
    known: float

    @property
    def inside(self) -> bool:
        """Whether the prediction interval holds what is known."""
        return bool(self.calls.low <= self.known <= self.calls.high)


def series(found: Sequence[Point]) -> list[Series]:
    """The points by spectrum and rule; those that never arrived left out."""
    return [
        Series(*key, own) for key, own in ratios.by_spectrum([p for p in found if np.isfinite(p.time.value)]).items()
    ]


def predict(own: Series, n: int, law: str, most: float = inf) -> Estimate:
    """Calls at n with the 95 % prediction interval, from the points up to dimension `most`; nan below four of them."""
    points = [p for p in own.points if p.n <= most]
    if len({p.n for p in points}) < POINTS_NEEDED:
        return Estimate(nan)
    design, at = _design(own, law, np.array([p.n for p in points], float)), _design(own, law, np.array([float(n)]))
    shape, goal, columns, ahead = design[:, 0], at[0, 0], design[:, 1:], at[0, 1:]
    y = np.log([p.calls.value for p in points]) - shape
    solve = np.linalg.pinv(columns)
    residual = y - columns @ (solve @ y)
    rng = np.random.default_rng([n % 2**32, len(points), LAWS.index(law)])
    spread = residual * sqrt(len(y) / max(len(y) - columns.shape[1], 1))
    if all(p.calls.draws.size for p in points):
        drawn = np.array([statistics.log_draws(p.calls) for p in points]) - shape[:, None]
    else:
        drawn = np.repeat(y[:, None], 1000, axis=1)
    drawn = drawn + rng.choice(spread, size=drawn.shape)
    values = ahead @ (solve @ drawn) + goal + rng.choice(spread, size=drawn.shape[1])
    with np.errstate(over="ignore"):
        value, low, high = np.exp([ahead @ (solve @ y) + goal, *statistics.interval(values, len(y))]).tolist()
        return Estimate(value, low, high, np.exp(values), runs=len(y))


def _design(own: Series, law: str, n: np.ndarray) -> np.ndarray:
    """Columns: what is known of ln C, then a column a free constant; [points, 1 + constants].

    r = tr(H)/L at n is on a straight line through the least and the largest dimension that ran.
    """
    if law == "power":
        return np.stack([np.zeros_like(n), np.ones_like(n), np.log(n)], axis=1)
    first, last = own.points[0], own.points[-1]
    r = first.r + (last.r - first.r) / (last.n - first.n) * (n - first.n)
    factor = n if own.rule == "theory" else n * (r + 2) / (n + 2)
    return np.stack([np.log(factor), np.ones_like(n)], axis=1)


def far(own: Series, n: int, law: str) -> Prediction:
    """Calls at a far dimension, held to the exact recursion."""
    return Prediction(law, n, tuple(p.n for p in own.points), predict(own, n, law), exact_calls(own, n))


def held_out(own: Series) -> list[Prediction]:
    """The largest dimensions predicted from the smaller ones, as long as four are left, by both laws."""
    sizes = sorted({p.n for p in own.points})
    checks = []
    for last, first in zip(sizes[POINTS_NEEDED - 1 :], sizes[POINTS_NEEDED:], strict=False):
        fitted = tuple(p.n for p in own.points if p.n <= last)
        for point in (p for p in own.points if p.n >= first):
            for law in LAWS:
                calls = predict(own, point.n, law, most=last)
                checks.append(Prediction(law, point.n, fitted, calls, point.calls.value))
    return checks


def exact_calls(own: Series, n: int) -> float:
    """Calls of the exact recursion at any n; nan for a spectrum of many different eigenvalues."""
    record, moment = own.points[-1].record, two_point().second_moment(n)
    problem = record.config["problem"]
    spectrum = far_levels(str(problem["spectrum"]), problem.get("mu"), int(problem.get("rank", 0)), n)
    if spectrum is None or moment is None or own.rule not in RULES_HERE:
        return nan
    B = n if own.rule == "theory" else moment.A * spectrum.trace + moment.C
    return record.calls * recursion.hitting_time(spectrum, moment, 1 / B, own.points[-1].known.target)


def far_levels(name: str, mu: float | None, rank: int, n: int) -> recursion.Levels | None:
    """The few levels of a spectrum at a dimension too large for arrays; of fixed_rank with mu → 0. None: has many."""
    if name == "fixed_rank":
        m = 2 * rank - 1
        return recursion.Levels(np.linspace(1 / m, 1, m), np.ones(m), np.full(m, 1 / m))
    large = {"two_level": n - n // 2, "one_large": 1}.get(name)
    if large is None:
        return None
    counts = np.array([n - large, large], float)
    return recursion.Levels(np.array([1e-2 if mu is None else mu, 1.0]), counts, counts / n)


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """What is predicted far away, then what was held out."""
    lines = []
    for own in series(found):
        lines += [_row(own, "far", far(own, n, law)) for n in FAR for law in LAWS]
        lines += [_row(own, "held out", one) for one in held_out(own)]
    return lines


def _row(own: Series, kind: str, one: Prediction) -> dict[str, Any]:
    return {
        "kind": kind,
        "spectrum": own.spectrum,
        "rule": own.rule,
        "law": one.law,
        "n": one.n,
        "fitted_from": min(one.n_fit),
        "fitted_to": max(one.n_fit),
        "dimensions": len(set(one.n_fit)),
        **files.ends("calls", one.calls),
        "known_calls": one.known,
        "inside": one.inside if one.known == one.known else "",
        "K_GD": own.K_GD,
        "calls_a_gradient": one.calls.value / own.K_GD,
    }


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Costs far away by name, their deviation from the exact recursion, and the coverage of what was held out."""
    named: dict[str, Estimate] = {}
    every = series(found)
    for own in every:
        name = f"{own.spectrum}, {own.rule} step"
        for n, said in FAR.items():
            one = far(own, n, "theory")
            named[f"{name}: calls for one gradient at n = {said}"] = one.calls.times(1 / own.K_GD)
            named[f"{name}: predicted over exact calls at n = {said}"] = one.calls.times(1 / one.known)
        last, free = (predict(own, FARTHEST, law) for law in ("theory", "power"))
        named[f"{name}: calls over n K_GD at n = {FAR[FARTHEST]}"] = last.times(1 / (FARTHEST * own.K_GD))
        width = Estimate(log10(free.high / free.low) if free.low > 0 else nan)
        named[f"{name}: decades in the interval of the free power at n = {FAR[FARTHEST]}"] = width
    for law in LAWS:
        inside = [one.inside for own in every for one in held_out(own) if one.law == law]
        if inside:
            share = Estimate(sum(inside) / len(inside), runs=len(inside))
            named[f"share of held-out dimensions in their 95 % interval, {law} law"] = share
    return named


def shown(rows: Sequence[tables.Row], cells: Sequence[tables.Row]) -> list[tables.Table]:
    """Far away, then what was held out."""
    far = _table(
        rows, "far", "Oracle calls far away", "exact recursion", "The recursion is of the mean, the fit of medians."
    )
    known = ("measured", "Measured: the median that the fit did not see.")
    return [far, _table(rows, "held out", "Largest dimensions, held out", *known)]


def _table(rows: Sequence[tables.Row], kind: str, title: str, known: str, words: str) -> tables.Table:
    calls = tables.spread("calls", shown=tables.significant)
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{row['spectrum']}, {row['rule']} step",
        "n": (lambda row: f"{float(row['n']):.2g}") if kind == "far" else "n",
        "law": "law",
        "fitted to n": "fitted_to",
        "calls": lambda row: calls(row) or "needs >= 4 dimensions",
        known: tables.rounded("known_calls"),
        "inside": lambda row: {"True": "yes", "False": "no"}.get(row["inside"], ""),
        "calls/K_GD": tables.rounded("calls_a_gradient"),
    }
    note = (
        "Calls to the target by the fitted law [95 % prediction interval]. Laws: a n^p with p free; a n (theory step) "
    )
    note += f"or a n(r+2)/(n+2) (trace-aware step) with a free. {words}"
    return tables.table(title, note, [row for row in rows if row["kind"] == kind], columns, words=2)


EXPERIMENT = Experiment(
    question="What would a target cost with a million, a billion and dozens of billions of parameters?",
    read=ratios.read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("horizon",),
    more={"cells.csv": ratios.cells},
)
