"""Many runs of one method from many starts, and f after each so many calls: shared by studies of maps and networks."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.solvers import Solver
from zobench.types import Key, Method, Problem, oracle

FINER = 1.01  # recorded iterations grow by 1 %: a hitting time is at most so much too long
BLOCK = 32
STANDSTILL = 1e-9
PATIENCE = 100  # iterations a coordinate before one: a (1+1)-ES with too long a step keeps its point for as long


class Paths(NamedTuple):
    """Exact f [runs, records] after k iterations [records], last iterates [runs, n], iterates where they were kept."""

    k: np.ndarray
    f: np.ndarray
    x: np.ndarray
    kept: np.ndarray | None = None


def recorded(last: int) -> np.ndarray:
    """0, 1, 2, ... and then 1 % more each time, to `last`."""
    grown = np.geomspace(1, last, int(np.ceil(np.log(last) / np.log(FINER))) + 1) if last > 1 else np.ones(1)
    return np.unique(np.concatenate([[0], np.round(grown)])).astype(np.int64)


def descend(
    problem: Problem,
    method_of: Callable[[Any], Method],
    steps: Sequence[float],
    starts: np.ndarray,
    seeds: Sequence[int],
    last: int,
    target: float = -np.inf,
    k: np.ndarray | None = None,
    keep: bool = False,
    block: Callable | None = None,
) -> Paths:
    """`last` iterations of the method of each run's step size from its start [runs, n]; exact f, never charged.

    Ends where all runs are at or below the target, not finite, or at a standstill elsewhere: after 100 n iterations f
    changes by less than 1e-9 of itself over 32 records, which are 37 % more iterations. Compiled once; steps, starts
    and seeds are traced. Where f is not finite it is inf. `k`: which iterations are recorded, from 0 on; `keep`:
    iterates too; `block`: of `blocks`, where it is to serve for another as many runs.
    """
    k = recorded(last) if k is None else k
    x = jnp.asarray(starts, jnp.result_type(float))
    sizes = jnp.asarray(np.broadcast_to(steps, len(x)), x.dtype)
    chosen = jnp.asarray(np.broadcast_to(seeds, len(x)), jnp.uint32)
    block = block or blocks(problem, method_of)
    state = jax.vmap(lambda x, step: method_of(step).init(x))(x, sizes)
    value = jax.jit(jax.vmap(problem.f))
    parts, iterates = [np.asarray(value(x))[:, None]], [np.asarray(x)[:, None]]
    for i in range(1, len(k), BLOCK):
        ends = k[i : i + BLOCK]
        padded = np.concatenate([k[i - 1 : i], ends, np.repeat(ends[-1:], BLOCK - len(ends))])
        x, state, (f, xs) = block(x, state, sizes, chosen, jnp.asarray(padded, jnp.int32))
        parts.append(np.asarray(f)[:, : len(ends)])
        if keep:
            iterates.append(np.asarray(xs)[:, : len(ends)])
        if _ended(parts[-1], target, len(ends) == BLOCK and ends[-1] >= PATIENCE * x.shape[1]).all():
            break
    f = np.concatenate(parts, axis=1)
    kept = np.concatenate(iterates, axis=1) if keep else None
    return Paths(k[: f.shape[1]], np.where(np.isfinite(f), f, np.inf), np.asarray(x), kept)


def _ended(f: np.ndarray, target: float, is_late: bool) -> np.ndarray:
    """Which runs [runs, records] need no more iterations; a standstill counts where there is a target, and late."""
    gone = (f <= target).any(axis=1) | ~np.isfinite(f[:, -1])
    still = np.ptp(f, axis=1) <= STANDSTILL * abs(f[:, -1]) if is_late and target > -np.inf else np.zeros(len(f), bool)
    return gone | still


def blocks(problem: Problem, method_of: Callable[[Any], Method]) -> Callable:
    """The compiled iterations between records of many runs."""
    return jax.jit(jax.vmap(_block(problem, method_of), in_axes=(0, 0, 0, 0, None)))


def _block(problem: Problem, method_of: Callable[[Any], Method]) -> Callable:
    """The iterations between the given ones [BLOCK + 1] of one run: x, state, and f and x at each of them."""

    def run(x, state, step, seed, k):
        method = method_of(step)

        def iterate(i, carry):
            x, state = carry
            key = Key(seed, i.astype(jnp.uint32))
            # without the barrier XLA draws the direction again in each of its uses
            drawn = jax.lax.optimization_barrier(method.draw(key, x.size, x.dtype)) if method.draw else ()
            return method.step(oracle(problem, key), x, state, drawn)

        def record(carry, ends):
            x, state = jax.lax.fori_loop(ends[0], ends[1], iterate, carry)
            return (x, state), (problem.f(x), x)

        (x, state), records = jax.lax.scan(record, (x, state), jnp.stack([k[:-1], k[1:]], axis=1))
        return x, state, records

    return run


def solve(
    problem: Problem,
    solver: Solver,
    starts: np.ndarray,
    seeds: Sequence[int],
    budget: int,
    k: np.ndarray | None = None,
    keep: bool = False,
) -> tuple[Paths, np.ndarray]:
    """A solver's best point so far from each start after k questions, and how many it asked in all [runs]."""
    traces = [
        solver.solve(problem._replace(x0=jnp.asarray(start)), budget, seed)
        for start, seed in zip(starts, seeds, strict=True)
    ]
    k = recorded(budget) if k is None else k
    value = jax.jit(lambda x: jax.lax.map(problem.f, x))
    f, last, kept = [], [], []
    for trace in traces:
        at = np.searchsorted(trace.k, k, side="right") - 1
        points = np.unique(at)  # at most as many as are recorded, and always as many: one compilation
        padded = trace.x[np.concatenate([points, np.repeat(points[-1:], len(k) - len(points))])]
        f.append(np.asarray(value(jnp.asarray(padded)))[np.searchsorted(points, at)])
        last.append(trace.x[-1])
        if keep:
            kept.append(trace.x[at])
    asked = np.array([trace.calls for trace in traces])
    return Paths(k, np.array(f), np.array(last), np.array(kept) if keep else None), asked


def arrivals(k: np.ndarray, f: np.ndarray, target: float) -> np.ndarray:
    """The first recorded k at which each run [runs, records] is at or below the target; inf: never."""
    met = f <= target
    return np.where(met.any(axis=1), k[np.argmax(met, axis=1)].astype(float), np.inf)
