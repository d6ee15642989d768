"""Two-point estimates along directions that are drawn again wherever they are used, and never kept."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench import directions
from zobench.differences import Quotient, calls_of
from zobench.types import Key, Oracle, Vector


def require(direction: str) -> None:
    """Refuse directions of which a coordinate depends on all others: ValueError."""
    if direction not in ("gaussian", "rademacher"):
        raise ValueError(f"replay=true: it has gaussian and rademacher directions, and no {direction}")


def draw(key: Key, n: int, dtype: Any) -> Key:
    """All that is kept of a step's directions: which run and step it is, and the first of their calls."""
    return Key(*(jnp.asarray(part, jnp.uint32) for part in key))


def estimate(oracle: Oracle, x: Vector, direction: str, q: int, quotient: Quotient, h: Any, key: Key) -> Vector:
    """G = (1/q) Σⱼ Dⱼ vⱼ with the vⱼ of this key, as `estimators.two_point` says it; no vⱼ is ever there as a whole."""
    return combine(x, direction, slopes(oracle, x, direction, q, quotient, h, key), key)


def slopes(
    oracle: Oracle, x: Vector, direction: str, q: int, quotient: Quotient, h: Any, key: Key
) -> Float[Array, " q"]:
    """The slopes along the q directions of a step, one value after the other: memory is that of one of them.

    Values are as the problem makes them: of a 16-bit x perhaps in float32. A black box is asked for all together.
    """

    def move(call: Array, start: Any = 0, size: int = x.size) -> Array:
        """h vⱼ, −h vⱼ or 0: calls are numbered as those of `differences.slope`."""
        j, sign = (call // 2, 1 - 2 * (call % 2)) if quotient == "central" else (call - 1, jnp.minimum(call, 1))
        length = jnp.asarray(h * sign, x.dtype)
        return length * directions.piece(direction, key, j, start, size).astype(x.dtype)

    def value(call: Array) -> Array:
        if oracle.along is None:
            return oracle.value(x + move(call), call)
        return oracle.along(x, lambda start, size: move(call, start, size), call)

    calls = jnp.arange(calls_of(quotient, q))
    values = oracle.many(x + jax.vmap(move)(calls)) if oracle.many else jax.lax.map(value, calls)
    return (values[0::2] - values[1::2]) / (2 * h) if quotient == "central" else (values[1:] - values[0]) / h


def combine(x: Vector, direction: str, slope: Float[Array, " q"], key: Key) -> Vector:
    """(1/q) Σⱼ Dⱼ vⱼ, each vⱼ drawn again and added to the sum."""
    q, weight = len(slope), (slope / len(slope)).astype(x.dtype)

    def term(j: Any) -> Vector:
        return weight[j] * directions.piece(direction, key, j, 0, x.size).astype(x.dtype)

    # begun with the first term: zeros would be there while values are asked
    return jax.lax.fori_loop(1, q, lambda j, g: g + term(j), term(0)) if q > 1 else term(0)
