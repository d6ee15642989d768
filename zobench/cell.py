"""A cell: one problem, one method, all step rules and all seeds; its record's arrays."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from math import ceil, inf, isfinite, isnan, log, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import theory
from zobench.methods import descent
from zobench.run import Curves, Program, Stop, advance, compile_block, hitting_times, measure
from zobench.types import Estimator, Method, Problem, Scalar

TUNING_SEEDS_FROM = 1_000_000
DIVERGED = 1e6

OWN = "own"  # the step rule of a method that has no step size

Progress = Callable[[str, int, int], None]
Optimizer = Callable[[Any], optax.GradientTransformation]


class Tuning(NamedTuple):
    """The whole response: multiples of the theory step [m], hitting times and outcomes [m, seeds]; the best one."""

    multiples: np.ndarray
    hits: np.ndarray
    outcome: np.ndarray
    best: float


def tune(program: Program, base: float, multiples: Sequence[float], seeds: Sequence[int], stop: Stop) -> Tuning:
    """The multiple of the theory step with the least median hitting time, tried from 1 upwards and then downwards.

    A multiple is given up at twice the best median so far: its seeds then count as censored (inf). Where no multiple
    reaches the target, the one whose median metric is least at the end.
    """
    order = sorted(multiples, key=lambda multiple: (multiple < 1, abs(log(multiple))))
    hits, outcome, last = [], [], []
    for multiple in order:
        best = min((float(np.median(h)) for h in hits), default=inf)
        capped = stop._replace(cap=min(stop.cap, ceil(2 * best)) if isfinite(best) else stop.cap)
        curves = advance(program, [multiple * base] * len(seeds), seeds, capped, lambda k: None)
        times, ends = hitting_times(curves, capped)
        hits.append(times)
        outcome.append(ends)
        last.append(np.median(getattr(curves, stop.metric)[:, -1]))
    medians = np.median(hits, axis=1)
    score = medians if np.isfinite(medians).any() else np.nan_to_num(last, nan=inf)
    return Tuning(np.array(order), np.array(hits), np.array(outcome), order[int(np.argmin(score))])


def run_cell(
    problem: Problem,
    estimator: Estimator,
    optimizer: Optimizer,
    *,
    step: Sequence[str | float],
    tuning_multiples: Sequence[float],
    tuning_seeds: int,
    seeds: int,
    seed: int,
    metric: str,
    target: float,
    relative_to: str,
    gd_iterations: float,
    dtype: str,
    method: Callable[..., Method] = descent,
    progress: Progress = lambda rule, k, cap: None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Run every step rule of a cell for all its seeds: the record's arrays and what is to be known about it.

    At most gd_iterations·B iterations a run. A deterministic method runs once; one without a step size has the rule
    "own". Raises ValueError where a step rule or the metric needs a constant that the problem does not know, and where
    the method needs a gradient that it does not have.
    """
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    method_of = _maker(problem, estimator, optimizer, method)
    step = step if method_of else [OWN]
    base = _rule_steps(problem, estimator, step)
    method_of = method_of or (lambda step: method())
    outline = method_of(1.0)
    _require_metric(problem, metric)
    _require_gradient(problem, outline)
    program = compile_block(problem, method_of)
    stop = _stop(problem, metric, target, relative_to, ceil(gd_iterations * outline.time_scale(problem.n)))
    reported = [seed + i for i in range(1 if outline.draw is None else seeds)]
    arrays: dict[str, np.ndarray] = {}
    rules: dict[str, dict[str, float]] = {}
    for rule in map(str, step):
        began = time.perf_counter()
        if rule == "tuned":
            held_out = [TUNING_SEEDS_FROM + seed + i for i in range(1 if outline.draw is None else tuning_seeds)]
            tuning = tune(program, base[rule], tuning_multiples, held_out, stop)
            arrays |= {f"tuning/{name}": getattr(tuning, name) for name in ("multiples", "hits", "outcome")}
            base[rule] *= tuning.best
        tuned_in = time.perf_counter() - began
        curves = advance(
            program, [base[rule]] * len(reported), reported, stop, lambda k, r=rule: progress(r, k, stop.cap)
        )
        arrays |= _arrays(rule, curves, stop)
        if _function(method) is descent:
            arrays |= _exact(rule, problem, estimator, optimizer, base[rule], program.every, len(curves.k))
        rules[rule] = {
            "step": base[rule],
            "run_seconds": curves.seconds,
            "tuning_seconds": tuned_in,
            "steps_run": curves.iterations,
            "cap": stop.cap,
        }
    return arrays, _meta(problem, outline, estimator if _uses(method, "estimator") else None, stop, rules, program)


def _function(method: Callable[..., Method]) -> Callable[..., Method]:
    return method.func if isinstance(method, partial) else method


def _uses(method: Callable[..., Method], name: str) -> bool:
    return name in signature(method).parameters


def _maker(
    problem: Problem, estimator: Estimator, optimizer: Optimizer, method: Callable[..., Method]
) -> Callable[[Scalar | float], Method] | None:
    """The method for a step size, given what it takes of problem, estimator, optimizer and step; None without one."""
    if not (_uses(method, "step") or _uses(method, "optimizer")):
        return None
    taken = {name for name in ("problem", "estimator", "optimizer", "step") if _uses(method, name)}

    def method_of(step: Scalar | float) -> Method:
        offered = {"problem": problem, "estimator": estimator, "optimizer": optimizer(step), "step": step}
        return method(**{name: offered[name] for name in taken})

    return method_of


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
    missing = {
        "gap": "f_star" if isnan(problem.f_star) else "",
        "gradient": "" if problem.differentiable else "a gradient",
        "distance": "x_star" if problem.x_star is None else "",
    }[metric]
    if missing:
        known = [
            name
            for name, lacks in (("gap", isnan(problem.f_star)), ("gradient", not problem.differentiable))
            if not lacks
        ]
        raise ValueError(
            f"stop.metric={metric}: this problem does not know {missing}; it can stop on {', '.join(known)}"
        )


def _require_gradient(problem: Problem, method: Method) -> None:
    calls = method.calls(problem.n)
    if not problem.differentiable and (calls.grad or calls.jvp):
        raise ValueError("this problem has no gradient to ask for; use an estimator of values, such as two_point")


def _stop(problem: Problem, metric: str, target: float, relative_to: str, cap: int) -> Stop:
    gap, gradient, distance = map(float, measure(problem, problem.x0))
    first = {"gap": gap, "gradient": gradient, "distance": distance}
    if relative_to == "minimum" and not problem.f_star > 0:
        raise ValueError(
            f"stop.relative_to=minimum: the minimum is {problem.f_star:g}, not positive; use start or unit"
        )
    unit = {"unit": 1.0, "start": first.get(metric, nan), "minimum": problem.f_star}[relative_to]
    return Stop(metric, target * unit, DIVERGED * max(abs(gap), float(np.finfo(np.float32).tiny)), cap)


def _arrays(rule: str, curves: Curves, stop: Stop) -> dict[str, np.ndarray]:
    hits, outcome = hitting_times(curves, stop)
    with np.errstate(over="ignore"):
        series = {name: getattr(curves, name).astype(np.float32) for name in ("gap", "gradient", "distance")}
    parts = {"k": curves.k, **series, "hits": hits, "outcome": outcome, "x_end": curves.x_end.astype(np.float64)}
    return {f"{rule}/{name}": value for name, value in parts.items()}


def _exact(rule, problem, estimator, optimizer, step, every, records) -> dict[str, np.ndarray]:
    """The exact recursion, where it holds: a quadratic, a known second moment, and plain descent x₊ = x − αG."""
    if problem.modes is None or estimator.excess is None or not _is_plain(optimizer):
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
    problem: Problem, method: Method, estimator: Estimator | None, stop: Stop, rules: dict, program: Program
) -> dict[str, Any]:
    n = problem.n
    gap, _, distance = map(float, measure(problem, problem.x0))
    known = None if estimator is None or estimator.second_moment(n) is None else estimator
    return {
        "n": n,
        "calls": method.calls(n)._asdict(),
        "B": theory.variance_factor(known, n) if known else nan,
        "trace_B": theory.trace_factor(known, n, problem.effective_dim) if known else nan,
        "L": problem.L,
        "mu": problem.mu,
        "f_star": problem.f_star,
        "hessian_trace": problem.hessian_trace,
        "delta": gap if isfinite(problem.f_star) else nan,
        "radius2": distance,
        "target": stop.target,
        "rules": rules,
        "compile_seconds": program.compile_seconds,
        "run_seconds": sum(rule["run_seconds"] + rule["tuning_seconds"] for rule in rules.values()),
    }
