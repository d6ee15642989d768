"""Fits along directions: as exact as by singular values, in a tenth of the time, and no wilder where v is singular."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.interpolation import fitted

BY_VALUES = jax.jit(lambda v, slope: jnp.linalg.lstsq(v, slope)[0])
FITTED = jax.jit(fitted)


def sphere(q: int, n: int, seed: int = 0) -> np.ndarray:
    v = np.random.default_rng([seed, q, n]).standard_normal((q, n))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


@pytest.mark.parametrize(("q", "n"), [(64, 64), (65, 64), (128, 64), (32, 64), (4, 64)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_as_exact_as_by_singular_values(q, n, dtype):
    """Over draws whose condition numbers are from 2 to thousands."""
    g = np.cos(np.arange(n))
    errors = []
    for seed in range(10):
        v = sphere(q, n, seed).astype(dtype)
        slope = (v.astype(np.longdouble) @ g).astype(dtype)
        exact = g if q >= n else np.linalg.pinv(v.astype(float)) @ slope.astype(float)
        errors.append([np.linalg.norm(np.asarray(f(v, slope), float) - exact) for f in (FITTED, BY_VALUES)])
    own, theirs = np.median(errors, axis=0)
    assert own < max(2 * theirs, 100 * np.finfo(dtype).eps) and own < 1e4 * np.finfo(dtype).eps


@pytest.mark.parametrize("q", [8, 9])
def test_what_is_singular_to_rounding_has_the_solution_of_least_norm(q):
    """A direction twice, but for rounding: noise in the slopes is not blown up by the inverse of next to nothing."""
    v = sphere(q, 8).astype(np.float32)
    v[1:] = v[0] + np.float32(1e-7) * v[1:] if q == 9 else np.where(np.arange(1, q)[:, None] == 1, v[0], v[1:])
    slope = np.random.default_rng(0).standard_normal(q).astype(np.float32)
    np.testing.assert_allclose(FITTED(v, slope), BY_VALUES(v, slope), rtol=1e-6)
    assert np.linalg.norm(FITTED(v, slope)) < 100


@pytest.mark.slow
@pytest.mark.parametrize("q", [256, 300])
def test_in_less_than_half_of_the_time(q):
    v, slope = sphere(q, 256), np.ones(q)

    def seconds(f):
        f(v, slope).block_until_ready()
        times = []
        for _ in range(3):
            start = time.process_time()
            f(v, slope).block_until_ready()
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(FITTED) < 0.5 * seconds(BY_VALUES)
