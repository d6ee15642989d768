"""Directions of signs that are orthogonal without a QR: rows of a Hadamard matrix with random signs of its columns."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench import directions
from zobench.around import long_step
from zobench.differences import Quotient, calls_of, require_eps, require_quotient, slopes
from zobench.subsets import require_numbered
from zobench.types import Calls, Draw, Estimator, Key, Moment, Oracle, State, Vector


def hadamard(q: int = 1, quotient: Quotient = "central", eps: float | None = None, noise: float = 0.0) -> Estimator:
    """q different rows hⱼ of the Walsh–Hadamard matrix, all with the same random signs s (Choromanski et al. 2018).

    G = (1/q) Σⱼ Dⱼ vⱼ, vⱼ = (s₁hⱼ₁, ..., sₙhⱼₙ), with Dⱼ the slope along vⱼ as in `two_point`, and the rows of the
    matrix of order N, the least power of two from n on, of which the first n columns are used. Each vⱼ is SPSA's
    direction; two of them are orthogonal where n = N, and q = N gives the gradient. With b = (N−q)/(q(N−1)), exact:
    E GGᵀ = b‖g‖² I + (1 + b) ggᵀ − 2b diag(gᵢ²), E‖G‖² = (1 + (n−1)b)‖g‖²; for n = N this is (n/q)‖g‖², as with
    orthogonal directions of the sphere, and for n < N never more than 1 + (n−1)/q of independent signs.
    "Structured evolution with compact architectures for scalable policy optimization", ICML 2018; the moments are ours.

    Asks 2q values a step (central) or q+1 (forward). Raises ValueError for q < 1, for q > N, for n ≥ 2³⁰, for eps as
    `two_point`.

    >>> hadamard(q=4).second_moment(16)
    Moment(A=0.2, C=1.2, D=-0.4)
    """
    require_quotient(quotient, "central", "forward")
    require_eps(eps, noise)
    if q < 1:
        raise ValueError(f"q={q}: an estimate needs one direction or more")

    def draw(key: Key, n: int, dtype: Any) -> Draw:
        if q > order(n):
            raise ValueError(f"q={q}: there are only {order(n)} rows for n={n}; use q <= {order(n)}")
        require_numbered(n, 30)
        return directions.gaussian_draw(key, order(n), dtype)

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v = sign_rows(draw, x, q)
        return slopes(oracle, x, v, quotient, long_step(eps, quotient, x, noise, oracle)) @ v / q, state

    def second_moment(n: int) -> Moment:
        b = (order(n) - q) / (q * (order(n) - 1)) if n > 1 else 0.0
        return Moment(b, 1 + b, -2 * b)

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=calls_of(quotient, q)),
        second_moment=second_moment,
        draw=draw,
        excess=np.zeros_like if quotient == "central" else None,
        period=lambda n: directions.period(order(n)),
    )


def order(n: int) -> int:
    """The least power of two from n on."""
    return 1 << (n - 1).bit_length()


def sign_rows(draw: Draw, x: Vector, q: int) -> Float[Array, "q n"]:
    """The directions of `hadamard`, shape [q, n], from N normals: their signs, and for rows those of the q largest.

    The sign of a normal and its size are independent, so one draw serves both. Row k has (−1)^popcount(k & i) in
    column i (Sylvester's order); O(qn) operations beside the choice of the rows.
    """
    normal = directions.rows(draw, (1, order(x.size)), jnp.float32)[0]
    chosen = jax.lax.top_k(jnp.abs(normal), q)[1].astype(jnp.uint32)
    columns = jnp.arange(x.size, dtype=jnp.uint32)
    odd = jax.lax.population_count(chosen[:, None] & columns) & jnp.uint32(1)
    return jnp.where((odd == 1) ^ (normal[: x.size] < 0), -1, 1).astype(x.dtype)
