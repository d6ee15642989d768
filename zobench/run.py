"""The loop: many runs of descent through one compiled block, and when each of them arrived.

A block of 64 records is compiled once per cell; steps, seeds and the number of iterations a record are traced. Runs go
through it in groups of fixed size, so a run's bytes do not depend on which runs are beside it, and the host looks at
the records between blocks: that is where a run stops, reports progress and tells the time.
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
COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}  # a quarter faster where AVX-512 is; changes rounding only


class Curves(NamedTuple):
    """What runs did: k [records], the rest [runs, records], x_end [runs, n]; iterations of all runs; seconds."""

    k: np.ndarray
    gap: np.ndarray
    gradient: np.ndarray
    distance: np.ndarray
    x_end: np.ndarray
    iterations: int
    seconds: float


class Stop(NamedTuple):
    """When a run has arrived (metric ≤ target), when it has diverged (gap > ceiling), and when time is up (k ≥ cap)."""

    metric: str
    target: float
    ceiling: float
    cap: int


class Program(NamedTuple):
    """The compiled block: runs in groups of `group`, `every` iterations between records."""

    block: Callable
    init: Callable
    problem: Problem
    group: int
    every: int
    compile_seconds: float


def compile_block(problem: Problem, method_of: Callable[[Scalar], Method]) -> Program:
    """Compile 64 records of a method for a group of runs; `method_of` makes it for a step size.

    A group is as many runs as fill about 512 coordinates: enough to vectorise, few enough to stay in cache. The draw
    of the next step is drawn at the end of a step and carried: else XLA draws it again in each of its three uses.
    """
    x0, n = problem.x0, problem.n
    outline = method_of(jnp.ones((), x0.dtype))
    group = 1 if outline.draw is None else max(1, min(32, 512 // n))

    def draw(seed, k):
        return () if outline.draw is None else outline.draw(Key(seed, k), n, x0.dtype)

    def one(x, state, seed, step, k, every):
        method = method_of(step)

        def iterate(i, carry):
            x, state, drawn, k = carry
            x, state = method.step(oracle(problem, Key(seed, k)), x, state, drawn)
            return x, state, draw(seed, k + 1), k + 1

        def record(carry, _):
            return jax.lax.fori_loop(0, every, iterate, carry), measure(problem, carry[0])

        (x, state, _, _), records = jax.lax.scan(record, (x, state, draw(seed, k), k), length=RECORDS)
        return x, state, records

    init = jax.vmap(lambda x, step: method_of(step).init(x))
    x, steps = jnp.broadcast_to(x0, (group, n)), jnp.ones(group, x0.dtype)
    seeds, k = jnp.zeros(group, jnp.uint32), jnp.zeros((), jnp.uint32)
    start = time.perf_counter()
    block = jax.jit(_for_group(one, group), compiler_options=COMPILER_OPTIONS)
    compiled = block.lower(x, init(x, steps), seeds, steps, k, jnp.int32(1)).compile()
    every = max(1, round(outline.time_scale(n) / RECORDS_PER_GRADIENT_STEP))
    return Program(compiled, init, problem, group, every, time.perf_counter() - start)


def _for_group(one: Callable, group: int) -> Callable:
    """`one` for a group of runs, an axis of its first four arguments. XLA does better without one of size 1."""
    if group > 1:
        return jax.vmap(one, in_axes=(0, 0, 0, 0, None, None))

    def single(x, state, seed, step, k, every):
        first = jax.tree.map(lambda leaf: leaf[0], (x, state, seed, step))
        return jax.tree.map(lambda leaf: leaf[None], one(*first, k, every))

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
    blocks, k, every = [], 0, jnp.int32(program.every)
    ended = np.zeros(runs, bool)
    start = time.perf_counter()
    while k <= stop.cap and not ended.all():
        records = []
        for i, (step, seed) in enumerate(grouped):
            x, state, record = program.block(*states[i], seed, step, jnp.uint32(k), every)
            states[i] = (x, state)
            records.append(record)
        blocks.append([np.concatenate(part)[:runs] for part in zip(*records, strict=True)])
        ended |= _ended(stop, *blocks[-1])
        k += RECORDS * program.every
        progress(min(k, stop.cap))
    seconds = time.perf_counter() - start
    gap, gradient, distance = (np.concatenate(part, axis=1) for part in zip(*blocks, strict=True))
    recorded = np.arange(gap.shape[1], dtype=np.int64) * program.every
    keep = recorded <= stop.cap
    x_end = np.concatenate([np.asarray(x) for x, _ in states])[:runs]
    return Curves(recorded[keep], gap[:, keep], gradient[:, keep], distance[:, keep], x_end, k * runs, seconds)


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
