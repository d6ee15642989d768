"""Difference steps where x is large: floating-point numbers lie u|x| apart, and x + h may be x."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from zobench.types import Estimator, Key, Oracle, Problem, Vector, size_of

NEAR = 2.0**-14  # h is wrong by less than this share up to the size at which it begins to follow x
LOST = 0.25  # of the step: from there on a difference is wrong, and said to be


def following(h: float, dtype: Any, size: Any) -> Any:
    """h, or h times the size of x0 where that is more than max(1, 2⁻¹⁴ h/u), u the machine epsilon.

    Up to there x + h is x plus h to 2⁻¹⁴ of h; beyond it h is that share of x which it would be of 1.
    """
    begins = max(1.0, NEAR * h / float(jnp.finfo(dtype).eps))
    if isinstance(size, float):
        return h * size if size > begins else h
    return jnp.where(size > begins, h * size, h).astype(dtype)


def lost(estimator: Estimator, problem: Problem, ends: Sequence[np.ndarray]) -> str:
    """What is wrong where the estimator's points are x itself, at the largest of x0 and where runs ended; "": nothing.

    Asked of Σ(yᵢ − xᵢ), which has no rounding of its own: the estimate at x against that at 0, the same draw.
    """
    size, dtype = size_of(problem.x0), problem.x0.dtype
    points = [point for point in (np.asarray(problem.x0, float), *ends) if np.isfinite(point).all()]
    x = max(points, key=lambda point: np.abs(point).max())
    largest = float(np.max(np.abs(x), initial=0.0))
    u = float(jnp.finfo(dtype).eps)
    if not (largest * u > LOST * u**0.5):  # steps are the root of u or more
        return ""

    def estimate(at: Vector, step: int) -> np.ndarray:
        ask = Oracle(value=lambda y, call=0: jnp.sum(y - at), jvp=_none, grad=_none, size=size)
        draw = estimator.draw(Key(jnp.uint32(0), jnp.uint32(step)), at.size, at.dtype) if estimator.draw else ()
        return np.asarray(estimator.estimate(ask, at, draw, estimator.init(at))[0], float)

    draws = range(4 if estimator.draw else 1)
    there, right = (
        np.array([estimate(at, step) for step in draws]) for at in (jnp.asarray(x, dtype), jnp.zeros(x.size, dtype))
    )
    if not (np.linalg.norm(there - right, axis=1) > LOST * np.linalg.norm(right, axis=1)).any():
        return ""
    return f"x + h = x: at |x| = {largest:.2g} the difference step is less than x is precise; give a larger eps"


def _none(*_: Any) -> Any:
    raise NotImplementedError  # an estimator of values asks for none
