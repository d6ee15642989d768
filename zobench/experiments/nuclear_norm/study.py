"""The nuclear norm R(W) = Σσᵢ: its gradient UVᵀ, where it has one, and what it does to the rank of a solution.

∂R(W) = {U₁V₁ᵀ + Z : U₁ᵀZ = 0, ZV₁ = 0, ‖Z‖₂ ≤ 1}, U₁ and V₁ belonging to σᵢ > 0 (Watson 1992): one matrix where W has
full rank, repeated singular values or not. Completion: min ½‖P(X − M)‖² + λR(X), P keeps the observed entries, solved
by proximal gradient with step 1 (singular value thresholding, Cai, Candès & Shen 2010), accelerated and restarted
(Beck & Teboulle 2009; O'Donoghue & Candès 2015). Controls: λ‖X‖²/2 instead of λR, and subgradient descent on the same.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench.derivatives.fits import require
from zobench.sampling import require_positive
from zobench.types import Scalar

Matrix = Float[Array, "m n"]
RANK = 1e-6  # of ‖P(M)‖₂: singular values below it count as 0


@jax.custom_jvp
def nuclear_norm(w: Matrix) -> Scalar:
    """Σσᵢ(W); its gradient is U₁V₁ᵀ, the element of ∂R of least Frobenius norm. One SVD, O(mn·min(m, n)).

    σᵢ > 0 means σᵢ > max(m, n)·ε·σ₁, as in matrix_rank; at W = 0 the gradient is 0. Finite wherever W is; the second
    derivative is not: it goes through the singular vectors.
    """
    return jnp.sum(jnp.linalg.svd(w, compute_uv=False))


@nuclear_norm.defjvp
def _along(primals, tangents):
    (w,), (dw,) = primals, tangents
    u, s, vt = jnp.linalg.svd(w, full_matrices=False)
    kept = s > max(w.shape) * jnp.finfo(w.dtype).eps * s[0]
    return jnp.sum(s), jnp.vdot((u * kept) @ vt, dw)


WAYS: dict[str, Callable[[Matrix], Scalar]] = {
    "sum of svd(W, compute_uv=False)": lambda w: jnp.sum(jnp.linalg.svd(w, compute_uv=False)),
    "norm(W, 'nuc')": lambda w: jnp.linalg.norm(w, "nuc"),
    "sum of S of svd(W)": lambda w: jnp.sum(jnp.linalg.svd(w, full_matrices=False)[1]),
    "sum of √eigvalsh(WᵀW)": lambda w: jnp.sum(jnp.sqrt(jnp.linalg.eigvalsh(w.T @ w))),
    "nuclear_norm": nuclear_norm,
}


class Point(NamedTuple):
    """A matrix with known singular vectors: W = U diag(s) Vᵀ, U₁ and V₁ those of s > 0."""

    name: str
    w: np.ndarray
    u: np.ndarray
    v: np.ndarray


def points(n: int, random: np.random.Generator) -> list[Point]:
    """Full rank (wide and square), repeated singular values, the identity, rank 1, half of full rank, and 0."""
    u, v, wide = (np.linalg.qr(random.standard_normal((rows, n)))[0] for rows in (n, n, 2 * n))
    half = n // 2
    spread, eye = np.linspace(1, 3, n), np.eye(n)
    return [
        Point("full rank, n × 2n", (u * spread) @ wide.T, u, wide),
        Point("full rank, n × n", (u * spread) @ v.T, u, v),
        Point("all singular values 2", 2 * u @ v.T, u, v),
        Point("W = I", eye, eye, eye),
        Point("rank n/2", (u[:, :half] * spread[:half]) @ v[:, :half].T, u[:, :half], v[:, :half]),
        Point("rank 1", np.outer(u[:, 0], v[:, 0]), u[:, :1], v[:, :1]),
        Point("W = 0", np.zeros((n, n)), u[:, :0], v[:, :0]),
    ]


def judged(gradient: np.ndarray, point: Point) -> tuple[float, float, float]:
    """A gradient G against U₁V₁ᵀ: ‖G − U₁V₁ᵀ‖_F/√rank; its distance from ∂R; and ‖Z‖₂ of its part Z = G − U₁V₁ᵀ.

    The distance is max(‖U₁ᵀZ‖_F, ‖ZV₁‖_F, ‖Z‖₂ − 1, 0). All nan where G has an entry that is no number.
    """
    z = gradient - point.u @ point.v.T
    if not np.isfinite(z).all():
        return np.nan, np.nan, np.nan
    size = float(np.linalg.norm(z, 2))
    outside = max(np.linalg.norm(point.u.T @ z), np.linalg.norm(z @ point.v), size - 1, 0.0)
    return float(np.linalg.norm(z)) / max(1, point.u.shape[1]) ** 0.5, float(outside), size


def nuclear_norm_study(
    n: int, rank: int, observed: float, noise: float, weights: Sequence[float], iterations: int, seed: int = 0
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Gradients of R at delicate matrices, and the completion of an n × n matrix of that rank from a share of entries.

    M = LRᵀ/√rank with Gaussian factors and `noise` times Gaussian noise on what is observed. λ = weight·‖P(M)‖₂, for
    λ ≥ ‖P(M)‖₂ the solution is 0. Raises ValueError where an argument is out of range or the size does not fit.
    """
    if not 1 <= rank < n or not 0 < observed < 1 or iterations < 1:
        raise ValueError(f"n={n}, rank={rank}, observed={observed}: 1 ≤ rank < n, 0 < observed < 1, iterations ≥ 1")
    require_positive("weights", weights)
    require(8 * 20 * n**2 * len(weights), f"n={n}: iterates and their singular vectors")
    return partial(_measure, n, rank, observed, noise, tuple(weights), iterations, seed)


def _measure(n: int, rank: int, observed: float, noise: float, weights: tuple, iterations: int, seed: int):
    random = np.random.default_rng([seed, n])
    cases = points(max(4, n // 4), random)
    ways = [jax.jit(jax.grad(way)) for way in WAYS.values()]
    gradients = np.array([[judged(np.asarray(way(jnp.asarray(case.w))), case) for way in ways] for case in cases])
    fourth = np.array([fourth_powers(case.w) for case in cases])
    truth = random.standard_normal((n, rank)) @ random.standard_normal((rank, n)) / rank**0.5
    mask = random.random((n, n)) < observed
    seen = np.where(mask, truth + noise * random.standard_normal((n, n)), 0.0)
    lambdas = np.array(weights) * np.linalg.norm(seen, 2)
    solve = jax.jit(lambda way, lam: jax.lax.map(lambda one: way(seen, mask, one, iterations), lam), static_argnums=0)
    arrays = {"gradients": gradients, "fourth": fourth, "weights": np.array(weights), "lambdas": lambdas}
    for name, way in SOLVERS.items():
        found = np.asarray(solve(way, jnp.asarray(lambdas)))
        values = np.linalg.svd(found, compute_uv=False)
        arrays |= {f"{name}/values": values, f"{name}/rank": np.sum(values > RANK * np.linalg.norm(seen, 2), axis=1)}
        arrays[f"{name}/error"] = np.array([np.linalg.norm(x - truth) / np.linalg.norm(truth) for x in found])
        residual = [stationarity(x, seen, mask, lam) for x, lam in zip(found, lambdas, strict=True)]
        arrays[f"{name}/residual"] = np.array(residual)
    arrays["truth/values"] = np.linalg.svd(truth, compute_uv=False)
    return arrays, {"n": n, "rank": rank, "ways": list(WAYS), "points": [case.name for case in cases]}


_fourth = jax.jit(jax.grad(lambda w: jnp.sum(jnp.linalg.svd(w, compute_uv=False) ** 4) / 4))


def fourth_powers(w: np.ndarray) -> float:
    """Relative difference of ∇ Σσᵢ⁴/4 = UΣ³Vᵀ by machine, through the singular values, from WWᵀW."""
    truth = w @ w.T @ w
    return float(np.linalg.norm(np.asarray(_fourth(jnp.asarray(w))) - truth) / (np.linalg.norm(truth) or 1))


def shrink(w: Matrix, by: Scalar | float) -> Matrix:
    """Singular value thresholding, the proximal step of by·R: U max(Σ − by, 0) Vᵀ."""
    u, s, vt = jnp.linalg.svd(w, full_matrices=False)
    return (u * jnp.maximum(s - by, 0)) @ vt


def proximal(seen: Matrix, mask: Matrix, weight: Scalar | float, iterations: int) -> Matrix:
    """min ½‖P(X − M)‖² + λR(X) by X₊ = shrink(Y − P(Y − M), λ), Y extrapolated, restarted where Y − X₊ points ahead."""

    def step(state, _):
        x, y, t = state
        new = shrink(jnp.where(mask, seen, y), weight)  # Y − P(Y − M): what was observed, and Y elsewhere
        ahead = jnp.vdot(y - new, new - x) > 0
        t = jnp.where(ahead, 1.0, t)
        after = (1 + jnp.sqrt(1 + 4 * t**2)) / 2
        return (new, new + jnp.where(ahead, 0.0, (t - 1) / after) * (new - x), after), None

    start = jnp.zeros_like(seen)
    return jax.lax.scan(step, (start, start, jnp.ones(())), length=iterations)[0][0]


def subgradient(seen: Matrix, mask: Matrix, weight: Scalar | float, iterations: int) -> Matrix:
    """The same objective by X₊ = X − (P(X − M) + λUVᵀ)/√(k+1), the subgradient that JAX gives; from 0."""

    def objective(x):
        rest = jnp.where(mask, x - seen, 0)
        return jnp.sum(rest**2) / 2 + weight * jnp.sum(jnp.linalg.svd(x, compute_uv=False))

    def step(x, k):
        return x - jax.grad(objective)(x) / jnp.sqrt(k + 1.0), None

    return jax.lax.scan(step, jnp.zeros_like(seen), jnp.arange(iterations))[0]


def frobenius(seen: Matrix, mask: Matrix, weight: Scalar | float, iterations: int) -> Matrix:
    """min ½‖P(X − M)‖² + ½λ‖X‖_F² in closed form: P(M)/(1 + λ), and 0 where nothing was observed."""
    return jnp.where(mask, seen, 0) / (1 + weight)


SOLVERS = {"proximal": proximal, "subgradient": subgradient, "frobenius": frobenius}


def stationarity(x: np.ndarray, seen: np.ndarray, mask: np.ndarray, weight: float) -> float:
    """‖X − shrink(X − P(X − M), λ)‖_F/‖P(M)‖_F: 0 at the minimum of ½‖P(X − M)‖² + λR(X)."""
    stepped = np.asarray(shrink(jnp.where(mask, seen, x), weight))
    return float(np.linalg.norm(x - stepped) / np.linalg.norm(seen))
