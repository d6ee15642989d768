"""Directions in a random or cyclic block of coordinates, which may be kept for some steps."""

from math import gcd
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from zobench import directions
from zobench.differences import Quotient, calls_of, require_eps, require_quotient, slopes, step_of
from zobench.subsets import require_numbered
from zobench.types import Calls, Draw, Estimator, Key, Moment, Oracle, State, Vector

Order = Literal["random", "cyclic"]
CHOICE = 0x00800000  # the call whose normals choose a block: beyond those of directions


def block(
    size: int = 4,
    order: Order = "random",
    keep: int = 1,
    q: int = 1,
    quotient: Quotient = "central",
    eps: float | None = None,
    noise: float = 0.0,
) -> Estimator:
    """Two-point directions within m = min(size, n) coordinates, the same for `keep` steps (Park et al. 2025).

    G = (n/q) Σⱼ Dⱼ vⱼ, vⱼ uniform on the unit sphere of the block's coordinates. order=random: any m of the n
    coordinates, E G = g and exactly, with P = m/n, P₂ = m(m−1)/(n(n−1)), c = n²/(m(m+2)q), d = (1 − 1/q)(n/m)²:
    E GGᵀ = cP₂‖g‖² I + (2c + d)P₂ ggᵀ + (3c + d)(P − P₂) diag(gᵢ²); E‖G‖² = (n/q + (1 − 1/q)n/m)‖g‖², whatever m at
    q = 1. For keep > 1 this holds at a point that does not depend on the block. order=cyclic: one run of m neighbours
    after the other; unbiased on average over a cycle alone, no second moment known. "Elucidating subspace perturbation
    in zeroth-order optimization" (MeZO-BCD), arXiv:2501.19099; blocks are there layers of a network; the moments are
    ours.

    Asks 2q values a step (central) or q+1 (forward). Raises ValueError for size, keep or q < 1, for another order, for
    n ≥ 2³¹, for eps as `two_point`.

    >>> block(size=2).second_moment(6).A
    0.3
    """
    require_quotient(quotient, "central", "forward")
    require_eps(eps, noise)
    _require(size=size, keep=keep, q=q)
    if order not in ("random", "cyclic"):
        raise ValueError(f"order={order}: there are random and cyclic")

    def draw(key: Key, n: int, dtype: Any) -> tuple[Draw, UInt32[Array, " m"]]:
        require_numbered(n, 31)
        m = min(size, n)
        return directions.gaussian_draw(key, m, dtype, q, together=1), coordinates(key, n, m, order, keep)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        within = directions.unit_rows(draw[0], (q, draw[1].size), x.dtype)
        v: Float[Array, "q n"] = jnp.zeros((q, x.size), x.dtype).at[:, draw[1]].set(within)
        return x.size / q * slopes(oracle, x, v, quotient, step_of(eps, quotient, x.dtype, noise, oracle)) @ v, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=calls_of(quotient, q)),
        second_moment=lambda n: _moment(n, min(size, n), q) if order == "random" else None,
        draw=draw,
        excess=np.zeros_like if (order, keep, quotient) == ("random", 1, "central") else None,
    )


def coordinates(key: Key, n: int, m: int, order: Order, keep: int) -> UInt32[Array, " m"]:
    """The block's coordinates at the step key.step, shape [m]; random ones are those of the m largest of n normals."""
    turn = jnp.asarray(key.step, jnp.uint32) // jnp.uint32(keep)
    if order == "cyclic":
        return (_multiple(turn, m, n) + jnp.arange(m, dtype=jnp.uint32)) % jnp.uint32(n)
    normal = directions.gaussian(key._replace(step=turn, call=CHOICE), n)
    return jax.lax.top_k(normal, m)[1].astype(jnp.uint32)


def _multiple(turn: UInt32[Array, ""], m: int, n: int) -> UInt32[Array, ""]:
    """turn · m mod n, doubled bit by bit: the product itself has more than 32 bits where n is a million."""
    around = n // gcd(n, m)  # so many turns are a cycle
    turn, found = turn % jnp.uint32(around), jnp.uint32(0)
    for bit in reversed(range((around - 1).bit_length())):
        found = found * jnp.uint32(2) % jnp.uint32(n)
        found = (found + (turn >> jnp.uint32(bit) & jnp.uint32(1)) * jnp.uint32(m)) % jnp.uint32(n)
    return found


def _moment(n: int, m: int, q: int) -> Moment:
    one, two = m / n, m * (m - 1) / (n * (n - 1)) if n > 1 else 1.0
    c, d = n**2 / (m * (m + 2) * q), (1 - 1 / q) * (n / m) ** 2
    return Moment(c * two, (2 * c + d) * two, (3 * c + d) * (one - two))


def _require(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name}={value}: a whole number from 1 on")
