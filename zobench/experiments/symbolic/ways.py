"""One function, one gradient, all ways to have it: what each asks, computes, keeps, and how far off it is."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import dual
from zobench.derivatives.clock import interleaved
from zobench.derivatives.library import JAX, Library, mpmath_library, sympy_library

Array = np.ndarray
DIGITS = 50
TRUTH_DIGITS = 80
BATCH = 5e-3  # CPU seconds of calls in a row, so that none is slow because another one went before


class Way(NamedTuple):
    """A prepared gradient(x): seconds to prepare it, operations (nan: not counted) and working memory in bytes.

    `calls` is how often one gradient evaluates f, with numbers or dual numbers, or sweeps it; 0: a formula.
    """

    gradient: Callable[[Any], Any]
    x: Any
    seconds: float
    operations: float
    memory: float
    calls: int


Called = Callable[[Library, Any], Any]


def helmholtz(m: Library, x: Any) -> Any:
    """The energy of a mixed fluid, Σ xᵢ ln(xᵢ/(1 − bᵀx)) − xᵀAx/(√8 bᵀx) ln((1 + (1 + √2)bᵀx)/(1 + (1 − √2)bᵀx)).

    A classic of automatic differentiation (Griewank 1989), with aᵢⱼ = 1/(i + j + 1), bᵢ = 1/(4n(1 + i/n)), i and j
    from 0. x is an array of numbers of any kind; cost n² multiplications.
    """
    n, root = len(x.a if isinstance(x, dual.Dual) else x), 2**0.5
    b = 1 / (4.0 * n * (1 + np.arange(n) / n))
    volume = (x * b).sum()
    mixing = (x * m.log(x / (1 - volume))).sum()
    energy = (x * ((1 / (1.0 + np.arange(n)[:, None] + np.arange(n))) @ x)).sum() / (2 * root * volume)
    return mixing - energy * m.log((1 + (1 + root) * volume) / (1 + (1 - root) * volume))


def start(n: int) -> Array:
    """xᵢ = 1 + cos(i)/2, i = 0 … n−1."""
    return 1 + 0.5 * np.cos(np.arange(n))


def measure(n: int, repeats: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Gradients [ways, n], the exact one [n], CPU seconds [ways, repeats]; calls, operations and memory [ways]."""
    ways = {name: prepare(n) for name, prepare in PREPARED.items()}
    counts = [_count(way) for way in ways.values()]
    timed = [
        (partial(_batch, way.gradient, count), lambda x=way.x: x)
        for way, count in zip(ways.values(), counts, strict=True)
    ]
    arrays = {
        "gradient": np.array([np.array(way.gradient(way.x), float) for way in ways.values()]),
        "exact": exact(n),
        "seconds": interleaved(timed, repeats, process_time) / np.array(counts)[:, None],
        "prepared": np.array([way.seconds for way in ways.values()]),
    }
    for name in ("calls", "operations", "memory"):
        arrays[name] = np.array([getattr(way, name) for way in ways.values()])
    f = _cost(jax.jit(partial(helmholtz, JAX)).lower(jnp.asarray(start(n))).compile())
    return arrays, {"part": "ways", "ways": list(ways), "f": f, "digits": DIGITS}


def _count(way: Way) -> int:
    """How many calls make a batch."""
    _batch(way.gradient, 1, way.x)
    since = process_time()
    _batch(way.gradient, 10, way.x)
    return max(1, round(10 * BATCH / max(process_time() - since, 1e-6)))


def _batch(gradient: Callable[[Any], Any], count: int, x: Any) -> None:
    for _ in range(count):
        jax.block_until_ready(gradient(x))


def exact(n: int) -> Array:
    """The gradient by dual numbers of 80 digits, rounded to float64."""
    import mpmath as mp

    with mp.workdps(TRUTH_DIGITS):
        return np.array(
            _dual_gradient(helmholtz, elementwise(mpmath_library()), np.frompyfunc(mp.mpf, 1, 1)(start(n))), float
        )


def elementwise(base: Library) -> Library:
    """The functions on arrays of objects."""
    return Library(*(np.frompyfunc(function, 1, 1) for function in base))


def forward_differences(f: Callable[[Any], Any], x: Any, e: Any) -> list[Any]:
    """(f(x + e eᵢ) − f(x))/e: n + 1 evaluations."""
    at = f(x)
    return [(f(x + step) - at) / e for step in _steps(x, e)]


def central_differences(f: Callable[[Any], Any], x: Any, e: Any) -> list[Any]:
    """(f(x + e eᵢ) − f(x − e eᵢ))/2e: 2n evaluations."""
    return [(f(x + step) - f(x - step)) / (2 * e) for step in _steps(x, e)]


def _steps(x: Any, e: Any) -> list[Any]:
    return [np.array([e if i == j else 0 * e for j in range(len(x))]) for i in range(len(x))]


def _counted(f: Called) -> tuple[Called, list[None]]:
    """f(library, x), and a list that grows with each call."""
    calls: list[None] = []

    def called(m: Library, x: Any) -> Any:
        calls.append(None)
        return f(m, x)

    return called, calls


def _dual_gradient(f: Called, base: Library, x: Any) -> list[Any]:
    units = np.eye(len(x), dtype=int).astype(x.dtype)
    return [f(dual.over(base), dual.Dual(x, unit)).b for unit in units]


def _compiled(gradient: Callable[[Called, Any], Any], n: int) -> Way:
    """One of the ways as a program of XLA, which counts its operations and temporary bytes."""
    (f, calls), x = _counted(helmholtz), jnp.asarray(start(n))
    since = perf_counter()
    program = jax.jit(partial(gradient, f)).lower(x).compile()
    seconds = perf_counter() - since
    memory: Any = program.memory_analysis()
    return Way(program, x, seconds, _cost(program), float(memory.temp_size_in_bytes), len(calls))


def _cost(program: Any) -> float:
    """Operations of a compiled program, elementary functions one each."""
    cost = program.cost_analysis()
    return float(cost.get("flops", 0.0) + cost.get("transcendentals", 0.0))


def _symbolic(n: int, share: bool) -> Way:
    """The formulas of all ∂f/∂xᵢ, as a Python function of numbers."""
    import sympy as sp

    since = perf_counter()
    x = sp.symbols(f"x0:{n}")
    f = helmholtz(elementwise(sympy_library()), np.array(x, object))
    formulas = [sp.diff(f, xi) for xi in x]
    program = sp.cse(formulas) if share else ([], formulas)
    given: Any = (lambda _: program) if share else False
    compute = sp.lambdify([x], formulas, "math", cse=given)
    seconds = perf_counter() - since
    operations = sum(part.count_ops() for part in [*(formula for _, formula in program[0]), *program[1]])
    at = start(n).tolist()
    return Way(compute, at, seconds, float(operations), _peak(lambda: compute(at)), 0)


def _arbitrary(n: int) -> Way:
    """Forward differences with 50 digits and the step 1e-25."""
    import mpmath as mp

    (f, calls), library = _counted(helmholtz), elementwise(mpmath_library())

    def gradient(x: Any) -> list[float]:
        with mp.workdps(DIGITS):
            return [float(g) for g in forward_differences(partial(f, library), x, mp.mpf(10) ** (-DIGITS // 2))]

    x = np.frompyfunc(mp.mpf, 1, 1)(start(n))
    gradient(x)
    asked = len(calls)
    return Way(gradient, x, 0.0, np.nan, _peak(lambda: gradient(x)), asked)


def _peak(call: Callable[[], Any]) -> float:
    """Bytes that Python holds at most during a call, beyond those before it."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


COMPILED: dict[str, Callable[[Called, Any], Any]] = {
    "reverse mode": lambda f, x: jax.grad(partial(f, JAX))(x),
    "forward mode": lambda f, x: [jax.jvp(partial(f, JAX), (x,), (jnp.asarray(e),))[1] for e in np.eye(len(x))],
    "dual numbers": lambda f, x: _dual_gradient(f, JAX, x),
    "complex step": lambda f, x: [f(JAX, x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))],
    "central differences": lambda f, x: central_differences(partial(f, JAX), x, 6.1e-6),
    "forward differences": lambda f, x: forward_differences(partial(f, JAX), x, 1.5e-8),
}
PREPARED: dict[str, Callable[[int], Way]] = {
    **{name: partial(_compiled, gradient) for name, gradient in COMPILED.items()},
    "symbolic": partial(_symbolic, share=False),
    "symbolic, subexpressions shared": partial(_symbolic, share=True),
    "arbitrary precision": _arbitrary,
}
