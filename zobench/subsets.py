"""Some of 0, ..., n − 1: independent ones, or different ones in time that depends on how few they are."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, UInt32

from zobench.batches import is_wide
from zobench.directions import AXES, Words, words
from zobench.types import Key

SEVERAL = 64  # from so many on equal ones are found by a sort
FEW = 8  # of more than FEW q² numbers a CPU too takes all q at once


def independent(key: Key, n: int, q: int = 1) -> UInt32[Array, " q"]:
    """q numbers, each uniform on 0, ..., n − 1, shape [q]; uniform to n/2⁶⁴ of a chance. ValueError for n ≥ 2³²."""
    require_numbered(n, 32)
    return _below(key, jnp.full(q, n, jnp.uint32))


def subset(key: Key, n: int, q: int) -> UInt32[Array, " q"]:
    """q of 0, ..., n − 1 without replacement, uniform over sets (to n/2⁶⁴ of a chance), shape [q].

    Floyd's algorithm (Bentley & Floyd 1987): for j = 0, ..., q − 1 take t(j), uniform on 0, ..., m(j) = n − q + j, or
    m(j) itself where t(j) has been taken. On a CPU in this order, in O(q) and n bytes; on a wide machine, and where q
    is far below √n, all j at once (`_at_once`), with the same numbers. Raises ValueError for n ≥ 2³².

    >>> key = Key(jnp.uint32(0), jnp.uint32(0))
    >>> sorted(subset(key, 3, 3).tolist())
    [0, 1, 2]
    """
    require_numbered(n, 32)
    j = jnp.arange(q, dtype=jnp.uint32)
    last = jnp.uint32(n - q) + j
    t = _below(key, last + jnp.uint32(1))
    if q == 1:
        return t
    if is_wide() or FEW * q * q < n:
        return _at_once(t, last)

    def take(carry, each):
        """The next t is looked up behind the write, and its answer carried: XLA copies what is read beside a write."""
        taken, is_taken = carry
        t, last, following = each
        chosen = jnp.where(is_taken, last, t)
        taken = taken.at[chosen].set(True, mode="promise_in_bounds")
        return (taken, taken[following]), chosen

    start = jnp.zeros(n, bool), jnp.bool_(False)
    return jax.lax.scan(take, start, (t, last, jnp.roll(t, -1)))[1]


def _at_once(t: UInt32[Array, " q"], last: UInt32[Array, " q"]) -> UInt32[Array, " q"]:
    """t(j), or m(j) where it has been taken, in O(q log q), or O(q²) comparisons where they are few.

    t(j) has been taken if it is t(i) of an earlier i, or m(i) of an earlier i whose own t(i) had been taken: such links
    are followed in log₂ q rounds.
    """
    j = jnp.arange(t.size, dtype=jnp.uint32)
    taken = _seen(t)
    link = jnp.where((t >= last[0]) & ~taken, t - last[0], j)
    for _ in range((t.size - 1).bit_length()):
        taken, link = taken | taken[link], link[link]
    return jnp.where(taken, last, t)


def require_numbered(n: int, bits: int) -> None:
    """ValueError where so many bits do not number n coordinates."""
    if n >= 2**bits:
        raise ValueError(
            f"dim={n}: coordinates are chosen by {bits} bits; use fewer than 2^{bits}, or sphere directions"
        )


def _seen(t: UInt32[Array, " q"]) -> Bool[Array, " q"]:
    """Whether a number is there before, in order."""
    if t.size < SEVERAL:
        before = jnp.tri(t.size, k=-1, dtype=bool)
        return jnp.any((t[:, None] == t) & before, axis=1)
    order = jnp.argsort(t, stable=True)
    ordered = t[order]
    again = jnp.concatenate([jnp.zeros(1, bool), ordered[1:] == ordered[:-1]])
    return jnp.zeros(t.size, bool).at[order].set(again)


def _below(key: Key, bound: Words) -> Words:
    """⌊b w/2⁶⁴⌋ for the 64 bits w of word i and bounds bᵢ, by products of 16 bits: without JAX's x64 no others fit."""
    high, low = words(key, AXES, key.step, jnp.asarray(key.call, jnp.uint32), jnp.arange(bound.size, dtype=jnp.uint32))
    top, under = _product(high, bound)
    carry = _product(low, bound)[0]
    return top + (under + carry < under).astype(jnp.uint32)


def _product(a: Words, b: Words) -> tuple[Words, Words]:
    """The high and the low word of a·b."""
    half, mask = jnp.uint32(16), jnp.uint32(0xFFFF)
    (a1, a0), (b1, b0) = ((c >> half, c & mask) for c in (a, b))
    middle = a1 * b0 + (a0 * b0 >> half)  # at most 2³² − 2¹⁶ - 1 + ...: no carry
    other = a0 * b1 + (middle & mask)
    return a1 * b1 + (middle >> half) + (other >> half), a * b
