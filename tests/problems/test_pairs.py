"""Sums over pairs taken once are those over all of them, with gradients, of even and odd numbers of points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems import maps
from zobench.problems.pairs import LEAST


@pytest.mark.slow
@pytest.mark.parametrize(
    ("points", "stress", "weighted"),
    [(LEAST, "stress", True), (LEAST + 1, "stress", False), (LEAST + 1, "sstress", True)],
)
def test_values_and_gradients_are_those_of_the_closed_form(points, stress, weighted):
    """Weights, of which some are 0; in three dimensions; two points at the same place."""
    random = np.random.default_rng(1)
    target, weight = random.random((2, points, points))
    target, weight = (table + table.T - 2 * np.diag(table.diagonal()) for table in (target, weight))
    weight[3, 5:9] = weight[5:9, 3] = 0
    known = weight if weighted else None
    w = random.standard_normal((points, 3))
    w[7] = w[points // 2]
    f, x = maps._objective(target, stress, 3, known), jnp.asarray(w.ravel())
    assert "scan" in str(jax.make_jaxpr(f)(x))
    (value, slope), along = jax.jit(lambda x: (jax.value_and_grad(f)(x), jax.jvp(f, (x,), (x,))[1]))(x)
    np.testing.assert_allclose(value, maps._value(w, target, stress, known), rtol=1e-13)
    exact = maps.gradient(w, target, stress, known).ravel()
    np.testing.assert_allclose(slope, exact, rtol=1e-10, atol=1e-12 * np.abs(exact).max())
    np.testing.assert_allclose(along, exact @ w.ravel(), rtol=1e-10)
    if stress == "sstress":  # a polynomial of degree 4: differences of the closed form have an error of O(ε²)
        v, eps = random.standard_normal(w.shape), 1e-4
        ends = [maps.gradient(w + sign * eps * v, target, stress, known).ravel() for sign in (1, -1)]
        curved = jax.jit(lambda x: jax.jvp(jax.grad(f), (x,), (jnp.asarray(v.ravel()),))[1])(x)
        np.testing.assert_allclose(curved, (ends[0] - ends[1]) / (2 * eps), rtol=1e-6, atol=1e-6 * np.abs(curved).max())


def test_a_value_in_single_precision_stays_there():
    w = np.random.default_rng(1).standard_normal((LEAST, 2))
    target = maps._squared_distances(w)
    low = jax.jit(maps._objective(target, "sstress", 2, None))(jnp.asarray(1.5 * w.ravel(), jnp.float32))
    assert low.dtype == jnp.float32 and low == pytest.approx(maps._value(1.5 * w, target, "sstress"), rel=1e-5)


def test_what_is_not_symmetric_is_summed_as_it_is():
    target = np.random.default_rng(0).random((LEAST, LEAST))
    w = np.random.default_rng(1).standard_normal((LEAST, 2))
    f = jax.jit(maps._objective(target, "sstress", 2, None))
    np.testing.assert_allclose(f(jnp.asarray(w.ravel())), maps._value(w, target, "sstress"), rtol=1e-13)
