"""What a target costs at dimensions that nobody can run: fitted laws with prediction intervals, held to what is known.

Two laws for the calls C(n): a free power, ln C = ln a + p ln n, and the form of the theory with one constant, C = a n
under the step 1/(nL) and C = a n(r+2)/(n+2) under the trace-aware one. A prediction is drawn again and again: the seeds
of each cell are resampled, the law is fitted, and the error of one more cell is added, a residual of the fit scaled by
√(N/(N−k)) (Davison & Hinkley 1997, section 6.3); its percentiles are expanded for the few cells.

What a prediction is held to: the largest dimensions, left out of the fit; and the exact recursion, which reaches any n
where the spectrum has few different eigenvalues. The recursion is of the mean and the fit is of medians.
"""

from collections.abc import Sequence
from math import log, nan, sqrt
from typing import Any, NamedTuple

import numpy as np

from zobench import recursion, statistics
from zobench.estimators import two_point
from zobench.report import files, ratios
from zobench.report.ratios import Point
from zobench.statistics import POINTS_NEEDED, Estimate

FAR = (10**6, 10**9, 7 * 10**10)
LAWS = ("power", "theory")
RULES_HERE = ("theory", "trace")
NAMES = {10**6: "10^6", 10**9: "10^9", 7 * 10**10: "7 10^10"}


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
    """Calls at n by a law fitted to dimensions n_fit, with the 95 % prediction interval."""

    law: str
    n: int
    n_fit: tuple[int, ...]
    calls: Estimate

    def covers(self, calls: float) -> bool:
        """Whether the interval holds a value."""
        return bool(self.calls.low <= calls <= self.calls.high)


class HeldOut(NamedTuple):
    """A prediction of a dimension that ran, and what was measured there."""

    prediction: Prediction
    measured: Estimate

    @property
    def inside(self) -> bool:
        """Whether the measured median is within the prediction interval."""
        return self.prediction.covers(self.measured.value)


def series(found: Sequence[Point]) -> list[Series]:
    """The points by spectrum and rule; those that never arrived left out."""
    arrived = ratios.by_spectrum(point for point in found if np.isfinite(point.time.value))
    return [Series(*place, sorted(points, key=lambda p: p.n)) for place, points in arrived.items()]


def predict(own: Series, n: int, law: str, most: int | None = None) -> Prediction:
    """Calls at n, from the points up to dimension `most`. ValueError below four points."""
    points = [p for p in own.points if most is None or p.n <= most]
    if len({p.n for p in points}) < POINTS_NEEDED:
        raise ValueError(f"needs >= {POINTS_NEEDED} dimensions")
    design, at = _design(own, law, np.array([p.n for p in points], float)), _design(own, law, np.array([float(n)]))
    shape, goal = design[:, 0], float(at[0, 0])
    columns, ahead = design[:, 1:], at[0, 1:]
    calls = [p.time.times(p.calls) for p in points]
    y = np.log([c.value for c in calls]) - shape
    solve = np.linalg.pinv(columns)
    residual = y - columns @ (solve @ y)
    rng = np.random.default_rng([n % 2**32, len(points), LAWS.index(law)])
    spread = residual * sqrt(len(y) / max(len(y) - columns.shape[1], 1))
    if all(c.draws.size for c in calls):
        drawn = np.array([statistics.log_draws(c) for c in calls]) - shape[:, None]
    else:
        drawn = np.repeat(y[:, None], 1000, axis=1)
    drawn = drawn + rng.choice(spread, size=drawn.shape)
    values = ahead @ (solve @ drawn) + goal + rng.choice(spread, size=drawn.shape[1])
    low, high = statistics.interval(values, len(y))
    middle = float(ahead @ (solve @ y) + goal)
    with np.errstate(over="ignore"):
        value, low, high = np.exp([middle, low, high]).tolist()
        calls_at_n = Estimate(value, low, high, np.exp(values), runs=len(y))
    return Prediction(law, n, tuple(p.n for p in points), calls_at_n)


def _design(own: Series, law: str, n: np.ndarray) -> np.ndarray:
    """Columns: what is known of ln C, then a column a free constant; [points, 1 + constants]."""
    if law == "power":
        return np.stack([np.zeros_like(n), np.ones_like(n), np.log(n)], axis=1)
    factor = n if own.rule == "theory" else n * (_r(own, n) + 2) / (n + 2)
    return np.stack([np.log(factor), np.ones_like(n)], axis=1)


def _r(own: Series, n: np.ndarray) -> np.ndarray:
    """r = tr(H)/L at n: a straight line through the least and the largest dimension that ran."""
    first, last = own.points[0], own.points[-1]
    slope = (last.r - first.r) / (last.n - first.n) if last.n > first.n else 0.0
    return first.r + slope * (n - first.n)


def held_out(own: Series) -> list[HeldOut]:
    """The largest dimensions predicted from the smaller ones, as long as four are left, by both laws."""
    sizes = sorted({p.n for p in own.points})
    checks = []
    for i in range(POINTS_NEEDED, len(sizes)):
        for point in own.points:
            if point.n in sizes[i:]:
                found = [predict(own, point.n, law, most=sizes[i - 1]) for law in LAWS]
                checks += [HeldOut(one, point.time.times(point.calls)) for one in found]
    return checks


def exact_calls(own: Series, n: int) -> float:
    """Calls of the exact recursion at any n; nan for a spectrum of many different eigenvalues."""
    point = own.points[-1]
    problem = point.record.meta["config"]["problem"]
    spectrum = far_levels(str(problem["spectrum"]), problem.get("mu"), int(problem.get("rank", 0)), n)
    if spectrum is None or own.rule not in RULES_HERE:
        return nan
    moment = two_point().second_moment(n)
    if moment is None:
        return nan
    B = n if own.rule == "theory" else moment.A * spectrum.trace + moment.C
    target = float(point.record.meta["config"]["stop"]["target"])
    return point.calls * recursion.hitting_time(spectrum, moment, 1 / B, target)


def far_levels(name: str, mu: float | None, rank: int, n: int) -> recursion.Levels | None:
    """The few levels of a spectrum at a dimension too large for arrays; of fixed_rank with mu → 0. None: has many."""
    mu = 1e-2 if mu is None else mu
    if name == "two_level":
        return recursion.Levels(np.array([mu, 1.0]), np.array([n // 2, n - n // 2]), np.array([n // 2, n - n // 2]) / n)
    if name == "one_large":
        return recursion.Levels(np.array([mu, 1.0]), np.array([n - 1.0, 1.0]), np.array([n - 1, 1]) / n)
    if name == "fixed_rank":
        m = 2 * rank - 1
        return recursion.Levels(np.linspace(1 / m, 1, m), np.ones(m), np.full(m, 1 / m))
    return None


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """table.csv: what is predicted far away, then what was held out."""
    lines = []
    for own in series(found):
        far = [(n, law) for n in FAR for law in LAWS]
        lines += [_row(own, "far", _predicted(own, n, law), Estimate(exact_calls(own, n))) for n, law in far]
        lines += [_row(own, "held out", check.prediction, check.measured) for check in held_out(own)]
    return lines


def _predicted(own: Series, n: int, law: str) -> Prediction:
    try:
        return predict(own, n, law)
    except ValueError:
        return Prediction(law, n, tuple(p.n for p in own.points), Estimate(nan))


def _row(own: Series, kind: str, one: Prediction, known: Estimate) -> dict[str, Any]:
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
        "known_calls": known.value,
        "inside": one.covers(known.value) if known.value == known.value else "",
        "K_GD": own.K_GD,
        "calls_a_gradient": one.calls.value / own.K_GD,
    }


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Costs far away by name, their deviation from the exact recursion, and the coverage of what was held out."""
    named: dict[str, Estimate] = {}
    last = FAR[-1]
    for own in series(found):
        name = f"{own.spectrum}, {own.rule} step"
        calls = {n: _predicted(own, n, "theory").calls for n in FAR}
        for n, one in calls.items():
            named[f"{name}: calls for one gradient at n = {NAMES[n]}"] = one.times(1 / own.K_GD)
            named[f"{name}: predicted over exact calls at n = {NAMES[n]}"] = one.times(1 / exact_calls(own, n))
        named[f"{name}: calls over n K_GD at n = {NAMES[last]}"] = calls[last].times(1 / (last * own.K_GD))
        free = _predicted(own, last, "power").calls
        width = log(free.high / free.low) / log(10) if free.low == free.low and free.low > 0 else nan
        named[f"{name}: decades in the interval of the free power at n = {NAMES[last]}"] = Estimate(width)
    for law in LAWS:
        inside = [check.inside for own in series(found) for check in held_out(own) if check.prediction.law == law]
        if inside:
            share = Estimate(sum(inside) / len(inside), runs=len(inside))
            named[f"share of held-out dimensions in their 95 % interval, {law} law"] = share
    return named
