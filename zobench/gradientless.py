"""Gradientless descent: the best of steps of many lengths, by comparisons of values alone."""

from math import ceil, isfinite, log2

import jax.numpy as jnp

from zobench import directions
from zobench.around import values
from zobench.types import Calls, Draw, Method, Oracle, State, Vector


def gradientless_descent(largest: float = 1.0, smallest: float = 1e-4) -> Method:
    """GLD-Search (Golovin et al. 2020, algorithm 1): a point in each of the balls of radii R, R/2, ..., the best kept.

    x₊ = the best of x and x + rₖvₖ, rₖ = 2⁻ᵏR, vₖ uniform in the unit ball, k = 0 ... K = ⌈log₂(R/r)⌉, R = `largest`
    and r = `smallest`. It sees the order of values alone: f and any increasing function of f have the same iterates.
    The paper's bound for f of condition number Q, on which k of n coordinates act: within ε of x* after
    O(kQ log n log(R/ε)) values. "Gradientless descent: high-dimensional zeroth-order optimization", ICLR 2020.

    Asks K+1 values a step: f(x) is remembered; the first step only asks f(x0), K+1 times. Raises ValueError where the
    radii are not positive or the smallest is above the largest.

    >>> gradientless_descent(largest=8.0, smallest=1.0).calls(10).value
    4
    """
    if not (isfinite(largest) and largest > 0):
        raise ValueError(f"largest={largest}: the largest radius is a positive number")
    if not 0 < smallest <= largest:
        raise ValueError(f"smallest={smallest}: the smallest radius is a positive number, at most largest={largest}")
    count = ceil(log2(largest / smallest)) + 1

    def init(x: Vector) -> State:
        return jnp.full((), jnp.nan, x.dtype)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        first = jnp.isnan(state)
        radius = jnp.where(first, 0, largest * 2.0 ** -jnp.arange(count)).astype(x.dtype)
        # the first n coordinates of a point on the sphere in Rⁿ⁺² are uniform in the ball (Barthe et al. 2005)
        ball = directions.unit_rows(draw, (count, x.size + 2), x.dtype)[:, : x.size]
        moves = radius[:, None] * ball
        found = values(oracle, x, moves)
        best = jnp.argmin(found)
        here = jnp.where(first, found[0], state)
        better = found[best] < here
        return jnp.where(better, x + moves[best], x), jnp.where(better, found[best], here)

    return Method(
        init,
        advance,
        lambda n: Calls(value=count),
        lambda key, n, dtype: directions.gaussian_draw(key, n + 2, dtype, count),
        lambda n: n,
        lambda n: directions.period(count * (n + 2)),
    )
