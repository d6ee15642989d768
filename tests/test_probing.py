"""What values at x0 say: noise, curvature, and steps near those that the theory takes from the Hessian itself."""

from functools import partial

import loops
import numpy as np
import pytest

from zobench import estimators, probing, theory
from zobench.differences import best_eps
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy

SPECTRA = ("uniform", "log_uniform", "one_large", "two_level", "harmonic", "power")


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("n", [8, 64])
@pytest.mark.parametrize("q", [1, 4])
def test_the_probed_step_is_near_the_trace_step_on_quadratics(spectrum, n, q):
    """Within a factor of 4 of 1/(L B_eff) for every seed; by 40 values at most, and the same again."""
    problem, estimator = quadratic(dim=n, spectrum=spectrum), estimators.two_point(q=q)
    scaled = partial(probing.descent_step, moment=estimator.second_moment(n))
    found = [probing.probe(problem, scaled, seed) for seed in range(6)]
    ratios = np.array([step for step, _ in found]) / theory.trace_step(problem, estimator)
    assert (ratios > 1 / 4).all() and (ratios < 2).all()
    assert max(calls for _, calls in found) <= 40 and found[0] == probing.probe(problem, scaled, 0)


def test_noise_hides_neither_the_step_nor_itself():
    problem = quadratic(dim=16, spectrum="uniform")
    scaled = partial(probing.descent_step, moment=estimators.two_point().second_moment(16))
    clear, _ = probing.probe(problem, scaled, 0)
    for sigma in (1e-6, 1e-3):
        step, calls = probing.probe(noisy(problem, sigma * float(problem.f(problem.x0))), scaled, 0)
        assert clear / 2 < step < 2 * clear and calls <= 40


def test_difference_steps_follow_noise_slope_and_curvature_in_their_units():
    """In other units of x or f they are the same lengths; without noise there is none."""
    scale = probing.Scale(noise=1e-4, slope=3.0, curvature=2.0)
    steps = np.array(probing.steps(scale))
    assert steps[1] == pytest.approx(8**0.25 * (1e-4 / 2) ** 0.5)
    assert steps[0] == pytest.approx((3e-4 * 3 / 4) ** (1 / 3)) and steps[0] > steps[1]
    other = probing.Scale(noise=7 * 1e-4, slope=7 * 3.0 / 10, curvature=7 * 2.0 / 100)
    np.testing.assert_allclose(probing.steps(other), 10 * steps)
    assert np.isnan(probing.steps(probing.Scale(slope=1.0, curvature=1.0))).all()
    assert steps[0] > 10 * best_eps("central", np.float64)


def test_the_calls_of_a_probe_are_charged_on_any_problem():
    problem = quadratic(dim=8)
    (probed, meta), (given, _) = (
        loops.cell(problem, step=step, seeds=3, gd_iterations=50) for step in (["probe"], [meta_step(problem)])
    )
    first = int(probed["probe/k"][1])
    later = first - int(next(k for name, k in given.items() if name.endswith("/k"))[1])
    assert later == -(-probing.probe(problem, scaled_of(problem), 0)[1] // 2) > 0
    assert (
        meta["rules"]["probe"]["step"] == meta_step(problem) and probed["probe/k"][-1] <= meta["rules"]["probe"]["cap"]
    )


def scaled_of(problem):
    return partial(probing.descent_step, moment=estimators.two_point().second_moment(problem.n))


def meta_step(problem):
    return probing.probe(problem, scaled_of(problem), 0)[0]


def test_where_nothing_stands_out_the_step_is_refused():
    flat = quadratic(dim=3)._replace(f=lambda x: 0 * x[0], f_star=-1.0)
    with pytest.raises(ValueError, match="no slope and no curvature stand out of the noise"):
        loops.cell(flat, step=["probe"], seeds=1)
