"""The loop: many runs of descent through one compiled block, and when each of them arrived.

A block of up to 64 records is compiled once per cell; steps, seeds and the number of iterations a record are traced.
Runs go through it in groups of fixed size, so a run's bytes do not depend on which runs are beside it, and the host
looks at the records between blocks: that is where a run stops, reports progress and tells the time.
"""

import time
from collections.abc import Callable, Sequence
from math import inf, isnan, nan
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Key, Method, Problem, Scalar, oracle

RECORDS = 64
RECORDS_PER_GRADIENT_STEP = 4
BLOCK = 500_000_000  # coordinates moved in a block, a few seconds: the host is to see large problems progress
COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}  # a quarter faster where AVX-512 is; changes rounding only


class Curves(NamedTuple):
    """What runs did: k [records], the rest [runs, records], x_end [runs, n]; iterations of all runs together; seconds.

    `failure` says what ended them before their time: an exception in a black box.
    """

    k: np.ndarray
    gap: np.ndarray
    gradient: np.ndarray
    distance: np.ndarray
    x_end: np.ndarray
    iterations: int
    seconds: float
    failure: str = ""


class Stop(NamedTuple):
    """When a run has arrived (metric ≤ target), when it has diverged (gap > ceiling), and when time is up (k ≥ cap)."""

    metric: str
    target: float
    ceiling: float
    cap: int


class Program(NamedTuple):
    """The compiled block of `records` records: runs in groups of `group`, `every` iterations between records."""

    block: Callable
    init: Callable
    problem: Problem
    records: int
    group: int
    every: int
    compile_seconds: float


def compile_block(problem: Problem, method_of: Callable[[Scalar], Method]) -> Program:
    """Compile a block for a group of runs of the method that `method_of` makes for a step size.

    A block has 64 records, or fewer of a large problem. A group is as many runs as fill about 512 coordinates: enough
    to vectorise, few enough to stay in cache. The draw of the next step is made at the end of a step and carried: else
    XLA draws it again in each of its three uses. A black box is asked for one run and one record at a time, as each
    value is a call of Python anyway.
    """
    x0, n = problem.x0, problem.n
    outline = method_of(jnp.ones((), x0.dtype))
    alone = (outline.draw is None and problem.F is None) or not problem.differentiable
    group = 1 if alone else max(1, min(32, 512 // n))
    every = max(1, round(outline.time_scale(n) / RECORDS_PER_GRADIENT_STEP))
    length = max(1, min(RECORDS, BLOCK // (every * n * group))) if problem.differentiable else 1

    def draw(seed, k):
        return () if outline.draw is None else outline.draw(Key(seed, k.astype(jnp.uint32)), n, x0.dtype)

    def one(x, state, seed, step, k, every, cap):
        method = method_of(step)

        def iterate(i, carry):
            x, state, drawn, k = carry
            x, state = method.step(oracle(problem, Key(seed, k.astype(jnp.uint32))), x, state, drawn)
            return x, state, draw(seed, k + 1), k + 1

        def record(carry, _):
            left = jnp.minimum(every, cap - carry[3])  # not one iteration more than the budget
            return jax.lax.fori_loop(0, left, iterate, carry), measure(problem, carry[0])

        (x, state, _, _), records = jax.lax.scan(record, (x, state, draw(seed, k), k), length=length)
        return x, state, records

    init = jax.vmap(lambda x, step: method_of(step).init(x))
    x, steps = jnp.broadcast_to(x0, (group, n)), jnp.ones(group, x0.dtype)
    seeds, k = jnp.zeros(group, jnp.uint32), jnp.int32(0)
    start = time.perf_counter()
    block = jax.jit(_for_group(one, group), compiler_options=COMPILER_OPTIONS)
    compiled = block.lower(x, init(x, steps), seeds, steps, k, jnp.int32(1), k).compile()
    return Program(compiled, init, problem, length, group, every, time.perf_counter() - start)


def _for_group(one: Callable, group: int) -> Callable:
    """`one` for a group of runs, an axis of its first four arguments. XLA does better without one of size 1."""
    if group > 1:
        return jax.vmap(one, in_axes=(0, 0, 0, 0, None, None, None))

    def single(x, state, seed, step, *rest):
        first = jax.tree.map(lambda leaf: leaf[0], (x, state, seed, step))
        return jax.tree.map(lambda leaf: leaf[None], one(*first, *rest))

    return single


def measure(problem: Problem, x):
    """f − f* (f itself where f* is not known), ‖∇f‖², ‖x − x*‖². The exact f, never charged."""
    gap = problem.f(x) - (0 if isnan(problem.f_star) else problem.f_star)
    unknown = jnp.full_like(gap, nan)
    gradient = jnp.sum(jax.grad(problem.f)(x) ** 2) if problem.differentiable else unknown
    distance = unknown if problem.x_star is None else jnp.sum((x - problem.x_star) ** 2)
    return gap, gradient, distance


def advance(
    program: Program, steps: Sequence[float], seeds: Sequence[int], stop: Stop, progress: Callable[[int], None]
) -> Curves:
    """Run descent from x0 for each pair (step, seed) until all of them have ended; curves of one common length."""
    runs, size, dtype = len(seeds), program.group, program.problem.x0.dtype
    pad = -runs % size
    grouped = [
        (
            jnp.asarray(np.array([*steps, *[steps[-1]] * pad])[i : i + size], dtype),
            jnp.asarray(np.array([*seeds, *[seeds[-1]] * pad])[i : i + size], jnp.uint32),
        )
        for i in range(0, runs + pad, size)
    ]
    x0 = jnp.broadcast_to(program.problem.x0, (size, program.problem.n))
    states = [(x0, program.init(x0, step)) for step, _ in grouped]
    blocks, k, failure, ended = [], 0, "", np.zeros(runs, bool)
    start = time.perf_counter()
    while k <= stop.cap and not ended.all():
        fixed = (jnp.int32(k), jnp.int32(program.every), jnp.int32(stop.cap))
        try:
            after, block = _one_block(program, states, grouped, fixed)
        except Exception as error:
            if not blocks:
                raise
            failure = last_line(error)
            break
        states = after
        blocks.append([part[:runs] for part in block])
        ended |= _ended(stop, *blocks[-1])
        k += program.records * program.every
        progress(min(k, stop.cap))
    seconds = time.perf_counter() - start
    gap, gradient, distance = (np.concatenate(part, axis=1) for part in zip(*blocks, strict=True))
    recorded = np.arange(gap.shape[1], dtype=np.int64) * program.every
    keep = recorded <= stop.cap
    x_end = np.concatenate([np.asarray(x) for x, _ in states])[:runs]
    iterations = min(k, stop.cap) * runs
    return Curves(
        recorded[keep], gap[:, keep], gradient[:, keep], distance[:, keep], x_end, iterations, seconds, failure
    )


def last_line(error: Exception) -> str:
    """What an exception says in its last line: behind a traceback of JAX's, the words of the black box."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1].strip()


def _one_block(program: Program, states: list, grouped: list, fixed: tuple) -> tuple[list, list[np.ndarray]]:
    """All groups through one block: their states, and gap, gradient, distance [runs, records] on the host."""
    after, records = [], []
    for state, (step, seed) in zip(states, grouped, strict=True):
        x, memory, record = program.block(*state, seed, step, *fixed)
        after.append((x, memory))
        records.append(record)
    return after, [np.concatenate(part) for part in zip(*records, strict=True)]


def _ended(stop: Stop, gap, gradient, distance) -> np.ndarray:
    metric = {"gap": gap, "gradient": gradient, "distance": distance}[stop.metric]
    return ((metric <= stop.target) | ~(gap <= stop.ceiling)).any(axis=1)


def hitting_times(curves: Curves, stop: Stop) -> tuple[np.ndarray, np.ndarray]:
    """First recorded k with metric ≤ target for each run (inf: never), and how each run ended. Both of shape [runs]."""
    metric = getattr(curves, stop.metric)
    reached, gone = metric <= stop.target, ~(curves.gap <= stop.ceiling)
    times, outcomes = np.full(len(metric), inf), np.full(len(metric), "not reached")
    for run in range(len(metric)):
        hit = int(np.argmax(reached[run])) if reached[run].any() else None
        lost = int(np.argmax(gone[run])) if gone[run].any() else None
        if hit is not None and (lost is None or hit < lost):
            times[run], outcomes[run] = curves.k[hit], "reached"
        elif lost is not None:
            before = curves.gap[run, max(lost - 1, 0)]
            fresh = isnan(curves.gap[run, lost]) and not before > curves.gap[run, 0]
            outcomes[run] = "nan" if fresh else "diverged"
    return times, outcomes
