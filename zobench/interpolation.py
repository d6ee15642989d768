"""The gradient of a linear model from its slopes along directions: solved, fitted, or of least norm."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve, solve_triangular
from jaxtyping import Array, Float

from zobench.types import Vector

FEW = 16  # directions: with fewer, QR is as fast as Cholesky
Solve = Callable[[Array], Array]


def fitted(v: Float[Array, "q n"], slope: Float[Array, " q"]) -> Vector:
    """The least-squares solution G of vⱼ·G = Dⱼ, and for q < n that of least norm, for q random directions of length 1.

    q = n by LU with a step of refinement, q > n by QR. Where v is singular to rounding, which square matrices in single
    precision are now and then, by the singular values that are not: as jnp.linalg.lstsq, which takes ten times as long.
    q < n by QR too, or by Cholesky's factor of vvᵀ where q is at most n/2: the squared condition number, about
    ((1 + √(q/n))/(1 − √(q/n)))², is then below 40 but for a chance that falls exponentially in n.
    """
    q, n = v.shape
    if q >= n:
        solution, smallest = (_square if q == n else _tall)(v, slope)
        least = 2 * float(jnp.finfo(v.dtype).eps) * q * (1 + (q / n) ** 0.5)  # lstsq's, and 2 for what is an estimate
        return jax.lax.cond(smallest > least, lambda: solution, lambda: jnp.linalg.lstsq(v, slope)[0])
    if FEW <= q <= n / 2:
        return v.T @ cho_solve(cho_factor(v @ v.T), slope)
    basis, triangle = jnp.linalg.qr(v.T)
    return basis @ solve_triangular(triangle.T, slope, lower=True)


def _square(v: Array, slope: Array) -> tuple[Array, Any]:
    """The solution, and about the smallest singular value."""
    factors = lu_factor(v)
    first = lu_solve(factors, slope)
    smallest = _smallest(lambda b: lu_solve(factors, b), lambda b: lu_solve(factors, b, trans=1), v)
    return first + lu_solve(factors, slope - v @ first), smallest


def _tall(v: Array, slope: Array) -> tuple[Array, Any]:
    basis, triangle = jnp.linalg.qr(v)

    def solve(b: Array) -> Array:
        return solve_triangular(triangle, b)

    return solve(basis.T @ slope), _smallest(solve, lambda b: solve_triangular(triangle, b, trans=1), v)


def _smallest(solve: Solve, solve_transposed: Solve, v: Array) -> Any:
    """The smallest singular value, not much above where it is far below the others: a step of inverse iteration."""
    once = solve_transposed(jnp.ones(v.shape[1], v.dtype))
    return jnp.linalg.norm(once) / jnp.linalg.norm(solve(once))
