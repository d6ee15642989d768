"""One contract for all estimators: unbiased, the declared second moment, the declared calls, whatever the quotient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import directions, estimators, theory
from zobench.types import Estimator, Key, Oracle, Problem, oracle

RANDOM = {"sphere": estimators.two_point(), "sphere, forward": estimators.two_point("forward", eps=1e-6)}
EXACT = {
    "central differences": estimators.finite_difference(),
    "forward differences": estimators.finite_difference("forward"),
    "autodiff": estimators.autodiff(),
    "forward mode": estimators.forward_mode(),
}
ALL = RANDOM | EXACT


def quadratic(n: int, seed: int = 3) -> Problem:
    """A rotated quadratic with a gradient that points nowhere special."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n))
    h = jnp.asarray(a @ a.T / n)
    return Problem(f=lambda x: x @ h @ x / 2, x0=jnp.asarray(rng.standard_normal(n)), f_star=0.0, x_star=jnp.zeros(n))


def estimates(estimator: Estimator, problem: Problem, samples: int) -> np.ndarray:
    """[samples, n]"""
    x, ask = problem.x0, oracle(problem)

    def one(step):
        draw = () if estimator.draw is None else estimator.draw(Key(jnp.uint32(7), step), x.size, x.dtype)
        return estimator.estimate(ask, x, draw)

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(samples, dtype=jnp.uint32)))


@pytest.mark.parametrize("n", [2, 10, 50])
@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_second_moment_of_a_random_estimator(name, n):
    problem, estimator = quadratic(n), RANDOM[name]
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    sample = estimates(estimator, problem, 40_000)
    error = sample.std(0, ddof=1) / np.sqrt(len(sample))
    assert (np.abs(sample.mean(0) - g) < 4.5 * error).all()
    squared = (sample**2).sum(1) / (g @ g)
    assert abs(squared.mean() - theory.variance_factor(estimator, n)) < 4 * squared.std(ddof=1) / np.sqrt(len(sample))


@pytest.mark.parametrize("n", [2, 10])
@pytest.mark.parametrize("name", RANDOM)
def test_the_whole_second_moment_matrix(name, n):
    """E GGᵀ = A‖g‖² I + C ggᵀ, and with it the trace-aware factor for any H."""
    problem, estimator = quadratic(n), RANDOM[name]
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    sample = estimates(estimator, problem, 40_000)
    a, c = estimator.second_moment(n)
    products = sample[:, :, None] * sample[:, None, :]
    error = products.std(0, ddof=1) / np.sqrt(len(sample))
    assert (np.abs(products.mean(0) - a * (g @ g) * np.eye(n) - c * np.outer(g, g)) < 4.5 * error).all()


@pytest.mark.parametrize("n", [1, 2, 10, 50])
@pytest.mark.parametrize("name", EXACT)
def test_an_exact_estimator_returns_the_gradient(name, n):
    problem, estimator = quadratic(n), EXACT[name]
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    tolerance = 1e-6 if "forward differences" in name else 1e-9
    np.testing.assert_allclose(estimates(estimator, problem, 1)[0], g, rtol=tolerance, atol=tolerance * np.abs(g).max())
    assert theory.variance_factor(estimator, n) == 1


@pytest.mark.parametrize("n", [1, 5, 8])
@pytest.mark.parametrize("name", ALL)
def test_declared_calls_are_those_a_black_box_counts(name, n):
    problem, estimator, counted = quadratic(n), ALL[name], {"value": 0, "jvp": 0, "grad": 0}

    def counting(kind, ask):
        def asked(*args):
            jax.debug.callback(lambda: counted.__setitem__(kind, counted[kind] + 1))
            return ask(*args)

        return asked

    ask = Oracle(*(counting(kind, f) for kind, f in oracle(problem)._asdict().items()))
    draw = () if estimator.draw is None else estimator.draw(Key(jnp.uint32(0), jnp.uint32(0)), n, jnp.float64)
    jax.block_until_ready(jax.jit(lambda x: estimator.estimate(ask, x, draw))(problem.x0))
    jax.effects_barrier()
    assert counted == estimator.calls(n)._asdict()


@pytest.mark.parametrize("n", [2, 10, 50])
def test_a_random_direction_captures_one_nth_of_the_gradient(n):
    """E cos²(G, g) = 1/n: the cleanest statement of why zero order pays n."""
    problem = quadratic(n)
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    sample = estimates(RANDOM["sphere"], problem, 20_000)
    cos2 = (sample @ g) ** 2 / ((sample**2).sum(1) * (g @ g))
    assert abs(cos2.mean() - 1 / n) < 4 * cos2.std(ddof=1) / np.sqrt(len(cos2))


def test_forward_differences_are_biased_by_half_eps_times_the_hessian_diagonal():
    problem, eps = quadratic(6), 0.5
    h = np.asarray(jax.hessian(problem.f)(problem.x0))
    bias = estimates(estimators.finite_difference("forward", eps), problem, 1)[0] - jax.grad(problem.f)(problem.x0)
    np.testing.assert_allclose(bias, eps / 2 * np.diag(h), rtol=1e-10)


def test_forward_quotient_adds_its_excess_on_a_quadratic():
    """n = 20, ε = 0.7 as in the theory sheet: E‖G‖² = n‖g‖² + Σᵢ excessᵢ."""
    n, lam = 20, np.linspace(0.1, 1, 20)
    problem = Problem(f=lambda x: jnp.sum(jnp.asarray(lam) * x * x) / 2, x0=jnp.full(n, 0.3))
    estimator = estimators.two_point("forward", eps=0.7)
    squared = (estimates(estimator, problem, 100_000) ** 2).sum(1)
    g = lam * 0.3
    assert estimator.excess is not None
    expected = n * (g @ g) + estimator.excess(lam).sum()
    assert expected > 1.2 * n * (g @ g)
    assert abs(squared.mean() - expected) < 4 * squared.std(ddof=1) / np.sqrt(len(squared))


@pytest.mark.parametrize("quotient", ["central", "forward"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_best_eps_is_near_the_bottom_of_the_v(quotient, dtype):
    """For exp along a line no step is ten times more accurate than the predicted best one, and far ones are worse."""
    best = estimators.best_eps(quotient, dtype)
    x = jnp.linspace(0.3, 0.7, 41).astype(dtype)

    def error(eps):
        two = jnp.exp(x + x.dtype.type(eps)) - jnp.exp(x - x.dtype.type(eps) if quotient == "central" else x)
        slope = two / (x.dtype.type(eps) * (2 if quotient == "central" else 1))
        return float(np.sqrt(np.mean((np.asarray(slope, float) - np.exp(np.asarray(x, float))) ** 2)))

    errors = [error(best * 10**power) for power in (-3, -2, -1, 0, 1, 2, 3)]
    assert errors[3] < 10 * min(errors)
    assert errors[0] > 20 * errors[3] and errors[-1] > 20 * errors[3]


@pytest.mark.parametrize("factory", [estimators.two_point, estimators.finite_difference])
def test_an_eps_that_cannot_work_is_refused_with_the_one_to_use(factory):
    with pytest.raises(ValueError, match="positive number"):
        factory(eps=0.0)
    with pytest.raises(ValueError, match="positive number"):
        factory(eps=float("nan"))
    with pytest.raises(ValueError, match="central and forward"):
        factory(quotient="sideways")
    with pytest.raises(ValueError, match=r"rounding floor of float32.*use eps=0\.0047"):
        x = jnp.ones(3, jnp.float32)
        factory(eps=1e-6).estimate(oracle(quadratic(3)), x, directions.gaussian(Key(jnp.uint32(0), jnp.uint32(0)), 3))
