"""A function that is no quadratic, in NumPy and in JAX, with its gradient: for estimators and methods from papers."""

from typing import Any

import numpy as np

N = 6
A = np.random.default_rng(5).standard_normal((N, N))
X = np.linspace(-1, 2, N)


def f(x, xp: Any = np):
    return xp.sum(xp.cos(A @ x)) + 0.1 * xp.sum(x**4)


def gradient(x):
    return -A.T @ np.sin(A @ x) + 0.4 * x**3
