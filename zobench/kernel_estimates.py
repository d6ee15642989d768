"""Kernel estimates: for a smooth f, a bias of higher order in the difference step from two values alone."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import Polynomial, legendre

from zobench import directions
from zobench.differences import require_eps, slopes, step_of
from zobench.moments import require_directions
from zobench.types import Calls, Draw, Estimator, Moment, Oracle, State, Vector

ORDERS = (3, 5, 7)


def kernel_smoothed(order: int = 3, q: int = 1, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Two values at a random distance, weighted by a kernel (Polyak & Tsybakov 1990; Bach & Perchet 2016).

    G = (n/q) Σⱼ ((f(x+εrⱼvⱼ) − f(x−εrⱼvⱼ))/(2ε)) K(rⱼ) vⱼ, vⱼ uniform on the unit sphere, rⱼ on [−1, 1], with
    E r K(r) = 1 and E rʲ K(r) = 0 for the other j below the order β: E G = g + O(ε^(β−1)) for f with β derivatives.
    K = Σ_{m<β} (2m+1) P_m'(0) P_m, P_m the Legendre polynomials: 3r for β = 3, 15r(5 − 7r²)/4 for β = 5. The price of
    the order is variance, with κ = E r²K(r)² = 9/5, 25/4 and 13.25...: E GGᵀ = (κc/q)‖g‖² I + (2κc/q + 1 − 1/q) ggᵀ,
    c = n/(n+2), and E‖G‖² = (κn/q + 1 − 1/q)‖g‖², exact on quadratics. "Highly-smooth zero-th order online
    optimization", COLT 2016; with two values as in Akhavan, Pontil & Tsybakov, NeurIPS 2020.

    `eps=None`: that of the central quotient, or of the fourth-order one from β = 5 on. Asks 2q values a step. Raises
    ValueError for an order that is not 3, 5 or 7, for q < 1, for eps as `two_point`.

    >>> kernel_smoothed(order=5, q=2).calls(10).value
    4
    """
    require_eps(eps, noise)
    require_directions("sphere", q, False)
    if order not in ORDERS:
        raise ValueError(f"order={order}: there are {', '.join(map(str, ORDERS))}")
    K = kernel(order)
    weight = (Polynomial([0, 1]) * K) ** 2
    spread = float((weight.integ()(1) - weight.integ()(-1)) / 2)  # κ

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        v, r = sphere_and_distance(draw, x, q)
        h = step_of(eps, "central" if order == 3 else "fourth", x.dtype, noise, oracle)
        slope = slopes(oracle, x, r[:, None] * v, "central", h)
        return x.size / q * (slope * jnp.polyval(jnp.asarray(K.coef[::-1], x.dtype), r)) @ v, state

    def second_moment(n: int) -> Moment:
        one = spread * n / ((n + 2) * q)
        return Moment(one, 2 * one + 1 - 1 / q)

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q),
        second_moment=second_moment,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n + 3, dtype, q),
        excess=np.zeros_like,
        period=lambda n: directions.period(q * (n + 3)),
    )


def kernel(order: int) -> Polynomial:
    """K = Σ_{m<β} (2m+1) P_m'(0) P_m: E K(r) p(r) = p'(0) for polynomials p of a degree below β, r on [−1, 1]."""
    terms = [legendre.Legendre.basis(m).convert(kind=Polynomial) for m in range(order)]
    return sum(((2 * m + 1) * float(p.deriv()(0)) * p for m, p in enumerate(terms)), Polynomial([0]))


def sphere_and_distance(draw: Draw, x: Vector, q: int) -> tuple[Float[Array, "q n"], Float[Array, " q"]]:
    """v [q, n] on the unit sphere and r [q] uniform on [−1, 1] from q(n+3) normals.

    By three of them: a coordinate of a point on the sphere in R³ is uniform (Archimedes).
    """
    normal: Any = directions.rows(draw, (q, x.size + 3), x.dtype)
    v, w = normal[:, : x.size], normal[:, x.size :]
    return v / jnp.linalg.norm(v, axis=1, keepdims=True), w[:, 0] / jnp.linalg.norm(w, axis=1)
