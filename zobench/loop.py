"""The loop: many runs of descent through one compiled block, and when each of them arrived.

A block of up to 64 records is compiled once per cell; steps, seeds and the number of iterations a record are traced.
Runs go through it one by one, which keeps a run's vectors in the cache and its bytes free of what runs beside it. The
host looks at the records between blocks: that is where a run stops, reports progress and tells the time.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from math import inf, isnan, nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import programs
from zobench.runs import Program, Runs, end_of, keep, known_block, next_block, save_all
from zobench.states import Past, new_past, now_and_then
from zobench.types import Draw, Key, Method, Problem, Scalar, measured_in, oracle, require_precision

RECORDS = 64
RECORDS_PER_GRADIENT_STEP = 2  # a record costs about as much as two steps
MOST = 2**30  # iterations of a run
BLOCK = 2_000_000  # coordinates moved in a block, some milliseconds: a run is not to go on long after its end


class Values(NamedTuple):
    """What is measured of an iterate: f − f* (f itself where f* is not known), ‖∇f‖², ‖x − x*‖²."""

    gap: Any
    gradient: Any
    distance: Any


class Curves(NamedTuple):
    """What runs did: k [records], the rest [runs, records], x_end [runs, n]; iterations of all runs together; seconds.

    `failure` says what ended them before their time: an exception in a black box. `reused`: how many of the runs had
    begun before, and how many of the iterations had been made; `seconds` has what these took.
    """

    k: np.ndarray
    gap: np.ndarray
    gradient: np.ndarray
    distance: np.ndarray
    x_end: np.ndarray
    iterations: int
    seconds: float
    failure: str = ""
    reused: tuple[int, int] = (0, 0)


class Stop(NamedTuple):
    """When a run has arrived (metric ≤ target), when it has diverged (gap > ceiling), and when time is up (k ≥ cap).

    `targets`: where several were asked for all of them, the least of which, `target`, ends a run.
    """

    metric: str
    target: float
    ceiling: float
    cap: int
    targets: tuple[float, ...] = ()


def compile_block(problem: Problem, method_of: Callable[[Scalar], Method]) -> Program:
    """Compile a block of one run of the method that `method_of` makes for a step size.

    A block has 64 records, or as few as are worth calling it; a black box is asked for one record at a time, as each
    value is a call of Python anyway. A run that `stays` makes no iteration more once it has ended.
    """
    x0, problem = problem.x0, programs.straight(problem)
    outline = method_of(jnp.ones((), x0.dtype))
    length, every = rhythm(problem, outline)

    def block(x, state, seed, step, k, every, cap, stays, end):
        steps, drawn = steps_of(problem, method_of(step), seed)
        metric, target, ceiling = end  # a `Stop`: the number of its metric; target and ceiling in the dtype of it

        def record(carry, _):
            x, state, k, drawn = carry
            found = jnp.stack(measure(problem, x))
            ended = stays & ((found[metric] <= target) | ~(found[0] <= ceiling))
            left = jnp.where(ended, 0, jnp.minimum(every, cap - k))  # not one iteration more than the budget
            return steps(x, state, k, drawn, k + left), found

        (x, state, _, _), records = jax.lax.scan(record, (x, state, k, drawn), length=length)
        return x, state, records

    def init(step):
        return jax.tree.map(np.asarray, (x0, method_of(step).init(x0)))

    seed, step, k = jnp.uint32(0), jnp.ones((), x0.dtype), jnp.int32(0)
    least = jnp.ones((), measured_in(x0.dtype))
    taken = (0, 1) if problem.differentiable else ()  # a black box may raise: what was before is then the end
    start = time.perf_counter()
    args = x0, method_of(step).init(x0), seed, step, k, k, k, jnp.bool_(False), (k, least, least)
    program = programs.compiled(block, *args, taken=taken)
    return Program(program, init, problem, length, every, time.perf_counter() - start)


def rhythm(problem: Problem, outline: Method) -> tuple[int, int]:
    """How many records a block has, and how many iterations there are between them."""
    every = max(1, round(outline.time_scale(problem.n) / RECORDS_PER_GRADIENT_STEP))
    return max(1, min(RECORDS, BLOCK // (every * problem.n))) if problem.differentiable else 1, every


def steps_of(problem: Problem, method: Method, seed) -> tuple[Callable, Any]:
    """The function (x, state, k, drawn, end) that makes the steps k ... end − 1, and `drawn` before the first of them.

    Steps that share a draw are a loop of their own, which carries its source: else XLA draws it in each of its uses.
    `drawn` is the number of this round and its source, kept for steps that go on in the same round.
    """
    n, dtype = problem.n, problem.x0.dtype
    period = method.period(n) if method.draw else MOST

    def draw(k) -> Any:
        made: Any = method.draw(Key(seed, k.astype(jnp.uint32)), n, dtype) if method.draw else ()
        return made.source if 1 < period < MOST else made

    def one_round(carry):
        x, state, k, (number, source), end = carry
        # a loop of no turn or one, as jax.lax.cond copies what it keeps
        first = jnp.where(k // period == number, k + 1, k)
        source = jax.lax.fori_loop(first, k + 1, lambda k, old: draw(k), source)
        stop = jnp.minimum(end, (k // period + 1) * period) if period < MOST else end

        def iterate(k, carry):
            x, state, source = carry
            one = Draw(source, k.astype(jnp.uint32) % jnp.uint32(period)) if 1 < period < MOST else source
            return *method.step(oracle(problem, Key(seed, k.astype(jnp.uint32))), x, state, one), source

        x, state, source = jax.lax.fori_loop(k, stop, iterate, (x, state, source))
        return x, state, stop, (k // period, source), end

    def steps(x, state, k, drawn, end):
        return jax.lax.while_loop(lambda carry: carry[2] < carry[4], one_round, (x, state, k, drawn, end))[:4]

    nothing = jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), jax.eval_shape(draw, jnp.int32(0)))
    return steps, (jnp.int32(-1), nothing)


def measure(problem: Problem, x) -> Values:
    """The exact f at x and what goes with it, never charged."""
    x = x.astype(measured_in(x.dtype))
    value = problem.f(x)
    require_precision(value, x)
    gap = value - (0 if isnan(problem.f_star) else problem.f_star)
    unknown = jnp.full_like(gap, nan)
    gradient = jnp.sum(jax.grad(problem.f)(x) ** 2) if problem.differentiable else unknown
    distance = unknown if problem.x_star is None else jnp.sum((x - problem.x_star) ** 2)
    return Values(gap, gradient, distance)


def at_start(program: Program) -> Values:
    """`measure` at x0, by a block without iterations: eager, its operations would be compiled one by one for each n."""
    step, none = np.ones((), program.problem.x0.dtype), np.int32(0)
    state, least = jax.tree.map(jnp.array, program.init(step)), np.ones((), measured_in(step.dtype))
    records = program.block(*state, np.uint32(0), step, none, none, none, np.bool_(False), (none, least, least))[2]
    return Values(*map(float, np.asarray(records)[0]))


def advance(
    program: Program,
    steps: Sequence[float],
    seeds: Sequence[int],
    stop: Stop,
    progress: Callable[[int], None],
    *,
    stays: bool = False,
    pasts: Sequence[Past] | None = None,
    save: Callable[[], None] | None = None,
) -> Curves:
    """Run descent from x0 for each pair (step, seed) until all of them have ended; curves of one common length.

    A run that `stays` makes no iteration more once it has ended: its records repeat the last one. That saves time where
    only hitting times are asked for.

    `pasts`: what has been made of each run before. It is not made again, and what is made now is added where there is a
    `save`, which is called every 30 seconds and at the end, also where an exception makes one. The curves are the same
    to the bit as from nothing.
    """
    cast = partial(np.asarray, dtype=program.problem.x0.dtype)
    measured = partial(np.asarray, dtype=measured_in(program.problem.x0.dtype))
    end = np.int32(Values._fields.index(stop.metric)), measured(stop.target), measured(stop.ceiling)
    asked = [(np.uint32(seed), cast(step)) for seed, step in zip(seeds, steps, strict=True)]
    starts = {step: program.init(cast(step)) for step in set(steps)}
    pasts = pasts or [new_past() for _ in seeds]
    fixed = np.int32(stop.cap), np.bool_(stays), end
    runs = Runs(program, asked, [starts[step] for step in steps], pasts, {}, fixed)
    begun = sum(known_block(runs, run, 0) is not None for run in range(len(seeds)))
    try:
        blocks, made, seconds, failure = _blocks(runs, stop, progress, save)
        x_end = np.array([end_of(runs, run, len(blocks)) for run in range(len(seeds))])
    finally:
        if save:
            save_all(runs, save)
    curves = curves_of(program, stop, blocks, x_end, seconds)
    return curves._replace(failure=failure, reused=(begun, curves.iterations - made))


def curves_of(program: Program, stop: Stop, blocks: Sequence[np.ndarray], x_end: np.ndarray, seconds: float) -> Curves:
    """Blocks of records, each [3, runs, records], put together, as far as the cap."""
    recorded = np.arange(len(blocks) * program.records, dtype=np.int64) * program.every
    shown = recorded <= stop.cap
    gap, gradient, distance = (np.concatenate(part, axis=1)[:, shown] for part in zip(*blocks, strict=True))
    iterations = min(len(blocks) * program.records * program.every, stop.cap) * len(x_end)
    return Curves(recorded[shown], gap, gradient, distance, x_end, iterations, seconds)


def _blocks(
    runs: Runs, stop: Stop, progress: Callable[[int], None], save: Callable[[], None] | None
) -> tuple[list[np.ndarray], int, float, str]:
    """The blocks until all runs have ended, the iterations made for them, seconds, and what failed."""
    span, ended = runs.program.records * runs.program.every, np.zeros(len(runs.asked), bool)
    blocks, made, seconds = [], 0, 0.0
    look = now_and_then(partial(save_all, runs, save)) if save else None
    while (k := len(blocks) * span) <= stop.cap and not ended.all():
        if save and k + span > stop.cap:
            keep(runs)  # a larger cap goes on from before the block that this one cuts short
        try:
            block, new, took = next_block(runs, len(blocks), keeps=save is not None)
        except Exception as error:
            if not blocks:
                raise
            return blocks, made, seconds, last_line(error)
        blocks.append(block)
        made, seconds = made + new * (min(k + span, stop.cap) - k), seconds + took
        ended |= np.logical_or(*events(Values(*block), stop)).any(axis=1)
        progress(min(k + span, stop.cap))
        if look:
            look()
    return blocks, made, seconds, ""


def last_line(error: Exception) -> str:
    """What an exception says in its last line: behind a traceback of JAX's, the words of the black box."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1].strip()


def events(metrics: Values | Curves, stop: Stop) -> tuple[np.ndarray, np.ndarray]:
    """Which records [runs, records] are at or below the target, and which are lost."""
    return getattr(metrics, stop.metric) <= stop.target, ~(metrics.gap <= stop.ceiling)


def hitting_times(curves: Curves, stop: Stop) -> tuple[np.ndarray, np.ndarray]:
    """First recorded k with metric ≤ target for each run (inf: never), and how each run ended. Both of shape [runs]."""
    never = len(curves.k)
    first = [np.where(event.any(axis=1), event.argmax(axis=1), never) for event in events(curves, stop)]
    times, outcomes = np.full(len(curves.gap), inf), np.full(len(curves.gap), "not reached")
    for run, (hit, lost) in enumerate(zip(*first, strict=True)):
        if hit < lost:
            times[run], outcomes[run] = curves.k[hit], "reached"
        elif lost < never:
            before = curves.gap[run, max(lost - 1, 0)]
            fresh = isnan(curves.gap[run, lost]) and not before > curves.gap[run, 0]
            outcomes[run] = "nan" if fresh else "diverged"
    return times, outcomes
