"""Subsets are without repeats and uniform, whatever share of all they are, and cost what few of many should."""

import time
from itertools import combinations
from math import comb

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from zobench import batches, directions
from zobench.subsets import independent, subset
from zobench.types import Key

KEYS = 20000


def subsets(n: int, q: int) -> np.ndarray:
    """Those of so many steps, [KEYS, q]."""
    one = jax.jit(jax.vmap(lambda step: subset(Key(jnp.uint32(3), step), n, q)))
    return np.asarray(one(jnp.arange(KEYS, dtype=jnp.uint32)))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "q"), [(7, 3), (7, 1), (6, 5), (300, 1)])
def test_every_subset_comes_equally_often(n, q):
    drawn = np.sort(subsets(n, q), axis=1)
    assert drawn.max() < n and (np.diff(drawn, axis=1) > 0).all()
    found, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(found) == comb(n, q) and (q > 1 or len(found) == n)
    assert q == 1 or [*map(tuple, found.tolist())] == [*combinations(range(n), q)]
    assert chisquare(counts).pvalue > 1e-3


@pytest.mark.slow
def test_every_index_comes_equally_often_in_large_subsets():
    """Of 1437 a batch of 256; indices of one subset repel each other, which makes chi-square smaller by 1 − q/n."""
    drawn = subsets(1437, 256)
    assert all(len(np.unique(each)) == 256 for each in drawn[:200])
    counts = np.bincount(drawn.ravel(), minlength=1437)
    scale = KEYS * 256 / 1437 * (1 - 256 / 1437) * 1437 / 1436
    square = float(((counts - KEYS * 256 / 1437) ** 2).sum() / scale)
    assert abs(square - 1436) < 4 * (2 * 1436) ** 0.5
    assert sorted(subsets(9, 9)[0].tolist()) == [*range(9)]


def test_the_same_alone_and_in_a_batch():
    """And fresh with each part of the key."""
    one = jax.jit(lambda seed, step, call: subset(Key(seed, step, call), 50, 10))
    alone, *others = (np.asarray(one(*map(np.uint32, key))) for key in ((3, 5, 0), (4, 5, 0), (3, 6, 0), (3, 5, 1)))
    several = jax.vmap(one, (None, 0, None))(jnp.uint32(3), jnp.arange(6, dtype=jnp.uint32), jnp.uint32(0))
    np.testing.assert_array_equal(alone, several[5])
    assert len(np.unique(alone)) == 10 and alone.max() < 50
    assert all((other != alone).any() for other in others)


@pytest.mark.slow
def test_a_few_of_a_million_do_not_cost_a_million():
    """CPU time of 16 of 10⁶, less than a tenth of a pass that sorts out the largest of so many words."""
    n, q = 10**6, 16
    few = jax.jit(lambda step: subset(Key(jnp.uint32(0), step), n, q))
    all_of_them = jax.jit(lambda step: jax.lax.top_k((jnp.arange(n, dtype=jnp.uint32) + step) * 2654435761, q)[1])

    def seconds(draw):
        draw(jnp.uint32(0)).block_until_ready()
        times = []
        for step in range(3):
            start = time.process_time()
            draw(jnp.uint32(step)).block_until_ready()
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(few) < 0.1 * seconds(all_of_them)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("n", "q"), [(5, 5), (40, 30), (700, 130), (2**32 - 1, 3)])
def test_a_subset_is_that_of_the_slow_algorithm(n, q, wide):
    """One step of Floyd's after the other, in Python's whole numbers, with the same words."""

    @jax.jit
    def both(step):
        key = Key(jnp.uint32(3), step, jnp.uint32(2))
        words = directions.words(key, directions.AXES, key.step, key.call, jnp.arange(q, dtype=jnp.uint32))
        return subset(key, n, q), *words

    for step in range(8):
        with batches.wide(wide):
            drawn, high, low = (part.tolist() for part in both(jnp.uint32(step)))
        taken: list[int] = []
        for j in range(q):
            last = n - q + j
            t = (last + 1) * (2**32 * high[j] + low[j]) >> 64
            taken.append(last if t in taken else t)
        assert drawn == taken


@pytest.mark.slow
def test_independent_numbers_are_uniform_and_repeat():
    drawn = np.asarray(jax.jit(lambda: independent(Key(jnp.uint32(3), jnp.uint32(1)), 50, 40000))())
    assert chisquare(np.bincount(drawn, minlength=50)).pvalue > 1e-3
    assert chisquare(np.bincount(drawn[1:] + 50 * drawn[:-1], minlength=2500)).pvalue > 1e-3
