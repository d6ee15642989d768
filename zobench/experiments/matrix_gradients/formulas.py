"""Derivatives of matrix calculus as lectures print them: a function, its gradient, and its second derivative along v.

Each is a factory of a `Formula` from a size n and a random generator; `formulas` makes them all.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

STEPS = 10  # of the unrolled gradient descent
CONDITION = 3.0


class Formula(NamedTuple):
    """f, a point x (vector or matrix), ∇f(x) and v ↦ ∇²f(x)v by the printed formula."""

    name: str
    f: Callable[[Array], Array]
    x: np.ndarray
    gradient: Callable[[np.ndarray], np.ndarray]
    second: Callable[[np.ndarray, np.ndarray], np.ndarray]


def formulas(n: int, random: np.random.Generator) -> list[Formula]:
    """All of them at size n; matrices that are inverted have singular values from 1 to CONDITION."""
    vectors = (quadratic, least_squares, quartic, cubic, logistic, bells, tanh_third, unrolled)
    return [make(n, random) for make in (*vectors, trace_linear, trace_inverse, log_det)]


def quadratic(n: int, random: np.random.Generator) -> Formula:
    """½xᵀAx + bᵀx + c: (A + Aᵀ)x/2 + b, (A + Aᵀ)/2; A not symmetric."""
    a, b, c = random.standard_normal((n, n)), random.standard_normal(n), float(random.standard_normal())
    return Formula(
        "½xᵀAx + bᵀx + c",
        lambda x: x @ (a @ x) / 2 + b @ x + c,
        random.standard_normal(n),
        lambda x: (a + a.T) @ x / 2 + b,
        lambda x, v: (a + a.T) @ v / 2,
    )


def least_squares(n: int, random: np.random.Generator) -> Formula:
    """½‖Ax − b‖², A of shape [n + n//2, n]: Aᵀ(Ax − b), AᵀA."""
    m = n + n // 2
    a, b = random.standard_normal((m, n)), random.standard_normal(m)
    return Formula(
        "½‖Ax − b‖²",
        lambda x: jnp.sum((a @ x - b) ** 2) / 2,
        random.standard_normal(n),
        lambda x: a.T @ (a @ x - b),
        lambda x, v: a.T @ (a @ v),
    )


def quartic(n: int, random: np.random.Generator) -> Formula:
    """xᵀx·xᵀx: 4‖x‖²x, 8xxᵀ + 4‖x‖²I."""
    return Formula(
        "xᵀx·xᵀx",
        lambda x: (x @ x) * (x @ x),
        random.standard_normal(n),
        lambda x: 4 * (x @ x) * x,
        lambda x, v: 8 * x * (x @ v) + 4 * (x @ x) * v,
    )


def cubic(n: int, random: np.random.Generator) -> Formula:
    """‖x‖³/3 written as norm(x)**3/3: ‖x‖x, ‖x‖I + xxᵀ/‖x‖ (away from 0)."""
    return Formula(
        "‖x‖³/3",
        lambda x: jnp.linalg.norm(x) ** 3 / 3,
        random.standard_normal(n),
        lambda x: np.linalg.norm(x) * x,
        lambda x, v: np.linalg.norm(x) * v + x * (x @ v) / np.linalg.norm(x),
    )


def logistic(n: int, random: np.random.Generator) -> Formula:
    """ln(1 + exp⟨a, x⟩): σa, σ(1 − σ)aaᵀ with σ = 1/(1 + exp(−⟨a, x⟩)); ⟨a, x⟩ of order 1."""
    a = random.standard_normal(n) / np.sqrt(n)

    def sigma(x):
        return 1 / (1 + np.exp(-a @ x))

    return Formula(
        "ln(1 + exp⟨a, x⟩)",
        lambda x: jnp.log(1 + jnp.exp(a @ x)),
        random.standard_normal(n),
        lambda x: sigma(x) * a,
        lambda x, v: sigma(x) * (1 - sigma(x)) * a * (a @ v),
    )


def bells(n: int, random: np.random.Generator) -> Formula:
    """Σ exp(−(sin xᵢ − cos yᵢ)²) over n pairs z = (x, y); with d = sin x − cos y: −2d·f·(cos x, sin y)."""

    def parts(z):
        """The pairs' d, their values, and the first and second derivatives of d by x and y, [2, n]."""
        x, y = z.reshape(2, n)
        d = np.sin(x) - np.cos(y)
        return d, np.exp(-(d**2)), np.array([np.cos(x), np.sin(y)]), np.array([-np.sin(x), np.cos(y)])

    def gradient(z):
        d, e, slope, _ = parts(z)
        return (-2 * d * e * slope).ravel()

    def second(z, v):
        d, e, slope, bend = parts(z)
        v = v.reshape(2, n)
        return ((4 * d**2 - 2) * e * (slope * v).sum(axis=0) * slope - 2 * d * e * bend * v).ravel()

    return Formula(
        "exp(−(sin x − cos y)²)",
        lambda z: jnp.sum(jnp.exp(-((jnp.sin(z[:n]) - jnp.cos(z[n:])) ** 2))),
        random.uniform(-3, 3, 2 * n),
        gradient,
        second,
    )


def tanh_third(n: int, random: np.random.Generator) -> Formula:
    """Σ tanh″(xᵢ) with t = tanh x: tanh‴ = (1 − t²)(6t² − 2), tanh⁗ = 8t(1 − t²)(2 − 3t²)."""
    one = jax.vmap(jax.grad(jax.grad(jnp.tanh)))
    return Formula(
        "tanh″",
        lambda x: jnp.sum(one(x)),
        random.uniform(-2, 2, n),
        lambda x: (1 - np.tanh(x) ** 2) * (6 * np.tanh(x) ** 2 - 2),
        lambda x, v: 8 * np.tanh(x) * (1 - np.tanh(x) ** 2) * (2 - 3 * np.tanh(x) ** 2) * v,
    )


def unrolled(n: int, random: np.random.Generator) -> Formula:
    """½‖x₁₀‖² of 10 steps α of gradient descent on ½‖x‖² from x₀ in Rⁿ, as a function of α.

    P = ½‖x₀‖² Π(1 − αᵢ)²: ∂P/∂αⱼ = −2P/(1 − αⱼ), ∂²P/∂αⱼ∂αₖ = 4P/((1 − αⱼ)(1 − αₖ)), 2P/(1 − αⱼ)² where j = k.
    """
    start = random.uniform(0, 1, n)

    def f(alpha):
        x = jnp.asarray(start)
        for step in range(STEPS):
            x = x - alpha[step] * x
        return x @ x / 2

    def value(alpha):
        return start @ start / 2 * np.prod((1 - alpha) ** 2)

    return Formula(
        "10 steps of descent",
        f,
        random.uniform(0.05, 0.4, STEPS),
        lambda alpha: -2 * value(alpha) / (1 - alpha),
        lambda alpha, v: value(alpha) / (1 - alpha) * (4 * np.sum(v / (1 - alpha)) - 2 * v / (1 - alpha)),
    )


def trace_linear(n: int, random: np.random.Generator) -> Formula:
    """tr(AXB), A [p, n], X [n, m], B [m, p]: AᵀBᵀ, 0."""
    m, p = n + 1, n + 2
    a, b = random.standard_normal((p, n)), random.standard_normal((m, p))
    return Formula(
        "tr(AXB)",
        lambda x: jnp.trace(a @ x @ b),
        random.standard_normal((n, m)),
        lambda x: a.T @ b.T,
        lambda x, v: np.zeros_like(x),
    )


def trace_inverse(n: int, random: np.random.Generator) -> Formula:
    """tr(AX⁻¹B), A [n + 2, n], B [n, n + 2]."""
    a, b = random.standard_normal((n + 2, n)), random.standard_normal((n, n + 2))
    return trace_inverse_of(a, b, conditioned(n, random))


def trace_inverse_of(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> Formula:
    """tr(AX⁻¹B), A [p, n], B [n, p], at X [n, n]: G = −X⁻ᵀAᵀBᵀX⁻ᵀ, −(X⁻ᵀVᵀG + GVᵀX⁻ᵀ)."""

    def gradient(x):
        inverse = np.linalg.inv(x).T
        return -inverse @ a.T @ b.T @ inverse

    def second(x, v):
        inverse, g = np.linalg.inv(x).T, gradient(x)
        return -(inverse @ v.T @ g + g @ v.T @ inverse)

    return Formula("tr(AX⁻¹B)", lambda x: jnp.trace(a @ jnp.linalg.inv(x) @ b), x, gradient, second)


def exact_trace_inverse(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient −X⁻ᵀAᵀBᵀX⁻ᵀ in rational arithmetic, rounded once; O(n³) operations on numbers of O(n) words."""
    a, b, x = (np.vectorize(Fraction, otypes=[object])(matrix) for matrix in (a, b, x))
    n = len(x)
    rows = np.concatenate([x.T, np.vectorize(Fraction, otypes=[object])(np.eye(n))], axis=1)
    for k in range(n):  # Gauss and Jordan; any pivot but 0 does
        pivot = next(i for i in range(k, n) if rows[i, k] != 0)
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] = rows[k] / rows[k, k]
        for i in range(n):
            if i != k:
                rows[i] = rows[i] - rows[i, k] * rows[k]
    inverse = rows[:, n:]
    return (-(inverse @ a.T) @ (b.T @ inverse)).astype(float)


def log_det(n: int, random: np.random.Generator) -> Formula:
    """−ln|det X|: −X⁻ᵀ, X⁻ᵀVᵀX⁻ᵀ."""
    return Formula(
        "−ln det X",
        lambda x: -jnp.linalg.slogdet(x)[1],
        conditioned(n, random),
        lambda x: -np.linalg.inv(x).T,
        lambda x, v: np.linalg.inv(x).T @ v.T @ np.linalg.inv(x).T,
    )


def conditioned(n: int, random: np.random.Generator, condition: float = CONDITION) -> Float[np.ndarray, "n n"]:
    """A random matrix with singular values evenly spaced in the logarithm from 1 to `condition`, det X > 0."""
    left, right = (np.linalg.qr(random.standard_normal((n, n)))[0] for _ in range(2))
    x = left * np.geomspace(1, condition, n) @ right
    return x if np.linalg.slogdet(x)[0] > 0 else np.concatenate([-x[:1], x[1:]])
