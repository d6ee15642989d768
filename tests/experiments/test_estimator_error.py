"""Errors of estimates against derivatives by hand, literal formulas, and records that say something else."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import estimators, families, sampling, store
from zobench.experiments.estimator_error import expected, recent
from zobench.experiments.estimator_error.study import estimator_error, formula
from zobench.problems.landscapes import landscape
from zobench.problems.quadratics import quadratic
from zobench.problems.robust import welsch
from zobench.problems.wrappers import noisy
from zobench.report import claims, lines, page
from zobench.types import Key, Problem, oracle

SMALL = {"samples": 4000, "q": [1, 2], "eps": [0.1], "sigma": [0.01], "seed": 0, "dtype": "float64"}


@pytest.fixture(scope="module")
def rows():
    with jax.enable_x64(True):
        return [
            estimator_error(problem, partial(estimators.two_point), **SMALL)()[1]["rows"]
            for problem in (quadratic(dim=3, spectrum="uniform"), welsch(dim=3))
        ]


def test_third_derivatives_are_those_of_a_polynomial():
    """Styblinski and Tang: f_iii = 12 xᵢ, and nothing mixed; Rosenbrock in two variables by hand."""
    problem = landscape("styblinski_tang", dim=2, start=[1.0, -2.0])
    at = expected.local(problem, problem.x0)
    np.testing.assert_allclose(at.third, [12, -24], rtol=1e-12)
    np.testing.assert_allclose(at.laplacian, at.third, rtol=1e-12)
    problem = landscape("rosenbrock", dim=2, start=[0.3, 0.7])
    at = expected.local(problem, problem.x0)  # f = 100(y − x²)² + (1 − x)²: f_xxx = 2400x, f_xxy = −400, f_xyy = 0
    np.testing.assert_allclose(at.third, [2400 * 0.3, 0], atol=1e-9)
    np.testing.assert_allclose(at.laplacian, [2400 * 0.3, -400], rtol=1e-12)


@pytest.mark.parametrize("direction", ["sphere", "gaussian", "rademacher", "coordinate"])
def test_the_leading_bias_is_the_mean_over_many_directions(direction):
    """For a cubic it is exact: the mean of (G with ε) − (G with exact slopes) over many directions."""
    problem = landscape("sphere", dim=3)._replace(f=lambda x: x[0] ** 3 + x[0] * x[1] ** 2 - 2 * x[2] ** 3 + x[1])
    x, eps = jnp.array([0.3, -0.7, 0.2]), 0.5
    pair = [estimators.two_point(direction, eps=eps), estimators.forward_gradient(direction)]
    drawn = sampling.draws(pair[0], x, 40_000, 5)
    with_step, exact = sampling.estimates(problem, pair, x, drawn, 40_000, 5)
    difference = with_step - exact
    error = difference.std(0, ddof=1) / 200
    leading = expected.bias(expected.local(problem, x), direction, "central", eps)
    assert (np.abs(difference.mean(0) - leading) <= 4.5 * error + 1e-12).all() and np.abs(leading).max() > 0.01


@pytest.mark.parametrize("direction", ["sphere", "gaussian", "rademacher"])
def test_the_formula_is_the_lectures(direction):
    """G = d (f(x+εv) − f(x−εv))/(2ε) v, which is 2xᵀv v d for ‖x‖²; v of unit length for the sphere alone."""
    problem, made = landscape("sphere", dim=4), formula(direction, "d")
    x = jnp.array([1.0, -2.0, 0.5, 3.0])
    make = made.draw
    assert make is not None
    draw = make(Key(jnp.uint32(0), jnp.uint32(3)), 4, x.dtype)
    v = np.asarray(families.vectors(direction)(draw, x)[0])
    assert np.linalg.norm(v) == pytest.approx(1) if direction == "sphere" else abs(np.linalg.norm(v) - 2) < 2
    g, _ = made.estimate(oracle(problem), x, draw, ())
    np.testing.assert_allclose(g, 4 * (2 * np.asarray(x) @ v) * v, rtol=1e-6)
    shorter, _ = formula(direction, "1").estimate(oracle(problem), x, draw, ())
    np.testing.assert_allclose(np.asarray(shorter) * 4, g, rtol=1e-12)


def test_every_row_is_near_its_theory(rows):
    """Within 4.5 standard errors on the quadratic; the first steps' rows of a study are the estimator's own."""
    for row in rows[0]:
        for name in ("along", "second", "error", "captured"):
            value, error = row[name]
            theory = row[f"{name}_theory"]
            assert not abs(value - theory) > 4.5 * error + 1e-6 * abs(theory) + 1e-9, (row, name)
    assert {row["kind"] for row in rows[0]} == {"moments", "quotient", "noise", "formula"}
    assert {row["kind"] for row in rows[1]} == {"moments", "quotient"}
    gaussian = next(row for row in rows[0] if row["factor"] == "d" and row["direction"] == "gaussian")
    assert gaussian["along_theory"] == 3 and gaussian["second_theory"] == 9 * 5


def test_samples_are_what_a_run_would_see():
    """Sample i is the estimate of step i, noise and all."""
    problem, made = noisy(quadratic(dim=3), 0.1), estimators.two_point(q=2, eps=0.1)
    drawn = sampling.draws(made, problem.x0, 5, 7)
    (sample,) = sampling.estimates(problem, [made], problem.x0, drawn, 5, 7)
    key = Key(jnp.uint32(7), jnp.uint32(3))
    make = made.draw
    assert make is not None
    alone, _ = made.estimate(oracle(problem, key), problem.x0, make(key, 3, problem.x0.dtype), ())
    np.testing.assert_allclose(sample[3], alone, rtol=1e-10)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"samples": 3}, "samples=3: a whole number from 100 on"),
        ({"eps": [0.1, -1.0]}, r"eps=\[0.1, -1.0\]: positive numbers"),
        ({"sigma": []}, r"sigma=\[\]: positive numbers"),
        ({"q": [0]}, r"q=\[0\]: numbers of directions"),
        ({"samples": 10**13}, r"samples=10+: it needs .* bytes, there are .*; give a smaller samples"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        estimator_error(quadratic(dim=4), partial(estimators.two_point), **{**SMALL, **asked})


def test_a_made_estimator_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"needs the factory itself.*_partial_"):
        estimator_error(quadratic(dim=4), estimators.two_point(), **SMALL)  # type: ignore[arg-type]


def test_log_slopes_are_those_of_powers_and_need_four_points():
    x = np.array([1.0, 2, 4, 8])
    assert lines.log_slope(x, 3 * x**-2.0)[:3] == pytest.approx((-2, -2, -2))
    assert np.isnan(lines.log_slope(x[:3], x[:3]).value)
    assert np.isnan(lines.log_slope(x, [1, 2, np.nan, 4]).value)
    rng, slopes = np.random.default_rng(0), []
    for _ in range(400):
        fit = lines.log_slope(x, x * np.exp(0.1 * rng.standard_normal(4)))
        slopes.append(fit.low <= 1 <= fit.high)
    assert 0.91 < np.mean(slopes) < 0.985


def recorded(folder: Path, rows, alter=lambda row: row) -> list[Path]:
    paths = []
    for name, kind, quadratic_one in (("quadratic", 0, True), ("welsch", 1, False)):
        meta = {"status": "ok", "n": 3, "samples": 4000, "M": 1.0, "norm2": 1.0, "quadratic": quadratic_one}
        meta |= {"config": {"problem": {"_target_": f"zobench.problems.{name}"}, "seed": 0}}
        store.write(folder / f"{name}.npz", {}, meta | {"rows": [alter(dict(row)) for row in rows[kind]]})
        paths.append(folder / f"{name}.npz")
    return paths


def test_a_record_that_says_otherwise_changes_the_verdict(rows, tmp_path):
    (claim,) = [claim for claim in claims.of("estimator_error") if claim.number == 7]
    few = claim.verdict(page.measured("estimator_error", recorded(tmp_path / "a", rows)))
    assert few in ("holds", "undecided")  # a few hundred samples

    def longer(row):
        return {**row, "along": [2 * row["along"][0], row["along"][1]]} if row["kind"] == "formula" else row

    measured = page.measured("estimator_error", recorded(tmp_path / "b", rows, longer))
    assert claim.verdict(measured) == "refuted"


def test_one_record_alone_leaves_quantities_out(rows, tmp_path):
    paths = recorded(tmp_path, rows)
    for some in (paths[:1], paths[1:]):
        measured = page.measured("estimator_error", some)
        asked = {check.quantity for claim in claims.of("estimator_error") for check in claim.checks}
        assert asked <= measured.keys()
        assert np.isnan(measured["sphere, E‖G‖²/‖g‖²: exponent in n"].value)


def test_the_telescoping_series_sums_to_the_nearest_quotient_and_two_lengths_have_a_second_moment_of_two():
    """Σₖ pₖ (D(μ₁) + (D(μₖ₊₁) − D(μₖ))/pₖ) = D(μ_K+1), exactly; E G = g and E‖G‖² = 2‖g‖² of two lengths."""
    f, eps, ratio, levels = (lambda t: np.exp(t) + t**3), 0.2, 0.5, 8
    quotient = lambda h: (f(h) - f(0.0)) / h  # noqa: E731
    steps = eps * ratio ** np.arange(levels + 1)
    p = ratio ** np.arange(levels)
    p /= p.sum()
    points = [quotient(steps[0]) + (quotient(steps[k + 1]) - quotient(steps[k])) / p[k] for k in range(levels)]
    assert p @ points == pytest.approx(quotient(steps[-1]), rel=1e-12)
    with jax.enable_x64(True):
        g = np.array([0.6, 0.0, 0.8, 0.0, 0.0])
        problem = Problem(f=lambda x: jnp.asarray(g) @ x, x0=np.zeros(5))
        made = recent.two_lengths(jnp.asarray(g))
        x, samples = jnp.zeros(5), 4000
        (sample,) = sampling.estimates(problem, [made], x, sampling.draws(made, x, samples, 0), samples, 0)
    assert np.abs(sample.mean(0) - g).max() < 4.5 / samples**0.5 and (sample**2).sum(1).mean() == pytest.approx(
        2, abs=0.15
    )
