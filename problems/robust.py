"""Equal-energy Welsch function: smooth, not convex, and ‖∇f‖² falls like 1/k under gradient descent."""

from math import factorial, log

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Problem, separable


def welsch(dim: int = 64, smallest: float = 1.5e-4, start: float = 1.25) -> Problem:
    """f(x) = Σᵢ wᵢ φ(tᵢ), tᵢ = √(λᵢ/wᵢ) xᵢ, φ(t) = 1 − exp(−t²/2) (Dennis & Welsch 1978).

    Every mode starts at tᵢ = `start`; λᵢ = smallest^(1−i/(n−1)), wᵢ = 1/(n−1), half of it at both ends. Under
    x₊ = x − α∇f, ‖∇f_k‖² = Σ wᵢλᵢ φ′(tᵢ)² is then the trapezoid rule of ∫ φ′(t)² dλ/ln(1/smallest), t a function of
    αλk: ~ 1/(αk) for 1 ≪ αk ≪ 1/smallest, whatever n. L = max λ φ″(0) = 1, f* = 0, x* = 0, f(x0) = φ(start). Not
    convex where |t| > 1.
    Defaults measured, GD with α = 1: slope of ‖∇f_k‖² against k in [20, 300] −0.994 (n = 8), −1.007 (n ≥ 16);
    iterations to 4e-4 are 154 (n = 8), 152 (n ≥ 16). Two-point sphere, α = 1/n: slopes −0.99 to −1.03, iterations
    ~ n^1.006 (n = 8 ... 512, 20 seeds). start = 2 would need n ≥ 32: eight modes then fall one by one.
    Raises ValueError where an argument is out of range.
    """
    if not (isinstance(dim, int) and dim >= 2):
        raise ValueError(f"problem.dim={dim}: welsch needs a whole number of at least 2 (its slowest and fastest mode)")
    if not (isinstance(smallest, int | float) and 0 < smallest < 1):
        raise ValueError(f"problem.smallest={smallest}: the smallest curvature lies between 0 and L = 1, both excluded")
    if not (isinstance(start, int | float) and 0 < start < np.inf):
        raise ValueError(
            f"problem.start={start}: where every mode starts is a positive number; above 1 it is not convex"
        )
    curvature = np.geomspace(smallest, 1, dim)
    weight = np.full(dim, 1 / (dim - 1))
    weight[[0, -1]] /= 2
    scale = np.sqrt(curvature / weight)

    def terms(x):
        t = jnp.asarray(scale, x.dtype) * x
        return -jnp.asarray(weight, x.dtype) * expm1(-(t**2) / 2)  # expm1: f − f* keeps its digits

    return Problem(
        f=separable(terms),
        x0=start / scale,
        f_star=0.0,
        x_star=np.zeros(dim),
        L=1.0,
        hessian_trace=float(curvature.sum()),
    )


@jax.custom_jvp
def expm1(y):
    """eʸ − 1 for y ≤ 0, to a unit in the last place: XLA's, which serves all y, takes three times as long.

    y = k ln 2 + r with |r| ≤ ln 2/2, eʳ − 1 by its Taylor series; then 2ᵏ(eʳ − 1) + (2ᵏ − 1).
    """
    if not jnp.issubdtype(y.dtype, jnp.floating):
        return jnp.expm1(y)
    info, integer = jnp.finfo(y.dtype), jnp.dtype(f"int{8 * y.dtype.itemsize}")
    y = jnp.maximum(y, -40)  # e⁻⁴⁰ is nothing beside 1
    k = jnp.round(y * (1 / log(2)))
    high = 0.693359375  # ln 2 to ten bits: k·high is exact
    r = (y - k * high) - k * (log(2) - high)
    terms = 13 if info.bits == 64 else 7
    p = jnp.full_like(y, 1 / factorial(terms))
    for i in range(terms - 1, 0, -1):
        p = p * r + 1 / factorial(i)
    power = jax.lax.bitcast_convert_type((k.astype(integer) + (info.maxexp - 1)) << info.nmant, y.dtype)
    return power * (p * r) + (power - 1)


expm1.defjvps(lambda tangent, value, y: tangent * (value + 1))
