"""What products with the Hessian say of it where no matrix fits: its trace and its largest eigenvalues."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from numpy import ndarray

from zobench.sampling import Mean, mean

Product = Callable[[ndarray], ndarray]


def hessian_product(f: Callable[[Any], Any], x: Any) -> Product:
    """v to ∇²f(x) v by forward over reverse mode (Pearlmutter 1994), compiled once; about 5 values of f each."""
    product = jax.jit(lambda at, v: jax.jvp(jax.grad(f), (at,), (v,))[1])
    return lambda v: np.asarray(product(x, np.asarray(v, x.dtype)), float)


def hutchinson(product: Product, n: int, probes: int, random: np.random.Generator) -> Mean:
    """The trace as the mean of vᵀHv over random signs, with its standard error (Hutchinson 1990); `probes` products."""
    drawn = (random.choice([-1.0, 1.0], size=n) for _ in range(probes))
    return mean(np.array([v @ product(v) for v in drawn]))


def lanczos(product: Product, n: int, steps: int, random: np.random.Generator) -> ndarray:
    """Ritz values after at most so many products, the largest first: λ₁ from below (Lanczos 1950, reorthogonalised).

    Keeps steps·n numbers. Ends before where the space of the start is used up.
    """
    v = random.standard_normal(n)
    basis, diagonal, beside = [v / np.linalg.norm(v)], [], []
    for _ in range(min(steps, n)):
        w = product(basis[-1])
        diagonal.append(float(w @ basis[-1]))
        for _ in range(2):
            for u in basis:
                w = w - (w @ u) * u
        length = float(np.linalg.norm(w))
        beside.append(length)
        if length <= 1e-12 * max(map(abs, diagonal)):
            break
        basis.append(w / length)
    inner = beside[: len(diagonal) - 1]
    return np.linalg.eigvalsh(np.diag(diagonal) + np.diag(inner, 1) + np.diag(inner, -1))[::-1]
