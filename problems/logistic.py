"""Logistic loss on separable data: convex, its infimum 0 is not attained."""

import jax
import jax.numpy as jnp
import numpy as np

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
            f=lambda x: jnp.mean(jax.nn.softplus(-2 * dim**0.5 * x)),
            x0=jnp.zeros(dim),
            f_star=0.0,
            L=1.0,
            hessian_trace=float(dim),
        )
    random = np.random.default_rng(seed)
    feature, teacher = random.standard_normal((samples, dim)), random.standard_normal(dim)
    margin = np.sign(feature @ teacher)[:, None] * feature  # [m, n]
    return Problem(
        f=lambda x: jnp.mean(jax.nn.softplus(-jnp.asarray(margin, x.dtype) @ x)),
        x0=jnp.zeros(dim),
        f_star=0.0,
        L=float(np.linalg.norm(margin, 2) ** 2) / (4 * samples),
        hessian_trace=float(np.sum(margin**2)) / (4 * samples),
    )
