"""A deep network on random data: a chain of equal layers, of any width and depth."""

import jax.numpy as jnp
import numpy as np

from zobench.types import Problem, Vector


def deep(width: int = 64, depth: int = 8, samples: int = 32, seed: int = 0) -> Problem:
    """f(x) = ‖h_l − Y‖²/(2 m w), h_i = tanh(h_{i−1} W_i), l = `depth` layers of w = `width`, x = (W_1 ... W_l).

    n = l w². h_0 and Y are standard normal [m, w], m = `samples`; x0 is normal of variance 1/w (LeCun et al. 1998); all
    drawn by `seed`. Not convex, no constant is known: give steps as numbers. A value costs 2mn flops and mwl tanh.
    Raises ValueError where a size is out of range.
    """
    for name, size in (("width", width), ("depth", depth), ("samples", samples)):
        if not (isinstance(size, int) and size >= 1):
            raise ValueError(f"problem.{name}={size}: deep needs a whole number from 1 on")
    random = np.random.default_rng(seed)
    first, goal = random.standard_normal((2, samples, width))
    x0 = random.standard_normal(depth * width**2) / width**0.5

    def f(x: Vector):
        h = jnp.asarray(first, x.dtype)
        for weight in x.reshape(depth, width, width):
            h = jnp.tanh(h @ weight)
        return jnp.mean((h - jnp.asarray(goal, x.dtype)) ** 2) / 2

    return Problem(f=f, x0=x0, shapes=((width, width),) * depth)
