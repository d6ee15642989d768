"""What each way of getting a descent direction keeps in memory and computes again, against the depth of a chain."""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import fits, price, timed
from zobench.derivatives.counted import compiled, cost, counted
from zobench.experiments.memory import chain as chains
from zobench.experiments.memory import schedules, tapes
from zobench.experiments.memory.chain import Chain
from zobench.sampling import require_count

WAYS = (
    "value", "jvp", "zero_order", "reverse", "per_layer", "segments", "recursive", "binomial", "memory_poor",
)  # fmt: skip
TAPED = WAYS[6:]  # by tapes.compiled_reverse, whose loops XLA does not count
TIMED_POOR = 64  # layers up to which memory-poor backpropagation is run and timed


def memory(
    chain: Callable[..., Chain], *, depth: int, repeats: int = 7, seed: int = 0
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Temporary bytes, work and seconds of WAYS for chain(depth=`depth`), whose evaluations are counted as well.

    Bytes are XLA's peak of temporary memory: arguments (weights) and results (gradients) are apart. Work is operations
    over those of f: as compiled, or, where loops are not countable, evaluations·(layer) + l·(layer backward). Schedules
    are counted by schedules.count. Times are taken `repeats` times, interleaved; memory-poor ones up to TIMED_POOR.
    Raises ValueError for a depth whose reverse mode does not fit the memory.
    """
    require_count("depth", depth, 1)
    require_count("repeats", repeats, 4)
    one = chain(depth=1)
    if not isinstance(one, Chain):
        raise ValueError(f"chain={getattr(chain, 'func', chain)}: gives a {type(one).__name__}, not a Chain")
    fits.require(kept_bytes(one, depth), f"depth={depth}: reverse mode, which keeps every state,", "give a smaller one")
    return partial(_measure, chain, depth, repeats, seed)


def kept_bytes(one: Chain, depth: int) -> int:
    """Bytes of reverse mode at a depth, from the chain of one layer: what every layer records, weights, gradients."""
    w = jax.tree.map(lambda leaf: leaf[0], one.weights)
    recorded = jax.eval_shape(lambda w, h: jax.vjp(one.layer, w, h)[1], w, one.h0)
    return depth * (nbytes(recorded) + 3 * nbytes(w)) + 4 * nbytes(one.h0)


def nbytes(tree: Any) -> int:
    """Bytes of all arrays (or shapes) in a tree."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def ways(chain: Chain, seed: int = 0) -> dict[str, tuple[Callable, tuple]]:
    """WAYS as functions, each with its arguments: f, ∇f·V, a zero-order step, and six times (f, ∇f)."""
    l, W = chain.depth, chain.weights  # noqa: E741
    V = jax.tree.map(lambda w: jax.random.normal(jax.random.key(seed), w.shape, w.dtype), W)
    f = chains.value(chain)
    checkpointed = chains.value(chain, jax.checkpoint(chain.layer, prevent_cse=False))
    taped = {name: tapes.compiled_reverse(chain, tapes.tape(schedules.named(l)[name], l)) for name in TAPED}
    return {
        "value": (f, (W,)),
        "jvp": (lambda w, v: jax.jvp(f, (w,), (v,)), (W, V)),
        "zero_order": (chains.zero_order_step(chain), (W, jnp.uint32(seed))),
        "reverse": (jax.value_and_grad(f), (W,)),
        "per_layer": (jax.value_and_grad(checkpointed), (W,)),
        "segments": (jax.value_and_grad(chains.segmented(chain, schedules.nearest_root(l))), (W,)),
        **{name: (run, (W,)) for name, run in taped.items()},
    }


def evaluated(l: int) -> dict[str, schedules.Count]:  # noqa: E741
    """Evaluations of layers and states kept by WAYS: the schedules as counted, the others by what they are."""
    own = {"value": schedules.Count(l, 1), "jvp": schedules.Count(l, 2), "zero_order": schedules.Count(2 * l, 1)}
    return own | {name: schedules.count(actions) for name, actions in schedules.named(l).items()}


def layer_operations(chain: Chain) -> tuple[float, float]:
    """Operations of one layer, and of taking an adjoint back through it where it is recorded."""
    w = jax.tree.map(lambda leaf: leaf[0], chain.weights)
    forward = price.operations(chain.layer, w, chain.h0).total()
    both = price.operations(lambda w, h, a: _pulled(chain.layer, w, h, a), w, chain.h0, chain.h0).total()
    return forward, both - forward


def _pulled(layer: Callable, w, h, adjoint):
    out, pull = jax.vjp(layer, w, h)
    return out, pull(adjoint)


def _measure(
    make: Callable[..., Chain], depth: int, repeats: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    chain = make(depth=depth)
    functions = ways(chain, seed)
    program, work = {}, {}
    for name, (f, arguments) in functions.items():
        if name in TAPED:
            program[name] = compiled(f, *arguments)
        else:
            program[name], operations = price.compiled(f, *arguments)
            work[name] = operations.total()
    found = evaluated(depth)
    forward, backward = layer_operations(chain)
    model = {name: forward * found[name].evaluations + backward * depth for name in WAYS[3:]}
    run = [name for name in WAYS if name != "memory_poor" or depth <= TIMED_POOR]
    seconds = np.full((len(WAYS), repeats), np.nan)
    calls = [partial(program[name], *functions[name][1]) for name in run]
    seconds[: len(run)] = timed.seconds(calls, repeats, budget=inf)
    arrays = {
        "bytes": np.array([cost(program[name]).temporary for name in WAYS]),
        "work": np.array([work.get(name, model.get(name, np.nan)) for name in WAYS]) / work["value"],
        "modelled": np.array([model.get(name, np.nan) for name in WAYS]) / work["value"],
        "evaluations": np.array([found[name].evaluations for name in WAYS]),
        "kept": np.array([found[name].peak for name in WAYS]),
        "seconds": seconds,
        "error": _errors(program, functions, run),
        **_segments(chain),
        **_binomial(depth, forward, backward, work["value"]),
    }
    sizes = {"activation": nbytes(chain.h0), "weights": nbytes(chain.weights), "ways": WAYS, "depth": depth}
    return arrays, {**sizes, "n": sum(leaf.size for leaf in jax.tree.leaves(chain.weights))}


def _errors(program: dict[str, Any], functions: dict[str, tuple[Callable, tuple]], run: list[str]) -> np.ndarray:
    """max |g − ∇f|/max |∇f| of every way that gives the whole gradient, against jax.grad; nan for the others."""
    g = {name: jax.tree.leaves(program[name](*functions[name][1])[1]) for name in WAYS[3:] if name in run}
    largest = max(float(jnp.abs(leaf).max()) for leaf in g["reverse"])
    found = {
        name: max(float(jnp.abs(a - b).max()) for a, b in zip(own, g["reverse"], strict=True)) / largest
        for name, own in g.items()
    }
    return np.array([found.get(name, np.nan) for name in WAYS])


def _segments(chain: Chain) -> dict[str, np.ndarray]:
    """Every number of segments that divides the depth: counted evaluations and states kept, and compiled bytes."""
    l = chain.depth  # noqa: E741
    numbers = [s for s in range(1, l + 1) if l % s == 0]
    counts = [schedules.count(schedules.segments(l, s)) for s in numbers]
    gradients = [jax.value_and_grad(chains.segmented(chain, s)) for s in numbers]
    bytes = [counted(g, chain.weights).temporary for g in gradients]
    return {
        "segments": np.array(numbers),
        "segments_evaluations": np.array([one.evaluations for one in counts]),
        "segments_kept": np.array([one.peak for one in counts]),
        "segments_bytes": np.array(bytes),
    }


def _binomial(l: int, forward: float, backward: float, f: float) -> dict[str, np.ndarray]:  # noqa: E741
    """The least work with s states kept, s = 1 ... until nothing is evaluated more than once besides."""
    states = [s for s in range(1, l + 1) if s <= 2 * l**0.5 + 2 or s == l]
    advances = np.array([schedules.least_advances(l, s) for s in states], float)
    return {
        "binomial_states": np.array(states),
        "binomial_advances": advances,
        "binomial_work": (forward * (advances + l) + backward * l) / f,
    }
