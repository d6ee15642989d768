"""The exact recursion: its golden values, its fixed points, and simulated means against it."""

import inspect
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from loops import curves
from loops import diagonal as quadratic

from zobench import estimators, theory
from zobench.block_directions import block
from zobench.hadamard_directions import hadamard
from zobench.kernel_estimates import kernel_smoothed
from zobench.methods import descent
from zobench.problems.wrappers import noisy
from zobench.types import Moment, Problem

SPHERE, GD = estimators.two_point(), estimators.autodiff()


def exact(problem, estimator, step, every, records):
    lam = problem.modes.eigenvalue
    moment = estimator.second_moment(lam.size)
    return theory.expectation(problem.modes, moment, estimator.excess(lam), step, every, records)


def simulate(problem, estimator, step, iterations, runs):
    return curves(problem, lambda step: descent(estimator, optax.sgd(step)), step, range(500, 500 + runs), iterations)


def test_golden_values_of_the_sphere():
    """n = 10, λ = linspace(0.1, 1), x0 = 1, α = 1/n: the theory sheet's table 10.2."""
    gap = exact(quadratic(np.linspace(0.1, 1, 10), np.ones(10)), SPHERE, 1 / 10, 1, 201).gap
    golden = {1: 2.47844, 5: 1.66392, 20: 0.469087, 100: 0.0148124, 200: 0.00148188}
    for k, value in golden.items():
        np.testing.assert_allclose(gap[k], value, rtol=5e-6)


def test_gradient_descent_has_a_closed_form():
    """E f = ½ Σ λ (1 − αλ)²ᵏ."""
    lam = np.linspace(0.1, 1, 10)
    gap = exact(quadratic(lam, np.ones(10)), GD, 0.7, 1, 30).gap
    k = np.arange(30)[:, None]
    np.testing.assert_allclose(gap, (lam * (1 - 0.7 * lam) ** (2 * k)).sum(1) / 2, rtol=1e-12)


@pytest.mark.parametrize(("n", "plain", "trace"), [(8, 8.50, 5.43), (64, 68.48, 38.63), (512, 548.4, 303.0)])
def test_golden_slowdown_of_the_two_level_spectrum(n, plain, trace):
    """Iterations to E f = 1e-4 f0 over GD's 229: the theory sheet's table 10.3."""
    problem = quadratic(np.repeat([0.01, 1.0], n // 2), np.ones(n))
    gd = int(np.argmax(exact(problem, GD, 1.0, 1, 300).gap <= 1e-4 * n * 0.2525))
    assert gd == 229
    for step, ratio in ((theory.theory_step(problem, SPHERE), plain), (theory.trace_step(problem, SPHERE), trace)):
        gap = exact(problem, SPHERE, step, 1, int(1.01 * ratio * gd)).gap
        assert abs(np.argmax(gap <= 1e-4 * gap[0]) / gd - ratio) < 0.006 * ratio


@pytest.mark.parametrize(("every", "records", "steps"), [(7, 1, 0), (7, 3, 14), (2, 9, 16)])
def test_the_recursion_ends_at_the_last_record(monkeypatch, every, records, steps):
    """Steps that it makes, counted: a budget below one record needs none, and `every` may be a million."""
    made, one_step = [], theory._one_step
    jax.clear_caches()  # what other tests have traced is not traced again

    def counted(*args):
        jax.debug.callback(lambda: made.append(1))
        return one_step(*args)

    monkeypatch.setattr(theory, "_one_step", counted)
    monkeypatch.setattr(theory, "SLOTS", 4)
    plain = inspect.unwrap(theory._expectation)
    fresh = jax.jit(lambda *arguments: plain(*arguments))  # JAX would keep the trace of `plain` itself, with 4 slots
    monkeypatch.setattr(theory, "_expectation", fresh)
    exact(quadratic(np.linspace(0.1, 1, 3), np.ones(3)), SPHERE, 0.1, every, records)
    jax.effects_barrier()
    assert len(made) == steps


def test_recording_less_often_gives_the_same_values():
    problem = quadratic(np.geomspace(0.01, 1, 7), np.arange(1.0, 8.0))
    often, seldom = (exact(problem, SPHERE, 0.1, every, 1 + 60 // every) for every in (1, 12))
    np.testing.assert_allclose(often.gap[::12], seldom.gap, rtol=1e-13)
    np.testing.assert_allclose(often.distance[::12], seldom.distance, rtol=1e-13)


def test_any_number_of_records_is_one_program():
    problem = quadratic(np.geomspace(0.01, 1, 7), np.arange(1.0, 8.0))
    most = theory.SLOTS + 1
    all_of_them = exact(problem, SPHERE, 1e-4, 1, most).gap
    sizes = theory._expectation._cache_size  # pyright: ignore[reportAttributeAccessIssue]
    compiled = sizes()
    few = exact(problem, SPHERE, 1e-4, 1, 5).gap
    seldom = exact(problem, SPHERE, 1e-4, 2, 1 + most // 2).gap
    assert sizes() == compiled
    assert all_of_them.shape == (most,) and np.array_equal(all_of_them[:5], few)
    np.testing.assert_allclose(all_of_them[::2], seldom, rtol=1e-12)


def test_the_isotropic_factor_is_one_minus_one_over_n():
    gap = exact(quadratic(np.full(12, 3.0), np.ones(12)), SPHERE, 1 / 36, 1, 50).gap
    np.testing.assert_allclose(gap[1:] / gap[:-1], 1 - 1 / 12, rtol=1e-12)


def test_the_floor_of_the_forward_quotient():
    """H = LI, α = 1/(nL): E f settles at nLε²/8."""
    n, L, eps = 20, 2.0, 0.1
    problem = quadratic(np.full(n, L), np.ones(n))
    forward = estimators.two_point(quotient="forward", eps=eps)
    assert exact(problem, forward, 1 / (n * L), 1000, 2).gap[-1] == pytest.approx(n * L * eps**2 / 8, rel=1e-9)
    runs = simulate(problem, forward, 1 / (n * L), 1200, 64).gap[:, 600:].mean(1)
    assert abs(runs.mean() - n * L * eps**2 / 8) < 4 * runs.std(ddof=1) / 8


SPECTRA = {
    "linear, n = 10": np.linspace(0.1, 1, 10),
    "geometric, n = 3": np.geomspace(0.05, 2, 3),
    "harmonic, n = 23": 1 / np.arange(1, 24),
    "one large, n = 41": np.r_[np.full(40, 0.02), 1.0],
}


ESTIMATORS = {
    "sphere": SPHERE,
    "sphere, forward": estimators.two_point(quotient="forward", eps=0.3),
    "gaussian": estimators.two_point("gaussian"),
    "rademacher": estimators.two_point("rademacher"),
    "coordinate": estimators.two_point("coordinate"),
    "four spheres, forward": estimators.two_point(q=4, quotient="forward", eps=0.3),
    "two orthogonal": estimators.two_point(q=2, orthogonal=True),
    "two axes": estimators.two_point("coordinate", q=2, orthogonal=True),
    "interpolation": estimators.regression(q=2),
    "hadamard": hadamard(2),
    "blocks": block(3, q=2),
    "kernel": kernel_smoothed(5),
}


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
@pytest.mark.parametrize("rule", [theory.theory_step, theory.trace_step])
@pytest.mark.parametrize("spectrum", SPECTRA)
def test_simulated_means_meet_the_recursion(spectrum, rule, estimator):
    lam = SPECTRA[spectrum]
    problem = quadratic(lam, np.random.default_rng(lam.size).standard_normal(lam.size))
    step = rule(problem, estimator)
    found = simulate(problem, estimator, step, 100, 2000)
    expected = exact(problem, estimator, step, 1, 101)
    for k in (1, 5, 20, 100):
        for simulated, value in ((found.gap[:, k], expected.gap[k]), (found.distance[:, k], expected.distance[k])):
            error = simulated.std(ddof=1) / np.sqrt(len(simulated))
            assert abs(simulated.mean() - value) < 4.5 * error + 1e-12, (k, value)


@pytest.mark.parametrize("n", [4, 32])
def test_mean_curves_stay_below_the_proven_bounds(n):
    lam = np.geomspace(0.01, 1, n)
    problem = quadratic(lam, np.full(n, n**-0.5))
    B, curve = n, exact(problem, SPHERE, 1 / n, 1, 200 * n)
    k = np.arange(1, 200 * n)
    assert (curve.gap[1:] <= theory.convex_bound(k, 1, B, 1)).all()
    assert (curve.distance[1:] <= theory.strongly_convex_bound(k, 1, B, lam[0], 1)).all()
    gradient = simulate(problem, SPHERE, 1 / n, 100 * n, 64).gradient.mean(0)
    least = np.minimum.accumulate(gradient)[:-1]
    assert (least <= theory.smooth_bound(np.arange(1, least.size + 1), 1, B, curve.gap[0])).all()


def test_a_step_rule_says_which_constant_is_missing():
    unknown = Problem(f=lambda x: jnp.sum(x**4), x0=jnp.ones(3))
    with pytest.raises(ValueError, match=r"step=theory.*does not know L"):
        theory.theory_step(unknown, SPHERE)
    with pytest.raises(ValueError, match=r"step=trace.*does not know hessian_trace"):
        theory.trace_step(unknown._replace(L=1.0), SPHERE)


@pytest.mark.parametrize("quotient", ["central", "forward"])
def test_the_floor_under_noise(quotient):
    """n = 20, ε = 0.1, σ = 1e-3 (theory sheet, 10.5): nσ²/(4Lε²) central, nσ²/(Lε²) + nLε²/8 forward, H = LI."""
    n, L, eps, sigma = 20, 1.0, 0.1, 1e-3
    problem = noisy(quadratic(np.full(n, L), np.full(n, 0.1)), sigma)
    floor = {"central": n * sigma**2 / (4 * L * eps**2), "forward": n * sigma**2 / (L * eps**2) + n * L * eps**2 / 8}
    gap = simulate(problem, estimators.two_point(quotient=quotient, eps=eps), 1 / (n * L), 1500, 96).gap
    settled = gap[:, 500:].mean(1)
    assert abs(settled.mean() - floor[quotient]) < 4 * settled.std(ddof=1) / np.sqrt(len(settled))
    assert {"central": 5.0e-4, "forward": 0.0270}[quotient] == pytest.approx(floor[quotient], rel=1e-3)


def test_the_recursion_is_reckoned_on_the_processor_whatever_else_there_is(monkeypatch):
    devices, wanted = [], object()
    monkeypatch.setattr(theory.jax, "local_devices", lambda backend: {"cpu": [wanted]}[backend])
    monkeypatch.setattr(theory.jax, "default_device", lambda device: devices.append(device) or nullcontext())
    modes: Any = quadratic(np.ones(4), np.ones(4)).modes
    theory.expectation(modes, Moment(A=1.0, C=2.0), np.zeros(4), 0.1, 2, 3)
    assert devices == [wanted]
    monkeypatch.setattr(theory.jax, "local_devices", lambda backend: (_ for _ in ()).throw(RuntimeError("no cpu")))
    theory.expectation(modes, Moment(A=1.0, C=2.0), np.zeros(4), 0.1, 2, 3)
    assert devices == [wanted, None]
