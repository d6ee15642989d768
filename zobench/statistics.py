"""Intervals: of medians of hitting times, of power laws in n, of means of several estimates.

Seeds: a 95 % bootstrap over them (Efron & Tibshirani 1993), its percentiles expanded for few of them (Hesterberg 2015),
drawn from a fixed random generator, so that the same records give the same digits. Misfit: what points scatter about a
law beyond their seeds widens the interval too (random effects; Paule & Mandel 1982, Knapp & Hartung 2003). Range: where
the fit to a part of the points differs by more than the seeds explain, the interval holds that part's value as well.
A deterministic sample (one run) has no standard error: its interval is the range over such parts.
"""

from collections.abc import Sequence
from math import nan, sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, stdtrit

RESAMPLES = 2000
POINTS_NEEDED = 4
PRECISION = 0.01  # the least standard error that a part of a pooled mean may claim, so that none stands for all
PART = 3  # points of the smallest part of a range that is fitted by itself
BENT = 0.05  # the change of an exponent over the range from which a law is no power law
SURE = 3.0  # standard errors by which a part must differ from the whole for the law to be no power law
ROUNDING = 1e-9


class Estimate(NamedTuple):
    """A number, its 95 % interval (nan: none), its resampled values [resamples] (empty: none) and of how many runs.

    The interval may be wider than the resampled values: by misfit, and by the choice of a range.

    >>> Estimate(2.0, 1.0, 3.0).times(2)[:3]
    (4.0, 2.0, 6.0)
    """

    value: float
    low: float = nan
    high: float = nan
    draws: np.ndarray = np.empty(0)
    stderr: float = nan
    runs: int = 1

    def times(self, factor: float) -> "Estimate":
        """The same in another unit."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Estimate(self.value * factor, low, high, self.draws * factor, self.stderr * abs(factor), self.runs)


class Fit(NamedTuple):
    """y = exp(intercept)·n^slope; `local` has the exponents between neighbouring n.

    `misfit` is χ² over its degrees of freedom, by the seeds alone (nan where nothing is random): 1 is a power law.
    `curved` says that it is none: parts of the range have exponents that are off by more than 0.05, and by more than
    the seeds explain.
    """

    slope: Estimate
    intercept: float
    local: tuple[float, ...] = ()
    misfit: float = nan
    curved: bool = False


def interval(draws: np.ndarray, runs: int) -> tuple[float, float]:
    """95 % interval from resampled values, infinite ones included; (nan, nan) where there are none."""
    draws = draws[~np.isnan(draws)]
    if draws.size == 0 or runs < 2:
        return nan, nan
    low, high = np.quantile(draws, [tail(runs), 1 - tail(runs)], method="inverted_cdf")
    return float(low), float(high)


def tail(runs: int) -> float:
    """Which percentile of the resampled values is the lower end of a 95 % interval from S > 1 runs.

    Φ(−√(S/(S−1)) t), t the 97.5 % point of Student's law with S−1 degrees of freedom: 1.6 % for 20 runs, the extremes
    for 4. Plain percentiles (2.5 %) cover 93 % and 80 % there, these ones 95 %.
    """
    return float(ndtr(-sqrt(runs / (runs - 1)) * stdtrit(runs - 1, 0.975)))


def resamples(runs: int, rng: np.random.Generator) -> np.ndarray:
    """Which runs each resample holds, [resamples, runs]; empty for one run, which has no spread to resample."""
    return rng.integers(runs, size=(RESAMPLES, runs)) if runs > 1 else np.empty((0, 1), int)


def median(times: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Median hitting time; censored runs are inf, so the median is inf where half of them never arrived.

    Not scipy.stats.bootstrap: that one turns infinite times into nan.
    """
    draws = np.median(times[resamples(times.size, rng)], axis=1) if times.size > 1 else np.empty(0)
    return Estimate(float(np.median(times)), *interval(draws, times.size), draws, nan, times.size)


def power_law(n: Sequence[float], y: Sequence[Estimate]) -> Fit:
    """Least squares of ln y on ln n, the weight of a point 1/(its bootstrap variance of ln y + the misfit's τ²).

    The points are independent samples, so resample b of the slope uses resample b of every point. The interval holds
    that of the seeds, Student's of the misfit, and the slope of each part of the range that differs from the whole by
    more than the seeds explain. Infinite points (half of the runs censored) are left out. Raises ValueError where fewer
    than four dimensions are left.
    """
    kept = [(size, point) for size, point in zip(n, y, strict=True) if np.isfinite(point.value) and point.value > 0]
    if len({size for size, _ in kept}) < POINTS_NEEDED:
        raise ValueError(f"needs >= {POINTS_NEEDED} dimensions")
    kept = sorted(kept, key=lambda pair: pair[0])
    x, points = np.log([size for size, _ in kept]), [point for _, point in kept]
    lny, own = np.log([point.value for point in points]), np.array([spread(log_draws(point)) for point in points])
    design = np.stack([np.ones_like(x), x], axis=1)
    solve, stderr, misfit = _random_effects(design, lny, own)
    slope, runs = float(solve[1] @ lny), min(point.runs for point in points)
    draws = _combine(solve[1], [log_draws(point) for point in points])
    parts = _parts(design, lny, own, solve[1])
    half = stderr * float(stdtrit(len(x) - 2, 0.975)) if own.any() else 0.0
    low, high = hull([slope, slope - half, slope + half, *interval(draws, runs), *parts])
    estimate = Estimate(slope, low, high, draws, stderr if own.any() else nan, runs)
    return Fit(estimate, float(solve[0] @ lny), _local(x, lny), misfit, any(abs(part - slope) > BENT for part in parts))


def exponent(n: Sequence[float], y: Sequence[Estimate]) -> Estimate:
    """The exponent of the power law alone; nan where fewer than four sizes are there."""
    try:
        return power_law(n, y).slope
    except ValueError:
        return Estimate(np.nan)


def _random_effects(design: np.ndarray, y: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Weighted least squares: the matrix that makes coefficients of y, the last one's standard error, χ²/dof by `own`.

    Weights are 1/(own variance + τ²); τ² ≥ 0 makes χ² its degrees of freedom (Paule & Mandel), where one alone tells
    scatter from chance only beyond χ²'s 97.5 % point. The error is scaled by χ² with these weights (Knapp & Hartung).
    """
    free = len(y) - design.shape[1]
    least = 1e-18 * max(1.0, float(np.abs(y).max()) ** 2)  # variance below rounding

    def chi2(tau2: float) -> float:
        weight = 1 / np.maximum(own + tau2, least)
        residual = y - design @ (_solve(design, weight) @ y)
        return float(weight @ residual**2)

    tau2 = 0.0
    if not own.any():  # nothing is random: equal weights
        tau2 = 1.0
    elif chi2(0.0) > (free if free > 1 else chdtri(1, 0.025)):
        found: Any = brentq(lambda t: chi2(t) - free, 0.0, float(np.ptp(y)) ** 2 + float(own.max()) + 1.0)
        tau2 = float(found)
    weight = 1 / np.maximum(own + tau2, least)
    solve = _solve(design, weight)
    scale = chi2(tau2) / free
    stderr = sqrt(scale * float(np.linalg.inv((design.T * weight) @ design)[-1, -1]))
    return solve, stderr, chi2(0.0) / free if own.all() else nan


def _solve(design: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(XᵀWX)⁻¹XᵀW, [coefficients, points]."""
    return np.linalg.solve((design.T * weight) @ design, design.T * weight)


def _parts(design: np.ndarray, y: np.ndarray, own: np.ndarray, whole: np.ndarray) -> list[float]:
    """Slopes of the parts of three and more neighbouring points that differ from the whole by more than seeds explain.

    The difference has the variance Σ(dᵢ² sᵢ²), d the difference of the two sets of weights.
    """
    found, slope = [], float(whole @ y)
    for first in range(len(y)):
        for last in range(first + PART, len(y) + 1):
            inside = slice(first, last)
            if last - first == len(y) or np.ptp(design[inside, 1]) == 0:
                continue
            part = np.zeros_like(y)
            part[inside] = _random_effects(design[inside], y[inside], own[inside])[0][1]
            value, noise = float(part @ y), sqrt(float((part - whole) ** 2 @ own))
            if abs(value - slope) > SURE * noise + ROUNDING:
                found.append(value)
    return found


def _local(x: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
    """Exponents between neighbours; several points at one x count by their mean."""
    places = np.unique(x)
    means = np.array([y[x == place].mean() for place in places])
    return tuple((np.diff(means) / np.diff(places)).tolist())


def hull(values: Sequence[float]) -> tuple[float, float]:
    """The least and the largest of the values that are numbers."""
    known = [value for value in values if value == value]
    return min(known, default=nan), max(known, default=nan)


def log_draws(point: Estimate) -> np.ndarray:
    """ln of the resampled values."""
    with np.errstate(divide="ignore"):
        return np.log(point.draws)


def pooled(parts: Sequence[Estimate], floor: float = PRECISION) -> Estimate:
    """The mean of independent estimates of one number, weighed by their resamples, with what they scatter beyond them.

    As in `power_law` the interval holds that of the seeds and Student's of the misfit (of fewer than four parts that
    disagree: all of them). What the intervals of the parts hold beyond their seeds is common to all, as the choice of a
    window is, and adds to both.
    """
    parts = [part for part in parts if np.isfinite(part.value)]
    if not parts:
        return Estimate(nan)
    values, runs = np.array([part.value for part in parts]), min(part.runs for part in parts)
    own = np.array([spread(part.draws) for part in parts])
    if len(parts) == 1:
        return parts[0]
    solve, stderr, misfit = _random_effects(np.ones((len(parts), 1)), values, own + floor**2)
    weight, value = solve[0], float(solve[0] @ values)
    draws = _combine(weight, [part.draws for part in parts])
    if not own.any():  # nothing is random
        return Estimate(value, *hull([end for part in parts for end in part[:3]]), runs=runs)
    ends = [value, *interval(draws, runs)]
    if len(parts) < POINTS_NEEDED and misfit > 1:
        ends += [float(values.min()), float(values.max())]
    elif len(parts) >= POINTS_NEEDED:
        half = stderr * float(stdtrit(len(parts) - 1, 0.975))
        ends += [value - half, value + half]
    low, high = hull(ends)
    below, above = np.array([_beyond(part) for part in parts]).T
    return Estimate(value, low - float(weight @ below), high + float(weight @ above), draws, stderr, runs)


def _beyond(part: Estimate) -> tuple[float, float]:
    """How far an interval reaches beyond that of its resamples, downwards and upwards."""
    if part.low != part.low:
        return 0.0, 0.0
    low, high = interval(part.draws, part.runs) if part.draws.size else (part.value, part.value)
    return max(low - part.low, 0.0), max(part.high - high, 0.0)


def geometric_mean(parts: Sequence[Estimate]) -> Estimate:
    """exp of the pooled mean of ln y: one constant from its values at several n."""
    kept = [part for part in parts if np.isfinite(part.value) and part.value > 0]
    mean = pooled([logarithm(part) for part in kept])
    value, low, high = (float(np.exp(end)) for end in mean[:3])
    return Estimate(value, low, high, np.exp(mean.draws), runs=mean.runs)


def logarithm(of: Estimate) -> Estimate:
    """ln of a positive estimate."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = np.log(of[:3]).tolist()
    return Estimate(value, low, high, log_draws(of), runs=of.runs)


def spread(draws: np.ndarray) -> float:
    """Variance of the resampled values that are finite; 0 where there are none."""
    draws = draws[np.isfinite(draws)]
    return float(draws.var()) if draws.size else 0.0


def _combine(weight: np.ndarray, draws: Sequence[np.ndarray]) -> np.ndarray:
    if not all(part.size for part in draws):
        return np.empty(0)
    with np.errstate(invalid="ignore"):
        return np.sum([w * part for w, part in zip(weight, draws, strict=True)], axis=0)


def counts(chosen: np.ndarray, runs: int) -> np.ndarray:
    """How often each resample holds each run, [resamples, runs]."""
    offset = np.arange(len(chosen))[:, None] * runs
    return np.bincount((chosen + offset).ravel(), minlength=len(chosen) * runs).reshape(-1, runs).astype(float)
