"""Floors under noise against closed forms, averaging, the exact recursion, and records that say something else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import estimators, floors, store
from zobench.experiments.noise.study import _settings, _small_step, noise
from zobench.problems.quadratics import quadratic
from zobench.problems.robust import welsch
from zobench.problems.wrappers import noisy
from zobench.report import claims, page
from zobench.types import Key, oracle

ASKED = {
    "sigma": 1e-3, "eps": 0.1, "multiplicative": 0.01, "q": [2], "repeats": [2], "target": 2.5e-5, "seeds": 16,
    "seed": 0, "dtype": "float64",
}  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    return noise(quadratic(dim=4, spectrum="isotropic"), **ASKED)()


def test_floors_are_those_of_the_exact_recursion(measured):
    """Closed forms at α = 1/(nL): nσ²/(4ε²), nσ²/ε² + nε²/8, nε²/8; the recursion agrees, and so do the runs."""
    _, meta = measured
    closed = {"central, noise": 1e-4, "forward, noise": 4e-4 + 5e-3, "forward, no noise": 5e-3}
    for name, value in closed.items():
        assert meta["floors"][name]["exact"] == pytest.approx(value, rel=1e-3)
    known = {name: one for name, one in meta["floors"].items() if "common" not in name and "relative" not in name}
    assert len(known) == 6
    for name, one in known.items():
        value, error = one["floor"]
        assert abs(value - one["exact"]) < 4.5 * error, name
    relative = meta["floors"]["central, relative noise"]["floor"]
    assert abs(relative[0] - 4 * (0.01 * 0.1) ** 2 / 16) < 4.5 * relative[1] + 0.05 * relative[0]
    for name in ("central, common noise", "central, common relative noise"):
        assert meta["floors"][name]["floor"][0] < 1e-6


def test_iterations_below_the_floor_are_those_of_the_recursion(measured):
    for one in measured[1]["reached"].values():
        assert one["k"] == pytest.approx(one["exact"], rel=0.2) and one["exact"] < np.inf
    problem = quadratic(dim=4, spectrum="isotropic")
    assert _small_step(problem, 1e-3, 0.1, 2.5e-5) == pytest.approx(1 / 16)
    assert _small_step(problem, 1e-9, 0.1, 2.5e-5) == pytest.approx(1 / 4)  # never above 1/(nL)


def test_averaged_values_have_independent_noise_that_is_less():
    """σ/√r, fresh at each call and repeat; common noise stays common."""
    inside, x = quadratic(dim=2), jnp.zeros(2)
    steps, calls = jnp.arange(400, dtype=jnp.uint32), jnp.arange(2, dtype=jnp.uint32)
    for common in (False, True):
        ask = floors.averaged(noisy(inside, 1.0, common=common), 4).F
        assert ask is not None
        values = jax.jit(jax.vmap(jax.vmap(lambda k, c, F=ask: F(x, Key(jnp.uint32(0), k, c)), (None, 0)), (0, None)))
        drawn = np.asarray(values(steps, calls))
        assert 0.45 < drawn[:, 0].std(ddof=1) < 0.55
        assert (drawn[:, 0] == drawn[:, 1]).all() == common
    assert floors.averaged(inside, 4) is inside


def test_descent_is_the_slow_obvious_loop():
    """x₊ = x − αG, step by step, against the runs of a study."""
    problem, made = noisy(quadratic(dim=3, spectrum="uniform"), 0.01), estimators.two_point(eps=0.1)
    (run,) = floors.descend(floors.compiled(problem, made), [0.2], 2, 5, 6)
    x = problem.x0
    for k in range(int(run.k[-1])):
        key = Key(jnp.uint32(6), jnp.uint32(k))
        g, _ = made.estimate(oracle(problem, key), x, made.draw(key, 3, x.dtype), ())  # type: ignore[misc]
        x = x - 0.2 * g
    assert run.gap[1, -1] == pytest.approx(float(problem.f(x)), rel=1e-7)  # the noise has single precision


def test_a_run_that_is_lost_has_no_floor():
    run = floors.Descent(np.arange(4), np.array([[1.0, 2, np.inf, np.nan], [1, 1, 1, 1]]))
    assert run.floor(1) == run.floor(9) == (np.inf, 0)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"sigma": 0.0}, r"sigma=\[0.0\]: positive"),
        ({"q": [0]}, r"q=\[0\], repeats=\[2\]: whole numbers from 1"),
        ({"target": 1e-12}, r"target=1e-12: it takes .* iterations at this noise; give a larger one"),
        ({"seeds": 1}, "seeds=1: a whole number from 2 on"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        noise(quadratic(dim=8, spectrum="isotropic"), **{**ASKED, **asked})


def test_other_functions_are_refused():
    with pytest.raises(ValueError, match="known on quadratics alone"):
        noise(welsch(dim=4), **ASKED)


def test_a_record_that_says_otherwise_changes_the_verdict(measured, tmp_path):
    arrays, meta = measured
    full = {**meta, "status": "ok", "config": {}}
    claim = next(claim for claim in claims.of("noise") if "leaves no floor" in claim.statement)

    def verdict(changed):
        store.write(tmp_path / "one.npz", arrays, changed)
        return claim.verdict(page.measured("noise", [tmp_path / "one.npz"]))

    assert verdict(full) == "holds"
    common = {**meta["floors"]["central, common noise"], "floor": [1e-4, 1e-6]}
    assert verdict({**full, "floors": {**meta["floors"], "central, common noise": common}}) == "refuted"
    assert len(_settings([1, 2], [2])) == 8
