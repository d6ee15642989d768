"""Pools of candidates: directions that values of f choose before the slope is asked, as evolution strategies do."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from scipy.special import ndtr

from zobench import directions
from zobench.around import long_step, values
from zobench.differences import require_eps
from zobench.types import Calls, Draw, Estimator, Moment, Oracle, State, Vector


def greedy(pool: int = 4, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """The best of M = `pool` candidates (MeZO-Greedy: Jin, Cen & Tan 2026), a (1,M)-evolution strategy with a slope.

    G = D v/κ₂, v the one of M vectors zⱼ from N(0, I) with the least f(x+εzⱼ), D the central quotient along v, and
    κ₂ = E y² of the least y of M standard normals, which the paper leaves to the step. For a linear f the choice sees
    z·g/‖g‖ alone, and so exactly: E G = g, E GGᵀ = (1/κ₂)‖g‖² I + (κ₄/κ₂² − 1/κ₂) ggᵀ, κ₄ = E y⁴, and E‖G‖² =
    (κ₄/κ₂² + (n−1)/κ₂)‖g‖². κ₂ is 1 for M = 1 and 2, 1.55 for 4, 3.41 for 16, 10.6 for 1000: about 2 ln M (their lemma
    3) for M + 1 values. Under noise the least value is lower than its mean, and the slope is biased by that.
    "Prior-informed zeroth-order optimization with adaptive direction alignment for memory-efficient LLM fine-tuning",
    arXiv:2601.04710, eq. (7) and (8); κ and the moments are ours.

    Asks M+1 values a step, f(x+εv) once. Raises ValueError for pool < 1 and for eps as `two_point`.

    >>> greedy(pool=4).calls(10).value
    5
    """
    require_eps(eps, noise)
    _require_pool(pool, 1)
    second, fourth = least_of(pool)

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        z, h = directions.rows(draw, (pool, x.size), x.dtype), long_step(eps, "central", x, noise, oracle)
        found = values(oracle, x, h * z)
        best = jnp.argmin(found)
        behind = values(oracle, x, -h * z[best][None], pool)[0]
        return (found[best] - behind) / (2 * h * second) * z[best], state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=pool + 1),
        second_moment=lambda n: Moment(1 / second, fourth / second**2 - 1 / second),
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, pool),
        period=lambda n: directions.period(pool * n),
    )


def guiding_vector(pool: int = 4, share: float = 0.5, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """The mean of the better candidates less that of the others (MeZO-GV: Jin, Cen & Tan 2026).

    G = D v, v = (1/k) Σ_{better} zⱼ − (1/(M−k)) Σ_{others} zⱼ, the M = `pool` vectors zⱼ from N(0, I) in the order of
    f(x+εzⱼ), k = ⌊share·M⌋ of them the better ones, D the central quotient along v. For a linear f it is
    E G = E t² g, t the difference of those means of M standard normals in order, and E‖G‖² = (E t⁴ +
    (n−1)σ² E t²)‖g‖², σ² = 1/k + 1/(M−k): a multiple of g (`zobench check estimator=guiding_vector unbiased=false`), no
    factor of it declared. "Prior-informed zeroth-order optimization with adaptive direction alignment for
    memory-efficient LLM fine-tuning", arXiv:2601.04710, algorithms 1 and 2; the moments are ours.

    Asks M+2 values a step. Raises ValueError for pool < 2, for a share that leaves either side empty, for eps as
    `two_point`.

    >>> guiding_vector(pool=4).calls(10).value
    6
    """
    require_eps(eps, noise)
    _require_pool(pool, 2)
    better = int(share * pool)
    if not 0 < better < pool:
        raise ValueError(f"share={share}: {better} of {pool} candidates are the better ones; leave some on either side")
    weight = np.where(np.arange(pool) < better, 1 / better, -1 / (pool - better))

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        z, h = directions.rows(draw, (pool, x.size), x.dtype), long_step(eps, "central", x, noise, oracle)
        order = jnp.argsort(values(oracle, x, h * z))
        v = jnp.asarray(weight, x.dtype) @ z[order]
        ahead, behind = values(oracle, x, h * jnp.stack([v, -v]), pool)
        return (ahead - behind) / (2 * h) * v, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=pool + 2),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, pool),
        period=lambda n: directions.period(pool * n),
    )


@cache
def least_of(pool: int) -> tuple[float, float]:
    """E y² and E y⁴ of the least y of that many standard normals, whose density is M φ(y)(1 − Φ(y))ᴹ⁻¹."""
    y = np.linspace(-12, 12, 24_001)
    density = pool * np.exp(-(y**2) / 2) / (2 * np.pi) ** 0.5 * ndtr(-y) ** (pool - 1)
    return float(np.trapezoid(y**2 * density, y)), float(np.trapezoid(y**4 * density, y))


def _require_pool(pool: int, least: int) -> None:
    if pool < least:
        raise ValueError(f"pool={pool}: a whole number of candidates from {least} on")
