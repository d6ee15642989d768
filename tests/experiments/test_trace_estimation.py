"""Closed-form variances against simulation and golden numbers, the network's products, Hutch++ where it is exact."""

import jax
import numpy as np
import pytest

from zobench import store
from zobench.experiments.trace_estimation import page as shown
from zobench.experiments.trace_estimation import study as te
from zobench.report import claims, page

SMALL = {
    "hidden": 2, "batch": 8, "runs": 4, "probes": 40, "size": 12, "products": [3, 6, 9, 12], "trials": 3,
    "at_a_time": [1, 10, 20], "timed": 4, "repeats": 2,
}  # fmt: skip


def symmetric(n, square, diagonal, trace):
    """A symmetric matrix with this ‖A‖_F², this Σaᵢᵢ² and this trace: on them alone the variances depend."""
    a = np.random.default_rng(0).standard_normal((n, n))
    a = a + a.T
    np.fill_diagonal(a, 0)
    a *= np.sqrt((square - diagonal) / np.sum(a**2))
    d = np.random.default_rng(1).standard_normal(n)
    d -= d.mean()
    d *= np.sqrt((diagonal - trace**2 / n) / np.sum(d**2))
    return a + np.diag(d + trace / n)


def test_closed_forms_give_the_golden_numbers():
    found = te.variances(symmetric(30, 469.0, 29.25, np.sqrt(97.3)))
    assert found["gaussian"] == pytest.approx(938.0, abs=0.05)
    assert found["rademacher"] == pytest.approx(879.5, abs=0.05)
    assert found["sphere"] == pytest.approx(873.3, abs=0.1)
    assert found["coordinate"] == pytest.approx(780.2, abs=0.1)


@pytest.mark.parametrize("kind", list(te.PROBES))
def test_probes_have_the_identity_as_second_moment_and_the_variance_of_the_closed_form(kind):
    a = symmetric(6, 40.0, 9.0, 3.0)
    v = te.PROBES[kind](np.random.default_rng(0), 200_000, 6)
    np.testing.assert_allclose(v.T @ v / len(v), np.eye(6), atol=0.03)
    forms = np.sum(v * (v @ a), axis=1)
    assert abs(forms.mean() - 3) < 4 * forms.std() / len(v) ** 0.5
    error = np.std((forms - forms.mean()) ** 2) / len(v) ** 0.5
    assert abs(forms.var() - te.variances(a)[kind]) < 4 * error + 1e-9


def test_rademacher_probes_are_exact_on_a_diagonal_matrix_and_the_sphere_on_the_identity():
    assert te.variances(np.diag([1.0, 2.0, 5.0]))["rademacher"] == 0
    assert te.variances(np.eye(4))["sphere"] == pytest.approx(0)


def test_a_matrix_that_is_not_symmetric_has_the_variance_of_its_symmetric_part():
    a = np.random.default_rng(0).standard_normal((5, 5))
    assert te.variances(a) == pytest.approx(te.variances((a + a.T) / 2))


def test_products_in_batches_are_those_of_the_whole_hessian():
    f, x = te.network(2, 8, 0, "float64")
    hessian = np.asarray(jax.jit(jax.hessian(f))(x))
    v = np.random.default_rng(0).standard_normal((5, x.size))
    for at_a_time in (1, 3):  # in one pass over singles, and with a rest
        found = te.quadratic_forms(f, x, jax.numpy.asarray(v), at_a_time)
        np.testing.assert_allclose(found, np.sum(v * (v @ hessian), axis=1), rtol=1e-12)
    assert x.size == 2 * (64 + 10)


def test_hutch_plus_plus_is_exact_on_a_matrix_of_low_rank_and_unbiased_on_others():
    random = np.random.default_rng(0)
    low = random.standard_normal((30, 3))
    assert te.hutch_plus_plus(low @ low.T, 12, random) == pytest.approx(np.sum(low**2))
    a = symmetric(20, 100.0, 10.0, 4.0)
    found = np.array([te.hutch_plus_plus(a, 9, random) for _ in range(4000)])
    assert abs(found.mean() - 4) < 4 * found.std() / 4000**0.5


def test_the_spectra_are_what_they_say():
    found = te.spectra(10, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.eigvalsh(found["decaying"])[::-1], 1 / np.arange(1, 11), rtol=1e-10)
    assert np.linalg.eigvalsh(found["flat"]).min() >= 0.5


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"batch": 0}, "batch=0"),
        ({"products": [2, 6]}, "products"),
        ({"runs": 0}, "runs"),
        ({"hidden": 10**5}, "bytes"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_it_is_tried(bad, said):
    with pytest.raises(ValueError, match=said):
        te.trace_estimation(**{**SMALL, **bad})


def test_disjoint_averages_have_the_errors_of_the_slow_way():
    forms = np.random.default_rng(0).standard_normal((3, 25))
    counts = shown.counts(25)
    found = shown.squared_errors(forms, 0.5)
    for i, v in enumerate(counts):
        for run in range(3):
            groups = [forms[run, start : start + v].mean() for start in range(0, 25 - v + 1, v)]
            assert found[run, i] == pytest.approx(np.mean([(mean - 0.5) ** 2 for mean in groups]))


@pytest.fixture(scope="module")
def measured_once():
    return te.trace_estimation(**SMALL)()


@pytest.mark.parametrize(("scale", "verdict"), [(1.0, "holds"), (2.0, "refuted")])
def test_a_changed_record_changes_the_verdict(tmp_path, measured_once, scale, verdict):
    arrays, meta = dict(measured_once[0]), measured_once[1]
    random, exact = np.random.default_rng(0), float(arrays["exact"])
    for kind in te.PROBES:  # normal forms of the right mean, with the variance of the closed form times scale
        spread = np.sqrt(scale * meta["variances"][kind])
        arrays[f"forms/{kind}"] = exact + spread * random.standard_normal((10, 1000))
    path = tmp_path / "record.npz"
    store.write(path, arrays, {**meta, "status": "ok", "config": {"study": SMALL, "dtype": "float64"}})
    measured = page.measured("trace_estimation", [path])
    (claim,) = [claim for claim in claims.of("trace_estimation") if "closed form" in claim.statement]
    assert claim.verdict(measured) == verdict
    assert measured["error of V Rademacher probes: exponent in V"].value == pytest.approx(-0.5, abs=0.05)
