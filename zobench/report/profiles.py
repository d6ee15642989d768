"""Profiles of methods over a set of problems, from hitting times in which a run that never arrived is inf.

`times` has the shape [methods, problems, runs]; a method without randomness has the same time in all runs. What each
function gives has the shape [methods, problems, points], the share of a problem's runs that have arrived; `profile`
takes its mean over the problems, with a bootstrap over them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import ndarray
from scipy.stats import binomtest

from zobench import statistics
from zobench.statistics import Estimate


class Profile(NamedTuple):
    """Shares of the problems and their 95 % intervals, each [methods, points]."""

    value: ndarray
    low: ndarray
    high: ndarray

    def at(self, method: int, point: int) -> Estimate:
        """One share with its interval."""
        value, low, high = (float(part[method, point]) for part in self)
        return Estimate(value, low, high)


class Pair(NamedTuple):
    """Two methods on the same problems: how often the first, the second or neither was first, and the p-value."""

    wins: int
    losses: int
    ties: int
    p: float


def hitting_times(calls: ndarray, curves: ndarray, targets: ndarray) -> ndarray:
    """First recorded number of calls at which a curve is at or below a target, inf if never: [runs, targets].

    calls [points] rise, curves [runs, points]; nan is below nothing. One pass over the curve for each target.
    """
    met = curves[:, None, :] <= targets[None, :, None]
    return np.where(met.any(axis=2), calls[met.argmax(axis=2)].astype(float), np.inf)


def performance(times: ndarray, ratios: ndarray) -> ndarray:
    """Whether t ≤ τ min over methods of t, run by run (Dolan & Moré 2002); never where no method arrived."""
    best = times.min(axis=0, keepdims=True)
    return _share(times[..., None], best[..., None] * ratios)


def data(times: ndarray, n: ndarray, kappa: ndarray) -> ndarray:
    """Whether t ≤ κ (n + 1): κ simplex gradients of problems in n [problems] dimensions (Moré & Wild 2009)."""
    return _share(times[..., None], ((n + 1.0)[:, None] * kappa)[None, :, None, :])


def ecdf(times: ndarray, n: ndarray, budgets: ndarray) -> ndarray:
    """Share of runs and targets with t ≤ budget·n (Hansen et al. 2021); times [methods, problems, runs, targets]."""
    methods, problems = times.shape[:2]
    return _share(times.reshape(methods, problems, -1)[..., None], (n[:, None] * budgets)[None, :, None, :])


def quality(ends: ndarray, start: ndarray, tau: ndarray) -> ndarray:
    """Whether f − f* ≤ τ (f0 − f*) at the end of a run, f* the least of all methods in it (Fasano et al. 2026, weak).

    `ends` [methods, problems, runs], nan: it failed; `start` f0 [problems]; 0 ≤ tau ≤ 1 [points]. It asks what methods
    end with, not when they got there.
    """
    best = np.fmin.reduce(ends, axis=0, keepdims=True)[..., None]
    within = best + tau * (start[None, :, None, None] - best)
    return (np.isfinite(ends[..., None]) & (ends[..., None] <= within)).mean(axis=2)


def _share(times: ndarray, limits: ndarray) -> ndarray:
    return (np.isfinite(times) & (times <= limits)).mean(axis=2)


def profile(shares: ndarray, seed: int = 0) -> Profile:
    """The mean over problems, and its bootstrap over problems: they are the sample, not their runs."""
    problems = shares.shape[1]
    chosen = statistics.resamples(problems, np.random.default_rng(seed))
    value = shares.mean(axis=1)
    if not len(chosen):
        return Profile(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    weight = np.stack([np.bincount(one, minlength=problems) for one in chosen]) / problems
    tail = statistics.tail(problems)
    draws = [weight @ each for each in shares]
    low, high = np.stack([np.quantile(each, [tail, 1 - tail], axis=0, method="inverted_cdf") for each in draws], axis=1)
    return Profile(value, low, high)


def area(profile: Profile, x: ndarray) -> ndarray:
    """The mean of a profile over ln x, by trapezes: [methods], between 0 and 1."""
    return np.trapezoid(profile.value, np.log(x), axis=1) / np.log(x[-1] / x[0])


def compare(first: ndarray, second: ndarray) -> Pair:
    """Sign test of times [problems]: who arrives first, with ties (neither arrived included) left out.

    It asks nothing of the times but their order, so a censored one is simply later than all others.
    """
    wins, losses = int(np.sum(first < second)), int(np.sum(second < first))
    p = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return Pair(wins, losses, len(first) - wins - losses, p)


def holm(p: Sequence[float]) -> ndarray:
    """p-values of several tests, adjusted so that one false rejection at all has the level (Holm 1979)."""
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    raised = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    return raised[np.argsort(order, kind="stable")]
