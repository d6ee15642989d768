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
    costs N²p/2, and its derivative by reverse mode keeps N²/2 numbers.
    """
    n = len(tables[0])
    i, half, around = np.arange(n), n // 2, (n - 1) // 2
    shifted = [np.stack([table[i, (i + k) % n] for k in range(1, around + 1)]) for table in tables]
    across = [table[i[:half], i[:half] + half] for table in tables]  # each pair once, where N is even

    def f(x: Vector) -> Scalar:
        points = x.reshape(n, -1).T  # [p, N]
        ring = jnp.concatenate([points, points], axis=1)

        def add(total, row):
            k, *known = row
            return total + term(_apart(points, jax.lax.dynamic_slice_in_dim(ring, k, n, 1)), *known), None

        rows = jnp.arange(1, around + 1), *(jnp.asarray(table, x.dtype) for table in shifted)
        total = jnp.sum(jax.lax.scan(add, jnp.zeros(n, x.dtype), rows)[0])
        if n % 2 == 0:
            known = (jnp.asarray(table, x.dtype) for table in across)
            total += jnp.sum(term(_apart(points[:, :half], points[:, half:]), *known))
        return 2 * total

    return f


def _apart(points: Array, others: Array) -> Array:
    """Squared distances, one column at a time."""
    return sum(((a - b) ** 2 for a, b in zip(points, others, strict=True)), jnp.zeros((), points.dtype))
