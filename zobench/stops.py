"""When a cell's runs stop, refused where that cannot mean anything, and what is to be said of runs that did."""

from collections.abc import Iterable
from math import inf, isfinite, isinf, isnan

import numpy as np

from zobench.loop import Curves, Stop, Values
from zobench.plan import Plan, Settings
from zobench.types import Problem, measured_in

DIVERGED = 1e6
ROUNDING = 1000  # machine epsilons of the larger of f(x0) and f*


def stop_of(plan: Plan, settings: Settings, first: Values) -> Stop:
    """When a run stops; `first` has the metrics at x0. Where f* is not known, no gap is a target: -inf.

    Raises ValueError where f(x0) is no number, f* is not below it, or the target not a positive number.
    """
    problem, dtype = plan.problem, np.dtype(measured_in(plan.problem.x0.dtype))
    _require_start(problem, first)
    metric, relative_to = settings.metric, settings.relative_to
    ceiling = DIVERGED * max(abs(first.gap), float(np.finfo(np.float32).tiny))
    if metric == "gap" and isnan(problem.f_star):
        return Stop(metric, -inf, ceiling, plan.cap)
    unit = {"unit": 1.0, "start": getattr(first, metric), "minimum": problem.f_star}[relative_to]
    asked = sorted(np.atleast_1d(np.asarray(settings.target, float)).tolist(), reverse=True)
    target = asked[-1] * unit
    with np.errstate(over="ignore", under="ignore"):
        held = float(dtype.type(target))  # records are compared with it in their precision
    if not (isfinite(held) and held > 0):
        of = {"unit": "", "start": f" times the {metric} at x0, {unit:g},", "minimum": f" times f* = {unit:g}"}
        raise ValueError(
            f"stop.target={asked[-1]:g}{of[relative_to]} is {held:g} in {dtype}: nothing can be measured against "
            "it; use another stop.target or stop.relative_to, or another x0"
        )
    targets = tuple(one * unit for one in asked) if len(asked) > 1 else ()
    return Stop(metric, target, ceiling, plan.cap, targets)


def _require_start(problem: Problem, first: Values) -> None:
    f_star, n = problem.f_star, problem.n
    if isinf(f_star):
        raise ValueError(f"f* = {f_star}: the minimum is a number; leave it out where you do not know it")
    value = _start_value(problem, first)
    if not isfinite(value):
        way_out = "" if problem.x0.dtype == np.float64 else " or dtype=float64"
        raise ValueError(f"f(x0) is {value} (n = {n}): start where f is a finite number; use another x0{way_out}")
    if not isnan(f_star) and first.gap <= 0:
        known = "give the minimum, or leave it out where you do not know it"
        raise ValueError(f"f* = {f_star:g} is not below f(x0) = {value:g} (n = {n}): {known}; or start above it")


def _start_value(problem: Problem, first: Values) -> float:
    """f(x0)."""
    return first.gap if isnan(problem.f_star) else first.gap + problem.f_star


def warnings(problem: Problem, first: Values, stop: Stop, curves: Iterable[Curves]) -> list[str]:
    """What is wrong with a target that was met at x0, and with an f* that runs fell below by more than rounding."""
    said, at_start, easiest = [], getattr(first, stop.metric), max(stop.targets, default=stop.target)
    if at_start <= easiest:
        said.append(f"met at x0: {stop.metric} {at_start:g} <= {easiest:g}: nothing is measured; lower stop.target")
    least = min((_least(each.gap) for each in curves), default=inf)
    eps = float(np.finfo(measured_in(problem.x0.dtype)).eps)
    scale = max(abs(problem.f_star), abs(_start_value(problem, first)))  # nan where f* is not known
    if least < -ROUNDING * eps * scale:
        said.append(f"f* = {problem.f_star!r} is not the minimum: a run came to {problem.f_star + least!r}")
    return said


def _least(gap: np.ndarray) -> float:
    return float(np.nanmin(gap)) if not np.isnan(gap).all() else inf
