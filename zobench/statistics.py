"""Fits with intervals, hitting times with censoring, and whether a mean stays below its bound.

An interval is a 95 % bootstrap over seeds (Efron & Tibshirani 1993), its percentiles expanded for few of them
(Hesterberg 2015), drawn from a fixed random generator, so that the same records give the same digits. A deterministic
sample (one run) has no interval: nan.
"""

from collections.abc import Callable, Sequence
from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtrit

RESAMPLES = 2000
POINTS_NEEDED = 4
PRECISION = 0.01  # a power law is not believed to better than 1 %: the least standard error a point may claim
WINDOW_POINTS = 64


class Estimate(NamedTuple):
    """A number, its 95 % interval (nan: none), its resampled values [resamples] (empty: none) and of how many runs."""

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
    """y = exp(intercept)·n^slope."""

    slope: Estimate
    intercept: float


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
    """Weighted least squares of ln y on ln n; the weight of a point is 1/(its bootstrap variance of ln y + floor).

    The points are independent samples, so resample b of the slope uses resample b of every point. Points without
    resamples weigh the same and give a standard error from the residuals alone. Infinite points (half of the runs
    censored) are left out. Raises ValueError where fewer than four are left.
    """
    kept = [(size, point) for size, point in zip(n, y, strict=True) if np.isfinite(point.value) and point.value > 0]
    if len({size for size, _ in kept}) < POINTS_NEEDED:
        raise ValueError(f"needs >= {POINTS_NEEDED} dimensions")
    x = np.log([size for size, _ in kept])
    points = [point for _, point in kept]
    lny = np.log([point.value for point in points])
    weight = 1 / np.array([_variance(point) for point in points])
    centred = x - weight @ x / weight.sum()
    solve = weight * centred / (weight @ centred**2)
    slope = float(solve @ lny)
    intercept = float(weight @ (lny - slope * x) / weight.sum())
    residual = lny - intercept - slope * x
    scale = weight @ residual**2 / (len(x) - 2) / weight.mean()
    stderr = float(np.sqrt(scale * weight.mean() / (weight @ centred**2)))
    draws = _combine(solve, [log_draws(point) for point in points])
    runs = min(point.runs for point in points)
    return Fit(Estimate(slope, *interval(draws, runs), draws, stderr, runs), intercept)


def log_draws(point: Estimate) -> np.ndarray:
    """ln of the resampled values."""
    with np.errstate(divide="ignore"):
        return np.log(point.draws)


def pooled(parts: Sequence[Estimate], floor: float = PRECISION) -> Estimate:
    """Inverse-variance mean of independent estimates of one number; variance from resamples and from the fit."""
    parts = [part for part in parts if np.isfinite(part.value)]
    if not parts:
        return Estimate(nan)
    variance = np.array([_spread(part.draws) + np.nan_to_num(part.stderr) ** 2 + floor**2 for part in parts])
    weight = (1 / variance) / (1 / variance).sum()
    value = float(weight @ [part.value for part in parts])
    draws = _combine(weight, [part.draws for part in parts])
    own = np.array([np.nan_to_num(part.stderr) ** 2 for part in parts])
    runs = min(part.runs for part in parts)
    return Estimate(value, *interval(draws, runs), draws, float(np.sqrt(weight**2 @ own)), runs)


def geometric_mean(parts: Sequence[Estimate]) -> Estimate:
    """exp of the pooled mean of ln y: one constant from its values at several n."""
    kept = [part for part in parts if np.isfinite(part.value) and part.value > 0]
    mean = pooled([Estimate(float(np.log(p.value)), draws=log_draws(p), runs=p.runs) for p in kept])
    value, low, high = (float(np.exp(end)) for end in mean[:3])
    return Estimate(value, low, high, np.exp(mean.draws), runs=mean.runs)


def log_slope(x: np.ndarray, curves: np.ndarray, rng: np.random.Generator, *, running_min: bool = False) -> Estimate:
    """Least-squares slope of ln(mean over runs of the curves) on x; curves [runs, points], resampled by run.

    `running_min` fits min_{j≤k} of the mean curve. nan where fewer than four points are left or the mean is not
    positive and finite.
    """
    if x.size < POINTS_NEEDED or not np.isfinite(curves).all():
        return Estimate(nan)
    centred = x - x.mean()
    solve = centred / (centred @ centred)
    counts = _counts(resamples(len(curves), rng), len(curves))
    means = np.concatenate([curves.mean(axis=0, keepdims=True), counts @ curves / len(curves)])
    means = np.minimum.accumulate(means, axis=1) if running_min else means
    if not (means > 0).all():
        return Estimate(nan)
    slopes = np.log(means) @ solve
    residual = np.log(means[0]) - np.log(means[0]).mean() - slopes[0] * centred
    stderr = float(np.sqrt(residual @ residual / (x.size - 2) / (centred @ centred)))
    return Estimate(float(slopes[0]), *interval(slopes[1:], len(curves)), slopes[1:], stderr, len(curves))


def window(k: np.ndarray, first: float, last: float, *, log: bool) -> np.ndarray:
    """Indices of about 64 recorded iterations in [first, last], evenly spaced in ln k (or in k), each once."""
    inside = np.flatnonzero((k >= first) & (k <= last) & (k > 0))
    if inside.size == 0:
        return inside
    space: Callable = np.geomspace if log else np.linspace
    wanted = space(k[inside[0]], k[inside[-1]], WINDOW_POINTS)
    return np.unique(inside[np.clip(np.searchsorted(k[inside], wanted - 1e-9), 0, inside.size - 1)])


def first_at_most(k: np.ndarray, curve: np.ndarray, target: float) -> float:
    """First recorded k where the curve is at or below the target; inf if never."""
    met = curve <= target
    return float(k[np.argmax(met)]) if met.any() else inf


def largest_ratio(mean: np.ndarray, bound: np.ndarray) -> float:
    """max over the curve of mean/bound: above 1 the bound is crossed; inf where the mean is not finite."""
    if mean.size == 0:
        return nan
    return float(np.max(np.where(np.isfinite(mean), mean, inf) / bound))


def _variance(point: Estimate) -> float:
    return _spread(log_draws(point)) + PRECISION**2


def _spread(draws: np.ndarray) -> float:
    draws = draws[np.isfinite(draws)]
    return float(draws.var()) if draws.size else 0.0


def _combine(weight: np.ndarray, draws: Sequence[np.ndarray]) -> np.ndarray:
    if not all(part.size for part in draws):
        return np.empty(0)
    with np.errstate(invalid="ignore"):
        return np.sum([w * part for w, part in zip(weight, draws, strict=True)], axis=0)


def _counts(chosen: np.ndarray, runs: int) -> np.ndarray:
    """How often each resample holds each run, [resamples, runs]."""
    offset = np.arange(len(chosen))[:, None] * runs
    return np.bincount((chosen + offset).ravel(), minlength=len(chosen) * runs).reshape(-1, runs).astype(float)
