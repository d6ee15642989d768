"""Exact limits against the recursion and drawn moments, flatness against drawn steps, records that say otherwise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import estimators, store
from zobench.experiments.stability import flatness, limits, page
from zobench.experiments.stability.study import stability
from zobench.report import claims

ASKED = {
    "part": "flatness", "coordinates": 64, "populations": 2, "within": 0.02, "width": 2, "samples": 20,
    "multiples": [0.5], "records": 2, "every": 20, "d": 3, "eps": [0.1], "step": 1e-3, "iterations": 400, "runs": 4,
    "seed": 0,
}  # fmt: skip


@pytest.mark.parametrize("direction", limits.DIRECTIONS)
@pytest.mark.parametrize("spectrum", limits.SPECTRA)
def test_the_limit_is_where_the_recursion_has_an_eigenvalue_one(direction, spectrum):
    eigenvalue = limits.eigenvalues(spectrum, 12)
    moment = estimators.two_point(direction).second_moment(12)
    assert moment is not None
    step = limits.largest_step(eigenvalue, moment)
    s = np.diag(1 - 2 * step * eigenvalue + step**2 * (moment.C + moment.D) * eigenvalue**2)
    matrix = s + step**2 * moment.A * np.outer(np.ones(12), eigenvalue**2)
    assert np.linalg.eigvals(matrix).real.max() == pytest.approx(1, abs=1e-9)
    assert limits.rate(eigenvalue, moment, 0.99 * step) < 1 < limits.rate(eigenvalue, moment, 1.01 * step)
    kept = limits.stationary(eigenvalue, moment, step) ** 2
    assert matrix @ kept == pytest.approx(kept)
    trace = float(eigenvalue.sum())
    closed = {"rademacher": 2 / trace, "coordinate": 2 / 12}
    assert step == pytest.approx(closed.get(direction, step))
    if direction == "gaussian":
        assert 2 / (trace + 2) <= step <= 2 / trace


def test_below_its_limit_every_step_along_signs_lowers_f_and_beyond_it_none_does():
    rng, eigenvalue = np.random.default_rng(0), limits.eigenvalues("harmonic", 9)
    for multiple, lower in ((0.99, True), (1.01, False)):
        x, u = rng.standard_normal((50, 9)), rng.choice([-1.0, 1.0], (50, 9))
        moved = x - multiple * 2 / eigenvalue.sum() * np.sum(u * eigenvalue * x, axis=1, keepdims=True) * u
        assert ((moved**2 @ eigenvalue < x**2 @ eigenvalue) == lower).all()


@pytest.mark.slow
def test_restarts_find_the_rate_of_the_mean_square():
    with jax.enable_x64(True):
        eigenvalue, estimator = limits.eigenvalues("two_level", 6), estimators.two_point("gaussian")
        moment = estimator.second_moment(6)
        assert moment is not None
        step = 1.1 * limits.largest_step(eigenvalue, moment)
        spread = limits.stationary(eigenvalue, moment, step / 1.1)
        keys = jax.random.split(jax.random.key(1), 6)
        kept = limits.populations(estimator, 6, 2000, 256, True)(eigenvalue, spread, step, keys)
        alone = limits.populations(estimator, 6, 200, 256, False)(eigenvalue, spread, step, keys)
    found, exact = page.student(kept.mean), limits.rate(eigenvalue, moment, step)
    assert abs(found.value - exact) < 5 * found.stderr + 0.004  # 1/N
    assert exact > 1.03 and (alone.log < 0).all()  # single runs fall where the mean square grows


@pytest.mark.slow
def test_one_step_on_the_product_has_the_moments_of_the_law():
    """E t₊ and E r₊, E r₊² to the orders that are said, from 250,000 drawn steps at n = 6."""
    rng, d, step, eps = np.random.default_rng(2), 3, 0.05, 0.7
    y, z = np.array([1.2, -0.3, 0.5]), np.array([0.9, 0.4, 0.1])
    x = np.concatenate([y, z])
    t, r, n = float(x @ x), float(y @ z - 1), 2 * d
    u = rng.standard_normal((250_000, n))
    p, m = u @ np.concatenate([z, y]), np.sum(u[:, :d] * u[:, d:], axis=1)
    moved = x - step * ((r + eps**2 * m) * p)[:, None] * u
    drawn = np.sum(moved**2, axis=1) - t
    e2 = eps**2
    second = (n + 2) * r * r * t + 4 * (n + 4) * e2 * r * (1 + r) + (n + 4) * (n + 6) * e2**2 * t / 2
    exact = -4 * step * r * (1 + r) - 2 * step * e2 * t + step**2 * second
    assert abs(drawn.mean() - exact) < 4.5 * drawn.std() / 500
    first = np.sum(moved[:, :d] * moved[:, d:], axis=1) - 1 - r + step * (r * t + 2 * e2 * (1 + r))
    assert abs(first.mean()) < 1.0 * step**2 * t**2 * (1 + e2) ** 3  # what is left is of order α²
    m2p4 = m**2 * p**4
    assert abs(m2p4.mean() - t**2 * (1.5 * n + 12 + 6 * (2 * (1 + r) / t) ** 2)) < 4.5 * m2p4.std() / 500


@pytest.mark.slow
def test_the_difference_step_moves_along_the_minima_and_the_slope_does_not():
    with jax.enable_x64(True):
        problem = flatness.product(6, 0)
        seeds = np.arange(24)
        at = flatness.path(problem, flatness.ways(0.3), 4e-3, seeds, 10, 512)
        still = flatness.path(problem, flatness.ways(None), 4e-3, seeds[:4], 10, 512)
    kept = flatness.law(float(at.trace[:, 1].mean()), 12, 4e-3, 0.3, at.k[1:])
    ratio = page.student(at.trace[:, -1] / at.trace[:, 1].mean()).times(kept[0] / kept[-1])
    assert abs(ratio.value - 1) < 4 * ratio.stderr + 0.02 and kept[-1] < 0.6 * kept[0]
    assert still.trace[:, -1] == pytest.approx(still.trace[:, 5], rel=1e-6)
    assert flatness.first_order(9.0, 1e-3, 0.1, np.array([0, 10**8]))[-1] == pytest.approx(2)  # the flattest minima


@pytest.mark.slow
def test_a_record_that_says_otherwise_changes_the_verdict(tmp_path):
    with jax.enable_x64(True):
        arrays, meta = stability(**ASKED)()
        assert jnp.isfinite(jnp.asarray(arrays["0.1/trace"])).all()
    full = {**meta, "status": "ok", "config": {}}
    claim = next(claim for claim in claims.of("stability") if "slope itself" in claim.statement)

    def verdict(trace):
        store.write(tmp_path / "one.npz", {**arrays, "slope/trace": trace}, full)
        return claim.verdict(page.measures(page.EXPERIMENT.read([tmp_path / "one.npz"])))

    flat = np.full_like(arrays["slope/trace"], 5.0)
    assert verdict(flat) == "holds"
    assert verdict(flat * np.linspace(1, 0.9, flat.shape[1])) == "refuted"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"part": "limits"}, "part=limits: there are limits-N"),
        ({"part": "network-x"}, "part=network-x: there are"),
        ({"runs": 1}, "runs=1: a whole number from 2 on"),
        ({"eps": [0.0]}, r"eps=\[0.0\]: positive"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        stability(**{**ASKED, **asked})
