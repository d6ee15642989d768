"""The subgradient that nuclear_norm promises, the proximal step as a minimiser, and claims that follow the record."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zobench import store
from zobench.experiments.nuclear_norm import study as nn
from zobench.report import claims, page


def matrix(rows, columns, rank, seed):
    random = np.random.default_rng(seed)
    return random.standard_normal((rows, rank)) @ random.standard_normal((rank, columns))


@settings(max_examples=20, deadline=None)
@given(rank=st.integers(0, 3), seed=st.integers(0, 10**6))
def test_the_gradient_is_a_subgradient_whatever_the_rank(rank, seed):
    w = matrix(4, 3, rank, seed)
    g = np.asarray(jax.grad(nn.nuclear_norm)(jnp.asarray(w)))
    assert np.linalg.norm(g, 2) <= 1 + 1e-12
    for other in (matrix(4, 3, 3, seed + 1), np.zeros((4, 3)), -w):
        assert np.linalg.norm(other, "nuc") >= np.linalg.norm(w, "nuc") + np.sum(g * (other - w)) - 1e-10
    assert np.linalg.norm(g) ** 2 == pytest.approx(rank, abs=1e-10)  # U₁V₁ᵀ, the least one


@pytest.mark.parametrize("case", nn.points(4, np.random.default_rng(0)), ids=lambda case: case.name)
def test_the_gradient_at_delicate_matrices(case):
    found = np.asarray(jax.jit(jax.grad(nn.nuclear_norm))(jnp.asarray(case.w)))
    np.testing.assert_allclose(found, case.u @ case.v.T, atol=1e-14)
    assert nn.nuclear_norm(jnp.asarray(case.w)) == pytest.approx(np.linalg.norm(case.w, "nuc"), abs=1e-14)


def test_what_judges_a_gradient_sees_what_is_no_subgradient():
    case = nn.points(4, np.random.default_rng(0))[4]
    right = case.u @ case.v.T
    assert nn.judged(right, case) == pytest.approx((0, 0, 0), abs=1e-14)
    rest = np.linalg.svd(right)[0][:, -1:] @ np.linalg.svd(right)[2][-1:]
    assert nn.judged(right + 0.5 * rest, case)[1:] == pytest.approx((0, 0.5), abs=1e-14)
    assert nn.judged(right + 1.5 * rest, case)[1] == pytest.approx(0.5)
    assert nn.judged(1.1 * right, case)[1] > 0.1
    assert np.isnan(nn.judged(np.full((4, 4), np.nan), case)).all()


def test_thresholding_is_the_proximal_step():
    w, by = matrix(5, 4, 4, 0), 0.7
    found = np.asarray(nn.shrink(jnp.asarray(w), by))

    def objective(x):
        return np.sum((x - w) ** 2) / 2 + by * np.linalg.norm(x, "nuc")

    random = np.random.default_rng(1)
    assert all(objective(found) <= objective(found + 0.01 * random.standard_normal(w.shape)) for _ in range(50))
    expected = np.maximum(np.linalg.svd(w, compute_uv=False) - by, 0)
    np.testing.assert_allclose(np.linalg.svd(found, compute_uv=False), expected, atol=1e-14)


def test_solvers_reach_what_they_promise():
    random = np.random.default_rng(0)
    mask = random.random((8, 8)) < 0.6
    seen = np.where(mask, matrix(8, 8, 1, 1), 0)
    largest = float(np.linalg.norm(seen, 2))
    solve = jax.jit(nn.proximal, static_argnums=3)
    found = np.asarray(solve(seen, mask, 0.1 * largest, 300))
    assert nn.stationarity(found, seen, mask, 0.1 * largest) < 1e-12
    np.testing.assert_array_equal(solve(seen, mask, 1.01 * largest, 5), 0)
    np.testing.assert_allclose(nn.frobenius(jnp.asarray(seen), jnp.asarray(mask), 1.0, 1), seen / 2)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"rank": 9}, "rank=9"),
        ({"observed": 1.0}, "observed"),
        ({"weights": [0.0]}, "weights"),
        ({"n": 10**7}, "bytes"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_it_is_tried(bad, said):
    asked = {"n": 8, "rank": 1, "observed": 0.5, "noise": 0.1, "weights": [0.1], "iterations": 5}
    with pytest.raises(ValueError, match=said):
        nn.nuclear_norm_study(**{**asked, **bad})


@pytest.mark.parametrize(
    ("ranks", "verdict"),
    [([1, 1, 1, 0], "holds"), ([1, 1, 2, 0], "refuted"), ([3, 2, 2, 0], "refuted")],
)
def test_the_ranks_of_a_record_decide_the_verdict(tmp_path, ranks, verdict):
    arrays = {"gradients": np.zeros((7, 5, 3)), "fourth": np.zeros(7), "weights": np.array([0.1, 0.3, 0.6, 1.0])}
    for name, rank, error in (("proximal", ranks, 0.1), ("subgradient", [8] * 4, 0.2), ("frobenius", [8] * 4, 0.9)):
        arrays |= {f"{name}/rank": np.array(rank), f"{name}/error": np.full(4, error)}
        arrays |= {f"{name}/residual": np.zeros(4), f"{name}/values": np.ones((4, 8))}
    points = [case.name for case in nn.points(4, np.random.default_rng(0))]
    config = {"study": {"observed": 0.7, "noise": 0.0, "iterations": 60}, "dtype": "float64"}
    meta = {"status": "ok", "config": config, "n": 8, "rank": 1, "ways": list(nn.WAYS), "points": points}
    store.write(tmp_path / "a.npz", arrays, meta)
    (claim,) = [claim for claim in claims.of("nuclear_norm") if claim.number == 61]
    assert claim.verdict(page.measured("nuclear_norm", [tmp_path / "a.npz"])) == verdict
