"""Orthonormal directions: the Q of a QR of Gaussian ones, by Householder reflections or by matrix products alone."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench.batches import is_wide
from zobench.directions import gaussian_draw, rows
from zobench.types import Key, Scalar

SMALL = 64  # rows that are factorised at once
PASSES = 12  # at most; four are enough but for one draw in millions
NEAR = 0.3  # ‖QQᵀ − I‖ in the norm of Frobenius from where on no factorisation is needed
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

    AAᵀ = LLᵀ, Q = L⁻¹A is orthonormal to u cond(A)², and the next pass begins with a better A. To the diagonal of AAᵀ
    the rounding of its largest numbers is added, and more where it is not positive definite as rounded: any lower
    triangular L with a positive diagonal will do, as the product of all is one. Near I no factorisation is needed:
    I + E = LLᵀ with L = I + lower(E) + diag(E)/2 to O(E²). nan if that does not arrive, in place of directions that are
    not orthogonal.
    """
    u, q, n = float(jnp.finfo(a.dtype).eps), *a.shape
    enough = 4 * u * n**0.5

    def correct(carry):
        v, gram, turn = carry
        v = v - _product((gram - jnp.eye(q, dtype=gram.dtype)) * _half(gram), v)
        return v, _product(v, v.T), turn + 1

    def going(carry):
        return ~(jnp.max(_apart(carry[1])) <= enough) & (carry[2] < PASSES)

    v, gram, _ = jax.lax.while_loop(going, correct, factorised(a))
    return jnp.where(jnp.max(_apart(gram)) <= enough, v, jnp.nan)


def factorised(a: Float[Array, "q n"]) -> tuple[Float[Array, "q n"], Float[Array, "q q"], Scalar]:
    """V = L⁻¹A with VVᵀ near I, VVᵀ, and the number of factorisations: two for a square Gaussian A in float32."""

    def going(carry):
        _, gram, _, turn = carry
        return ~(jnp.sqrt(jnp.sum(_apart(gram) ** 2)) <= NEAR) & (turn < PASSES)

    def again(carry):
        v, gram, shift, turn = carry
        inverse = _inverse_factor(gram + shift * jnp.trace(gram) * jnp.eye(len(gram), dtype=gram.dtype))
        good = jnp.all(jnp.isfinite(inverse))
        v = jnp.where(good, _product(inverse, v), v)
        return v, _product(v, v.T), jnp.where(good, shift, 100 * shift), turn + 1

    start = a, _product(a, a.T), jnp.finfo(a.dtype).eps.astype(a.dtype), jnp.int32(0)
    v, gram, _, turn = jax.lax.while_loop(going, again, start)
    return v, gram, turn


def _apart(gram: Float[Array, "q q"]) -> Float[Array, "q q"]:
    """How far from I its numbers are."""
    return jnp.abs(gram - jnp.eye(len(gram), dtype=gram.dtype))


def _half(gram: Float[Array, "q q"]) -> Float[Array, "q q"]:
    """1 below the diagonal and ½ on it."""
    ones = jnp.ones_like(gram)
    return jnp.tril(ones) - jnp.eye(len(gram), dtype=gram.dtype) / 2


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
