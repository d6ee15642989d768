"""L-BFGS by differences and COBYQA on one problem, without noise and with it: f after so many values."""

import numpy as np

from zobench.noise_aware import noise_aware_lbfgs
from zobench.problems.wrappers import noisy
from zobench.solvers import Solver, scipy
from zobench.types import Problem

WAYS = ("differences", "models")


def solver(way: str, sigma: float) -> Solver:
    """Without noise scipy's own differences, with it those whose intervals are found by bisection (forward)."""
    if way == "models":
        return scipy("COBYQA", "none")
    return noise_aware_lbfgs(sigma) if sigma else scipy("L-BFGS-B", "forward")


def raced(problem: Problem, levels: list[float], budget: int, seeds: int, seed: int) -> dict[str, np.ndarray]:
    """By way and level f itself at the best point that the method saw, by values asked, [runs, values + 1].

    `levels` are σ over f(x0), 0 for none, in one run; the best point is by the values that the method was given.
    """
    start, found = abs(float(problem.f(problem.x0))), {}
    for level in levels:
        sigma = level * max(1.0, start)
        asked = noisy(problem, sigma) if sigma else problem
        for way in WAYS:
            count = seeds if sigma else 1
            curves = [_curve(problem, asked, solver(way, sigma), budget, seed + run) for run in range(count)]
            found[f"{way}/{level:g}"] = np.array(curves)
    return found


def _curve(problem: Problem, asked: Problem, made: Solver, budget: int, seed: int) -> np.ndarray:
    trace = made.solve(asked, budget, seed)
    values = np.array([float(problem.f(x)) for x in trace.x])
    return values[np.searchsorted(trace.k, np.arange(budget + 1), side="right") - 1]
