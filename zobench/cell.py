"""A cell: one problem, one estimator, one optimizer, all step rules and all seeds; its record's arrays."""

import time
from collections.abc import Callable, Sequence
from math import ceil, inf, isfinite, isnan, log, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import theory
from zobench.run import Curves, Optimizer, Program, Stop, advance, compile_block, hitting_times, measure, time_scale
from zobench.types import Estimator, Problem

TUNING_SEEDS_FROM = 1_000_000
DIVERGED = 1e6

Progress = Callable[[str, int, int], None]


class Tuning(NamedTuple):
    """The whole response: multiples of the theory step [m], hitting times and outcomes [m, seeds]; the best multiple."""

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
    progress: Progress = lambda rule, k, cap: None,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Run every step rule of a cell for all its seeds: the record's arrays and what is to be known about it.

    At most gd_iterations·B iterations a run. A deterministic estimator runs once. Raises ValueError where a step rule or
    the metric needs a constant that the problem does not know, and where a size is out of range.
    """
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    base = _rule_steps(problem, estimator, step)
    _require_metric(problem, metric)
    program = compile_block(problem, estimator, optimizer)
    stop = _stop(problem, metric, target, relative_to, ceil(gd_iterations * time_scale(estimator, problem.n)))
    reported = [seed + i for i in range(1 if estimator.draw is None else seeds)]
    arrays: dict[str, np.ndarray] = {}
    rules: dict[str, dict[str, float]] = {}
    for rule in map(str, step):
        began = time.perf_counter()
        if rule == "tuned":
            held_out = [TUNING_SEEDS_FROM + seed + i for i in range(1 if estimator.draw is None else tuning_seeds)]
            tuning = tune(program, base[rule], tuning_multiples, held_out, stop)
            arrays |= {f"tuning/{name}": getattr(tuning, name) for name in ("multiples", "hits", "outcome")}
            base[rule] *= tuning.best
        tuned_in = time.perf_counter() - began
        curves = advance(
            program, [base[rule]] * len(reported), reported, stop, lambda k, r=rule: progress(r, k, stop.cap)
        )
        arrays |= _arrays(rule, curves, stop)
        arrays |= _exact(rule, problem, estimator, optimizer, base[rule], program.every, len(curves.k))
        rules[rule] = {
            "step": base[rule],
            "run_seconds": curves.seconds,
            "tuning_seconds": tuned_in,
            "steps_run": curves.iterations,
            "cap": stop.cap,
        }
    return arrays, _meta(problem, estimator, stop, rules, program.compile_seconds)


def _rule_steps(problem: Problem, estimator: Estimator, step: Sequence[str | float]) -> dict[str, float]:
    steps: dict[str, float] = {}
    for rule in step:
        if rule in ("theory", "tuned"):
            steps[str(rule)] = theory.theory_step(problem, estimator)
        elif rule == "trace":
            steps["trace"] = theory.trace_step(problem, estimator)
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


def _stop(problem: Problem, metric: str, target: float, relative_to: str, cap: int) -> Stop:
    first = dict(zip(("gap", "gradient", "distance"), map(float, measure(problem, problem.x0)), strict=True))
    if relative_to == "minimum" and not problem.f_star > 0:
        raise ValueError(
            f"stop.relative_to=minimum: the minimum is {problem.f_star:g}, not positive; use start or unit"
        )
    unit = {"unit": 1.0, "start": first[metric], "minimum": problem.f_star}[relative_to]
    return Stop(metric, target * unit, DIVERGED * max(abs(first["gap"]), np.finfo(np.float32).tiny), cap)


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
    state = rule.init(g)
    return not jax.tree.leaves(state) and float(rule.update(g, state, g)[0][0]) == -0.5


def _meta(problem: Problem, estimator: Estimator, stop: Stop, rules: dict, compile_seconds: float) -> dict[str, Any]:
    n = problem.n
    gap, _, distance = map(float, measure(problem, problem.x0))
    known = estimator.second_moment(n) is not None
    return {
        "n": n,
        "calls": estimator.calls(n)._asdict(),
        "B": theory.variance_factor(estimator, n) if known else nan,
        "trace_B": theory.trace_factor(estimator, n, problem.effective_dim) if known else nan,
        "L": problem.L,
        "mu": problem.mu,
        "f_star": problem.f_star,
        "hessian_trace": problem.hessian_trace,
        "delta": gap if isfinite(problem.f_star) else nan,
        "radius2": distance,
        "target": stop.target,
        "rules": rules,
        "compile_seconds": compile_seconds,
        "run_seconds": sum(rule["run_seconds"] + rule["tuning_seconds"] for rule in rules.values()),
    }
