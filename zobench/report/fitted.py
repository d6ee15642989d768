"""Exponents and ratios of what a study counted or timed, with 95 % intervals."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zobench import statistics
from zobench.statistics import POINTS_NEEDED, Estimate


def timed(seconds: np.ndarray) -> Estimate:
    """Median of the repeats with its interval (bootstrap); rounds left out are nan."""
    done = seconds[np.isfinite(seconds)]
    return statistics.median(done, np.random.default_rng(0)) if done.size else Estimate(np.nan)


def timed_ratio(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Median of the ratios, round by round: what both rounds suffered drops out."""
    return timed(above / below)


def timed_slope(x: np.ndarray, seconds: np.ndarray) -> Estimate:
    """Exponent of the median times, seconds [sizes, repeats]; nan where fewer than four sizes are there."""
    if len(set(x)) < POINTS_NEEDED:
        return Estimate(np.nan)
    return statistics.power_law([float(one) for one in x], [timed(line) for line in seconds]).slope


def crossing(x: np.ndarray, ratio: np.ndarray) -> Estimate:
    """First x at which a ratio crosses 1, between the points on a logarithmic scale; nan where it does not."""
    kept = (x > 0) & (ratio > 0) & np.isfinite(ratio)
    lnx, height = np.log(x[kept]), np.log(ratio[kept])
    for i in range(len(lnx) - 1):
        if height[i] * height[i + 1] <= 0 and height[i] != height[i + 1]:
            share = height[i] / (height[i] - height[i + 1])
            return Estimate(float(np.exp(lnx[i] + share * (lnx[i + 1] - lnx[i]))))
    return Estimate(np.nan)


def quartiles(seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower quartile, median and upper quartile of the last axis; rounds left out are nan, no rounds give nan."""
    lines = seconds.reshape(-1, seconds.shape[-1])
    found = np.full((3, len(lines)), np.nan)
    for i, line in enumerate(lines):
        done = line[np.isfinite(line)]
        if done.size:
            found[:, i] = np.quantile(done, [0.25, 0.5, 0.75])
    low, middle, high = found.reshape(3, *seconds.shape[:-1])
    return low, middle, high


def median(seconds: np.ndarray) -> np.ndarray:
    """The median of the last axis, as in `quartiles`."""
    return quartiles(seconds)[1]


def of_mean(runs: np.ndarray, function: Callable[[np.ndarray], Any] = lambda mean: mean) -> Estimate:
    """A function of the mean over the first axis, the runs, with its interval (bootstrap over them).

    It is given means [...] and [resamples, ...], and takes them along their last axis.
    """
    chosen = statistics.resamples(len(runs), np.random.default_rng(0))
    draws = function(runs[chosen].mean(axis=1))
    value = float(function(runs.mean(axis=0)))
    return Estimate(value, *statistics.interval(draws, len(runs)), draws, runs=len(runs))
