"""What a few values around x0 say of a function: noise, slope and curvature, effective dimension, cost."""

import time
from collections.abc import Callable, Iterable
from math import inf, isfinite, nan
from typing import Literal, NamedTuple

import numpy as np

from zobench import ecnoise, probing
from zobench.probing import Scale
from zobench.statistics import Estimate

Function = Callable[[np.ndarray], float]

DIRECTIONS = 16
RESAMPLES = 1000
REPEATED = 16  # values at x0 where they differ
FINEST = 4 * np.finfo(float).eps  # of a value: a noise below it is taken for rounding


class Facts(NamedTuple):
    """A function around x0, in the units of its values and of x.

    `noise` is the standard deviation of a value (nan: not found); `repeats`: the same x gave the same value. `slope` is
    an estimate of ‖∇f‖, `trace` of tr ∇²f, with their 95 % intervals (bootstrap over directions). `rank` = (tr H)²/tr
    H², the participation ratio: the effective dimension r = tr H/λ₁ of a convex quadratic lies in [√rank, rank].
    `seconds` and `calls`: of one value, and how many were asked.
    """

    n: int
    value: float
    repeats: bool
    noise: float
    eps: float
    slope: Estimate
    trace: Estimate
    rank: Estimate
    seconds: float
    calls: int

    def eps_of(self, quotient: Literal["central", "forward", "second"]) -> float | None:
        """The difference step for the noise of values that do not repeat (`probing.steps`); None: that of the dtype."""
        mean = self.trace.value / self.n
        scale = Scale(noise=self.noise, slope=self.slope.value / np.sqrt(self.n), curvature=mean)
        eps = probing.steps(scale)[probing.QUOTIENTS.index(quotient)]
        return None if self.repeats or not isfinite(eps) else eps


def probe(f: Function, x0: np.ndarray, seed: int = 0, directions: int = DIRECTIONS) -> Facts:
    """Measure f around x0 from its values alone.

    v on the unit sphere, h a step at which second differences stand out of the noise:
        qᵢ = (f(x+hvᵢ) − 2f(x) + f(x−hvᵢ))/h²,   E q = tr H/n,   E q² = (2 tr H² + (tr H)²)/(n(n+2))
        sᵢ = (f(x+hvᵢ) − f(x−hvᵢ))/(2h),         E s² = ‖∇f‖²/n
    which gives tr H = n·mean q, tr H² and ‖∇f‖ = √(n·mean s²); moments of the sphere: Muirhead 1982.

    Asks 2 values at x0, 4 where one failed, or 16 where they differ, which are the noise; else 9 to 54 for the noise
    along a line (`ecnoise.measure`); then 3 or 6 for h, and 2 for each direction. The noise and one curvature are also
    what `zobench.probing` measures, of a run that is to begin; here they come with intervals, for a reader.
    Raises ValueError where f(x0) is not finite.
    """
    rng, n = np.random.default_rng(seed), x0.size
    asked, seconds = 0, []

    def ask(x: np.ndarray) -> float:
        nonlocal asked
        asked += 1
        start = time.perf_counter()
        value = float(f(x))
        seconds.append(time.perf_counter() - start)
        return value

    at_x0 = _finite(ask(x0) for _ in range(2))
    if at_x0.size < 2:  # a call that failed
        at_x0 = np.array([*at_x0, *_finite(ask(x0) for _ in range(2))])
    if at_x0.size < 2:
        raise ValueError("f(x0) is no finite number: give an x0 at which it is one")
    repeats = bool((at_x0 == at_x0[0]).all())
    if not repeats:
        at_x0 = np.array([*at_x0, *_finite(ask(x0) for _ in range(REPEATED - at_x0.size))])
    here = float(np.mean(at_x0))
    scale = max(1.0, float(np.linalg.norm(x0)) / np.sqrt(n))  # a step that x + h can show
    v, noise = _sphere(rng, n), float(np.std(at_x0, ddof=1))
    if repeats:
        noise = ecnoise.measure(ask, x0, scale * v).level
        noise = noise if noise > 0 else FINEST * max(abs(here), 1e-300)
    noise_here = noise / np.sqrt(at_x0.size if not repeats else 1)
    h = _step(ask, x0, v, noise, scale)
    bends, slopes = np.full(directions, nan), np.full(directions, nan)
    for i in range(directions):
        step = h * _sphere(rng, n)
        ahead, behind = ask(x0 + step), ask(x0 - step)
        bends[i], slopes[i] = (ahead - 2 * here + behind) / h**2, (ahead - behind) / (2 * h)
    return Facts(
        n=n,
        value=here,
        repeats=repeats,
        noise=noise,
        eps=h,
        slope=_estimate(lambda s: np.sqrt(n * np.mean(s**2, axis=-1)), slopes, rng),
        trace=_estimate(lambda q: n * np.mean(q, axis=-1), bends, rng, 2 * n * noise_here / h**2),
        rank=_rank(bends, n, np.sqrt(2) * noise / h**2, rng),
        seconds=float(np.median(seconds)),
        calls=asked,
    )


def _step(ask: Function, x0: np.ndarray, v: np.ndarray, noise: float, scale: float) -> float:
    """h = (σ/μ)^¼ of Moré & Wild (2012), from the curvature along one direction; of a flat one σ^¼."""
    curvature = ecnoise.curvature(ask, x0, scale * v, noise) / scale**2
    h = (noise / curvature) ** 0.25 if isfinite(curvature) and curvature > 0 else scale * noise**0.25
    return float(np.clip(h, 1e-8 * scale, scale))


def _finite(values: Iterable[float]) -> np.ndarray:
    return np.array([value for value in values if isfinite(value)])


def _sphere(rng: np.random.Generator, n: int) -> np.ndarray:
    v = rng.standard_normal(n)
    return v / np.linalg.norm(v)


def _rank(bends: np.ndarray, n: int, noise: float, rng: np.random.Generator) -> Estimate:
    """(tr H)²/tr H² from the spread of curvatures, without that of noise: c² = var q/(E q)² = 2(n/rank − 1)/(n + 2).

    The interval takes q for a gamma variable of that mean and spread (Welch 1938, Satterthwaite 1946): it has the ranks
    under which so few directions give the spread that was found, neither more nor less but in 2.5 % of samples each.
    """
    q = bends[np.isfinite(bends)]
    if q.size < 2 or n == 1:
        return Estimate(1.0, 1.0, float(n))

    def spread(q: np.ndarray, noise: float = 0.0) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.maximum(np.var(q, axis=-1, ddof=1) - noise**2, 0) / np.mean(q, axis=-1) ** 2

    ranks = np.geomspace(1, n, 64)
    least = 2 * (n / ranks - 1) / (n + 2)
    shape = 1 / np.maximum(least, 1e-12)
    drawn = rng.standard_gamma(shape[:, None, None], size=(ranks.size, RESAMPLES, q.size)) / shape[:, None, None]
    low, high = np.quantile(spread(drawn), [0.025, 0.975], axis=1)
    found = spread(q, noise)
    decides = noise**2 > np.var(q) / 4 and found < spread(q)
    if decides or noise > 0.1 * abs(np.mean(q)):  # what is seen is the noise's, for all we know
        return Estimate(nan, 1.0, float(n))
    inside = ranks[(low <= found) & (found <= high)]
    value = float(np.clip(n / (1 + found * (n + 2) / 2), 1, n))
    return Estimate(value, *((float(inside[0]), float(inside[-1])) if inside.size else (1.0, float(n))))


def _estimate(
    statistic: Callable[[np.ndarray], np.ndarray], sample: np.ndarray, rng: np.random.Generator, shared: float = 0.0
) -> Estimate:
    """A statistic of the finite ones of a sample, with its bootstrap interval; `shared`: an error that all have."""
    sample = sample[np.isfinite(sample)]
    if sample.size < 2:
        return Estimate(nan, -inf, inf)
    drawn = statistic(sample[rng.integers(sample.size, size=(RESAMPLES, sample.size))])
    low, high = np.quantile(drawn + shared * rng.standard_normal(RESAMPLES), [0.025, 0.975])
    return Estimate(float(statistic(sample)), float(low), float(high))
