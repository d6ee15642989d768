"""A language model fine-tuned with gradients and without: held-out loss against calls, and what a step takes."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import baselines, estimators, sampling
from zobench.block_directions import block
from zobench.derivatives import counted, price
from zobench.derivatives.clock import interleaved
from zobench.methods import descent
from zobench.problems.language_model import Task, task
from zobench.scalar_adaptation import meazo
from zobench.types import Key, Method, Problem, oracle

TUNING_FROM = 1000  # seeds that choose a step size and are not reported
FACTOR = 3.0  # between step sizes that are tried
TRIES = 8  # of them at most
BLOCKS = 8  # of neighbouring weights


class Way(NamedTuple):
    """A method for a step size, where the search for that begins, and which parameters move."""

    method_of: Callable[[Any, int], Method]
    first: float
    moved: dict[str, Any] = {}  # noqa: RUF012


def plain(estimator: Any) -> Callable[[Any, int], Method]:
    """Descent along the estimate."""
    return lambda step, n: descent(estimator, optax.sgd(step))


def ways() -> dict[str, Way]:
    """What is compared, by name."""
    normal = estimators.two_point("gaussian", replay=True)
    signs = estimators.two_point("rademacher", replay=True)
    return {
        "SGD": Way(plain(estimators.autodiff()), 0.1),
        "Adam": Way(lambda step, n: descent(estimators.autodiff(), optax.adam(step)), 1e-3),
        "two-point": Way(plain(normal), 3e-4),
        "signs": Way(plain(signs), 3e-4),
        "signs with Adam": Way(lambda step, n: descent(signs, optax.adam(step)), 1e-4),
        "FZOO": Way(plain(baselines.normalised_signs(q=8)), 1e-2),
        "MEAZO": Way(lambda step, n: meazo(step), 1e-3),
        "blocks": Way(lambda step, n: plain(block(-(-n // BLOCKS), "cyclic"))(step, n), 3e-4),
        "SGD with LoRA": Way(plain(estimators.autodiff()), 0.3, {"parameters": "lora"}),
        "signs with LoRA": Way(plain(signs), 3e-3, {"parameters": "lora"}),
    }


class Found(NamedTuple):
    """Held-out losses [records] of a run, and the loss of all that it learns from at its end."""

    test: list[float]
    train: float


def finetuning(
    method: str,
    trained: str,
    text: str,
    length: int,
    batch: int,
    evaluations: int,
    records: int,
    runs: int,
    repeats: int,
    seed: int,
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of one method of `ways`: `evaluations` values of a batch, a gradient at its price in operations.

    The step size has the lowest training loss at the end of a run of that length on a seed that is not reported, among
    first·3ⁱ, searched up or down until it is bracketed: shorter runs would choose steps that end badly. float32. Raises
    ValueError for a method that is not there, a budget below a step of it, and for what `problems.language_model`
    refuses.
    """
    known = ways()
    if method not in known:
        raise ValueError(f"method={method}: there are {'; '.join(known)}")
    for name, value, least in (("records", records, 2), ("runs", runs, 2), ("repeats", repeats, 2)):
        sampling.require_count(name, value, least)
    sampling.require_count("evaluations", evaluations, 20)
    way = known[method]
    made = task(trained, text, length=length, batch=batch, **way.moved)  # type: ignore[arg-type]
    return partial(_measure, made, way, evaluations, records, runs, repeats, seed)


def _measure(
    made: Task, way: Way, evaluations: int, records: int, runs: int, repeats: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    problem = made.problem._replace(x0=jnp.asarray(made.problem.x0, jnp.float32))
    method = way.method_of(jnp.float32(way.first), problem.n)
    calls, costs = method.calls(problem.n), price.price(problem)
    each = calls.value + costs * calls.grad
    last = int(evaluations / each)
    k = np.unique(np.concatenate([[0], np.geomspace(1, last, records).round()])).astype(np.int64)
    go = runner(made, problem, way)
    step, tried = tuned(lambda size: go(size, TUNING_FROM + seed, [0, last]).train, way.first)
    found = [go(step, seed + i, k) for i in range(runs)]
    programs = compiled(problem, method)
    arrays = {
        "k": k,
        "values": k * each,
        "test": np.array([run.test for run in found]),
        "train": np.array([run.train for run in found]),
        "tried": np.array(sorted(tried.items())),
        "seconds": seconds(problem, method, programs, repeats),
    }
    x, zero = problem.x0, jnp.uint32(0)
    flops = {
        "value_flops": price.operations(partial(value, problem), x).flops,
        "step_flops": price.operations(partial(one_step, problem, method), x, method.init(x), zero, zero).flops,
    }
    memory = {f"{name}_bytes": bytes_of(program) for name, program in programs.items()}
    return arrays, {"n": problem.n, "step": step, "evaluations": each, "price": costs, **flops, **memory}


def runner(made: Task, problem: Problem, way: Way) -> Callable[[float, int, Sequence[int] | np.ndarray], Found]:
    """Runs of one method by one compiled program, as a function of step size, seed and the iterations to record."""

    def steps(x, state, step, seed, first, last):
        def iterate(i, carry):
            return one_step(problem, way.method_of(step, x.size), carry[0], carry[1], seed, i.astype(jnp.uint32))

        return jax.lax.fori_loop(first, last, iterate, (x, state))

    advance, test, train = jax.jit(steps, donate_argnums=(0, 1)), jax.jit(made.test), jax.jit(problem.f)

    def go(size: float, seed: int, k: Sequence[int] | np.ndarray) -> Found:
        step, x = jnp.float32(size), jnp.array(problem.x0)
        state, losses = way.method_of(step, x.size).init(x), [float(test(x))]
        state = jax.tree.map(jnp.array, state)  # copied, as a program takes it over
        for first, last in pairwise(k):
            x, state = advance(x, state, step, jnp.uint32(seed), jnp.int32(first), jnp.int32(last))
            losses.append(float(test(x)))
            if not isfinite(losses[-1]):
                break
        end = float(train(x))
        return Found(losses + [inf] * (len(k) - len(losses)), end if isfinite(end) else inf)

    return go


def one_step(problem: Problem, method: Method, x: Any, state: Any, seed: Any, i: Any) -> tuple[Any, Any]:
    """x and state after iteration i of the run `seed`."""
    key = Key(seed, i)
    # without the barrier XLA draws a direction that is kept again in each of its uses
    drawn = jax.lax.optimization_barrier(method.draw(key, x.size, x.dtype)) if method.draw else ()
    return method.step(oracle(problem, key), x, state, drawn)


def tuned(loss: Callable[[float], float], first: float) -> tuple[float, dict[float, float]]:
    """The step size of the lowest loss among first·3ⁱ, from the first on towards lower losses; and all that were tried.

    The best one has a worse one on either side, but for the last of TRIES.
    """
    tried: dict[float, float] = {}

    def at(i: int) -> float:
        size = first * FACTOR**i
        if size not in tried:
            tried[size] = loss(size)
        return tried[size]

    low = high = best = 0
    at(0)
    while len(tried) < TRIES and best in (low, high):
        low, high = low - (best == low), high + (best == high)
        best = min(range(low, high + 1), key=at)
    return first * FACTOR**best, tried


def value(problem: Problem, x: Any) -> Any:
    """What a method is told at x, in its first step."""
    return oracle(problem, Key(jnp.uint32(0), jnp.uint32(0))).value(x)


def compiled(problem: Problem, method: Method) -> dict[str, Any]:
    """A value and a step, compiled; the step takes over x and the state of its method, as a loop does."""
    x, zero = problem.x0, jnp.uint32(0)
    step = jax.jit(partial(one_step, problem, method), donate_argnums=(0, 1))
    return {
        "value": counted.compiled(partial(value, problem), x),
        "step": step.lower(x, method.init(x), zero, zero).compile(),
    }


def bytes_of(program: Any) -> int:
    """What a compiled program needs at once: arguments, temporary arrays and results that are not arguments."""
    memory = program.memory_analysis()
    new = memory.output_size_in_bytes - memory.alias_size_in_bytes
    return int(memory.argument_size_in_bytes + memory.temp_size_in_bytes + new)


def seconds(problem: Problem, method: Method, programs: dict[str, Any], repeats: int) -> np.ndarray:
    """CPU seconds of this process for a value and for a step, in turns, [2, repeats]."""

    def start() -> tuple[Any, ...]:
        x = jnp.array(problem.x0)
        return x, jax.tree.map(jnp.array, method.init(x)), jnp.uint32(0), jnp.uint32(1)

    timed = [(programs["value"], lambda: problem.x0), (lambda given: programs["step"](*given), start)]
    return interleaved(timed, repeats, time.process_time)
