"""Orthonormal directions: the Q of a QR of Gaussian ones, by Householder reflections or by matrix products alone."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench.batches import is_wide
from zobench.directions import gaussian_draw, rows
from zobench.types import Key

SMALL = 64  # rows that are factorised at once
PASSES = 10  # at most; three are enough but for one draw in millions
PRECISE = jax.lax.Precision.HIGHEST  # an accelerator multiplies with fewer bits else


def orthogonal(key: Key, n: int, q: int, dtype: Any) -> Float[Array, "q n"]:
    """q ≤ n orthonormal directions, Haar-distributed on the Stiefel manifold, shape [q, n]; O(nq²) (Mezzadri 2007).

    The Q of A = LQ, A Gaussian [q, n], L lower triangular with a positive diagonal, which makes it unique: by QR on a
    CPU, by `by_products` on a wide machine, equal to rounding.
    """
    normal = rows(gaussian_draw(key, n, q=q), (q, n), jnp.float32).astype(dtype)
    if is_wide():
        return by_products(normal)
    basis, triangle = jnp.linalg.qr(normal.T)
    return (basis * jnp.sign(jnp.diagonal(triangle))).T


def by_products(a: Float[Array, "q n"]) -> Float[Array, "q n"]:
    """Q of A = LQ by Cholesky QR, again until ‖QQᵀ − I‖ is rounding (Fukaya et al. 2020, "Shifted Cholesky QR").

    AAᵀ = LLᵀ, Q = L⁻¹A is orthonormal to u cond(A)², and the next pass begins with a better A. Where AAᵀ is far from I
    something is added to its diagonal, more of it where it is not positive definite as rounded: any lower triangular L
    will do, as the product of all is one. nan if that does not arrive, in place of directions that are not orthogonal.
    """
    u, q, n = float(jnp.finfo(a.dtype).eps), *a.shape
    enough, least = 4 * u * n**0.5, 4 * u

    def far(gram):
        return jnp.max(jnp.abs(gram - jnp.eye(q, dtype=gram.dtype)))

    def going(carry):
        _, gram, _, turn = carry
        return ~(far(gram) <= enough) & (turn < PASSES)

    def again(carry):
        v, gram, shift, turn = carry
        added = jnp.where(far(gram) > 0.5, shift * jnp.trace(gram), 0)
        inverse = _inverse_factor(gram + added * jnp.eye(q, dtype=gram.dtype))
        good = jnp.all(jnp.isfinite(inverse))
        v = jnp.where(good, _product(inverse, v), v)
        return v, _product(v, v.T), jnp.where(good, shift, 100 * shift), turn + 1

    start = a, _product(a, a.T), jnp.asarray(least, a.dtype), jnp.int32(0)
    v, gram, _, _ = jax.lax.while_loop(going, again, start)
    return jnp.where(far(gram) <= enough, v, jnp.nan)


def _product(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=PRECISE)


def _inverse_factor(gram: Float[Array, "q q"]) -> Float[Array, "q q"]:
    """L⁻¹ of LLᵀ = G, by halves: L = [[A, 0], [C, D]] has the inverse [[A⁻¹, 0], [−D⁻¹CA⁻¹, D⁻¹]]."""
    q = gram.shape[0]
    if q <= SMALL:
        factor = jnp.linalg.cholesky(gram, symmetrize_input=False)
        return jax.scipy.linalg.solve_triangular(factor, jnp.eye(q, dtype=gram.dtype), lower=True)
    half = q // 2
    first = _inverse_factor(gram[:half, :half])
    below = _product(gram[half:, :half], first.T)
    second = _inverse_factor(gram[half:, half:] - _product(below, below.T))
    left = -_product(second, _product(below, first))
    return jnp.block([[first, jnp.zeros((half, q - half), gram.dtype)], [left, second]])
