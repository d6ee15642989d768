"""A network of tanh layers fitted to a teacher's signs, of any number of weights and without a data set; not convex."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from zobench.types import Problem


def tanh_network(dim: int = 1000, depth: int = 3, samples: int = 32, seed: int = 0) -> Problem:
    """f(x) = ½ mean_j (net(a_j; x) − y_j)²; x is all weights and biases, about `dim` of them.

    `depth` square tanh layers of width w and a linear unit: n = depth (w² + w) + w + 1, w the whole number for which n
    is nearest to `dim`. a_j of shape [w] and x0 normal, the weights' variance 1/w (LeCun et al. 1998); y_j = ±1, the
    sign of another such network of one layer. All drawn by `seed`. A value costs 2 samples·n operations.
    Raises ValueError where an argument is out of range.
    """
    for name, value in {"dim": dim, "depth": depth, "samples": samples}.items():
        if not (isinstance(value, int) and value >= 1):
            raise ValueError(f"problem.{name}={value}: tanh_network needs a whole number of at least 1")
    root = int((dim / depth) ** 0.5)
    width = min(range(max(1, root - 1), root + 2), key=lambda w: abs(_weights(w, depth) - dim))
    random = np.random.default_rng(seed)
    a = random.standard_normal((samples, width))
    y = np.sign(np.tanh(a @ random.standard_normal((width, width)) / width**0.5) @ random.standard_normal(width))
    sizes = [*[width] * (depth + 1), 1]
    layers = [(random.standard_normal((i, o)) / i**0.5, np.zeros(o)) for i, o in pairwise(sizes)]
    unravel = ravel_pytree(layers)[1]

    def f(x):
        *hidden, (weight, bias) = unravel(x)
        z = jnp.asarray(a, x.dtype)
        for w, b in hidden:
            z = jnp.tanh(z @ w + b)
        return jnp.mean((z @ weight + bias - jnp.asarray(y, x.dtype)[:, None]) ** 2) / 2

    parts = jax.tree.leaves(layers)
    return Problem(f=f, x0=np.concatenate([part.ravel() for part in parts]), shapes=tuple(p.shape for p in parts))


def _weights(width: int, depth: int) -> int:
    return depth * (width**2 + width) + width + 1
