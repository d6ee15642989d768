"""Noise of the right size and freshness, low precision, turned and moved problems, and plain functions."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import rosen
from scipy.stats import kstest

from zobench.directions import gaussian
from zobench.problems.black_boxes import black_box
from zobench.problems.landscapes import landscape
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


def test_a_plain_function_is_a_problem():
    """Values one at a time under jit and vmap; NaN and ∞ are values; the dtype of x; no derivatives."""
    problem = black_box(rosen, [-1.2, 1.0], f_star=0.0)
    assert problem.n == 2 and not problem.differentiable and np.isnan(problem.L) and problem.f_star == 0
    x = jnp.asarray(np.random.default_rng(0).standard_normal((5, 2)))
    expected = jax.vmap(landscape("rosenbrock").f)(x)
    np.testing.assert_allclose(jax.jit(jax.vmap(problem.f))(x), expected, rtol=1e-12)
    value = jax.jit(problem.f)(jnp.ones(2, jnp.float32))
    assert value.dtype == jnp.float32 and value == 0
    odd = black_box(lambda x: [np.nan, np.inf, 3][int(x[0])], [2.0])
    np.testing.assert_array_equal([odd.f(jnp.full(1, float(i))) for i in range(3)], [np.nan, np.inf, 3])
    with pytest.raises(ValueError, match="rosen is a black box: it has no derivatives"):
        jax.grad(problem.f)(problem.x0)


@pytest.fixture
def x64_by_thread():
    """float64 as the command switches it on: for the thread that asks, and for no other."""
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_x_reaches_the_function_whole_from_any_thread(x64_by_thread, dtype):
    """JAX calls the host from a thread that may not know of x64: all bits of x and of the value arrive."""
    seen, odd = [], np.array([np.pi, -0.0, np.inf, np.nan, np.finfo(dtype).smallest_subnormal, 1 / 3], dtype)

    def function(x):
        seen.append((x, jnp.asarray(0.1).dtype))  # a function that uses JAX finds the setting of x
        return x[5]

    with jax.enable_x64(dtype == "float64"):
        problem = black_box(function, np.zeros(6).tolist())
        value = jax.jit(problem.f).lower(jnp.asarray(odd)).compile()
        x = jax.block_until_ready(jnp.asarray(odd))
    seen.clear()
    with ThreadPoolExecutor(1) as thread:
        there = np.asarray(thread.submit(value, x).result())
    ((arrived, inside),) = seen
    assert arrived.dtype == there.dtype == dtype and arrived.tobytes() == odd.tobytes()
    assert there.tobytes() == odd[5].tobytes() and inside == ("float64" if dtype == "float64" else "float32")


def test_a_function_may_write_into_its_argument():
    def greedy(x):
        x[:] = 0
        return 1.0

    problem = black_box(greedy, [1.0, 2.0])
    x = jnp.ones(2)
    assert problem.f(x) == 1 and (x == 1).all() and (problem.x0 == jnp.array([1.0, 2.0])).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: 1 / 0 if x[0] > 2 else 0.0, "<lambda> raised ZeroDivisionError: division by zero; at x = [3. 1.]"),
        (
            lambda x: x if x[0] > 2 else 0.0,
            "<lambda> returned an array of shape [2], not one real number; at x = [3. 1.]",
        ),
        (lambda x: None if x[0] > 2 else 0.0, "<lambda> returned "),
        (lambda x: 1j if x[0] > 2 else 0.0, "<lambda> returned "),
        (partial(lambda y, x: {}["a\nkey"] if x[0] > 2 else 0.0, 1), "<lambda> raised KeyError: 'a\\nkey'; at x"),
    ],
)
def test_a_function_that_fails_midway_says_so_in_the_last_line(function, says):
    """In a loop compiled by JAX: JaxRuntimeError, whose last line names function, exception and point."""
    problem = black_box(function, [0.0, 1.0])
    walk = jax.jit(lambda x: jax.lax.fori_loop(0, 5, lambda i, x: x.at[0].add(1 + problem.f(x)), x))
    with pytest.raises(jax.errors.JaxRuntimeError) as failure:
        jax.block_until_ready(walk(problem.x0))
    assert str(failure.value).strip().splitlines()[-1].startswith(f"RuntimeError: {says}")


@pytest.mark.parametrize(
    ("function", "x0", "says"),
    [
        (lambda x: x[5], [1.0, 2.0], "problem.function=<lambda>: <lambda> raised IndexError"),
        (lambda x: "text", [1.0], "problem.function=<lambda>: <lambda> returned array('text'"),
        (rosen, [], "problem.x0=[]: where rosen starts is a list of finite numbers"),
        (rosen, [1.0, np.nan], "problem.x0="),
        (rosen, 3.0, "problem.x0=3.0"),
    ],
)
def test_a_function_that_fails_at_once_is_refused(function, x0, says):
    with pytest.raises(ValueError) as refusal:
        black_box(function, x0)
    assert str(refusal.value).startswith(says) and "\n" not in str(refusal.value)
