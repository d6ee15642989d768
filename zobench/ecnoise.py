"""How noisy a function is, from a handful of values, and the difference step that follows (Moré & Wild 2011, 2012)."""

from collections.abc import Callable, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np

Function = Callable[[np.ndarray], float]
AGREE = 4.0  # three neighbouring levels agree within this factor
TOO_FAR = 0.1  # relative range of values beyond which the points are too far apart


class Noise(NamedTuple):
    """The standard deviation of f's noise, and whether it is to be trusted: `advice` is empty, or what to change."""

    level: float
    advice: str = ""


def ecnoise(values: Sequence[float] | np.ndarray) -> Noise:
    """The noise of f from 6 or more values at equally spaced points close together (ECNoise, Moré & Wild 2011).

    σ_k² = γ_k mean (Δᵏf)², γ_k = (k!)²/(2k)!: differences of order k remove the smooth part and keep the noise. The
    first k is taken where σ_k, σ_{k+1}, σ_{k+2} agree within a factor of 4 and the differences change sign. Exact for
    constants plus noise; rounding counts as noise. Asks nothing: the values are given.

    Raises ValueError for fewer than 6 values.
    """
    f = np.asarray(values, float)
    if f.size < 6:
        raise ValueError(f"{f.size} values: the noise of f needs 6 or more, at equally spaced points close together")
    size = max(abs(f.max()), abs(f.min()))
    if np.ptp(f) > TOO_FAR * size:
        return Noise(np.nan, "the values differ too much: take points closer together")
    levels, signs, difference = [], [], f
    for k in range(1, f.size):
        difference = np.diff(difference)
        if k == 1 and np.mean(difference == 0) >= 0.5:
            return Noise(np.nan, "most values are equal: take points further apart")
        gamma = factorial(k) ** 2 / factorial(2 * k)
        levels.append(np.sqrt(gamma * np.mean(difference**2)))
        signs.append(difference.min() < 0 < difference.max())
    for k in range(len(levels) - 2):
        near = levels[k : k + 3]
        if max(near) <= AGREE * min(near) and signs[k]:
            return Noise(float(levels[k]))
    return Noise(np.nan, "no order of difference shows the noise alone: take points closer together")


def measure(f: Function, x: np.ndarray, direction: np.ndarray, spacing: float = 1e-8, points: int = 9) -> Noise:
    """The noise of f at x along a direction; the spacing is changed a hundredfold up to six times as `ecnoise` advises.

    Asks `points` values for each spacing tried. A level that cannot be found is nan, with the last advice.
    """
    tried: set[float] = set()
    found = Noise(np.nan)
    while spacing not in tried and len(tried) < 6:
        tried.add(spacing)
        offsets = (np.arange(points) - (points - 1) / 2) * spacing
        found = ecnoise([float(f(x + t * direction)) for t in offsets])
        if not found.advice:
            return found
        spacing = float(f"{spacing * (100 if 'further' in found.advice else 0.01):.3g}")
    return found


def curvature(f: Function, x: np.ndarray, direction: np.ndarray, noise: float) -> float:
    """|vᵀ∇²f v| to a digit or so: a second difference that stands out of the noise (Moré & Wild 2012, section 5).

    The step h = σ^¼ is accepted where |Δ²| ≥ 100σ and the values range within a tenth; else it is tried once more with
    h = (σ/μ)^¼, μ the estimate just made. nan where neither is. Asks 3 or 6 values.
    """
    h = noise**0.25
    for _ in range(2):
        here, ahead, behind = (float(f(x + t * direction)) for t in (0.0, h, -h))
        second = abs(ahead - 2 * here + behind)
        close = max(abs(ahead - here), abs(behind - here)) <= TOO_FAR * max(abs(here), abs(ahead), abs(behind))
        if second >= 100 * noise and close:
            return second / h**2
        if second == 0:
            return np.nan
        h = (noise / (second / h**2)) ** 0.25
    return np.nan


def forward_eps(noise: float, curvature: float) -> float:
    """ε = 8^¼ √(σ/μ): the step of least mean-square error of a forward quotient, ¼μ²ε² + 2σ²/ε² (Moré & Wild 2012)."""
    return float(8**0.25 * np.sqrt(noise / curvature))


def central_eps(noise: float, third: float) -> float:
    """ε = (3σ/μ₃)^⅓, μ₃ = |D³f| along the direction: the best step of a central quotient, μ₃²ε⁴/36 + σ²/(2ε²)."""
    return float((3 * noise / third) ** (1 / 3))
