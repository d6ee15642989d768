"""Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

It is written out in jax.numpy because it is then elementwise: XLA draws a direction in one vectorised loop, where
jax.random's key splitting takes most of a step.
"""

import jax.numpy as jnp
from jaxtyping import Array, UInt32

Words = UInt32[Array, " n"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


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
