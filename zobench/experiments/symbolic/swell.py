"""Expression swell: how many operations a symbolic derivative has, against the function and its program in JAX."""

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import trace
from zobench.derivatives.clock import interleaved
from zobench.derivatives.library import JAX, Library, sympy_library

POINT = 0.3
BYTES = 200  # of a node of an expression, about


class Family(NamedTuple):
    """f(library, x, w, level), x a number and w the weights; how many these are, and about the derivative's size."""

    f: Callable[[Library, Any, Sequence[Any], int], Any]
    weights: Callable[[int], int]
    operations: Callable[[int], float]


def product(m: Library, x: Any, w: Sequence[Any], level: int) -> Any:
    """Πₖ sin kx, k = 1 … level: 3n − 2 operations, its derivative by the product rule 3n² − 2."""
    result = m.sin(x)
    for k in range(2, level + 1):
        result = result * m.sin(k * x)
    return result


def composition(m: Library, x: Any, w: Sequence[Any], level: int) -> Any:
    """The logistic map l ← 4l(1 − l), so many times (Baydin et al. 2018): derivative 2ⁿ⁻³(5n² + 15n − 8), n ≥ 2."""
    for _ in range(level):
        x = 4 * x * (1 - x)
    return x


def chain(m: Library, x: Any, w: Sequence[Any], level: int) -> Any:
    """The softplus h ← ln(1 + exp(wₖh)): 4n operations, derivative 4n² + 4n − 1."""
    for weight in w:
        x = m.log(1 + m.exp(weight * x))
    return x


def network(m: Library, x: Any, w: Sequence[Any], level: int) -> Any:
    """A network of two units a layer, h ← tanh(Wₖh), of which the outputs are added: each layer doubles the formula."""
    first, second = m.tanh(w[0] * x), m.tanh(w[1] * x)
    for k in range(level - 1):
        a, b, c, d = w[2 + 4 * k : 6 + 4 * k]
        first, second = m.tanh(a * first + b * second), m.tanh(c * first + d * second)
    return first + second


FAMILIES = {
    "product": Family(product, lambda n: 0, lambda n: 3.0 * n * n),
    "composition": Family(composition, lambda n: 0, lambda n: 2.0 ** (n - 3) * (5 * n * n + 15 * n - 8)),
    "chain": Family(chain, lambda n: n, lambda n: 4.0 * n * n + 4 * n),
    "network": Family(network, lambda n: 4 * n - 2, lambda n: 12.0 * n * 2.0**n),
}
COUNTS = ("f", "derivative", "derivative, subexpressions shared", "f in JAX", "grad in JAX")
TIMES = ("symbolic", "symbolic, subexpressions shared", "JAX: trace", "JAX: trace and compile")


def measure(name: str, levels: Sequence[int], repeats: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Operations [levels, COUNTS], CPU seconds to derive [levels, TIMES, repeats], both derivatives [levels, 2]."""
    family = FAMILIES[name]
    arrays = {
        "levels": np.array(levels),
        "counts": np.array([counts(family, level) for level in levels]),
        "times": np.array([times(family, level, repeats) for level in levels]),
        "values": np.array([evaluated(family, level) for level in levels]),
    }
    return arrays, {"part": name, "counts": COUNTS, "times": TIMES}


def counts(family: Family, level: int) -> list[int]:
    """Operations in the order of COUNTS: of expressions as trees (sympy's count_ops), of programs in equations."""
    import sympy as sp

    f, x = expression(family, level)
    derivative = sp.diff(f, x)
    shared, rest = sp.cse(derivative)
    in_cse = sum(part.count_ops() for part in [*(part for _, part in shared), *rest])
    program, at = _program(family, level)
    sizes = [len(trace.trace(g, at)) - len(at) for g in (program, jax.grad(program))]
    return [int(f.count_ops()), int(derivative.count_ops()), int(in_cse), *sizes]


def expression(family: Family, level: int) -> tuple[Any, Any]:
    """The formula and its variable; the weights are symbols."""
    import sympy as sp

    x, w = sp.Symbol("x"), sp.symbols(f"w0:{family.weights(level)}")
    return family.f(sympy_library(), x, w, level), x


def times(family: Family, level: int, repeats: int) -> np.ndarray:
    """CPU seconds from the function to its derivative in the order of TIMES, [TIMES, repeats], one after the other."""
    import sympy as sp
    from sympy.core.cache import clear_cache

    program, at = _program(family, level)

    def fresh() -> tuple[Any, Any]:
        clear_cache()
        return expression(family, level)

    def new() -> Any:
        return jax.grad(lambda *arguments: program(*arguments))  # a function that JAX has not seen

    timed = [
        (lambda formula: sp.diff(*formula), fresh),
        (lambda formula: sp.cse(sp.diff(*formula)), fresh),
        (lambda function: jax.make_jaxpr(function)(*at), new),
        (lambda function: jax.jit(function).lower(*at).compile(), new),
    ]
    return interleaved(timed, repeats, process_time)


def evaluated(family: Family, level: int) -> tuple[float, float]:
    """The derivative at one point by the formula and by JAX."""
    import sympy as sp

    f, x = expression(family, level)
    w = sp.symbols(f"w0:{family.weights(level)}")
    program, at = _program(family, level)
    formula = sp.lambdify([x, *w], sp.diff(f, x), "math", cse=True)
    return float(formula(*map(float, at))), float(jax.grad(program)(*at))


def _program(family: Family, level: int) -> tuple[Callable[..., Any], list[jax.Array]]:
    """The function of (x, w0, w1, ...) in JAX and where to evaluate it."""
    weights = 1.0 + 0.5 * np.cos(np.arange(family.weights(level)))
    at = [jnp.asarray(value, float) for value in (POINT, *weights)]
    return lambda x, *w: family.f(JAX, x, w, level), at
