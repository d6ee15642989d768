"""The loop: many runs of descent through one compiled block, and when each of them arrived.

A block of sections of up to 64 records is compiled once per cell; steps, seeds and the number of iterations a record
are traced. Runs go through it one by one, which keeps a run's vectors in the cache and its bytes free of what runs
beside it. Between blocks the host looks at the records, reports progress and tells the time; runs end behind the
section in which the last of them has arrived.
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
from zobench.rhythm import MOST, OFTEN, RECORDS, rhythm, sections
from zobench.runs import Program, Runs, end_of, keep, known_block, next_block, on_device, save_all
from zobench.states import Past, new_past, now_and_then
from zobench.types import Draw, Key, Method, Problem, Scalar, measured_in, oracle, require_precision, sum_each


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


def compile_block(problem: Problem, method_of: Callable[[Scalar], Method], often: float = OFTEN) -> Program:
    """Compile a block of one run of the method that `method_of` makes for a step size.

    A block has sections of 64 records, or as few as are worth calling it; a black box is asked for one record at a
    time, as each value is a call of Python anyway. A run that `stays` makes no iteration more once it has ended. The
    block gives x, the state, the records and a row behind them, which has the record at the cap where that is reached
    within the last interval, and x behind each section; where there is one section that is x itself, and not copied.
    `often`: records in the time of a step with the gradient.
    """
    x0, problem = problem.x0, programs.straight(problem)
    outline = method_of(jnp.ones((), x0.dtype))
    (length, every), many = rhythm(problem, outline, often), sections(problem, outline, often)

    def init(step):
        return jax.tree.map(np.asarray, (x0, method_of(step).init(x0)))

    seed, step, k = jnp.uint32(0), jnp.ones((), x0.dtype), jnp.int32(0)
    least = jnp.ones((), measured_in(x0.dtype))
    taken = (0, 1) if problem.differentiable else ()  # a black box may raise: what was before is then the end
    start = time.perf_counter()
    args = x0, method_of(step).init(x0), seed, step, k, k, k, jnp.bool_(False), (k, least, least)
    program = programs.compiled(_block(problem, method_of, length * many, many), *args, taken=taken)
    return Program(program, init, problem, length * many, every, time.perf_counter() - start)


def _block(problem: Problem, method_of: Callable[[Scalar], Method], length: int, many: int) -> Callable:
    """The block before it is compiled, of `length` records in so many sections."""
    put, dtype = jax.lax.dynamic_update_index_in_dim, problem.x0.dtype  # .at[] is a scatter, as dear as a record

    def block(x, state, seed, step, k, every, cap, stays, end):
        steps, drawn = steps_of(problem, method_of(step), seed)
        metric, target, ceiling = end  # a `Stop`: the number of its metric; target and ceiling in the dtype of it

        def record(carry):
            (i, _), x, state, k, drawn, records, ends = carry
            found = jnp.stack(measure(problem, x))
            ended = stays & ((found[metric] <= target) | ~(found[0] <= ceiling))
            left = jnp.where(ended, 0, jnp.minimum(every, cap - k))  # not one iteration more than the budget
            x, state, k, drawn = steps(x, state, k, drawn, k + left)
            ends = put(ends, x, i // RECORDS, 0) if many > 1 else ends  # the row behind the last section is in it
            return (i + 1, ended), x, state, k, drawn, put(records, found, i, 0), ends

        records = jnp.zeros((length + 1, 3), measured_in(dtype))
        ends = jnp.zeros((many if many > 1 else 0, x.size), dtype)
        rows = jnp.where(cap < k + length * every, -((k - cap) // every) + 1, length)
        start = (jnp.int32(0), jnp.bool_(False)), x, state, k, drawn, records, ends
        done = jax.lax.while_loop(lambda carry: (carry[0][0] < rows) & ~carry[0][1], record, start)
        (made, _), x, state, *_, records, ends = done
        return x, state, *_filled(made, x, records, ends)

    return block


def _filled(made, x, records, ends) -> tuple[Any, Any]:
    """Records and ends of a block of which so many rows were made: x stays where it is, and is measured the same."""
    is_made = jnp.arange(len(records))[:, None] < made
    ends = jnp.where(is_made[::RECORDS][: len(ends)], ends, x)
    return jnp.where(is_made, records, records[made - 1]), ends


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
    """The exact f at x and what goes with it, never charged.

    One pass over x, its gradient in hand, sums the squares of both, and the terms of f where they are known
    (types.separable): three sums are three passes.
    """
    x = x.astype(measured_in(x.dtype))
    value, slope = jax.value_and_grad(problem.f)(x) if problem.differentiable else (problem.f(x), None)
    require_precision(value, x)
    parts = {} if slope is None else {"gradient": slope**2}
    parts |= {} if problem.x_star is None else {"distance": (x - problem.x_star) ** 2}
    terms: Any = getattr(problem.f, "terms", None)
    parts |= {"value": terms(x)} if terms and parts else {}
    sums = dict(zip(parts, sum_each(*parts.values()), strict=True)) if parts else {}
    gap = sums.get("value", value) - (0 if isnan(problem.f_star) else problem.f_star)
    unknown = jnp.full_like(gap, nan)
    return Values(gap, sums.get("gradient", unknown), sums.get("distance", unknown))


def at_start(program: Program) -> Values:
    """`measure` at x0, by a block without iterations: eager, its operations would be compiled one by one for each n."""
    step, none, one = np.ones((), program.problem.x0.dtype), np.int32(0), np.int32(1)
    state, least = on_device(program.init(step)), np.ones((), measured_in(step.dtype))
    records = program.block(*state, np.uint32(0), step, none, one, none, np.bool_(False), (none, least, least))[2]
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

    A run that `stays` makes no iteration more once it has ended: its records repeat the last one.

    `pasts`: what has been made of each run before. It is not made again, and what is made now is added where there is a
    `save`, which is called every 30 seconds and at the end, also where an exception makes one. The curves are the same
    to the bit as from nothing.
    """
    cast = partial(np.asarray, dtype=program.problem.x0.dtype)
    starts = {step: program.init(cast(step)) for step in set(steps)}
    given = jax.device_put({step: cast(step) for step in starts})  # once, and not in each call of the block
    asked = [(seed, given[step]) for seed, step in zip(jax.device_put([*map(np.uint32, seeds)]), steps, strict=True)]
    pasts = pasts or [new_past() for _ in seeds]
    runs = Runs(program, asked, [starts[step] for step in steps], pasts, {}, _fixed(program, stop, stays), stop.cap)
    begun = sum(known_block(runs, run, 0) is not None for run in range(len(seeds)))
    try:
        blocks, known, seconds, failure = _blocks(runs, stop, progress, save)
        behind = sections_of(program, stop, blocks) - len(blocks) * program.records // program.section
        x_end = np.array([end_of(runs, run, len(blocks), behind - 1) for run in range(len(seeds))])
    finally:
        if save:
            save_all(runs, save)
    curves = curves_of(program, stop, blocks, x_end, seconds)
    ends = np.minimum(np.arange(len(blocks) + 1) * program.records * program.every, curves.iterations // len(seeds))
    return curves._replace(failure=failure, reused=(begun, int(known @ np.diff(ends))))


def _fixed(program: Program, stop: Stop, stays: bool) -> tuple[Any, ...]:
    """What goes into every block behind k, on the device: a number of NumPy's is carried there in each call."""
    measured = partial(np.asarray, dtype=measured_in(program.problem.x0.dtype))
    end = np.int32(Values._fields.index(stop.metric)), measured(stop.target), measured(stop.ceiling)
    return jax.device_put((np.int32(program.every), np.int32(stop.cap), np.bool_(stays), end))


def sections_of(program: Program, stop: Stop, blocks: Sequence[np.ndarray]) -> int:
    """How many sections there are until all runs have ended; all of them where they have not."""
    many = len(blocks) * program.records // program.section
    ended = np.logical_or(*events(Values(*np.concatenate(blocks, axis=2)), stop))
    last = int(ended.argmax(axis=1).max()) // program.section + 1
    return min(last, many) if ended.any(axis=1).all() else many


def curves_of(program: Program, stop: Stop, blocks: Sequence[np.ndarray], x_end: np.ndarray, seconds: float) -> Curves:
    """Blocks of records, each [3, runs, records], put together as far as runs go; what reaches the cap has it last."""
    end, records = sections_of(program, stop, blocks) * program.section * program.every, np.concatenate(blocks, axis=2)
    recorded = np.arange(records.shape[2], dtype=np.int64) * program.every
    shown = int((recorded < (end if end <= stop.cap else stop.cap + program.every)).sum())
    gap, gradient, distance = records[:, :, :shown]
    k = np.minimum(recorded[:shown], stop.cap)
    return Curves(k, gap, gradient, distance, x_end, min(end, stop.cap) * len(x_end), seconds)


def _blocks(
    runs: Runs, stop: Stop, progress: Callable[[int], None], save: Callable[[], None] | None
) -> tuple[list[np.ndarray], np.ndarray, float, str]:
    """The blocks until all runs have ended, how many runs had made each of them before, seconds, and what failed."""
    span, ended = runs.program.records * runs.program.every, np.zeros(len(runs.asked), bool)
    blocks, known, seconds = [], [], 0.0
    look = now_and_then(partial(save_all, runs, save)) if save else None
    while (k := len(blocks) * span) <= stop.cap and not ended.all():
        if save and k + span > stop.cap:
            keep(runs)  # a larger cap goes on from before the block that this one cuts short
        try:
            block, new, took = next_block(runs, len(blocks), keeps=save is not None)
        except Exception as error:
            if not blocks:
                raise
            return blocks, np.array(known), seconds, last_line(error)
        blocks.append(block)
        known.append(len(runs.asked) - new)
        seconds += took
        ended |= np.logical_or(*events(Values(*block), stop)).any(axis=1)
        progress(min(k + span, stop.cap))
        if look:
            look()
    return blocks, np.array(known), seconds, ""


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
