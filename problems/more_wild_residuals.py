"""Residuals F of the 22 functions of Moré & Wild (2009), in their order; `more_wild` sums the squares.

Functions 1 to 18 are from Moré, Garbow & Hillstrom (1981), 19 to 22 from CUTEr. Each takes x of shape [n] and m, and
gives F(x) of shape [m] in the dtype of x, real or complex. i counts from 1 to m, j from 1 to n.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench.types import Vector

Residuals = Float[Array, " m"]

BARD = "0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.1 4.39"
KOWALIK_OSBORNE = "0.1957 0.1947 0.1735 0.16 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246"
KOWALIK_OSBORNE_AT = "4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625"
MEYER = "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
OSBORNE_1 = """0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.85 0.818 0.784 0.751 0.718 0.685 0.658 0.628 0.603 0.58
    0.558 0.538 0.522 0.506 0.49 0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.42 0.414 0.411 0.406"""
OSBORNE_2 = """1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 0.655 0.616 0.606 0.602
    0.626 0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661 0.612 0.558 0.533 0.495 0.5 0.423 0.395 0.375 0.372 0.391
    0.396 0.405 0.428 0.429 0.523 0.562 0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559 0.597 0.625 0.739
    0.71 0.729 0.72 0.636 0.581 0.428 0.292 0.162 0.098 0.054"""
HEART = "-0.69 -0.044 -1.57 -1.31 -2.65 2 -12.6 9.48"


def _like(x: Vector, values: np.ndarray | str) -> Array:
    """Constants in the dtype of x: float64 ones would promote a float32 x."""
    return jnp.asarray(np.array(values.split(), float) if isinstance(values, str) else values, x.dtype)


def linear(x: Vector, m: int) -> Residuals:
    """1: xᵢ − (2/m) Σxⱼ − 1, without xᵢ for i > n: full rank."""
    return jnp.pad(x, (0, m - x.size)) - 2 / m * jnp.sum(x) - 1


def rank_one(x: Vector, m: int) -> Residuals:
    """2: i Σ j xⱼ − 1."""
    return _like(x, np.arange(1, m + 1)) * jnp.sum(_like(x, np.arange(1, x.size + 1)) * x) - 1


def rank_one_with_zeros(x: Vector, m: int) -> Residuals:
    """3: (i−1) Σ j xⱼ − 1 over j = 2 ... n−1; −1 for i = m."""
    row, column = np.append(np.arange(m - 1), 0), np.arange(2, x.size)
    return _like(x, row) * jnp.sum(_like(x, column) * x[1:-1]) - 1


def rosenbrock(x: Vector, m: int) -> Residuals:
    """4: 10(x₂ − x₁²), 1 − x₁."""
    a, b = x
    return jnp.stack([10 * (b - a**2), 1 - a])


def helical_valley(x: Vector, m: int) -> Residuals:
    """5: 10(x₃ − 10θ), 10(r − 1), x₃; 2πθ and r the polar coordinates of (x₁, x₂), θ between −1/4 and 3/4.

    The cut is at x₁ = 0, x₂ < 0, where θ = −1/4 as in the authors' Fortran; θ = 1/4 at the origin, which is no point of
    differentiability: the gradient is made finite there.
    """
    a, b, c = x
    square = a**2 + b**2
    away = square != 0
    r = jnp.where(away, jnp.sqrt(jnp.where(away, square, 1)), 0)
    # The tangent of half the angle to the x₂ axis is a/(r+b) = (r−b)/a: take the one without cancellation.
    above = jnp.real(b) >= 0
    half = jnp.where(above, a / jnp.where(above & away, r + b, 1), (r - b) / jnp.where(above, 1, a))
    theta = 0.25 - jnp.arctan(half) / jnp.pi
    return jnp.stack([10 * (c - 10 * theta), 10 * (r - 1), c])


def powell_singular(x: Vector, m: int) -> Residuals:
    """6: x₁ + 10x₂, √5 (x₃ − x₄), (x₂ − 2x₃)², √10 (x₁ − x₄)²."""
    a, b, c, d = x
    return jnp.stack([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def freudenstein_roth(x: Vector, m: int) -> Residuals:
    """7: −13 + x₁ + ((5 − x₂)x₂ − 2)x₂, −29 + x₁ + ((x₂ + 1)x₂ − 14)x₂."""
    a, b = x
    return jnp.stack([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def bard(x: Vector, m: int) -> Residuals:
    """8: yᵢ − x₁ − i/((16−i)x₂ + min(i, 16−i)x₃)."""
    a, b, c = x
    u = np.arange(1, 16)
    v, w = _like(x, 16 - u), _like(x, np.minimum(u, 16 - u))
    return _like(x, BARD) - a - _like(x, u) / (v * b + w * c)


def kowalik_osborne(x: Vector, m: int) -> Residuals:
    """9: yᵢ − x₁(u² + ux₂)/(u² + ux₃ + x₄), u = uᵢ."""
    a, b, c, d = x
    u = _like(x, KOWALIK_OSBORNE_AT)
    return _like(x, KOWALIK_OSBORNE) - a * u * (u + b) / (u * (u + c) + d)


def meyer(x: Vector, m: int) -> Residuals:
    """10: x₁ exp(x₂/(45 + 5i + x₃)) − yᵢ."""
    a, b, c = x
    return a * jnp.exp(b / (_like(x, 45 + 5 * np.arange(1, 17)) + c)) - _like(x, MEYER)


def watson(x: Vector, m: int) -> Residuals:
    """11: p′(t) − p(t)² − 1 at t = i/29, p(t) = Σ xⱼ tʲ⁻¹; x₁ and x₂ − x₁² − 1 at the end."""
    power = np.vander(np.arange(1, 30) / 29, x.size, increasing=True)  # [29, n]
    slope = power[:, :-1] * np.arange(1, x.size)
    p = jnp.sum(_like(x, power) * x, axis=1)
    return jnp.append(
        jnp.sum(_like(x, slope) * x[1:], axis=1) - p**2 - 1,
        jnp.stack([x[0], x[1] - x[0] ** 2 - 1]),
    )


def box(x: Vector, m: int) -> Residuals:
    """12: exp(−tx₁) − exp(−tx₂) − x₃(exp(−t) − exp(−10t)), t = i/10."""
    a, b, c = x
    t = np.arange(1, m + 1) / 10
    return jnp.exp(-_like(x, t) * a) - jnp.exp(-_like(x, t) * b) - c * _like(x, np.exp(-t) - np.exp(-10 * t))


def jennrich_sampson(x: Vector, m: int) -> Residuals:
    """13: 2 + 2i − exp(ix₁) − exp(ix₂)."""
    a, b = x
    i = _like(x, np.arange(1, m + 1))
    return 2 + 2 * i - jnp.exp(i * a) - jnp.exp(i * b)


def brown_dennis(x: Vector, m: int) -> Residuals:
    """14: (x₁ + tx₂ − exp t)² + (x₃ + x₄ sin t − cos t)², t = i/5."""
    a, b, c, d = x
    t = np.arange(1, m + 1) / 5
    first = a + b * _like(x, t) - _like(x, np.exp(t))
    second = c + d * _like(x, np.sin(t)) - _like(x, np.cos(t))
    return first**2 + second**2


def chebyquad(x: Vector, m: int) -> Residuals:
    """15: the mean of Tᵢ(xⱼ) over j minus ∫₀¹ Tᵢ, T the Chebyshev polynomials shifted to [0, 1]."""
    t = 2 * x - 1
    before, now, means = jnp.ones_like(t), t, []
    for _ in range(m):
        means.append(jnp.mean(now))
        before, now = now, 2 * t * now - before
    integral = np.array([0 if i % 2 else -1 / (i**2 - 1) for i in range(1, m + 1)])
    return jnp.stack(means) - _like(x, integral)


def brown_almost_linear(x: Vector, m: int) -> Residuals:
    """16: xᵢ + Σxⱼ − (n+1) for i < n, Πxⱼ − 1."""
    return jnp.append(x[:-1] + jnp.sum(x) - (x.size + 1), jnp.prod(x) - 1)


def osborne_1(x: Vector, m: int) -> Residuals:
    """17: yᵢ − (x₁ + x₂ exp(−tx₄) + x₃ exp(−tx₅)), t = 10(i−1)."""
    a, b, c, d, e = x
    t = _like(x, 10 * np.arange(33))
    return _like(x, OSBORNE_1) - (a + b * jnp.exp(-t * d) + c * jnp.exp(-t * e))


def osborne_2(x: Vector, m: int) -> Residuals:
    """18: yᵢ − (x₁ exp(−tx₅) + Σₗ x₁₊ₗ exp(−(t − x₈₊ₗ)² x₅₊ₗ)) over l = 1, 2, 3, t = (i−1)/10."""
    t = _like(x, np.arange(65) / 10)
    peaks = x[1:4] * jnp.exp(-((t[:, None] - x[8:11]) ** 2) * x[5:8])  # [65, 3]
    return _like(x, OSBORNE_2) - (x[0] * jnp.exp(-t * x[4]) + jnp.sum(peaks, axis=1))


def bdqrtic(x: Vector, m: int) -> Residuals:
    """19: 3 − 4xᵢ for i ≤ n−4, then xᵢ² + 2xᵢ₊₁² + 3xᵢ₊₂² + 4xᵢ₊₃² + 5xₙ² for the same i."""
    s = x**2
    return jnp.append(3 - 4 * x[:-4], s[:-4] + 2 * s[1:-3] + 3 * s[2:-2] + 4 * s[3:-1] + 5 * s[-1])


def cube(x: Vector, m: int) -> Residuals:
    """20: x₁ − 1, 10(xᵢ − xᵢ₋₁³)."""
    return jnp.append(x[:1] - 1, 10 * (x[1:] - x[:-1] ** 3))


def mancino(x: Vector, m: int) -> Residuals:
    """21: 1400xᵢ + (i−50)³ + Σⱼ v (sin⁵ ln v + cos⁵ ln v), v = √(xᵢ² + i/j): one variable each.

    1400 and 50 are 14n and n/2 for n = 100, kept for every n.
    """
    i = np.arange(1, x.size + 1)
    square = x[:, None] ** 2 + _like(x, i[:, None] / i)  # [n, n]
    log = jnp.log(square) / 2
    terms = jnp.sqrt(square) * (jnp.sin(log) ** 5 + jnp.cos(log) ** 5)
    return 1400 * x + _like(x, (i - 50) ** 3) + jnp.sum(terms, axis=1)


def heart(x: Vector, m: int) -> Residuals:
    """22: Re and Im of z₁p₁ᵏ + z₂p₂ᵏ − yₖ, k = 0 ... 3: two dipoles z at p, x = (Re z, Im z, Re p, Im p) of both."""
    a, b, c, d, t, u, v, w = x
    moments = []
    for _ in range(4):
        moments += [a + b, c + d]
        a, c = a * t - c * v, a * v + c * t
        b, d = b * u - d * w, b * w + d * u
    return jnp.stack(moments) - _like(x, HEART)
