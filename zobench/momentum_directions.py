"""Directions drawn around the running mean of the estimates: in a cone about it, or aligned with it."""

from math import cos, pi, sin
from typing import Any

import jax.numpy as jnp

from zobench import directions
from zobench.around import long_step
from zobench.differences import require_eps, slopes
from zobench.moments import require_directions
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector


def cone(theta: float = 1.35, beta: float = 0.95, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """A direction in a cone about the momentum (ConMeZO: Behric, Zhang, Li & Thekumparampil, AISTATS 2026).

    G = D v, v = √n cos θ m̂ + sin θ u, u from N(0, I), m̂ = m/‖m‖, D the central quotient along v; m₊ = βm + (1−β)G,
    m = 0 at first, where v = u. Given m, with M = n cos²θ m̂m̂ᵀ + sin²θ I, E G = Mg, which is g for θ = π/2 and on
    average over all m̂ alone, and E‖G‖² = n gᵀMg + 2‖Mg‖² − 2n² cos⁴θ (g·m̂)²; over the m of a run no second moment is
    known. "ConMeZO: adaptive descent-direction sampling for gradient-free finetuning of large language models",
    arXiv:2511.02757, as the authors' program for quadratics has it, without its warm-up of θ and β; the moments are
    ours.

    Asks 2 values a step. Raises ValueError for theta outside (0, π/2], for beta outside [0, 1), for eps as `two_point`.

    >>> cone().calls(10).value
    2
    """
    require_eps(eps, noise)
    _require_share(beta)
    if not 0 < theta <= pi / 2 + 1e-12:
        raise ValueError(f"theta={theta}: the half angle of the cone is in (0, π/2], where π/2 is all directions")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        u, m = directions.rows(draw, (1, x.size), x.dtype), _unit(state)
        v = jnp.where(jnp.any(m != 0), x.size**0.5 * cos(theta) * m + sin(theta) * u, u)
        g = slopes(oracle, x, v, "central", long_step(eps, "central", x, noise, oracle))[0] * v[0]
        return g, beta * state + (1 - beta) * g

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2),
        second_moment=lambda n: None,
        draw=directions.gaussian_draw,
        init=jnp.zeros_like,
        period=directions.period,
    )


def aligned(q: int = 1, beta: float = 0.9, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Directions aligned with the running mean of the estimates (DAP: Ma & Huang, ICLR 2025), unbiased whatever it is.

    G = (1/q) Σⱼ Dⱼ vⱼ, vⱼ = ±m̂ + (I − m̂m̂ᵀ)uⱼ, uⱼ from N(0, I), either sign by chance; m₊ = βm + (1−β)G, m = 0 at
    first, where vⱼ = uⱼ. E vvᵀ = I, so that E G = g exactly. The paper finds two kinds of directions of least
    variance, those of fixed length and those with (g·v)² = ‖g‖²: with φ the angle of g and m, E‖G‖² =
    (1 + (n − 1 + 2 sin²φ)/q)‖g‖², that of the sphere where m̂ is along g, that of normals where it is across or 0;
    that bounds it, but over the m of a run it is no multiple of ‖g‖², and none is declared. "Revisiting zeroth-order
    optimization: minimum-variance two-point estimators and directionally aligned perturbations", arXiv:2510.19975, of
    which we read the abstract and the reviews; the running mean, the draw and the moments are ours.

    Asks 2q values a step. Raises ValueError for q < 1, for beta outside [0, 1), for eps as `two_point`.

    >>> aligned(q=3).calls(10).value
    6
    """
    require_eps(eps, noise)
    require_directions("gaussian", q, False)
    _require_share(beta)

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        u, m = directions.rows(draw, (q, x.size), x.dtype), _unit(state)
        along = u @ m
        v = u + (jnp.sign(along) - along)[:, None] * m  # the sign of u·m̂ does not depend on what is across m̂
        g = slopes(oracle, x, v, "central", long_step(eps, "central", x, noise, oracle)) @ v / q
        return g, beta * state + (1 - beta) * g

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        init=jnp.zeros_like,
        period=lambda n: directions.period(q * n),
    )


def _unit(m: Vector) -> Vector:
    """m/‖m‖, and 0 for 0."""
    length: Any = jnp.linalg.norm(m)
    return m / jnp.where(length > 0, length, 1)


def _require_share(beta: float) -> None:
    if not 0 <= beta < 1:
        raise ValueError(f"beta={beta}: the share of the running mean that is kept is in [0, 1)")
