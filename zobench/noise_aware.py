"""Quasi-Newton descent on differences whose intervals balance noise and curvature, found by bisection."""

import warnings
from collections.abc import Callable
from functools import partial
from math import inf, isfinite
from typing import Literal

import jax.numpy as jnp
import numpy as np

from zobench.differences import central_gradient, require_quotient
from zobench.host import Box, Log
from zobench.solvers import NEVER, Solver, traced
from zobench.types import Calls

Quotient = Literal["forward", "central"]


def interval(
    slice_of: Callable[[float], float], noise: float, quotient: Quotient = "forward", tries: int = 20
) -> float:
    """The interval of a difference quotient of `slice_of(t)` at t = 0, by bisection (Shi, Xie, Xuan & Nocedal 2022).

    h is accepted where a ratio r is within limits, and is too small where r is below, too large where it is above; it
    grows or shrinks by a factor until both have been seen, and is then bisected. f(t) = `slice_of(t)` has the noise σ.
    Forward: r = |f(4h) − 4f(h) + 3f(0)|/(8σ) in [1.5, 6], from h = (2/√3)√σ by factors of 4. Central: r = |f(3h) −
    3f(h) + 3f(−h) − f(−3h)|/(8σ) in [1.5, 4.5], from (3σ)^⅓ by factors of 3. Exactly, for f'' = μ it ends between
    √(2σ/μ) and √(8σ/μ), where the best is 2√(σ/μ), for f''' = μ between (1.5σ/μ)^⅓ and (4.5σ/μ)^⅓. "Adaptive
    finite-difference interval estimation for noisy derivative-free optimization", SIAM J. Sci. Comput. 44, algorithms
    2.1 and 3.1, read in the program of nlmixr2, which has them.

    Asks 2 values a try and f(0) once (forward), or 4 a try. The last h is taken after `tries` of them, and where a
    value is no number or so large that its rounding is more than σ: there is nothing to balance.

    >>> round(interval(lambda t: t * t / 2, noise=1e-4), 4)
    0.0231
    """
    low, high, factor = 0.0, inf, 4.0 if quotient == "forward" else 3.0
    h = 2 / 3**0.5 * noise**0.5 if quotient == "forward" else (3 * noise) ** (1 / 3)
    here = slice_of(0.0) if quotient == "forward" else 0.0
    for _ in range(tries):
        if quotient == "forward":
            f = np.array([slice_of(4 * h), -4 * slice_of(h), 3 * here])
        else:
            f = np.array([slice_of(3 * h), -3 * slice_of(h), 3 * slice_of(-h), -slice_of(-3 * h)])
        ratio, rounding = abs(f.sum()) / (8 * noise), np.finfo(float).eps * np.abs(f).max()
        if not rounding <= noise or 1.5 <= ratio <= (6 if quotient == "forward" else 4.5):
            break
        low, high = (h, high) if ratio < 1.5 else (low, h)
        h = factor * h if high == inf else h / factor if low == 0 else (low + high) / 2
    return h


def noise_aware_lbfgs(noise: float = 0.0, quotient: Quotient = "forward") -> Solver:
    """scipy's L-BFGS-B on differences, with an `interval` for each coordinate (Shi et al. 2022, 2023).

    `noise` is the standard deviation of f's noise; rounding of f(x0) where that is more. The intervals are found at x0,
    and again wherever the line search finds no descent any more, where L-BFGS begins anew; it ends where that does not
    move x. The papers relax Armijo's condition by the noise besides, which this does not. "On the numerical performance
    of finite-difference-based methods for derivative-free optimization", Optim. Methods Softw. 38 (2023), takes the
    curvature as known.

    Asks one value a step, n+1 (forward) or 2n+1 (central) a gradient, and those of n intervals, 3n or more. Raises
    ValueError for another quotient, for a noise that is negative or no number.

    >>> noise_aware_lbfgs(noise=0.01).calls(10).value
    1
    """
    from scipy.optimize import minimize

    require_quotient(quotient, "forward", "central")
    if not (isfinite(noise) and noise >= 0):
        raise ValueError(f"noise={noise}: the standard deviation of f's noise is a number, 0 or more")

    def run(box: Box | Log, x0: np.ndarray, seed: int) -> str:
        level, x = max(noise, float(jnp.finfo(box.dtype).eps) * max(1.0, abs(box(x0)))), x0
        options = {"maxiter": NEVER, "maxfun": NEVER, "maxls": 50, "ftol": 0.0, "gtol": 0.0}
        while True:
            h = np.array([interval(lambda t, v=v: box(x + t * v), level, quotient) for v in np.eye(x.size)])  # noqa: B023
            jac = None if quotient == "forward" else central_gradient(box.many, h, -inf, inf)
            own = {"eps": h} if quotient == "forward" else {}
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = minimize(box, x, method="L-BFGS-B", jac=jac, options=options | own)
            if np.array_equal(found.x, x):
                return str(found.message)
            x = found.x

    return Solver(partial(traced, run, False), lambda n: Calls(value=1), run=run)
