"""The usual suspects: named test functions at any dimension, with their minimisers."""

from collections.abc import Callable, Sequence
from math import e, isfinite, nan, pi
from typing import Literal, NamedTuple, get_args

import jax.numpy as jnp
import numpy as np

from zobench.types import Modes, Problem, Scalar, Vector

Name = Literal[
    "sphere",
    "ellipsoid",
    "cigar",
    "discus",
    "lecture",
    "rosenbrock",
    "dixon_price",
    "zakharov",
    "styblinski_tang",
    "rastrigin",
    "ackley",
    "griewank",
    "levy",
    "schwefel",
]


class Landscape(NamedTuple):
    """f, its start (repeated along the coordinates), its minimiser at n, its minimum at n, and a global L."""

    f: Callable[[Vector], Scalar]
    start: tuple[float, ...]
    x_star: Callable[[int], np.ndarray] = np.zeros
    f_star: Callable[[int], float] = lambda n: 0.0
    L: float = nan


def landscape(
    name: Name = "rosenbrock", dim: int = 2, start: Sequence[float] | None = None, condition: float = 1e6
) -> Problem:
    """The usual test functions by name: Rosenbrock, Rastrigin, Ackley and eleven more.

    wᵢ = 1 + (xᵢ−1)/4, c = `condition`, sums over i = 1 ... n.

    name             f                                                   x0            x*, f* = 0 unless given
    sphere           Σ xᵢ²                                               1             0
    ellipsoid        Σ c^((i−1)/(n−1)) xᵢ²                               1             0
    cigar, discus    x₁² + c Σᵢ₌₂ xᵢ²,   c x₁² + Σᵢ₌₂ xᵢ²                1             0
    lecture          x₁² + 3x₂² + 2x₁x₂, n = 2 only                      4             0
    rosenbrock       Σᵢ₌₁ⁿ⁻¹ 100(xᵢ₊₁−xᵢ²)² + (1−xᵢ)²                    −1.2, 1, ...  1
    dixon_price      (x₁−1)² + Σᵢ₌₂ i(2xᵢ²−xᵢ₋₁)²                        2, 1, ...     2^(2^(1−i) − 1)
    zakharov         s₂ + s₁² + s₁⁴, s₂ = Σ xᵢ², s₁ = Σ i xᵢ/2           1, −1, ...    0
    styblinski_tang  ½ Σ xᵢ⁴ − 16xᵢ² + 5xᵢ                               0             −2.9035, f* = −39.166 n
    rastrigin        10n + Σ xᵢ² − 10 cos 2πxᵢ                           2.7, −1.7     0
    ackley           20 − 20 exp(−0.2 √(Σxᵢ²/n)) + e − exp(Σ cos(2πxᵢ)/n)  7.3, −4.6    0
    griewank         1 + Σ xᵢ²/4000 − Π cos(xᵢ/√i)                       90, −70       0
    levy             sin²πw₁ + Σᵢ₌₁ⁿ⁻¹ (wᵢ−1)²(1+10 sin²(πwᵢ+1))         −6, 5         1
                     + (wₙ−1)²(1+sin²2πwₙ)
    schwefel         418.98 n − Σ xᵢ sin √|xᵢ| (2.26)                    200, −100     420.9687

    `start`: other values for x0, repeated along the coordinates. The quadratics (the first five) have L, mu, tr ∇²f and
    modes, rastrigin has L = 2 + 40π². x* is one of two for dixon_price (±xₙ). Ackley is a cone at x*; the gradient
    there is given as 0. Schwefel goes on as a parabola outside [−500, 500]ⁿ, where the formula has no lower bound, and
    has no second derivative at xᵢ = 0. Sources: Surjanovic & Bingham, Virtual Library of Simulation Experiments; Hansen
    et al., COCO (2009). Raises ValueError where an argument is out of range.
    """
    _check(name, dim, start, condition)
    if name in ("sphere", "ellipsoid", "cigar", "discus", "lecture"):
        return _quadratic(
            _hessian(name, dim, condition), _repeat(start or ((4.0,) if name == "lecture" else (1.0,)), dim)
        )
    it = KNOWN[name]
    return Problem(
        f=it.f,
        x0=_repeat(start or it.start, dim),
        f_star=it.f_star(dim),
        x_star=it.x_star(dim),
        L=it.L,
        hessian_trace=dim * it.L,
    )


def _repeat(pattern: Sequence[float], n: int) -> np.ndarray:
    return np.resize(np.asarray(pattern, float), n)


def _hessian(name: Name, n: int, c: float) -> np.ndarray:
    """∇²f, of shape [n] where it is diagonal."""
    if name == "lecture":
        return np.array([[2.0, 2.0], [2.0, 6.0]])
    share = np.arange(n) / max(n - 1, 1)
    first = np.arange(n) == 0
    weight = {"ellipsoid": c**share, "cigar": np.where(first, 1, c), "discus": np.where(first, c, 1)}
    return 2 * weight.get(name, np.ones(n))


def _quadratic(hessian: np.ndarray, x0: np.ndarray) -> Problem:
    axes = hessian.ndim == 1
    eigenvalue, vector = (hessian, np.eye(len(hessian))) if axes else np.linalg.eigh(hessian)

    def f(x: Vector) -> Scalar:
        h = jnp.asarray(hessian, x.dtype)
        return 0.5 * jnp.sum(h * x**2) if axes else 0.5 * x @ (h @ x)

    return Problem(
        f=f,
        x0=x0,
        f_star=0.0,
        x_star=np.zeros(len(x0)),
        L=float(eigenvalue.max()),
        mu=float(eigenvalue.min()),
        hessian_trace=float(eigenvalue.sum()),
        modes=Modes(eigenvalue, (x0 @ vector) ** 2, axes),
    )


def _rosenbrock(x: Vector) -> Scalar:
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _dixon_price(x: Vector) -> Scalar:
    i = jnp.arange(2, x.size + 1)
    return (x[0] - 1) ** 2 + jnp.sum(i * (2 * x[1:] ** 2 - x[:-1]) ** 2)


def _zakharov(x: Vector) -> Scalar:
    s1 = jnp.sum(jnp.arange(1, x.size + 1) * x) / 2
    return jnp.sum(x**2) + s1**2 + s1**4


def _rastrigin(x: Vector) -> Scalar:
    return jnp.sum(x**2 + 20 * jnp.sin(pi * x) ** 2)  # 1 − cos 2a = 2 sin² a keeps the digits of f − f*


def _ackley(x: Vector) -> Scalar:
    square = jnp.mean(x**2)
    apart = square > 0
    radius = jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1)), 0)  # √ has no derivative at 0
    waves = jnp.mean(-2 * jnp.sin(pi * x) ** 2)
    return -20 * jnp.expm1(-0.2 * radius) - e * jnp.expm1(waves)


def _griewank(x: Vector) -> Scalar:
    return 1 + jnp.sum(x**2) / 4000 - jnp.prod(jnp.cos(x / jnp.sqrt(jnp.arange(1, x.size + 1, dtype=x.dtype))))


def _levy(x: Vector) -> Scalar:
    u = (x - 1) / 4  # w − 1: sin πw = −sin πu, sin 2πw = sin 2πu
    middle = u[:-1] ** 2 * (1 + 10 * jnp.sin(pi * u[:-1] + pi + 1) ** 2)
    return jnp.sin(pi * u[0]) ** 2 + jnp.sum(middle) + u[-1] ** 2 * (1 + jnp.sin(2 * pi * u[-1]) ** 2)


def _schwefel(x: Vector) -> Scalar:
    inside = jnp.clip(x, -500, 500)
    rest = x - inside
    size = jnp.abs(inside)
    root = jnp.sqrt(jnp.where(size > 0, size, 1))
    wave = jnp.where(size > 0, inside * jnp.sin(root), 0)
    edge = float(np.sin(np.sqrt(500)) + np.sqrt(500) / 2 * np.cos(np.sqrt(500)))  # (x sin √|x|)′ at both ends
    return jnp.sum(SCHWEFEL_TOP - wave - edge * rest + rest**2)


def _newton(slope: Callable, bend: Callable, x: float) -> float:
    for _ in range(8):
        x -= slope(x) / bend(x)
    return float(x)


# 4x³ − 32x + 5 = 0, and for the largest x sin √x on [0, 500], s = √x: tan s = −s/2.
STYBLINSKI_TANG = _newton(lambda x: 4 * x**3 - 32 * x + 5, lambda x: 12 * x**2 - 32, -2.9)
SCHWEFEL = _newton(lambda s: np.sin(s) + s / 2 * np.cos(s), lambda s: 1.5 * np.cos(s) - s / 2 * np.sin(s), 20.5) ** 2
SCHWEFEL_TOP = float(SCHWEFEL * np.sin(np.sqrt(SCHWEFEL)))

KNOWN = {
    "rosenbrock": Landscape(_rosenbrock, (-1.2, 1), np.ones),
    "dixon_price": Landscape(_dixon_price, (2, 1), lambda n: 2.0 ** (2.0 ** -np.arange(n) - 1)),
    "zakharov": Landscape(_zakharov, (1, -1)),
    "styblinski_tang": Landscape(
        lambda x: jnp.sum(x**4 - 16 * x**2 + 5 * x) / 2,
        (0.0,),
        lambda n: np.full(n, STYBLINSKI_TANG),
        lambda n: n * (STYBLINSKI_TANG**4 - 16 * STYBLINSKI_TANG**2 + 5 * STYBLINSKI_TANG) / 2,
    ),
    "rastrigin": Landscape(_rastrigin, (2.7, -1.7), L=2 + 40 * pi**2),
    "ackley": Landscape(_ackley, (7.3, -4.6)),
    "griewank": Landscape(_griewank, (90, -70)),
    "levy": Landscape(_levy, (-6, 5), np.ones),
    "schwefel": Landscape(_schwefel, (200, -100), lambda n: np.full(n, SCHWEFEL)),
}


def _check(name: Name, dim: int, start: Sequence[float] | None, condition: float) -> None:
    if name not in get_args(Name):
        raise ValueError(f"problem.name={name}: there are {', '.join(get_args(Name))}")
    least = 2 if name in ("rosenbrock", "lecture") else 1
    if not (isinstance(dim, int) and dim >= least):
        raise ValueError(f"problem.dim={dim}: {name} needs a whole number of at least {least}")
    if name == "lecture" and dim != 2:
        raise ValueError(f"problem.dim={dim}: the lecture's function has two variables; use problem.dim=2")
    if start is not None and not (0 < len(start) <= dim and all(map(isfinite, start))):
        raise ValueError(f"problem.start={start}: from 1 to {dim} numbers, repeated along the coordinates, or null")
    if not (isinstance(condition, int | float) and 1 <= condition < np.inf):
        raise ValueError(f"problem.condition={condition}: largest over smallest curvature is a number from 1 on")
