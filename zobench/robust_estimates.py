"""Slopes that a few wild values do not spoil: the median of repeated ones, and clipped ones."""

import jax.numpy as jnp
import numpy as np

from zobench import directions
from zobench.differences import require_eps, slopes, step_of
from zobench.moments import moment_of, require_directions
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector


def median_slope(q: int = 1, repeats: int = 3, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Along each of q directions the median of repeated central quotients (Kornilov et al. 2024).

    G = (n/q) Σⱼ med(Dⱼ₁, ..., Dⱼᵣ) vⱼ, Dⱼᵢ = (f(x+εvⱼ) − f(x−εvⱼ))/(2ε) asked r = `repeats` times, vⱼ uniform on the
    unit sphere. Without noise it is `two_point` at r times its price: E‖G‖² = (1 + (n−1)/q)‖g‖², exact; under
    independent noise the median is unbiased, because differences of such noise are symmetric, and has a mean and a
    variance where r is large enough, even if the noise has none. "Median clipping for zeroth-order non-smooth convex
    optimization and multi-armed bandit problem with heavy-tailed symmetric noise", arXiv:2402.02461, which clips the
    length of G besides: `clipped_slope` clips slopes, optax.clip_by_global_norm lengths.

    Asks 2rq values a step. Raises ValueError for q < 1, for repeats that are even or below 1, for eps as `two_point`.

    >>> median_slope(q=2, repeats=5).calls(10).value
    20
    """
    require_eps(eps, noise)
    require_directions("sphere", q, False)
    if repeats < 1 or repeats % 2 == 0:
        raise ValueError(f"repeats={repeats}: the median is that of an odd number of quotients")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v = directions.unit_rows(draw, (q, x.size), x.dtype)
        h = step_of(eps, "central", x.dtype, noise, oracle)
        found = slopes(oracle, x, jnp.repeat(v, repeats, axis=0), "central", h).reshape(q, repeats)
        return x.size / q * jnp.median(found, axis=1) @ v, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q * repeats),
        second_moment=lambda n: moment_of("sphere", q, False, n),
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        excess=np.zeros_like,
        period=lambda n: directions.period(q * n),
    )


def clipped_slope(clip: float = 100.0, q: int = 1, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Central quotients, each clipped before they are added (RSC-ZO: El Bakkali et al. 2026).

    G = (n/q) Σⱼ max(−λ, min(λ, Dⱼ)) vⱼ, λ = `clip`, Dⱼ as in `two_point`, vⱼ uniform on the unit sphere. ‖G‖ ≤ nλ
    whatever the noise. Where no slope is beyond λ it is `two_point`; else E G is shorter than g, and without noise
    E‖G‖² ≤ (1 + (n−1)/q)‖g‖², a bound and no factor, so that no step follows from it. "Stochastic zeroth-order
    optimization under heavy-tailed noise", arXiv:2605.17394, of which this is the estimate as its abstract has it;
    the directions are ours.

    Asks 2q values a step. Raises ValueError where clip is not positive, for q < 1, for eps as `two_point`.

    >>> clipped_slope(q=4).calls(10).value
    8
    """
    require_eps(eps, noise)
    require_directions("sphere", q, False)
    if not clip > 0:
        raise ValueError(f"clip={clip}: the largest slope is a positive number")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v = directions.unit_rows(draw, (q, x.size), x.dtype)
        found = slopes(oracle, x, v, "central", step_of(eps, "central", x.dtype, noise, oracle))
        return x.size / q * jnp.clip(found, -clip, clip) @ v, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        period=lambda n: directions.period(q * n),
    )
