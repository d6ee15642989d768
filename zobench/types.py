"""The nouns: a problem, an estimator, a method, and what they ask of an oracle.

Each is a NamedTuple of pure functions made by a factory, as optax.GradientTransformation is. The factory's arguments
are its hyperparameters. `x` is always a flat vector of shape [n].
"""

from collections.abc import Callable
from math import nan
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Float, UInt32
from numpy import ndarray

Scalar = Float[Array, ""]
Vector = Float[Array, " n"]
State = Any
Draw = Any


class Key(NamedTuple):
    """Which random numbers: run `seed`, iteration `step`. A direction is a pure function of (seed, step, coordinate)."""

    seed: UInt32[Array, ""]
    step: UInt32[Array, ""]


class Calls(NamedTuple):
    """What one step asks of the oracle: values, Jacobian-vector products, gradients. Static, known before a run."""

    value: int = 0
    jvp: int = 0
    grad: int = 0

    @property
    def total(self) -> int:
        """All calls, each counted as one."""
        return self.value + self.jvp + self.grad


class Oracle(NamedTuple):
    """What a method may ask of f at x."""

    value: Callable[[Vector], Scalar]
    jvp: Callable[[Vector, Vector], Scalar]
    grad: Callable[[Vector], Vector]


class Modes(NamedTuple):
    """A quadratic in its eigenbasis: f = ½ Σᵢ λᵢ zᵢ², with zᵢ(0)² the energy of the start in mode i. Both of shape [n]."""

    eigenvalue: ndarray
    energy: ndarray


class Problem(NamedTuple):
    """min f over Rⁿ, with what is known about it; nan or None means "not known".

    `f` is the exact objective: used for measuring it is never charged. `L` bounds the Hessian's eigenvalues, `mu` is the
    smallest one (of a strongly convex f), `hessian_trace` bounds tr ∇²f from above. `modes` is given by quadratics alone.
    """

    f: Callable[[Vector], Scalar]
    x0: Vector
    f_star: float = nan
    x_star: Vector | None = None
    L: float = nan
    mu: float = nan
    hessian_trace: float = nan
    differentiable: bool = True
    modes: Modes | None = None

    @property
    def n(self) -> int:
        """Dimension."""
        return self.x0.size

    @property
    def effective_dim(self) -> float:
        """r = tr(H)/L."""
        return self.hessian_trace / self.L


class Estimator(NamedTuple):
    """g ~ ∇f(x), in two halves: `draw` is the randomness of a step and asks nothing, `estimate` is the arithmetic.

    `second_moment(n)` = (A, C) with E GGᵀ = A‖g‖² I + C ggᵀ for exact quotients; everything the theory needs follows from
    it (theory.py). `excess(λ)` is what a quadratic with eigenvalues λ adds to diag E GGᵀ beyond that (the forward
    quotient); None where the exact recursion does not hold. `draw` is None for a deterministic estimator.
    """

    estimate: Callable[[Oracle, Vector, Draw], Vector]
    calls: Callable[[int], Calls]
    second_moment: Callable[[int], tuple[float, float]]
    draw: Callable[[Key, int, Any], Draw] | None = None
    excess: Callable[[ndarray], ndarray] | None = None


class Method(NamedTuple):
    """Anything that makes iterates. `draw(key, n, dtype)` is the randomness of one step, None if there is none."""

    init: Callable[[Vector], State]
    step: Callable[[Oracle, Vector, State, Draw], tuple[Vector, State]]
    calls: Callable[[int], Calls]
    draw: Callable[[Key, int, Any], Draw] | None = None


def oracle(problem: Problem) -> Oracle:
    """The oracle of a problem: values of f, and its derivatives by JAX."""
    return Oracle(
        value=problem.f,
        jvp=lambda x, v: jax.jvp(problem.f, (x,), (v,))[1],
        grad=jax.grad(problem.f),
    )
