"""Logistic regression with ridge on data of any size: smooth, strongly convex, its curvature known."""

import jax.numpy as jnp
import numpy as np

from zobench.problems.classification import derivatives, softplus
from zobench.problems.newton import newton
from zobench.types import Problem

SOLVED = 1000  # coordinates up to which the minimum is found here: Newton's method needs the whole Hessian


def logistic_regression(dim: int = 300, samples: int = 1000, ridge: float = 1e-3, seed: int = 0) -> Problem:
    """f(x) = mean_j log(1 + exp(−y_j a_j·x)) + (ridge/2)‖x‖² from x0 = 0, where f = ln 2. A value costs mn.

    a_j standard normal, y_j = sign(a_j·u/√n + e_j) with a teacher u and noise e_j standard normal, drawn by `seed`.
    L = λ_max(AᵀA)/(4m) + ridge and tr ∇²f = ‖A‖²_F/(4m) + n ridge, attained at x0; mu = ridge is a lower bound. f* and
    x* by Newton's method to rounding up to n = 1000, nan beyond. Raises ValueError where an argument is out of range.
    """
    for name, value in {"dim": dim, "samples": samples}.items():
        if not (isinstance(value, int) and value >= 1):
            raise ValueError(f"problem.{name}={value}: logistic_regression needs a whole number of at least 1")
    if not (isinstance(ridge, int | float) and 0 < ridge < np.inf):
        raise ValueError(f"problem.ridge={ridge}: the weight of ‖x‖²/2 is a positive number")
    random = np.random.default_rng(seed)
    feature, teacher = random.standard_normal((samples, dim)), random.standard_normal(dim)
    label = np.sign(feature @ teacher / dim**0.5 + random.standard_normal(samples))
    margin = label[:, None] * feature  # [m, n]
    short = margin @ margin.T if samples <= dim else margin.T @ margin

    def f(x):
        return jnp.mean(softplus(-(jnp.asarray(margin, x.dtype) @ x))) + ridge / 2 * jnp.sum(x * x)

    x_star = newton(lambda x: derivatives(margin, ridge, x), np.zeros(dim)) if dim <= SOLVED else None
    return Problem(
        f=f,
        x0=np.zeros(dim),
        f_star=np.nan if x_star is None else derivatives(margin, ridge, x_star)[0],
        x_star=None if x_star is None else x_star,
        L=float(np.linalg.eigvalsh(short)[-1]) / (4 * samples) + ridge,
        mu=float(ridge),
        hessian_trace=float(np.sum(margin**2)) / (4 * samples) + dim * ridge,
    )


def wide_logistic_regression(dim: int = 300) -> Problem:
    """logistic_regression with 32 samples however many coordinates, so that the data of n = 10⁶ fit."""
    return logistic_regression(dim, samples=32)


def newton_example() -> Problem:
    """logistic_regression with 1000 samples and n = 300, a usual example for Newton-CG; L/mu is about 600."""
    return logistic_regression(dim=300, samples=1000)
