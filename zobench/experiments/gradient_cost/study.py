"""What a value, a JVP, a gradient and an HVP cost of one problem, in operations and in time, against n."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import fits, price, timed
from zobench.estimators import finite_difference, forward_mode
from zobench.sampling import require_count
from zobench.types import Problem, oracle

METHODS = ("value", "jvp", "gradient", "hvp", "forward", "forward_difference", "central_difference")
WHOLE = METHODS[4:]  # whole gradients that ask n times
SIZE_ARGUMENTS = ("dim", "points", "width", "widths")
COUNTED_MOST = 1000  # coordinates up to which whole gradients are counted and run
GRADIENTS = ("forward", "forward_difference", "central_difference", "gradient_float32")
VECTORS = 8  # of n numbers that the cheapest derivative holds at once

Problems = Callable[..., Problem]
Makers = dict[int, Callable[[], Problem]]


def gradient_cost(
    problem: Problem | Problems, *, sizes: Sequence[int] = (), most: float = 1e8, repeats: int = 9, seed: int = 0
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Operations and seconds of METHODS for the problem, or for the problem made at every one of `sizes`.

    `problem` is a Problem, or a factory (`_partial_: true`): then `sizes` are the values of the first of SIZE_ARGUMENTS
    that it has, in place of its own, in rising order; none: its own. Left out are sizes that it refuses, or whose f
    would take more than `most` operations by extrapolation; whole gradients are counted up to n = COUNTED_MOST, and run
    where n values take at most most/10. The point is x0 + 0.1 s·normal, s = max(1, rms of x0), drawn by `seed`. Times
    are taken `repeats` times, interleaved. Raises ValueError for sizes that do not fit the memory, and where the
    problem has no derivative.
    """
    require_count("repeats", repeats, 4)
    require_count("sizes", min(sizes, default=1), 1)
    largest = max(sizes, default=1)
    fits.require(8 * VECTORS * largest, f"sizes={largest}: {VECTORS} vectors", "leave it out")
    makers = _makers(problem, sorted(sizes))
    first = _smallest(list(makers.values()))
    if not isinstance(first, Problem):
        raise ValueError(f"the factory gives a {type(first).__name__}, not a Problem")
    if not first.differentiable:
        raise ValueError("the problem has no derivative: there is nothing to compare its values with")
    return partial(_measure, makers, most, repeats, seed)


def _makers(problem: Problem | Problems, sizes: Sequence[int]) -> Makers:
    """The problem at each size, to be made when its turn comes; once where nothing in it is a size."""
    if isinstance(problem, Problem):
        return {1: lambda: problem}
    parameters = inspect.signature(getattr(problem, "func", problem)).parameters
    names = [name for name in SIZE_ARGUMENTS if name in parameters]
    if not names or not sizes:
        return {1: problem}
    listed = isinstance(parameters[names[0]].default, (list, tuple))
    return {size: partial(problem, **{names[0]: [size] if listed else size}) for size in sizes}


def _smallest(makers: Sequence[Callable[[], Problem]]) -> Problem:
    """The first size that the factory takes; its last complaint where it takes none."""
    for make in makers[:-1]:
        with suppress(ValueError):
            return make()
    return makers[-1]()


def _measure(makers: Makers, most: float, repeats: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    rows: dict[int, dict[str, np.ndarray]] = {}
    refused: list[str] = []
    for size, make in makers.items():
        if len(rows) > 1 and _extrapolated(rows, size) > most:
            refused.append(f"{size}: f takes more than {most:g} operations")
            break
        try:
            problem = make()
        except ValueError as error:
            refused.append(f"{size}: {error}")
        else:
            rows[size] = _row(problem, most, repeats, seed)
    arrays = {name: np.array([row[name] for row in rows.values()]) for name in next(iter(rows.values()))}
    return arrays, {"methods": METHODS, "gradients": GRADIENTS, "refused": refused, "n": int(arrays["n"].max())}


def _extrapolated(rows: dict[int, dict[str, np.ndarray]], size: int) -> float:
    """Operations of f at the next size, by the power law through the last two."""
    (last, this) = list(rows)[-2:]
    before, now = (rows[key]["flops"][0] + rows[key]["transcendentals"][0] for key in (last, this))
    return now * (size / this) ** (np.log(now / before) / np.log(this / last))


def _row(problem: Problem, most: float, repeats: int, seed: int) -> dict[str, np.ndarray]:
    """All numbers of one size; nan for what is not counted or run."""
    x = point(problem, seed)
    v = jax.random.normal(jax.random.key(seed), x.shape, x.dtype)
    functions = ways(problem)
    wanted = METHODS if x.size <= COUNTED_MOST else METHODS[:-3]
    made = {name: price.compiled(functions[name], x, v) for name in wanted}
    cheap = x.size <= COUNTED_MOST and x.size * made["value"][1].total() <= most / 10
    run = {name: program for name, (program, _) in made.items() if cheap or name not in WHOLE}
    counted, seconds = np.full((len(METHODS), 2), np.nan), np.full((len(METHODS), repeats), np.nan)
    counted[: len(made)] = [one for _, one in made.values()]
    seconds[: len(run)] = timed.seconds([partial(f, x, v) for f in run.values()], repeats, budget=inf)
    return {
        "n": np.array(x.size),
        "flops": counted[:, 0],
        "transcendentals": counted[:, 1],
        "seconds": seconds,
        "values": np.array([finite_difference(q).calls(x.size).value for q in ("forward", "central")]),
        "error": _errors(problem, x, v, run) if cheap else np.full(len(GRADIENTS), np.nan),
    }


def point(problem: Problem, seed: int):
    """Where derivatives are taken: beside x0, where a start that is all zeros would hide terms."""
    x = jnp.asarray(problem.x0)
    scale = jnp.maximum(1.0, jnp.sqrt(jnp.mean(x**2)))
    return x + 0.1 * scale * jax.random.normal(jax.random.key(seed + 1), x.shape, x.dtype)


def ways(problem: Problem) -> dict[str, Callable]:
    """METHODS as functions of (x, v). The HVP is forward over reverse, and gives ∇f(x) besides."""
    f, ask = problem.f, oracle(problem._replace(F=None))

    def whole(estimator) -> Callable:
        return lambda x, v: estimator.estimate(ask, x, (), ())[0]

    return {
        "value": lambda x, v: f(x),
        "jvp": lambda x, v: jax.jvp(f, (x,), (v,)),
        "gradient": lambda x, v: jax.value_and_grad(f)(x),
        "hvp": lambda x, v: jax.jvp(jax.grad(f), (x,), (v,)),
        "forward": whole(forward_mode()),
        "forward_difference": whole(finite_difference("forward")),
        "central_difference": whole(finite_difference("central")),
    }


def _errors(problem: Problem, x, v, run: dict[str, Callable]) -> np.ndarray:
    """‖g − ∇f‖/‖∇f‖ of GRADIENTS; ∇f by reverse mode in the dtype of x, the last in float32 against it."""
    exact = np.asarray(run["gradient"](x, v)[1], float)
    single = jax.jit(jax.grad(problem.f))(x.astype(jnp.float32))
    found = [*(run[name](x, v) for name in WHOLE), single]
    return np.array([np.linalg.norm(np.asarray(g, float) - exact) / np.linalg.norm(exact) for g in found])
