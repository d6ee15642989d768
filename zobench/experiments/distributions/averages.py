"""Three averages of a run on f = ½L‖x‖² along Gaussian directions: of x, of f, and of ln f, for any step."""

from functools import lru_cache
from math import inf, log, log1p, pi, sqrt
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaincinv

FARTHEST = 9.0  # standard deviations of a normal number


def rates(s: float, n: int) -> tuple[float, float, float]:
    """ln of the factors a step of E x and of E f, and E ln f₊/f, for Gaussian directions and the step s/L.

    G = (∇fᵀu)u, u ~ N(0, I): E x₊ = (1−s)x, E f₊ = (1 − 2s + (n+2)s²) f, and f₊/f = 1 + h with
    h = −s c²(2 − s(c²+w)), c = xᵀu/‖x‖ ~ N(0, 1) and w ~ χ²ₙ₋₁ independent: the mean of ln(1+h) is that of h, which is
    known, and that of ln(1+h) − h, by quadrature.
    """
    c2, w, density = _nodes(n)
    h = -s * c2 * (2 - s * (c2 + w))
    rest = (np.log((1 - s * c2) ** 2 + s**2 * c2 * w) - h) * density
    mean = s**2 * (n + 2) - 2 * s
    ends = log(abs(1 - s)) if s != 1 else -inf
    return ends, log1p(mean), mean + float(rest.sum())


@lru_cache
def _nodes(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squares of a normal number, down; values of χ²ₙ₋₁, across; weights of both."""
    node, weight = np.polynomial.legendre.leggauss(200)
    t, share = (1 + node[:, None]) / 2, weight / 2
    c2 = (FARTHEST * t**3) ** 2  # ln(1+h) bends at c² of 1/n, which t³ resolves
    density = sqrt(2 / pi) * np.exp(-c2 / 2) * 3 * FARTHEST * t**2 * share[:, None]
    return c2, 2 * gammaincinv((n - 1) / 2, t).T, density * share


def best_rate(n: int) -> float:
    """The fastest fall of E ln f a step over all steps s/L, for Gaussian directions."""
    found: Any = minimize_scalar(
        lambda log_s: rates(float(np.exp(log_s)), n)[2], bounds=(log(0.05 / n), log(2 / n)), method="bounded"
    )
    return -float(found.fun)
