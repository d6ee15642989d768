"""Op by op against compiled: time per call of small operations and of matrix products, and what compiling costs.

Op by op every primitive is dispatched from Python; jax.jit traces them once into a static graph that is fused and
compiled, and dispatches one (Bradbury et al. 2018). Dispatch costs the same for every size, arithmetic does not.
"""

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr
from jaxtyping import Array, Float

from zobench.derivatives import fits
from zobench.derivatives.graphs import normal
from zobench.derivatives.timed import seconds

Study = Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]


def jit(
    *,
    kind: Literal["chain", "matmul"],
    links: int = 5,
    lengths: Sequence[int] = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000),
    sides: Sequence[int] = (1, 3, 10, 32, 100, 316, 1000),
    repeats: int = 15,
    compilations: int = 3,
    seed: int = 0,
    dtype: str = "float32",
) -> Study:
    """A measurement of a chain of 4 `links` elementwise operations on vectors of `lengths`, or of tanh(AB) of `sides`.

    ValueError for what is out of range or does not fit the memory.
    """
    sizes = sorted(set(lengths if kind == "chain" else sides))
    for name, value in {"links": links, "repeats": repeats, "compilations": compilations}.items():
        if value < 1:
            raise ValueError(f"{name}={value}: a whole number from 1 on")
    if not sizes or sizes[0] < 1:
        raise ValueError(f"{'lengths' if kind == 'chain' else 'sides'}={sizes}: whole numbers from 1 on")
    item, most = np.dtype(dtype).itemsize, sizes[-1]
    if kind == "chain":
        fits.require((4 * item + 8) * most, f"lengths=[...,{most}]: vectors of a chain")
    else:
        fits.require((4 * item + 8) * most**2, f"sides=[...,{most}]: two matrices and their product")
    return partial(measure, kind, links, sizes, repeats, compilations, seed, dtype)


def chain(x: Float[Array, " n"], links: int) -> Float[Array, " n"]:
    """x ← sin(x) x + ½ x, `links` times: four elementwise operations each."""
    for _ in range(links):
        x = jnp.sin(x) * x + 0.5 * x
    return x


def product(A: Float[Array, "n n"], B: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """tanh(AB): 2n³ operations and n² tanh."""
    return jnp.tanh(A @ B)


def primitives(f: Callable[..., Any], *arguments: Any) -> int:
    """How many operations are dispatched op by op: the equations of the traced f, those inside calls counted."""
    return _equations(jax.make_jaxpr(f)(*arguments).jaxpr)


def _equations(jaxpr: Jaxpr) -> int:
    total = 0
    for equation in jaxpr.eqns:
        inner = [part for part in equation.params.values() if isinstance(part, ClosedJaxpr)]
        total += sum(_equations(part.jaxpr) for part in inner) if inner else 1
    return total


def measure(
    kind: str, links: int, sizes: Sequence[int], repeats: int, compilations: int, seed: int, dtype: str
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Seconds [op by op or compiled, sizes, repeats], seconds of compiling [sizes, compilations], primitives."""
    times, compiling, count = [], [], 0
    for size in sizes:
        if kind == "chain":
            f, arguments = partial(chain, links=links), [normal((size,), seed, dtype)]
        else:
            f, arguments = product, [normal((size, size), seed + i, dtype) for i in range(2)]
        count = primitives(f, *arguments)
        compiling.append([_compile(f, arguments) for _ in range(compilations)])
        times.append(seconds([partial(f, *arguments), partial(jax.jit(f), *arguments)], repeats))
    arrays = {
        "size": np.array(sizes),
        "seconds": np.array(times).swapaxes(0, 1),
        "compiling": np.array(compiling),
        "primitives": np.array(count),
    }
    return arrays, {"kind": kind}


def _compile(f: Callable[..., Any], arguments: Sequence[Any]) -> float:
    """Seconds to trace and compile, nothing of it remembered from before."""
    jax.clear_caches()
    start = perf_counter()
    jax.jit(f).lower(*arguments).compile()
    return perf_counter() - start
