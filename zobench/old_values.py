"""Estimates that use old values again: a baseline and directions of earlier steps, stale partial derivatives."""

import jax.numpy as jnp
from jaxtyping import Array

from zobench import directions
from zobench.around import long_step, values
from zobench.differences import require_eps, slopes, step_of
from zobench.subspace_directions import require_counts
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector


def averaged_baseline(q: int = 2, history: int = 3, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """q values a step and those of the steps before, less their mean (ZoAR: Qiu et al. 2025).

    G = (1/(Q−1)) Σ (fᵢ − f̄) vᵢ/ε over the Q = q·min(k+1, H) values fᵢ = f(x_s+εvᵢ) of this step and the H−1 =
    `history`−1 before, each at the x of its own step, vᵢ from N(0, I), f̄ their mean. Where x stands still this is
    `leave_one_out` of Q values, unbiased with E‖G‖² = (1 + (n+1)/(Q−1))‖g‖², exact; where it moves, the old values are
    biased by what f and g have changed, and no second moment is known. "Zeroth-order optimization is secretly
    single-step policy optimization", arXiv:2506.14460, of which this is averaged baseline and reuse of queries as its
    abstract has them; the factor 1/(Q−1) and the moment are ours.

    Asks q values a step; remembers Hq vectors. Raises ValueError for q < 2, for history < 1, for eps as `two_point`.

    >>> averaged_baseline(q=4).calls(10).value
    4
    """
    require_eps(eps, noise)
    require_counts(history=history, q=q)
    if q < 2:
        raise ValueError(f"q={q}: one value has no others to be compared with at first; use q >= 2")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v, h = directions.rows(draw, (q, x.size), x.dtype), long_step(eps, "forward", x, noise, oracle)
        found: Array = jnp.concatenate([values(oracle, x, h * v)[None], state[0]])
        used: Array = jnp.concatenate([(v / h)[None], state[1]])
        known = ~jnp.isnan(found)
        count = jnp.sum(known)
        rise = jnp.where(known, found - jnp.sum(jnp.where(known, found, 0)) / count, 0)
        return jnp.tensordot(rise, used, 2) / (count - 1).astype(x.dtype), (found[:-1], used[:-1])

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=q),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        init=lambda x: (jnp.full((history - 1, q), jnp.nan, x.dtype), jnp.zeros((history - 1, q, x.size), x.dtype)),
        period=lambda n: directions.period(q * n),
    )


def stale_coordinates(size: int = 1, decay: float = 1.0, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Cyclic coordinates, of which the partial derivatives of earlier steps are kept (CoCD: Liang et al., ICML 2026).

    G₊ = γG, and then Gᵢ = (f(x+εeᵢ) − f(x−εeᵢ))/(2ε) for the next m = min(size, n) coordinates in turn, γ = `decay`,
    G = 0 at first. γ = 0 is cyclic coordinate descent, γ = 1 keeps each derivative until its turn comes again, after
    n/m steps. No randomness; biased by what is stale, and by zeros in the first n/m steps (`zobench check
    estimator=stale_coordinates unbiased=false`), no second moment. "Turning stale gradients into stable gradients:
    coherent coordinate descent with implicit landscape smoothing for lightweight zeroth-order optimization",
    arXiv:2605.14373, as the authors' program has it with memory for all n.

    Asks 2m values a step. Raises ValueError for size < 1, for decay outside [0, 1], for eps as `two_point`.

    >>> stale_coordinates(size=3).calls(10).value
    6
    """
    require_eps(eps, noise)
    require_counts(size=size)
    if not 0 <= decay <= 1:
        raise ValueError(f"decay={decay}: the share of an old derivative that is kept is in [0, 1]")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        old, first = state
        m = min(size, x.size)
        at = (first + jnp.arange(m, dtype=jnp.uint32)) % jnp.uint32(x.size)
        axes = jnp.zeros((m, x.size), x.dtype).at[jnp.arange(m), at].set(1)
        fresh = slopes(oracle, x, axes, "central", step_of(eps, "central", x.dtype, noise, oracle))
        g = (decay * old).at[at].set(fresh)
        return g, (g, (first + jnp.uint32(m)) % jnp.uint32(x.size))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * min(size, n)),
        second_moment=lambda n: None,
        init=lambda x: (jnp.zeros_like(x), jnp.uint32(0)),
    )
