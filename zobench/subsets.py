"""Some of many without replacement, drawn in time that depends on how few they are."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from zobench.directions import threefry
from zobench.types import Key

STREAM = 0x30000000  # what a word is for: as for axes in `directions`, under the numbers of other calls


def subset(key: Key, n: int, q: int) -> UInt32[Array, " q"]:
    """q of 0, ..., n − 1 without replacement, uniform over sets, shape [q]; O(q), and n bytes.

    Floyd's algorithm (Bentley & Floyd 1987): for j = n − q, ..., n − 1 take t, uniform on 0, ..., j, or j itself where
    t has been taken. t is a word mod j + 1, uniform to n/2³². The number of turns does not depend on the words: what a
    draw costs is known, and runs that go together have no turn more than one that goes alone.

    >>> key = Key(jnp.uint32(0), jnp.uint32(0))
    >>> sorted(subset(key, 3, 3).tolist())
    [0, 1, 2]
    """
    last = jnp.arange(n - q, n, dtype=jnp.uint32)
    seed, step, call = (jnp.broadcast_to(jnp.asarray(part, jnp.uint32), last.shape) for part in key)
    word, _ = threefry((seed, call + jnp.uint32(STREAM)), (step, last))

    t = word % (last + 1)

    def take(carry, each):
        """The next t is looked up behind the write, and its answer carried: XLA copies what is read beside a write."""
        taken, is_taken = carry
        t, j, following = each
        chosen = jnp.where(is_taken, j, t)
        taken = taken.at[chosen].set(True, mode="promise_in_bounds")
        return (taken, taken[following]), chosen

    start = jnp.zeros(n, bool), jnp.bool_(False)
    return jax.lax.scan(take, start, (t, last, jnp.roll(t, -1)))[1]
