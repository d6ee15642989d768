"""Functions on which the behaviour of gradient descent is known exactly: worst cases, and slopes that are not −1.

Where f is a mean of n equal terms φ(√n xᵢ), all xᵢ = c/√n at the start, GD makes the same f_k for every n.
"""

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Modes, Problem, Scalar, Vector, separable


def huber(dim: int = 64, horizon: int = 100) -> Problem:
    """The worst smooth convex function for gradient descent (Drori & Teboulle 2014, Theorem 3.1).

    f(x) = τ‖x‖ − τ²/2 where ‖x‖ ≥ τ, else ‖x‖²/2, with τ = 1/(2K+1) and K = `horizon`; ‖x0‖ = R = 1, L = 1. GD with
    α = 1/L attains the upper bound, f(x_K) − f* = LR²/(4K+2); one function for each K. tr ∇²f ≤ n.
    Raises ValueError where an argument is out of range.
    """
    _check(dim, horizon=horizon)
    tau = 1 / (2 * horizon + 1)

    def f(x: Vector) -> Scalar:
        square = jnp.sum(x * x)
        near = square < tau**2
        radius = jnp.sqrt(jnp.where(near, 1, square))  # √ has no derivative at 0
        return jnp.where(near, square / 2, tau * radius - tau**2 / 2)

    x0 = np.full(dim, dim**-0.5)
    return Problem(f=f, x0=x0, f_star=0.0, x_star=np.zeros(dim), L=1.0, hessian_trace=float(dim))


def saw_tooth(dim: int = 1, horizon: int = 100) -> Problem:
    """The worst smooth function for gradient descent (Abbaszadehpeivasti, de Klerk & Zamani 2022).

    f(x) = Σᵢ φ(xᵢ), φ = ∫φ′ with φ′(y) = y up to 1, then K teeth from 1 down to ½ and up again, then 1; L = 1. From x0ᵢ
    = K+1, K = `horizon`, GD with α = 1/L meets φ′ = 1 at its first K+1 iterates and the minimiser next, so min_{j≤K}
    ‖∇f_j‖² = 4LΔ/(3K+2), which is the upper bound, with Δ = f(x0) = n(3K/4 + ½). Lengths and slopes are not scaled: all
    of GD's arithmetic is then exact, and it has to be, as every tooth doubles an error. tr ∇²f ≤ n. Raises ValueError
    where an argument is out of range.
    """
    _check(dim, horizon=horizon)

    def f(x: Vector) -> Scalar:
        beyond = jnp.clip(x - 1, 0, horizon)  # along the teeth, each of length 1 and area 3/4
        tooth = jnp.minimum(jnp.floor(beyond), horizon - 1)
        s = beyond - tooth
        area = jnp.where(s < 0.5, s - s**2 / 2, 0.125 + s / 2 + (s - 0.5) ** 2 / 2)
        end = jnp.minimum(x, 1)
        return jnp.sum(end**2 / 2 + 0.75 * tooth + area + jnp.maximum(x - 1 - horizon, 0))

    x0 = np.full(dim, horizon + 1.0)
    return Problem(f=f, x0=x0, f_star=0.0, x_star=np.zeros(dim), L=1.0, hessian_trace=float(dim))


def powers(dim: int = 64, power: int = 4) -> Problem:
    """Powers xᵖ/p on a box: convex, and so flat at the minimum that f_k ~ k^(−p/(p−2)).

    f(x) = (1/n) Σᵢ tᵢᵖ/p, t = √n x, on the box |tᵢ| ≤ 1, from its corner tᵢ = 1; p = `power` even, L = p−1. f_k ~
    k^(−p/(p−2)) under GD, −2 for p = 4 and −1.25 for p = 10. Beyond the box a term goes on as the parabola that touches
    it, so that L holds everywhere. f* = 0, x* = 0, R = 1, tr ∇²f ≤ n(p−1). Raises ValueError where an argument is out
    of range.
    """
    _check(dim)
    if not (isinstance(power, int) and power >= 4 and power % 2 == 0):
        raise ValueError(f"problem.power={power}: the power is an even whole number from 4 on")

    def terms(x: Vector) -> Vector:
        t = dim**0.5 * x
        inside = jnp.clip(t, -1, 1)
        rest = t - inside
        parabola = inside ** (power - 1) * rest + (power - 1) / 2 * rest**2
        return (inside**power / power + parabola) / dim

    L = power - 1.0
    x0 = np.full(dim, dim**-0.5)
    return Problem(separable(terms), x0, f_star=0.0, x_star=np.zeros(dim), L=L, hessian_trace=dim * L)


def tails(dim: int = 64, power: float = 0.1) -> Problem:
    """Tails (1 + x²)^(−q/2): not convex, the minimum lies at infinity.

    f(x) = (1/n) Σᵢ (1 + tᵢ²)^(−q/2), t = √n x, from tᵢ = 1, q = `power`, f* = 0. Convex only where |t| > 1/√(q+1).
    ‖∇f_k‖² ~ k^(−(2q+2)/(q+2)) under GD with α = 1/L, L = q: −1.5 for q = 2, −1.048 for 0.1, towards −1 for q → 0. tr
    ∇²f ≤ nq. Raises ValueError where an argument is out of range.
    """
    _check(dim)
    if not (isinstance(power, int | float) and 0 < power < np.inf):
        raise ValueError(f"problem.power={power}: how fast the tails fall is a positive number, such as 0.1")
    return Problem(
        f=separable(lambda x: (1 + dim * x**2) ** (-power / 2) / dim),
        x0=np.full(dim, dim**-0.5),
        f_star=0.0,
        L=float(power),
        hessian_trace=float(dim * power),
    )


def tridiagonal(dim: int = 64) -> Problem:
    """The quadratic that is hard for every first-order method (Nesterov 2018, section 2.1.2).

    f(x) = ¼(xᵀAx/2 − x₁) from 0, A = tridiag(−1, 2, −1). x*ᵢ = 1 − i/(n+1), f* = (−1 + 1/(n+1))/8; eigenvalues ½(1 −
    cos(πj/(n+1))), all below 1. f_k − f* ~ k^(−1/2) for k ≪ n², not 1/k, as R² ≈ n/3 grows: use it for acceleration,
    not for slopes. Raises ValueError for a bad dim.
    """
    _check(dim)
    i = np.arange(1, dim + 1)
    x_star = 1 - i / (dim + 1)
    eigenvalue = np.sin(np.pi * i / (2 * (dim + 1))) ** 2
    vector = np.sqrt(2 / (dim + 1)) * np.sin(np.pi * np.outer(i, i) / (dim + 1))  # symmetric

    def f(x: Vector) -> Scalar:
        steps = jnp.diff(x, prepend=0, append=0)
        return (jnp.sum(steps**2) / 2 - x[0]) / 4

    return Problem(
        f=f,
        x0=np.zeros(dim),
        f_star=(-1 + 1 / (dim + 1)) / 8,
        x_star=x_star,
        L=float(eigenvalue[-1]),
        mu=float(eigenvalue[0]),
        hessian_trace=dim / 2,
        modes=Modes(eigenvalue, (vector @ x_star) ** 2, axes=dim == 1),
    )


def chain(dim: int = 64) -> Problem:
    """A chain that shows one coordinate after the other: not convex (Carmon, Duchi, Hinder & Sidford 2020).

    f(x) = −Ψ(1)Φ(x₁) + Σᵢ₌₂ⁿ [Ψ(−xᵢ₋₁)Φ(−xᵢ) − Ψ(xᵢ₋₁)Φ(xᵢ)] from 0.
    Ψ(x) = exp(1 − 1/(2x−1)²) for x > ½, else 0; Φ(x) = √e ∫₋∞ˣ exp(−t²/2) dt. A coordinate tells of the next one only
    when it has left [−½, ½], and ‖∇f‖ > 1 until |xᵢ| ≥ 1 for all i: a first-order method needs n steps to see a small
    gradient. L ≤ 152 and f(x0) − inf f ≤ 12n, their constants; the infimum itself is not given. tr ∇²f ≤ 152 n.
    Raises ValueError for a bad dim.
    """
    _check(dim)

    def f(x: Vector) -> Scalar:
        before = jnp.concatenate([jnp.ones(1, x.dtype), x[:-1]])
        return jnp.sum(_gate(-before) * _bell_area(-x) - _gate(before) * _bell_area(x))

    return Problem(f=f, x0=np.zeros(dim), L=152.0, hessian_trace=152.0 * dim)


def _gate(x: Vector) -> Vector:
    """Ψ. Below z = 2x − 1 = 0.03 it is less than exp(−1110), 0 in float64, and its derivatives would overflow."""
    z = 2 * x - 1
    is_open = z > 0.03
    return jnp.where(is_open, jnp.exp(1 - jnp.where(is_open, z, 1) ** -2), 0)


def _bell_area(x: Vector) -> Vector:
    return float(np.sqrt(2 * np.pi * np.e)) * jax.scipy.special.ndtr(x)


def _check(dim: int, **counts: int) -> None:
    if not (isinstance(dim, int) and dim >= 1):
        raise ValueError(f"problem.dim={dim}: the dimension is a whole number from 1 on")
    for name, value in counts.items():
        if not (isinstance(value, int) and value >= 1):
            raise ValueError(f"problem.{name}={value}: the number of steps it is worst for is a whole number from 1 on")
