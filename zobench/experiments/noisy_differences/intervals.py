"""Errors of a difference quotient at the interval that bisection finds, over the least error of any interval.

f along a line through x0, with normal noise of known size in each value. The expected square of the error of a quotient
with the interval h is exact: (quotient of f itself − f′)², by automatic differentiation, and the noise, 2σ²/h² of a
forward quotient, σ²/(2h²) of a central one. The least is that over a fine grid of h.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.ecnoise import curvature, forward_eps
from zobench.noise_aware import interval
from zobench.types import Problem

QUOTIENTS = ("forward", "central")
GRID = np.geomspace(1e-13, 1e4, 818)  # 48 a decade
WAYS = ("bisection, forward", "bisection, central", "second difference, forward")


class Asked:
    """f along a line with noise, and how often it was asked: the object with a memory that `interval` calls."""

    def __init__(self, f: Callable[[float], float], sigma: float, seed: int):
        self.f, self.sigma, self.rng, self.count = f, sigma, np.random.default_rng(seed), 0

    def __call__(self, t: float) -> float:
        """f(t) + σξ."""
        self.count += 1
        return self.f(t) + self.sigma * float(self.rng.standard_normal())


def measured(problem: Problem, levels: list[float], lines: int, seed: int) -> dict[str, np.ndarray]:
    """Of each way: the error at its h over the least, and values asked for it, [levels, lines] each; inf: no h found.

    `levels` are σ over f(x0), or over 1 where that is less.
    """
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((lines, problem.n))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    x0, value = jnp.asarray(problem.x0, jnp.float64), jax.jit(problem.f)
    size = max(1.0, abs(float(value(x0))))
    found = {f"{way}/{of}": np.zeros((len(levels), lines)) for way in WAYS for of in ("error", "asked")}
    for j, u in enumerate(v):
        along = jax.jit(lambda t, u=u: problem.f(x0 + t * jnp.asarray(u)))
        slope = float(jax.grad(along)(0.0))
        many = np.asarray(jax.vmap(along)(jnp.asarray(np.concatenate([GRID, -GRID, [0.0]]))))
        for i, level in enumerate(levels):
            sigma = level * size
            for way in WAYS:
                asked = Asked(lambda t, along=along: float(along(t)), sigma, seed + 97 * j + i)
                h, quotient = _found(way, asked, sigma)
                least = float(np.sqrt(np.nanmin(_squares(many, slope, sigma, quotient))))
                found[f"{way}/error"][i, j] = _error(along, slope, sigma, quotient, h) / least
                found[f"{way}/asked"][i, j] = asked.count
    return found


def _found(way: str, asked: Asked, sigma: float) -> tuple[float, Any]:
    quotient = way.rpartition(" ")[2]
    if way.startswith("bisection"):
        return interval(asked, sigma, quotient), quotient  # type: ignore[arg-type]
    bend = curvature(lambda x: asked(float(x[0])), np.zeros(1), np.ones(1), sigma)
    return (forward_eps(sigma, bend) if bend > 0 else np.nan), quotient


def _squares(many: np.ndarray, slope: float, sigma: float, quotient: str) -> np.ndarray:
    """Expected squares of the error over the grid; nan where f is no number."""
    ahead, behind, here = many[: GRID.size], many[GRID.size : -1], many[-1]
    with np.errstate(all="ignore"):
        if quotient == "forward":
            return ((ahead - here) / GRID - slope) ** 2 + 2 * sigma**2 / GRID**2
        return ((ahead - behind) / (2 * GRID) - slope) ** 2 + sigma**2 / (2 * GRID**2)


def _error(along: Callable, slope: float, sigma: float, quotient: str, h: float) -> float:
    """The root of the same at one h; inf where there is none."""
    if not (np.isfinite(h) and h > 0):
        return np.inf
    if quotient == "forward":
        off, noise = (float(along(h)) - float(along(0.0))) / h - slope, 2**0.5 * sigma / h
    else:
        off, noise = (float(along(h)) - float(along(-h))) / (2 * h) - slope, sigma / (2**0.5 * h)
    found = float(np.hypot(off, noise))  # h may be 1e200, where squares are no numbers
    return found if np.isfinite(found) else np.inf
