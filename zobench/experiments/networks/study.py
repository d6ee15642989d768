"""Training classifiers of digits with and without gradients: loss and accuracy against samples, seconds and memory."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from zobench import estimators, paths, sampling
from zobench.derivatives import counted
from zobench.derivatives.clock import interleaved
from zobench.experiments.networks.evolution import best_of
from zobench.methods import descent
from zobench.problems.networks import CLASSES, PIXELS, accuracy, mlp, softmax
from zobench.types import Key, Method, Problem, oracle

TRIES = 100  # of the notebook's strategy a step
TUNING_FROM = 1000  # seeds that choose a step size and are not reported
SHORTER = 4  # a tuning run has so much less of the budget
COARSE = (1e-3, 3e-3, 1e-2, 3e-2)
FINE = (1e-2, 3e-2, 1e-1, 3e-1)


class Way(NamedTuple):
    """A method for a step size and a number of steps, and the step sizes to choose from."""

    method_of: Callable[[Any, int], Method]
    grid: Sequence[float]


def ways(leaves: Sequence[int]) -> dict[str, Way]:
    """What is compared, by name; `leaves` are the sizes of the network's arrays."""
    one, many = estimators.two_point(), estimators.two_point(q=16)
    signs, wide = estimators.two_point("rademacher"), estimators.two_point("gaussian", q=16, eps=0.05)
    exact = estimators.autodiff()
    return {
        "SGD": Way(lambda a, last: descent(exact, optax.sgd(a, momentum=0.9, nesterov=True)), FINE),
        "Adam": Way(lambda a, last: descent(exact, optax.adam(a)), COARSE),
        "ZO-SGD, 1 direction": Way(lambda a, last: descent(one, optax.sgd(a)), COARSE),
        "ZO-SGD, 16 directions": Way(lambda a, last: descent(many, optax.sgd(a)), FINE),
        "SPSA": Way(lambda a, last: descent(signs, optax.sgd(a)), COARSE),
        "ES, 16 pairs, Adam": Way(lambda a, last: descent(wide, optax.adam(a)), COARSE),
        "greedy ES, notebook": Way(lambda a, last: best_of(TRIES, a, last, leaves), FINE),
        "greedy ES, fresh": Way(lambda a, last: best_of(TRIES, a, last), FINE),
    }


def networks(
    methods: list[str], widths: list[int], batch: int, evaluations: int, records: int, repeats: int, seed: int
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of one network: softmax regression, or tanh layers of `widths`; all methods at equal `evaluations`.

    An evaluation is of `batch` of the 1437 training digits, the same ones for all of a step; a gradient costs what it
    costs in evaluations (compiled operations). Step sizes by a grid, on a seed of its own and a quarter of the budget.
    Raises ValueError for a budget below a step of each, and for what `problems.networks` refuses.
    """
    unknown = [name for name in methods if name not in ways([1])]
    if unknown:
        raise ValueError(f"methods={unknown[0]}: there are {'; '.join(ways([1]))}")
    sampling.require_count("evaluations", evaluations, SHORTER * (TRIES + 1))  # a tuning run has a step
    sampling.require_count("records", records, 2)
    sampling.require_count("repeats", repeats, 2)
    make = mlp(widths, batch=batch, common=True) if widths else softmax(batch=batch, common=True)

    def measure() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        sizes = [PIXELS, *widths, CLASSES]
        known = ways([size for i, o in pairwise(sizes) for size in (i * o, o)])
        price = counted.price(make)
        arrays, meta, timed = {}, {}, []
        for name in methods:
            way = known[name]
            each = cost(way.method_of(1.0, 1), make.n, price)
            last = int(evaluations / each)
            step, found = tuned(make, way, last, records, seed)
            kept: Any = found.kept
            right = np.array([[accuracy(x, widths)[1] for x in run] for run in kept])
            arrays |= {f"{name}/samples": found.k * each * batch, f"{name}/loss": found.f, f"{name}/accuracy": right}
            program, arguments = compiled(make, way.method_of(step, last))
            timed.append((lambda given, program=program: program(*given), lambda given=arguments: given))
            meta[name] = {
                "step": step,
                "steps": last,
                "evaluations": each,
                "temp": int(counted.cost(program).temporary),
            }
        seconds = dict(zip((f"{name}/seconds" for name in methods), interleaved(timed, repeats), strict=True))
        about = {"n": make.n, "price": price, "batch": batch, "widths": widths, "methods": meta}
        return arrays | seconds, about

    return measure


def cost(method: Method, n: int, price: float) -> float:
    """Evaluations a step, a gradient at its price."""
    calls = method.calls(n)
    return calls.value + price * calls.grad


def tuned(problem: Problem, way: Way, last: int, records: int, seed: int) -> tuple[float, paths.Paths]:
    """The step size of the grid with the lowest loss after a quarter of the budget on a seed of its own, and its runs.

    As many runs as the grid has step sizes, so that both are one program; about `records` iterates are kept of each.
    """

    def method_of(step):
        return way.method_of(step, last)

    block, short = paths.blocks(problem, method_of), max(1, last // SHORTER)
    starts = np.repeat(np.asarray(problem.x0)[None], len(way.grid), axis=0)
    apart = [TUNING_FROM + seed] * len(way.grid)
    tried = paths.descend(problem, method_of, way.grid, starts, apart, short, k=np.array([0, short]), block=block)
    step = float(way.grid[int(np.argmin(tried.f[:, -1]))])
    k = np.unique(np.concatenate([[0], np.geomspace(1, last, records).round()])).astype(np.int64)
    own = [seed + i for i in range(len(way.grid))]
    return step, paths.descend(problem, method_of, [step], starts, own, last, k=k, keep=True, block=block)


def compiled(problem: Problem, method: Method) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """One step, ready to be called, and the arguments of the first."""
    x0 = jnp.asarray(problem.x0)

    def step(x, state, k):
        key = Key(jnp.uint32(0), k)
        drawn = method.draw(key, x.size, x.dtype) if method.draw else ()
        return method.step(oracle(problem, key), x, state, drawn)

    arguments = (x0, method.init(x0), jnp.uint32(0))
    return counted.compiled(step, *arguments), arguments
