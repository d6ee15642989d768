"""One contract for all estimators: unbiased, the declared second moment, the declared calls, whatever the quotient."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import counting_oracle

from zobench import differences, directions, estimators, theory
from zobench.baselines import leave_one_out, normalised_signs
from zobench.bayesian_directions import bayesian_subspace
from zobench.block_directions import block
from zobench.candidate_pools import greedy, guiding_vector
from zobench.curvature_directions import hizoo
from zobench.guided_directions import guided
from zobench.hadamard_directions import hadamard
from zobench.kernel_estimates import kernel_smoothed
from zobench.matrix_directions import low_rank, matrix_subspace
from zobench.momentum_directions import aligned, cone
from zobench.old_values import averaged_baseline, stale_coordinates
from zobench.robust_estimates import clipped_slope, median_slope
from zobench.subspace_directions import subspace
from zobench.telescoping_quotients import telescoping
from zobench.types import Estimator, Key, Problem, oracle

RANDOM = {
    "sphere": estimators.two_point(),
    "sphere, forward": estimators.two_point(quotient="forward", eps=1e-6),
    "sphere, q=4": estimators.two_point(q=4),
    "sphere, q=4, forward": estimators.two_point(q=4, quotient="forward", eps=1e-6),
    "gaussian": estimators.two_point("gaussian"),
    "gaussian, q=3": estimators.two_point("gaussian", q=3),
    "rademacher": estimators.two_point("rademacher"),
    "rademacher, q=3": estimators.two_point("rademacher", q=3),
    "coordinate": estimators.two_point("coordinate"),
    "coordinate, q=3": estimators.two_point("coordinate", q=3),
    "orthogonal, q=1": estimators.two_point(q=1, orthogonal=True),
    "orthogonal, q=2": estimators.two_point(q=2, orthogonal=True),
    "axes without replacement, q=2": estimators.two_point("coordinate", q=2, orthogonal=True),
    "forward gradient": estimators.forward_gradient(),
    "forward gradient, gaussian, q=3": estimators.forward_gradient("gaussian", q=3),
    "forward gradient, orthogonal, q=2": estimators.forward_gradient(q=2, orthogonal=True),
    "interpolation, q=1": estimators.regression(),
    "interpolation, q=2": estimators.regression(q=2, quotient="forward", eps=1e-6),
    "hadamard": hadamard(),
    "hadamard, q=2": hadamard(q=2, quotient="forward", eps=1e-7),
    "block": block(size=3),
    "block, q=3": block(size=2, q=3),
    "leave one out": leave_one_out(eps=1e-6),
    "leave one out, signs, q=4": leave_one_out("rademacher", q=4, eps=1e-6),
    "median": median_slope(q=2),
    "kernel": kernel_smoothed(),
    "kernel, order 5, q=3": kernel_smoothed(5, q=3),
    "kernel, order 7": kernel_smoothed(7),
    "greedy": greedy(),
    "greedy, 16": greedy(16),
    "subspace, q=3": subspace(2, q=3),
    "telescoping": telescoping(eps=1e-4, levels=3),
    "telescoping, P3": telescoping(3, 4, eps=1e-6, levels=3),
}
EXACT = {
    "central differences": estimators.finite_difference(),
    "forward differences": estimators.finite_difference("forward"),
    "fourth-order differences": estimators.finite_difference("fourth"),
    "complex step": estimators.finite_difference("complex"),
    "autodiff": estimators.autodiff(),
    "forward mode": estimators.forward_mode(),
    "regression, q=60": estimators.regression(q=60),
    "all axes": estimators.two_point("coordinate", q=1, orthogonal=True),
}
ONE_POINT = {"one point": estimators.one_point(), "residual": estimators.residual_one_point()}
BIASED = {
    "normalised signs": normalised_signs(q=4),
    "clipped": clipped_slope(clip=0.5, q=3),
    "guided": guided(memory=3, q=2),
    "cone": cone(),
    "averaged baseline": averaged_baseline(4),
    "stale coordinates": stale_coordinates(3),
    "HiZOO": hizoo(),
    "Bayesian": bayesian_subspace(),
    "low rank": low_rank(2, q=2),
    "matrix subspace": matrix_subspace(),
    "guiding vector": guiding_vector(5),
    "aligned": aligned(q=3),
    "cyclic block": block(order="cyclic", keep=2, q=2),
}
ALL = RANDOM | EXACT | ONE_POINT | BIASED


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
        return estimator.estimate(ask, x, draw, estimator.init(x))[0]

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(samples, dtype=jnp.uint32)))


def assert_within(sample: np.ndarray, expected, errors: float = 4.5) -> None:
    """The sample mean is within so many standard errors (and rounding) of what is expected."""
    error = sample.std(0, ddof=1) / np.sqrt(len(sample))
    assert (np.abs(sample.mean(0) - expected) <= errors * error + 1e-8 * np.abs(expected).max()).all()


@pytest.mark.parametrize("n", [2, 10, 50])
@pytest.mark.parametrize("name", RANDOM)
def test_mean_and_second_moment_of_a_random_estimator(name, n):
    problem, estimator = quadratic(n), RANDOM[name]
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    sample = estimates(estimator, problem, 20_000)
    assert_within(sample, g)
    assert_within((sample**2).sum(1) / (g @ g), np.array(theory.variance_factor(estimator, n)), 4)


@pytest.mark.parametrize("n", [2, 7])
@pytest.mark.parametrize("name", RANDOM)
def test_the_whole_second_moment_matrix(name, n):
    """E GGᵀ = A‖g‖² I + C ggᵀ + D diag(g²), and with it the trace-aware factor for any H."""
    problem, estimator = quadratic(n), RANDOM[name]
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    sample = estimates(estimator, problem, 20_000)
    moment: Any = estimator.second_moment(n)
    products = sample[:, :, None] * sample[:, None, :]
    assert_within(products, moment.A * (g @ g) * np.eye(n) + moment.C * np.outer(g, g) + moment.D * np.diag(g * g))


def test_the_trace_factor_bounds_the_curvature_of_an_estimate():
    """tr(H E GGᵀ) ≤ L B_eff ‖g‖² for every estimator, H and g tried."""
    rng = np.random.default_rng(0)
    for estimator in RANDOM.values():
        for n in (2, 5, 30):
            a = rng.standard_normal((n, n))
            h, g = a @ a.T, rng.standard_normal(n)
            m: Any = estimator.second_moment(n)
            L = np.linalg.eigvalsh(h)[-1]
            moment = m.A * (g @ g) * np.eye(n) + m.C * np.outer(g, g) + m.D * np.diag(g * g)
            assert np.trace(h @ moment) <= L * theory.trace_factor(estimator, n, np.trace(h) / L) * (g @ g) * (
                1 + 1e-12
            )


@pytest.mark.parametrize("n", [1, 2, 10, 50])
@pytest.mark.parametrize("name", EXACT)
def test_an_exact_estimator_returns_the_gradient(name, n):
    problem = quadratic(n)
    estimator = EXACT[name] if name != "all axes" else estimators.two_point("coordinate", q=n, orthogonal=True)
    g = np.asarray(jax.grad(problem.f)(problem.x0))
    tolerance = 1e-6 if name == "forward differences" else 1e-8
    np.testing.assert_allclose(estimates(estimator, problem, 1)[0], g, rtol=tolerance, atol=tolerance * np.abs(g).max())
    assert theory.variance_factor(estimator, n) == pytest.approx(1)


@pytest.mark.parametrize("n", [2, 10])
def test_one_point_feedback_pays_for_the_value_of_f(n):
    """Unbiased on a quadratic; E‖G‖² = (n²/ε²) E f(x+εv)², with the fourth moments of the sphere."""
    problem, eps = quadratic(n), 0.1
    h, x = np.asarray(jax.hessian(problem.f)(problem.x0)), np.asarray(problem.x0)
    g, f = h @ x, float(problem.f(problem.x0))
    sample = estimates(ONE_POINT["one point"], problem, 100_000)
    assert_within(sample, g)
    t, s = np.trace(h), np.trace(h @ h)
    square = f**2 + eps**2 * (g @ g) / n + eps**4 / 4 * (t**2 + 2 * s) / (n * (n + 2)) + eps**2 * f * t / n
    assert_within((sample**2).sum(1), np.array(n**2 / eps**2 * square), 4)
    with pytest.raises(ValueError, match=r"no factor B.*step=<number>"):
        theory.variance_factor(ONE_POINT["one point"], n)


def test_residual_feedback_compares_with_the_value_before():
    problem, estimator = quadratic(3), estimators.residual_one_point(eps=0.5)
    draws: Any = estimator.draw
    ask, x, state = oracle(problem), problem.x0, estimator.init(problem.x0)
    values, given = [], []
    for step in range(3):
        draw = draws(Key(jnp.uint32(1), jnp.uint32(step)), 3, jnp.float64)
        g, state = estimator.estimate(ask, x, draw, state)
        v = directions.unit_rows(draw, (1, x.size), x.dtype)[0]
        values.append(float(problem.f(x + 0.5 * v)))
        given.append(float(g @ v))
    np.testing.assert_allclose(given, [0.0, *(3 / 0.5 * np.diff(values))], rtol=1e-9)


@pytest.mark.parametrize("n", [2, 9])
@pytest.mark.parametrize("name", ALL)
def test_declared_calls_are_those_a_black_box_counts(name, n):
    problem, estimator = quadratic(n), ALL[name]
    ask, counted = counting_oracle(problem)
    draw = () if estimator.draw is None else estimator.draw(Key(jnp.uint32(0), jnp.uint32(0)), n, jnp.float64)
    jax.block_until_ready(jax.jit(lambda x: estimator.estimate(ask, x, draw, estimator.init(x)))(problem.x0))
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


@pytest.mark.parametrize("q", [1, 3])
@pytest.mark.parametrize("direction", ["sphere", "gaussian", "rademacher"])
def test_forward_quotient_adds_its_excess_on_a_quadratic(direction, q):
    """n = 20, ε = 0.7 as in the theory sheet, coordinate by coordinate."""
    n, lam = 20, np.linspace(0.1, 1, 20)
    problem = Problem(f=lambda x: jnp.sum(jnp.asarray(lam) * x * x) / 2, x0=jnp.full(n, 0.3))
    estimator = estimators.two_point(direction, q=q, quotient="forward", eps=0.7)
    m: Any = estimator.second_moment(n)
    g, excess = lam * 0.3, estimator.excess(lam) if estimator.excess else np.zeros(n)
    expected = m.A * (g @ g) + (m.C + m.D) * g * g + excess
    assert excess.sum() > 0.2 * n / q * (g @ g)
    assert_within(estimates(estimator, problem, 40_000) ** 2, expected)


@pytest.mark.parametrize("quotient", ["central", "forward", "fourth"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_best_eps_is_near_the_bottom_of_the_v(quotient, dtype):
    """For exp along a line no step is ten times more accurate than the predicted best one, and far ones are worse."""
    best = differences.best_eps(quotient, dtype)
    x = jnp.linspace(0.3, 0.7, 41).astype(dtype)

    def error(eps):
        h, ask = x.dtype.type(eps), oracle(Problem(f=jnp.exp, x0=x))
        slope = jax.vmap(lambda x: differences.slope(ask, lambda m: x + m * h, quotient, h, 0, jnp.exp(x)))
        return float(np.sqrt(np.mean((np.asarray(slope(x), float) - np.exp(np.asarray(x, float))) ** 2)))

    errors = [error(best * 10**power) for power in (-3, -2, -1, 0, 1, 2)]
    assert errors[3] < 10 * min(errors)
    assert errors[0] > 20 * errors[3] and errors[-1] > 20 * errors[3]


@pytest.mark.parametrize("factory", [estimators.two_point, estimators.finite_difference])
def test_an_eps_that_cannot_work_is_refused_with_the_one_to_use(factory):
    for wrong in (0.0, float("nan")):
        with pytest.raises(ValueError, match="positive number"):
            factory(eps=wrong)
    with pytest.raises(ValueError, match="central and forward"):
        factory(quotient="sideways")
    with pytest.raises(ValueError, match=r"rounding floor of float32.*use eps=0\.0047"):
        x, made = jnp.ones(3, jnp.float32), factory(eps=1e-6)
        draw = made.draw(Key(jnp.uint32(0), jnp.uint32(0)), 3, x.dtype) if made.draw else ()
        made.estimate(oracle(quadratic(3)), x, draw, ())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"q": 0}, "q=0: an estimate needs one direction"),
        ({"direction": "cube"}, "direction=cube: there are sphere, gaussian, rademacher, coordinate"),
        ({"direction": "rademacher", "orthogonal": True}, "only sphere and coordinate"),
    ],
)
def test_directions_that_do_not_exist_are_refused(asked, message):
    for factory in (estimators.two_point, estimators.forward_gradient):
        with pytest.raises(ValueError, match=message):
            factory(**asked)
    with pytest.raises(ValueError, match=r"q=9: there are only n=3 orthogonal directions; use q <= 3"):
        estimates(estimators.two_point(q=9, orthogonal=True), quadratic(3), 1)


@pytest.mark.parametrize("quotient", ["forward", "complex"])
def test_a_point_of_numpy_is_as_good_as_one_of_jax(quotient):
    made, problem = estimators.finite_difference(quotient), quadratic(5)
    x: Any = np.linspace(0, 1, 5)
    ours, theirs = (made.estimate(oracle(problem), point, (), ())[0] for point in (x, jnp.asarray(x)))
    np.testing.assert_array_equal(ours, theirs)
