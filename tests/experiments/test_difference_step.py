"""Quotients by hand and by the estimator, derivatives in closed form, best steps by search, and changed records."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from zobench import estimators, store
from zobench.differences import Quotient
from zobench.experiments.difference_step import logistic
from zobench.experiments.difference_step.study import (
    Curve,
    _derivatives,
    _errors,
    _expected,
    _rounding,
    difference_step,
)
from zobench.problems.quadratics import quadratic
from zobench.problems.robust import welsch
from zobench.report import claims, page
from zobench.types import Problem, oracle

ASKED = {"noise": [1e-6], "lines": 8, "per_decade": 2, "floor_eps": [0.1], "seed": 0, "dtype": "float64"}


@pytest.fixture(scope="module")
def measured():
    return difference_step(welsch(dim=4), **ASKED)()


def test_derivatives_along_a_line_are_those_of_the_sine():
    problem = Problem(f=lambda x: jnp.sin(x[0]) + x[1] ** 2, x0=jnp.array([0.4, 3.0]))
    v = jnp.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    found = _derivatives(problem, problem.x0, v)
    s, c = np.sin(0.4), np.cos(0.4)
    np.testing.assert_allclose(found[:, 0], [c, -s, -c, s, c], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], [6, 2, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found[:, 2], [0.6 * c + 4.8, -0.36 * s + 1.28, *(0.6**3 * -c, 0.6**4 * s, 0.6**5 * c)])


@pytest.mark.slow
@pytest.mark.parametrize("quotient", ["forward", "central", "fourth", "complex"])
def test_errors_along_the_axes_are_those_of_the_estimator(quotient):
    """What is measured is what finite_difference gives, less the gradient."""
    problem, eps = welsch(dim=3), 0.01
    v = jnp.eye(3)
    exact = _derivatives(problem, problem.x0, v)[0]
    (error,) = _errors(problem, Curve(quotient, "float64", 0.0), v, np.array([eps]), exact, 0)
    made = estimators.finite_difference(quotient, eps)
    g, _ = made.estimate(oracle(problem), problem.x0, (), ())
    np.testing.assert_allclose(error, np.asarray(g) - exact, atol=1e-12)
    assert np.abs(error).max() > 1e-9


@pytest.mark.parametrize("quotient", ["forward", "central", "fourth"])
def test_the_predicted_step_is_the_least_of_its_own_error(quotient):
    """By search over ln ε; and for unit derivatives and noise it is differences.best_eps without rounding."""
    exact = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    told = _expected(quotient, exact, 1e-5, 1)
    found: Any = minimize_scalar(
        lambda t: np.log(np.hypot(told["c"] * np.exp(told["power"] * t), told["d"] / np.exp(t))),
        bracket=(-10, -3, 0),
    )
    assert np.exp(found.x) == pytest.approx(told["eps"], rel=1e-4)
    assert np.exp(found.fun) == pytest.approx(told["error"], rel=1e-6)
    closed = {
        "forward": 8**0.25 * (1e-5 / 2) ** 0.5,
        "central": (3e-5 / 3) ** (1 / 3),
        "fourth": (203.125e-10 / 25) ** 0.1,
    }
    assert told["eps"] == pytest.approx(closed[quotient], rel=1e-4)


def test_noise_in_the_values_has_the_variance_of_the_formulas():
    """Where truncation is small: 2σ²/ε² (forward), σ²/(2ε²) (central), 65σ²/(72ε²) (fourth order)."""
    problem, v = quadratic(dim=2), jnp.tile(jnp.eye(2), (2000, 1))
    exact = _derivatives(problem, problem.x0, v)[0]
    known: list[tuple[Quotient, float]] = [("forward", 2), ("central", 0.5), ("fourth", 65 / 72)]
    for quotient, factor in known:
        (error,) = _errors(problem, Curve(quotient, "float64", 0.01), v, np.array([1e-3]), exact, 0)
        assert error.var() == pytest.approx(factor * 1e-4 / 1e-6, rel=0.1)


def test_rounding_is_found_in_values_alone():
    """Within a factor of ten of u|f|/√12, in both precisions."""
    problem = welsch(dim=4)
    v = np.eye(4)
    for dtype, u in (("float64", 2.0**-52), ("float32", 2.0**-23)):
        model = u * float(problem.f(problem.x0)) / 12**0.5
        assert model / 10 < _rounding(problem, dtype, jnp.asarray(v)) < model * 10


def test_the_notebooks_derivative():
    """Loss 3.05194, −0.29227 by differentiation, −0.29325 by its quotient in single precision."""
    found = logistic.small_logistic(0.01)
    assert found["loss"] == pytest.approx(3.05194, abs=1e-5) and found["exact"] == pytest.approx(-0.29227, abs=1e-5)
    assert found["notebook"] == pytest.approx(-0.29325, abs=2e-4)
    p = 1 / (1 + np.exp(-(logistic.POINTS @ logistic.WEIGHTS + logistic.OFFSET)))
    assert found["exact"] == pytest.approx((p - logistic.LABELS).sum(), rel=1e-9)
    assert abs(found["best"] / found["exact"] - 1) < 1e-3


def test_a_study_has_v_curves(measured):
    arrays, meta = measured
    assert meta["calls"] == {"forward": 5, "central": 8, "fourth": 16, "complex": 4}
    eps, line = arrays["central float64 0/eps"], arrays["central float64 0/line"]
    best = eps[line.argmin()]
    assert 1e-7 < best < 1e-3 and line[0] > 1e3 * line.min() and line[-1] > 1e3 * line.min()
    told = next(
        c for c in meta["curves"] if (c["quotient"], c["dtype"], c["sigma_given"]) == ("central", "float64", 0.0)
    )
    assert told["line"]["eps"] / 10 < best < told["line"]["eps"] * 10
    tiny = arrays["complex float64 0/eps"] < 1e-12
    assert arrays["complex float64 0/line"][tiny].max() < 1e-14


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dtype": "float32"}, "dtype=float32: .* use float64"),
        ({"noise": [-1.0]}, r"noise=\[-1.0\]: standard deviations"),
        ({"lines": 1}, "lines=1: a whole number from 4 on"),
        ({"floor_eps": [0.0]}, r"floor_eps=\[0.0\]: positive numbers"),
        ({"lines": 10**13}, r"lines=10+: it needs .* bytes, there are .*; give a smaller lines"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        difference_step(welsch(dim=4), **{**ASKED, **asked})


def test_a_record_that_says_otherwise_changes_the_verdict(measured, tmp_path):
    arrays, meta = measured
    full = {**meta, "status": "ok", "config": {"problem": {"_target_": "zobench.problems.robust.welsch"}}}
    claim = next(claim for claim in claims.of("difference_step") if claim.number == 22)

    def verdict(changed):
        store.write(tmp_path / "one.npz", arrays, changed)
        return claim.verdict(page.measured("difference_step", [tmp_path / "one.npz"]))

    assert verdict(full) == "holds"
    assert verdict({**full, "forward_mode": {**meta["forward_mode"], "float64": 1e-6}}) == "refuted"
