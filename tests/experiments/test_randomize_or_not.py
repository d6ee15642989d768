"""The law of averaged directions against drawn numbers, the bound of noisy values, and what decides the claims."""

import jax
import numpy as np
import pytest

from zobench import store
from zobench.estimators import regression, two_point
from zobench.experiments.randomize_or_not import law, page, study
from zobench.report import claims


def test_the_law_of_gaussian_directions_is_that_of_drawn_ones_and_says_how_many_are_needed():
    n, q, rng = 12, 20, np.random.default_rng(0)
    z = rng.standard_normal((20_000, q))
    across = rng.standard_normal((20_000, q, n - 1))
    square = ((z**2).mean(1) - 1) ** 2 + (np.einsum("dq,dqn->dn", z, across) / q).__pow__(2).sum(1)
    for p in (0.1, 0.5, 0.9):
        theta = law.quantile(p, n, q)
        assert abs((square <= theta**2).mean() - p) < 4.5 * (p * (1 - p) / len(square)) ** 0.5
    assert square.mean() == pytest.approx(law.mean_square("gaussian", n, q), rel=0.03)
    found = law.gaussian_directions(0.5, 0.1, n)
    assert law.arrived(0.5, n, found) >= 0.9 > law.arrived(0.5, n, found - 1)


def test_projections_need_n_directions_at_most_and_their_law_is_that_of_haar_ones():
    n, delta = 16, 0.1
    assert [law.orthogonal_directions(theta, delta, n) for theta in (1e-6, 0.1)] == [n, n]
    q = law.orthogonal_directions(0.8, delta, n)
    rng, hits = np.random.default_rng(1), []
    for many in (q - 1, q):
        basis = np.linalg.qr(rng.standard_normal((4000, n, many)))[0]
        hits.append((1 - (basis[:, 0] ** 2).sum(1) <= 0.64).mean())
    assert hits[0] < 0.9 + 0.02 and hits[1] > 0.9 - 0.02 and q < n


def test_no_design_within_the_radius_is_below_the_bound_and_axes_meet_it():
    n, values, noise = 5, 40, 0.3
    bound, rng = law.possible(n, values, noise), np.random.default_rng(2)
    axes = np.repeat(np.concatenate([np.eye(n), -np.eye(n)]), values // (2 * n), axis=0)
    assert noise**2 * np.trace(np.linalg.inv(axes.T @ axes)) == pytest.approx(bound)
    assert law.noisy_mean_square("axes", n, values // 2, noise) == pytest.approx(bound)
    for _ in range(20):
        design = rng.standard_normal((values, n))
        design /= np.maximum(np.linalg.norm(design, axis=1, keepdims=True), 1)
        assert noise**2 * np.trace(np.linalg.inv(design.T @ design)) > bound
        posterior = np.trace(np.linalg.inv(n * np.eye(n) + design.T @ design / noise**2))  # the best of all estimates
        assert posterior > law.possible_at_all(n, values, noise)
    posterior = np.trace(np.linalg.inv(n * np.eye(n) + axes.T @ axes / noise**2))
    assert posterior == pytest.approx(law.possible_at_all(n, values, noise))


def test_estimates_of_a_slope_are_off_as_the_law_says():
    with jax.enable_x64(True):
        problem = study.slope(np.array([0.6, 0.0, 0.8, 0.0]), "float64")
        square, along = study.errors(problem, two_point("sphere", 2, eps=1.0), 2000, 0)
        assert square.mean() == pytest.approx(law.mean_square("sphere", 4, 2), rel=0.1)
        assert along.mean() == pytest.approx(1, abs=0.06)
        assert study.errors(problem, regression(4, eps=1.0), 20, 0)[0].max() < 1e-16


def test_central_queries_never_pay_and_forward_ones_do_by_the_exact_numbers():
    for n in (8, 100):
        exact = {kind: [page._exact(n, q, kind, 1e-3) for q in range(1, n + 1)] for kind in ("central", "forward")}
        assert (np.diff(exact["central"]) > 0).all()
        assert abs(int(np.argmin(exact["forward"])) + 1 - (2 * (n - 1)) ** 0.5) <= 1
        assert exact["forward"][round((n - 1) ** 0.5) - 1] < 0.75 * exact["forward"][0]


@pytest.mark.slow
def test_a_record_has_what_the_page_measures_and_a_changed_one_changes_the_verdict(tmp_path):
    with jax.enable_x64(True):
        arrays, meta = study.randomize_or_not(
            dim=8, draws=40, theta=0.5, delta=0.1, target=1e-2, runs=64, noise=0.1, seed=0, dtype="float64"
        )()
    found = store.Record(arrays, meta)
    asked = {check.quantity for claim in claims.of("randomize_or_not") for check in claim.checks}
    measured = page.measures([found])
    assert asked <= measured.keys()
    changed = {name: 2 * part if name.startswith("hits/central") and not name.endswith("/1") else part
               for name, part in arrays.items()}  # fmt: skip
    (claim,) = (claim for claim in claims.of("randomize_or_not") if claim.number == 101)
    quantity = claim.checks[1].quantity
    assert page.measures([found._replace(arrays=changed)])[quantity].value == pytest.approx(
        2 * measured[quantity].value
    )


def test_counts_that_are_out_of_range_are_named():
    asked = {
        "dim": 8,
        "draws": 40,
        "delta": 0.1,
        "target": 1e-2,
        "runs": 64,
        "noise": 0.1,
        "seed": 0,
        "dtype": "float64",
    }
    with pytest.raises(ValueError, match=r"theta=1\.5: a number between 0 and 1"):
        study.randomize_or_not(theta=1.5, **asked)  # pyright: ignore[reportArgumentType]
