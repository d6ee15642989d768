"""Descent of many seeds with every iteration recorded, as the hitting times of whole iterations need it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Draw, Estimator, Key, Problem, oracle

GROUP = 64  # runs that go side by side


class Rollout(NamedTuple):
    """f and xᵀx0/‖x0‖² of each run after 0, 1, 2, ... iterations, both of shape [runs, iterations + 1]."""

    f: np.ndarray
    along: np.ndarray


def rollout(problem: Problem, estimator: Estimator, iterations: int) -> Callable[[float, int], Rollout]:
    """The runs x₊ = x − αG of the 64 seeds from `seed` on, compiled once: a function of α and `seed`.

    Run by run the directions are those of the suite's loop: (seed, k) says which.
    """
    n, dtype = problem.n, problem.x0.dtype
    period = estimator.period(n)
    rounds = -(-iterations // period)

    def run(step, seed):
        def iterate(source, carry, turn):
            x, state, k = carry
            draw = Draw(source, turn)
            g, state = estimator.estimate(oracle(problem, Key(seed, k)), x, draw, state)
            x = x - step * g
            return (x, state, k + jnp.uint32(1)), (problem.f(x), x @ problem.x0)

        def one_round(carry, _):
            source = estimator.draw(Key(seed, carry[2]), n, dtype).source  # type: ignore[misc]
            return jax.lax.scan(partial(iterate, source), carry, jnp.arange(period, dtype=jnp.uint32))

        first = problem.x0, estimator.init(problem.x0), jnp.uint32(0)
        _, (f, along) = jax.lax.scan(one_round, first, length=rounds)
        start = problem.f(problem.x0), problem.x0 @ problem.x0
        f, along = (jnp.append(s, part.ravel()[:iterations]) for s, part in zip(start, (f, along), strict=True))
        return f, along / start[1]

    group = jax.jit(jax.vmap(run, in_axes=(None, 0)))

    def runs(step: float, seed: int) -> Rollout:
        return Rollout(*map(np.asarray, group(step, seed + jnp.arange(GROUP, dtype=jnp.uint32))))

    return runs
