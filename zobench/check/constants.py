"""A problem's constants against its Hessians: L, mu, tr ∇²f and modes; and where all constants are looked at.

Where they have to hold is sampled: x0, x* (or the lowest point that L-BFGS finds), between them, and around both as far
as f ≤ f(x0). A sample can refute a constant; it cannot prove it.
"""

from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

import jax
import numpy as np
from scipy.optimize import minimize

from zobench.check.verdict import Found, said
from zobench.derivatives.spectrum import hutchinson, lanczos
from zobench.types import Problem

DENSE = 300  # up to here whole Hessians, beyond it Lanczos
LANCZOS_STEPS = 60
CLOSE = 1e-9
FAR, FAR_BELOW = 2.0, 10.0  # times what is found: a constant that bounds, but that somebody should look at


class Sample(NamedTuple):
    """Points [m, n], what they are, f there; the lowest value seen; f's rounding at x0; what f raised on the way."""

    f: Callable
    slope: Callable | None
    points: np.ndarray
    where: list[str]
    values: np.ndarray
    lowest: float
    noise: float
    raised: list[str]


class Spectra(NamedTuple):
    """Ends and trace of each Hessian that is finite, [m]; standard errors of the traces; whole Hessians if n ≤ 300."""

    largest: np.ndarray
    smallest: np.ndarray
    trace: np.ndarray
    error: np.ndarray
    where: list[str]
    hessians: np.ndarray | None


def sample(problem: Problem, f: Callable, slope: Callable | None) -> Sample:
    """Where constants are held against f: x0, an end, points between and around. No descent without a slope."""
    raised: list[str] = []

    def value(x: np.ndarray) -> float:
        try:
            return float(f(x))
        except Exception as error:
            raised.append(said(error))
            return np.nan

    random, x0 = np.random.default_rng(2), np.asarray(problem.x0, float)
    descended = x0
    if slope is not None:
        result = minimize(value, x0, jac=slope, method="L-BFGS-B", options={"maxiter": 100})
        descended = result.x if np.isfinite(result.x).all() else x0
    end = descended if problem.x_star is None else np.asarray(problem.x_star, float)
    if end.shape != x0.shape:
        end = descended
    width = np.abs(x0 - end) if np.any(x0 != end) else np.ones(x0.size)
    even = np.full(x0.size, np.linalg.norm(width) / x0.size**0.5)
    count = 4 if x0.size <= DENSE else 1
    points = [(x0, "x0"), (end, "the lowest point found" if end is descended else "x*")]
    points += [(x0 + t * (end - x0), "a point between") for t in random.random(count)]
    for centre, name in ((end, points[1][1]), (x0, "x0")):
        for reach in (width, even) if count > 1 else (even,):
            around = [_inside(value, centre, reach * random.uniform(-1, 1, x0.size), x0) for _ in range(count)]
            points += [(x, f"a point {np.linalg.norm(x - centre):.2g} from {name} with f ≤ f(x0)") for x in around]
    values, where = np.array([value(x) for x, _ in points]), [name for _, name in points]
    lowest = float(np.nanmin([*values, value(descended)])) + 0.0  # no -0
    return Sample(value, slope, np.array([x for x, _ in points]), where, values, lowest, rounding(value, x0), raised)


def rounding(f: Callable, x: np.ndarray) -> float:
    """Standard deviation of f's rounding near x: third differences of points so close that f is a line."""
    scale = float(np.linalg.norm(x)) or 1.0
    v = np.random.default_rng(5).standard_normal(x.size) / x.size**0.5
    values = np.array([float(f(x + j * 1e-11 * scale * v)) for j in range(8)])
    measured = float(np.std(np.diff(values, 3))) / 20**0.5
    return max(measured if isfinite(measured) else 0.0, float(np.finfo(float).eps * abs(values[0])), 1e-300)


def on_the_way(problem: Problem, sample: Sample) -> Sample:
    """For constants that are local: iterates 0, 1, 2, 4, ... 512 of gradient descent with the step 1/L, and the end."""
    x, points, where = sample.points[0], [], []
    for k in range(513):
        if k & (k - 1) == 0:
            points.append(x)
            where.append(f"iterate {k} of gradient descent with 1/L")
        x = x - np.asarray(sample.slope(x)) / problem.L  # type: ignore[misc]
    return sample._replace(points=np.array([*points, sample.points[1]]), where=[*where, sample.where[1]])


def _inside(f: Callable, centre: np.ndarray, move: np.ndarray, x0: np.ndarray) -> np.ndarray:
    """centre + move, halved until f ≤ f(x0): a descent asks nothing of L beyond. The centre if that does not help."""
    ceiling = f(x0)
    for _ in range(20):
        if f(centre + move) <= ceiling:
            return centre + move
        move = move / 2
    return centre


def spectra(f: Callable, sample: Sample) -> Spectra:
    """The Hessian at every point of the sample; without those that are not finite."""
    n = sample.points.shape[1]
    if n > DENSE:
        times = jax.jit(lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1])  # compiled once for all points
        largest, smallest, trace, error = np.array([_lanczos(times, x) for x in sample.points]).T
        return Spectra(largest, smallest, trace, error, sample.where, None)
    hessians = np.asarray(jax.jit(lambda points: jax.lax.map(jax.hessian(f), points))(sample.points))
    kept = [i for i, hessian in enumerate(hessians) if np.isfinite(hessian).all()]
    if not kept:
        raise FloatingPointError("no Hessian is finite")
    spectrum = np.linalg.eigvalsh(hessians[kept])
    exact = np.zeros(len(kept))
    where = [sample.where[i] for i in kept]
    return Spectra(spectrum[:, -1], spectrum[:, 0], spectrum.sum(axis=1), exact, where, hessians[kept])


def _lanczos(times: Callable, x: np.ndarray) -> tuple[float, float, float, float]:
    """Ritz values at both ends, which lie inside the spectrum; Hutchinson's trace and its standard error."""
    random, product = np.random.default_rng(3), lambda v: np.asarray(times(x, v))
    ritz = lanczos(product, x.size, LANCZOS_STEPS, random)
    trace = hutchinson(product, x.size, LANCZOS_STEPS, random)
    return float(ritz[0]), float(ritz[-1]), trace.value, trace.error


def _smoothness(problem: Problem, sample: Sample, spectra: Spectra) -> Found:
    i, holds = int(np.argmax(spectra.largest)), spectra.largest <= problem.L * (1 + CLOSE)
    top = spectra.largest[i]
    if not holds[i]:
        at = f"{spectra.where[i]}{_local(spectra, holds)}"
        return "fails", f"L = {problem.L:.6g}, but the Hessian has the eigenvalue {top:.6g} at {at}"
    lost = len(sample.where) - len(spectra.where)
    left = f" ({lost} of {len(sample.where)} Hessians are not finite)" if lost else ""
    found = f"L = {problem.L:.6g}, the largest eigenvalue found is {top:.6g}{left}"
    if problem.L > FAR * top > 0:
        return "hint", f"{found}: a step 1/L is {problem.L / top:.3g} times shorter than it could be"
    return "passes", found


def _local(spectra: Spectra, holds: np.ndarray) -> str:
    """Whether a constant that is too small is so only beside the way from x0 to the end."""
    on_the_way = np.array(["f ≤ f(x0)" not in where for where in spectra.where])
    return "; on the way from x0 it holds: a local constant?" if holds[on_the_way].all() else ""


def _convexity(problem: Problem, sample: Sample, spectra: Spectra) -> Found:
    i, size = int(np.argmin(spectra.smallest)), float(np.abs(spectra.largest).max())
    least = spectra.smallest[i]
    if not problem.mu <= least + CLOSE * size:
        return "fails", f"mu = {problem.mu:.6g}, but the Hessian has the eigenvalue {least:.6g} at {spectra.where[i]}"
    found = f"mu = {problem.mu:.6g}, the smallest eigenvalue found is {least:.6g}"
    if least > FAR_BELOW * problem.mu > 0:
        return "hint", f"{found}: the bound of linear convergence is as much too slow"
    return "passes", found


def _trace(problem: Problem, sample: Sample, spectra: Spectra) -> Found:
    declared, sure = problem.hessian_trace, spectra.trace - 4.5 * spectra.error
    i, holds = int(np.argmax(sure)), sure <= declared + CLOSE * abs(declared)
    trace, error = spectra.trace[i], spectra.error[i]
    found = f"{trace:.6g}" + (f" ± {error:.2g}" if error else "")
    if not holds[i]:
        at = f"{spectra.where[i]}{_local(spectra, holds)}"
        return "fails", f"hessian_trace = {declared:.6g}, but tr ∇²f = {found} at {at}"
    r = f", r = tr/L = {problem.effective_dim:.4g}" if np.isfinite(problem.L) else ""
    told = f"hessian_trace = {declared:.6g}, the largest found is {found}{r}"
    if declared > FAR * (trace + 4.5 * error) > 0:
        return "hint", f"{told}: a trace-aware step is shorter than it could be"
    return "passes", told


def _modes(problem: Problem, sample: Sample, spectra: Spectra) -> Found:
    """½ Σλe = f(x0) − f*, Σλ²e = ‖∇f(x0)‖², the eigenvalues, and a diagonal Hessian where `axes` says so."""
    eigenvalue, energy = (np.asarray(part, float) for part in problem.modes[:2])  # type: ignore[index]
    n, base = problem.x0.size, np.nan_to_num(problem.f_star)
    if eigenvalue.shape != (n,) or energy.shape != (n,):
        return "fails", f"eigenvalue {eigenvalue.shape} and energy {energy.shape}, n = {n}"
    g = np.asarray(sample.slope(sample.points[0]))  # type: ignore[misc]
    for formula, declared, meaning, found in (
        ("½ Σ λe", eigenvalue @ energy / 2, "f(x0) − f*", sample.values[0] - base),
        ("Σ λ²e", eigenvalue**2 @ energy, "‖∇f(x0)‖²", g @ g),
    ):
        if not np.isclose(declared, found, rtol=1e-8, atol=1e-12 * abs(sample.values[0])):
            return "fails", f"{formula} = {declared:.9g}, but {meaning} = {found:.9g}"
    if spectra.hessians is None:
        return "passes", f"f(x0) and ‖∇f(x0)‖² agree; n > {DENSE}: eigenvalues not compared"
    h, size = spectra.hessians[0], np.abs(eigenvalue).max()
    off = np.abs(np.sort(eigenvalue) - np.linalg.eigvalsh(h)).max()
    if off > CLOSE * size:
        return "fails", f"an eigenvalue differs from the Hessian's by {off:.3g}"
    if problem.modes.axes and np.abs(h - np.diag(np.diag(h))).max() > CLOSE * size:  # type: ignore[union-attr]
        return "fails", "axes=True, but the Hessian is not diagonal"
    return "passes", f"f(x0), ‖∇f(x0)‖² and {n} eigenvalues agree, to {off:.1g}"


OF_THE_HESSIAN = {"L": _smoothness, "mu": _convexity, "hessian_trace": _trace, "modes": _modes}
