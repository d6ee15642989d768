"""Gradient estimators: what stands in for ∇f, what it asks of the oracle, and its exact second moment.

For unit directions and exact quotients E G = ∇f and E GGᵀ = A‖g‖² I + C ggᵀ (THEORY: A = n/(n+2), C = 2A for the sphere;
0 and 1 for estimators that return the gradient itself).
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from zobench import directions
from zobench.types import Calls, Draw, Estimator, Key, Oracle, Vector

Quotient = Literal["central", "forward"]


def best_eps(quotient: Quotient, dtype: Any) -> float:
    """The difference step that balances truncation and rounding for f, f″, f‴ = O(1) along the direction.

    Rounding acts as noise of standard deviation σ = u/√12 (u the machine epsilon): ε = (3σ)^⅓ for the central quotient,
    ε = 8^¼ √σ for the forward one (Moré & Wild, ACM TOMS 38:19, 2012).
    """
    sigma = float(jnp.finfo(dtype).eps) / 12**0.5
    return (3 * sigma) ** (1 / 3) if quotient == "central" else 8**0.25 * sigma**0.5


def two_point(quotient: Quotient = "central", eps: float | None = None) -> Estimator:
    """Two values along one random direction (Polyak 1987; Nesterov & Spokoiny 2017; Duchi et al. 2015).

    G = n (f(x+εv) − f(x−εv))/(2ε) v (central) or n (f(x+εv) − f(x))/ε v (forward), v uniform on the unit sphere.
    Asks two values a step. E‖G‖² = n‖∇f‖². `eps=None` takes `best_eps` of x's dtype. The forward quotient adds
    (n²ε²/4)[(t²+2q) + 4tλᵢ + 8λᵢ²]/(n(n+2)(n+4)), t = Σλ, q = Σλ², to E Gᵢ² on a quadratic; the central one adds nothing.

    Raises ValueError where eps is not a positive number, or far below the rounding floor of x's dtype.
    """
    _require_positive(eps, quotient)

    def draw(key: Key, n: int, dtype: Any) -> Draw:
        return directions.gaussian(key, n).astype(dtype)

    def estimate(oracle: Oracle, x: Vector, draw: Draw) -> Vector:
        h = _step_of(eps, quotient, x)
        v = directions.unit(draw)
        slope = (
            (oracle.value(x + h * v) - oracle.value(x - h * v)) / (2 * h)
            if quotient == "central"
            else (oracle.value(x + h * v) - oracle.value(x)) / h
        )
        return (x.size * slope) * v

    def excess(eigenvalue: np.ndarray) -> np.ndarray:
        if quotient == "central":
            return np.zeros_like(eigenvalue)
        n, t, q = eigenvalue.size, eigenvalue.sum(), (eigenvalue**2).sum()
        h = best_eps(quotient, np.float64) if eps is None else eps
        moment = (t**2 + 2 * q) + 4 * t * eigenvalue + 8 * eigenvalue**2
        return (n * h**2 / 4) * moment / ((n + 2) * (n + 4))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2),
        second_moment=lambda n: (n / (n + 2), 2 * n / (n + 2)),
        draw=draw,
        excess=excess,
    )


def finite_difference(quotient: Quotient = "central", eps: float | None = None) -> Estimator:
    """Every partial derivative by a difference quotient along its axis.

    Gᵢ = (f(x+εeᵢ) − f(x−εeᵢ))/(2ε), 2n values a step; forward: (f(x+εeᵢ) − f(x))/ε, n+1 values a step. Bias at most
    √n Mε²/6 (M the Hessian's Lipschitz constant), or √n Lε/2 for the forward one; the central one is exact on quadratics.
    One coordinate at a time, so memory stays O(n).

    Raises ValueError where eps is not a positive number, or far below the rounding floor of x's dtype.
    """
    _require_positive(eps, quotient)

    def estimate(oracle: Oracle, x: Vector, draw: Draw) -> Vector:
        h = _step_of(eps, quotient, x)
        if quotient == "central":

            def partial(i):
                return (oracle.value(x.at[i].add(h)) - oracle.value(x.at[i].add(-h))) / (2 * h)

            return jax.lax.map(partial, jnp.arange(x.size))
        here = oracle.value(x)
        return jax.lax.map(lambda i: (oracle.value(x.at[i].add(h)) - here) / h, jnp.arange(x.size))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * n if quotient == "central" else n + 1),
        second_moment=lambda n: (0.0, 1.0),
        excess=np.zeros_like if quotient == "central" else None,
    )


def autodiff() -> Estimator:
    """∇f by reverse mode (Linnainmaa 1970): exact to rounding, one gradient a step."""
    return Estimator(
        estimate=lambda oracle, x, draw: oracle.grad(x),
        calls=lambda n: Calls(grad=1),
        second_moment=lambda n: (0.0, 1.0),
        excess=np.zeros_like,
    )


def forward_mode() -> Estimator:
    """∇f by forward mode (Wengert 1964): n Jacobian-vector products a step, one for each axis, exact to rounding."""

    def estimate(oracle: Oracle, x: Vector, draw: Draw) -> Vector:
        return jax.lax.map(lambda i: oracle.jvp(x, jnp.zeros_like(x).at[i].set(1)), jnp.arange(x.size))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(jvp=n),
        second_moment=lambda n: (0.0, 1.0),
        excess=np.zeros_like,
    )


def _require_positive(eps: float | None, quotient: str) -> None:
    if quotient not in ("central", "forward"):
        raise ValueError(f"quotient={quotient}: there are central and forward")
    if eps is not None and not (np.isfinite(eps) and eps > 0):
        raise ValueError(f"eps={eps}: the difference step is a positive number, or null for the best one of the dtype")


def _step_of(eps: float | None, quotient: Quotient, x: Vector) -> float:
    best = best_eps(quotient, x.dtype)
    if eps is None:
        return best
    if eps < best / 100:
        raise ValueError(
            f"eps={eps:g}: below the rounding floor of {x.dtype} ({best / 100:.1g} for the {quotient} quotient), where "
            f"a difference is noise; use eps={best:.2g}, or null for that"
        )
    return eps
