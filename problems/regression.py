"""Linear least squares on Gaussian data: the quadratic whose spectrum is that of a random matrix."""

import jax.numpy as jnp
import numpy as np

from zobench.problems.minibatch import minibatch
from zobench.types import Modes, Problem


def least_squares(
    dim: int = 64,
    samples: int | None = None,
    noise: float = 0.1,
    batch: int | None = None,
    common: bool = False,
    seed: int = 0,
) -> Problem:
    """Linear least squares on Gaussian data: a quadratic with the spectrum of a random matrix.

    f(x) = ‖Ax − b‖²/(2m) from x0 = 0; A standard normal [m, n], m = `samples` (null: 2n), b = Au + `noise`·normal, ‖u‖
    = 1, drawn by `seed`. With λ the eigenvalues of AᵀA/m: L = max λ, tr ∇²f = Σ λ, and mu = min λ and x* where m ≥ n;
    else f* = 0 on a whole flat. Marchenko & Pastur (1967): λ fills [(1−√(n/m))², (1+√(n/m))²]. `batch`, `common`:
    methods see rows of A (minibatch.minibatch). A value costs mn. Raises ValueError where an argument is out of range.
    """
    if not (isinstance(dim, int) and dim >= 1):
        raise ValueError(f"problem.dim={dim}: least_squares needs a whole number of at least 1")
    if samples is not None and not (isinstance(samples, int) and samples >= 1):
        raise ValueError(f"problem.samples={samples}: a whole number of at least 1, or null for 2 dim")
    if not (isinstance(noise, int | float) and 0 <= noise < np.inf):
        raise ValueError(f"problem.noise={noise}: the standard deviation of the noise in b is a number, 0 or more")
    m = samples or 2 * dim
    random = np.random.default_rng(seed)
    a, u = random.standard_normal((m, dim)), random.standard_normal(dim)
    b = a @ (u / np.linalg.norm(u)) + noise * random.standard_normal(m)
    x_star = np.linalg.lstsq(a, b)[0]  # the one of least norm where there are many
    eigenvalue, vector = np.linalg.eigh(a.T @ a / m)
    eigenvalue = np.maximum(eigenvalue, 0)

    def mean(x, rows=slice(None)):
        return jnp.mean((jnp.asarray(a, x.dtype)[rows] @ x - jnp.asarray(b, x.dtype)[rows]) ** 2) / 2

    return Problem(
        f=mean,
        x0=np.zeros(dim),
        F=minibatch(mean, m, batch, common),
        f_star=float(np.mean((a @ x_star - b) ** 2)) / 2 if m > dim else 0.0,
        x_star=x_star if m >= dim else None,
        L=float(eigenvalue[-1]),
        mu=float(eigenvalue[0]) if m >= dim else np.nan,
        hessian_trace=float(eigenvalue.sum()),
        modes=Modes(eigenvalue, (x_star @ vector) ** 2, axes=dim == 1),
    )
