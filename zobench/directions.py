"""Random directions as pure functions of (seed, step, call, coordinate): the same alone, in a batch, in any chunk.

What one evaluation of Threefry gives is shared by steps in a row, not by coordinates: a pair of normals by two of
them, the bits of a word by 32. Coordinates that share would have to be interleaved, which XLA does not vectorise on
CPU.
"""

from math import ceil, log2
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Complex64, Float, Float32, UInt32

from zobench.batches import is_wide, runs_together
from zobench.threefry import Words, threefry
from zobench.types import Draw, Key, sum_each

NORMAL, SIGNS, AXES = 0x10000000, 0x20000000, 0x30000000  # what a word is for; the call's number fills the rest
FAR = 0x80000000  # for coordinates from 2³² on
WORD = 2**32  # coordinates that a word numbers
BITS = 32  # signs in a word
LANES = 256  # random numbers that are drawn together, at least
FEW = 2**17  # and of a group on a wide machine, at most, where they are for more than two steps
CHUNK = 1024  # coordinates whose pairs stay in the first cache
LONG = 4 * CHUNK  # from here on in chunks; XLA inlines a loop of one turn, and then draws twice
_LOG = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1)
_LOG += (-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)


def _rotation(turn: Words) -> tuple[Float32[Array, " n"], Float32[Array, " n"]]:
    """cos and sin of 2π turn/2³² by polynomials on an eighth of a turn (error below 4e-7): XLA's are scalar code."""
    t = _bits(turn << jnp.uint32(2), jnp.int32).astype(jnp.float32) * np.float32(2 * np.pi / 2**34)
    t2 = t * t
    sine = t * (1 + t2 * (np.float32(-1 / 6) + t2 * (np.float32(1 / 120) + t2 * np.float32(-1 / 5040))))
    cosine = 1 + t2 * (np.float32(-1 / 2) + t2 * (np.float32(1 / 24) + t2 * (np.float32(-1 / 720) + t2 / 40320)))
    quarter = turn + jnp.uint32(1 << 29)  # in its two highest bits
    odd = quarter & jnp.uint32(1 << 30) != 0
    x, y = jnp.where(odd, sine, cosine), jnp.where(odd, cosine, sine)
    return _with_sign(x, quarter + jnp.uint32(1 << 30)), _with_sign(y, quarter)


def _with_sign(x: Float32[Array, " n"], word: Words) -> Float32[Array, " n"]:
    """−x where the word's highest bit is set."""
    return _bits(_bits(x, jnp.uint32) ^ (word & jnp.uint32(1 << 31)), jnp.float32)


def _log(u: Float32[Array, " n"]) -> Float32[Array, " n"]:
    """ln u of a normal positive number, to 1.2e-7 of itself: Cephes' logf, without what XLA does for all the others.

    u = 2ᵉ(1 + t) with 1 + t in [√½, √2); ln(1 + t) = t − t²/2 + t³ P(t).
    """
    bits = _bits(u, jnp.int32)
    exponent = (bits - jnp.int32(0x3F3504F3)) >> jnp.int32(23)  # √½
    t = _bits(bits - (exponent << jnp.int32(23)), jnp.float32) - 1
    p = jnp.full_like(t, _LOG[0])
    for coefficient in _LOG[1:]:
        p = p * t + np.float32(coefficient)
    return (t * t * t * p - t * t / 2 + t) + exponent.astype(jnp.float32) * np.float32(np.log(2))


def _bits(x: Array, dtype: Any) -> Array:
    return jax.lax.bitcast_convert_type(x, dtype)


def words(key: Key, use: int, step: Any, call: Any, i: Words, high: Words | None = None) -> tuple[Words, Words]:
    """Two words for each coordinate i + 2³² `high`, from the key (seed, use + call) and the counter (step, i).

    From 2³² on `high` goes into the second word of the key, beside the call, with a bit that no other key has: no two
    coordinates share a word for up to 2¹⁶ calls and 2⁴⁴ coordinates, and those before 2³² have the words of short x.
    """
    call = call + jnp.uint32(use)
    if high is not None:
        call = call + jnp.where(high == 0, jnp.uint32(0), jnp.uint32(FAR) + (high << jnp.uint32(16)))
    seed, step, call = (jnp.broadcast_to(jnp.asarray(part, jnp.uint32), i.shape) for part in (key.seed, step, call))
    return threefry((seed, call), (step, i))


def places(q: int, n: int) -> tuple[Words, Words, Words | None]:
    """Which vector and which of its coordinates each of qn numbers is, and the high word of that if there is one.

    JAX numbers with 32 bits: where they do not do, the numbers are those of rows and columns.
    """
    if q * n < WORD:
        at = jnp.arange(q * n, dtype=jnp.uint32)
        return (at // jnp.uint32(n), at % jnp.uint32(n), None) if q > 1 else (jnp.zeros_like(at), at, None)
    vector = jax.lax.broadcasted_iota(jnp.uint32, (q, n), 0).reshape(-1)
    if n < WORD:
        return vector, jax.lax.broadcasted_iota(jnp.uint32, (q, n), 1).reshape(-1), None
    low, high = (jnp.broadcast_to(part, (q, n)).reshape(-1) for part in long_index(n))
    return vector, low, high


def long_index(n: int) -> tuple[Words, Words]:
    """The low and the high word of 0, ..., n − 1, by rows of 2¹⁶."""
    shape = (-(-n >> 16), 1 << 16)
    row, column = (jax.lax.broadcasted_iota(jnp.uint32, shape, axis).reshape(-1)[:n] for axis in (0, 1))
    return (row << jnp.uint32(16)) | column, row >> jnp.uint32(16)


def rounds(size: int) -> int:
    """How many pairs of steps are drawn at once: enough to fill vectors where a step has few random numbers.

    On a wide machine two where those of a group are few: a kernel takes some microseconds, whatever is in it.
    """
    if is_wide():
        return 2 if 2 * size * runs_together() <= FEW else 1
    return max(1, 1 << ceil(log2(LANES / size))) if size < LANES else 1


def period(size: int) -> int:
    """How many steps share the source of `gaussian_draw`, for `size` = qn random numbers a step."""
    return 2 * rounds(size)


class Parts(NamedTuple):
    """What two steps share where directions are long: the vectors of each and their squared norms [q].

    A vector fills whole chunks: what is behind its n coordinates is left over.
    """

    real: Float32[Array, "q m"]
    imag: Float32[Array, "q m"]
    squares: tuple[Float32[Array, " q"], Float32[Array, " q"]]


class Seeds(NamedTuple):
    """What steps share where directions are drawn where they are used: the key of their words, and no numbers."""

    seed: UInt32[Array, ""]
    call: UInt32[Array, ""]
    first: UInt32[Array, ""]  # round of this and the following steps


def gaussian_draw(key: Key, n: int, dtype: Any = None, q: int = 1, together: int | None = None) -> Draw:
    """q vectors v ~ N(0, I) for the step key.step, of which `rows` and `unit_rows` make [q, n].

    Box & Muller (1958): z = √(−2 ln u) e^(2πiw) with (u, w) of word (call, i) of round ⌊step/2⌋; an even step takes the
    real part, an odd one the imaginary part. The source is z, complex64 [rounds·q·n], for any `dtype`, or from n = LONG
    on its `Parts`; where a number of 32 bits does not count them, or on a wide machine (batches.is_wide) are no few of
    them, its `Seeds`: nothing is kept. `together`: how many rounds the source holds, if not as many as `period` says.

    The parts are made in one complex array because XLA makes an array in one loop, and two arrays in two.
    """
    many = together or rounds(q * n)
    first, turn = key.step // jnp.uint32(2 * many) * jnp.uint32(many), key.step % jnp.uint32(2 * many)
    if (is_wide() and many == 1) or q * n >= WORD // 2:
        return Draw(Seeds(*(jnp.asarray(part, jnp.uint32) for part in (key.seed, key.call, first))), turn)
    if n >= LONG and not is_wide():
        return Draw(_parts(key, n, q), turn)
    at = jnp.arange(many * q * n, dtype=jnp.uint32)
    step, call, i = at // jnp.uint32(q * n), at // jnp.uint32(n) % jnp.uint32(q), at % jnp.uint32(n)
    if many * q == 1:
        step, call, i = jnp.uint32(0), jnp.zeros_like(at), at
    return Draw(_normals(key, first + step, call, i), turn)


@jax.jit  # traced once for each shape, where a cell asks for it three times
def _normals(key: Key, step: Words, call: Words, i: Words, high: Words | None = None) -> Complex64[Array, " n"]:
    length, x, y = _polar(key, step, key.call + call, i, high)
    return jax.lax.complex(length * x, length * y)


def _polar(key: Key, step: Words, call: Words, i: Words, high: Words | None = None) -> tuple[Array, Array, Array]:
    """Of each pair of normals its length, and the cosine and sine of its angle."""
    radius, turn = words(key, NORMAL, step, call, i, high)
    return jnp.sqrt(-2 * _log(_uniform(radius))), *_rotation(turn)


def _uniform(word: Words) -> Float32[Array, " n"]:
    """24 bits of a word as u in (0, 1). The largest of them would be rounded to 1, and its pair of normals to zeros."""
    u = (word >> jnp.uint32(8)).astype(jnp.float32) * np.float32(2**-24) + np.float32(2**-25)
    return jnp.minimum(u, np.float32(1 - 2**-24))


def _parts(key: Key, n: int, q: int) -> Parts:
    """Chunk by chunk, each taken apart while it is in the cache.

    A chunk is carried to the next turn of the loop: else XLA draws it again in each of its uses.
    """
    many = -(-n // CHUNK)
    size = -(-n // many // 32) * 32  # whole vectors

    def chunk(j) -> Complex64[Array, " size"]:
        i = (j % many * size).astype(jnp.uint32) + jnp.arange(size, dtype=jnp.uint32)
        return _normals(key, key.step // jnp.uint32(2), (j // many).astype(jnp.uint32), i)

    def put(j, parts: Parts, z) -> Parts:
        row, start = j // many, j % many * size
        pair, inside = (jnp.real(z), jnp.imag(z)), start + jnp.arange(size) < n
        sums = sum_each(*(jnp.where(inside, part**2, 0) for part in pair))
        real, imag = (
            jax.lax.dynamic_update_slice(whole, part[None], (row, start))
            for whole, part in zip(parts[:2], pair, strict=True)
        )
        return Parts(real, imag, (parts.squares[0].at[row].add(sums[0]), parts.squares[1].at[row].add(sums[1])))

    def following(j, carry):
        return put(j, *carry), chunk(j + 1)

    nothing, none = jnp.zeros((q, many * size), jnp.float32), jnp.zeros(q, jnp.float32)
    other = jnp.ones_like(nothing)  # zeros too would be a copy of these
    last = q * many - 1
    return put(last, *jax.lax.fori_loop(0, last, following, (Parts(nothing, other, (none, none)), chunk(jnp.int32(0)))))


def rows(draw: Draw, shape: tuple[int, int], dtype: Any) -> Float[Array, "q n"]:
    """The vectors of a `gaussian_draw`, shape [q, n]."""
    if isinstance(draw.source, Parts):
        return jnp.where(draw.turn == 1, draw.source.imag, draw.source.real)[:, : shape[1]].astype(dtype)
    z = _round(draw, shape)
    return jnp.where(draw.turn % 2 == 1, jnp.imag(z), jnp.real(z)).astype(dtype)


def unit_rows(draw: Draw, shape: tuple[int, int], dtype: Any, *, paired: bool = False) -> Float[Array, "q n"]:
    """v/‖v‖ of its vectors, shape [q, n]: uniform on the unit sphere Sⁿ⁻¹ (Muller 1959).

    `paired` sums the squares of both parts in one pass. XLA makes loops of sums of one kind: where f is summed in pairs
    (types.separable) a single sum beside them doubles the time of a step, and where it is not a pair does. A wide
    machine always sums both: two steps share them, and a single sum XLA's kernels would make again in each use.
    """
    v = rows(draw, shape, dtype)
    if isinstance(draw.source, Parts):
        square = jnp.where(draw.turn == 1, draw.source.squares[1], draw.source.squares[0]).astype(dtype)
    elif is_wide():
        z = _pairs(draw, shape).reshape(-1, *shape)
        sums = sum_each(*(part.astype(dtype) ** 2 for part in (jnp.real(z), jnp.imag(z))))
        square = jnp.where(draw.turn % 2 == 1, sums[1], sums[0])[draw.turn // 2 if len(z) > 1 else 0]
    elif paired and not isinstance(draw.source, Seeds):
        z = _round(draw, shape)
        sums = sum_each(*(part.astype(dtype) ** 2 for part in (jnp.real(z), jnp.imag(z))))
        square = jnp.where(draw.turn % 2 == 1, sums[1], sums[0])
    else:
        square = jnp.sum(v * v, axis=1)
    return v * (1 / jnp.sqrt(square))[:, None]


def _round(draw: Draw, shape: tuple[int, int]) -> Complex64[Array, "q n"]:
    """The pairs of this step and its neighbour: kept flat until here, as XLA's loops follow the shape."""
    z, size = _pairs(draw, shape), shape[0] * shape[1]
    return (z if z.size == size else jax.lax.dynamic_slice(z, (draw.turn // 2 * size,), (size,))).reshape(shape)


def _pairs(draw: Draw, shape: tuple[int, int]) -> Complex64[Array, " m"]:
    """The pairs of all steps that share the source."""
    z = draw.source
    if isinstance(z, Seeds):
        vector, i, high = places(*shape)
        z = _normals(Key(z.seed, z.first, z.call), z.first + draw.turn // 2, vector, i, high)
    if is_wide() and not isinstance(draw.turn, Tracer):  # of steps in a row: for all of them in one kernel
        z = jax.lax.complex(*jax.lax.optimization_barrier((jnp.real(z), jnp.imag(z))))
    return z


def gaussian(key: Key, n: int) -> Float32[Array, " n"]:
    """v ~ N(0, I), shape [n], float32: the vector of `gaussian_draw`."""
    return rows(gaussian_draw(key, n, together=1), (1, n), jnp.float32)[0]


def rademacher_draw(key: Key, n: int, q: int = 1) -> Draw:
    """q vectors of signs for the step key.step, of which `signs` makes [q, n]: bit step mod 32 of word (call, i).

    The words are the source: a loop that carries them makes them once in 32 steps.
    """
    call, i, high = places(q, n)
    word, _ = words(key, SIGNS, key.step // jnp.uint32(BITS), key.call + call, i, high)
    return Draw(word.reshape(q, n), key.step % jnp.uint32(BITS))


def signs(draw: Draw, dtype: Any) -> Float[Array, "q n"]:
    """±1 with equal probability, shape [q, n]."""
    one = jnp.ones((), dtype)
    return jnp.where((draw.source >> draw.turn) & jnp.uint32(1) == 1, one, -one)


def rademacher(key: Key, n: int) -> Float32[Array, " n"]:
    """vᵢ = ±1 with equal probability, shape [n], float32: the vector of `rademacher_draw`."""
    return signs(rademacher_draw(key, n), jnp.float32)[0]


def piece(kind: str, key: Key, j: Any, start: Any, size: int) -> Float32[Array, " size"]:
    """Coordinates start ... start + size − 1 of direction j of the step key.step: those of `rows` or `signs`, alone.

    kind: gaussian or rademacher. Nothing is kept for other steps: a normal costs as much as the pair that `rows` has.
    """
    call = key.call + jnp.asarray(j, jnp.uint32)
    # behind the barrier XLA does not make the places once for all turns of a loop, and keep them
    parts = (jnp.asarray(part, jnp.uint32) for part in (start, call, key.step))
    first, call, step = jax.lax.optimization_barrier(tuple(parts))
    key = key._replace(step=step)
    i = first + jnp.arange(size, dtype=jnp.uint32)
    if kind == "rademacher":
        word, _ = words(key, SIGNS, key.step // jnp.uint32(BITS), call, i)
        return signs(Draw(word, key.step % jnp.uint32(BITS)), jnp.float32)
    length, x, y = _polar(key, key.step // jnp.uint32(2), call, i)
    return length * jnp.where(key.step % jnp.uint32(2) == 1, y, x)
