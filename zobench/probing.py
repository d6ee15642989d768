"""What a few values at x0 say of a function: its noise, its slope and curvature, and the steps that follow."""

from collections.abc import Callable
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.ecnoise import ecnoise, forward_eps
from zobench.programs import compiled
from zobench.types import Key, Moment, Problem, oracle

Ask = Callable[[np.ndarray], np.ndarray]  # points [m, n] to values [m]; nan where there is none

POINTS = 7  # of a noise
SPACINGS = 3  # tried for it, at most
DIRECTIONS = 8
PROBES = 2**31  # number of the first call: none that a step makes
SAFE = 0.5
CLEAR = 100.0  # times the noise: a second difference that stands out of it
QUOTIENTS = ("central", "forward", "fourth", "second")


class Scale(NamedTuple):
    """Of f at x0: σ of its noise; rms slope D and mean curvature c along random unit directions; a bound of curvature.

    `trace` is n·c, an estimate of tr ∇²f, and `largest` one of the largest eigenvalue. nan: not measured, or not found.
    `step` is the step size that the run takes, `size` max(1, ‖x‖).
    """

    noise: float = nan
    slope: float = nan
    curvature: float = nan
    trace: float = nan
    largest: float = nan
    step: float = nan
    size: float = nan
    n: int = 1


def measure(
    ask: Ask, x: np.ndarray, here: float, rng: np.random.Generator, whole: bool, room: np.ndarray | float = inf
) -> Scale:
    """The noise of f at x (ECNoise), and slope and curvature along one random direction, or along eight (`whole`).

    The noise of 7 values along a direction, √u max(1, ‖x‖) apart, of up to three spacings. The curvature along v is
    (f(x+hv) − 2f(x) + f(x−hv))/h², with the first h = 10⁻³ max(1, ‖x‖), 10⁻², 10⁻¹, 1 at which the second difference is
    100 times the noise. Directions leave out coordinates with less `room` [n] than that to a bound. Asks 8 values or
    more, 24 or more for the whole. Deterministic by `rng`.
    """
    size = max(1.0, float(np.linalg.norm(x)))
    noise = _noise(ask, x, here, _within(_unit(rng, 1, x), room, 1e-3 * size)[0], size)
    floor = max(0.0 if isnan(noise) else noise, float(np.finfo(x.dtype).eps) * abs(here))
    drawn = v = _unit(rng, DIRECTIONS if whole else 1, x)
    h, slopes, second = 1e-3 * size, np.empty(0), np.empty(0)
    for h in size * np.array([1e-3, 1e-2, 1e-1, 1.0]):
        v = _within(drawn, room, h)
        slopes, second = _differences(ask, x, here, v[:1], h)
        if abs(second[0]) * h**2 >= CLEAR * floor:
            break
    if not isfinite(second[0]):
        return Scale(noise=noise, size=size)
    if whole:
        more = _differences(ask, x, here, v[1:], h)
        slopes, second = np.concatenate([slopes, more[0]]), np.concatenate([second, more[1]])
        good = np.isfinite(slopes) & np.isfinite(second)
        v, slopes, second = v[good], slopes[good], second[good]
        steepest = slopes @ v
        along = _differences(ask, x, here, (steepest / max(np.linalg.norm(steepest), 1e-300))[None], h)[1]
    else:
        along = second
    return _scale(noise, slopes, second, along[np.isfinite(along)], x.size)._replace(size=size, n=x.size)


def probe(problem: Problem, scaled: Callable[[Scale], float], seed: int) -> tuple[float, int]:
    """The step that values at x0 decide, and how many there were: of what methods may ask, F where there is one.

    Raises ValueError where no slope and no curvature stand out of the noise.
    """
    x0, asked = np.asarray(problem.x0), [0]
    ask = jax.vmap(lambda x, call: oracle(problem, Key(jnp.uint32(seed), jnp.uint32(0), call)).value(x, call))
    asks: dict[int, Callable] = {}

    def values(points: np.ndarray) -> np.ndarray:
        numbers = asked[0] + np.arange(len(points), dtype=np.uint32) + PROBES
        asked[0] += len(points)
        given, many = jnp.asarray(points), len(points)
        asks[many] = asks.get(many) or compiled(ask, given, numbers)
        return np.asarray(asks[many](given, numbers), float)

    here = float(values(x0[None])[0])
    scale = measure(values, x0, here, np.random.default_rng([seed, 1]), True)
    return require_step(scaled(scale)), asked[0]


def require_step(step: float) -> float:
    """Refuse a step that could not be found: ValueError."""
    if not (isfinite(step) and step > 0):
        raise ValueError("step=probe: no slope and no curvature stand out of the noise at x0; use step=<number>")
    return step


def _scale(noise: float, slopes: np.ndarray, second: np.ndarray, along: np.ndarray, n: int) -> Scale:
    """tr ∇²f ≈ n·mean(c), and from the scatter of c on the sphere tr (∇²f)² ≥ λ²; λ is between c and that."""
    mean = float(second.mean()) if second.mean() > 0 else float(np.abs(second).mean())
    trace = n * mean
    variance = float(second.var(ddof=1)) if second.size > 1 else 0.0
    squares = (variance * n**2 * (n + 2) / 2 + trace**2) / n
    least = max(float(np.abs(second).max()), float(np.abs(along).max(initial=0.0)))
    largest = min(max(least, squares**0.5), max(trace, least))
    return Scale(noise, float(np.sqrt(np.mean(slopes**2))), mean, trace, largest)


def _noise(ask: Ask, x: np.ndarray, here: float, v: np.ndarray, size: float) -> float:
    """ECNoise at up to three spacings; where values differ too much at every one, their standard deviation."""
    spacing, values = float(np.finfo(x.dtype).eps) ** 0.5 * size, np.empty(0)
    offsets = np.array([i for i in range(-(POINTS // 2), POINTS // 2 + 1) if i])
    advice = ""
    for _ in range(SPACINGS):
        around = ask((x + spacing * offsets[:, None] * v).astype(x.dtype))
        values = np.insert(around, POINTS // 2, here)
        if not np.isfinite(values).all():
            return nan
        level, advice = ecnoise(values)
        if not advice:
            return level
        spacing *= 100 if "further" in advice else 0.01
    return nan if "further" in advice else float(np.std(values, ddof=1))


def _differences(ask: Ask, x: np.ndarray, here: float, v: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    """The slopes and second differences along the rows of v [m, n], 2m values asked at once."""
    values = ask(np.concatenate([x + h * v, x - h * v]).astype(x.dtype))
    ahead, behind = values[: len(v)], values[len(v) :]
    return (ahead - behind) / (2 * h), (ahead - 2 * here + behind) / h**2


def _unit(rng: np.random.Generator, count: int, x: np.ndarray) -> np.ndarray:
    """Directions, uniform on the sphere, [count, n]."""
    v = rng.standard_normal((count, x.size))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def _within(v: np.ndarray, room: np.ndarray | float, h: float) -> np.ndarray:
    """Directions [m, n] along which h leads to no bound; as they are where there are none."""
    free = np.where(np.broadcast_to(room, v.shape) >= h, v, 0.0)
    length = np.linalg.norm(free, axis=1, keepdims=True)
    return np.where(length > 0, free / np.maximum(length, 1e-300), v)


def descent_step(scale: Scale, moment: Moment | None) -> float:
    """α = ½/(A tr + (C+D)λ), half of the step of least expected value where E GGᵀ = A‖g‖²I + Cggᵀ + D diag(gᵢ²).

    Half, as the curvature along eight directions may be half of the largest, and a step twice too long diverges.
    `moment=None`: that of Gaussian directions, A = 1 and C = 2. Where no curvature was found, a step that moves x by a
    hundredth of max(1, ‖x‖), as G is about n|D| long. nan where there is no slope either.
    """
    a, c = (1.0, 2.0) if moment is None else (moment.A, moment.C + moment.D)
    if scale.trace > 0:
        return SAFE / (a * scale.trace + c * scale.largest)
    return 0.01 * scale.size / (scale.slope * scale.n) if scale.slope > 0 else nan


def length(scale: Scale) -> float:
    """|D|/c: how far the vertex of f's parabola is along a random direction."""
    return scale.slope / scale.curvature if scale.curvature > 0 else nan


def steps(scale: Scale) -> list[float]:
    """The difference steps for the noise σ, in the order of QUOTIENTS; nan where it is not known.

    forward 8^¼ √(σ/μ), μ = c (Moré & Wild 2012); central (3σ/μ₃)^⅓ and fourth (203σ²/μ₅²)^⅒, the higher derivatives
    taken as if f changed its curvature over the way |D|/μ to the vertex: μ₃ = μ²/|D|, μ₅ = μ⁴/|D|³, and no less than
    the forward one; the second difference 10 √(σ/μ), 100 times the noise.
    """
    sigma, mu, slope = scale.noise, abs(scale.curvature), scale.slope
    if not (sigma > 0 and mu > 0 and slope > 0 and isfinite(sigma + mu + slope)):
        return [nan] * len(QUOTIENTS)
    forward = forward_eps(sigma, mu)
    central = max(forward, (3 * sigma * slope / mu**2) ** (1 / 3))
    fourth = max(central, (203 * (sigma * slope**3 / mu**4) ** 2) ** 0.1)
    return [central, forward, fourth, 10 * (sigma / mu) ** 0.5]
