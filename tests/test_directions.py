"""Directions: published words, the right distribution, and a pure function of (seed, step, coordinate)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from zobench import directions
from zobench.types import Key

USES = (directions.NORMAL, directions.SIGNS, directions.AXES)
WORDS = [[272829608, 2246075180], [3276466829, 2663370578], [4172952904, 548188290]]


def normals(seed: int, step: int, n: int) -> np.ndarray:
    return np.asarray(directions.gaussian(Key(jnp.uint32(seed), jnp.uint32(step)), n))


def unit(key: Key, n: int) -> jax.Array:
    return directions.unit_rows(directions.gaussian_draw(key, n), (1, n), jnp.float64)[0]


def many(seeds: int, steps: int, n: int) -> np.ndarray:
    """[seeds, steps, n]"""
    keys = Key(jnp.arange(seeds, dtype=jnp.uint32)[:, None], jnp.arange(steps, dtype=jnp.uint32)[None, :])
    keys = Key(*jnp.broadcast_arrays(*keys))
    return np.asarray(jax.vmap(jax.vmap(lambda key: directions.gaussian(key, n)))(keys))


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0x0, 0x0), (0x0, 0x0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_the_published_words(key, counter, words):
    """The known answers that come with Random123 (threefry2x32, 20 rounds)."""
    a, b, c, d = (jnp.array([word], jnp.uint32) for word in (*key, *counter))
    assert tuple(int(word[0]) for word in directions.threefry((a, b), (c, d))) == words


@pytest.mark.slow
@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**20), st.sampled_from([1, 2, 7, 40]))
def test_a_coordinate_does_not_depend_on_how_many_there_are(seed, step, call, n):
    """The words never; the Gaussian made of them by a rounding, as programs of other shapes are compiled otherwise."""
    key = Key(jnp.uint32(seed), jnp.uint32(step), jnp.uint32(call))
    np.testing.assert_array_equal(directions.rademacher(key, n), directions.rademacher(key, 61)[:n])
    np.testing.assert_allclose(directions.gaussian(key, n), directions.gaussian(key, 61)[:n], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("step", [6, 7])
@pytest.mark.parametrize("n", [directions.LONG, directions.LONG + 1, directions.LONG + 37])
def test_long_directions_are_those_of_the_short_ones(n, step):
    """In chunks: the same coordinates, in every row and in both of the steps that share them; norms of n of them."""
    short, rows, key = directions.LONG - 1, 3, Key(jnp.uint32(5), jnp.uint32(step))
    long = directions.gaussian_draw(key, n, q=rows)
    v = np.asarray(directions.rows(long, (rows, n), jnp.float32))
    assert v.shape == (rows, n)
    same = directions.rows(directions.gaussian_draw(key, short, q=rows), (rows, short), jnp.float32)
    np.testing.assert_allclose(v[:, :short], same, rtol=1e-6, atol=1e-6)
    unit = np.asarray(directions.unit_rows(long, (rows, n), jnp.float32))
    np.testing.assert_allclose(unit, v / np.linalg.norm(v.astype(float), axis=1)[:, None], rtol=2e-6)
    assert stats.kstest(v.ravel(), "norm").pvalue > 1e-3


def test_the_logarithm_and_the_rotation_are_those_of_numpy():
    """Over the whole range of what is drawn: 24-bit uniforms and 32-bit angles."""
    word = np.concatenate(
        [np.arange(2**12), 2**24 - 1 - np.arange(2**12), np.random.default_rng(0).integers(0, 2**24, 2**16)]
    )
    uniform = (word * 2.0**-24 + 2.0**-25).astype(np.float32)
    np.testing.assert_allclose(directions._log(jnp.asarray(uniform)), np.log(uniform.astype(float)), rtol=2e-7)
    turn = np.random.default_rng(1).integers(0, 2**32, 2**16, dtype=np.uint32)
    turn[:9] = [0, 1, 2**29 - 1, 2**29, 2**30, 2**31, 3 * 2**30, 2**32 - 2**29, 2**32 - 1]
    angle = 2 * np.pi * turn.astype(float) / 2**32
    cosine, sine = directions._rotation(jnp.asarray(turn))
    np.testing.assert_allclose(cosine, np.cos(angle), atol=4e-7)
    np.testing.assert_allclose(sine, np.sin(angle), atol=4e-7)


def test_the_same_direction_alone_and_in_a_batch():
    batch = many(3, 5, 9)
    for seed in range(3):
        for step in range(5):
            np.testing.assert_allclose(batch[seed, step], normals(seed, step, 9), rtol=1e-6, atol=1e-6)


def test_coordinates_are_standard_normal():
    v = many(4, 4096, 32).ravel().astype(float)
    assert stats.kstest(v, "norm").pvalue > 1e-3
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15)):
        spread = np.std(v**power) / np.sqrt(v.size)
        assert abs(np.mean(v**power) - moment) < 4.5 * spread


def test_projections_of_the_unit_direction_are_uniform_on_the_sphere():
    """In R³ each projection of a uniform unit vector is uniform on [−1, 1] (Archimedes)."""
    keys = Key(jnp.uint32(2), jnp.arange(8192, dtype=jnp.uint32), jnp.uint32(0))
    v = jax.vmap(lambda step: unit(keys._replace(step=step), 3))(keys.step)
    for axis in (np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([1.0, 2, -2]) / 3):
        assert stats.kstest(np.asarray(v) @ axis, "uniform", (-1, 2)).pvalue > 1e-3


@pytest.mark.parametrize("shift", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 2), (1, 1, 0), (0, 1, 1)])
def test_neighbours_are_not_correlated(shift):
    """Between runs, iterations, and coordinates (those of one Box-Muller pair as well)."""
    v = many(8, 512, 64).astype(float)
    a, b = v, v
    for axis, by in enumerate(shift):
        a, b = np.take(a, range(by, v.shape[axis]), axis), np.take(b, range(v.shape[axis] - by), axis)
    for power in (1, 2):
        assert abs(np.corrcoef(a.ravel() ** power, b.ravel() ** power)[0, 1]) < 4.5 / np.sqrt(a.size)


def test_no_word_makes_a_pair_of_zeros():
    """The largest 24 bits are not rounded to u = 1: ln u = 0 would make both normals 0, and at n = 1 no direction."""
    u = np.asarray(directions._uniform(jnp.array([0, 2**32 - 1, 2**31], jnp.uint32)))
    assert u[0] == np.float32(2**-25) and 0 < 1 - u[1] <= 2**-24 and abs(u[2] - 0.5) < 1e-6


def test_the_words_are_what_they_were():
    """Of each use, alone and as the third of several vectors; before and behind 2³² coordinates."""
    key = Key(jnp.uint32(5), jnp.uint32(7), jnp.uint32(2))

    def word(use, *place):
        i, *high = (jnp.array([part], jnp.uint32) for part in place)
        return [int(part[0]) for part in directions.words(key, use, key.step, key.call, i, *high)]

    assert [word(use, 3) for use in USES] == [word(use, 3, 0) for use in USES] == WORDS
    far = [word(use, 3, high) for use in USES for high in range(1, 20)]
    assert len({*map(tuple, far + WORDS)}) == 19 * len(USES) + len(WORDS)


@pytest.mark.slow
def test_coordinates_from_two_to_the_32_on():
    """The last ones of a long vector, of which a program makes no others: on both sides of 2³²."""
    n, key = 2**32 + 5, Key(jnp.uint32(5), jnp.uint32(7))
    low, high = (np.arange(n - 9, n) % 2**32).astype(np.uint32), (np.arange(n - 9, n) >> 32).astype(np.uint32)
    last = jax.jit(lambda: (directions.gaussian(key, n)[-9:], directions.rademacher(key, n)[-9:]))
    program = last.lower().compile()
    memory: Any = program.memory_analysis()
    assert memory.temp_size_in_bytes < 10**6
    normal, sign = program()
    z = directions._normals(key, jnp.uint32(3), jnp.uint32(0), jnp.asarray(low), jnp.asarray(high))
    np.testing.assert_allclose(normal, jnp.imag(z), rtol=1e-6)
    word, _ = directions.words(key, directions.SIGNS, jnp.uint32(0), 0, jnp.asarray(low), jnp.asarray(high))
    np.testing.assert_array_equal(sign, np.where(np.asarray(word) >> 7 & 1, 1, -1))
    assert len(np.unique(np.asarray(normal))) == 9


@pytest.mark.slow
def test_many_vectors_are_more_than_32_bits_number():
    """The third of three of 2³¹ coordinates is the one of that number alone."""
    key, n = Key(jnp.uint32(5), jnp.uint32(6)), 2**31
    drawn = jax.jit(lambda: directions.rows(directions.gaussian_draw(key, n, q=3), (3, n), jnp.float32)[2, :5])
    alone = directions.gaussian(key._replace(call=jnp.uint32(2)), 5)
    np.testing.assert_allclose(drawn(), alone, rtol=1e-6)
