"""Solvers that run on the host: what one would take instead, from scipy and cma, with honest call counts.

A solver asks a counting box for values (or values with gradients); the box keeps the best point so far and stops the
solver at the budget, to the call. Its iteration k is one such question.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf, isfinite, nan
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import states, store
from zobench.differences import central_gradient, require_eps
from zobench.host import Box, Log, Spent
from zobench.loop import Curves, Stop, Values, last_line, measure
from zobench.probing import QUOTIENTS
from zobench.states import Family
from zobench.types import Calls, Problem

Algorithm = Literal["L-BFGS-B", "BFGS", "CG", "Nelder-Mead", "Powell", "COBYQA"]
Gradient = Literal["exact", "forward", "central", "none"]
GRADIENT_BASED = ("L-BFGS-B", "BFGS", "CG")
NEVER = 10**9  # iterations: the budget alone ends a solver


class Trace(NamedTuple):
    """Best so far: after call number k [points] the best point was x [points, n]; calls made in all; why it ended."""

    k: np.ndarray
    x: np.ndarray
    calls: int
    ended: str
    failed: bool = False


Ran = tuple[Trace, np.ndarray, float]  # a run, its metrics [3, points], its seconds


class Solver(NamedTuple):
    """`solve(problem, budget, seed)` traces one run of at most `budget` questions, each asking `calls(n)`.

    `run(log, x0, seed)` is the same for a black box, whose log it asks for values, and says why it ended; None where
    there is no such thing. `bounded`: it stays within the bounds of the box; `asks_eps`: it takes the difference step
    that suits its noise, `log.eps`.

    >>> scipy("Powell", "none").random
    False
    """

    solve: Callable[[Problem, int, int], Trace]
    calls: Callable[[int], Calls]
    random: bool = False
    time_scale: Callable[[int], float] = lambda n: n
    run: Callable[[Any, np.ndarray, int], str] | None = None
    bounded: bool = False
    asks_eps: bool = False


def traced(run: Callable[[Box, np.ndarray, int], str], derivative: bool, problem: Problem, budget: int, seed: int):
    """Let a solver run: the best points it saw, from x0 on (k = 0: nothing asked yet), and why it ended."""
    box, x0, failed = Box(problem, budget, seed, derivative), np.asarray(problem.x0, float), False
    try:
        ended = run(box, x0, seed)
    except Spent:
        ended = "budget"
    except Exception as error:  # in f itself: what was seen until then is kept
        if not box.points:
            raise
        ended, failed = last_line(error), True
    k, x = zip((0, x0), *box.points, strict=True)
    return Trace(np.array(k), np.array(x), box.calls, ended, failed)


def scipy(
    algorithm: Algorithm = "L-BFGS-B",
    gradient: Gradient = "exact",
    adaptive: bool = False,
    eps: float | None = None,
) -> Solver:
    """scipy.optimize.minimize run to its budget, or until it stops by itself at its tightest tolerances.

    `gradient` (L-BFGS-B, BFGS, CG): exact asks a value and a gradient at a time; forward and central difference values,
    n+1 or 2n+1 of them a gradient, each counted. Nelder-Mead, Powell and COBYQA ask values alone (gradient=none);
    `adaptive` is Nelder-Mead's (Gao & Han 2012). `eps` is the step of the differences, in the unit of x; null: scipy's,
    √u or u^⅓ times max(1, |xᵢ|), and for a black box with noise the one that suits the noise.

    Raises ValueError for a gradient that the algorithm does not take, and for an eps without differences.

    >>> scipy("L-BFGS-B", "forward").calls(10)
    Calls(value=1, jvp=0, grad=0)
    """
    from scipy.optimize import minimize  # half of what a sweep of other methods would import

    based = algorithm in GRADIENT_BASED
    if based == (gradient == "none"):
        takes = "exact, forward or central" if based else "none: it asks values alone"
        raise ValueError(f"gradient={gradient}: {algorithm} takes {takes}")
    require_eps(eps)
    differences = gradient in ("forward", "central")
    if eps is not None and not differences:
        raise ValueError(f"eps={eps:g}: the step of differences; use gradient=forward or central, or eps=null")
    jac = {"exact": True, "forward": "2-point", "central": "3-point", "none": None}[gradient]
    options = {
        "L-BFGS-B": {"maxiter": NEVER, "maxfun": NEVER, "maxls": 50, "ftol": 0.0, "gtol": 0.0},
        "BFGS": {"maxiter": NEVER, "gtol": 0.0},
        "CG": {"maxiter": NEVER, "gtol": 0.0},
        "Nelder-Mead": {"maxiter": NEVER, "maxfev": NEVER, "xatol": 1e-12, "fatol": 0.0, "adaptive": adaptive},
        "Powell": {"maxiter": NEVER, "maxfev": NEVER, "xtol": 1e-12, "ftol": 1e-16},
        "COBYQA": {"maxiter": NEVER, "maxfev": NEVER, "final_tr_radius": 1e-12},
    }[algorithm]

    def run(box: Box | Log, x0: np.ndarray, seed: int) -> str:
        own, quotient, ends = _own_of(box, differences), jac, _bounds(box)
        h = nan if not differences else _measured_eps(box, gradient) if eps is None else eps
        if isfinite(h) and gradient == "forward":  # scipy takes an absolute step of forward differences, where jac=None
            own, quotient = {**own, "eps": h}, None
        elif isfinite(h):
            lower, upper = np.transpose(ends) if ends else (-inf, inf)
            own, quotient = {}, central_gradient(box.many, h, lower, upper)
        ask = box
        if gradient == "exact" and isinstance(box, Box):
            ask, quotient = box.value, box.gradient
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # at its tightest tolerances a solver ends in rounding, and says so
            given = {"method": algorithm, "jac": quotient, "options": options | own, "bounds": ends}
            return str(minimize(ask, x0, **given).message)

    each = Calls(value=1, grad=1) if gradient == "exact" else Calls(value=1)
    solve = partial(traced, run, gradient == "exact")
    scale, bounded = (lambda n: 1.0 if gradient == "exact" else n), algorithm not in ("BFGS", "CG")
    asks_eps = differences and eps is None
    return Solver(solve, lambda n: each, time_scale=scale, run=run, bounded=bounded, asks_eps=asks_eps)


def _measured_eps(box: Box | Log, gradient: str) -> float:
    """The difference step that a black box has measured; nan where there is none, and scipy decides."""
    return box.eps[QUOTIENTS.index(gradient)] if isinstance(box, Log) and box.eps else nan


def _own_of(box: Box | Log, differences: bool) -> dict[str, Any]:
    """Options where values are asked of the host: those of a difference gradient do not depend on each other."""
    return {} if isinstance(box, Box) or not differences else {"workers": lambda f, points: box.many(list(points))}


def _bounds(box: Box | Log) -> Any:
    """Those of a black box, as scipy takes them; None where there are none."""
    if not (isinstance(box, Log) and box.host.bounded):
        return None
    return [*zip(box.host.lower, box.host.upper, strict=True)]


def cma(sigma: float = 0.3) -> Solver:
    """CMA-ES (Hansen 2016) by the package cma, its defaults, first step length `sigma`, no restarts. Asks values alone.

    Raises ValueError where sigma is not a positive number, or the package is not there.

    >>> cma().random
    True
    """
    if not sigma > 0:
        raise ValueError(f"sigma={sigma}: the first step length is a positive number")
    try:
        from cma import CMAEvolutionStrategy
    except ImportError as error:
        raise ValueError("method=cma needs the package cma: pip install 'zobench[cma]'") from error

    def run(box: Box | Log, x0: np.ndarray, seed: int) -> str:
        options: dict[str, Any] = {
            "seed": seed + 1,
            "verbose": -9,
            "tolfun": 0,
            "tolfunhist": 0,
            "tolx": 0,
            "maxiter": NEVER,
        }
        if bounds := _bounds(box):
            options["bounds"] = [list(ends) for ends in zip(*bounds, strict=True)]
        strategy = CMAEvolutionStrategy(x0, sigma, options)
        while not strategy.stop():
            asked = strategy.ask()
            strategy.tell(asked, box.many(asked))
        return ", ".join(strategy.stop() or ())

    return Solver(partial(traced, run, False), lambda n: Calls(value=1), random=True, run=run, bounded=True)


def advance(
    problem: Problem,
    solver: Solver,
    seeds: Sequence[int],
    stop: Stop,
    progress: Callable[[int], None],
    family: Family | None = None,
) -> tuple[Curves, np.ndarray, np.ndarray]:
    """Run a solver for each seed to its budget: curves of the best point so far, and when and how each run ended.

    After one that failed the others are not run. Recorded after about 300 numbers of calls, evenly spaced in their
    logarithm; hitting times are exact to the call. Runs to the same budget that are saved are not made again.
    """
    return curves_of(*_runs(problem, solver, seeds, stop.cap, progress, family), stop)


def curves_of(ran: Sequence[Ran], reused: tuple[int, int], stop: Stop) -> tuple[Curves, np.ndarray, np.ndarray]:
    """Curves of the best so far, hitting times and outcomes of runs."""
    traces = [trace for trace, _, _ in ran]
    k = np.unique(np.geomspace(1, max(trace.calls for trace in traces), 300).round().astype(np.int64))
    k = np.concatenate([[0], k])
    hits, records = np.full(len(traces), inf), []
    for run, (trace, metrics, _) in enumerate(ran):
        reached = metrics[Values._fields.index(stop.metric)] <= stop.target
        if reached.any():
            hits[run] = trace.k[np.argmax(reached)]
        records.append(metrics[:, np.searchsorted(trace.k, k, side="right") - 1])
    x_end = np.array([trace.x[-1] for trace in traces])
    failure = next((trace.ended for trace in traces if trace.failed), "")
    calls, seconds = sum(trace.calls for trace in traces), sum(seconds for _, _, seconds in ran)
    outcome = np.where(np.isfinite(hits), "reached", "not reached")
    gap, gradient, distance = np.stack(records, axis=1)
    return Curves(k, gap, gradient, distance, x_end, calls, seconds, failure, reused), hits, outcome


def _runs(
    problem: Problem,
    solver: Solver,
    seeds: Sequence[int],
    budget: int,
    progress: Callable[[int], None],
    family: Family | None,
) -> tuple[list[Ran], tuple[int, int]]:
    """A run for each seed, up to one that failed; how many of them were saved, and their calls."""
    known, measured = _load(family, budget, seeds, problem), jax.jit(jax.vmap(partial(measure, problem)))
    saved, ran, save = {*known}, [], partial(_save, family, budget, seeds, known)
    look = states.now_and_then(save)
    try:
        for i, seed in enumerate(seeds):
            if seed not in known:
                start = time.perf_counter()
                trace = solver.solve(problem, budget, seed)
                seconds = time.perf_counter() - start
                known[seed] = trace, _measured(measured, trace.x, problem.x0.dtype), seconds
            ran.append(known[seed])
            progress(round(budget * (i + 1) / len(seeds)))
            if ran[-1][0].failed:
                break
            look()
    finally:
        if known.keys() - saved:
            save()
    again = [trace.calls for seed, (trace, _, _) in zip(seeds, ran, strict=False) if seed in saved]
    return ran, (len(again), sum(again))


def _measured(measured: Callable[..., Values], x: np.ndarray, dtype: Any) -> np.ndarray:
    """Gap, squared gradient norm and squared distance [3, points] of points [points, n], 256 of them at a time."""
    size = 256
    padded = np.concatenate([x, np.repeat(x[-1:], -len(x) % size, axis=0)])
    parts = [np.stack(measured(jnp.asarray(padded[i : i + size], dtype))) for i in range(0, len(padded), size)]
    return np.concatenate(parts, axis=1)[:, : len(x)]


def _load(family: Family | None, budget: int, seeds: Sequence[int], problem: Problem) -> dict[int, Ran]:
    """The runs to that budget that are saved, of these seeds."""
    found: dict[int, Ran] = {}
    for arrays, meta in states.load(family, store.digest("budget", budget), seeds):
        with suppress(KeyError, TypeError, ValueError):  # of another version
            ends = np.cumsum(meta["points"])[:-1]
            k, x, metrics = (np.split(arrays[name], ends, axis=-1) for name in ("k", "x", "metrics"))
            columns = meta["seeds"], k, x, meta["calls"], meta["ended"], metrics, meta["seconds"]
            for seed, k, x, calls, ended, metrics, seconds in zip(*columns, strict=True):
                if seed in seeds and len(x) == problem.n and metrics.dtype == problem.x0.dtype:
                    found[seed] = Trace(k, np.ascontiguousarray(x.T), calls, ended), metrics, seconds
    return found


def _save(family: Family | None, budget: int, seeds: Sequence[int], known: dict[int, Ran]) -> None:
    """Save the runs that did not fail."""
    good = {seed: one for seed, one in known.items() if not one[0].failed}
    if good:
        traces, metrics, seconds = zip(*good.values(), strict=True)
        arrays = {"k": np.concatenate([trace.k for trace in traces]), "metrics": np.concatenate(metrics, axis=1)}
        arrays["x"] = np.concatenate([trace.x.T for trace in traces], axis=1)
        meta = {"seeds": [*good], "points": [len(trace.k) for trace in traces], "seconds": seconds}
        meta |= {name: [getattr(trace, name) for trace in traces] for name in ("calls", "ended")}
        states.save(family, store.digest("budget", budget), seeds, arrays, meta)
