"""Where x is large the difference step follows it; below, nothing changes; where x + h = x, it is said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import zobench as zo
from zobench.differences import best_eps, step_of
from zobench.types import Problem, oracle


def error(estimate, size):
    x = jnp.array([size, -1.1 * size])

    def f(x):
        return jnp.sum((x / size) ** 3)

    g, exact = estimate(f, x), jax.grad(f)(x)
    return float(jnp.linalg.norm(g - exact) / jnp.linalg.norm(exact))


@pytest.mark.parametrize("size", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("quotient", ["forward", "central", "fourth"])
def test_a_gradient_at_a_large_x_is_right(size, quotient):
    estimator = zo.finite_difference(quotient)
    own = zo.gradient(estimator)
    assert error(lambda f, x: estimator.estimate(oracle(Problem(f=f, x0=x)), x, (), ())[0], size) < 2e-5
    assert error(lambda f, x: jax.jit(lambda x: own(f, x, 0)[0])(x), size) < 2e-5  # where x is traced


def test_the_step_is_what_it_was_up_to_a_size_and_follows_a_power_of_two_beyond():
    def step(quotient, dtype, largest):
        ask = oracle(Problem(f=jnp.sum, x0=np.array([0.0, -largest])))
        return step_of(None, quotient, dtype, 0.0, ask) / best_eps(quotient, dtype)

    for quotient, dtype in (("forward", "float64"), ("central", "float64"), ("central", "float32")):
        assert step(quotient, dtype, 1.0) == step(quotient, dtype, 0.01) == 1
    assert step("forward", "float64", 2000) == 1 and step("forward", "float64", 5000) == 8192
    assert step("central", "float64", 1e6) == 1 and step("central", "float64", 1e8) == 2**27
    assert step("forward", "float32", 3.0) == 4
    assert step_of(1e-3, "central", "float64", 0.0, oracle(Problem(f=jnp.sum, x0=np.array([1e9])))) == 1e-3


def test_a_run_far_out_arrives_and_one_whose_step_is_lost_says_so():
    far = Problem(f=lambda x: jnp.sum((x / 1e8 - 2) ** 2), x0=np.full(3, 1e8), f_star=0.0, L=2e-16)
    for estimator in (zo.two_point(quotient="forward"), zo.finite_difference("forward"), zo.two_point()):
        result = zo.run(far, estimator, seeds=2)
        assert (result.outcomes == "reached").all() and "x + h = x" not in result.meta["warning"]
    for estimator in (zo.two_point(quotient="forward", eps=1e-9), zo.finite_difference("forward", eps=1e-9)):
        assert "x + h = x: at |x| = 1e+08" in zo.run(far, estimator, seeds=2, calls=50).meta["warning"]
    near = far._replace(f=lambda x: jnp.sum((x - 2) ** 2), x0=np.ones(3), L=2.0)
    assert not zo.run(near, zo.finite_difference("forward"), seeds=1).meta["warning"]
