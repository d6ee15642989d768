"""How far estimates of a gradient of length 1 are off, exactly: means, quantiles, least numbers of directions.

f is linear, or ε small, so that slopes are exact. Independent directions, averaged: E‖G−g‖² = (n−1)/q along unit ones
and signs, (n+1)/q along Gaussian ones, and along these the whole law: G = (1/q) Σ zⱼ vⱼ with zⱼ = gᵀvⱼ ~ N(0, 1) has
S/q along g, S = Σ zⱼ² ~ χ²_q, and given the zⱼ normal parts of variance S/q² across it:

    ‖G−g‖² = (S/q − 1)² + (S/q²) W,  W ~ χ²_(n−1) independent.

q orthogonal ones, and interpolation with q < n: (q/n)G is the projection Pg, ‖Pg−g‖² = 1 − p, p ~ Beta(q/2, (n−q)/2).
q = n, and interpolation with q ≥ n: no error. βG is off by 1 − 2β + β²(1 + E) in the mean square for an unbiased G of
mean square error E, least for β = 1/(1 + E), where it is E/(1 + E).
"""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, chi2

NODE, WEIGHT = np.polynomial.legendre.leggauss(200)
VARIANCE = {"sphere": -1, "signs": -1, "gaussian": 1}


def mean_square(way: str, n: int, q: int) -> float:
    """E‖G−g‖²/‖g‖² of the unbiased estimate; 0 for interpolation and orthogonal directions with q ≥ n."""
    if way in VARIANCE:
        return (n + VARIANCE[way]) / q
    return max(n / q - 1, 0.0)


def scaled(mean: float) -> float:
    """The same of the estimate times its best factor."""
    return mean / (1 + mean)


def arrived(theta: float, n: int, q: int) -> float:
    """P(‖G−g‖ ≤ θ‖g‖) for q averaged Gaussian directions."""
    s = chi2.ppf((1 + NODE) / 2, q)
    left = np.maximum(theta**2 - (s / q - 1) ** 2, 0.0) * q**2 / s
    return float(WEIGHT @ chi2.cdf(left, n - 1)) / 2


def quantile(p: float, n: int, q: int) -> float:
    """The θ with P(‖G−g‖ ≤ θ‖g‖) = p for q averaged Gaussian directions."""
    return float(brentq(lambda theta: arrived(theta, n, q) - p, 1e-6, 10 * ((n + 1) / q) ** 0.5 + 10))  # type: ignore[arg-type]


def gaussian_directions(theta: float, delta: float, n: int) -> int:
    """The least q with P(‖G−g‖ ≤ θ‖g‖) ≥ 1 − δ for averaged Gaussian directions."""
    high = int(n / theta**2)
    while arrived(theta, n, high) < 1 - delta:
        high *= 2
    low = 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if arrived(theta, n, middle) >= 1 - delta else (middle, high)
    return high


def orthogonal_directions(theta: float, delta: float, n: int) -> int:
    """The least q with P(‖Pg−g‖ ≤ θ‖g‖) ≥ 1 − δ for the projection on q orthogonal directions; n at most."""
    q = np.arange(1, n)
    enough = beta.sf(1 - theta**2, q / 2, (n - q) / 2) >= 1 - delta
    return int(q[enough.argmax()]) if enough.any() else n


def possible(n: int, values: float, noise: float) -> float:
    """No unbiased estimate from T values f + σξ, ξ normal, within ε of x has a mean square error below n²σ²/(Tε²).

    `noise` is σ/ε. The information on g is M = Σ zᵢzᵢᵀ/σ² at most, zᵢ the T displacements, so tr M ≤ Tε²/σ², and
    tr M⁻¹ ≥ n²/tr M (Cramér & Rao). Central differences along all axes meet it.
    """
    return n**2 * noise**2 / values


def possible_at_all(n: int, values: float, noise: float) -> float:
    """The same of every estimate, biased ones too, on average over g ~ N(0, I/n): s/(1+s), s = n²σ²/(Tε²).

    By van Trees's inequality (docs/theory/possible.md): the prior has the information nI. An estimate that meets the
    bound above has this one times its best factor.
    """
    return scaled(possible(n, values, noise))


def noisy_mean_square(way: str, n: int, q: int, noise: float) -> float:
    """E‖G−g‖²/‖g‖² with independent noise in each value: what noise adds is n²σ²/(2qε²) along unit directions.

    `axes`: q/n repetitions of central differences; `forward axes`: one forward difference an axis, q = n, f(x) shared;
    `interpolation`: q > n + 1, exact for Gaussian directions (inverse Wishart), close for unit ones.
    """
    if way == "interpolation":
        return n**2 * noise**2 / (2 * (q - n - 1))
    if way == "forward axes":
        return 2 * n * noise**2
    own = 0.0 if way == "axes" else mean_square(way, n, q)
    return own + n**2 * noise**2 / (2 * q)


def values_to(target: float, second: float, values: int) -> float:
    """Values to E f = target f(x0) on ½‖x‖² with the step 1/B: a step leaves the share 1 − 1/B."""
    return values * np.log(target) / np.log1p(-1 / second) if second > 1 else float(values)
