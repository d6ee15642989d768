"""Difference quotients: the slope of f along a direction from values of f, and the step that suits them."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench import batches
from zobench.spacing import following
from zobench.types import Oracle, Scalar, Vector

Quotient = Literal["central", "forward", "fourth", "complex"]
COMPLEX_EPS = 1e-20


def best_eps(quotient: Quotient, dtype: Any, noise: float = 0.0) -> float:
    """The step that balances truncation against noise, for derivatives of f of order 1 along the direction.

    σ = √(noise² + u²/12): additive noise of standard deviation `noise` in f, and rounding with machine epsilon u. The
    mean-square error is least at ε = 8^¼ √σ (forward, error ¼ε² + 2σ²/ε²), (3σ)^⅓ (central, ε⁴/36 + σ²/(2ε²)) and
    (203σ²)^⅒ (fourth order, ε⁸/900 + 0.9σ²/ε²); the complex step has no difference to cancel. Moré & Wild, ACM TOMS
    38:19 (2012).
    """
    sigma = np.hypot(noise, float(jnp.finfo(dtype).eps) / 12**0.5)
    steps = {
        "forward": 8**0.25 * sigma**0.5,
        "central": (3 * sigma) ** (1 / 3),
        "fourth": (203 * sigma**2) ** 0.1,
        "complex": COMPLEX_EPS,
    }
    return float(steps[quotient])


def require_quotient(quotient: str, *known: str) -> None:
    """Refuse an unknown one: ValueError."""
    if quotient not in known:
        raise ValueError(f"quotient={quotient}: there are {' and '.join(known)}")


def require_eps(eps: float | None, noise: float = 0.0) -> None:
    """Refuse what can never work, before anything is traced: ValueError."""
    if eps is not None and not (np.isfinite(eps) and eps > 0):
        raise ValueError(f"eps={eps}: the difference step is a positive number, or null for the best one of the dtype")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise={noise}: the standard deviation of f's noise is a number, 0 or more")


def step_of(eps: float | None, quotient: Quotient, dtype: Any, noise: float, oracle: Oracle | None = None) -> Any:
    """eps, or if it is None the best one, which follows the size of x0 where that is large (spacing.following).

    Where neither eps nor the noise is given, it is what an oracle that has measured the noise says. ValueError where
    eps is far below the rounding floor of the dtype.
    """
    if eps is None and not noise and oracle and oracle.eps:
        return oracle.eps(quotient)
    if eps is None:
        best = best_eps(quotient, dtype, noise)
        return best if quotient == "complex" or oracle is None else following(best, dtype, oracle.size)
    best = best_eps(quotient, dtype)
    if quotient != "complex" and eps < best / 100:
        raise ValueError(
            f"eps={eps:g}: below the rounding floor of {jnp.dtype(dtype)} ({best / 100:.1g} for the {quotient} "
            f"quotient), where a difference is noise; use eps={best:.2g}, or null for the best one"
        )
    return eps


def calls_of(quotient: Quotient, directions: int) -> int:
    """Values asked for the slopes along so many directions."""
    return {"central": 2, "forward": 1, "fourth": 4, "complex": 1}[quotient] * directions + (quotient == "forward")


def along(x: Vector, v: Vector, r: Any) -> Vector:
    """x + rv."""
    return x + r * v


def along_axis(x: Vector, axis: Any, r: Any) -> Vector:
    """x + r eᵢ for i = `axis`: elementwise, so that no point is made where f can read it."""
    return jnp.where(jnp.arange(x.size, dtype=jnp.uint32) == axis, x + r, x)


def slope(
    oracle: Oracle, move: Callable[[int], Vector], quotient: Quotient, h: Any, j: Any, here: Any = None
) -> Scalar:
    """The slope of f at x along direction number j, with move(m) = x + m h v; `here` is f(x) for the forward one."""
    value = oracle.value
    if quotient == "forward":
        return (value(move(1), j + 1) - here) / h
    if quotient == "central" and oracle.pair:
        ahead, behind = oracle.pair(move(1), move(-1))
        return (ahead - behind) / (2 * h)
    if quotient == "central":
        return (value(move(1), 2 * j) - value(move(-1), 2 * j + 1)) / (2 * h)
    near = value(move(1), 4 * j) - value(move(-1), 4 * j + 1)
    far = value(move(2), 4 * j + 2) - value(move(-2), 4 * j + 3)
    return (8 * near - far) / (12 * h)


def slopes(
    oracle: Oracle,
    x: Vector,
    v: Array,
    quotient: Quotient,
    h: Any,
    first: Any = 0,
    here: Any = None,
    move: Callable[[Vector, Any, Any], Vector] = along,
) -> Float[Array, " q"]:
    """The slopes along the rows of v [q, n], which are directions number `first` and following of a step.

    One after the other or together, as the machine has it (batches.each); of a black box all together. f(x) is asked
    once, or given as `here`. move(x, vⱼ, r) = x + r vⱼ: with `along_axis` v holds the numbers of axes, [q].
    """
    if move is along_axis:  # a sum of one kind is faster where the points are not there yet
        oracle = oracle._replace(pair=None)
    if oracle.many:
        return _together(oracle.many, x, jax.vmap(lambda v, r: move(x, v, r), (0, None)), v, quotient, h, here)
    if quotient == "forward" and here is None:
        here = oracle.value(x, 0)

    def one(numbered):
        j, v = numbered
        return slope(oracle, lambda m: move(x, v, m * h), quotient, h, j, here)

    if len(v) == 1:
        return one((first, v[0]))[None]
    return batches.each(one, (first + jnp.arange(len(v)), v), oracle.value, x)


def _together(
    many: Callable[[Array], Array], x: Vector, moved: Callable, v: Array, quotient: Quotient, h: Any, here: Any
) -> Array:
    """The slopes from values that are asked all at once, those of a direction beside each other."""
    moves = {"central": (1, -1), "forward": (1,), "fourth": (1, -1, 2, -2)}[quotient]
    points = jnp.stack([moved(v, m * h) for m in moves], axis=1).reshape(-1, x.size)
    if quotient == "forward" and here is None:
        values = many(jnp.concatenate([x[None], points]))
        return (values[1:] - values[0]) / h
    values = many(points).reshape(len(v), len(moves)).T
    if quotient == "forward":
        return (values[0] - here) / h
    if quotient == "central":
        return (values[0] - values[1]) / (2 * h)
    return (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)


def central_gradient(
    many: Callable[[Any], list[float]], h: float | np.ndarray, lower: Any, upper: Any
) -> Callable[[np.ndarray], np.ndarray]:
    """x [n] to (f(x + h eᵢ) − f(x − h eᵢ))/(2h) [n], 2n values asked at once; at a bound the way is shorter."""

    def gradient(x: np.ndarray) -> np.ndarray:
        moves = h * np.eye(x.size)
        ahead, behind = np.clip(x + moves, lower, upper), np.clip(x - moves, lower, upper)
        values = np.asarray(many([*ahead, *behind]))
        way = np.diagonal(ahead - behind)
        return (values[: x.size] - values[x.size :]) / np.where(way > 0, way, 1.0)

    return gradient
