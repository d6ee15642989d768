"""The recursion in its spectral form against the recursion by iteration, closed forms and simulated runs."""

from functools import partial
from math import inf

import numpy as np
import pytest
from loops import curves

from zobench import estimators, methods, recursion, theory
from zobench.problems.quadratics import quadratic
from zobench.types import Modes, Moment

SPHERE = estimators.two_point()


def moment_of(n) -> Moment:
    moment = SPHERE.second_moment(n)
    assert moment
    return moment


def modes_of(**arguments) -> Modes:
    modes = quadratic(**arguments).modes
    assert modes
    return modes


@pytest.mark.parametrize(
    ("spectrum", "n"), [("two_level", 7), ("uniform", 6), ("harmonic", 12), ("one_large", 9), ("fixed_rank", 20)]
)
@pytest.mark.parametrize("multiple", [0.6, 1.0, 2.3])
def test_the_spectral_form_is_the_recursion(spectrum, n, multiple):
    problem = quadratic(dim=n, spectrum=spectrum)
    moment = moment_of(n)
    assert problem.modes
    step = multiple * theory.trace_step(problem, SPHERE) / 1.3
    slow = theory.expectation(problem.modes, moment, np.zeros(n), step, 1, 60).gap
    fast = recursion.decay(recursion.levels(problem.modes), moment, step)
    np.testing.assert_allclose([fast.gap(k) for k in range(60)], slow, rtol=1e-9)


def test_golden_slowdown_of_the_two_level_spectrum():
    """The theory sheet's table 10.3, all of it but the tuned row, from eigenvalues instead of 10⁵ steps."""
    known = {8: (8.50, 5.43), 64: (68.48, 38.63), 512: (548.4, 303.0)}
    for n, expected in known.items():
        problem = quadratic(dim=n, spectrum="two_level")
        moment, levels = moment_of(n), recursion.levels(modes_of(dim=n, spectrum="two_level"))
        assert levels.eigenvalue.size == 2
        assert recursion.hitting_time(levels, recursion.GRADIENT, 1.0, 1e-4) == 229
        steps = theory.theory_step(problem, SPHERE), theory.trace_step(problem, SPHERE)
        found = [recursion.hitting_time(levels, moment, step, 1e-4) / 229 for step in steps]
        assert found == pytest.approx(expected, rel=1e-3)


def test_the_first_iteration_at_or_below_the_target_is_found():
    modes = modes_of(dim=11, spectrum="log_uniform", mu=0.01)
    moment = moment_of(11)
    gap = theory.expectation(modes, moment, np.zeros(11), 0.12, 1, 4000).gap
    for ratio in (0.5, 0.1, 1e-2, 1e-3):
        expected = int(np.argmax(gap <= ratio * gap[0]))
        assert recursion.hitting_time(recursion.levels(modes), moment, 0.12, ratio) == expected > 0


def test_huge_dimensions_keep_their_digits():
    """H = I: E f falls by 1 − 1/n a step, so n ln(1/ε) steps to ε, at n = 7·10¹⁰ too."""
    for n in (10**3, 10**9, 7 * 10**10):
        one = recursion.Levels(np.ones(1), np.array([float(n)]), np.ones(1))
        moment = moment_of(n)
        exact = np.log(1e-4) / np.log1p(-1 / n)
        assert recursion.hitting_time(one, moment, 1 / n, 1e-4) == pytest.approx(exact, rel=1e-6, abs=1)


def test_a_step_beyond_stability_never_arrives():
    levels = recursion.levels(modes_of(dim=10, spectrum="isotropic"))
    assert recursion.hitting_time(levels, moment_of(10), 2.001 / 10, 0.1) == inf
    assert recursion.hitting_time(levels, moment_of(10), 1.9 / 10, 0.1) < inf


def test_the_best_step_is_found():
    """H = I: 1/(nL) is the best."""
    levels = recursion.levels(modes_of(dim=10, spectrum="isotropic"))
    assert recursion.best_step(levels, moment_of(10), 1e-4, 0.13) == pytest.approx(0.1, rel=0.02)


def test_modes_without_curvature_change_nothing():
    modes = Modes(np.array([0.0, 0.5, 1.0]), np.array([9.0, 1.0, 1.0]))
    less = Modes(modes.eigenvalue[1:], modes.energy[1:])
    moment = Moment(A=0.6, C=1.2)
    one, other = (recursion.hitting_time(recursion.levels(m), moment, 0.3, 1e-3) for m in (modes, less))
    assert one == other < inf
    assert recursion.decay(recursion.levels(modes), moment, 0.3).gap(5) == pytest.approx(
        theory.expectation(modes, moment, np.zeros(3), 0.3, 1, 6).gap[5]
    )


def test_the_exact_accelerated_mean_is_nesterovs_run_with_gradients():
    """28, 45 and 53 iterations to 1e-3 f0: the theory sheet's 10.6; and the whole curve of a run."""
    for n, expected in ((10, 28), (20, 45), (40, 53)):
        modes = modes_of(dim=n, spectrum="power")
        gap = recursion.accelerated(modes, recursion.GRADIENT, 1.0, 1.0, 80)
        assert np.argmax(gap <= 1e-3 * gap[0]) == expected
    problem = quadratic(dim=10, spectrum="power")
    curve = recursion.accelerated(modes_of(dim=10, spectrum="power"), recursion.GRADIENT, 1.0, 1.0, 60)
    np.testing.assert_allclose(
        simulated(problem, estimators.autodiff(), 1.0, 60, 1, 0.0)[0], curve, rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("mu", [0.0, 0.05])
def test_simulated_accelerated_runs_meet_the_exact_mean(mu):
    n, runs = 6, 3000
    problem = quadratic(dim=n, spectrum="power")
    exact = recursion.accelerated(modes_of(dim=n, spectrum="power"), moment_of(n), 1 / n, n, 60, mu)
    gap = simulated(problem, SPHERE, 1 / n, 60, runs, mu)
    for k in (1, 6, 20, 60):
        error = gap[:, k].std(ddof=1) / np.sqrt(runs)
        assert abs(gap[:, k].mean() - exact[k]) < 4.5 * error + 1e-6 * exact[0]


def simulated(problem, estimator, step, iterations, runs, mu):
    """f − f* of runs at every iteration. [runs, iterations + 1]"""
    method = partial(methods.accelerated, problem, estimator, mu=mu)
    return curves(problem, method, step, range(900, 900 + runs), iterations).gap


def test_a_negative_mu_is_refused():
    with pytest.raises(ValueError, match="mu=-1"):
        methods.accelerated(quadratic(dim=4), SPHERE, 0.1, mu=-1.0)
