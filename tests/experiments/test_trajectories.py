"""The lecture's pictures by a loop in NumPy, limits in closed form, and records that say something else."""

import numpy as np
import pytest

from zobench import floors, store
from zobench.experiments.trajectories.study import iterates, lecture_runs, pairs, trajectories
from zobench.problems.landscapes import landscape
from zobench.report import claims, page

ASKED = {"iterations": 25, "eps": [0.11, 1.1], "target": 0.01, "seed": 0, "dtype": "float64"}


def f(x):
    return x[0] ** 2 + 3 * x[1] ** 2 + 2 * x[0] * x[1]


@pytest.fixture(scope="module")
def measured():
    return trajectories(dim=2, samples=2000, **ASKED)()


def test_in_two_dimensions_it_is_the_lectures_function():
    ours, known = pairs(2), landscape("lecture", dim=2)
    x = np.array([0.3, -1.7])
    assert float(ours.f(x)) == pytest.approx(f(x)) == float(known.f(x))  # type: ignore[arg-type]
    np.testing.assert_allclose(ours.x0, known.x0)
    assert (ours.L, ours.mu, ours.hessian_trace) == pytest.approx((known.L, known.mu, known.hessian_trace))
    assert 2 / (ours.L + ours.mu) == pytest.approx(0.25)


@pytest.mark.parametrize("n", [2, 10, 100])
def test_every_dimension_starts_alike(n):
    problem = pairs(n)
    assert float(problem.f(problem.x0)) == pytest.approx(96)
    modes = problem.modes
    assert modes is not None and modes.eigenvalue.size == n
    assert modes.eigenvalue @ modes.energy / 2 == pytest.approx(96)
    assert modes.energy.sum() == pytest.approx(32)


def test_forward_differences_by_hand_end_where_the_study_says(measured):
    """Fifty steps of a loop in NumPy, and the limit (0, −ε/2) with f = ¾ε²."""
    x, eps = np.array([4.0, 4.0]), 1.1
    for _ in range(50):
        x = x - 0.25 * np.array([f(x + eps * e) - f(x) for e in np.eye(2)]) / eps
    arrays, meta = measured
    np.testing.assert_allclose(arrays["a/paths"][0, -1], x, atol=1e-9)
    np.testing.assert_allclose(x, [0, -eps / 2], atol=1e-5)
    assert meta["ends"]["a"]["f"] == pytest.approx(0.9075, abs=1e-4)
    assert meta["eps"][1]["end"] == pytest.approx(eps / 2, rel=1e-4)


def test_two_points_without_the_factor_by_hand():
    """v = Gaussian/‖Gaussian‖, forward quotient, step 0.25, no factor d: the mean over 20,000 loops at once."""
    rng, eps, runs = np.random.default_rng(0), 0.11, 20_000
    x = np.full((runs, 2), 4.0)
    means = []
    for _ in range(10):
        v = rng.standard_normal((runs, 2))
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        x = x - 0.25 * ((f((x + eps * v).T) - f(x.T)) / eps)[:, None] * v
        means.append(f(x.T).mean())
    run = next(run for run in lecture_runs(pairs(2)) if run.name == "b")
    exact = floors.exact(pairs(2), run.estimator, run.step, np.arange(51))
    assert exact[10] == pytest.approx(1.2279, abs=1e-4) and exact[50] == pytest.approx(0.0230, abs=1e-5)
    assert means[9] == pytest.approx(exact[10], rel=0.06)


def test_paths_and_the_suites_loop_are_the_same_runs():
    run = next(run for run in lecture_runs(pairs(2)) if run.name == "b, central")
    path = iterates(pairs(2), run, 3, 8, 4)
    (loop,) = floors.descend(floors.compiled(pairs(2), run.estimator), [run.step], 3, 4, 8)
    np.testing.assert_allclose([[f(x) for x in one[loop.k]] for one in path], loop.gap, rtol=1e-9)


def test_means_follow_the_exact_curves(measured):
    arrays, meta = measured
    for name in ("b", "b, central"):
        mean, error, exact = (arrays[f"{name}/{part}"][1:] for part in ("mean", "error", "exact"))
        assert (np.abs(mean - exact) <= 5 * error).all()
    assert arrays["b, factor d/exact"][-1] > 1e15
    for one in meta["eps"]:
        assert one["exact_floor"] == pytest.approx(1.9 * one["eps"] ** 2, rel=1e-3)
        assert abs(one["floor"][0] - one["exact_floor"]) < 4.5 * one["floor"][1]
    assert arrays["cloud/gradient"].tolist() == [[16.0, 32.0]]
    radius = np.linalg.norm(arrays["cloud/central"] - [16, 32], axis=1)
    np.testing.assert_allclose(radius, np.hypot(16, 32), rtol=1e-4)  # 2(gᵀv)v lies on a circle around g through 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dim": 3}, "dim=3: pairs of coordinates need an even number"),
        ({"eps": []}, r"eps=\[\]: positive numbers"),
        ({"iterations": 0}, "iterations=0"),
        ({"samples": 10**13}, "samples=10+: it needs .* bytes"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        trajectories(**{"dim": 4, "samples": 100, **ASKED, **asked})


def test_a_record_that_says_otherwise_changes_the_verdict(measured, tmp_path):
    arrays, meta = measured
    full = {**meta, "status": "ok", "config": {}}
    claim = next(claim for claim in claims.of("trajectories") if claim.number == 11)

    def verdict(changed):
        store.write(tmp_path / "one.npz", arrays, changed)
        return claim.verdict(page.measured("trajectories", [tmp_path / "one.npz"]))

    small = {**meta["eps"][0], "eps": 1e-6, "apart": 1e-6, "end": 1e-6}
    told = [small, *meta["eps"]]
    assert verdict({**full, "eps": told}) == "holds"
    assert verdict({**full, "eps": [*told[:-1], {**told[-1], "apart": 5.0}]}) == "refuted"
