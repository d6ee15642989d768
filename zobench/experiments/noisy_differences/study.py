"""Intervals by bisection, and races of differences against models, on one of Moré and Wild's problems."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from zobench import sampling
from zobench.experiments.noisy_differences import intervals, races
from zobench.types import Problem

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]


def noisy_differences(
    problem: Problem,
    *,
    noise: Sequence[float],
    lines: int,
    races_noise: Sequence[float],
    budget: int,
    runs: int,
    seed: int,
    dtype: str,
) -> Callable[[], Measured]:
    """The study of a problem: intervals along `lines` lines at each `noise`, and races of `budget` (n + 1) values.

    Noise is relative to f(x0), or to 1 where that is less; `races_noise` has 0 for none, other levels `runs` runs.
    Raises ValueError for numbers out of range.
    """
    sampling.require_count("lines", lines, 2)
    sampling.require_count("budget", budget, 5)
    sampling.require_count("runs", runs, 1)
    sampling.require_positive("noise", noise)
    if any(not (np.isfinite(level) and level >= 0) for level in races_noise):
        raise ValueError(f"races_noise={list(races_noise)}: standard deviations over f(x0), 0 or more")
    if dtype != "float64":
        raise ValueError(f"dtype={dtype}: noise of 1e-8 is told from rounding in double precision; use float64")
    return partial(_measure, problem, list(noise), lines, list(races_noise), budget * (problem.n + 1), runs, seed)


def _measure(problem: Problem, noise, lines, races_noise, budget, runs, seed) -> Measured:
    arrays = {f"interval/{name}": part for name, part in intervals.measured(problem, noise, lines, seed).items()}
    raced = races.raced(problem, races_noise, budget, runs, seed)
    arrays |= {f"race/{name}": part for name, part in raced.items()}
    start = float(problem.f(problem.x0))
    return arrays, {
        "n": problem.n,
        "noise": noise,
        "races_noise": races_noise,
        "start": start,
        "f_star": problem.f_star,
    }
