"""Runs together: the numbers of runs apart to rounding, and bytes that do not depend on what runs beside them."""

import os
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import loops
import numpy as np
import optax
import pytest

import zobench as zo
from zobench import batches, build, estimators, loop, methods, programs, states, together, wide_steps
from zobench.cell import run_cell
from zobench.command import compose
from zobench.derivatives.price import inside
from zobench.plan import Settings
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


def both(problem, is_wide: bool = False, **settings):
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
@pytest.mark.parametrize(("name", "n"), [("sphere", 8), ("sphere", 6), ("gaussian", 6), ("signs", 8), ("q", 6)])
def test_the_same_numbers_with_several_steps_in_a_turn(name, n, monkeypatch):
    """Four of them between two records, and three, which begin within a turn; rounds of one turn; a cap within it."""
    monkeypatch.setattr(wide_steps, "ODD", 3)
    monkeypatch.setattr(wide_steps, "TURNS", 4)
    for calls in ({}, {"calls": 50}):
        settings = {"estimator": ESTIMATORS[name], "seeds": 4, "target": 1e-2} | calls
        apart, beside = both(quadratic(n, mu=0.1), True, **settings)
        np.testing.assert_array_equal(beside["theory/hits"], apart["theory/hits"])
        np.testing.assert_allclose(beside["theory/gap"], apart["theory/gap"], rtol=ROUNDING["float64"])
        np.testing.assert_allclose(beside["theory/x_end"], apart["theory/x_end"], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 6, 12, 32])
def test_no_turn_goes_over_the_end_of_a_period(period):
    """Behind it there is another draw, also of a user's own estimator with a period that is odd; all steps are made."""
    for every in range(1, 70):
        shared, rounds, turns = wide_steps.rounds_of(period, every, 64)
        assert period % shared == 0 and shared * rounds * turns >= every + (every % shared > 0)


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
        apart, beside = both(problem, False, seeds=5, target=1e-2, **settings)
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


def test_a_layout_or_a_rhythm_that_is_asked_for_names_the_record():
    def key(*overrides):
        return build.key(build.numeric(compose.single(compose.parse([*overrides]))))

    with compose.session():
        assert key() == key("layout=auto")
        assert key() == key("records=2") == key("records=2.0")
        assert len({key(), key("layout=apart"), key("layout=together"), key("records=8")}) == 4


def test_the_front_door_takes_a_layout(monkeypatch):
    made, compile_group = [], together.compile_group
    monkeypatch.setattr(together, "compile_group", lambda *a: made.append(a) or compile_group(*a))
    apart, beside = (zo.run(quadratic(N), zo.autodiff(), layout=layout) for layout in ("apart", "together"))
    assert len(made) == 1
    np.testing.assert_array_equal(apart.hits, beside.hits)
    with pytest.raises(ValueError, match="layout=beside: layout is auto, apart or together"):
        zo.run(quadratic(N), zo.autodiff(), layout="beside")


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["apart", "together"])
def test_records_are_as_frequent_as_asked_for(layout):
    """The same runs, of which every record is one of the finer ones; one in each 3 iterations and not in each 20."""
    given = {"seeds": 3, "layout": layout, "target": 0.1}
    coarse, fine = (zo.run(quadratic(40), zo.two_point(), records=records, **given) for records in (2, 13))
    assert coarse.k[1] == 20 and fine.k[1] == 3
    of_both = np.intersect1d(coarse.k, fine.k)
    assert of_both.size > 3
    curves = (result.curves[:, np.searchsorted(result.k, of_both)] for result in (coarse, fine))
    np.testing.assert_allclose(*curves, rtol=1e-6)
    with pytest.raises(ValueError, match="records=0: records is a positive number"):
        zo.run(quadratic(N), zo.two_point(), records=0)


def test_a_black_box_is_not_taken_together():
    problem = quadratic(N)._replace(differentiable=False)
    with pytest.raises(ValueError, match=r"layout=together.*use layout=auto"):
        loops.cell(problem, layout="together")


def two_point_descent(step):
    return methods.descent(estimators.two_point(), optax.sgd(step))


def loops_in(jaxpr) -> set[str]:
    """The primitives of a jaxpr and of all within it."""
    names = {equation.primitive.name for equation in jaxpr.eqns}
    inner = (body for equation in jaxpr.eqns for body in inside(equation.params.values()))
    return names.union(*map(loops_in, inner))


def test_a_wide_machine_is_not_asked_in_each_turn_of_a_loop(monkeypatch):
    """Only where a record is further away than a round is there a loop whose length the compiler does not know."""
    asked = []
    monkeypatch.setattr(programs, "compiled", lambda f, *args, **more: asked.append(jax.make_jaxpr(f)(*args).jaxpr))
    monkeypatch.setattr(wide_steps, "TURNS", 64)
    for n, is_wide in ((32, False), (32, True), (300, True)):
        problem = quadratic(n)._replace(x0=jnp.ones(n))
        with batches.wide(is_wide):
            together.compile_group(problem, two_point_descent, 4)
    assert [("while" in loops_in(jaxpr)) for jaxpr in asked] == [True, False, True]
    assert lengths_of(asked[1]) == [64, 16 // 4]  # of records, none behind the last, and turns of four steps


def lengths_of(jaxpr) -> list[int]:
    """The lengths of the scans of a jaxpr, from without to within."""
    found = []
    for equation in jaxpr.eqns:
        found += [equation.params["length"]] if equation.primitive.name == "scan" else []
        found += [length for body in inside(equation.params.values()) for length in lengths_of(body)]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("direction", "arrays"), [("gaussian", 2), ("sphere", 2), ("rademacher", 1)])
def test_a_wide_machine_keeps_the_directions_of_a_turn(direction, arrays):
    n = 2**20
    problem = quadratic(n)._replace(x0=jnp.ones(n, jnp.float32), x_star=None)
    with batches.wide():
        method_of = lambda step: methods.descent(estimators.two_point(direction), optax.sgd(step))  # noqa: E731
        block = together.compile_group(problem, method_of, 1).block
    kept = block.func.memory_analysis().temp_size_in_bytes  # type: ignore[attr-defined]
    assert kept <= (4 * arrays + 0.1) * n


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "calls"), [(6, 8), (20, 4)])
def test_steps_are_tuned_at_once_on_a_wide_machine(seeds, calls, monkeypatch):
    """The tries, their hitting times and outcomes are those of runs one by one, divergence and giving up included.

    Where there is room for the runs of several tries, these go together.
    """
    settings = {"step": ["tuned"], "tuning_seeds": 5, "tuning_tries": 8, "seeds": seeds, "target": 1e-2}
    made, advance = [], together.advance
    monkeypatch.setattr(together, "advance", lambda *args, **given: made.append(args) or advance(*args, **given))
    apart, beside = both(quadratic(N, mu=0.1), True, **settings)
    assert len(made) - 1 <= calls  # and one of the runs that are reported
    for name in ("multiples", "hits", "outcome"):
        np.testing.assert_array_equal(beside[f"tuning/{name}"], apart[f"tuning/{name}"])
    assert {"diverged", "not run"} & {*apart["tuning/outcome"].ravel()}
    assert_alike((apart, beside), "tuned", "float64")


@pytest.mark.slow
def test_runs_that_have_ended_stay_and_runs_behind_the_room_of_a_group_follow(monkeypatch):
    problem = quadratic(N, mu=0.1)
    problem = problem._replace(x0=jnp.asarray(problem.x0))
    with batches.wide(), jax.enable_x64(True):
        monkeypatch.setattr(together, "ROOM", 4 * N)
        size = together.size_of(N, 10)
        program = together.compile_group(problem, two_point_descent, size)
        stop = loop.Stop("gap", 0.02, np.inf, 5000)
        going, staying = (
            together.advance(program, 0.1, range(10), stop, lambda k: None, stays=stays) for stays in (False, True)
        )
    assert size == 4 and np.isfinite(loop.hitting_times(staying, stop)[0]).all()
    for i, hit in enumerate(loop.hitting_times(going, stop)[0]):
        at = int(np.flatnonzero(going.k == hit)[0])
        np.testing.assert_array_equal(staying.gap[i, : at + 1], going.gap[i, : at + 1])
        assert (staying.gap[i, at:] == staying.gap[i, at]).all()
    assert len({*staying.gap[:, -1]}) == 10


class Killed(BaseException):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("is_wide", [False, True])
def test_a_run_that_was_killed_goes_on(tmp_path, is_wide):
    """With the same bits as one that was not; not beyond its budget, and from nothing where it would have ended."""

    def run(folder, fails_at=0, budget=2000, target=1e-9):
        said = []

        def progress(rule, k, cap):
            said.append(k)
            if len(said) == fails_at:
                raise Killed

        settings = Settings(["theory"], seeds=70, gd_iterations=budget, target=target, layout="together")
        parts = quadratic(N, mu=0.1), estimators.two_point(), optax.adam, methods.descent
        return run_cell(*parts, settings, progress, family=folder and states.states_of(folder))

    with batches.wide(is_wide):
        changes: list[tuple[dict[str, Any], int]] = [({}, 70), ({"target": 0.5} if is_wide else {"budget": 20}, 0)]
        for change, reused in changes:
            expected, about = run(None, **change)
            with pytest.raises(Killed):
                run(tmp_path, fails_at=3)
            found, again = run(tmp_path, **change)
            assert about["reused"]["runs"] == 0 and again["reused"]["runs"] == reused
            assert found.keys() == expected.keys()
            for name, array in expected.items():
                np.testing.assert_array_equal(found[name], array)
            assert again["rules"]["theory"]["steps_run"] == about["rules"]["theory"]["steps_run"]


DEVICES = """
import jax, jax.numpy as jnp, numpy as np, optax
from zobench import batches, estimators, methods, together, spread, loop
from zobench.problems.quadratics import quadratic
jax.config.update("jax_enable_x64", True)
assert len(jax.devices()) == 8
method_of = lambda step: methods.descent(estimators.two_point(), optax.adam(step))
for n, size, rotated, devices in ((40, 1, True, 8), (12, 1, False, 6), (6, 16, False, 8)):
    problem = quadratic(n, mu=0.1, rotated=rotated)
    problem = problem._replace(x0=jnp.asarray(problem.x0))
    found = []
    for least in (2**30, 1 if size == 1 else 32):
        spread.LEAST = least
        with batches.wide():
            program = together.compile_group(problem, method_of, size)
            stop = loop.Stop("gap", 0.0, np.inf, 40)
            found.append(together.advance(program, 0.01, range(size), stop, lambda k: None))
        held, args = program.block.args[0][0], program.block.func.input_shardings[0][1]
    assert held.sharding.num_devices == args.num_devices == devices, (n, held.sharding)
    assert args.spec[:2] == ((None, "n") if size == 1 else ("runs",))
    assert held.sharding.is_fully_replicated == (size > 1)
    assert found[0].gap.shape == (size, len(found[0].k))
    np.testing.assert_allclose(found[1].gap, found[0].gap, rtol=1e-6)
    np.testing.assert_allclose(found[1].x_end, found[0].x_end, rtol=1e-6, atol=1e-9)
"""


@pytest.mark.slow
def test_several_devices_give_the_same_numbers():
    """Eight virtual ones: long x is cut along its coordinates, over as many as divide n, and else the runs."""
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", DEVICES], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
