"""x = A⁻¹b as a layer: what its gradient is, and what the backward pass costs with and without the factorisation.

Dense LU with partial pivoting (LAPACK): A = PLU by 2n³/3 operations, two triangular solves by 2n². Backward, with x̄
the gradient by x: λ = A⁻ᵀx̄, b̄ = λ, Ā = −λxᵀ (Giles 2008), so 2n² + n² operations once A is factorised.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import lu_factor, lu_solve
from jaxtyping import Array, Float
from scipy.linalg import lu_factor as scipy_lu
from scipy.linalg import lu_solve as scipy_solve

from zobench.derivatives.clock import interleaved
from zobench.derivatives.fits import require
from zobench.sampling import require_count
from zobench.types import Vector

ELIMINATED = 40  # the largest size differentiated through elimination written out, which stores n matrices
LIVE = 12  # matrices of n² that live at once: A, LU and A⁻¹ for JAX and SciPy, Ā, and what XLA copies


@jax.custom_vjp
def solve(a: Float[Array, "n n"], b: Vector) -> Vector:
    """A⁻¹b; its gradient by Ā = −A⁻ᵀx̄xᵀ, b̄ = A⁻ᵀx̄ uses the stored factorisation. 2n³/3 forward, 3n² backward."""
    return lu_solve(lu_factor(a), b)


def _forward(a, b):
    factors = lu_factor(a)
    x = lu_solve(factors, b)
    return x, (factors, x)


def _backward(kept, x_bar):
    factors, x = kept
    adjoint = lu_solve(factors, x_bar, trans=1)
    return -jnp.outer(adjoint, x), adjoint


solve.defvjp(_forward, _backward)


def eliminate(a: Float[Array, "n n"], b: Vector) -> Vector:
    """A⁻¹b by Gauss and Jordan without pivots, in plain arithmetic: its gradient knows nothing of ours. n³ numbers."""
    rows = jnp.concatenate([a, b[:, None]], axis=1)

    def step(rows, k):
        pivot = rows[k] / rows[k, k]
        rest = jnp.where(jnp.arange(len(a)) == k, 0, rows[:, k])
        return (rows - rest[:, None] * pivot).at[k].set(pivot), None

    return jax.lax.scan(step, rows, jnp.arange(len(a)))[0][:, -1]


def flops(n: int) -> dict[str, float]:
    """Additions, multiplications and divisions: of the factorisation, a solve with it, and the product λxᵀ."""
    factor = n * (n - 1) / 2 + (n - 1) * n * (2 * n - 1) / 3
    return {"factor": factor, "solve": 2.0 * n**2 - n, "outer": float(n**2)}


def passes(n: int) -> dict[str, float]:
    """Operations of the passes that are timed, by name."""
    part = flops(n)
    forward, backward = part["factor"] + part["solve"], part["solve"] + part["outer"]
    return part | {
        "forward": forward,
        "backward, LU stored": backward,
        "backward, inverse stored": backward,
        "backward, factorised again": part["factor"] + backward,
        "forward and backward by jax": forward + backward,
        "SciPy: forward": forward,
        "SciPy: backward, LU stored": backward,
    }


def linear_solve(
    n: int, repeats: int, seed: int = 0, dtype: str = "float64"
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Times of the forward and backward passes of A⁻¹b at size n, interleaved `repeats` times, and gradient errors.

    A random, diagonally dominant: no step of elimination needs a pivot. Raises ValueError for n < 2, no repeats, and a
    size that does not fit the memory.
    """
    require_count("n", n, 2)
    require_count("repeats", repeats, 1)
    require(needed(n, dtype), f"n={n}: a matrix, its factors, its inverse and its gradient")
    return partial(_measure, n, repeats, seed, dtype)


def needed(n: int, dtype: str) -> int:
    """Bytes that a measurement takes."""
    size = np.dtype(dtype).itemsize
    return size * (LIVE * n**2 + (4 * n**3 if n <= ELIMINATED else 0))


def _measure(n: int, repeats: int, seed: int, dtype: str):
    random = np.random.default_rng([seed, n])
    a = random.standard_normal((n, n)) / n**0.5 + 3 * np.eye(n)
    a, b, x_bar = (jnp.asarray(part, dtype) for part in (a, *random.standard_normal((2, n))))
    work = _work(a, b, x_bar)
    seconds = interleaved([(lambda _, call=call: call(), lambda: None) for call in work.values()], repeats)
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "")
    meta = {"n": n, "work": list(work), "operations": passes(n), "threads": threads}
    return {"seconds": seconds, "error": np.array(gradient_errors(a, b, x_bar))}, meta


def _work(a: Array, b: Array, x_bar: Array) -> dict[str, Callable[[], Any]]:
    """The passes and their parts by name, each compiled, on what it takes; by SciPy's LAPACK calls for comparison."""
    x, kept = _forward(a, b)
    factors, inverse = kept[0], jnp.linalg.inv(a)
    plain_a, plain_b, plain_x, plain_bar = (np.array(part, order="F") for part in (a, b, x, x_bar))

    def with_inverse(inverse, x, x_bar):
        adjoint = inverse.T @ x_bar
        return -jnp.outer(adjoint, x), adjoint

    def scipy_backward(factors, x, x_bar):
        adjoint = scipy_solve(factors, x_bar, trans=1, check_finite=False)
        return -np.outer(adjoint, x), adjoint

    compiled: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "factor": (lu_factor, (a,)),
        "solve": (lu_solve, (factors, b)),
        "outer": (lambda adjoint, x: -jnp.outer(adjoint, x), (b, x)),
        "forward": (_forward, (a, b)),
        "backward, LU stored": (_backward, (kept, x_bar)),
        "backward, inverse stored": (with_inverse, (inverse, x, x_bar)),
        "backward, factorised again": (lambda a, x, x_bar: _backward((lu_factor(a), x), x_bar), (a, x, x_bar)),
        "forward and backward by jax": (_by_jax, (a, b, x_bar)),
    }
    return {name: partial(jax.jit(call), *given) for name, (call, given) in compiled.items()} | {
        "SciPy: forward": partial(lambda a, b: scipy_solve(scipy_lu(a), b, check_finite=False), plain_a, plain_b),
        "SciPy: backward, LU stored": partial(scipy_backward, scipy_lu(plain_a), plain_x, plain_bar),
    }


def _by_jax(a, b, x_bar):
    x, pull = jax.vjp(jnp.linalg.solve, a, b)
    return x, pull(x_bar)


def gradient_errors(a: Array, b: Array, x_bar: Array) -> list[float]:
    """Relative differences of the gradient by A and by b from −A⁻ᵀx̄xᵀ and A⁻ᵀx̄ with NumPy's solver.

    First of `solve`, then of jax.numpy.linalg.solve, then of elimination, step by step (nan above n = 40).
    """
    x = np.linalg.solve(a, b)
    adjoint = np.linalg.solve(np.asarray(a).T, x_bar)
    truth = -np.outer(adjoint, x), adjoint
    ways = [solve, jnp.linalg.solve, eliminate] if len(b) <= ELIMINATED else [solve, jnp.linalg.solve]
    found = []
    for way in ways:
        gradient = jax.jit(jax.grad(lambda a, b, way=way: jnp.vdot(way(a, b), x_bar), argnums=(0, 1)))(a, b)
        pairs = zip(gradient, truth, strict=True)
        found += [float(np.linalg.norm(np.asarray(g) - t) / np.linalg.norm(t)) for g, t in pairs]
    return found + [np.nan] * (6 - len(found))
