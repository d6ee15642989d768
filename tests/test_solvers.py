"""Solvers on the host: counted to the call, best so far, and what an exception leaves."""

import subprocess
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import loops
import numpy as np
import pytest
from scipy.optimize import minimize

from zobench import methods, solvers
from zobench.host import Box, Spent
from zobench.noise_aware import noise_aware_lbfgs
from zobench.problems.black_boxes import black_box
from zobench.problems.maps import mds
from zobench.problems.quadratics import quadratic
from zobench.types import Problem

VALUES = {
    "Nelder-Mead": solvers.scipy("Nelder-Mead", "none"),
    "adaptive Nelder-Mead": solvers.scipy("Nelder-Mead", "none", adaptive=True),
    "Powell": solvers.scipy("Powell", "none"),
    "COBYQA": solvers.scipy("COBYQA", "none"),
    "BFGS, forward differences": solvers.scipy("BFGS", "forward"),
    "L-BFGS-B, central differences": solvers.scipy("L-BFGS-B", "central"),
    "L-BFGS-B, intervals by bisection": noise_aware_lbfgs(),
}
GRADIENTS = {name: solvers.scipy(name, "exact") for name in ("L-BFGS-B", "BFGS", "CG")}


def counted(problem: Problem) -> tuple[Problem, list[int]]:
    """The same problem, counting what is asked of it (F), not what is measured (f)."""
    calls = [0]

    def ask(x, key):
        jax.debug.callback(lambda: calls.__setitem__(0, calls[0] + 1))
        return problem.f(x)

    return problem._replace(F=ask), calls


@pytest.mark.parametrize("budget", [1, 7, 60])
@pytest.mark.parametrize("name", VALUES | GRADIENTS)
def test_no_solver_asks_one_call_more_than_its_budget(name, budget):
    solver = (VALUES | GRADIENTS)[name]
    problem, calls = counted(mds(points=6))
    trace = solver.solve(problem, budget, 0)
    jax.effects_barrier()
    assert calls[0] == trace.calls <= budget
    assert trace.calls == budget or trace.ended != "budget"  # it may find the minimum before, to rounding
    assert budget > 10 or trace.ended == "budget"
    assert trace.k[0] == 0 and (np.diff(trace.k) > 0).all() and trace.k[-1] <= budget
    values = np.array([float(problem.f(jnp.asarray(x))) for x in trace.x[1:]])
    assert (np.diff(values) <= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES | GRADIENTS)
def test_every_solver_solves_a_quadratic_and_says_why_it_ended(name):
    problem = quadratic(dim=4, spectrum="uniform")
    trace = (VALUES | GRADIENTS)[name].solve(problem, 5000, 0)
    assert float(problem.f(jnp.asarray(trace.x[-1]))) < 1e-12
    assert trace.ended


def test_a_single_nelder_mead_run_on_six_cities():
    """About 2,100 values to converge, 1,300 with adaptive parameters (theory sheet, section 9), without restarts."""
    problem = mds(points=6, stress="stress")
    for adaptive, most in ((False, 2600), (True, 1700)):
        trace = solvers.scipy("Nelder-Mead", "none", adaptive).solve(problem, most, 0)
        assert float(problem.f(jnp.asarray(trace.x[-1]))) < 1.01 * problem.f_star


cell = partial(loops.cell, seeds=3, target=1e-6, gd_iterations=400)


def test_a_solver_makes_the_same_kind_of_record():
    problem = quadratic(dim=4, spectrum="uniform")
    arrays, meta = cell(problem, lambda: VALUES["Nelder-Mead"])
    trace = VALUES["Nelder-Mead"].solve(problem, 400, 0)
    values = np.array([float(problem.f(jnp.asarray(x))) for x in trace.x])
    assert arrays["own/hits"].tolist() == [trace.k[np.argmax(values <= 1e-6 * values[0])]]
    assert arrays["own/gap"].shape == (1, arrays["own/k"].size)
    assert (np.diff(arrays["own/gap"][0]) <= 0).all()
    assert meta["calls"] == {"value": 1, "jvp": 0, "grad": 0}


@pytest.mark.slow
def test_cma_differs_by_seed_and_repeats_itself():
    pytest.importorskip("cma")
    problem = quadratic(dim=4, spectrum="uniform")
    (first, _), (again, _) = (cell(problem, solvers.cma) for _ in range(2))
    assert first["own/gap"].shape[0] == 3
    assert len(set(first["own/hits"])) > 1
    np.testing.assert_array_equal(first["own/gap"], again["own/gap"])


@pytest.mark.parametrize("budget", [2, 15, 100])
def test_a_budget_of_calls_holds_for_compiled_methods(budget):
    problem, calls = counted(quadratic(dim=6))
    for method in (methods.descent, methods.random_pursuit):
        calls[0] = 0
        if method is methods.random_pursuit and budget < 3:
            with pytest.raises(ValueError, match=r"stop\.calls=2: one step of this method asks 3 calls"):
                cell(problem._replace(differentiable=False), method, calls=budget)
            continue
        _, meta = cell(problem._replace(differentiable=False), method, calls=budget, seeds=1, target=1e-30)
        jax.effects_barrier()
        each = meta["calls"]["value"]
        assert calls[0] == each * (budget // each) == each * next(iter(meta["rules"].values()))["steps_run"]


@pytest.mark.parametrize("method", [methods.descent, methods.random_pursuit, lambda: VALUES["Powell"]])
def test_what_was_recorded_until_a_black_box_raised_is_kept(method):
    calls = [0]

    def black_box(x: np.ndarray) -> np.ndarray:
        calls[0] += 1
        if calls[0] > 100:
            raise RuntimeError("the plant is on fire")
        return np.asarray((x**2).sum() + x.sum() ** 4)

    def f(x):
        return jax.pure_callback(black_box, jax.ShapeDtypeStruct((), x.dtype), x, vmap_method="sequential")

    problem = Problem(
        f=lambda x: jnp.sum(x**2) + jnp.sum(x) ** 4, F=lambda x, key: f(x), x0=jnp.ones(4), f_star=0.0, L=800.0
    )
    arrays, meta = cell(problem._replace(differentiable=False), method, target=1e-30)
    assert "the plant is on fire" in meta["failure"]
    rule = next(iter(meta["rules"]))
    assert arrays[f"{rule}/gap"].shape[1] > 4
    assert np.isfinite(arrays[f"{rule}/gap"]).all()


def test_cells_of_other_methods_do_not_import_scipys_solvers():
    code = "import sys, zobench.cell, zobench.estimators; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_runs_of_a_cell_trace_f_once():
    traced = []

    def f(x, key):
        traced.append(x)
        return jnp.sum(x**2) + key.step * 1e-3

    problem = Problem(f=lambda x: jnp.sum(x**2), F=f, x0=np.ones(3))
    ends = [VALUES["Powell"].solve(problem, 40, seed).x[-1] for seed in (0, 1)]
    assert len(traced) == 1 and np.isfinite(ends).all()


@pytest.mark.slow
def test_a_call_costs_little_more_than_that_of_the_compiled_function():
    """CPU time; to ask through JAX's own arrays and transfers takes eleven times as long as the call."""
    problem, x, calls = quadratic(10), np.ones(10), 1000
    box, compiled = Box(problem._replace(x0=x), 10**6, 0, False), jax.jit(problem.f)

    def seconds(ask):
        ask(x)
        times = []
        for _ in range(5):
            start = time.process_time()
            for _ in range(calls):
                ask(x)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(box) < 3 * seconds(lambda x: float(compiled(x)))


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_point_is_asked_once_without_scipys_memory_of_it(name, monkeypatch):
    """The points and the calls are those that scipy's memory makes of a function of both."""
    monkeypatch.setattr("scipy.optimize._optimize.MemoizeJac.__init__", lambda *_: pytest.fail("scipy's memory"))
    trace = GRADIENTS[name].solve(quadratic(dim=6), 30, 0)
    monkeypatch.undo()
    box = Box(quadratic(dim=6), 30, 0, True)
    options = {"gtol": 0.0} | ({"ftol": 0.0, "maxls": 50} if name == "L-BFGS-B" else {})
    with pytest.raises(Spent):
        minimize(box, np.asarray(quadratic(dim=6).x0, float), method=name, jac=True, options=options)
    assert trace.calls == box.calls == 30
    np.testing.assert_array_equal(trace.x[1:], [x for _, x in box.points])


def test_gradients_that_an_algorithm_does_not_take_are_refused():
    with pytest.raises(ValueError, match=r"gradient=exact: Powell takes none"):
        solvers.scipy("Powell")
    with pytest.raises(ValueError, match=r"gradient=none: BFGS takes exact, forward or central"):
        solvers.scipy("BFGS", "none")
    with pytest.raises(ValueError, match=r"eps=0.1: the step of differences; use gradient=forward or central"):
        solvers.scipy("BFGS", "exact", eps=0.1)
    with pytest.raises(ValueError, match=r"eps=-1: the difference step is a positive number"):
        solvers.scipy("BFGS", "forward", eps=-1)


@pytest.mark.parametrize("name", VALUES)
def test_a_black_box_is_called_no_more_often_than_the_budget_says(name):
    """Counted in the function itself, over the whole of a cell: making the problem, three runs, and no measuring."""
    calls = [0]

    def plain(x: np.ndarray) -> float:
        calls[0] += 1
        return float((x**2).sum() + x.sum() ** 4 + x[0])

    problem = black_box(plain, [1.0, -0.5, 0.3], f_star=-1.0)
    _, meta = cell(problem, lambda: VALUES[name], calls=40, target=1e-30)
    assert calls[0] == meta["rules"]["own"]["asked"] <= 3 * 40 == 3 * meta["rules"]["own"]["cap"]
    calls[0] = 0
    cell(black_box(plain, [1.0, -0.5, 0.3], remember=True), lambda: VALUES[name], calls=40)
    assert calls[0] <= 40  # one run, as all would be the same
