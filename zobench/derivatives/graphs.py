"""Functions Rⁿ → Rᵐ whose derivatives are priced: linear, a network, random graphs, an hourglass."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Map = Callable[[Float[Array, " n"]], Float[Array, " m"]]


class Hourglass(NamedTuple):
    """f = upper ∘ lower through a waist: `lower` Rⁿ → R^q, `upper` R^q → Rᵐ."""

    lower: Callable[..., Any]
    upper: Callable[..., Any]


def normal(shape: tuple[int, ...], seed: int, dtype: Any) -> Array:
    """Standard normal numbers over √(last size), so that a chain of such matrices keeps its scale."""
    drawn = np.random.default_rng(seed).standard_normal(shape) / shape[-1] ** 0.5
    return jnp.asarray(drawn, dtype)


def linear(x: Float[Array, " n"], A: Float[Array, "m n"]) -> Float[Array, " m"]:
    """Ax: 2mn operations."""
    return A @ x


def largest(x: Float[Array, " n"], A: Float[Array, "m n"]) -> Float[Array, ""]:
    """max_i (Ax)_i."""
    return jnp.max(A @ x)


def network(x: Float[Array, " n"], B: Float[Array, "h n"], C: Float[Array, "m h"]) -> Float[Array, " m"]:
    """C tanh(Bx): 2h(n + m) operations and h tanh."""
    return C @ jnp.tanh(B @ x)


def hourglass() -> Hourglass:
    """lower(x, A, B) = tanh(B tanh(Ax)), upper(z, C, D) = D tanh(Cz); A [n, n], B [q, n], C [m, q], D [m, m]."""
    return Hourglass(lambda x, A, B: jnp.tanh(B @ jnp.tanh(A @ x)), lambda z, C, D: D @ jnp.tanh(C @ z))


def split(x: Float[Array, " n"], A: Array, B: Array, C: Array, D: Array) -> Float[Array, "m n"]:
    """The Jacobian of the hourglass composed at the waist: J_upper (forward, q tangents) J_lower (reverse, q rows)."""
    lower, upper = hourglass()
    return jax.jacfwd(upper)(lower(x, A, B), C, D) @ jax.jacrev(lower)(x, A, B)


def random_graph(n: int, m: int, size: int, seed: int) -> Map:
    """A random computational graph of n inputs, m outputs and `size` vertices, each a product with a sine or a sum.

    A vertex of two earlier ones takes the one that has waited longest, so that every input counts; the m that nothing
    has taken yet are the outputs. Needs size ≥ |n − m|.
    """
    random = np.random.default_rng([seed, n, m])
    waiting, chosen = list(range(n)), []
    for new in range(n, n + size):
        i = waiting.pop(0) if len(waiting) >= m else int(random.integers(new))
        j = waiting.pop(0) if len(waiting) >= m else int(random.integers(new))
        chosen.append((bool(random.integers(2)), i, j))
        waiting.append(new)

    def f(x):
        values = [x[i] for i in range(n)]
        for product, i, j in chosen:
            values.append(values[i] * jnp.sin(values[j]) if product else values[i] + values[j])
        return jnp.stack([values[i] for i in waiting])

    return f


def rows_in_batches(f: Callable[..., Any], x: Array, batch: int, *parameters: Array) -> Float[Array, "m n"]:
    """The Jacobian by reverse mode, `batch` rows at a time: the m×m identity that jax.jacrev pulls back is never made.

    The same 2m²n operations on Ax, m·batch numbers of memory.
    """
    y, pull = jax.vjp(lambda point: f(point, *parameters), x)
    index = jnp.arange(y.size)
    return jax.lax.map(lambda i: pull((index == i).astype(y.dtype))[0], index, batch_size=batch)
