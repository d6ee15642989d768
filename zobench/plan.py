"""What a cell is to run: its problem in the right dtype, its method, a step for each rule; refused where it cannot."""

from collections.abc import Callable, Sequence
from inspect import signature
from math import ceil, isnan, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from zobench import theory
from zobench.loop import MOST
from zobench.methods import descent
from zobench.solvers import Solver
from zobench.types import Estimator, Key, Method, Problem, Scalar, oracle

OWN = "own"  # the step rule of a method that has no step size
FLAT = "a small gradient is no sign of arrival where f may be flat, so steps are not tuned for it"

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
    minimiser = None if problem.x_star is None else jnp.asarray(problem.x_star, dtype)
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype), x_star=minimiser)
    made = _maker(problem, estimator, optimizer, method)
    method_of = made or (lambda step: method())
    outline = method_of(1.0)
    _require_metric(problem, metric)
    steps = _rule_steps(problem, estimator, _honest(step, metric) if made else [OWN])
    _require_gradient(problem, outline)
    most_iterations(problem, outline, 1.0, calls)
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


def most_iterations(problem: Problem, method: Method | Solver, gd_iterations: float, calls: int | None) -> int:
    """How many iterations a run may take: gd_iterations in units of its time scale, within the budget of calls."""
    most = min(ceil(gd_iterations * method.time_scale(problem.n)), MOST)
    if calls is None:
        return most
    each = method.calls(problem.n).total
    if calls < each:
        raise ValueError(f"stop.calls={calls}: one step of this method asks {each} calls; allow at least so many")
    return min(most, calls // each)


def uses(method: Callable[..., Method | Solver], name: str) -> bool:
    """Whether a method takes an argument of that name."""
    return name in signature(method).parameters


def _maker(
    problem: Problem, estimator: Estimator, optimizer: Optimizer, method: Callable[..., Method | Solver]
) -> Callable[[Scalar | float], Any] | None:
    """The method for a step size, given what it takes of problem, estimator, optimizer and step; None without one."""
    if not (uses(method, "step") or uses(method, "optimizer")):
        return None
    taken = {name for name in ("problem", "estimator", "optimizer", "step") if uses(method, name)}

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
