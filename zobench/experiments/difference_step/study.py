"""How wrong a difference quotient is against its step ε: truncation, rounding and noise, and where the best step is.

One directional derivative along random unit directions, and the whole gradient by its axes, with the suite's own
quotients (differences.slope) at each ε of a grid, in double and single precision, with noise of several levels in the
values; against exact derivatives in double precision. Predicted: the step of least mean-square error, from the
derivatives along the directions and the noise that ECNoise finds in values alone (Moré & Wild 2011, 2012).
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import differences, directions, estimators, floors, sampling
from zobench.derivatives.counted import counted
from zobench.differences import Quotient
from zobench.ecnoise import measure
from zobench.experiments.difference_step.logistic import small_logistic
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.types import Key, Problem, oracle

DTYPES = ("float64", "float32")
QUOTIENTS: tuple[Quotient, ...] = ("forward", "central", "fourth", "complex")
SMALLEST = {"float64": -13.0, "float32": -7.0}  # powers of ten; the complex step goes on to 1e-30
# of the derivative that the truncation is of, of ε in it, its factor, and the variance of the noise over σ²/ε²
TERMS = {
    "forward": (2, 1, 1 / 2, 2.0),
    "central": (3, 2, 1 / 6, 0.5),
    "fourth": (5, 4, 1 / 30, 65 / 72),
    "complex": (3, 2, 1 / 6, nan),
}
TRIED = 9  # directions whose noise ECNoise measures
PROBES = 64  # seeds of a run down to its floor


class Curve(NamedTuple):
    """A quotient in one precision, with additive noise of one level."""

    quotient: Quotient
    dtype: str
    sigma: float

    @property
    def name(self) -> str:
        """As in the record's arrays."""
        return f"{self.quotient} {self.dtype} {self.sigma:g}"


def difference_step(
    problem: Problem,
    *,
    noise: Sequence[float],
    lines: int,
    per_decade: int,
    floor_eps: Sequence[float],
    seed: int,
    dtype: str,
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """A study of difference quotients at x0, along `lines` random directions and all axes.

    `noise`: standard deviations of additive noise in a value, 0 always among them. `floor_eps`: on a quadratic, the
    steps at which descent on ½‖x‖² is run down to its floor with forward quotients and the largest noise. Raises
    ValueError for numbers out of range, and for directions that do not fit the memory.
    """
    sampling.require_count("lines", lines, 4)
    sampling.require_count("per_decade", per_decade, 1)
    if dtype != "float64":
        raise ValueError(f"dtype={dtype}: errors of both precisions are measured in double precision; use float64")
    if any(not (np.isfinite(level) and level >= 0) for level in noise):
        raise ValueError(f"noise={list(noise)}: standard deviations, 0 or more")
    if floor_eps:
        sampling.require_positive("floor_eps", floor_eps)
    sampling.require_memory("lines", lines, 8 * (lines + problem.n) * problem.n * 31 * per_decade * 4)
    return partial(_measure, problem, sorted({0.0, *noise}), lines, per_decade, floor_eps, seed)


def _measure(problem, noise, lines, per_decade, floor_eps, seed) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    v = _directions(problem.n, lines, seed)
    arrays: dict[str, np.ndarray] = {}
    curves = []
    for dtype in DTYPES:
        exact = _derivatives(problem, jnp.asarray(problem.x0, dtype), v.astype(dtype))
        rounding = _rounding(problem, dtype, v)
        for curve in _curves(dtype, noise):
            eps = _grid(curve, per_decade)
            error = _errors(problem, curve, v.astype(dtype), eps, exact[0], seed)
            line, axes = np.sqrt((error[:, :lines] ** 2).mean(1)), np.sqrt((error[:, lines:] ** 2).sum(1))
            arrays |= {f"{curve.name}/eps": eps, f"{curve.name}/line": line, f"{curve.name}/gradient": axes}
            sigma = float(np.hypot(curve.sigma, rounding))
            told = {"sigma": sigma, "rounding": rounding, "line": _expected(curve.quotient, exact[:, :lines], sigma, 1)}
            told |= {"gradient": _expected(curve.quotient, exact[:, lines:], sigma, problem.n)}
            curves.append({"quotient": curve.quotient, "dtype": dtype, "sigma_given": curve.sigma, **told})
    exact = _derivatives(problem, problem.x0, v)
    scale = {
        "line": float(np.sqrt((exact[0, :lines] ** 2).mean())),
        "gradient": float(np.linalg.norm(exact[0, lines:])),
    }
    calls = {quotient: estimators.finite_difference(quotient).calls(problem.n).value for quotient in QUOTIENTS}
    meta = {"n": problem.n, "lines": lines, "scale": scale, "M": float(np.abs(exact[2, lines:]).max()), "noise": noise}
    meta |= {"curves": curves, "calls": calls, "forward_mode": _forward_mode(problem, v[:lines], exact[0, :lines])}
    if problem.modes is None:
        return arrays, meta | {"logistic": small_logistic(2 * differences.best_eps("central", "float32"))}
    return arrays, meta | {"floors": _floors(problem.n, floor_eps, noise[-1], seed)}


def _directions(n: int, lines: int, seed: int) -> jax.Array:
    """Random unit directions, then all axes, [lines + n, n]."""
    steps = jnp.arange(lines, dtype=jnp.uint32)
    drawn = jax.vmap(lambda step: directions.gaussian(Key(jnp.uint32(seed), step), n).astype(jnp.float64))(steps)
    unit = drawn / jnp.linalg.norm(drawn, axis=1, keepdims=True)
    return jnp.concatenate([unit, jnp.eye(n, dtype=jnp.float64)])


def _curves(dtype: str, noise: Sequence[float]) -> list[Curve]:
    real = [Curve(quotient, dtype, level) for quotient in QUOTIENTS[:3] for level in noise]
    return [*real, Curve("complex", dtype, 0)]


def _grid(curve: Curve, per_decade: int) -> np.ndarray:
    low = -30.0 if curve.quotient == "complex" else SMALLEST[curve.dtype]
    return np.logspace(low, 0, round(-low * per_decade) + 1)


def _derivatives(problem: Problem, x, v) -> np.ndarray:
    """Derivatives of t ↦ f(x + tv) at 0, of order 1 to 5, [5, directions], in double precision."""
    x, v = x.astype(jnp.float64), v.astype(jnp.float64)

    def along(direction):
        g, found = jax.grad(lambda t: problem.f(x + t * direction)), []
        for _ in range(5):
            found.append(g(0.0))
            g = partial(lambda g, t: jax.jvp(g, (t,), (1.0,))[1], g)
        return jnp.stack(found)

    return np.asarray(jax.jit(jax.vmap(along))(v)).T


def _rounding(problem: Problem, dtype: str, v) -> float:
    """The noise that ECNoise finds in values of this precision: the median over directions; the model where none is.

    u|f|/√12, u the machine epsilon, is the model. Points are a few hundred roundings of x apart.
    """
    value, x, u = jax.jit(problem.f), np.asarray(problem.x0, np.float64), float(jnp.finfo(dtype).eps)
    rounded = lambda y: float(value(jnp.asarray(y, dtype)))  # noqa: E731
    found = np.array([measure(rounded, x, np.asarray(one), spacing=1e3 * u).level for one in v[:TRIED]])
    levels = found[np.isfinite(found)]
    return float(np.median(levels)) if levels.size else u * abs(float(problem.f(problem.x0))) / 12**0.5


def _errors(problem: Problem, curve: Curve, v, eps: np.ndarray, exact: np.ndarray, seed: int) -> np.ndarray:
    """Quotient − derivative, [steps, directions], each with noise of its own."""
    x = jnp.asarray(problem.x0, curve.dtype)
    asked = noisy(problem, curve.sigma) if curve.sigma else problem

    def one(h, j, direction):
        ask = oracle(asked, Key(jnp.uint32(seed), j))._replace(pair=None)  # f as a black box gives it, rounding and all
        if curve.quotient == "complex":  # as estimators.finite_difference, along any direction
            z = x.astype(jnp.result_type(x.dtype, jnp.complex64))
            return jnp.imag(ask.value(z + 1j * h * direction)) / h
        return differences.slopes(ask, x, direction[None], curve.quotient, h)[0]

    steps = jnp.arange(v.shape[0], dtype=jnp.uint32)
    many = jax.jit(jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, None)))
    return np.asarray(many(jnp.asarray(eps, curve.dtype), steps, v), np.float64) - exact


def _expected(quotient: Quotient, exact: np.ndarray, sigma: float, count: int) -> dict[str, float]:
    """Truncation c εᵖ and noise d/ε of the root-mean-square error (summed over `count` axes), best ε and error there.

    MSE = ¼m₂²ε² + 2σ²/ε² (forward), m₃²ε⁴/36 + σ²/(2ε²) (central), m₅²ε⁸/900 + (65/72)σ²/ε² (fourth order): least at
    ε^(2p+2) = d²/(p c²). A complex step has the truncation m₃ε²/6 and no noise of a difference.
    """
    order, power, share, scatter = TERMS[quotient]
    c = share * float(np.sqrt((exact[order - 1] ** 2).mean() * count))
    d = sigma * float(np.sqrt(scatter * count))
    best = (d**2 / (power * c**2)) ** (1 / (2 * power + 2)) if c > 0 else nan
    return {"c": c, "power": power, "d": d, "eps": best, "error": float(np.hypot(c * best**power, d / best))}


def _forward_mode(problem: Problem, v, exact: np.ndarray) -> dict[str, float]:
    """Forward mode along the same lines: error in single precision and in double, and its work over that of f."""
    found = {}
    for dtype in DTYPES:
        x, lines = jnp.asarray(problem.x0, dtype), v.astype(dtype)
        slope = jax.jit(jax.vmap(lambda u, x=x: jax.jvp(problem.f, (x,), (u,))[1]))(lines)
        truth = exact if dtype == "float64" else _derivatives(problem, x, lines)[0]
        found[dtype] = float(np.sqrt(((np.asarray(slope, np.float64) - truth) ** 2).mean()))
    work = [counted(problem.f, problem.x0), counted(lambda x, u: jax.jvp(problem.f, (x,), (u,)), problem.x0, v[0])]
    return {**found, "flops": work[1].operations / work[0].operations}


def _floors(n: int, eps: Sequence[float], sigma: float, seed: int) -> list[dict[str, Any]]:
    """Floors of descent on ½‖x‖² with forward quotients and noise, α = 1/(nL), against nσ²/(Lε²) + nLε²/8."""
    problem = quadratic(n, spectrum="isotropic")
    found = []
    for step in eps:
        estimator = estimators.two_point(quotient="forward", eps=step)
        program = floors.compiled(noisy(problem, sigma), estimator)
        (run,) = floors.descend(program, [1 / n], PROBES, seed, floors.FLIGHT * n)
        exact = n * sigma**2 / step**2 + n * step**2 / 8
        found.append({"eps": step, "floor": list(run.floor(floors.BURN * n)), "exact": exact})
    return found
