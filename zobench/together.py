"""Runs of a cell together in one program: the layout of an accelerator, and of many short runs on a CPU.

A group is all seeds of one section of 2^m seeds, whichever of them are asked for: its size is fixed by n, a run's place
in it by its seed. So the bytes of a run do not depend on what runs beside it. They differ from those of a run apart by
rounding, as sums are made in another order.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Jaxpr

from zobench import programs
from zobench.derivatives.price import inside
from zobench.loop import Curves, Stop, Values, curves_of, events, measure, steps_of
from zobench.rhythm import rhythm
from zobench.runs import Program
from zobench.types import Method, Problem, Scalar

GROUP = 64
MOST = 2**24  # coordinates of a group; a run that is longer is alone in it
SHORT = 64  # on a CPU runs of at most so many coordinates go together
MANY = 64  # where there are at least so many of them
WIDE = SHORT**2  # and no array within f is larger, such as the matrix of a quadratic


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
    if jax.default_backend() != "cpu":
        return True
    return problem.n <= SHORT and runs >= MANY and _widest(jax.make_jaxpr(problem.f)(problem.x0).jaxpr) <= WIDE


def _widest(jaxpr: Jaxpr) -> int:
    """How many numbers the largest array has that is made in it."""
    sizes = [getattr(made.aval, "size", 0) for equation in jaxpr.eqns for made in equation.outvars]
    return max(
        [*sizes, *(_widest(body) for equation in jaxpr.eqns for body in inside(equation.params.values()))], default=0
    )


def size_of(n: int) -> int:
    """How many runs a group has."""
    size = GROUP
    while size > 1 and size * n > MOST:
        size //= 2
    return size


def compile_group(problem: Problem, method_of: Callable[[Scalar], Method]) -> Program:
    """Compile a block of a group of runs, a section of `loop.compile_block`'s and the record behind it.

    All runs of a group are at one iteration: its loops have one end, and a draw serves as many steps as it does apart.
    """
    x0, size, problem = problem.x0, size_of(problem.n), programs.straight(problem)
    records, every = rhythm(problem, method_of(jnp.ones((), x0.dtype)))

    def block(x, state, seed, step, k, cap):
        steps, drawn = steps_of(problem, method_of(step), seed)

        def record(carry, i):
            x, state, k, drawn = carry
            found = jnp.stack(measure(problem, x))
            return steps(x, state, k, drawn, jnp.where(i < records, jnp.minimum(k + every, cap), k)), found

        (x, state, _, _), found = jax.lax.scan(record, (x, state, k, drawn), jnp.arange(records + 1))
        return x, state, found

    def init(step):
        return jax.tree.map(np.asarray, (x0, method_of(step).init(x0)))

    start, step, k = time.perf_counter(), jnp.ones((), x0.dtype), jnp.int32(0)
    group = jax.vmap(block, in_axes=(0, 0, 0, None, None, None))
    args = *_repeated((x0, method_of(step).init(x0)), size), jnp.zeros(size, jnp.uint32), step, k, k
    program = programs.compiled(group, *args, taken=(0, 1))
    return Program(program, init, problem, records, every, time.perf_counter() - start, is_group=True)


def _repeated(state: Any, size: int) -> Any:
    return jax.tree.map(lambda leaf: jnp.array(np.broadcast_to(leaf, (size, *np.shape(leaf)))), state)


def _call(program: Program, state: Any, first: int, step: np.ndarray, k: int, cap: int) -> Any:
    """The next state of the group whose first seed that is, and its records; takes the state over."""
    seeds = np.arange(first, first + size_of(program.problem.n), dtype=np.uint32)
    return program.block(*state, seeds, step, np.int32(k), np.int32(cap))


def at_start(program: Program) -> Values:
    """`loop.measure` at x0, by a block without iterations."""
    step = np.ones((), program.problem.x0.dtype)
    found = _call(program, _repeated(program.init(step), size_of(program.problem.n)), 0, step, 0, 0)[2]
    return Values(*map(float, np.asarray(found)[0, 0]))


def advance(program: Program, step: float, seeds: Sequence[int], stop: Stop, progress: Callable[[int], None]) -> Curves:
    """`loop.advance` of runs of one step size, a group after the other; nothing is saved of them."""
    cast, span, size = (
        np.asarray(step, program.problem.x0.dtype),
        program.records * program.every,
        size_of(program.problem.n),
    )
    firsts, group = np.unique(np.asarray(seeds) // size * size, return_inverse=True)
    places = group * size + np.asarray(seeds) % size
    states: list[Any] = [_repeated(program.init(cast), size) for _ in firsts]
    blocks, ended, seconds = [], np.zeros(len(seeds), bool), 0.0
    while (k := len(blocks) * span) <= stop.cap and not ended.all():
        start = time.perf_counter()
        done = [_call(program, state, first, cast, k, stop.cap) for state, first in zip(states, firsts, strict=True)]
        shown = program.records + (k + span > stop.cap)  # what is cut short has its record at the cap
        found = np.concatenate([np.asarray(each[2]) for each in done])[places, :shown].transpose(2, 0, 1)
        states, seconds = [each[:2] for each in done], seconds + time.perf_counter() - start
        blocks.append(found)
        ended |= np.logical_or(*events(Values(*found), stop)).any(axis=1)
        progress(min(k + span, stop.cap))
    x_end = np.concatenate([np.asarray(x) for x, _ in states])[places]
    return curves_of(program, stop, blocks, x_end, seconds)
