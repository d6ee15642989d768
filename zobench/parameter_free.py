"""A step that needs no tuning, as a part of optax."""

from math import isfinite
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax

from zobench.types import Scalar, State, Vector


class Distances(NamedTuple):
    """The first x [n], how far the iterates have been from it, and the sum of ‖G‖² so far."""

    start: Vector
    farthest: Scalar
    squares: Scalar


def poem(learning_rate: Any, reach: float = 1e-3) -> optax.GradientTransformation:
    """The step of POEM (Ren & Luo, ICML 2025): distance over differences, after DoG (Ivgi et al. 2023).

    x₊ = x − α (r̄/√S) G, r̄ = max(r, max ‖x_k − x_0‖) over the iterates so far, r = `reach`, S = Σ ‖G_k‖², both with the
    present one. α = 1 in the paper: step=1.0; r is a guess that is far too small, whose error costs a logarithm. The
    paper projects onto a bounded set, and lets the difference step follow r̄, which is the estimator's here. "A
    parameter-free and near-optimal zeroth-order algorithm for stochastic convex optimization", PMLR 267,
    arXiv:2502.05600.

    Raises ValueError where reach is not a positive number.

    >>> import zobench as zo
    >>> zo.descent(zo.two_point(), zo.poem(1.0)).calls(10).total
    2
    """
    if not (isfinite(reach) and reach > 0):
        raise ValueError(f"reach={reach}: the first distance is a positive number")

    def init(params: Any) -> Distances:
        zero = jnp.zeros((), jnp.asarray(params).dtype)
        return Distances(jnp.asarray(params), zero + reach, zero)

    def update(updates: Any, state: State, params: Any = None) -> tuple[Vector, Distances]:
        farthest = jnp.maximum(state.farthest, jnp.linalg.norm(params - state.start))
        squares = state.squares + jnp.sum(updates**2)
        length = farthest / jnp.sqrt(jnp.where(squares > 0, squares, 1))
        return length * updates, Distances(state.start, farthest, squares)

    made: Any = optax.GradientTransformation(init, update)
    return optax.chain(made, optax.scale_by_learning_rate(learning_rate))
