"""Noise of the right size and freshness, low precision, turned and moved problems."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from zobench.directions import gaussian
from zobench.problems.black_boxes import black_box
from zobench.problems.quadratics import quadratic
from zobench.problems.regression import least_squares
from zobench.problems.wrappers import low_precision, noisy, rotated, shifted
from zobench.types import Key, oracle


def sample(problem, x, steps=20000, calls=2):
    """F at x for so many steps and calls, [steps, calls]."""
    steps, calls = jnp.arange(steps, dtype=jnp.uint32), jnp.arange(calls, dtype=jnp.uint32)

    def one(step, call):
        return problem.F(x, Key(jnp.uint32(3), step, call))

    return np.asarray(jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))(steps, calls))


@pytest.mark.parametrize("kind", ["additive", "multiplicative"])
def test_noise_is_normal_and_fresh_at_each_call(kind):
    """f + σξ or f(1 + σξ), independent over steps and calls; f itself and what is known stay."""
    inside = quadratic(dim=5)
    problem = noisy(inside, sigma=0.2, kind=kind)
    x = inside.x0 * 10
    scale = 0.2 * (1 if kind == "additive" else float(inside.f(x)))
    noise = (sample(problem, x) - inside.f(x)) / scale
    assert kstest(noise[:, 0], "norm").pvalue > 1e-3 and kstest(noise[:, 1], "norm").pvalue > 1e-3
    for a, b in ((noise[:, 0], noise[:, 1]), (noise[:-1, 0], noise[1:, 0]), (noise[:-1, 1], noise[1:, 0])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / 20000**0.5
    assert problem._replace(F=None) == inside


def test_common_noise_cancels_within_a_step():
    noise = sample(noisy(quadratic(dim=5), sigma=0.2, common=True), jnp.zeros(5), calls=4)
    assert (noise == noise[:, :1]).all() and noise[:, 0].std() == pytest.approx(0.2, rel=0.03)


def test_noise_is_not_the_direction():
    """The numbers of a step's first directions are not those of its noise, though both start at call 0."""
    steps = jnp.arange(20000, dtype=jnp.uint32)
    noise = sample(noisy(quadratic(dim=5), sigma=1), jnp.zeros(5), calls=1)[:, 0]
    v = np.asarray(jax.vmap(lambda step: gaussian(Key(jnp.uint32(3), step), 2))(steps))
    for i in (0, 1):
        assert abs(np.corrcoef(noise, v[:, i])[0, 1]) < 4 / 20000**0.5
        assert abs(np.corrcoef(np.abs(noise), np.abs(v[:, i]))[0, 1]) < 4 / 20000**0.5


@pytest.mark.parametrize("common", [False, True])
def test_noise_around_noise_is_another_noise(common):
    """Two layers add as √2, fresh or common; noise around a minibatch leaves it unbiased."""
    twice = noisy(noisy(quadratic(dim=5), 0.3, common=common), 0.3, common=common)
    noise = sample(twice, jnp.zeros(5))
    assert noise[:, 0].std() == pytest.approx(0.3 * 2**0.5, rel=0.03)
    assert (noise[:, 0] == noise[:, 1]).all() == common
    inside = least_squares(dim=3, batch=2, common=common)
    x = jnp.ones(3)
    values = sample(noisy(inside, 0.1, common=common), x)[:, 0]
    assert abs(values.mean() - inside.f(x)) < 4 * values.std() / 20000**0.5
    assert values.var() == pytest.approx(sample(inside, x)[:, 0].var() + 0.01, rel=0.05)


def test_additive_noise_leaves_derivatives_exact():
    inside = quadratic(dim=4)
    ask = oracle(noisy(inside, sigma=10.0), Key(jnp.uint32(0), jnp.uint32(0)))
    np.testing.assert_array_equal(ask.grad(inside.x0), jax.grad(inside.f)(inside.x0))


@pytest.mark.parametrize(("precision", "digits"), [("float32", 2**-24), ("float16", 2**-11), ("bfloat16", 2**-8)])
def test_low_precision_rounds_what_methods_see(precision, digits):
    """Equal to the value in that precision, given back in the dtype of x; f stays exact."""
    inside = quadratic(dim=4, spectrum="uniform")
    problem = low_precision(inside, precision)
    x = inside.x0 + 0.1
    value = oracle(problem, Key(jnp.uint32(0), jnp.uint32(0))).value(x)
    assert value.dtype == jnp.float64 and value == inside.f(x.astype(precision))
    assert 0 < abs(value / problem.f(x) - 1) < 8 * digits
    assert problem._replace(F=None) == inside


def test_rotation_turns_everything():
    """f(Qᵀx) with Q orthogonal: x0, x* and the Hessian turn by the same Q; modes stay but for the axes."""
    inside = shifted(quadratic(dim=6, spectrum="uniform"), by=1.0)
    problem = rotated(inside, seed=4)

    def coordinate(i):  # (Qᵀx)ᵢ, of gradient Q eᵢ
        return rotated(inside._replace(f=lambda x: x[i]), seed=4).f

    q = np.stack([jax.grad(coordinate(i))(problem.x0) for i in range(6)], axis=1)
    np.testing.assert_allclose(q @ q.T, np.eye(6), atol=1e-12)
    assert problem.x_star is not None and inside.x_star is not None
    np.testing.assert_allclose([problem.x0, problem.x_star], [q @ inside.x0, q @ inside.x_star], rtol=1e-12)
    hessian = jax.hessian(problem.f)(problem.x0)
    np.testing.assert_allclose(hessian, q @ jax.hessian(inside.f)(inside.x0) @ q.T, atol=1e-12)
    assert problem.modes is not None and not problem.modes.axes and inside.modes is not None and inside.modes.axes
    assert not np.array_equal(problem.x0, rotated(inside, seed=5).x0)
    assert np.array_equal(problem.x0, rotated(inside, seed=4).x0)


def test_wrapped_noise_is_moved_with_its_problem():
    """F of a moved problem is F of the problem at the moved point, with the same noise."""
    inside, key = noisy(quadratic(dim=3), 0.1), Key(jnp.uint32(0), jnp.uint32(9), jnp.uint32(1))
    assert inside.F is not None
    for problem in (shifted(inside, by=[1, 2, 3]), rotated(inside)):
        assert problem.F is not None and problem.F is not inside.F
        assert problem.F(problem.x0, key) == pytest.approx(float(inside.F(inside.x0, key)), rel=1e-12)
    assert rotated(quadratic(dim=3)).F is None


@pytest.mark.parametrize("wrap", [noisy, low_precision, rotated, shifted])
def test_a_black_box_is_not_wrapped(wrap):
    with pytest.raises(ValueError, match="a black box is taken as it is"):
        wrap(black_box(lambda x: 0.0, [1.0]))
