"""What an estimate of ∇f at x is expected to be off by: leading bias, second moment, angle. THEORY: table 1.1, 1.3."""

from math import nan
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Estimator, Problem, Vector


class Local(NamedTuple):
    """f at x: its value, gradient, Hessian [n, n], f_iii [n] and ∇Δf [n], the third derivatives that bias takes."""

    f: float
    g: np.ndarray
    hessian: np.ndarray
    third: np.ndarray
    laplacian: np.ndarray

    @property
    def norm2(self) -> float:
        """‖∇f‖²."""
        return float(self.g @ self.g)


def local(problem: Problem, x: Vector) -> Local:
    """Derivatives of f at x by JAX, up to the third along the axes; n² numbers, n times the work of a Hessian."""
    n, hessian = x.size, jax.hessian(problem.f)

    def along(i):
        axis = jnp.zeros_like(x).at[i].set(1)
        _, turned = jax.jvp(hessian, (x,), (axis,))
        return turned[i, i], jnp.trace(turned)  # Σⱼ f_jji = (∇Δf)ᵢ

    third, laplacian = jax.jit(lambda: jax.lax.map(along, jnp.arange(n)))()
    parts = (jax.grad(problem.f)(x), hessian(x), third, laplacian)
    return Local(float(problem.f(x)), *(np.asarray(part, np.float64) for part in parts))


def bias(at: Local, direction: str, quotient: str, eps: float) -> np.ndarray:
    """E G − ∇f to leading order in ε, [n]; `axes`: all coordinates one by one.

    Central, and forward along directions of random sign: ε²/(2(n+2)) ∇Δf (sphere), ε²/2 ∇Δf (Gaussian),
    ε²/2 ∇Δf − ε²/3 f_iii (±1), ε²/6 f_iii (axes). Forward along the axes: (ε/2) f_ii.
    """
    if quotient == "forward" and direction in ("coordinate", "axes"):
        return eps / 2 * np.diag(at.hessian)
    n, square = at.g.size, eps**2
    return {
        "sphere": square / (2 * (n + 2)) * at.laplacian,
        "gaussian": square / 2 * at.laplacian,
        "rademacher": square / 2 * at.laplacian - square / 3 * at.third,
        "coordinate": square / 6 * at.third,
        "axes": square / 6 * at.third,
    }[direction]


def second_moment(at: Local, estimator: Estimator) -> float:
    """E‖G‖²/‖g‖² without noise: B, and on a quadratic what the forward quotient adds to it."""
    moment = estimator.second_moment(at.g.size)
    if moment is None:
        return nan
    excess = estimator.excess(np.linalg.eigvalsh(at.hessian)).sum() if estimator.excess else nan
    return at.g.size * moment.A + moment.C + moment.D + float(excess) / at.norm2


def one_point(at: Local, eps: float) -> float:
    """E‖G‖²/‖g‖² of one-point feedback on a quadratic: (n²/ε²) E f(x+εv)² by the fourth moments of the sphere."""
    n, t, s = at.g.size, np.trace(at.hessian), np.sum(at.hessian**2)
    square = at.f**2 + eps**2 * at.norm2 / n + eps**4 / 4 * (t**2 + 2 * s) / (n * (n + 2)) + eps**2 * at.f * t / n
    return float(n**2 / eps**2 * square / at.norm2)


def inflation(n: int, q: int, quotient: str, direction: str, eps: float, sigma: float) -> float:
    """What noise of standard deviation σ in each value adds to E‖G‖²: n²σ²/(2qε²), 4 times that where forward.

    Along unit directions; n σ²/(2ε²) for all axes.
    """
    squares = n if direction == "axes" else n**2
    return (2 if quotient == "forward" else 0.5) * squares * sigma**2 / (q * eps**2)


def captured(n: int, direction: str, q: int, orthogonal: bool) -> float:
    """E cos² of the angle between G and g: q/n for orthogonal directions or a single one; nan where none is known."""
    if direction in ("axes", "exact"):
        return 1.0
    return min(1.0, q / n) if orthogonal or q == 1 or direction == "span" else nan
