"""Runs together: the numbers of runs apart to rounding, and bytes that do not depend on what runs beside them."""

import jax
import jax.numpy as jnp
import loops
import numpy as np
import optax
import pytest

from zobench import batches, build, estimators, methods, together
from zobench.command import compose
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.types import Problem

N = 6
ROUNDING = {"float64": 2e-7, "float32": 2e-3}  # of a gap: that of a record, and what a difference makes of a last bit
ESTIMATORS = {
    "sphere": estimators.two_point(),
    "gaussian": estimators.two_point("gaussian"),
    "signs": estimators.two_point("rademacher"),
    "axis": estimators.two_point("coordinate"),
    "q": estimators.two_point(q=3),
    "orthogonal": estimators.two_point(q=3, orthogonal=True),
    "forward": estimators.two_point(quotient="forward"),
    "derivative": estimators.forward_gradient(),
    "axes": estimators.finite_difference(),
}
METHODS = {
    "descent": methods.descent,
    "accelerated": methods.accelerated,
    "random_pursuit": methods.random_pursuit,
}


def both(problem, is_wide=False, **settings):
    """A cell apart and together: arrays of each."""
    apart, _ = loops.cell(problem, layout="apart", **settings)
    with batches.wide(is_wide):
        return apart, loops.cell(problem, layout="together", **settings)[0]


def assert_alike(cells, rule, dtype) -> None:
    """Curves to rounding, above what is rounding itself; hitting times but for ties of rounding, few and next to it."""
    apart, beside = cells
    assert apart.keys() == beside.keys()
    shown = min(apart[f"{rule}/k"].size, beside[f"{rule}/k"].size)
    a, b = (each[f"{rule}/gap"][:, :shown] for each in cells)
    assert np.isfinite(a).all()
    np.testing.assert_allclose(b, a, rtol=ROUNDING[dtype], atol=1e-5 * a[:, :1].max() * (dtype == "float32"))
    hits = apart[f"{rule}/hits"], beside[f"{rule}/hits"]
    differ = hits[0] != hits[1]
    every = apart[f"{rule}/k"][1]
    assert differ.mean() <= (0.05 if dtype == "float32" else 0)
    assert (np.abs(hits[0] - hits[1])[differ] <= every).all()


@pytest.mark.slow
@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [*ESTIMATORS])
def test_the_same_numbers_as_apart_with_every_estimator(name, dtype, is_wide):
    settings = {"estimator": ESTIMATORS[name], "dtype": dtype, "seeds": 20, "target": 1e-2}
    assert_alike(both(quadratic(N, mu=0.1), is_wide, **settings), "theory", dtype)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [*METHODS])
def test_the_same_numbers_as_apart_with_every_method(name, dtype):
    rule = "own" if name == "random_pursuit" else "theory"
    settings = {"method": METHODS[name], "dtype": dtype, "seeds": 20, "target": 1e-2}
    assert_alike(both(quadratic(N, mu=0.1), **settings), rule, dtype)


@pytest.mark.slow
def test_the_same_numbers_with_memory_noise_tuning_and_a_budget():
    """Adam; a noisy f; steps that are tuned, which is done apart; a cap within a block, and one below a record."""
    for rule, settings in (
        ("0.05", {"optimizer": optax.adam, "step": [0.05]}),
        ("tuned", {"step": ["tuned"], "tuning_seeds": 2, "tuning_tries": 3}),
        ("theory", {"calls": 50}),
        ("theory", {"calls": 4}),
    ):
        problem = quadratic(N, mu=0.1)
        apart, beside = both(problem, seeds=5, target=1e-2, **settings)
        assert_alike((apart, beside), rule, "float64") if "calls" not in settings else None
        np.testing.assert_array_equal(apart[f"{rule}/k"], beside[f"{rule}/k"])
        np.testing.assert_allclose(beside[f"{rule}/x_end"], apart[f"{rule}/x_end"], rtol=1e-7, atol=1e-12)
    apart, beside = both(noisy(quadratic(N, mu=0.1), 1e-3), seeds=5, target=0.1, step=[0.05])
    np.testing.assert_allclose(beside["0.05/gap"], apart["0.05/gap"], rtol=1e-4)


def test_bytes_do_not_depend_on_what_runs_beside(monkeypatch):
    """Seeds alone, with few and with many, across a border of groups; a run on to another's end begins the same."""
    monkeypatch.setattr(together, "GROUP", 8)
    settings = {"layout": "together", "target": 1e-2}
    many, _ = loops.cell(quadratic(N), seeds=14, seed=3, **settings)
    for seed, seeds in ((3, 1), (6, 4), (16, 1)):
        few, _ = loops.cell(quadratic(N), seeds=seeds, seed=seed, **settings)
        own, shown = slice(seed - 3, seed - 3 + seeds), few["theory/k"].size
        for name in ("gap", "gradient", "distance"):
            np.testing.assert_array_equal(few[f"theory/{name}"], many[f"theory/{name}"][own, :shown])
        np.testing.assert_array_equal(few["theory/hits"], many["theory/hits"][own])


def test_auto_takes_many_short_runs_together_on_a_cpu():
    def asked(n, runs, f=jnp.sum, **known):
        return together.goes_together(Problem(f=f, x0=jnp.ones(n), **known), "auto", runs)

    assert asked(together.SHORT, together.MANY)
    assert not asked(together.SHORT, together.MANY - 1)
    assert not asked(together.SHORT + 1, together.MANY)
    assert not asked(2, together.MANY, differentiable=False)
    assert not asked(2, together.MANY, lambda x: jnp.sum(jnp.outer(jnp.arange(1.0 + together.WIDE), x)))
    assert not asked(2, together.MANY, jax.jit(lambda x: jnp.sum(jnp.outer(jnp.arange(1.0 + together.WIDE), x))))


def test_a_group_of_long_runs_is_small():
    assert together.size_of(10, 5) == together.GROUP
    assert together.size_of(10**6, 5) * 10**6 <= together.MOST
    assert together.size_of(10**9, 5) == 1
    with batches.wide():
        assert together.size_of(10, 100_000) == 100_000
        assert together.size_of(10**6, 1) == 1
        assert together.size_of(10**9, 5) == 1


def test_a_layout_that_is_asked_for_names_the_record():
    def key(*overrides):
        return build.key(build.numeric(compose.single(compose.parse([*overrides]))))

    with compose.session():
        assert key() == key("layout=auto")
        assert len({key(), key("layout=apart"), key("layout=together")}) == 3


def test_a_black_box_is_not_taken_together():
    problem = quadratic(N)._replace(differentiable=False)
    with pytest.raises(ValueError, match=r"layout=together.*use layout=auto"):
        loops.cell(problem, layout="together")
