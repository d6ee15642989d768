"""Directions drawn mostly from the subspace of the estimates that were made last."""

from math import isfinite

import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench import directions
from zobench.differences import require_eps, slopes, step_of
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector, require_wide


def guided(
    memory: int = 4, q: int = 1, alpha: float = 0.5, beta: float = 2.0, eps: float | None = None, noise: float = 0.0
) -> Estimator:
    """Guided evolution strategies (Maheswaranathan et al. 2019), guided by the last k = min(memory, n) estimates.

    G = (β/q) Σⱼ Dⱼ vⱼ, vⱼ from N(0, Σ), Σ = (α/n) I + ((1−α)/k) UUᵀ, Dⱼ the central quotient along vⱼ, U an
    orthonormal basis of the last k estimates, of those that there are at first. Given U, E G = βΣg, which is no
    multiple of g but for α = 1 (`zobench check estimator=guided unbiased=false`), and E GGᵀ = (β²/q)((gᵀΣg) Σ +
    (q+1) Σggᵀ Σ); over the U of a run no second moment is known. "Guided evolutionary strategies: augmenting random
    search with surrogate gradients", ICML 2019; the paper's surrogates are given from outside, or earlier estimates.

    Asks 2q values a step; a QR of [n, k] besides. Raises ValueError for memory or q < 1, for alpha outside (0, 1],
    for a beta that is not positive, for eps as `two_point`.

    >>> guided(q=3).calls(10).value
    6
    """
    require_eps(eps, noise)
    if memory < 1 or q < 1:
        raise ValueError(f"memory={memory}, q={q}: whole numbers from 1 on")
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha={alpha}: the share of all directions in the draw is in (0, 1]")
    if not (isfinite(beta) and beta > 0):
        raise ValueError(f"beta={beta}: the factor of the estimate is a positive number")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        require_wide(x.dtype, "the last estimates are made orthonormal by QR, of which there is none of 16-bit numbers")
        normal = directions.rows(draw, (q, x.size + memory), x.dtype)
        k = min(memory, x.size)
        within = normal[:, x.size : x.size + k] @ span(state).T
        v = (alpha / x.size) ** 0.5 * normal[:, : x.size] + ((1 - alpha) / k) ** 0.5 * within
        g = beta / q * slopes(oracle, x, v, "central", step_of(eps, "central", x.dtype, noise, oracle)) @ v
        return g, jnp.concatenate([g[None], state[:-1]])

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n + memory, dtype, q),
        init=lambda x: jnp.zeros((min(memory, x.size), x.size), x.dtype),
        period=lambda n: directions.period(q * (n + memory)),
    )


def span(estimates: Float[Array, "k n"]) -> Float[Array, "n k"]:
    """An orthonormal basis of the rows, in columns; a column of zeros for a row of zeros, which is no estimate yet."""
    basis: Array = jnp.linalg.qr(estimates.T)[0]
    return basis * jnp.any(estimates != 0, axis=1)
