"""Gradients of matrix calculus: differentiation by machine against the printed formulas, and where either breaks."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench.derivatives.fits import require
from zobench.experiments.matrix_gradients import formulas as printed
from zobench.experiments.matrix_gradients.formulas import Formula
from zobench.sampling import require_count
from zobench.types import Scalar, Vector

LARGE = 1000.0  # exp of it overflows in either precision
EXACT = 8  # rows of a matrix inverted in rational arithmetic
SMALL = 3  # coordinates at the singular points


class Singular(NamedTuple):
    """A way to write a function, a point where its derivatives are delicate, and what they are there."""

    name: str
    f: Callable[[Vector], Scalar]
    x: Vector
    gradient: Vector
    hessian: Array


def matrix_gradients(
    n: int, draws: int, conditions: Sequence[float], batch: int, widths: Sequence[int], seed: int = 0
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Differences between ∇f by reverse mode, ∇²f·v by forward over reverse, and the formulas of `formulas`.

    At size n with `draws` random instances; the errors of ∇ tr(AX⁻¹B) at each condition number of X; the functions of
    `singular` at their points; the shapes of `shapes` for a network of `widths` with `batch` samples.
    Differences are ‖AD − formula‖/‖formula‖, Frobenius. Raises ValueError where an argument is out of range.
    """
    for name, value, least in (("n", n, 2), ("draws", draws, 1), ("batch", batch, 2)):
        require_count(name, value, least)
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths={list(widths)}: the widths of the input and of one layer or more, from 1 on")
    require(8 * 40 * n**2, f"n={n}: matrices and their derivatives")
    return partial(_measure, n, draws, tuple(conditions), batch, tuple(widths), seed)


def _measure(n: int, draws: int, conditions: tuple, batch: int, widths: tuple, seed: int):
    random = np.random.default_rng([seed, n])
    found = [[differences(formula, random) for formula in printed.formulas(n, random)] for _ in range(draws)]
    ill = [[errors(condition, random) for condition in conditions] for _ in range(draws)]
    names, points = [formula.name for formula in printed.formulas(n, random)], singular(SMALL)
    arrays = {"difference": np.array(found), "condition": np.array(conditions), "ill_conditioned": np.array(ill)}
    arrays |= {"singular": np.array([at_point(point) for point in points])}
    meta = {"n": n, "names": names, "points": [point.name for point in points], "layers": shapes(batch, widths, seed)}
    return arrays, meta


def differences(formula: Formula, random: np.random.Generator) -> tuple[float, float]:
    """Relative difference of the gradient, and of the second derivative along a random direction."""
    v = random.standard_normal(formula.x.shape)
    by_machine = jax.jvp(jax.grad(formula.f), (jnp.asarray(formula.x),), (jnp.asarray(v),))
    by_hand = formula.gradient(formula.x), formula.second(formula.x, v)
    first, second = (_relative(np.asarray(a), b) for a, b in zip(by_machine, by_hand, strict=True))
    return first, second


def errors(condition: float, random: np.random.Generator) -> tuple[float, float]:
    """Relative errors of ∇ tr(AX⁻¹B) by machine and by the formula in floating point, X [8, 8] of that condition."""
    a, b = random.standard_normal((EXACT + 2, EXACT)), random.standard_normal((EXACT, EXACT + 2))
    formula = printed.trace_inverse_of(a, b, printed.conditioned(EXACT, random, condition))
    exact = printed.exact_trace_inverse(a, b, formula.x)
    by_machine = np.asarray(jax.grad(formula.f)(jnp.asarray(formula.x)))
    return _relative(by_machine, exact), _relative(formula.gradient(formula.x), exact)


def _relative(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(found - truth) / (np.linalg.norm(truth) or 1.0))


def cubic_norm(x: Float[Array, " n"]) -> Scalar:
    """‖x‖³/3 with its derivatives at 0 too: gradient ‖x‖x, Hessian ‖x‖I + xxᵀ/‖x‖, both 0 at x = 0.

    The third derivative does not exist at 0; here it is 0. Below ‖x‖ = 1e-154 (1e-19 in float32), where xᵀx underflows,
    all of them are 0. The inner `where` keeps the branch not taken from making 0·∞ of the square root's derivative.
    """
    square = x @ x
    norm = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
    return norm**3 / 3


def singular(n: int) -> list[Singular]:
    """‖x‖³/3 at x = 0 written three ways, and ln(1 + eᶻ), z = x₁, at z = 1000 written two ways."""
    zero, none = jnp.zeros(n), jnp.zeros((n, n))
    first = zero.at[0].set(1.0)
    near, far = (zero, zero, none), (LARGE * first, first, none)
    return [
        Singular("‖x‖³/3 at 0: norm(x)**3/3", lambda x: jnp.linalg.norm(x) ** 3 / 3, *near),
        Singular("‖x‖³/3 at 0: dot(x, x)**1.5/3", lambda x: (x @ x) ** 1.5 / 3, *near),
        Singular("‖x‖³/3 at 0: cubic_norm", cubic_norm, *near),
        Singular("ln(1 + eᶻ) at 1000: log(1 + exp(z))", lambda x: jnp.log(1 + jnp.exp(x[0])), *far),
        Singular("ln(1 + eᶻ) at 1000: logaddexp(0, z)", lambda x: jnp.logaddexp(0.0, x[0]), *far),
    ]


def at_point(point: Singular) -> tuple[float, float]:
    """Largest error of the gradient and of the Hessian there; nan where an entry is nan."""
    gradient, hessian = jax.jit(lambda x: (jax.grad(point.f)(x), jax.hessian(point.f)(x)))(point.x)
    return float(np.max(np.abs(gradient - point.gradient))), float(np.max(np.abs(hessian - point.hessian)))


def shapes(batch: int, widths: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """The backward pass of v_k = tanh(v_{k−1} w_k), L = Σ_b loss_b: shapes of ∂L/∂v_k, ∂L/∂w_k and ∂loss_b/∂w_k.

    For each layer also ‖Σ_b ∂loss_b/∂w_k − ∂L/∂w_k‖/‖∂L/∂w_k‖.
    """
    random = np.random.default_rng(seed)
    x = jnp.asarray(random.standard_normal((batch, widths[0])))
    weights = [jnp.asarray(random.standard_normal((i, o)) / i**0.5) for i, o in pairwise(widths)]
    shifts = [jnp.zeros((batch, o)) for o in widths[1:]]  # added to v_k: the gradient by them is ∂L/∂v_k

    def loss(weights, shifts, x):
        for w, shift in zip(weights, shifts, strict=True):
            x = jnp.tanh(x @ w) + shift
        return jnp.sum(x**2) / 2

    by_weights, by_layers = jax.jit(jax.grad(loss, argnums=(0, 1)))(weights, shifts, x)
    one = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))
    each = jax.jit(one)(weights, [s[:, None] for s in shifts], x[:, None])
    return [
        {
            "inputs": int(w.shape[0]),
            "outputs": int(w.shape[1]),
            "layer": list(layer.shape),
            "weight": list(total.shape),
            "weight_of_each": list(own.shape),
            "difference": _relative(np.asarray(own.sum(axis=0)), np.asarray(total)),
        }
        for w, layer, total, own in zip(weights, by_layers, by_weights, each, strict=True)
    ]
