"""What a cell is to run: its problem in the right dtype, its method, a step for each rule; refused where it cannot."""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from math import ceil, isnan, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from zobench import probing, theory
from zobench.optimizers import on_tree
from zobench.probing import Scale
from zobench.rhythm import MOST, OFTEN
from zobench.solvers import Solver
from zobench.trees import flat
from zobench.types import Estimator, Key, Method, Problem, Scalar, measured_in, oracle, require_wide

OWN = "own"  # the step rule of a method that has no step size
PROBE = "probe"  # of a step that values at x0 decide
FLAT = "a small gradient is no sign of arrival where f may be flat, so steps are not tuned for it"

Optimizer = Callable[[Any], optax.GradientTransformation]


class Settings(NamedTuple):
    """How a cell is run, in the words of conf/config.yaml."""

    step: Sequence[str | float]
    seeds: int = 20
    seed: int = 0
    dtype: str = "float64"
    metric: str = "gap"
    target: float | Sequence[float] = 1e-3
    relative_to: str = "start"
    gd_iterations: float = 1000
    calls: int | None = None
    tuning_tries: int = 16
    tuning_seeds: int = 5
    layout: str = "auto"
    records: float = OFTEN


class Plan(NamedTuple):
    """A cell that can be run: its problem in the right dtype, its method for a step size, a step for each rule.

    `cap` is how many iterations a run may take: gd_iterations of the method's time scale, within the budget of calls;
    of a black box how many calls. `often`: records in the time of a step with the gradient. A step that values at x0
    are to decide is nan; `scaled` makes it of what they say.
    """

    problem: Problem
    method_of: Callable[[Scalar | float], Any]
    outline: Method | Solver
    steps: dict[str, float]
    cap: int
    scaled: Callable[[Scale], float] = lambda scale: nan
    often: float = OFTEN


def plan_cell(
    problem: Problem, estimator: Estimator, optimizer: Optimizer, method: Callable[..., Any], settings: Settings
) -> Plan:
    """What a cell is to run. ValueError as `run_cell`."""
    problem = flat(problem)
    minimiser = None if problem.x_star is None else jnp.asarray(problem.x_star, measured_in(settings.dtype))
    problem = problem._replace(x0=jnp.asarray(problem.x0, settings.dtype), x_star=minimiser)
    has_step = uses(method, "step") or uses(method, "optimizer")
    taken = [name for name in ("problem", "estimator", "optimizer", "step") if has_step and uses(method, name)]

    def method_of(step: Scalar | float) -> Any:
        if not taken:
            return method()
        rule = optimizer(step) if problem.tree is None else on_tree(optimizer(step), problem.tree)
        offered = {"problem": problem, "estimator": estimator, "optimizer": rule, "step": step}
        return method(**{name: offered[name] for name in taken})

    if not problem.differentiable:
        require_wide(settings.dtype, "a black box computes in double precision")
    outline = _outline(method, method_of)
    if not isinstance(outline, Method | Solver):
        raise ValueError(f"method: it gives a {type(outline).__name__}, no Method and no Solver")
    _require_metric(problem, settings.metric, settings.calls)
    if has_step and not uses(method, "estimator"):
        _require_no_moment(settings)
    steps = _rule_steps(problem, estimator, settings) if has_step else {OWN: nan}
    calls = outline.calls(problem.n)
    if not problem.differentiable and (calls.grad or calls.jvp):
        values = (
            "method.gradient=forward" if isinstance(outline, Solver) else "an estimator of values, such as two_point"
        )
        raise ValueError(f"this problem has no gradient to ask for; use {values}")
    if settings.layout == "together" and (isinstance(outline, Solver) or not problem.differentiable):
        raise ValueError("layout=together: a solver or a black box goes one run at a time; use layout=auto or apart")
    if problem.host and isinstance(outline, Solver):
        _require_solver(problem, outline)
    cap, budget = min(ceil(settings.gd_iterations * outline.time_scale(problem.n)), MOST), settings.calls
    if budget is not None and budget < calls.total:
        raise ValueError(
            f"stop.calls={budget}: one step of this method asks {calls.total} calls; allow at least so many"
        )
    if settings.relative_to == "minimum" and not problem.f_star > 0:
        raise ValueError(
            f"stop.relative_to=minimum: the minimum is {problem.f_star:g}, not positive; use start or unit"
        )
    if problem.host:
        cap = min(cap * calls.total, MOST) if budget is None else budget
    else:
        cap = cap if budget is None else min(cap, budget // calls.total)
    moment = estimator.second_moment(problem.n)
    scaled = partial(probing.descent_step, moment=moment) if uses(method, "estimator") else probing.length
    return Plan(problem, method_of, outline, steps, cap, scaled, settings.records)


def _outline(method: Callable[..., Any], method_of: Callable[[float], Any]) -> Any:
    """The method at the step 1; what it refuses of its own arguments by their whole names, as other groups do."""
    try:
        return method_of(1.0)
    except ValueError as error:
        if str(error).partition("=")[0] not in getattr(method, "keywords", {}):
            raise
        raise ValueError(f"method.{error}") from error


def _require_no_moment(settings: Settings) -> None:
    """Refuse a rule made of the second moment of an estimator that the method does not ask: ValueError."""
    for rule in settings.step:
        if rule in ("theory", "trace"):
            said = "this method asks no estimator, of whose second moment the rule is made"
            raise ValueError(f"step={rule}: {said}; use step=tuned or a number")


def _require_solver(problem: Problem, solver: Solver) -> None:
    """Refuse a solver that a black box cannot be given to: ValueError."""
    if solver.run is None:
        raise ValueError("this solver asks a problem itself, and not a black box; use one of scipy's, or cma")
    if problem.host.bounded and not solver.bounded:
        raise ValueError("this method takes no bounds (problem.lower, problem.upper); use another one, such as lbfgs")


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


def uses(method: Callable[..., Method | Solver], name: str) -> bool:
    """Whether a method takes an argument of that name."""
    return name in signature(method).parameters


def _rule_steps(problem: Problem, estimator: Estimator, settings: Settings) -> dict[str, float]:
    """The step of each rule, without `tuned` where the gradient's norm is the target. ValueError where none is left."""
    kept = [rule for rule in settings.step if rule != "tuned" or settings.metric != "gradient"]
    if not kept:
        raise ValueError(f"step=tuned: {FLAT}; use stop.metric=gap or distance, or step=theory or trace")
    known = {"theory": theory.theory_step, "tuned": _base_step, "trace": theory.trace_step, PROBE: _later}
    return {str(rule): known[rule](problem, estimator) if rule in known else float(rule) for rule in kept}


def _later(problem: Problem, estimator: Estimator) -> float:
    """nan: values at x0 decide. ValueError where they cannot, as the estimate is noise of which they say nothing."""
    if estimator.second_moment(problem.n) is None:
        raise ValueError("step=probe: this estimator's second moment has no factor B; use step=tuned or a number")
    return nan


def _base_step(problem: Problem, estimator: Estimator) -> float:
    """Where a search for the best step begins: the theory step, nan where L or the factor B is not known."""
    if isnan(problem.L) or estimator.second_moment(problem.n) is None:
        return nan
    return theory.theory_step(problem, estimator)


def _require_metric(problem: Problem, metric: str, budget: int | None) -> None:
    """Without f* the gap is f itself: runs have no target, and go to their budget."""
    lacking = {
        "gap": "f_star" if isnan(problem.f_star) and budget is None else "",
        "gradient": "" if problem.differentiable else "a gradient",
        "distance": "x_star" if problem.x_star is None else "",
    }
    if lacking[metric]:
        known = " or ".join(name for name, lack in lacking.items() if not lack)
        way_out = f"use stop.metric={known}" if known else "give it f_star"
        way_out += ", or a budget, such as stop.calls=2000" if metric == "gap" else ""
        raise ValueError(f"stop.metric={metric}: this problem does not know {lacking[metric]}; {way_out}")
