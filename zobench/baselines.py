"""Estimators of q one-sided values that are compared with each other: a leave-one-out baseline, signs normalised."""

from typing import Any, Literal

import jax.numpy as jnp
from jaxtyping import Array

from zobench import directions
from zobench.around import long_step, values
from zobench.differences import require_eps
from zobench.types import Calls, Draw, Estimator, Key, Moment, Oracle, State, Vector

Family = Literal["gaussian", "rademacher"]


def leave_one_out(
    direction: Family = "gaussian", q: int = 2, eps: float | None = None, noise: float = 0.0
) -> Estimator:
    """q values, each less the mean of the others (REINFORCE leave-one-out: Kool, van Hoof & Welling 2019).

    G = (1/q) Σⱼ (fⱼ − (1/(q−1)) Σ_{i≠j} fᵢ) vⱼ/ε, fⱼ = f(x + εvⱼ), vⱼ from N(0, I) or ±1; f(x) is not asked. For a
    linear f this is the sample covariance of the vⱼ times g, and so exactly: A = 1/(q−1), C = 1 + 1/(q−1), D = 0 for
    normals, for which q values are worth what q−1 forward quotients are, and D = −2/q for signs. E‖G‖² =
    (1 + (n+1)/(q−1))‖g‖², or (1 + (n+1)/(q−1) − 2/q)‖g‖². Unbiased on quadratics for any ε, with more variance.
    "Buy 4 REINFORCE samples, get a baseline for free!", ICLR workshop 2019; the moments are ours.

    `eps=None`: that of the forward quotient, over √n. Asks q values a step. Raises ValueError for q < 2, for another
    direction, for eps as `two_point`.

    >>> leave_one_out(q=5).second_moment(10)
    Moment(A=0.25, C=1.25, D=0.0)
    """
    require_eps(eps, noise)
    _require_values(q)
    if direction not in ("gaussian", "rademacher"):
        raise ValueError(f"direction={direction}: there are gaussian and rademacher")
    signs = direction == "rademacher"

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v = directions.signs(draw, x.dtype) if signs else directions.rows(draw, (q, x.size), x.dtype)
        h = long_step(eps, "forward", x, noise, oracle)
        f = values(oracle, x, h * v)
        others = (jnp.sum(f) - f) / (q - 1)
        return ((f - others) / h) @ v / q, state

    def draw(key: Key, n: int, dtype: Any) -> Draw:
        return directions.rademacher_draw(key, n, q) if signs else directions.gaussian_draw(key, n, dtype, q)

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=q),
        second_moment=lambda n: Moment(1 / (q - 1), 1 + 1 / (q - 1), -2 / q if signs else 0.0),
        draw=draw,
        period=lambda n: directions.BITS if signs else directions.period(q * n),
    )


def normalised_signs(q: int = 8, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """One-sided differences along signs, over the standard deviation of the values (FZOO: Dang et al. 2025).

    G = (1/q) Σⱼ (fⱼ − f(x)) vⱼ/s, fⱼ = f(x + εvⱼ), vⱼ = ±1, s² = (1/(q−1)) Σⱼ (fⱼ − f̄)²; 0 where all fⱼ are equal.
    The paper divides by ε besides, which is here in the step. s ≈ ε‖g‖, so that this is descent of normalised length:
    its mean is near g/‖g‖ and no estimate of g (`zobench check estimator=normalised_signs unbiased=false`); no
    second moment is known, and it is no multiple of ‖g‖². "FZOO: fast zeroth-order optimizer for
    fine-tuning large language models towards Adam-scale speed", arXiv:2506.09034.

    `eps=None`: that of the forward quotient, over √n. Asks q+1 values a step. Raises ValueError for q < 2 and for eps
    as `two_point`.

    >>> normalised_signs(q=8).calls(10).value
    9
    """
    require_eps(eps, noise)
    _require_values(q)

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v = directions.signs(draw, x.dtype)
        moves = long_step(eps, "forward", x, noise, oracle) * v
        f: Array = values(oracle, x, jnp.concatenate([jnp.zeros_like(x)[None], moves]))
        rise = f[1:] - f[0]  # as small as s, where the values themselves are not
        s = jnp.sqrt(jnp.sum((rise - jnp.mean(rise)) ** 2) / (q - 1))
        return jnp.where(s > 0, rise / jnp.where(s > 0, s, 1), 0) @ v / q, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=q + 1),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.rademacher_draw(key, n, q),
        period=lambda n: directions.BITS,
    )


def _require_values(q: int) -> None:
    if q < 2:
        raise ValueError(f"q={q}: one value has no others to be compared with; use q >= 2")
