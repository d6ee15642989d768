"""One worked example of the lectures: its graph, swept forward and in reverse, and its derivative in five ways."""

from collections.abc import Callable, Sequence
from functools import partial
from math import comb
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import dual, trace
from zobench.derivatives.library import JAX, NUMPY, mpmath_library, needs
from zobench.derivatives.worked_examples import EXAMPLES, Example, toy_quotients

Array = np.ndarray
Measured = tuple[dict[str, Array], dict[str, Any]]

WAYS = ("forward mode", "reverse mode", "dual numbers", "central differences", "complex step")
DTYPES = ("float64", "float32")
STEPS = 10.0 ** np.arange(0, -12.25, -0.25)  # of the differences; the best of them is taken
COMPLEX_STEP = 1e-30
DIGITS = 50


def worked_graphs(*, example: str, dtype: str) -> Callable[[], Measured]:
    """The measurement of one example; float32 is measured beside float64.

    ValueError for an unknown example, another dtype than float64, and where the extra is not installed.
    """
    needs("mpmath")
    if example not in EXAMPLES:
        raise ValueError(f"example={example}: there are {', '.join(EXAMPLES)}")
    if dtype != "float64":
        raise ValueError(f"dtype={dtype}: the graphs are swept in float64, float32 is measured beside it")
    return partial(measure, example)


def measure(name: str) -> Measured:
    """The record: what the sweeps found node by node, the exact derivative, and each way's derivative in each dtype."""
    example = EXAMPLES[name]
    exact = exact_derivative(example)
    arrays, nodes = swept(example)
    arrays |= {"exact": exact, "condition": _conditions(example)}
    for dtype in DTYPES:
        found, steps = derivatives(example, np.dtype(dtype), exact)
        arrays |= {f"derivative_{dtype}": found, f"step_{dtype}": steps}
    quotients = toy_quotients() if name == "toy_logistic" else {}
    told = {key: getattr(example, key) for key in ("formula", "lecture", "inputs", "node", "order", "x")}
    return arrays, {"example": name, "ways": WAYS, "quotients": quotients, **nodes, **told}


def swept(example: Example) -> tuple[dict[str, Array], dict[str, Any]]:
    """The graph and its sweeps as arrays, and of each node the operation and its constants by place.

    A node of size s has s places of `value`, `adjoint` and `tangent` ([directions, places]); `edges` [m, 2] are
    (parent, child).
    """
    f, x = _drawn(example)
    nodes = trace.trace(f, x)
    sweeps = trace.reverse(nodes, x)
    push = jax.jit(lambda along: trace.forward(nodes, x, along)[1])
    arrays = {
        "size": np.array([np.size(value) for value in sweeps.values]),
        "value": _flat(sweeps.values),
        "adjoint": _flat(sweeps.adjoints),
        "tangent": np.array([_flat(push(along)) for along in _directions(x)]),
        "edges": np.array([(j, i) for i, node in enumerate(nodes) for j in node.parents]),
        "depth": trace.depth(nodes),
        "evaluations": sweeps.evaluations,
        "pullbacks": sweeps.pullbacks,
        "paths": trace.unshared(nodes),
    }
    told = {"operations": [node.operation for node in nodes], "constants": [node.constants for node in nodes]}
    return arrays, told


def exact_derivative(example: Example) -> Array:
    """∂f/∂xᵢ, or the derivative of the example's order, from differences with 50 digits, rounded to float64."""
    import mpmath as mp

    library = mpmath_library()
    with mp.workdps(DIGITS):
        x = [mp.mpf(value) for value in example.x]
        orders = [tuple(example.order if i == j else 0 for j in range(len(x))) for i in range(len(x))]
        return np.array([float(mp.diff(partial(example.f, library), tuple(x), order)) for order in orders])


def derivatives(example: Example, dtype: np.dtype, exact: Array) -> tuple[Array, Array]:
    """The derivative in each way, [ways, n], and the step of each (nan: none); nan where a way does not give it.

    The complex step gives first derivatives.
    """
    x, first = tuple(dtype.type(value) for value in example.x), example.order == 1
    step, differences = _best_central(example, x, exact)
    stepped = _complex_step(example, x) if first else np.full(len(x), np.nan)
    duals = dual.gradient(example.f, NUMPY, x) if first else [dual.derivative(example.f, NUMPY, x[0], example.order)]
    found = [_forward_mode(example, x), _reverse_mode(example, x), duals, differences, stepped]
    steps = [np.nan, np.nan, np.nan, step, COMPLEX_STEP if first else np.nan]
    return np.array([np.array(part, float) for part in found]), np.array(steps)


def _forward_mode(example: Example, x: Sequence[Any]) -> list[Any]:
    f: Callable[..., Any] = partial(example.f, JAX)
    for _ in range(example.order - 1):
        f = partial(lambda g, at: jax.jvp(g, (at,), (jnp.ones_like(at),))[1], f)
    at = tuple(map(jnp.asarray, x))
    return [jax.jvp(f, at, along)[1] for along in _directions(at)]


def _reverse_mode(example: Example, x: Sequence[Any]) -> tuple[Any, ...]:
    f: Callable[..., Any] = partial(example.f, JAX)
    for _ in range(example.order - 1):
        f = jax.grad(f)
    return jax.grad(f, tuple(range(len(x))))(*map(jnp.asarray, x))


def _best_central(example: Example, x: Sequence[Any], exact: Array) -> tuple[float, Array]:
    """The step whose central differences Σⱼ (−1)ʲ C(k, j) f(x + (k/2 − j)e)/eᵏ are the closest, and these."""
    f, k, dtype = partial(example.f, NUMPY), example.order, type(x[0])
    weights = [(-1) ** j * comb(k, j) for j in range(k + 1)]

    def quotient(i: int, e: float) -> Any:
        moved = ([*x[:i], dtype(x[i] + dtype((k / 2 - j) * e)), *x[i + 1 :]] for j in range(k + 1))
        return sum(weight * f(*point) for weight, point in zip(weights, moved, strict=True)) / dtype(e**k)

    with np.errstate(all="ignore"):
        tried = [np.array([quotient(i, e) for i in range(len(x))], float) for e in STEPS]
    off = [np.abs(found - exact).max() if np.isfinite(found).all() else np.inf for found in tried]
    best = int(np.argmin(off))
    return float(STEPS[best]), tried[best]


def _complex_step(example: Example, x: Sequence[Any]) -> list[Any]:
    """Im f(x + ieₖh)/h."""
    f, dtype = partial(example.f, NUMPY), np.result_type(x[0], np.complex64).type
    return [
        f(*(dtype(complex(xj, COMPLEX_STEP if i == j else 0.0)) for j, xj in enumerate(x))).imag / COMPLEX_STEP
        for i in range(len(x))
    ]


def _conditions(example: Example) -> Array:
    """trace.condition of the program that gives each derivative in reverse mode, [n]."""
    f, x = _drawn(example)
    gradient = jax.grad(f, tuple(range(len(x))))
    places = [(k, i) for k, part in enumerate(x) for i in range(part.size)]
    return np.array([trace.condition(lambda *at, k=k, i=i: gradient(*at)[k].reshape(-1)[i], x) for k, i in places])


def _drawn(example: Example) -> tuple[Callable[..., Any], tuple[jax.Array, ...]]:
    start = example.x if example.start is None else example.start
    return example.traced or partial(example.f, JAX), tuple(jnp.asarray(part, float) for part in start)


def _directions(x: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The unit directions in all numbers of all arguments."""
    flat, shape = jax.flatten_util.ravel_pytree(tuple(x))
    return [shape(row) for row in jnp.eye(flat.size, dtype=flat.dtype)]


def _flat(parts: Sequence[Any]) -> Array:
    return np.concatenate([np.ravel(part) for part in parts])
