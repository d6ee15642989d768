"""The evolution strategy of the lecture's notebook: many tries around x, the best kept. With its defects or without."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from zobench import directions
from zobench.types import Calls, Key, Method, Oracle, State, Vector


def best_of(tries: int, scale, last: int, leaves: Sequence[int] | None = None) -> Method:
    """x₊ = the best of x and x + σ_k vᵢ, i = 1 ... `tries`, vᵢ ~ N(0, I), σ_k = scale (1 − k/last): a (1+λ)-strategy.

    `leaves`: the sizes of the arrays that make x, for the notebook's way: the same vᵢ at every step, and the same
    numbers in every array. None: fresh ones. Asks tries + 1 values a step, all of the same samples.
    """
    same = None if leaves is None else np.concatenate([np.arange(size) for size in leaves])

    def draw(key: Key, n: int, dtype) -> jax.Array:
        key = key if same is None else key._replace(step=jnp.uint32(0))
        size = n if leaves is None else max(leaves)
        calls = jnp.arange(tries, dtype=jnp.uint32)
        v = jax.vmap(lambda call: directions.gaussian(key._replace(call=call), size).astype(dtype))(calls)
        return v if same is None else v[:, same]

    def advance(oracle: Oracle, x: Vector, state: State, draw: jax.Array) -> tuple[Vector, State]:
        sigma = scale * jnp.maximum(0, 1 - state / last)
        around = x + sigma * draw
        value = jax.lax.map(lambda y: oracle.value(y), around)
        best = jnp.argmin(value)
        return jnp.where(value[best] < oracle.value(x), around[best], x), state + 1

    return Method(lambda x: jnp.zeros((), x.dtype), advance, lambda n: Calls(value=tries + 1), draw)
