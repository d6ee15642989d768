"""The exact recursion on quadratics in its spectral form: hitting times at any dimension without a step of iteration.

Modes of one eigenvalue are one level; with E GGᵀ = A‖g‖² I + (C+D) ggᵀ (types.Moment) the sums S_l of E zᵢ² over the
levels go on as S₊ = (I + diag d) S + u (wᵀS), d = −2αλ + α²(C+D)λ², u the multiplicities and w = α²Aλ². Scaled by
√(w/u) this is symmetric, diagonal plus rank one, so E f(x_k) − f* = Σⱼ cⱼ (1+eⱼ)ᵏ from one eigendecomposition. The eⱼ
are found as such and not as 1+eⱼ: at n = 10¹¹ they are 10⁻¹¹, and known to a relative 10⁻¹⁶ of the largest.
"""

from math import ceil, inf, isfinite, log
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import brentq, minimize_scalar

from zobench.types import Modes, Moment

GRADIENT = Moment(A=0.0, C=1.0)
LONGEST = 1e300  # iterations after which a mean that has not arrived is said never to
UNSTABLE = 1e3  # stands for ln ∞ in a search
STEP_PRECISION = 0.01  # of ln α in a search; the least of a hitting time is flat


class Levels(NamedTuple):
    """Eigenvalues, each once, how many modes have it, and the energy of the start in them. All of shape [levels]."""

    eigenvalue: np.ndarray
    multiplicity: np.ndarray
    energy: np.ndarray

    @property
    def trace(self) -> float:
        """tr H."""
        return float(self.multiplicity @ self.eigenvalue)


class Decay(NamedTuple):
    """E f(x_k) − f* = Σⱼ amplitudeⱼ exp(−k rateⱼ), both of shape [levels]; a rate ≤ 0 is a mean that does not fall."""

    amplitude: np.ndarray
    rate: np.ndarray

    def gap(self, k: float) -> float:
        """E f(x_k) − f*, for real k > 0 too."""
        with np.errstate(over="ignore", under="ignore"):
            return float(self.amplitude @ np.exp(-k * self.rate))


def levels(modes: Modes) -> Levels:
    """Modes of one eigenvalue put together; those of eigenvalue 0 add nothing to f and are left out."""
    kept = modes.eigenvalue > 0
    eigenvalue, place, count = np.unique(modes.eigenvalue[kept], return_inverse=True, return_counts=True)
    energy = np.bincount(place, weights=modes.energy[kept], minlength=eigenvalue.size)
    return Levels(eigenvalue, count.astype(float), energy)


def decay(spectrum: Levels, moment: Moment, step: float) -> Decay:
    """The mean of descent with a fixed step α, as a sum of exponentials. O(levels³)."""
    lam, start = spectrum.eigenvalue, spectrum.eigenvalue * spectrum.energy / 2
    d = -2 * step * lam + step**2 * (moment.C + moment.D) * lam**2
    if moment.A == 0:
        return Decay(start, -_log1p(d))
    w = step**2 * moment.A * lam**2
    scale = np.sqrt(w / spectrum.multiplicity)
    z = np.sqrt(w * spectrum.multiplicity)
    e, vectors = eigh(np.diag(d) + np.outer(z, z))
    amplitude = ((lam / (2 * scale)) @ vectors) * ((scale * spectrum.energy) @ vectors)
    return Decay(amplitude, -_log1p(e))


def _log1p(e: np.ndarray) -> np.ndarray:
    """ln(1+e); a mode that one step ends falls as fast as can be written, not with −∞."""
    return np.log1p(np.maximum(e, -1 + 1e-15))


def crossing(mean: Decay, ratio: float) -> float:
    """The real k at which the mean of f − f* is `ratio` times what it was at the start; inf if it never is."""
    start = float(mean.amplitude.sum())
    if not mean.rate.min() > 0:
        return inf

    def above(k: float) -> float:
        left = mean.gap(k) / start
        return log(left / ratio) if left > 0 else -UNSTABLE

    last = 1.0
    while above(last) > 0:
        last *= 2
        if last > LONGEST:
            return inf
    found: Any = brentq(above, last / 2 if above(last / 2) > 0 else 1e-9, last, xtol=1e-9, rtol=np.float64(1e-13))
    return float(found)


def hitting_time(spectrum: Levels, moment: Moment, step: float, ratio: float) -> float:
    """The first whole k with E f(x_k) − f* ≤ ratio·(f(x0) − f*); inf: never.

    The mean may rise before it falls under a step beyond 1/(L B_eff); k is then that of the fall.
    Golden values: zobench's theory sheet, 10.3.
    """
    k = crossing(decay(spectrum, moment, step), ratio)
    return float(ceil(k - 1e-6)) if isfinite(k) else inf


def best_step(spectrum: Levels, moment: Moment, ratio: float, around: float) -> float:
    """The step of the least hitting time, sought between a tenth and three times `around`, to 1 %."""

    def cost(log_step: float) -> float:
        k = crossing(decay(spectrum, moment, float(np.exp(log_step))), ratio)
        return log(k) if isfinite(k) else UNSTABLE

    grid = np.log(around) + np.linspace(log(0.1), log(3.0), 12)
    least = int(np.argmin([cost(one) for one in grid]))
    low, high = grid[max(least - 1, 0)], grid[min(least + 1, grid.size - 1)]
    found: Any = minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": STEP_PRECISION})
    return float(np.exp(found.x))


def accelerated(modes: Modes, moment: Moment, step: float, B: float, iterations: int, mu: float = 0.0) -> np.ndarray:
    """E f(x_k) − f* of zobench.methods.accelerated on a quadratic, exact, at k = 0 ... iterations.

    y = (1−β)x + βv, x₊ = y − hG, v₊ = (1−λ)v + λy − (θ/α)G with E G = Λy and E Gᵢ² = A Σⱼ λⱼ² E yⱼ² + (C+D) λᵢ² E yᵢ²,
    so E x², E xv and E v² of each mode go on by themselves. O(n) a step. λ here is αμ/γ₊, Λ the eigenvalues.
    """
    eigenvalue, theta, gamma = modes.eigenvalue, step / B, 1 / (B * step)
    xx = xv = vv = modes.energy.astype(float)
    gap = [float(eigenvalue @ xx) / 2]
    for _ in range(iterations):
        b = theta * (gamma - mu)
        alpha = (np.sqrt(b * b + 4 * theta * gamma) - b) / 2
        following = (1 - alpha) * gamma + alpha * mu
        beta, pull, h = alpha * gamma / (gamma + alpha * mu), alpha * mu / following, theta / alpha
        yy = (1 - beta) ** 2 * xx + 2 * beta * (1 - beta) * xv + beta**2 * vv
        yv = (1 - beta) * xv + beta * vv
        wy = (1 - pull) * yv + pull * yy
        ww = (1 - pull) ** 2 * vv + 2 * pull * (1 - pull) * yv + pull**2 * yy
        square = moment.A * float(eigenvalue**2 @ yy) + (moment.C + moment.D) * eigenvalue**2 * yy
        xx = yy - 2 * step * eigenvalue * yy + step**2 * square
        xv = wy - h * eigenvalue * yy - step * eigenvalue * wy + step * h * square
        vv = ww - 2 * h * eigenvalue * wy + h**2 * square
        gamma = following
        gap.append(float(eigenvalue @ xx) / 2)
    return np.array(gap)
