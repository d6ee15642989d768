"""A problem's f near x0, f*, x* and noisy values F against what f gives."""

from math import isfinite

import jax
import jax.numpy as jnp
import numpy as np

from zobench.check.constants import CLOSE, Sample
from zobench.check.verdict import Found, judged
from zobench.types import Key, Problem

NEAR = 1e-2  # of f(x0) − f*, left where a descent ends


def nearby(problem: Problem, sample: Sample) -> Found:
    """Whether f can be asked where a method may go: on the way of a step 1/L it must, elsewhere it is told."""
    if sample.raised:
        return "fails", f"f {sample.raised[0]} ({len(sample.raised)} times, at points near x0)"
    finite = int(np.isfinite(sample.values).sum())
    found = f"f is finite at {finite} of {len(sample.values)} points, {sample.lowest:.6g} the lowest"
    if sample.slope and isfinite(problem.L):
        step = np.asarray(sample.slope(sample.points[0])) / problem.L
        way = [t for t in (0.25, 0.5, 1.0) if not np.isfinite(sample.f(sample.points[0] - t * step))]
        if way:
            return "fails", f"f is not finite at x0 − {way[0]:g} ∇f/L, on the way of the first step"
    if finite < len(sample.values):
        return "hint", f"{found}: a method may leave where f is defined"
    return "passes", found


def _minimum(problem: Problem, sample: Sample) -> Found:
    """f* is not above any value seen; how far below, no check can judge."""
    slack = CLOSE * abs(problem.f_star) + 1e-12 * abs(sample.values[0] - problem.f_star) + 10 * sample.noise
    seen = "L-BFGS" if sample.slope else "a few points"
    good = problem.f_star <= sample.lowest + slack
    found = f"f* = {problem.f_star:.9g}, the lowest value found ({seen}) is {sample.lowest:.9g}"
    left = (sample.lowest - problem.f_star) / max(sample.values[0] - problem.f_star, 1e-300)
    if good and sample.slope and problem.x_star is None and left > NEAR:
        return "hint", f"{found}: {100 * left:.2g} % of the way from x0 is left; a local minimum, or f* is too low"
    return judged(good, found)


def _minimiser(problem: Problem, sample: Sample) -> Found:
    x = np.asarray(problem.x_star, float)
    if x.shape != sample.points[0].shape:
        return "fails", f"x* has shape {x.shape}, x0 has {sample.points[0].shape}"
    value, least = float(sample.f(x)) + 0.0, sample.lowest if np.isnan(problem.f_star) else problem.f_star
    slack = CLOSE * np.nanmax(np.abs(sample.values - least)) + 1e-12 * abs(least) + 10 * sample.noise
    if not abs(value - least) <= slack:
        against = "the lowest value found" if np.isnan(problem.f_star) else "f*"
        return "fails", f"f(x*) = {value:.9g}, but {against} is {least:.9g}"
    if sample.slope is None:
        return "passes", f"f(x*) = {value:.6g}"
    slopes = [float(np.linalg.norm(sample.slope(point))) for point in sample.points]
    here = float(np.linalg.norm(sample.slope(x)))
    good = here <= 1e-6 * np.nanmax(slopes)
    return judged(bool(good), f"f(x*) = {value:.6g}; ‖∇f‖ = {here:.3g} at x*, {slopes[0]:.3g} at x0")


def _noisy(problem: Problem, sample: Sample) -> Found:
    """One scalar of x's dtype, the same for the same key; how far its mean is from f is told, not judged."""
    noisy, x = problem.F, jnp.asarray(problem.x0, jnp.float64)
    ask = jax.jit(lambda step, call: noisy(x, Key(jnp.uint32(1), step, call)))  # type: ignore[misc]
    first, again, other = (np.asarray(ask(jnp.uint32(0), jnp.uint32(call))) for call in (0, 0, 1))
    if first.shape != () or first.dtype != x.dtype:
        return "fails", f"F(x0, key) has shape {first.shape} and dtype {first.dtype}, a float64 scalar is meant"
    if first.tobytes() != again.tobytes():
        return "fails", f"F(x0, key) = {first}, then {again} for the same key"
    steps = jnp.arange(1000, dtype=jnp.uint32)
    values = np.asarray(jax.jit(jax.vmap(lambda step: ask(step, jnp.uint32(0))))(steps))
    spread, bias = values.std(ddof=1), values.mean() - sample.values[0]
    errors = f", {abs(bias) / (spread / len(values) ** 0.5):.1f} standard errors" if spread else ""
    calls = "differs" if first != other else "does not differ"
    told = f"1000 draws: mean F − f = {bias:.3g}{errors}, deviation {spread:.3g}"
    return "passes", f"{told}; {calls} between calls of a step"


OF_VALUES = {"f_star": _minimum, "x_star": _minimiser, "F": _noisy}
