"""Softmax regression and a small network on digits, and logistic regression on tumours."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems import datasets
from zobench.problems.classification import breast_cancer
from zobench.problems.datasets import digits, tumours
from zobench.problems.networks import accuracy, mlp, softmax
from zobench.types import Key

pytest.importorskip("sklearn")


def test_data_are_split_once_and_for_all():
    """1437 + 360 digits in [0, 1], each class in both; 569 tumours, standardised, with an intercept."""
    data = digits()
    assert data.train.shape == (1437, 64) and data.test.shape == (360, 64)
    assert data.train.min() == 0 and data.train.max() == 1
    assert {*data.train_label} == {*data.test_label} == {*range(10)}
    feature, label = tumours()
    assert feature.shape == (569, 31) and {*label} == {-1, 1} and label.sum() == 357 - 212
    np.testing.assert_allclose(feature.mean(axis=0), [0] * 30 + [1], atol=1e-12)
    np.testing.assert_allclose(feature.std(axis=0), [1] * 30 + [0], atol=1e-12)


def test_softmax_is_solved():
    """ln 10 at 0, ∇f(x*) = 0, curvature between mu and L, the trace attained at x0, and what the minimiser can do."""
    problem = softmax(samples=500, ridge=1e-2)
    assert problem.n == 650 and problem.x_star is not None
    assert float(problem.f(problem.x0)) == pytest.approx(np.log(10), rel=1e-14)
    value, g = jax.jit(jax.value_and_grad(problem.f))(problem.x_star)
    assert float(value) == pytest.approx(problem.f_star, rel=1e-14) and np.abs(g).max() < 1e-15
    # The Hessian at 0 is (I/10 − 11ᵀ/100) ⊗ ÃᵀÃ/m + ridge: largest eigenvalue λ_max/10, smallest ridge.
    hvp = jax.jit(lambda v: jax.jvp(jax.grad(problem.f), (problem.x0,), (v,))[1])
    same = jnp.asarray(np.random.default_rng(0).standard_normal((65, 1))) * jnp.ones((65, 10))
    v = jnp.concatenate([same[:64].ravel(), same[64]])
    np.testing.assert_allclose(hvp(v), problem.mu * v, atol=1e-14)
    feature = np.column_stack([digits().train[:500], np.ones(500)])
    top = np.linalg.svd(feature, full_matrices=False)[2][0]
    w = jnp.asarray(np.outer(top, [1, -1, *[0] * 8]).ravel())
    lam = np.linalg.norm(feature, 2) ** 2 / 500
    np.testing.assert_allclose(hvp(w), (lam / 10 + 1e-2) * w, atol=1e-12)
    assert np.isclose(problem.L, lam / 2 + 1e-2, rtol=1e-12)
    assert problem.hessian_trace == pytest.approx(0.9 * np.sum(feature**2) / 500 + 6.5)
    train, test = accuracy(problem.x_star)
    assert train > 0.9 and test > 0.9


def test_softmax_without_ridge_and_with_batches():
    problem = softmax(samples=200, ridge=0, batch=200)
    assert np.isnan(problem.f_star) and problem.x_star is None and np.isnan(problem.mu) and problem.F is not None
    x = jnp.asarray(np.random.default_rng(0).standard_normal(650))
    assert problem.F(x, Key(jnp.uint32(0), jnp.uint32(0))) == pytest.approx(float(problem.f(x)), rel=1e-13)


@pytest.mark.slow
def test_an_mlp_learns():
    """As many parameters as it says; gradient descent gets most digits right, and a batch of all is the whole."""
    problem = mlp(widths=[8], samples=300, batch=300)
    assert problem.n == 64 * 8 + 8 + 8 * 10 + 10 and problem.F is not None
    assert float(problem.f(problem.x0)) == pytest.approx(np.log(10), abs=0.4)
    key = Key(jnp.uint32(0), jnp.uint32(0))
    assert float(problem.F(problem.x0, key)) == pytest.approx(float(problem.f(problem.x0)), rel=1e-13)
    x = jax.jit(lambda x: jax.lax.fori_loop(0, 300, lambda i, x: x - 0.5 * jax.grad(problem.f)(x), x))(problem.x0)
    assert float(problem.f(x)) < 0.2
    assert accuracy(problem.x0, [8])[1] < 0.3 < 0.8 < accuracy(x, [8])[1]
    assert mlp(widths=[]).n == 650 and not np.array_equal(mlp().x0, mlp(seed=1).x0)
    weights = np.asarray(mlp(widths=[1000], samples=1).x0)[: 64 * 1000]
    assert weights.std() == pytest.approx(1 / 8, rel=0.02)


def test_breast_cancer_with_and_without_ridge():
    """f* falls with the ridge to 0, its infimum on separable data."""
    minima = [breast_cancer(ridge=ridge).f_star for ridge in (1e-1, 1e-3, 1e-6, 1e-9)]
    assert np.all(np.diff(minima) < 0) and minima[-1] < 0.006 and breast_cancer(ridge=0).f_star == 0


def test_without_scikit_learn_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for load in (datasets.digits, datasets.tumours):
        load.cache_clear()
        with pytest.raises(ValueError, match=r"scikit-learn, which is not installed; pip install 'zobench\[data\]'$"):
            load()
