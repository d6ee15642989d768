"""A cell: one problem, one method, all step rules and all seeds; its record's arrays."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from math import ceil, isfinite, isnan, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import solvers, theory
from zobench.methods import descent
from zobench.run import MOST, Curves, Stop, Values, advance, at_start, compile_block, hitting_times, measure
from zobench.solvers import Solver
from zobench.tuning import TUNING_SEEDS_FROM, tune
from zobench.types import Estimator, Key, Method, Problem, Scalar, oracle

DIVERGED = 1e6

OWN = "own"  # the step rule of a method that has no step size
FLAT = "a small gradient is no sign of arrival where f may be flat, so steps are not tuned for it"

Progress = Callable[[str, int, int], None]
Optimizer = Callable[[Any], optax.GradientTransformation]


class Plan(NamedTuple):
    """A cell that can be run: its problem in the right dtype, its method for a step size, a step for each rule."""

    problem: Problem
    method_of: Callable[[Scalar | float], Any]
    outline: Method | Solver
    steps: dict[str, float]


def plan_cell(
    problem: Problem,
    estimator: Estimator,
    optimizer: Optimizer,
    *,
    step: Sequence[str | float],
    metric: str,
    relative_to: str,
    dtype: str,
    calls: int | None = None,
    method: Callable[..., Method | Solver] = descent,
) -> Plan:
    """What a cell is to run. ValueError as `run_cell`."""
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    made = _maker(problem, estimator, optimizer, method)
    method_of = made or (lambda step: method())
    outline = method_of(1.0)
    _require_metric(problem, metric)
    steps = _rule_steps(problem, estimator, _honest(step, metric) if made else [OWN])
    _require_gradient(problem, outline)
    _cap(problem, outline, 1.0, calls)
    if relative_to == "minimum" and not problem.f_star > 0:
        raise ValueError(
            f"stop.relative_to=minimum: the minimum is {problem.f_star:g}, not positive; use start or unit"
        )
    return Plan(problem, method_of, outline, steps)


def check_cell(plan: Plan) -> None:
    """Trace one step, so that a cell that cannot be run is refused before anything is compiled."""
    problem, method = plan.problem, plan.outline
    if not isinstance(method, Method):
        return

    def one_step(x):
        key = Key(jnp.uint32(0), jnp.uint32(0))
        draw = method.draw(key, problem.n, x.dtype) if method.draw else ()
        return method.step(oracle(problem, key), x, method.init(x), draw)

    jax.eval_shape(one_step, problem.x0)


def run_cell(
    problem: Problem,
    estimator: Estimator,
    optimizer: Optimizer,
    *,
    step: Sequence[str | float],
    tuning_tries: int,
    tuning_seeds: int,
    seeds: int,
    seed: int,
    metric: str,
    target: float,
    relative_to: str,
    gd_iterations: float,
    dtype: str,
    calls: int | None = None,
    method: Callable[..., Method | Solver] = descent,
    progress: Progress = lambda rule, k, cap: None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Run every step rule of a cell for all its seeds: the record's arrays and what is to be known about it.

    At most gd_iterations·B iterations and `calls` oracle calls of all kinds a run. Without randomness one run is made;
    one without a step size has the rule "own". Raises ValueError where a step rule or the metric needs a constant that
    the problem does not know, and where the method needs a gradient that it does not have.
    """
    plan = plan_cell(
        problem,
        estimator,
        optimizer,
        step=step,
        metric=metric,
        relative_to=relative_to,
        dtype=dtype,
        calls=calls,
        method=method,
    )
    cap = _cap(plan.problem, plan.outline, gd_iterations, calls)
    if isinstance(plan.outline, Solver):
        first = Values(*map(float, measure(plan.problem, plan.problem.x0)))
        stop = _stop(plan.problem, first, metric, target, relative_to, cap)
        return _run_solver(plan, first, stop, [seed + i for i in range(seeds)], progress)
    reported, held_out = (
        range(seed, seed + seeds),
        range(TUNING_SEEDS_FROM + seed, TUNING_SEEDS_FROM + seed + tuning_seeds),
    )
    if not (plan.outline.draw or problem.F):
        reported, held_out = reported[:1], held_out[:1]
    program = compile_block(plan.problem, plan.method_of)
    first = at_start(program)
    stop = _stop(plan.problem, first, metric, target, relative_to, cap)
    arrays: dict[str, np.ndarray] = {}
    rules: dict[str, dict[str, Any]] = {}
    tuned: dict[str, Any] = {}
    for rule, size in plan.steps.items():
        began = time.perf_counter()
        if rule == "tuned":
            tuning = tune(program, size, tuning_tries, held_out, stop)
            arrays |= {f"tuning/{name}": getattr(tuning, name) for name in ("multiples", "hits", "outcome")}
            size *= tuning.best
            asked = tuning.iterations * plan.outline.calls(problem.n).total
            tuned = {name: getattr(tuning, name) for name in ("best", "bracketed")}
            tuned |= {"tries": len(tuning.multiples), "calls": asked}
        tuned_in = time.perf_counter() - began
        curves = advance(program, [size] * len(reported), reported, stop, partial(_report, progress, rule, stop))
        arrays |= _arrays(rule, curves, *hitting_times(curves, stop))
        if _function(method) is descent:
            arrays |= _exact(rule, plan.problem, estimator, optimizer, size, program.every, len(curves.k))
        rules[rule] = _rule_meta(size, curves, tuned_in, stop)
    taken = estimator if _uses(method, "estimator") else None
    left_out = {"tuned": FLAT} if "tuned" in step and "tuned" not in plan.steps else {}
    return arrays, {
        **_meta(plan, taken, first, stop, rules, program.compile_seconds),
        "tuning": tuned,
        "left_out": left_out,
    }


def _run_solver(
    plan: Plan, first: Values, stop: Stop, seeds: Sequence[int], progress: Progress
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    solver: Any = plan.outline
    reported = seeds if solver.random or plan.problem.F else seeds[:1]
    report = partial(_report, progress, OWN, stop)
    curves, hits, outcome = solvers.advance(plan.problem, solver, reported, stop, report)
    rules = {OWN: _rule_meta(nan, curves, 0.0, stop)}
    return _arrays(OWN, curves, hits, outcome), _meta(plan, None, first, stop, rules, 0.0)


def _report(progress: Progress, rule: str, stop: Stop, k: int) -> None:
    progress(rule, k, stop.cap)


def _cap(problem: Problem, method: Method | Solver, gd_iterations: float, calls: int | None) -> int:
    """How many iterations a run may take: gd_iterations in units of its time scale, within the budget of calls."""
    most = min(ceil(gd_iterations * method.time_scale(problem.n)), MOST)
    if calls is None:
        return most
    each = method.calls(problem.n).total
    if calls < each:
        raise ValueError(f"stop.calls={calls}: one step of this method asks {each} calls; allow at least so many")
    return min(most, calls // each)


def _function(method: Callable[..., Method | Solver]) -> Callable[..., Method | Solver]:
    return method.func if isinstance(method, partial) else method


def _uses(method: Callable[..., Method | Solver], name: str) -> bool:
    return name in signature(method).parameters


def _maker(
    problem: Problem, estimator: Estimator, optimizer: Optimizer, method: Callable[..., Method | Solver]
) -> Callable[[Scalar | float], Any] | None:
    """The method for a step size, given what it takes of problem, estimator, optimizer and step; None without one."""
    if not (_uses(method, "step") or _uses(method, "optimizer")):
        return None
    taken = {name for name in ("problem", "estimator", "optimizer", "step") if _uses(method, name)}

    def method_of(step: Scalar | float) -> Any:
        offered = {"problem": problem, "estimator": estimator, "optimizer": optimizer(step), "step": step}
        return method(**{name: offered[name] for name in taken})

    return method_of


def _honest(step: Sequence[str | float], metric: str) -> list[str | float]:
    """The rules without `tuned` where the gradient's norm is the target. ValueError where none is left."""
    left = [rule for rule in step if rule != "tuned" or metric != "gradient"]
    if not left:
        raise ValueError(f"step=tuned: {FLAT}; use stop.metric=gap or distance, or step=theory or trace")
    return left


def _rule_steps(problem: Problem, estimator: Estimator, step: Sequence[str | float]) -> dict[str, float]:
    steps: dict[str, float] = {}
    for rule in step:
        if rule in ("theory", "tuned"):
            steps[str(rule)] = theory.theory_step(problem, estimator)
        elif rule == "trace":
            steps["trace"] = theory.trace_step(problem, estimator)
        elif rule == OWN:
            steps[OWN] = nan
        else:
            steps[str(rule)] = float(rule)
    return steps


def _require_metric(problem: Problem, metric: str) -> None:
    lacking = {
        "gap": "f_star" if isnan(problem.f_star) else "",
        "gradient": "" if problem.differentiable else "a gradient",
        "distance": "x_star" if problem.x_star is None else "",
    }
    if lacking[metric]:
        known = " or ".join(name for name, lack in lacking.items() if not lack)
        way_out = f"use stop.metric={known}" if known else "give it f_star"
        raise ValueError(f"stop.metric={metric}: this problem does not know {lacking[metric]}; {way_out}")


def _require_gradient(problem: Problem, method: Method | Solver) -> None:
    calls = method.calls(problem.n)
    if not problem.differentiable and (calls.grad or calls.jvp):
        raise ValueError("this problem has no gradient to ask for; use an estimator of values, such as two_point")


def _stop(problem: Problem, first: Values, metric: str, target: float, relative_to: str, cap: int) -> Stop:
    """`first`: the metrics at x0."""
    unit = {"unit": 1.0, "start": first._asdict()[metric], "minimum": problem.f_star}[relative_to]
    return Stop(metric, target * unit, DIVERGED * max(abs(first.gap), float(np.finfo(np.float32).tiny)), cap)


def _arrays(rule: str, curves: Curves, hits: np.ndarray, outcome: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(over="ignore"):
        series = {name: getattr(curves, name).astype(np.float32) for name in ("gap", "gradient", "distance")}
    parts = {"k": curves.k, **series, "hits": hits, "outcome": outcome, "x_end": curves.x_end.astype(np.float64)}
    return {f"{rule}/{name}": value for name, value in parts.items()}


def _rule_meta(step: float, curves: Curves, tuning_seconds: float, stop: Stop) -> dict[str, Any]:
    return {
        "step": step,
        "run_seconds": curves.seconds,
        "tuning_seconds": tuning_seconds,
        "steps_run": curves.iterations,
        "cap": stop.cap,
        "failure": curves.failure,
    }


def _exact(rule, problem, estimator, optimizer, step, every, records) -> dict[str, np.ndarray]:
    """The exact recursion, where it holds: a quadratic, a known second moment, and plain descent x₊ = x − αG."""
    if problem.modes is None or problem.F is not None or estimator.excess is None or not _is_plain(optimizer):
        return {}
    moment = estimator.second_moment(problem.n)
    if moment is None or (moment.D and not problem.modes.axes):
        return {}
    excess = estimator.excess(problem.modes.eigenvalue)
    with np.errstate(over="ignore"):
        exact = theory.expectation(problem.modes, moment, excess, step, every, records)
    return {f"{rule}/exact_gap": exact.gap, f"{rule}/exact_distance": exact.distance}


def _is_plain(optimizer: Optimizer) -> bool:
    g = jnp.ones(1)
    rule = optimizer(0.5)
    update, state = rule.update(g, rule.init(g), g)
    return not jax.tree.leaves(state) and np.array_equal(np.asarray(update), [-0.5])


def _meta(
    plan: Plan, estimator: Estimator | None, first: Values, stop: Stop, rules: dict, compile_seconds: float
) -> dict[str, Any]:
    problem, n = plan.problem, plan.problem.n
    known = None if estimator is None or estimator.second_moment(n) is None else estimator
    return {
        "n": n,
        "calls": plan.outline.calls(n)._asdict(),
        "B": theory.variance_factor(known, n) if known else nan,
        "trace_B": theory.trace_factor(known, n, problem.effective_dim) if known else nan,
        "L": problem.L,
        "mu": problem.mu,
        "f_star": problem.f_star,
        "hessian_trace": problem.hessian_trace,
        "delta": first.gap if isfinite(problem.f_star) else nan,
        "radius2": first.distance,
        "target": stop.target,
        "rules": rules,
        "failure": next((rule["failure"] for rule in rules.values() if rule["failure"]), ""),
        "compile_seconds": compile_seconds,
        "run_seconds": sum(rule["run_seconds"] + rule["tuning_seconds"] for rule in rules.values()),
    }
