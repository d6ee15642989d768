"""A cell: one problem, one method, all step rules and all seeds; its record's arrays."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite, isnan, nan
from typing import Any

import jax
import numpy as np

from zobench import box_cells, boxes, probing, solvers, theory, together
from zobench.loop import Curves, Stop, Values, advance, at_start, compile_block, hitting_times, measure
from zobench.methods import descent
from zobench.optimizers import is_plain
from zobench.plan import FLAT, OWN, PROBE, Optimizer, Plan, Settings, plan_cell, uses
from zobench.runs import Program
from zobench.solvers import Solver
from zobench.spacing import lost
from zobench.states import LARGEST, Family, load_pasts, save_pasts
from zobench.stops import stop_of, warnings
from zobench.tuning import TUNING_SEEDS_FROM, Tuning, tune
from zobench.types import Calls, Estimator, Problem

Progress = Callable[[str, int, int], None]
Cell = tuple[dict[str, np.ndarray], dict[str, Any]]  # a record's arrays, and what is to be known about them


def run_cell(
    problem: Problem,
    estimator: Estimator,
    optimizer: Optimizer,
    method: Callable[..., Any],
    settings: Settings,
    progress: Progress = lambda rule, k, cap: None,
    *,
    family: Family | None = None,
    programs: list[Program] | None = None,
) -> Cell:
    """Run every step rule of a cell for all its seeds: the record's arrays and what is to be known about it.

    At most gd_iterations·B iterations and `calls` oracle calls of all kinds a run. Without randomness one run is made;
    one without a step size has the rule "own". `family`: where the states of its runs are saved, and gone on from.
    `programs` has the compiled block of a cell of the same family, or gets it.

    Raises ValueError where a step rule or the metric needs a constant that the problem does not know, or the rule an
    estimator that the method does not ask, where the method needs a gradient that the problem does not have, where
    f(x0), f* or the target make no sense, and where f is computed in another precision than `settings.dtype`, which
    holds whatever JAX's setting.
    """
    with jax.enable_x64(settings.dtype == "float64"):
        return _run_cell(problem, estimator, optimizer, method, settings, progress, family, programs)


def _run_cell(
    problem: Problem,
    estimator: Estimator,
    optimizer: Optimizer,
    method: Callable[..., Any],
    settings: Settings,
    progress: Progress,
    family: Family | None,
    programs: list[Program] | None,
) -> Cell:
    plan = plan_cell(problem, estimator, optimizer, method, settings)
    reported = range(settings.seed, settings.seed + settings.seeds)
    if problem.host:
        return _run_box(plan, settings, reported, progress, family)
    if isinstance(plan.outline, Solver):
        return _run_solver(plan, settings, reported, progress, family)
    held_out = range(TUNING_SEEDS_FROM + settings.seed, TUNING_SEEDS_FROM + settings.seed + settings.tuning_seeds)
    if not (plan.outline.draw or problem.F):
        reported, held_out = reported[:1], held_out[:1]
    programs = [] if programs is None else programs
    known, are_together = len(programs), together.goes_together(plan.problem, settings.layout, len(reported))
    group = together.size_of(problem.n, len(reported)) if are_together else 0
    program = _program(plan, programs, group)
    first = together.at_start(program) if are_together else at_start(program)
    stop = stop_of(plan, settings, first)
    arrays: dict[str, np.ndarray] = {}
    rules: dict[str, dict[str, Any]] = {}
    ran, tuning = [], None
    for rule, size in plan.steps.items():
        report, tuning_seconds, charged = partial(_report, progress, rule, stop), 0.0, 0
        if isnan(size) and rule != OWN:  # nothing is known that gives one
            size, charged = probing.probe(plan.problem, plan.scaled, settings.seed)
        if rule == "tuned":
            tried = together.tuned_in(group, problem.n, len(held_out))
            tuning = tune(_program(plan, programs, tried), size, settings.tuning_tries, held_out, stop, report, family)
            arrays |= _tuning_arrays(tuning)
            size, tuning_seconds = size * tuning.best, tuning.seconds
        later = -(-charged // plan.outline.calls(problem.n).total) if rule == PROBE else 0
        capped = stop._replace(cap=max(stop.cap - later, 1))
        curves = _run_rule(program, size, reported, capped, report, family)
        curves, hits, outcome = _charged(curves, *hitting_times(curves, stop), later)
        arrays |= _arrays(rule, curves, hits, outcome) | _of_targets(rule, curves, stop)
        if getattr(method, "func", method) is descent and not later:  # a partial of it too
            arrays |= _exact(rule, plan.problem, estimator, optimizer, size, program.every, curves.k)
        rules[rule] = _rule_meta(size, curves, tuning_seconds, stop)
        ran.append(curves._replace(x_end=curves.x_end[:1].copy()))  # of long vectors not all of them twice
    compiling = sum(each.compile_seconds for each in programs[known:])
    warning = [_alike(arrays, rules)] if len(reported) > 1 else []
    if uses(method, "estimator") and not (plan.outline.calls(problem.n).grad or plan.outline.calls(problem.n).jvp):
        warning += [lost(estimator, plan.problem, [curves.x_end[0] for curves in ran])]
    return arrays, {
        **_meta(plan, estimator if uses(method, "estimator") else None, first, stop, rules, compiling),
        "tuning": _tuned(tuning, plan.outline.calls(problem.n).total) if tuning else {},
        "left_out": {"tuned": FLAT} if "tuned" in settings.step and "tuned" not in plan.steps else {},
        "warning": "; ".join(filter(None, [*warning, *warnings(plan.problem, first, stop, ran)])),
        "reused": _reused(ran, tuning.reused if tuning else 0),
    }


def _charged(
    curves: Curves, hits: np.ndarray, outcome: np.ndarray, later: int
) -> tuple[Curves, np.ndarray, np.ndarray]:
    """Runs whose first iteration comes so many later, for what values at x0 have cost."""
    moved = curves._replace(k=np.where(curves.k > 0, curves.k + later, 0)) if later else curves
    return moved, np.where(hits > 0, hits + later, hits), outcome


def _program(plan: Plan, programs: list[Program], size: int) -> Program:
    """The compiled block of a run (0), or of a group of that size: where there is one that of an earlier cell."""
    for program in programs:
        if program.size == size:
            return program
    made = plan.problem, plan.method_of
    compiled = together.compile_group(*made, size, plan.often) if size else compile_block(*made, plan.often)
    programs.append(compiled)
    return compiled


def _run_rule(
    program: Program,
    size: float,
    seeds: Sequence[int],
    stop: Stop,
    progress: Callable[[int], None],
    family: Family | None,
) -> Curves:
    """The runs of a step size, from where they were left, and saved unless too large."""
    if program.size:
        return together.advance(program, size, seeds, stop, progress, family=family)
    start = jax.tree.leaves(program.init(np.asarray(size, program.problem.x0.dtype)))
    if family is None or len(seeds) * sum(leaf.nbytes for leaf in start) > LARGEST:
        return advance(program, [size] * len(seeds), seeds, stop, progress)
    pasts = load_pasts(family, size, seeds, start, program.records)
    saved = [past.extent() for past in pasts]

    def save() -> None:
        nonlocal saved
        if (now := [past.extent() for past in pasts]) != saved:
            save_pasts(family, size, seeds, pasts)
            saved = now

    return advance(program, [size] * len(seeds), seeds, stop, progress, pasts=pasts, save=save)


def _tuned(tuning: Tuning, calls: int) -> dict[str, Any]:
    about = {"best": tuning.best, "bracketed": tuning.bracketed, "tries": len(tuning.multiples)}
    return {**about, "calls": tuning.iterations * calls}


def _reused(curves: Sequence[Curves], tries: int) -> dict[str, int]:
    """How many runs and iterations of the record, and runs of the tuning, were taken from saved states."""
    runs, iterations = (sum(each.reused[i] for each in curves) for i in (0, 1))
    return {"runs": runs, "iterations": iterations, "tuning_runs": tries}


def _alike(arrays: dict[str, np.ndarray], rules: Iterable[str]) -> str:
    """What is wrong where every run of a random method is the same to the bit; n = 1 has one direction."""
    ends = [arrays[f"{rule}/x_end"] for rule in rules]
    if any(end.shape[1] == 1 or (end != end[:1]).any() for end in ends):
        return ""
    return "all runs are the same to the bit: the seed does not reach what is random, so intervals say nothing"


def _run_solver(
    plan: Plan, settings: Settings, seeds: Sequence[int], progress: Progress, family: Family | None
) -> Cell:
    solver: Any = plan.outline
    first = Values(*map(float, measure(plan.problem, plan.problem.x0)))
    stop = stop_of(plan, settings, first)
    reported = seeds if solver.random or plan.problem.F else seeds[:1]
    report = partial(_report, progress, OWN, stop)
    curves, hits, outcome = solvers.advance(plan.problem, solver, reported, stop, report, family)
    rules = {OWN: _rule_meta(nan, curves, 0.0, stop)}
    about = {"warning": "; ".join(warnings(plan.problem, first, stop, [curves])), "reused": _reused([curves], 0)}
    arrays = _arrays(OWN, curves, hits, outcome) | _of_targets(OWN, curves, stop)
    return arrays, {**_meta(plan, None, first, stop, rules, 0.0), **about}


def _run_box(plan: Plan, settings: Settings, seeds: Sequence[int], progress: Progress, family: Family | None) -> Cell:
    """A black box: its curves are the best value asked so far, its k counts calls."""
    own, f_star = boxes.asker(plan), 0.0 if isnan(plan.problem.f_star) else plan.problem.f_star
    firsts: list[Values] = []

    def stop_at(value: float) -> Stop:
        firsts.append(Values(value - f_star, nan, nan))
        return stop_of(plan, settings, firsts[0])

    seeds = seeds if boxes.is_random(plan) else seeds[:1]
    arrays: dict[str, np.ndarray] = {}
    rules: dict[str, dict[str, Any]] = {}
    ran, tuning = [], None
    for rule, size in plan.steps.items():
        report, tuning_seconds = (lambda k, rule=rule: progress(rule, k, plan.cap)), 0.0
        if rule == "tuned":
            tuning, base = box_cells.tune(own, size, settings, stop_at, report)
            arrays |= _tuning_arrays(tuning)
            size, tuning_seconds = base * tuning.best, tuning.seconds
        runs = boxes.advance(own, rule, size, seeds, stop_at, report, family)
        arrays |= _arrays(rule, runs.curves, runs.hits, runs.outcome) | box_cells.arrays(rule, runs)
        stop = stop_of(plan, settings, firsts[0])
        arrays |= _of_targets(rule, runs.curves, stop)
        about, step = box_cells.about(runs), float(np.median(runs.steps))
        rules[rule] = _rule_meta(step, runs.curves, tuning_seconds, stop) | about
        ran.append(runs)
    stop, curves = stop_of(plan, settings, firsts[0]), [runs.curves for runs in ran]
    said = [one for rule, runs in zip(rules, ran, strict=True) for one in box_cells.notes(rule, runs, plan, tuning)]
    return arrays, {
        **_meta(plan, None, firsts[0], stop, rules, own.compile_seconds),
        "calls": Calls(value=1)._asdict(),
        "tuning": _tuned(tuning, 1) if tuning else {},
        "notes": list(dict.fromkeys(said)),
        "warning": "; ".join(warnings(plan.problem, firsts[0], stop, curves)),
        "reused": _reused(curves, 0),
    }


def _tuning_arrays(tuning: Tuning) -> dict[str, np.ndarray]:
    return {f"tuning/{name}": getattr(tuning, name) for name in ("multiples", "hits", "outcome")}


def _report(progress: Progress, rule: str, stop: Stop, k: int) -> None:
    progress(rule, k, stop.cap)


def _arrays(rule: str, curves: Curves, hits: np.ndarray, outcome: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(over="ignore"):
        series = {name: getattr(curves, name).astype(np.float32) for name in ("gap", "gradient", "distance")}
    x_end = curves.x_end.astype(np.float64, copy=False)
    parts = {"k": curves.k, **series, "hits": hits, "outcome": outcome, "x_end": x_end}
    return {f"{rule}/{name}": value for name, value in parts.items()}


def _of_targets(rule: str, curves: Curves, stop: Stop) -> dict[str, np.ndarray]:
    """First recorded k at each of several targets [targets, runs], the largest first."""
    if not stop.targets:
        return {}
    return {f"{rule}/target_hits": np.array([hitting_times(curves, stop._replace(target=t))[0] for t in stop.targets])}


def _rule_meta(step: float, curves: Curves, tuning_seconds: float, stop: Stop) -> dict[str, Any]:
    return {
        "step": step,
        "run_seconds": curves.seconds,
        "tuning_seconds": tuning_seconds,
        "steps_run": curves.iterations,
        "cap": stop.cap,
        "failure": curves.failure,
    }


def _exact(rule, problem, estimator, optimizer, step, every, k) -> dict[str, np.ndarray]:
    """The exact recursion, where it holds: a quadratic, a known second moment, and plain descent x₊ = x − αG."""
    if problem.modes is None or problem.F is not None or estimator.excess is None or not is_plain(optimizer):
        return {}
    moment = estimator.second_moment(problem.n)
    if moment is None or (moment.D and not problem.modes.axes):
        return {}
    excess = estimator.excess(problem.modes.eigenvalue)
    with np.errstate(over="ignore"):
        exact = theory.expectation(problem.modes, moment, excess, step, every, len(k), int(k[-1] - k[-2:][0]))
    return {f"{rule}/exact_gap": exact.gap, f"{rule}/exact_distance": exact.distance}


def _meta(
    plan: Plan, estimator: Estimator | None, first: Values, stop: Stop, rules: dict, compile_seconds: float
) -> dict[str, Any]:
    problem, n = plan.problem, plan.problem.n
    known = estimator if estimator and estimator.second_moment(n) else None
    return {
        "n": n,
        "calls": plan.outline.calls(n)._asdict(),
        "B": theory.variance_factor(known, n) if known else nan,
        "trace_B": theory.trace_factor(known, n, problem.effective_dim) if known else nan,
        **{name: getattr(problem, name) for name in ("L", "mu", "f_star", "hessian_trace")},
        "delta": first.gap if isfinite(problem.f_star) else nan,
        "radius2": first.distance,
        "target": stop.target,
        **({"targets": list(stop.targets)} if stop.targets else {}),
        **({"leaves": dict(zip(problem.tree.names, problem.tree.shapes, strict=True))} if problem.tree else {}),
        "rules": rules,
        "failure": next((rule["failure"] for rule in rules.values() if rule["failure"]), ""),
        "compile_seconds": compile_seconds,
        "run_seconds": sum(rule["run_seconds"] + rule["tuning_seconds"] for rule in rules.values()),
    }
