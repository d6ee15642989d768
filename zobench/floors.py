"""Runs of descent down to where errors of the estimate hold them, and the exact means that they must follow."""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np
import optax

from zobench import theory
from zobench.loop import Program, Stop, advance, compile_block
from zobench.methods import descent
from zobench.sampling import Mean, mean
from zobench.types import Estimator, Key, Moment, Problem

BURN = 20  # times the time scale of the estimator, after which the start is forgotten: e⁻²⁰
FLIGHT = 60  # times the time scale: how long a run is, unless it says otherwise
REPEAT = 2**24  # call numbers between two values of the same point; no step asks so many


class Descent(NamedTuple):
    """What runs of one step size did: recorded iterations k [records], gap f − f* [runs, records]."""

    k: np.ndarray
    gap: np.ndarray

    def floor(self, after: float) -> Mean:
        """The mean gap from iteration `after` on, over runs; inf where one was lost before."""
        late = self.gap[:, self.k >= after]
        return mean(late.mean(axis=1)) if late.size and np.isfinite(late).all() else Mean(inf)


def compiled(problem: Problem, estimator: Estimator) -> Program:
    """The suite's own loop of x₊ = x − αG for this estimator, for any step α."""
    return compile_block(problem, lambda step: descent(estimator, optax.sgd(step)))


def descend(program: Program, steps: Sequence[float], seeds: int, seed: int, iterations: int) -> list[Descent]:
    """Runs from x0 for each step α, `seeds` of them each."""
    runs = [seed + i for i in range(seeds)]
    stop = Stop("gap", -1.0, inf, iterations)  # a gap is never below 0: no run ends early
    curves = advance(program, np.repeat(steps, seeds).tolist(), runs * len(steps), stop, lambda k: None)
    return [Descent(curves.k, part) for part in np.split(np.asarray(curves.gap, np.float64), len(steps))]


def exact(
    problem: Problem, estimator: Estimator, step: float, k: np.ndarray, added: float = 0.0, scale: float = 1.0
) -> np.ndarray:
    """E f − f* at the recorded k on a quadratic; noise adds to each diagonal term of E GGᵀ, or scales all of it."""
    modes: Any = problem.modes
    moment: Any = estimator.second_moment(problem.n)
    excess: Any = estimator.excess
    scaled = Moment(*(part * scale for part in moment))
    every, last = int(k[1] - k[0]), int(k[-1] - k[-2])
    return theory.expectation(modes, scaled, excess(modes.eigenvalue) + added, step, every, len(k), last).gap


def averaged(problem: Problem, repeats: int) -> Problem:
    """Another problem, whose noisy values are each the mean of so many taken at the same point."""
    one = problem.F
    if one is None or repeats == 1:
        return problem

    def F(x, key: Key):
        return sum(one(x, key._replace(call=key.call + i * REPEAT)) for i in range(repeats)) / repeats

    return problem._replace(F=F)
