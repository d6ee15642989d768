"""Ask and tell: the points are those of `zo.run`, to the bit and in its order, whoever evaluates them."""

import gc
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import zobench as zo
from zobench import asking

START = np.array([1.0, -2.0, 0.5, 3.0])
SCALE = np.array([1.0, 2.0, 5.0, 10.0])


def f(x):
    return 0.5 * float(np.sum(SCALE * np.asarray(x, float) ** 2)) + float(np.sum(np.cos(x)))


def asked_by_run(method, calls, dtype, **options):
    """The points that a run asks, by its callback, and its best one."""
    points = []

    def host(data):
        points.append(np.frombuffer(np.asarray(data).tobytes(), dtype))
        return np.array([f(points[-1])], dtype).view(np.uint8)

    def F(x, key):
        result = jax.ShapeDtypeStruct((x.dtype.itemsize,), jnp.uint8)
        value = jax.pure_callback(host, result, jax.lax.bitcast_convert_type(x, jnp.uint8), vmap_method="sequential")
        return jax.lax.bitcast_convert_type(value, x.dtype)

    known = zo.Problem(lambda x: jnp.sum(x**2), START, F, f_star=0.0, x_star=np.zeros(4), L=11.0, differentiable=False)
    zo.run(known, method, seeds=1, calls=calls, target=1e-30, dtype=dtype, gd_iterations=1e6, **options)
    return points


METHODS = {
    "two-point": (zo.two_point(), {}),
    "many directions": (zo.two_point("rademacher", q=3, quotient="forward"), {"step": 0.03}),
    "differences": (zo.finite_difference(), {}),
    "float32": (zo.two_point("gaussian", q=2), {"dtype": "float32"}),
    "accelerated": (zo.accelerated, {"estimator": zo.two_point()}),
    "three points": (zo.three_point, {"step": 0.5}),
    "pursuit": (zo.random_pursuit(), {}),
    "1+1": (zo.one_plus_one(0.3), {}),
    "Adam": (zo.two_point(), {"step": 0.1, "optimizer": optax.adam}),
    "CMA-ES": (zo.cma(0.5), {}),
    "COBYQA": (zo.scipy("COBYQA", "none"), {}),
    "Nelder-Mead": (zo.scipy("Nelder-Mead", "none"), {}),
    "BFGS": (zo.scipy("BFGS", "forward"), {}),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_points_are_those_of_a_run_to_the_bit(name):
    method, options = METHODS[name]
    told = {"step": "theory", "dtype": "float64", **options}
    expected = asked_by_run(method, 120, seed=3, **told)
    run, asked = zo.minimizer(method, START, seed=3, L=11.0, **told), []
    while len(asked) < len(expected) and not run.done:
        points = run.ask()
        assert points.dtype == told["dtype"] and np.array_equal(points, run.ask())
        asked.extend(points)
        run.tell([f(x) for x in points])
    run.close()
    assert len(expected) >= 60 and b"".join(x.tobytes() for x in asked[: len(expected)]) == b"".join(
        x.tobytes() for x in expected
    )
    assert run.value == min(map(f, asked)) == f(run.x) and run.calls == len(asked)


def test_what_does_not_depend_on_each_other_is_asked_together():
    for method, together in ((zo.two_point(q=3), 6), (zo.random_pursuit(), 3), (zo.one_plus_one(), 1)):
        assert zo.minimizer(method, START, step=0.1).ask().shape == (together, 4)
    assert zo.minimizer(zo.cma(), START).ask().shape == (8, 4)  # a population
    for algorithm in ("BFGS", "L-BFGS-B", "CG"):
        run = zo.minimizer(zo.scipy(algorithm, "central"), START)
        run.tell(1.0)
        assert run.ask().shape == (8, 4)  # a gradient
        run.close()

    def step(oracle, x, state, draw):
        here = oracle.value(x)
        there = oracle.value(x - 0.01 * here)
        return jnp.where(there < here, x - 0.01 * here, x), state

    ahead = zo.Method(lambda x: (), step, lambda n: zo.Calls(value=2))
    run = zo.minimizer(ahead, START)
    first = run.ask()
    run.tell([7.0])
    assert np.array_equal(first, [START]) and np.allclose(run.ask(), [START - 0.07])
    run.tell(3.0)
    assert np.allclose(run.ask(), [START - 0.07]) and np.allclose(run.x, START - 0.07) and run.value == 3.0


def test_a_point_that_is_asked_twice_may_have_two_values():
    run = zo.minimizer(zo.three_point, START, step=0.5)
    first, second = run.ask()
    assert np.array_equal(first, second)
    run.tell([5.0, 4.0])
    assert run.calls == 2 and run.value == 4.0 and not np.array_equal(*run.ask())


def test_a_solver_that_ends_is_done_and_nan_is_a_value():
    run = zo.minimizer(zo.scipy("COBYQA", "none"), [1.0, 1.0])
    run.tell(np.nan)
    while not run.done:
        run.tell([x @ x for x in run.ask()])
    assert run.ask().shape == (0, 2) and run.value < 1e-8
    with pytest.raises(ValueError, match="1 values for 0 points"):
        run.tell(1.0)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "zobench.minimizer"]


def gone():
    """Whether all of them end within 30 seconds."""
    deadline = time.monotonic() + 30
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not threads()


def test_a_thread_ends_with_its_run_however_that_ends():
    run = zo.minimizer(zo.cma(), START)
    run.tell([f(x) for x in run.ask()])
    assert len(threads()) == 1
    del run
    gc.collect()
    assert gone()
    run = zo.minimizer(zo.scipy("Powell", "none"), START)
    run.close()
    run.close()
    assert gone() and run.done and zo.minimizer(zo.two_point(), START, step=0.1).ask().shape == (2, 4)
    assert not threads()


def test_a_tree_to_start_from_is_refused_in_words():
    with pytest.raises(ValueError, match="x0: where to start is a list of finite numbers"):
        zo.minimizer(zo.two_point(), {"w": np.ones(2)}, step=0.1)  # type: ignore[arg-type]


def test_what_a_solver_raises_is_raised_by_tell():
    def solve(problem, budget, seed):
        ask = jax.jit(problem.F)
        ask(problem.x0, zo.Key(jnp.uint32(0), jnp.uint32(0)))
        raise RuntimeError("no more")

    run = zo.minimizer(zo.Solver(solve, lambda n: zo.Calls(value=1)), START)
    with pytest.raises(RuntimeError, match="no more"):
        run.tell(1.0)
    assert not threads()


@pytest.mark.slow
def test_two_that_wait_for_each_other_are_told_apart_from_one_that_thinks(monkeypatch):
    """scipy has a lock around COBYQA."""
    monkeypatch.setattr(asking, "SILENT", 0.5)
    monkeypatch.setattr(asking, "ENDS", 0.5)
    first = zo.minimizer(zo.scipy("COBYQA", "none"), START)
    with pytest.raises(RuntimeError, match="one COBYQA at a time"):
        zo.minimizer(zo.scipy("COBYQA", "none"), START)
    others = [zo.minimizer(zo.cma(), START) for _ in range(6)]
    for one in (first, *others):
        one.tell([f(x) for x in one.ask()])
        one.close()
    assert gone()


def test_a_program_may_end_while_a_solver_waits():
    code = "import zobench as zo; run = zo.minimizer(zo.cma(), [1.0, 2.0]); run.tell([x @ x for x in run.ask()])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("method", "x0", "options", "said"), [
    (zo.two_point(), START, {}, "L"),
    (zo.autodiff(), START, {"step": 0.1}, "no gradient"),
    (zo.two_point(), [[1.0]], {"step": 0.1}, "list of finite numbers"),
    (zo.two_point(), [np.nan], {"step": 0.1}, "list of finite numbers"),
    (zo.two_point(), START, {"step": "tuned", "L": 1.0}, "step=tuned: it would take runs"),
    (zo.two_point(), START, {"step": -1.0}, "step"),
    (zo.accelerated, START, {"step": 0.1}, "give estimator="),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(method, x0, options, said):
    with pytest.raises(ValueError, match=said):
        zo.minimizer(method, x0, **options)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0], []])
def test_one_value_for_each_point(values):
    run = zo.minimizer(zo.two_point(), START, step=0.1)
    with pytest.raises(ValueError, match="for 2 points"):
        run.tell(values)
    assert run.calls == 0
