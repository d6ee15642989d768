"""Runs on a black box: a method's steps compiled, its values asked on the host, and what was asked is what is shown.

A run begins with f(x0) and ends at its budget, to the call, or with the value that meets the target. Where a step would
leave the numbers it is not made: the run goes half of the way back to where the last one began.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf, isfinite, isnan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback

from zobench import probing, states, store
from zobench.differences import best_eps
from zobench.host import Known, Log, Spent, as_bytes, from_bytes, to_bytes
from zobench.loop import Curves, Stop
from zobench.plan import PROBE, Plan
from zobench.probing import QUOTIENTS, Scale
from zobench.solvers import Solver, Trace, curves_of
from zobench.states import Family
from zobench.types import Key, Method, Oracle, Problem, Vector, shapes_of

MEASURED_FROM = 100  # calls of a budget: of a smaller one the noise is not measured


class Asker(NamedTuple):
    """What makes the runs of a cell: its plan, the compiled step of its method, None for a solver.

    `asks_eps`: the method takes the difference step that suits the noise. `current` has the log of the run under way.
    """

    plan: Plan
    step: Callable[..., Any] | None
    asks_eps: bool
    current: list[Log]
    compile_seconds: float


class Runs(NamedTuple):
    """What the runs of a step rule did, and of each its step size, noise, failed calls, calls, best value [runs]."""

    curves: Curves
    hits: np.ndarray
    outcome: np.ndarray
    steps: np.ndarray
    noise: np.ndarray
    failed: np.ndarray
    calls: np.ndarray
    best: np.ndarray


def asker(plan: Plan) -> Asker:
    """Compile a step of the plan's method, asking nothing."""
    if isinstance(plan.outline, Solver):
        return Asker(plan, None, plan.outline.asks_eps, [], 0.0)
    start, problem, current, asked = time.perf_counter(), plan.problem, [], []
    step = partial(_step, problem, plan.method_of, partial(_ask, problem, current), asked)
    x, one = jnp.asarray(problem.x0), jnp.ones((), problem.x0.dtype)
    state, number = plan.method_of(1.0).init(x), jnp.uint32(0)
    eps = jnp.ones(len(QUOTIENTS), x.dtype)
    compiled = jax.jit(step).lower(x, x, state, number, number, one, eps).compile()
    return Asker(plan, compiled, bool(asked), current, time.perf_counter() - start)


def _step(problem: Problem, method_of: Callable, ask: Callable, asked: list, x, back, state, seed, k, size, eps):
    """x, where the step began, and the memory after step k; half of the way back where the new x is no number."""
    method, lower, upper = method_of(size), *(jnp.asarray(end, x.dtype) for end in problem.host[2:4])

    complex_asked = f"{problem.host.name} takes real numbers: quotient=complex asks complex ones; use another quotient"

    def inside(points):
        """Where a point is beyond a bound, half of the way from x to it: no value is asked at an edge by chance."""
        points = jnp.where(points < lower, (x + lower) / 2, points)
        return jnp.where(points > upper, (x + upper) / 2, points)

    def many(points):
        if jnp.issubdtype(points.dtype, jnp.complexfloating):
            raise ValueError(complex_asked)
        return ask(inside(points))

    def step_of(quotient):
        asked.append(quotient)
        if quotient not in QUOTIENTS:
            raise ValueError(complex_asked)
        own = eps[QUOTIENTS.index(quotient)]
        usual = float(jnp.finfo(x.dtype).eps) ** 0.25 if quotient == "second" else best_eps(quotient, x.dtype)
        return jnp.where(jnp.isnan(own), usual, own)

    oracle = Oracle(
        lambda y, call=0: many(y[None])[0], _refused, _refused, None, many, step_of, shapes=shapes_of(problem)
    )
    draw = method.draw(Key(seed, k), problem.n, x.dtype) if method.draw else ()
    new, following = method.step(oracle, x, state, draw)
    good = jnp.isfinite(new).all()
    state = jax.tree.map(lambda later, earlier: jnp.where(good, later, earlier), following, state)
    return jnp.where(good, jnp.clip(new, lower, upper), (x + back) / 2), jnp.where(good, x, back), state


def _ask(problem: Problem, current: list[Log], points: Vector) -> Vector:
    """The values [m] of points [m, n] from the log under way, +∞ where there is none."""
    dtype = points.dtype

    def host(data):
        log = current[-1]
        try:
            values = log.ask(from_bytes(data, dtype))
        except BaseException as error:  # for the loop to raise: JAX would make a RuntimeError of it
            log.raised, values = error, np.full(len(data), np.nan)
        return to_bytes(np.where(np.isnan(values), inf, values).astype(dtype))

    result = jax.ShapeDtypeStruct((points.shape[0], dtype.itemsize), jnp.uint8)
    return jax.lax.bitcast_convert_type(io_callback(host, result, as_bytes(points)), dtype)


def _refused(*_: Any) -> Any:
    raise ValueError("this problem has no gradient to ask for; use an estimator of values, such as two_point")


def advance(
    own: Asker,
    rule: str,
    size: float,
    seeds: Sequence[int],
    stop_at: Callable[[float], Stop],
    progress: Callable[[int], None],
    family: Family | None = None,
) -> Runs:
    """Run the plan's method for each seed. `stop_at(f0)` says when runs end, from the first value that is a number.

    Runs that are saved are replayed as far as they went. After one that failed the others are not run. Raises
    ValueError where the box fails at x0, or f(x0) is no finite number and on_error=raise.
    """
    plan, what = own.plan, store.digest("asked", rule, float(size).hex())
    known, logs, scales, ran = _load(family, what, seeds), [], [], []
    goal = _once(lambda value: stop_at(value).target + (0 if isnan(plan.problem.f_star) else plan.problem.f_star))
    look = states.now_and_then(partial(_save, family, what, seeds, logs))
    try:
        for i, seed in enumerate(seeds):
            log = Log(plan.problem.host, plan.cap, seed, plan.problem.x0.dtype, goal)
            log.known = known.get(seed, log.known)
            logs.append(log)

            def tell(i=i, log=log):
                progress(round((i * plan.cap + log.calls) / len(seeds)))
                look()

            start = time.perf_counter()
            scale, ended = _run(own, rule, size, log, tell)
            if log.calls == 1 and not i and log.error:
                raise ValueError(f"problem: {log.error}")
            ran.append((_trace(plan, log, ended), _metrics(plan, log), time.perf_counter() - start))
            scales.append(scale)
            if log.error:
                break
    finally:
        _save(family, what, seeds, logs)
    reused = sum(log.replayed > 0 for log in logs), sum(log.replayed for log in logs)
    first = next((one[1][0, 0] for one in ran if isfinite(one[1][0, 0])), inf)
    f_star = 0.0 if isnan(plan.problem.f_star) else plan.problem.f_star
    curves, hits, outcome = curves_of(ran, reused, stop_at(first + f_star))
    return Runs(
        curves, hits, outcome, np.array([scale.step for scale in scales]), np.array([scale.noise for scale in scales]),
        np.array([log.failed for log in logs]), np.array([log.calls for log in logs]),
        np.array([log.best for log in logs]),
    )  # fmt: skip


def _once(make: Callable[[float], float]) -> Callable[[float], float]:
    """What it makes of the first argument, from then on."""
    made: list[float] = []

    def first(value: float) -> float:
        if not made:
            made.append(make(value))
        return made[0]

    return first


def _run(own: Asker, rule: str, size: float, log: Log, tell: Callable[[], None]) -> tuple[Scale, str]:
    """One run to its end: what was measured at x0, the step size in it, and why it ended."""
    problem, outline = own.plan.problem, own.plan.outline
    x0 = np.asarray(problem.x0)
    start = float(log.ask(x0[None])[0])
    if log.host.on_error == "raise" and not log.error and not isfinite(start):
        raise ValueError(f"f(x0) is {start} (n = {problem.n}): start where f is a finite number; use another x0")
    scale = Scale(step=size)
    tell()
    if isfinite(start) and (rule == PROBE or (own.asks_eps and not log.host.same and log.budget >= MEASURED_FROM)):
        room = np.minimum(x0 - log.host.lower, log.host.upper - x0)
        scale = probing.measure(log.ask, x0, start, np.random.default_rng([log.seed, 1]), rule == PROBE, room)
        scale = scale._replace(step=probing.require_step(own.plan.scaled(scale)) if rule == PROBE else size)
    if isinstance(outline, Solver):
        assert outline.run  # as the plan has seen to
        log.eps = probing.steps(scale)
        with suppress(Spent):
            return scale, outline.run(log, x0.astype(float), log.seed)
        return scale, log.error or "budget"
    _walk(own, scale, log, tell)
    return scale, log.error or "budget"


def _walk(own: Asker, scale: Scale, log: Log, tell: Callable[[], None]) -> None:
    """Steps until the run is over, or one asks nothing."""
    x = back = jnp.asarray(own.plan.problem.x0)
    size, eps = jnp.asarray(scale.step, x.dtype), jnp.asarray(probing.steps(scale), x.dtype)
    state, seed, k = own.plan.method_of(size).init(x), jnp.uint32(log.seed), 0
    own.current[:] = [log]
    while not log.over:
        before = log.calls
        assert own.step
        x, back, state = jax.block_until_ready(own.step(x, back, state, seed, np.uint32(k), size, eps))
        k += 1
        if log.raised:
            raise log.raised
        tell()
        if log.calls == before:
            return


def _trace(plan: Plan, log: Log, ended: str) -> Trace:
    """Best so far, from f(x0) on, which stands at k = 0 as well."""
    k, x = [0, *(k for k, _, _ in log.points)], [np.asarray(plan.problem.x0, float), *(x for _, x, _ in log.points)]
    return Trace(np.array(k), np.array(x), log.calls, ended, bool(log.error))


def _metrics(plan: Plan, log: Log) -> np.ndarray:
    """The gap, and what is not known, of each best point [3, points]; at k = 0 that of f(x0)."""
    values = [value for _, _, value in log.points]
    start = values[0] if log.points and log.points[0][0] == 1 else inf
    gap = np.array([start, *values]) - (0 if isnan(plan.problem.f_star) else plan.problem.f_star)
    return np.stack([gap, np.full_like(gap, np.nan), np.full_like(gap, np.nan)])


def _load(family: Family | None, what: str, seeds: Sequence[int]) -> dict[int, Known]:
    """The logs that are saved, by seed; the longest of each."""
    found: dict[int, Known] = {}
    for arrays, meta in states.load(family, what, seeds):
        with suppress(KeyError, TypeError, ValueError):  # of another version
            ends = np.cumsum(meta["asked"])[:-1]
            for seed, values, sums in zip(
                meta["seeds"], *(np.split(arrays[name], ends) for name in ("values", "sums")), strict=True
            ):
                if seed not in found or len(found[seed].values) < len(values):
                    found[seed] = Known(values, sums)
    return found


def _save(family: Family | None, what: str, seeds: Sequence[int], logs: Sequence[Log]) -> None:
    """Save what was asked, but for a call that ended its run."""
    if family is None or all(log.replayed == log.calls for log in logs):
        return
    kept = [min(log.calls, log.sound) for log in logs]
    arrays = {
        "values": np.concatenate([log.values[:count] for log, count in zip(logs, kept, strict=True)]),
        "sums": np.concatenate([np.array(log.sums[:n], np.uint32) for log, n in zip(logs, kept, strict=True)]),
    }
    states.save(family, what, seeds[: len(logs)], arrays, {"asked": kept})


def is_random(plan: Plan) -> bool:
    """Whether two runs of a plan may differ: by the method, or by the box."""
    outline: Method | Solver = plan.outline
    return bool(outline.random if isinstance(outline, Solver) else outline.draw) or not plan.problem.host.same
