"""Logistic loss: convex, and on separable data its infimum 0 is not attained."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.special import expit

from zobench.problems.datasets import tumours
from zobench.problems.minibatch import minibatch
from zobench.problems.newton import newton
from zobench.types import Problem


def logistic(dim: int = 64, samples: int | None = None, seed: int = 0) -> Problem:
    """f(x) = mean_j log(1 + exp(−b_j·x)) from x0 = 0, so f(x0) = ln 2; f* = 0, there is no minimiser.

    `samples=None`: b_j = 2√n e_j, one separable term a coordinate. Then L = 1, tr ∇²f ≤ n, and under GD with α = 1
    f_k → 1/(4k) for every n (the unscaled mean_j log(1 + exp(−x_j)) has L = 1/(4n) and the same curve at α = 1/L).
    `samples=m`: b_j = sign(a_j·u) a_j with a_j and the hidden teacher u standard normal, drawn by `seed`, hence
    separable. L = λ_max(BᵀB)/(4m), tr ∇²f ≤ ‖B‖²_F/(4m); both attained at x0. A value costs mn.
    Raises ValueError where a size is out of range.
    """
    if not (isinstance(dim, int) and dim >= 1):
        raise ValueError(f"problem.dim={dim}: logistic needs a whole number of at least 1")
    if samples is not None and not (isinstance(samples, int) and samples >= 1):
        raise ValueError(f"problem.samples={samples}: a whole number of at least 1, or null for the separable sum")
    if samples is None:
        return Problem(
            f=lambda x: jnp.mean(softplus(-2 * dim**0.5 * x)),
            x0=np.zeros(dim),
            f_star=0.0,
            L=1.0,
            hessian_trace=float(dim),
        )
    random = np.random.default_rng(seed)
    feature, teacher = random.standard_normal((samples, dim)), random.standard_normal(dim)
    margin = np.sign(feature @ teacher)[:, None] * feature  # [m, n]
    return Problem(
        f=lambda x: jnp.mean(softplus(-jnp.asarray(margin, x.dtype) @ x)),
        x0=np.zeros(dim),
        f_star=0.0,
        L=float(np.linalg.norm(margin, 2) ** 2) / (4 * samples),
        hessian_trace=float(np.sum(margin**2)) / (4 * samples),
    )


def breast_cancer(ridge: float = 1e-3, batch: int | None = None, common: bool = False) -> Problem:
    """Logistic regression on 569 tumours, with and without ridge: convex, n = 31, from 0, where f = ln 2.

    f(x) = mean_j log(1 + exp(−y_j a_j·x)) + (ridge/2)‖x‖² with a_j 30 standardised features and a 1 for the intercept,
    all under the ridge; y_j = ±1 (datasets.tumours). L = λ_max(AᵀA)/(4m) + ridge, attained at x0, as is tr ∇²f =
    ‖A‖²_F/(4m) + 31 ridge; mu = ridge is a lower bound. f* and x* by Newton's method to rounding. Without ridge f* = 0
    and there is no minimiser: the classes are separable (a linear program says so). `batch`, `common`: methods see some
    of the tumours (minibatch.minibatch). Needs zobench[data]. Raises ValueError where an argument is out of range or
    scikit-learn is missing.
    """
    if not (isinstance(ridge, int | float) and 0 <= ridge < np.inf):
        raise ValueError(f"problem.ridge={ridge}: the weight of ‖x‖²/2 is a number, 0 or more")
    feature, label = tumours()
    margin = label[:, None] * feature  # [m, n]
    m, n = margin.shape

    def mean(x, rows=slice(None)):
        loss = jnp.mean(softplus(-jnp.asarray(margin, x.dtype)[rows] @ x))
        return loss + ridge / 2 * jnp.sum(x * x)

    x_star = newton(lambda x: derivatives(margin, ridge, x), np.zeros(n)) if ridge else None
    return Problem(
        f=mean,
        x0=np.zeros(n),
        F=minibatch(mean, m, batch, common),
        f_star=0.0 if x_star is None else derivatives(margin, ridge, x_star)[0],
        x_star=None if x_star is None else x_star,
        L=float(np.linalg.norm(margin, 2) ** 2) / (4 * m) + ridge,
        mu=float(ridge) if ridge else np.nan,
        hessian_trace=float(np.sum(margin**2)) / (4 * m) + n * ridge,
    )


def softplus(t: Array) -> Array:
    """log(1 + eᵗ): JAX's for real t, and for complex t a form that is analytic, as a complex step needs."""
    if not jnp.issubdtype(t.dtype, jnp.complexfloating):
        return jax.nn.softplus(t)
    return jnp.where(t.real > 0, t + jnp.log1p(jnp.exp(-t)), jnp.log1p(jnp.exp(t)))


def derivatives(margin: np.ndarray, ridge: float, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """f, ∇f and ∇²f of the ridge-regularised logistic loss; margin = y_j a_j, [m, n]."""
    t = margin @ x
    wrong = expit(-t)
    value = float(np.mean(np.logaddexp(0, -t)) + ridge / 2 * x @ x)
    curvature = (margin.T * (wrong * expit(t))) @ margin / len(t)
    return value, ridge * x - margin.T @ wrong / len(t), curvature + ridge * np.eye(x.size)
