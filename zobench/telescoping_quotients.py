"""Quotients whose bias is taken away by chance: one more term of a telescoping series, drawn and weighted."""

from math import log
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench import directions
from zobench.around import values
from zobench.differences import require_eps
from zobench.kernel_estimates import sphere_and_distance
from zobench.moments import excess_of, moment_of, require_directions
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector

Points = Literal[3, 4]


def telescoping(points: Points = 4, q: int = 2, eps: float = 0.1, ratio: float = 0.5, levels: int = 8) -> Estimator:
    """Unbiased quotients, the geometric P₃ and P₄ of Ma & Huang (NeurIPS 2025); P₄ is Chen's (2020).

    With D(μ) = (f(x+μv) − f(x))/μ and μₖ = εcᵏ⁻¹, c = `ratio`, ∂f/∂v = D(μ₁) + Σₖ (D(μₖ₊₁) − D(μₖ)); one k is drawn
    with chance pₖ ~ cᵏ⁻¹. P₄ = D(μ₁) + (D(μₖ₊₁) − D(μₖ))/pₖ along each of q directions; P₃ is twice the first term
    along half of them and twice the second along the others, where the paper tosses a coin. G = (n/q) Σⱼ Pⱼvⱼ, vⱼ
    uniform on the unit sphere. The series is infinite in the paper; with rounding σ the variance grows as (σ/ε)²c⁻³ᵏ,
    so it ends here after K = `levels` terms, and what is left is the bias of D(εcᴷ). On quadratics (pₖ is best for
    them) P₄ is D(εcᴷ) whatever k: E‖G‖² = (1 + (n−1)/q)‖g‖² and the excess of that quotient; P₃ pays for ε besides,
    and has 1 + 2(n−1)/q. "On the optimal construction of unbiased gradient estimators for zeroth-order optimization",
    arXiv:2510.19953, theorems 3.1 and 3.2, example 3.3.

    Asks 1+3q values a step (P₄; points that are the same by chance are asked again) or 1+3q/2 (P₃). Raises ValueError
    for points that are not 3 or 4, for q < 1, for P₃ with an odd q, for eps, ratio or levels out of range.

    >>> telescoping(points=3, q=2).calls(10).value, telescoping(q=2).calls(10).value
    (4, 7)
    """
    _require(points, q, eps, ratio, levels)
    least, alone = eps * ratio**levels, q if points == 4 else q // 2  # directions of the first term

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v, r = sphere_and_distance(draw, x, q)
        first, second = v[:alone], v[q - alone :]
        far = eps * ratio ** (level((r[q - alone :] + 1) / 2, ratio, levels) - 1)  # μₖ, and μₖ₊₁ = cμₖ
        near = ratio * far
        moves = [jnp.zeros_like(x)[None], eps * first, near[:, None] * second, far[:, None] * second]
        f: Array = values(oracle, x, jnp.concatenate(moves))
        start, closer, wider = jnp.split(f[1:] - f[0], 3)
        weight = (eps - least) / (far - near)  # 1/pₖ
        slope = start / eps @ first + (closer / near - wider / far) * weight @ second
        return x.size / alone * slope, state

    def excess(eigenvalue: np.ndarray) -> np.ndarray:
        steps = (least,) if points == 4 else (eps, eps - least)
        parts = [excess_of("sphere", alone, False, "forward", step, 0.0) for step in steps]
        return sum((part(eigenvalue) for part in parts if part), np.zeros_like(eigenvalue))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=1 + 3 * alone),
        second_moment=lambda n: moment_of("sphere", alone, False, n),
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n + 3, dtype, q),
        excess=excess,
        period=lambda n: directions.period(q * (n + 3)),
    )


def level(u: Float[Array, " q"], ratio: float, levels: int) -> Float[Array, " q"]:
    """k = 1 ... K with chances in proportion to cᵏ⁻¹, by inversion of u, uniform on [0, 1]."""
    k = jnp.floor(jnp.log1p(-u * (1 - ratio**levels)) / log(ratio)) + 1
    return jnp.clip(k, 1, levels)


def _require(points: int, q: int, eps: float, ratio: float, levels: int) -> None:
    require_eps(eps)
    require_directions("sphere", q, False)
    if points not in (3, 4):
        raise ValueError(f"points={points}: there are 3 and 4")
    if points == 3 and q % 2:
        raise ValueError(f"q={q}: with points=3 half of the directions have the first term; use an even q")
    if not 0 < ratio < 1:
        raise ValueError(f"ratio={ratio}: the factor between two distances is in (0, 1)")
    if levels < 1:
        raise ValueError(f"levels={levels}: a whole number of terms from 1 on")
