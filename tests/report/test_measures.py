"""What the reports of slowdown and mds measure of the claims: made-up cells, and which changes refute a claim."""

import numpy as np
import pytest
from made import made

from zobench.report import claims, page

METHODS = {"autodiff": 1, "two_point": 2}


def cell(folder, problem, estimator, n, hits, *, metric="gap", error=-1.0, bound=4.0):
    """A cell whose error is k^error and whose four runs arrive around `hits`; the bound is `bound` times 1/k."""
    B = n if estimator == "two_point" else 1
    k = np.arange(0, 400 * B, max(1, B // 4))
    curve = (np.maximum(k, 1) / B) ** error
    runs = np.array([0.98, 0.99, 1.01, 1.02]) if estimator == "two_point" else np.ones(1)
    arrays = {
        "theory/k": k,
        "theory/hits": runs * hits,
        "theory/outcome": np.full(len(runs), "reached"),
        **{f"theory/{name}": np.outer(runs, curve) for name in ("gap", "gradient", "distance")},
    }
    about = {"n": n, "B": float(B), "L": 1.0, "mu": 0.01, "radius2": 2 * bound, "delta": bound / 2, "f_star": 1.0}
    calls = METHODS[estimator]
    return made(folder, problem, arrays=arrays, estimator=estimator, calls=calls, metric=metric, target=1e-9, **about)


def maps(folder, exponent, factor=1.0):
    problem = {"_target_": "zobench.problems.maps.mds", "cities": "europe"}
    paths = []
    for points in (6, 10, 16, 24):
        n, named = 2 * points, {**problem, "points": points}
        paths.append(cell(folder, named, "autodiff", n, 50))
        paths.append(cell(folder, named, "two_point", n, 50 * factor * n**exponent))
    return {claim.number: claim.verdict(page.measured("mds", paths)) for claim in claims.of("mds") if claim.number}


def test_the_map_refutes_what_its_records_refute(tmp_path):
    assert maps(tmp_path / "theory", 1.0) == {3: "holds", 4: "holds"}
    assert maps(tmp_path / "flat", 0.1, factor=20) == {3: "holds", 4: "refuted"}
    assert maps(tmp_path / "fast", 1.0, factor=0.1) == {3: "refuted", 4: "holds"}


def convex_measures(folder, exponent=1.0, **about):
    paths = []
    for n in (8, 16, 32, 64):
        problem = {"_target_": "zobench.problems.quadratics.quadratic", "spectrum": "log_uniform", "dim": n}
        paths.append(cell(folder, problem, "autodiff", n, 200, **about))
        paths.append(cell(folder, problem, "two_point", n, 200 * n**exponent, **about))
    measures = page.measured("slowdown", paths)
    assert measures["convex, two points: exponent in n of the iterations"].value == pytest.approx(exponent, abs=1e-6)
    return measures


def convex(folder, exponent=1.0, **about):
    measures = convex_measures(folder, exponent, **about)
    return {claim.number: claim.verdict(measures) for claim in claims.of("slowdown") if claim.number}


def test_the_convex_column_refutes_what_its_records_refute(tmp_path):
    unknown = dict.fromkeys((12, 14, 15, 17, 19), "not measured")
    assert convex(tmp_path / "theory") == {**unknown, 13: "holds", 16: "holds"}
    assert convex(tmp_path / "steep", 1.2) == {**unknown, 13: "holds", 16: "refuted"}
    assert convex(tmp_path / "crossed", bound=0.5) == {**unknown, 13: "refuted", 16: "refuted"}


def test_how_fast_the_error_falls_is_a_prediction_of_ours_and_not_the_bound(tmp_path):
    slow = convex_measures(tmp_path / "slow", error=-0.8, bound=8.0)
    (claim,) = (claim for claim in claims.of("slowdown") if "made for it" in claim.statement)
    assert claim.number is None and claim.verdict(slow) == "refuted"
    assert claims.of("slowdown")[1].number == 13 and claims.of("slowdown")[1].verdict(slow) == "holds"
