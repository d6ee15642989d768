"""Gradient descent on a problem, and the slope of what it gives: for the tests of known rates."""

import jax
import numpy as np


def descend(problem, steps):
    """f − f* and ‖∇f‖² of gradient descent with α = 1/L at k = 0 ... steps, each [steps + 1]."""

    def step(x, _):
        value, g = jax.value_and_grad(problem.f)(x)
        return x - g / problem.L, (value - problem.f_star, g @ g)

    return map(np.asarray, jax.lax.scan(step, problem.x0, length=steps + 1)[1])


def slope(curve, first, last):
    k = np.arange(first, last + 1)
    return np.polyfit(np.log(k), np.log(curve[k]), 1)[0]
