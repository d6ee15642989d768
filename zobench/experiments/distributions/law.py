"""The law of the hitting time of two-point descent on f = ½L‖x‖², exactly, and what is usually said in its place.

Along a unit direction v, G = n(∇fᵀv)v, and a step α = c/(nL) gives x₊ = x − c(xᵀv)v, f₊/f = 1 − c(2−c) cos²θ with θ the
angle between x and v. So it is the theory step 1/(nL), c = 1, that minimises along the direction, as an exact line
search would: f₊/f = sin²θ. v is uniform and independent of x, hence cos²θ ~ Beta(1/2, (n−1)/2), and

    f_k/f_0 = Π Bⱼ,  Bⱼ ~ Beta((n−1)/2, 1/2) independent,  K = min{k : S_k ≥ T},  S_k = −Σ ln Bⱼ,  T = ln(f_0/target).

P(K ≤ k) = P(S_k ≥ T), and S_k has E e^(−sS_k) = M(s)ᵏ, M(s) = Γ(a+s)Γ(a+½)/(Γ(a)Γ(a+½+s)), a = (n−1)/2.
"""

from math import ceil, log, pi, sqrt
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, loggamma, ndtri, polygamma, psi

POINTS = 4096  # of the line of integration
FINE = 8.0  # points to the pole: e^(−2π·8) is 10⁻²²


def moments(n: int) -> tuple[float, float]:
    """Mean and variance of −ln Beta((n−1)/2, ½): ψ(n/2) − ψ((n−1)/2) ≈ 1/n, ψ'((n−1)/2) − ψ'(n/2) ≈ 2/n²."""
    a = (n - 1) / 2
    return float(psi(a + 0.5) - psi(a)), float(polygamma(1, a) - polygamma(1, a + 0.5))


def log_moment(s: Any, n: int) -> Any:
    """ln E Bˢ for real or complex s, Re s > −(n−1)/2."""
    a = (n - 1) / 2
    gamma = loggamma if np.iscomplexobj(s) else gammaln
    return gamma(a + s) - gamma(a + 0.5 + s) - gammaln(a) + gammaln(a + 0.5)


def arrived(k: int, T: float, n: int) -> float:
    """P(K ≤ k) = P(S_k ≥ T), to rounding for k ≥ 10 and to 1e-6 below.

    P(S_k < T) = (1/2πi) ∫ e^(sT) M(s)ᵏ ds/s on a line Re s > 0; on one Re s < 0 it is that less 1. The line runs
    through the saddle, on the side where the probability is small; the trapezoid rule on it converges exponentially.
    """
    if k <= 0:
        return 0.0 if T > 0 else 1.0
    late = k * moments(n)[0] > T
    bounds = (1e-9, 1e3 * n) if late else (-(n - 1) / 2 + 1e-9, -1e-9)

    def height(s: float) -> float:
        return s * T + k * float(log_moment(s, n)) - log(abs(s))

    found: Any = minimize_scalar(height, bounds=bounds, method="bounded", options={"xatol": 1e-10 * n})
    saddle, a = float(found.x), (n - 1) / 2
    curvature = k * float(polygamma(1, a + saddle) - polygamma(1, a + 0.5 + saddle))
    h = min(abs(saddle) / FINE, 0.3 / sqrt(curvature))
    s = saddle + 1j * h * np.arange(POINTS)
    values = np.exp(s * T + k * log_moment(s, n) - np.log(s)).real
    total = h / pi * float(values.sum() - values[0] / 2)
    return min(max(1 - total if late else -total, 0.0), 1.0)


def quantile(p: float, T: float, n: int) -> int:
    """The least k with P(K ≤ k) ≥ p."""
    low, high = 0, max(normal_quantile(p, T, n), 1)
    while arrived(high, T, n) < p:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if arrived(middle, T, n) >= p else (middle, high)
    return high


def normal_quantile(p: float, T: float, n: int) -> int:
    """The same if S_k were normal: K is about nT ± √(2nT)."""
    mean, variance = moments(n)
    half = float(ndtri(p)) * sqrt(variance)
    return ceil(((half + sqrt(half**2 + 4 * mean * T)) / (2 * mean)) ** 2)


def chernoff(delta: float, T: float, n: int) -> float:
    """A k with P(K > k) ≤ δ: the least over s > 0 of (sT + ln 1/δ)/(−ln M(s)), by Markov's inequality for e^(−sS_k).

    s = (n−1)/2 gives less than (2/ln 2)((n−1)T/2 + ln 1/δ)·(1 + O(1/n)): n multiplies ln(1/ε), and not ln(1/δ).
    """

    def needed(log_s: float) -> float:
        s = np.exp(log_s)
        return (s * T - log(delta)) / -float(log_moment(s, n))

    found: Any = minimize_scalar(
        needed, bounds=(log(1e-6 * n), log(1e3 * n)), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.fun)


def from_the_mean(delta: float, T: float, n: int) -> float:
    """A k with P(K > k) ≤ δ by Markov's inequality for f_k itself, E f_k = (1−1/n)ᵏ f_0: (T + ln 1/δ)/−ln(1−1/n)."""
    return (T - log(delta)) / -np.log1p(-1 / n)
