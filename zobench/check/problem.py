"""A problem against its promises: what f gives, under jit and vmap too, its gradient, and what it declares.

All in float64, but for the row `float32`.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.analytic import require_analytic
from zobench.check import constants, values
from zobench.check.constants import CLOSE
from zobench.check.verdict import Found, Verdict, attempt, judged, rest, said
from zobench.differences import COMPLEX_EPS
from zobench.trees import flat, flattened, is_flat
from zobench.types import Problem


def check_problem(problem: Problem) -> list[Verdict]:
    """A verdict for each property of a problem: see docs/extending.md. Never raises for what the problem does."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        found = [attempt("x0", _start, problem.x0)]
        checks = {"value": _value, "deterministic": _deterministic, "jit": _jit, "vmap": _vmap}
        if found[0].verdict == "passes":
            problem = flat(problem)
        if problem.host and not problem.host.same:
            checks["deterministic"] = _asked_twice
        for name, check in checks.items():
            if found[-1].verdict not in ("fails", "skipped"):
                found.append(attempt(name, check, problem.f, jnp.asarray(problem.x0, jnp.float64)))
        if found[-1].verdict == "skipped":
            return found
        return [*found, *([rest(found[-1].property)] if found[-1].verdict == "fails" else _deeper(problem))]


def _deeper(problem: Problem) -> list[Verdict]:
    """What needs a usable f: the gradient, then the constants; the Hessian's only where the gradient is right."""
    f, x0 = jax.jit(problem.f), np.asarray(problem.x0, float)
    slope = jax.jit(jax.grad(problem.f)) if problem.differentiable else None
    gradient = Verdict("gradient", "skipped", "differentiable=False: no derivatives to compare with")
    if slope:
        gradient = attempt("gradient", _gradient, f, slope, x0)
    trusted = gradient.verdict == "passes"
    reason = gradient.detail if gradient.verdict == "skipped" else "needs a right gradient"
    sample = constants.sample(problem, f, slope if trusted else None)
    held, spectra = sample, None
    if trusted and any(_is_declared(problem, name) for name in constants.OF_THE_HESSIAN):
        try:
            held = constants.on_the_way(problem, sample) if problem.local else sample
            spectra = constants.spectra(problem.f, held)
        except Exception as error:
            reason = f"second derivatives: {said(error)}"
    found = [attempt("nearby", values.nearby, problem, sample), gradient]
    for name, missing in _MISSING.items():
        if not _is_declared(problem, name):
            found.append(Verdict(name, "not declared", missing))
        elif name in values.OF_VALUES:
            found.append(attempt(name, values.OF_VALUES[name], problem, sample))
        elif spectra is None:
            found.append(Verdict(name, "skipped", reason))
        else:
            found.append(attempt(name, constants.OF_THE_HESSIAN[name], problem, held, spectra))
    complex_step = Verdict("complex step", "skipped", reason)
    if trusted and slope:
        complex_step = attempt("complex step", _complex_step, problem.f, slope, x0)
    return [*found, attempt("float32", _single, problem, sample), complex_step]


def _is_declared(problem: Problem, name: str) -> bool:
    value = getattr(problem, name)
    return value is not None and (name in ("x_star", "modes", "F") or isfinite(value))


_MISSING = {
    "L": "step=theory, trace and tuned need it",
    "mu": "a bound of linear convergence needs it",
    "hessian_trace": "step=trace needs it",
    "modes": "for quadratics: the exact expectation needs them",
    "f_star": "the metric gap is then f itself",
    "x_star": "the metric distance needs it",
    "F": "methods ask f itself: no noise",
}


def _start(x: Any) -> Found:
    if is_flat(x) and not isinstance(x, jax.Array | np.ndarray):
        return "fails", f"x0 is a {type(x).__name__}; give a vector, as in jnp.array([1.0, 2.0])"
    if not is_flat(x):
        try:
            x, tree = flattened(x)
        except ValueError as error:
            return "fails", str(error)
        bad = np.flatnonzero(~np.isfinite(x))
        return (
            ("fails", f"number {bad[0]} of the tree is {x[bad[0]]}")
            if bad.size
            else ("passes", f"n = {x.size}, a tree of {len(tree.shapes)} arrays, ‖x0‖ = {np.linalg.norm(x):.4g}")
        )
    if x.size == 0:
        return "fails", "x0 has no coordinates; give a vector, as in jnp.array([1.0, 2.0])"
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return "fails", f"x0 is of {x.dtype}; give floating-point numbers, as in jnp.array([1.0, 2.0])"
    bad = np.flatnonzero(~np.isfinite(x))
    if bad.size:
        return "fails", f"x0[{bad[0]}] = {x[bad[0]]}; every coordinate has to be finite"
    return "passes", f"n = {x.size}, {x.dtype}, ‖x0‖ = {np.linalg.norm(x):.4g}"


def _value(f: Callable, x: jax.Array) -> Found:
    try:
        y = f(x)
    except Exception as error:
        return "fails", f"f(x0) {said(error)}"
    shape, dtype = getattr(y, "shape", None), getattr(y, "dtype", None)
    if shape is None or dtype is None:
        return "fails", f"f(x0) is a {type(y).__name__}; give a JAX scalar of x's dtype, {x.dtype}"
    if shape != ():
        return "fails", f"f(x0) has shape {shape}, and f is to give a scalar of shape (): jnp.sum, jnp.mean?"
    if dtype != x.dtype:
        return "fails", f"f(x0) is {dtype} for x of {x.dtype}; make constants by jnp.asarray(c, x.dtype)"
    finite = bool(np.isfinite(y))
    return judged(finite, f"f(x0) = {float(y):.6g}" + "; it has to be finite" * (not finite))


def _deterministic(f: Callable, x: jax.Array) -> Found:
    first, second = np.asarray(f(x)), np.asarray(f(x))
    if first.tobytes() != second.tobytes():
        return "fails", f"f(x0) = {first}, then {second}; noise belongs in F(x, key)"
    return "passes", "the same bytes twice"


def _asked_twice(f: Callable, x: jax.Array) -> Found:
    """A black box may be noisy: it is asked at every call; no check of what it gives means anything then."""
    first, second = float(f(x)), float(f(x))
    if first == second:
        return "passes", "the same value twice; problem.remember=true asks each point once"
    return "skipped", f"f(x0) = {first:.6g}, then {second:.6g}: noise, which runs measure; no more can be checked"


def _jit(f: Callable, x: jax.Array) -> Found:
    try:
        compiled = jax.jit(f)
        return _agree("jit", compiled, x, np.asarray(compiled(x)), np.asarray(f(x)))
    except jax.errors.ConcretizationTypeError as error:
        return "fails", f"{said(error)}; use jnp.where for if, jnp for numpy, or a black box by pure_callback"
    except jax.errors.JAXTypeError as error:
        return "fails", f"{said(error)}; use jnp for numpy, or make it a black box by jax.pure_callback"


def _vmap(f: Callable, x: jax.Array) -> Found:
    compiled = jax.jit(f)
    points = x + jnp.asarray([[0.0], [1e-3], [-1e-2]]) * jnp.maximum(jnp.abs(x), 1e-2)
    together, alone = np.asarray(jax.jit(jax.vmap(f))(points)), np.array([compiled(point) for point in points])
    if together.shape != (3,):
        return "fails", f"three points give an array of shape {together.shape}"
    return _agree("vmap", compiled, x, together, alone)


def _agree(how: str, f: Callable, x: jax.Array, given: np.ndarray, plain: np.ndarray) -> Found:
    """Whether f transformed gives what plain f gives, up to f's rounding at x."""
    difference, noise = np.abs(given - plain), constants.rounding(f, np.asarray(x))
    same = (difference <= CLOSE * np.abs(plain) + 1e3 * noise) | (given == plain) | (np.isnan(given) & np.isnan(plain))
    worst = int(np.argmax(np.where(same, 0, difference)))
    if same.all():
        return "passes", f"as without, to {np.nan_to_num(difference).max():.1g}"
    return "fails", f"{how}(f) = {given.flat[worst]:.9g}, f = {plain.flat[worst]:.9g}"


def _gradient(f: Callable, slope: Callable, x0: np.ndarray) -> Found:
    """R(h) = |f(x + hv) − f(x) − h∇f(x)·v| ~ h², and ~ h where ∇f is wrong: its rate over the lowest clear decade."""
    try:
        g = np.asarray(slope(x0))
    except Exception as error:
        return "fails", f"∇f(x0) {said(error)}; a black box says differentiable=False"
    if g.shape != x0.shape or g.dtype != x0.dtype:
        return "fails", f"∇f(x0) has shape {g.shape} and dtype {g.dtype}, x has {x0.shape} and {x0.dtype}"
    random, scale = np.random.default_rng(1), float(np.linalg.norm(x0)) or 1.0
    near = x0 + 0.1 * scale * random.standard_normal(x0.size) / x0.size**0.5
    found = []
    for x in (x0, near):
        g = np.asarray(slope(x))
        if not np.isfinite(g).all():
            return "fails", f"∇f is {g[~np.isfinite(g)][0]} at {'x0' if x is x0 else 'a point near x0'}"
        floor = 10 * constants.rounding(f, x) + np.finfo(float).eps * np.linalg.norm(g) * np.linalg.norm(x)
        directions = random.standard_normal((5, x.size))
        pairs = [_rate(f, x, g, v / np.linalg.norm(v), scale, floor) for v in directions]
        if seen := [pair for pair in pairs if isfinite(pair[0])]:
            found.append(np.median(seen, axis=0))
    if not found:
        return "passes", "the Taylor remainder is rounding: f is linear as far as one can see"
    rate, error = np.min(found, axis=0)[0], np.max(found, axis=0)[1]
    meaning = "" if rate > 1.5 else "; a right gradient gives 2 (jax.grad of f is not the slope of f)"
    return judged(rate > 1.5, f"the Taylor remainder falls like h^{rate:.2f}, to {error:.1g} of h‖∇f‖{meaning}")


def _rate(f: Callable, x: np.ndarray, g: np.ndarray, v: np.ndarray, scale: float, floor: float) -> tuple[float, float]:
    """The exponent of R over the lowest decade above rounding (nan if none), and R/(h‖g‖) at its lower end."""
    h = scale * np.logspace(-10, -1, 37)
    values = np.asarray(jax.vmap(f)(x + h[:, None] * v))
    remainder = np.abs(values - float(f(x)) - h * (g @ v))
    clear = np.isfinite(remainder) & (remainder > 30 * floor)
    for i in range(len(h) - 4):
        if clear[i : i + 5].all():
            rate = np.polyfit(np.log(h[i : i + 5]), np.log(remainder[i : i + 5]), 1)[0]
            return float(rate), float(remainder[i] / (h[i] * max(np.linalg.norm(g), 1e-300)))
    return np.nan, np.nan


def _complex_step(f: Callable, slope: Callable, x0: np.ndarray) -> Found:
    """Im f(x + ihv)/h against ∇f(x)·v at x0, and near it, where f is analytic as it is computed."""
    random, worst = np.random.default_rng(2), 0.0
    for x in (x0, x0 + 1e-2 * random.standard_normal(x0.size)):
        z = jnp.asarray(x, jnp.complex128)
        try:
            require_analytic(f, z)
        except ValueError as error:
            return "not declared", str(error).partition("; use")[0]
        v = random.standard_normal(x.size) / x.size**0.5
        exact = float(np.asarray(slope(x)) @ v)
        step = float(jnp.imag(f(z + 1j * COMPLEX_EPS * v))) / COMPLEX_EPS
        worst = max(worst, abs(step - exact) / max(float(np.linalg.norm(slope(x))), 1e-300))
    good = worst <= CLOSE
    told = "" if good else ": f of complex numbers is another function; quotient=complex would be wrong"
    return judged(good, f"the slope of a complex step is that of the gradient to {worst:.1g}{told}")


def _single(problem: Problem, sample: constants.Sample) -> Found:
    """f and ∇f of a float32 x are float32, and f is that of float64 at the same numbers to 1e-3 of its size."""
    x = jnp.asarray(problem.x0, jnp.float32)
    y, g = jax.jit(jax.value_and_grad(problem.f) if sample.slope else lambda x: (problem.f(x), x))(x)
    if y.dtype != x.dtype or g.dtype != x.dtype:
        what = f"f(x0) is {y.dtype}" if y.dtype != x.dtype else f"∇f(x0) is {g.dtype}"
        return "fails", f"{what} for a float32 x; make constants by jnp.asarray(c, x.dtype)"
    exact, size = float(sample.f(np.asarray(x, float))), float(np.nanmax(np.abs(sample.values)))
    good = bool(abs(float(y) - exact) <= 1e-3 * max(abs(exact), size))
    return judged(good, f"f(x0) = {float(y):.6g}, in float64 {exact:.6g}")
