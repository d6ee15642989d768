"""Runs of a cell together in one program: the layout of an accelerator, and of many short runs on a CPU.

On a CPU a group is all seeds of one section of 2^m seeds, whichever of them are asked for: its size is fixed by n, a
run's place in it by its seed. So the bytes of a run do not depend on what runs beside it. They differ from those of a
run apart by rounding, as sums are made in another order. On a wide machine (batches.is_wide) a group is the runs that
are asked for, as many as fit, and bytes may depend on how many they are.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import programs, store, wide_steps
from zobench.batches import RUNS, is_wide, widest
from zobench.loop import Curves, Stop, Values, curves_of, events, measure, steps_of
from zobench.rhythm import OFTEN, rhythm
from zobench.runs import Program, on_device
from zobench.spread import Spread, spread
from zobench.states import Family, load, now_and_then, save
from zobench.types import Method, Problem, Scalar, measured_in
from zobench.wide_steps import unless

GROUP = 64
MOST = 2**24  # coordinates of a group; a run that is longer is alone in it
SHORT = 64  # on a CPU runs of at most so many coordinates go together
MANY = 64  # where there are at least so many of them
WIDE = SHORT**2  # and no array within f is larger, such as the matrix of a quadratic
ROOM = 2**28  # coordinates of a group on a wide machine
PADDED = 2**20  # coordinates of a group that costs no more where some of its runs are not needed


def goes_together(problem: Problem, layout: str, runs: int) -> bool:
    """Whether so many runs go in one program: `layout` is apart, together, or auto, which decides.

    On an accelerator all do. On a CPU a run alone keeps its vectors in the cache, and what is gained is the price of a
    record and of a loop's turn: many runs of few coordinates, whose f holds little. A black box is asked for one value
    at a time.
    """
    if layout != "auto":
        return layout == "together"
    if not problem.differentiable:
        return False
    if is_wide():
        return True
    return problem.n <= SHORT and runs >= MANY and widest(jax.make_jaxpr(problem.f)(problem.x0).jaxpr) <= WIDE


def size_of(n: int, runs: int) -> int:
    """How many runs a group has, where so many are to be made."""
    if is_wide():
        return max(1, min(runs, ROOM // n))
    size = GROUP
    while size > 1 and size * n > MOST:
        size //= 2
    return size


def tuned_in(size: int, n: int, runs: int) -> int:
    """The size of the group that tries steps with so many runs: that of the reported ones (0: apart) where it is small.

    On a CPU they are tried one by one, as a run that has arrived need not wait for the others.
    """
    if not (size and is_wide()):
        return 0
    return size if size * n <= PADDED else size_of(n, runs)


def compile_group(problem: Problem, method_of: Callable[[Scalar], Method], size: int, often: float = OFTEN) -> Program:
    """Compile a block of a group of runs, a section of `loop.compile_block`'s and the record behind it.

    All runs of a group are at one iteration: its loops have one end. On a CPU a draw serves as many steps as it does
    apart; on a wide machine four at most, and its loops have lengths that are known when it is compiled.
    """
    x0, problem = problem.x0, programs.straight(problem)
    records, every = rhythm(problem, method_of(jnp.ones((), x0.dtype)), often)
    make = wide_steps.steps_of if is_wide() else _steps

    def block(x, state, seed, step, k, cap, stays, end):
        steps, drawn = make(problem, method_of(step), seed, every, size)
        metric, target, ceiling = end

        def record(carry, i):
            x, state, k, drawn = carry
            found = jnp.stack(measure(problem, x))
            ended = stays & ((found[metric] <= target) | ~(found[0] <= ceiling))
            until = jnp.where(i < records, jnp.minimum(k + every, cap), k)
            x, state, drawn = steps(x, state, k, drawn, until, ended)
            return (x, state, until, drawn), found

        rows = jnp.arange(records if is_wide() else records + 1)
        (x, state, _, _), found = jax.lax.scan(record, (x, state, k, drawn), rows)
        if is_wide():  # where steps behind the end are made, none are to be behind the last record
            found = jnp.concatenate([found, jnp.stack(measure(problem, x))[None]])
        return x, state, found

    def init(step):
        return jax.tree.map(np.asarray, (x0, method_of(step).init(x0)))

    start, step, k = time.perf_counter(), jnp.ones((), x0.dtype), jnp.int32(0)
    least, over = jnp.ones((), measured_in(x0.dtype)), spread(size, problem.n)
    own = 0 if is_wide() else None  # there the tries of several steps go together
    group = jax.vmap(block, in_axes=(0, 0, 0, own, None, None, None, None), axis_name=RUNS)
    state = _shapes(jax.eval_shape(lambda: (x0, method_of(step).init(x0))), size, over)
    seeds = _shapes(jax.ShapeDtypeStruct((), np.uint32), size, over)
    given = step if own is None else _shapes(step, size, over)
    args = *state, seeds, given, k, k, jnp.bool_(False), (k, least, least)
    program = programs.compiled(group, *args, taken=(0, 1), placed=over.array)
    return Program(program, init, problem, records, every, time.perf_counter() - start, size)


def _steps(problem: Problem, method: Method, seed: Any, every: int, size: int) -> tuple[Callable, Any]:
    """`loop.steps_of`, where the steps of runs that have ended are made and not taken."""
    steps, drawn = steps_of(problem, method, seed)

    def taken(x, state, k, drawn, end, ended):
        *made, _, drawn = steps(x, state, k, drawn, end)
        return *unless(ended, (x, state), tuple(made)), drawn

    return taken, drawn


def _shapes(state: Any, size: int, over: Spread) -> Any:
    """What a group of such states is for the compiler."""
    shapes = jax.tree.map(lambda leaf: (size, *jnp.shape(leaf)), state)
    return jax.tree.map(
        lambda leaf, shape: jax.ShapeDtypeStruct(shape, leaf.dtype, sharding=over.of(shape)), state, shapes
    )


def _repeated(state: Any, size: int) -> Any:
    return on_device(jax.tree.map(lambda leaf: np.broadcast_to(leaf, (size, *np.shape(leaf))), state))


def _started(program: Program, step: np.ndarray) -> Any:
    """Where a group begins, of one step size or of one for each run."""
    if not step.ndim:
        return _repeated(program.init(step), program.size)
    return on_device(jax.tree.map(lambda *leaves: np.stack(leaves), *map(program.init, step)))


def _call(program: Program, state: Any, seeds: np.ndarray, step: np.ndarray, *about: Any) -> Any:
    """The next state of the group of these seeds, and its records; takes the state over."""
    over = spread(program.size, program.problem.n)
    own = over.run(np.broadcast_to(step, program.size)) if is_wide() else step
    return program.block(*jax.tree.map(over.run, state), over.run(seeds), own, *about)


def _end(program: Program, stop: Stop) -> tuple[np.ndarray, ...]:
    measured = measured_in(program.problem.x0.dtype)
    return np.asarray(Values._fields.index(stop.metric), np.int32), *np.asarray((stop.target, stop.ceiling), measured)


def at_start(program: Program) -> Values:
    """`loop.measure` at x0, by a block without iterations."""
    step, none = np.ones((), program.problem.x0.dtype), np.int32(0)
    state, seeds = _repeated(program.init(step), program.size), np.zeros(program.size, np.uint32)
    found = _call(program, state, seeds, step, none, none, np.bool_(False), _end(program, Stop("gap", 0, 0, 0)))[2]
    return Values(*map(float, np.asarray(found)[0, 0]))


def _groups(seeds: Sequence[int], size: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The seeds of each group, and where in all of them those are that are asked for."""
    asked = np.asarray(seeds, np.int64)
    if is_wide():
        return _filled(asked.astype(np.uint32), size), np.arange(len(asked))
    firsts, group = np.unique(asked // size * size, return_inverse=True)
    return [np.arange(first, first + size, dtype=np.uint32) for first in firsts], group * size + asked % size


def _filled(asked: np.ndarray, size: int) -> list[np.ndarray]:
    """Groups of that size, the last one filled with the last run."""
    return list(np.pad(asked, (0, -len(asked) % size), mode="edge").reshape(-1, size))


def advance(
    program: Program,
    step: float | Sequence[float],
    seeds: Sequence[int],
    stop: Stop,
    progress: Callable[[int], None],
    *,
    stays: bool = False,
    family: Family | None = None,
) -> Curves:
    """`loop.advance` of runs of one step size, or on a wide machine of one for each run; a group after the other.

    `family`: where whole blocks are saved, every 30 seconds and where an exception ends them, until all are made. The
    same runs go on from there, and from nothing where they would end before.
    """
    cast, span = np.asarray(step, program.problem.x0.dtype), program.records * program.every
    groups, places = _groups(seeds, program.size)
    steps = _filled(cast, program.size) if cast.ndim else [cast] * len(groups)
    states: list[Any] = [_started(program, own) for own in steps]
    fixed, seconds = (np.int32(stop.cap), np.bool_(stays), _end(program, stop)), 0.0
    sizes = [float(one).hex() for one in np.ravel(step)]
    kept = Kept(family, store.digest("together", *sizes, program.size, stays), seeds)
    blocks, states, ended = _resumed(program, kept, stop, states, len(seeds))
    begun = len(blocks)

    def keep() -> None:
        if len(blocks) > begun and not any(leaf.is_deleted() for leaf in jax.tree.leaves(states)):
            _save(kept, blocks, states)

    look = now_and_then(keep)
    try:
        while (k := len(blocks) * span) <= stop.cap and not ended.all():
            start = time.perf_counter()
            parts = zip(states, groups, steps, strict=True)
            done = [_call(program, state, group, own, np.int32(k), *fixed) for state, group, own in parts]
            shown = program.records + (k + span > stop.cap)  # what is cut short has its record at the cap
            found = np.concatenate([np.asarray(each[2]) for each in done])[places, :shown].transpose(2, 0, 1)
            states, seconds = [each[:2] for each in done], seconds + time.perf_counter() - start
            blocks.append(found)
            ended |= np.logical_or(*events(Values(*found), stop)).any(axis=1)
            progress(min(k + span, stop.cap))
            if k + span <= stop.cap:
                look()
    except BaseException:
        if len(blocks) * span <= stop.cap:
            keep()
        raise
    x_end = np.concatenate([np.asarray(x) for x, _ in states])[places]
    reused = (len(seeds) if begun else 0, begun * span * len(seeds))
    return curves_of(program, stop, blocks, x_end, seconds)._replace(reused=reused)


class Kept(NamedTuple):
    """Where whole blocks of these runs are saved, if anywhere, and the name of what decides them besides."""

    family: Family | None
    what: str
    seeds: Sequence[int]


def _save(kept: Kept, blocks: Sequence[np.ndarray], states: Sequence[Any]) -> None:
    arrays = {"records": np.stack(blocks)}
    arrays |= {f"state{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(states))}
    save(kept.family, kept.what, kept.seeds, arrays, {})


def _resumed(
    program: Program, kept: Kept, stop: Stop, states: list[Any], runs: int
) -> tuple[list[np.ndarray], list[Any], np.ndarray]:
    """The blocks that are saved of these runs, the states behind them, and which runs have ended; or none."""
    leaves, structure = jax.tree.flatten(states)
    for saved in load(kept.family, kept.what, kept.seeds):
        blocks = list(saved.arrays.get("records", ()))
        found = [saved.arrays.get(f"state{i}", np.empty(0)) for i in range(len(leaves))]
        fit = [(one.shape, one.dtype) for one in found] == [(leaf.shape, leaf.dtype) for leaf in leaves]
        if not fit or list(kept.seeds) != saved.meta["seeds"] or not blocks:
            continue
        if {block.shape for block in blocks} != {(3, runs, program.records)}:
            continue
        ended = [np.logical_or(*events(Values(*block), stop)).any(axis=1) for block in blocks]
        so_far = np.logical_or.accumulate(ended)
        if len(blocks) * program.records * program.every <= stop.cap and not so_far[-1].all():
            return blocks, on_device(jax.tree.unflatten(structure, found)), so_far[-1]
    return [], states, np.zeros(runs, bool)
