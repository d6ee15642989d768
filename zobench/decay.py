"""How fast a curve falls: its slope over a window with what other windows say, when it arrives, and its bound."""

from collections.abc import Callable, Sequence
from math import inf, nan, sqrt

import numpy as np

from zobench import statistics
from zobench.statistics import POINTS_NEEDED, SURE, Estimate

WINDOW_POINTS = 64


def log_slope(x: np.ndarray, curves: np.ndarray, rng: np.random.Generator, *, running_min: bool = False) -> Estimate:
    """Least-squares slope of ln(mean over runs of the curves) on x; curves [runs, points], resampled by run.

    `running_min` fits min_{j≤k} of the mean curve. nan where fewer than four points are left or the mean is not
    positive and finite.
    """
    if x.size < POINTS_NEEDED or not np.isfinite(curves).all():
        return Estimate(nan)
    centred = x - x.mean()
    solve = centred / (centred @ centred)
    drawn = statistics.counts(statistics.resamples(len(curves), rng), len(curves))
    means = np.concatenate([curves.mean(axis=0, keepdims=True), drawn @ curves / len(curves)])
    means = np.minimum.accumulate(means, axis=1) if running_min else means
    if not (means > 0).all():
        return Estimate(nan)
    slopes = np.log(means) @ solve
    return Estimate(float(slopes[0]), *statistics.interval(slopes[1:], len(curves)), slopes[1:], runs=len(curves))


def with_windows(chosen: Estimate, others: Sequence[Estimate]) -> Estimate:
    """An estimate from one window, its interval widened by what other windows say beyond what the seeds explain.

    All are made of the same resamples, so the spread of the differences is that of a choice on the same runs.
    """
    ends = [chosen.value, chosen.low, chosen.high]
    for other in (other for other in others if other.value == other.value):
        known = chosen.draws.size and chosen.draws.size == other.draws.size
        noise = sqrt(statistics.spread(other.draws - chosen.draws)) if known else 0.0
        if abs(other.value - chosen.value) > SURE * noise:
            ends.append(other.value)
    low, high = statistics.hull(ends) if len(ends) > 3 or chosen.low == chosen.low else (nan, nan)
    return chosen._replace(low=low, high=high)


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


def so_far(metric: str, curves: np.ndarray) -> np.ndarray:
    """What the runs stop on, along each run [runs, records]: of the gradient the least so far, else as it is."""
    return np.fmin.accumulate(curves, axis=1) if metric == "gradient" else curves


def median_end(metric: str, curves: np.ndarray) -> float:
    """The median over runs of what they stop on at their end; one that has left the numbers counts as inf."""
    ends = so_far(metric, curves)[:, -1]
    return float(np.median(np.where(np.isfinite(ends), ends, inf)))


def arrivals(k: np.ndarray, curves: np.ndarray, hits: np.ndarray, goal: float) -> np.ndarray:
    """First whole iteration of each run at or below the goal, ln of the metric between records a line. [runs]; inf.

    `hits` are the first recorded ones. A run is recorded n/2 iterations apart, which would round its time up.
    """
    times = hits.copy()
    for run in np.flatnonzero((times > 0) & (times <= k[-1])):
        j = int(np.searchsorted(k, times[run]))
        before, after = curves[run, j - 1 : j + 1]
        if before > goal >= after > 0:
            share = np.log(before / goal) / np.log(before / after)
            times[run] = np.ceil(k[j - 1] + share * (k[j] - k[j - 1]) - 1e-6)
    return times
