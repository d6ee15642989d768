"""Random directions as pure functions of (seed, step, call, coordinate): the same alone, in a batch, in any chunk.

Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) is written out in
jax.numpy because it is then elementwise: XLA draws a direction in one vectorised loop, where jax.random's key
splitting takes most of a step. Every coordinate computes the words of its pair again (i and i xor 1 share a Box-Muller
pair): twice the integer work, but no interleaving, which XLA does not vectorise on CPU.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, UInt32

from zobench.types import Key, Vector

Words = UInt32[Array, " n"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_NORMAL, _BITS = 0x10000000, 0x20000000  # what a word is for; the call's number fills the rest


def threefry(key: tuple[Words, Words], counter: tuple[Words, Words]) -> tuple[Words, Words]:
    """Threefry-2x32-20: two words from a key of two words and a counter of two, elementwise.

    The same words as Random123's and as jax's `threefry2x32`.
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    a, b = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for turn in _ROTATIONS[block % 2]:
            a = a + b
            b = a ^ ((b << jnp.uint32(turn)) | (b >> jnp.uint32(32 - turn)))
        a = a + keys[(block + 1) % 3]
        b = b + keys[(block + 2) % 3] + jnp.uint32(block + 1)
    return a, b


def _cosine(turn: Words) -> Float32[Array, " n"]:
    """cos(2π turn/2³²) by a polynomial on an eighth of a turn (error below 4e-7): jnp.cos is scalar code on CPU."""
    quarter = (turn + jnp.uint32(1 << 29)) >> jnp.uint32(30)
    rest = jax.lax.bitcast_convert_type(turn - (quarter << jnp.uint32(30)), jnp.int32)
    t = rest.astype(jnp.float32) * np.float32(2 * np.pi / 2**32)
    t2 = t * t
    sine = t * (1 + t2 * (np.float32(-1 / 6) + t2 * (np.float32(1 / 120) + t2 * np.float32(-1 / 5040))))
    cosine = 1 + t2 * (np.float32(-1 / 2) + t2 * (np.float32(1 / 24) + t2 * (np.float32(-1 / 720) + t2 / 40320)))
    odd = (quarter & jnp.uint32(1)) == 1
    negative = ((quarter + jnp.uint32(1)) & jnp.uint32(2)) == 2
    value = jnp.where(odd, sine, cosine)
    return jnp.where(negative, -value, value)


def _words(key: Key, stream: int, counter: Words) -> tuple[Words, Words]:
    seed, step, call = (jnp.broadcast_to(jnp.asarray(part, jnp.uint32), counter.shape) for part in key)
    return threefry((seed, call + jnp.uint32(stream)), (step, counter))


def gaussian(key: Key, n: int) -> Float32[Array, " n"]:
    """v ~ N(0, I), shape [n], float32 (Box & Muller 1958).

    v_i = √(−2 ln u) cos(2π(w − (i mod 2)/4)) with (u, w) of pair ⌊i/2⌋. The uniform has 24 bits, so |v_i| ≤ 5.9.
    """
    i = jnp.arange(n, dtype=jnp.uint32)
    radius, turn = _words(key, _NORMAL, i >> jnp.uint32(1))
    uniform = (radius >> jnp.uint32(8)).astype(jnp.float32) * np.float32(2**-24) + np.float32(2**-25)
    return jnp.sqrt(-2 * jnp.log(uniform)) * _cosine(turn - ((i & jnp.uint32(1)) << jnp.uint32(30)))


def rademacher(key: Key, n: int) -> Float32[Array, " n"]:
    """v_i = ±1 with equal probability, shape [n], float32: the first bit of word i."""
    word, _ = _words(key, _BITS, jnp.arange(n, dtype=jnp.uint32))
    return jnp.where(word >> jnp.uint32(31) == 1, np.float32(1), np.float32(-1))


def coordinates(key: Key, n: int, q: int = 1) -> Float32[Array, "q n"]:
    """q of the n axes without replacement, uniform over sets, shape [q, n]: those with the q largest words."""
    word, _ = _words(key, _BITS, jnp.arange(n, dtype=jnp.uint32))
    _, chosen = jax.lax.top_k(word, q)
    return jax.nn.one_hot(chosen, n, dtype=jnp.float32)


def orthogonal(key: Key, n: int, q: int, dtype: Any) -> Float[Array, "q n"]:
    """q ≤ n orthonormal directions, Haar-distributed on the Stiefel manifold, shape [q, n]; O(nq²) (Mezzadri 2007)."""
    normal = jax.vmap(lambda call: gaussian(key._replace(call=call), n))(jnp.arange(q, dtype=jnp.uint32))
    basis, triangle = jnp.linalg.qr(normal.astype(dtype).T)
    return (basis * jnp.sign(jnp.diagonal(triangle))).T


def unit(v: Vector) -> Vector:
    """v/‖v‖, shape [n]: uniform on the unit sphere Sⁿ⁻¹ for a Gaussian v (Muller 1959).

    Kept apart from the drawing: a Gaussian vector that is drawn and normalised at once is drawn twice by XLA.
    """
    return v / jnp.sqrt(jnp.sum(v * v))
