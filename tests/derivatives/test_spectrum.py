"""Trace and eigenvalues by products against a whole Hessian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import zobench as zo
from zobench.derivatives.spectrum import hessian_product, hutchinson, lanczos


def test_they_are_those_of_the_matrix():
    problem = zo.problems.landscape("rosenbrock", 6)
    x = jnp.asarray(np.linspace(-1, 1, 6))
    matrix = np.asarray(jax.hessian(problem.f)(x))
    product = hessian_product(problem.f, x)
    np.testing.assert_allclose(product(np.eye(6)[2]), matrix[2], atol=1e-10)
    np.testing.assert_allclose(lanczos(product, 6, 20, np.random.default_rng(0)), np.linalg.eigvalsh(matrix)[::-1])
    few = lanczos(product, 6, 4, np.random.default_rng(0))
    assert len(few) == 4 and 0.95 * np.linalg.eigvalsh(matrix)[-1] < few[0] <= np.linalg.eigvalsh(matrix)[-1]
    found = hutchinson(product, 6, 400, np.random.default_rng(1))
    assert abs(found.value - np.trace(matrix)) < 4 * found.error < 0.2 * np.trace(matrix)
    flat = lanczos(lambda v: 2 * v, 6, 4, np.random.default_rng(0))
    assert flat.tolist() == pytest.approx([2.0])
