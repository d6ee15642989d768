"""Printed formulas against slow truths, the public cubic_norm, and what a changed record does to the verdict."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import store
from zobench.experiments.matrix_gradients import formulas, study
from zobench.report import claims, page

SIZE = 4


@pytest.mark.parametrize("place", range(11))
def test_a_formula_is_the_central_difference_of_its_function(place):
    formula = formulas.formulas(SIZE, np.random.default_rng(0))[place]
    v = np.random.default_rng(1).standard_normal(formula.x.shape)
    v /= np.linalg.norm(v)
    h = 1e-5
    slope = (formula.f(formula.x + h * v) - formula.f(formula.x - h * v)) / (2 * h)
    assert np.sum(formula.gradient(formula.x) * v) == pytest.approx(float(slope), rel=1e-6, abs=1e-7)
    bend = (formula.gradient(formula.x + h * v) - formula.gradient(formula.x - h * v)) / (2 * h)
    np.testing.assert_allclose(formula.second(formula.x, v), bend, rtol=1e-5, atol=1e-7)


def test_rational_arithmetic_gives_the_gradient_of_a_matrix_with_a_known_inverse():
    x = np.array([[1.0, 2.0], [3.0, 7.0]])  # its inverse is [[7, -2], [-3, 1]]
    a, b = np.array([[1.0, 0.5], [2.0, -1.0], [0.0, 3.0]]), np.array([[1.0, 2.0, -1.0], [0.25, 0.0, 4.0]])
    inverse = np.array([[7.0, -3.0], [-2.0, 1.0]])
    np.testing.assert_array_equal(formulas.exact_trace_inverse(a, b, x), -inverse @ a.T @ b.T @ inverse)


def test_a_pivot_of_zero_does_not_stop_rational_arithmetic():
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = formulas.exact_trace_inverse(np.eye(2), np.eye(2), x)
    np.testing.assert_array_equal(found, -np.eye(2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cubic_norm_has_its_derivatives_everywhere(dtype):
    x = jnp.asarray([3.0, 0.0, -4.0], dtype)
    assert study.cubic_norm(x) == pytest.approx(125 / 3)
    np.testing.assert_allclose(jax.grad(study.cubic_norm)(x), 5 * x, rtol=1e-6)
    expected = 5 * np.eye(3) + np.outer(x, x) / 5
    np.testing.assert_allclose(jax.hessian(study.cubic_norm)(x), expected, rtol=1e-6, atol=1e-6)
    zero = jnp.zeros(3, dtype)
    assert study.cubic_norm(zero) == 0
    np.testing.assert_array_equal(jax.grad(study.cubic_norm)(zero), 0)
    np.testing.assert_array_equal(jax.hessian(study.cubic_norm)(zero), 0)


def test_the_functions_break_where_the_report_says_so():
    found = {point.name: study.at_point(point) for point in study.singular(3)}
    assert len(found) == 5 and not np.isfinite(found["ln(1 + eᶻ) at 1000: log(1 + exp(z))"]).any()
    assert np.isnan(found["‖x‖³/3 at 0: norm(x)**3/3"]).all()
    assert found["‖x‖³/3 at 0: dot(x, x)**1.5/3"][0] == 0
    assert not np.isfinite(found["‖x‖³/3 at 0: dot(x, x)**1.5/3"][1])
    assert found["‖x‖³/3 at 0: cubic_norm"] == (0, 0)
    assert found["ln(1 + eᶻ) at 1000: logaddexp(0, z)"] == (0, 0)


def test_the_gradients_of_the_samples_add_up_to_the_gradient_of_the_sum():
    layers = study.shapes(3, [5, 4, 2], seed=0)
    assert [layer["layer"] for layer in layers] == [[3, 4], [3, 2]]
    assert [layer["weight"] for layer in layers] == [[5, 4], [4, 2]]
    assert [layer["weight_of_each"] for layer in layers] == [[3, 5, 4], [3, 4, 2]]
    assert max(layer["difference"] for layer in layers) < 1e-15


@pytest.mark.parametrize(
    ("bad", "said"),
    [({"n": 1}, "n=1"), ({"widths": [4]}, "widths=[4]"), ({"n": 10**7}, "bytes"), ({"batch": 1}, "batch=1")],
)
def test_what_cannot_be_measured_is_refused_before_it_is_tried(bad, said):
    asked = {"n": 3, "draws": 1, "conditions": [1], "batch": 2, "widths": [3, 2]}
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        study.matrix_gradients(**{**asked, **bad})


@pytest.mark.slow
def test_a_changed_record_changes_the_verdict(tmp_path):
    measure = study.matrix_gradients(3, 1, [1e2, 1e4, 1e6, 1e8], 2, [3, 2])
    arrays, meta = measure()
    config = {"study": {"batch": 2, "draws": 1}, "dtype": "float64"}
    path = tmp_path / "record.npz"
    verdicts = []
    for error in (0.0, 1e-3):
        changed = {**arrays, "difference": arrays["difference"] + error}
        store.write(path, changed, {**meta, "status": "ok", "config": config})
        (claim,) = [claim for claim in claims.of("matrix_gradients") if claim.number == 50]
        verdicts.append(claim.verdict(page.measured("matrix_gradients", [path])))
        page.write("matrix_gradients", [path], tmp_path / "page")
    assert verdicts == ["holds", "refuted"]
    written = json.loads((tmp_path / "page" / "verdicts.json").read_text())
    assert written[0]["reason"].startswith("needs study.draws >= 3 (here 1)")
