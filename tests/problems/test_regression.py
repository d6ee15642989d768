"""Least squares against NumPy's solution, and minibatches: unbiased, fresh or common."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems import minibatch
from zobench.problems.regression import least_squares
from zobench.subsets import subset
from zobench.types import Key, oracle


def test_the_minimum_is_the_normal_equations():
    """∇f(x*) = 0; the noise is what is left: f* ≈ noise² (m − n)/(2m); fewer rows than columns fit exactly."""
    problem = least_squares(dim=20, samples=400, noise=0.5)
    assert problem.f_star == pytest.approx(0.5**2 * 380 / 800, rel=0.2)
    assert problem.x_star is not None and jnp.linalg.norm(problem.x_star) == pytest.approx(1, abs=0.3)
    edge = (1 + np.array([-1, 1]) * (20 / 400) ** 0.5) ** 2  # Marchenko & Pastur
    np.testing.assert_allclose([problem.mu, problem.L], edge, rtol=0.15)
    flat = least_squares(dim=20, samples=5)
    assert flat.x_star is None and np.isnan(flat.mu) and flat.f_star == 0
    x = flat.x0 - jnp.linalg.pinv(jax.hessian(flat.f)(flat.x0), rtol=1e-9) @ jax.grad(flat.f)(flat.x0)
    assert float(flat.f(x)) < 1e-25


def test_minibatches_are_unbiased_and_without_replacement():
    """The mean of F over keys is f; batch = all rows is f for every key; a batch repeats no row."""
    problem = least_squares(dim=3, samples=12, batch=4)
    F = problem.F
    assert F is not None
    x = problem.x0 + 1

    def values(F, count):
        keys = jnp.arange(count, dtype=jnp.uint32)
        return np.asarray(jax.jit(jax.vmap(lambda step: F(x, Key(jnp.uint32(0), step))))(keys))

    sampled = values(F, 20000)
    assert abs(sampled.mean() - problem.f(x)) < 4 * sampled.std() / 20000**0.5
    np.testing.assert_allclose(values(least_squares(dim=3, samples=12, batch=12).F, 5), problem.f(x), rtol=1e-13)
    keys = jnp.arange(20000, dtype=jnp.uint32)
    slopes = jax.jit(jax.vmap(lambda step: jax.grad(F)(x, Key(jnp.uint32(1), step))))(keys)
    assert (abs(slopes.mean(axis=0) - jax.grad(problem.f)(x)) < 4 * slopes.std(axis=0) / 20000**0.5).all()
    terms = np.unique(values(least_squares(dim=3, samples=12, batch=1).F, 5000).round(10))
    assert len(terms) == 12
    assert sampled.var() == pytest.approx(terms.var() / 4 * (12 - 4) / 11, rel=0.05)  # of a mean without replacement


def test_batches_are_fresh_or_common():
    for common in (False, True):
        F = least_squares(dim=3, samples=50, batch=5, common=common).F
        assert F is not None
        key = Key(jnp.uint32(0), jnp.uint32(7))
        first, second = (float(F(jnp.ones(3), key._replace(call=call))) for call in (0, 1))
        assert (first == second) == common
        assert first != float(F(jnp.ones(3), key._replace(step=jnp.uint32(8))))


@pytest.mark.parametrize("common", [False, True])
def test_a_common_batch_is_drawn_once_for_all_values_of_a_step(common, monkeypatch):
    """The same values as F gives; one draw a step where batches are common, else one a value."""
    problem = least_squares(dim=3, samples=50, batch=5, common=common)
    x, F = problem.x0 + 1, problem.F
    assert F is not None

    def asked(step):
        ask = oracle(problem, Key(jnp.uint32(0), step))
        return [ask.value(x, call) for call in (0, 1)]

    values = asked(jnp.uint32(7))
    assert values == [F(x, Key(jnp.uint32(0), jnp.uint32(7), jnp.uint32(call))) for call in (0, 1)]
    assert (values[0] == values[1]) == common
    drawn = []
    monkeypatch.setattr(minibatch, "subset", lambda *key: drawn.append(key) or subset(*key))
    asked(jnp.uint32(7))
    assert len(drawn) == (1 if common else 2)
