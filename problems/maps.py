"""Multidimensional scaling: put N points where their distances are as given. Not convex; a map from a mileage table."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, eigsh

from zobench.problems.cities import EUROPE, USA, great_circle, plane
from zobench.problems.distance_tables import Table, filled, table
from zobench.problems.pairs import LEAST, sum_over_pairs
from zobench.types import Problem

Cities = Literal["europe", "usa", "synthetic"]
Stress = Literal["sstress", "stress"]
Start = Literal["uniform", "classical"]
Points = Float[ndarray, "N p"]
Pairs = Float[ndarray, "N N"]
ROUNDING = 1e-20  # a stress below it is that of exact data
WHOLE = 600  # n up to which the Hessian is made whole
BUILT_IN = {"europe": EUROPE, "usa": USA}


def mds(
    cities: Cities = "europe",
    points: int | None = None,
    embedding: int = 2,
    stress: Stress = "sstress",
    squared: bool = True,
    start: Start = "uniform",
    seed: int = 42,
    distances: Any = None,
    weights: Any = None,
    labels: Any = None,
) -> Problem:
    """Points W from distances d, x = W row by row; sums over ordered pairs. A value costs N²p.

    `stress`: sstress Σᵢⱼ (‖Wᵢ−Wⱼ‖² − Dᵢⱼ)² (Takane, Young & de Leeuw 1977) with D = d², or d where squared=false: the
    lecture's formula as printed, whose minimum is positive even for exact data; stress Σᵢⱼ (‖Wᵢ−Wⱼ‖ − dᵢⱼ)².
    `cities`: great-circle distances of the first `points` cities, or (synthetic) distances of standard normal points
    in `embedding` dimensions drawn by `seed`, 34 where points is null; over the largest of them.
    `distances` of one's own in place of cities: a table as distance_tables.table reads it, with `weights` wᵢⱼ ≥ 0 of
    the terms; what is not known is not fitted. `labels` name the points in the map.
    `start`: uniform in [0, 1]ᵖ from NumPy's RandomState(`seed`), or classical scaling.

    f* is 0 for exact data, else the lower of two local searches (from x0 and from classical scaling): a reference, not
    a certificate. x* is not given, as isometries make families of minimisers; `minimiser` finds one.
    L of stress is 4N, or 4 λ_max(Lap(w)): the largest Hessian eigenvalue at every W, so 1/L is Guttman's majorising
    step; it has kinks where points meet. s-stress has no global L: L and the trace are the larger of their values at x0
    and at the minimiser, local constants. Those of the minimiser alone are 2.1 and 3.2 times smaller at 34 cities; the
    trace-aware step made of them diverges.
    Raises ValueError where an argument is out of range.
    """
    own = None if distances is None else table(distances, weights, labels, points)
    check(cities, points, embedding, stress, squared, start, own)
    if own is None and not (weights is None and labels is None):
        raise ValueError(f"{'labels' if weights is None else 'weights'}: of distances of your own; give distances too")
    d = _between(cities, points, embedding, seed) if own is None else filled(own)
    weight = own.weight if own and (own.weight + np.eye(len(d)) != 1).any() else None
    target = (d / (d.max() if own is None else own.d.max())) ** (2 if stress == "sstress" and squared else 1)
    classical = classical_scaling(target if stress == "sstress" else target**2, embedding)
    first = np.random.RandomState(seed).rand(len(d), embedding) if start == "uniform" else classical
    exact = _value(classical, target, stress, weight) < ROUNDING
    last = classical if exact else minimiser(target, stress, [classical, first], weight)
    ends = [curvature(w, target, stress, weight) for w in (first, last)]
    bound = 4.0 * len(d) if weight is None else 4 * float(np.linalg.eigvalsh(_laplacian(weight, np.eye(len(d))))[-1])
    return Problem(
        f=_objective(target, stress, embedding, weight),
        x0=first.ravel(),
        f_star=0.0 if exact else _value(last, target, stress, weight),
        L=bound if stress == "stress" else max(end[0] for end in ends),
        hessian_trace=max(end[1] for end in ends),
        local=True,
    )


def distances(cities: Cities, points: int | None, embedding: int = 2, seed: int = 42) -> Pairs:
    """Distances between the points, in km for cities: on the sphere, hence not exactly those of any plane map."""
    return _between(cities, points, embedding, seed)


def _between(cities: Cities, points: int | None, embedding: int, seed: int) -> Pairs:
    if cities == "synthetic":
        return np.sqrt(_squared_distances(_synthetic(points, embedding, seed)))
    return great_circle(np.array([city[1:] for city in BUILT_IN[cities][:points]]))


def true_map(cities: Cities, points: int | None, embedding: int = 2, seed: int = 42) -> tuple[list[str], Points]:
    """Names, and where the points are in the unit of `distances`: for cities east and north in km, `cities.plane`."""
    if cities == "synthetic":
        where = _synthetic(points, embedding, seed)
        return [str(i + 1) for i in range(len(where))], where
    chosen = BUILT_IN[cities][:points]
    return [city[0] for city in chosen], plane(np.array([city[1:] for city in chosen]))


def classical_scaling(target: Pairs, embedding: int) -> Points:
    """Classical scaling (Torgerson 1952; Gower 1966) of squared distances.

    The leading eigenpairs of −½JDJ, J = I − 11ᵀ/N: principal components of the points where D is
    Euclidean. It minimises ‖Gram − WWᵀ‖, not the stress.
    """
    centre = np.eye(len(target)) - 1 / len(target)
    eigenvalue, vector = np.linalg.eigh(-0.5 * centre @ target @ centre)
    return (vector * np.sqrt(np.maximum(eigenvalue, 0)))[:, ::-1][:, :embedding]


def minimiser(target: Pairs, stress: Stress, starts: Sequence[Points], weight: Pairs | None = None) -> Points:
    """The best of local searches (L-BFGS-B on the closed-form gradient) from `starts`, to rounding."""
    shape = starts[0].shape

    def value_and_gradient(x):
        w = x.reshape(shape)
        return _value(w, target, stress, weight), gradient(w, target, stress, weight).ravel()

    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 0.0, "gtol": 1e-12, "maxcor": 30}
    found = [minimize(value_and_gradient, w.ravel(), jac=True, method="L-BFGS-B", options=options) for w in starts]
    return min(found, key=lambda result: result.fun).x.reshape(shape)


def gradient(w: Points, target: Pairs, stress: Stress, weight: Pairs | None = None) -> Points:
    """∇f = 4 Lap(φ′) W, f = Σᵢⱼ φ(‖Wᵢ−Wⱼ‖²), Lap(a) = diag(a1) − a; 8 Lap(δ) W for s-stress with δ = ‖Wᵢ−Wⱼ‖² − D."""
    return 4 * _laplacian(_terms(_squared_distances(w), target, stress, weight)[1], w)


def hessian(w: Points, target: Pairs, stress: Stress, weight: Pairs | None = None) -> Float[ndarray, "n n"]:
    """∇²f(W), n = Np: the block of i ≠ j is −Bᵢⱼ = −(4φ′I + 8φ″zzᵀ), z = Wᵢ−Wⱼ, that of i is Σⱼ Bᵢⱼ."""
    _, slope, bend = _terms(_squared_distances(w), target, stress, weight)
    z = w.T[:, :, None] - w.T[:, None, :]  # [p, N, N]
    block = np.einsum("ij,aij,bij->iajb", 8 * bend, z, z)
    for a in range(w.shape[1]):
        block[:, a, :, a] += 4 * slope
    i = np.arange(len(w))
    whole = -block
    whole[i, :, i, :] += block.sum(axis=2)
    return whole.reshape(w.size, w.size)


def curvature(w: Points, target: Pairs, stress: Stress, weight: Pairs | None = None) -> tuple[float, float]:
    """λ_max(∇²f(W)) and tr ∇²f(W) = Σᵢⱼ (4pφ′ + 8φ″sᵢⱼ).

    From the whole matrix up to n = 600; above it Lanczos (ARPACK) on ∇²f·V, which is 4 Lap(φ′)V + 4 Lap(ψ)W with
    ψᵢⱼ = 2φ″ (Wᵢ−Wⱼ)·(Vᵢ−Vⱼ), O(N²p) a product.
    """
    s = _squared_distances(w)
    _, slope, bend = _terms(s, target, stress, weight)
    if w.size <= WHOLE:
        whole = hessian(w, target, stress, weight)
        return float(np.linalg.eigvalsh(whole)[-1]), float(np.trace(whole))

    def product(x: ndarray) -> ndarray:
        v = x.reshape(w.shape)
        across = np.sum(w * v, axis=1)
        change = 2 * bend * (across[:, None] + across - w @ v.T - v @ w.T)
        return 4 * (_laplacian(slope, v) + _laplacian(change, w)).ravel()

    operator = LinearOperator((w.size, w.size), matvec=product, dtype=float)  # pyright: ignore[reportCallIssue]
    start = np.random.default_rng(0).standard_normal(w.size)
    options: Any = {"k": 1, "which": "LA", "tol": 1e-10, "v0": start, "return_eigenvectors": False}
    largest = eigsh(operator, **options)[0]
    return float(largest), float(np.sum(4 * w.shape[1] * slope * (1 - np.eye(len(w))) + 8 * bend * s))


def _objective(target: Pairs, stress: Stress, embedding: int, weight: Pairs | None):
    def term(s, goal, weight=None):
        if stress == "stress":
            apart = s > 0  # √ has no derivative at 0: give it 1 there, and take the result away again
            s = jnp.where(apart, jnp.sqrt(jnp.where(apart, s, 1)), 0)
        return (s - goal) ** 2 if weight is None else weight * (s - goal) ** 2

    tables = [target] if weight is None else [target, weight]
    if len(target) >= LEAST and not target.diagonal().any() and all((table == table.T).all() for table in tables):
        return sum_over_pairs(term, tables)

    def f(x):
        # One column at a time: no [N, N, p] array, and exact zeros on the diagonal, which the Gram form lacks.
        s = sum((column[:, None] - column) ** 2 for column in x.reshape(-1, embedding).T)
        return jnp.sum(term(s, *(jnp.asarray(table, x.dtype) for table in tables)))

    return f


def _terms(s: Pairs, target: Pairs, stress: Stress, weight: Pairs | None = None) -> tuple[Pairs, Pairs, Pairs]:
    """φ, φ′, φ″ at s = ‖Wᵢ−Wⱼ‖², times the weights: (s − D)², or (√s − d)² with φ′ = φ″ = 0 at s = 0."""
    if weight is not None:
        value, slope, bend = _terms(s, target, stress)
        return weight * value, weight * slope, weight * bend
    if stress == "sstress":
        return (s - target) ** 2, 2 * (s - target), np.full_like(s, 2)
    d = np.sqrt(s)
    ratio = np.divide(target, d, out=np.ones_like(d), where=d > 0)
    return (d - target) ** 2, 1 - ratio, np.divide(ratio, 2 * s, out=np.zeros_like(s), where=s > 0)


def _value(w: Points, target: Pairs, stress: Stress, weight: Pairs | None = None) -> float:
    return float(_terms(_squared_distances(w), target, stress, weight)[0].sum())


def _laplacian(a: Pairs, w: Points) -> Points:
    return a.sum(axis=1)[:, None] * w - a @ w


def _squared_distances(w: Points) -> Pairs:
    return sum(((column[:, None] - column) ** 2 for column in w.T), np.zeros((len(w), len(w))))


def _synthetic(points: int | None, embedding: int, seed: int) -> Points:
    return np.random.default_rng(seed).standard_normal((34 if points is None else points, embedding))


def check(
    cities: Cities,
    points: int | None,
    embedding: int = 2,
    stress: Stress = "sstress",
    squared: bool = True,
    start: Start = "uniform",
    own: Table | None = None,
) -> None:
    """Refuse arguments of `mds` that are out of range, before anything is computed. Raises ValueError."""
    for name, given, kinds in (("cities", cities, Cities), ("stress", stress, Stress), ("start", start, Start)):
        if given not in get_args(kinds):
            raise ValueError(f"{name}={given}: there are {', '.join(get_args(kinds))}")
    if stress == "stress" and not squared:
        raise ValueError("squared=false: only s-stress can hold plain distances; drop it, or use stress=sstress")
    if not (isinstance(embedding, int) and embedding >= 1):
        raise ValueError(f"embedding={embedding}: the dimension of the map is a whole number from 1 on")
    known = len(own.d) if own else len(BUILT_IN.get(cities, ())) or 34
    if own is None and cities != "synthetic" and isinstance(points, int) and points > known:
        place = {"europe": "Europe", "usa": "the USA"}[cities]
        raise ValueError(
            f"points={points}: {place} has {known} cities; use points <= {known}, or cities=synthetic for any count"
        )
    if points is not None and not (isinstance(points, int) and points > embedding):
        raise ValueError(f"points={points}: embedding={embedding} needs at least {embedding + 1} points")
    if (own or points is None) and embedding >= known:
        raise ValueError(f"embedding={embedding}: {known} points span at most {known - 1} dimensions")
