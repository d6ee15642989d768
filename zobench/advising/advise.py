"""Advice: which method to take for a function, from a race on the function itself, and what a gradient would save."""

from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.advising.advice import Advice, Curvature, WithGradient
from zobench.advising.forecast import Forecast, foretell
from zobench.advising.probe import probe
from zobench.advising.race import AGAIN, CONTENDERS, LARGE, level_of, race
from zobench.derivatives.price import price
from zobench.derivatives.spectrum import hessian_product, hutchinson, lanczos
from zobench.host import TRIES, Failed, ask, at_point, seed_of
from zobench.solvers import scipy
from zobench.trees import flat
from zobench.types import Key, Problem, oracle

EACH = (10, 100)  # values a contender has: 10 (n + 1), at least 100
PROBE = 100  # values set aside for the probe, which asks at most 94
LEAST = 20  # values a contender must have
PROBES, KRYLOV = 32, 12  # products with the Hessian for its trace, and for its largest eigenvalue
KEPT = 2**26  # numbers that L-BFGS with gradients may leave on its way


def advise(problem: Problem, *, calls: int | None = None, target: float = 1e-3, seed: int = 0) -> Advice:
    """Which method reaches f_low + target·(f(x0) − f_low) with the fewest values: a race with `calls` values in all.

    First the function is probed around x0 (`probe.probe`), then every method of `race.CONTENDERS` has an equal share of
    the calls. null: 10 (n + 1) for each, at least 100. f* and L are not asked for; f_low is the lowest value seen.
    Where JAX can make a gradient, L-BFGS with gradients runs to the same level, which is charged to nobody; beyond n =
    1000, where values at x0 say little of the spectrum, 44 products with the Hessian of f at x0 predict the slowdown of
    a quadratic, and `forecast.foretell` that of f itself, with some hundreds of gradients in single precision.

    Asks at most `calls` values, f's own count. Raises ValueError where that is too few, where target is not in (0, 1)
    and where f(x0) is not finite.

    >>> import zobench as zo
    >>> zo.advise(zo.problems.quadratic(4), calls=400).best.reached < 60
    True
    """
    if not (isinstance(target, int | float) and 0 < target < 1):
        raise ValueError(f"target={target}: the share of f(x0) − f_low that may be left is between 0 and 1, as in 1e-3")
    problem = flat(problem)
    n, takes = problem.n, sum(problem.n <= contender.most for contender in CONTENDERS)
    calls = PROBE + takes * (max(EACH[0] * (n + 1), EACH[1])) if calls is None else calls
    least = PROBE + takes * (LEAST + AGAIN)
    if not (isinstance(calls, int) and calls >= least):
        raise ValueError(f"calls={calls}: a race of {takes} methods needs at least {least} values")
    with jax.enable_x64(True), np.errstate(all="ignore"):
        problem = problem._replace(x0=jnp.asarray(problem.x0, float))
        f, x0 = Asked(problem, seed), np.asarray(problem.x0)
        facts = probe(f, x0, seed)
        each = (calls - f.calls) // takes - (0 if facts.repeats else AGAIN)
        f.remembers = facts.repeats
        entries = race(f, x0, facts, each, target, seed)
        level = level_of(entries, facts, target)
        gradient = _with_gradient(problem, level, max(2, min(each, KEPT // n)), seed)
        curvature = _curvature(problem, seed) if problem.differentiable and n > LARGE else None
        told = _forecast(problem, seed) if curvature else None
    return Advice(facts, tuple(entries), each, target, level, gradient, f.calls, curvature, told)


class Asked:
    """A problem as a function of an array that counts its calls; where values repeat, the same x is asked once.

    A black box is asked as it says: within its bounds, each try a call; nan where there is no number. ValueError for
    that where on_error=raise.
    """

    def __init__(self, problem: Problem, seed: int):
        self._host, self._seed = problem.host, seed
        self._value = jax.jit(lambda x, step: oracle(problem, Key(jnp.uint32(seed), step)).value(x))
        self._known: dict[bytes, float] = {}
        self.calls, self.remembers = 0, False

    def __call__(self, x: np.ndarray) -> float:
        """F at x, charged unless it is known."""
        name = np.asarray(x, float).tobytes()
        if self.remembers and name in self._known:
            return self._known[name]
        if self._host:
            value = self._asked(np.clip(np.asarray(x, float), self._host.lower, self._host.upper))
        else:
            value = float(self._value(jnp.asarray(x, float), jnp.uint32(self.calls)))
            self.calls += 1
        if self.remembers:
            self._known[name] = value
        return value

    def _asked(self, x: np.ndarray) -> float:
        value: float | Failed = nan
        for _ in range(TRIES if self._host.on_error == "retry" else 1):
            (value,) = ask(self._host, [x], [seed_of(self._seed, self.calls)])
            self.calls += 1
            if not isinstance(value, Failed) and not isnan(value):
                return value
        if isinstance(value, Failed) and self._host.on_error == "raise":
            way_out = "problem.on_error=nan goes on, retry asks again"
            raise ValueError(f"{value.said}; {at_point(x)}; {way_out}")
        return nan


def _with_gradient(problem: Problem, level: float, each: int, seed: int) -> WithGradient:
    """L-BFGS on exact gradients, where there are any, for as many questions as a contender had."""
    if not problem.differentiable:
        return WithGradient(why="a black box has no gradient")
    try:
        costs = price(problem)
    except ValueError as error:
        return WithGradient(why=str(error))
    trace = scipy("L-BFGS-B", "exact").solve(problem, each, seed)
    values: Callable[..., Any] = jax.jit(lambda x: jax.lax.map(problem.f, x))
    under = np.flatnonzero(np.asarray(values(jnp.asarray(trace.x))) <= level)
    return WithGradient(float(trace.k[under[0]]) if under.size else inf, costs)


def _curvature(problem: Problem, seed: int) -> Curvature:
    """Trace and largest eigenvalue of ∇²f(x0) by products with it."""
    product, random = hessian_product(problem.f, problem.x0), np.random.default_rng(seed)
    trace = hutchinson(product, problem.n, PROBES, random)
    return Curvature(trace.value, trace.error, float(lanczos(product, problem.n, KRYLOV, random)[0]))


def _forecast(problem: Problem, seed: int) -> Forecast | None:
    """What is told of two-point descent; None where gradient descent does not descend."""
    try:
        return foretell(problem.f, jnp.asarray(problem.x0, jnp.float32), seed=seed)._replace(ends=[])
    except ValueError:
        return None
