"""Sums over all pairs of points, each pair taken once."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from zobench.types import Scalar, Vector

LEAST = 64  # points: below, a sum over [N, N] is as fast, and its derivative has no loop


def sum_over_pairs(term: Callable[..., Array], tables: Sequence[np.ndarray]) -> Callable[[Vector], Scalar]:
    """The function x = W row by row -> Σ over ordered pairs i ≠ j of term(‖Wᵢ−Wⱼ‖², entry ij of each table [N, N]).

    The tables are symmetric. Points are compared with those k places further round, k = 1 ... N/2: vectors of N terms
    are added, half of all ordered pairs, where XLA adds the numbers of an array [N, N] one after the other. A value
    costs N²p/2. Its derivative is Σ 4 term′(‖Wᵢ−Wⱼ‖²)(Wᵢ−Wⱼ), added up in the same pass and kept for no pair; a
    derivative along one direction is that of all times the direction.
    """
    n = len(tables[0])
    i, half, around = np.arange(n), n // 2, (n - 1) // 2
    shifted = [np.stack([table[i, (i + k) % n] for k in range(1, around + 1)]) for table in tables]
    across = [table[i[:half], i[:half] + half] for table in tables]  # each pair once, where N is even

    def parts(x: Vector) -> tuple[Array, Array, tuple, tuple]:
        points = x.reshape(n, -1).T  # [p, N]
        rows = jnp.arange(1, around + 1), *(jnp.asarray(table, x.dtype) for table in shifted)
        known = tuple(jnp.asarray(table, x.dtype) for table in across)
        return points, jnp.concatenate([points, points], axis=1), rows, known

    @jax.custom_jvp
    def f(x: Vector) -> Scalar:
        points, ring, rows, known = parts(x)

        def add(total, row):
            k, *known = row
            return total + term(_square(_apart(points, _part(ring, k, n))), *known), None

        total = jnp.sum(jax.lax.scan(add, jnp.zeros(n, x.dtype), rows)[0])
        if n % 2 == 0:
            total += jnp.sum(term(_square(_apart(points[:, :half], points[:, half:])), *known))
        return 2 * total

    def both(x: Vector) -> tuple[Scalar, Vector]:
        """The value, as f adds it up, and its derivative."""
        points, ring, rows, known = parts(x)

        def add(carry, row):
            total, own, other = carry
            k, *known = row
            terms, pulls = _pulls(term, _apart(points, _part(ring, k, n)), known)
            own = tuple(a + b for a, b in zip(own, pulls, strict=True))
            other = tuple(_added(each, pull, k) for each, pull in zip(other, pulls, strict=True))
            return (total + terms, own, other), None

        nothing = tuple(jnp.zeros(2 * n, x.dtype) for _ in points)
        terms, own, other = jax.lax.scan(add, (jnp.zeros(n, x.dtype), tuple(jnp.zeros_like(points)), nothing), rows)[0]
        total, slope = jnp.sum(terms), jnp.stack([a - (b[:n] + b[n:]) for a, b in zip(own, other, strict=True)])
        if n % 2 == 0:
            terms, pulls = _pulls(term, _apart(points[:, :half], points[:, half:]), known)
            total, slope = total + jnp.sum(terms), slope + jnp.stack([jnp.concatenate([pull, -pull]) for pull in pulls])
        return 2 * total, 4 * slope.T.reshape(-1)

    @f.defjvp
    def along(primals, tangents):
        value, slope = both(*primals)
        return value, jnp.vdot(slope, *tangents)

    return f


def _part(ring: Array, k: Array, n: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(ring, k, n, 1)


def _added(ring: Array, more: Array, k: Array) -> Array:
    return jax.lax.dynamic_update_slice(ring, jax.lax.dynamic_slice(ring, (k,), more.shape) + more, (k,))


def _apart(points: Array, others: Array) -> tuple[Array, ...]:
    """Differences, one column at a time."""
    return tuple(a - b for a, b in zip(points, others, strict=True))


def _square(apart: Sequence[Array]) -> Array:
    return sum((column**2 for column in apart), jnp.zeros((), apart[0].dtype))


def _pulls(
    term: Callable[..., Array], apart: Sequence[Array], known: Sequence[Array]
) -> tuple[Array, tuple[Array, ...]]:
    """The terms of pairs, and their derivatives by the squares times the differences."""
    square = _square(apart)
    terms, slopes = jax.jvp(lambda square: term(square, *known), (square,), (jnp.ones_like(square),))
    return terms, tuple(slopes * column for column in apart)
