"""Families of random directions: how q of them are drawn, and the estimate that slopes along them make."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from zobench import batches, directions, subsets
from zobench.moments import Direction, require_directions
from zobench.orthogonal_directions import orthogonal as orthonormal
from zobench.types import Key, Vector, require_wide


def drawn(direction: Direction, q: int = 1, orthogonal: bool = False) -> dict[str, Any]:
    """An estimator's `draw`, of which `vectors` makes the q directions of a step, and its `period`.

    Where q vectors are too many to be kept it is the key of the step, of which `combined` draws some at a time.
    """

    def draw(key: Key, n: int, dtype: Any) -> Any:
        require_directions(direction, q, orthogonal, n)
        if direction == "coordinate":
            return subsets.subset(key, n, q) if orthogonal else subsets.independent(key, n, q)
        if orthogonal:
            require_wide(dtype, "orthogonal directions are made by QR, of which there is none of 16-bit numbers")
            return orthonormal(key, n, q, dtype)
        return Key(*map(jnp.uint32, key)) if blocks_of(q, n) > 1 else _source(direction, key, n, dtype, q)

    def period(n: int) -> int:
        if orthogonal or direction == "coordinate" or blocks_of(q, n) > 1:
            return 1
        return directions.BITS if direction == "rademacher" else directions.period(q * n)

    return {"draw": draw, "period": period}


def _source(direction: Direction, key: Key, n: int, dtype: Any, q: int) -> Any:
    if direction == "rademacher":
        return directions.rademacher_draw(key, n, q)
    return directions.gaussian_draw(key, n, dtype, q)


def blocks_of(q: int, n: int, orthogonal: bool = False) -> int:
    """In how many parts q directions are drawn: orthogonal ones in one."""
    return 1 if orthogonal else q // batches.rows_of(q, n)


def vectors(direction: Direction, q: int = 1, orthogonal: bool = False) -> Callable[..., Array]:
    """The function of (draw, x) that gives the directions of `two_point`, shape [q, n], from its draw."""

    def rows(draw: Any, x: Vector, paired: bool = False) -> Array:
        if direction == "coordinate":
            return jax.nn.one_hot(draw, x.size, dtype=x.dtype)
        if orthogonal:
            return draw
        if direction == "rademacher":
            return directions.signs(draw, x.dtype)
        if direction == "gaussian":
            return directions.rows(draw, (q, x.size), x.dtype)
        return directions.unit_rows(draw, (q, x.size), x.dtype, paired=paired)

    return rows


def combined(
    direction: Direction,
    q: int,
    orthogonal: bool,
    x: Vector,
    draw: Any,
    slopes_of: Callable[[Array, Any], Array],
    paired: bool = False,
) -> Vector:
    """(c/q) Σⱼ Dⱼ vⱼ, c = n for unit directions; D = slopes_of(v, number of the first). Some of many at a time."""
    blocks = blocks_of(q, x.size, orthogonal)
    size, scale = q // blocks, (x.size if direction == "sphere" else 1) / q
    rows = vectors(direction, size, orthogonal)
    if blocks == 1:
        v = rows(draw, x, paired)
        slope = slopes_of(v, 0)
        return (scale * slope[0]) * v[0] if q == 1 else scale * slope @ v

    def add(total: Vector, block: Any) -> tuple[Vector, None]:
        first = block * jnp.uint32(size)
        v = rows(_source(direction, draw._replace(call=draw.call + first), x.size, x.dtype, size), x, paired)
        return total + scale * slopes_of(v, first.astype(jnp.int32)) @ v, None

    return jax.lax.scan(add, jnp.zeros_like(x), jnp.arange(blocks, dtype=jnp.uint32))[0]


def scattered(x: Vector, axes: Array, slope: Array) -> Vector:
    """(n/q) Σⱼ Dⱼ eⱼ, the axes given by their numbers."""
    each = x.size / len(slope) * slope
    if len(slope) == 1:
        return jnp.where(jnp.arange(x.size, dtype=jnp.uint32) == axes[0], each[0], 0)
    return jnp.zeros_like(x).at[axes].add(each)
