"""Directions of low rank for parameters that are matrices, which a problem says they are."""

from math import prod
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench import directions
from zobench.around import long_step
from zobench.differences import require_eps, slopes
from zobench.orthogonal_directions import orthogonal
from zobench.subspace_directions import kept_key, require_counts
from zobench.types import Calls, Estimator, Key, Oracle, State, Vector, require_wide


def low_rank(rank: int = 1, keep: int = 1, q: int = 1, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Matrix directions UVᵀ/√r, V the same for `keep` steps (LOZO: Chen et al. 2025; EGGROLL: Sarkar et al. 2025).

    G = (1/q) Σⱼ Dⱼ vⱼ, Dⱼ the central quotient along vⱼ, which has in place of each parameter of shape [a, b] (or of
    more axes, the first against the others) the matrix UVᵀ/√r, entries of U [a, r] and V [b, r] from N(0, 1), and
    normals elsewhere; `Problem.shapes` says which parameters are matrices. E G = g. For x one matrix and keep = 1,
    exactly, E‖G‖² = (1 + (ab + 1 + 2(a+b+1)/r)/q)‖g‖²; of several, at most that with the sum n of all ab and the
    largest a+b: no factor of n alone, and none is declared. LOZO's program has UVᵀ without 1/r, which is in its step.
    "Enhancing zeroth-order fine-tuning for language models with low-rank structures", ICLR 2025, arXiv:2410.07698;
    "Evolution strategies at the hyperscale", arXiv:2511.16652, which keeps nothing; the moments are ours.

    Asks 2q values a step. Raises ValueError for rank, keep or q < 1, for eps as `two_point`.

    >>> low_rank(q=2).calls(10).value
    4
    """
    require_eps(eps, noise)
    require_counts(rank=rank, keep=keep, q=q)

    def direction(key: Key, shapes: Any, dtype: Any, j: int) -> Vector:
        free = _parts(key._replace(call=j), [a * rank if b else a for a, b in shapes])
        kept = _parts(_further(kept_key(key, keep), j), [b * rank for _, b in shapes])
        pairs = zip(shapes, free, kept, strict=True)
        parts = [(u.reshape(a, rank) @ v.reshape(b, rank).T).ravel() / rank**0.5 if b else u for (a, b), u, v in pairs]
        return jnp.concatenate(parts).astype(dtype)

    return _estimator(direction, q, eps, noise)


def matrix_subspace(
    rank: int = 2, keep: int = 1, q: int = 1, eps: float | None = None, noise: float = 0.0
) -> Estimator:
    """Matrix directions UZVᵀ in subspaces kept for `keep` steps (SubZero: Yu et al., ICCV 2025).

    As `low_rank`, with √(ab)/r UZVᵀ for a matrix [a, b], entries of Z [r, r] from N(0, 1), U [a, r] and V [b, r]
    orthonormal and Haar-distributed; where r is above a or b, that many columns. E G = g. For x one matrix, keep = 1
    and r ≤ a, b, exactly, E‖G‖² = (1 + (ab(1 + 2/r²) − 1)/q)‖g‖², q of them in subspaces of their own; none is
    declared. "Zeroth-order fine-tuning of LLMs in random subspaces", arXiv:2410.08989; the moments are ours.

    Asks 2q values a step; two QRs of each matrix besides. Raises ValueError as `low_rank`.

    >>> matrix_subspace().calls(10).value
    2
    """
    require_eps(eps, noise)
    require_counts(rank=rank, keep=keep, q=q)

    def direction(key: Key, shapes: Any, dtype: Any, j: int) -> Vector:
        require_wide(dtype, "a basis is made by QR, of which there is none of 16-bit numbers")
        ranks = [(min(rank, a), min(rank, b)) for a, b in shapes]
        z = _parts(key._replace(call=j), [r * s if b else a for (a, b), (r, s) in zip(shapes, ranks, strict=True)])
        parts, at = [], kept_key(key, keep)
        for i, ((a, b), (r, s), part) in enumerate(zip(shapes, ranks, z, strict=True)):
            if b:
                u = orthogonal(_further(at, (2 * i * q + j) * rank), a, r, dtype)
                v = orthogonal(_further(at, ((2 * i + 1) * q + j) * rank), b, s, dtype)
                part = (u.T @ part.reshape(r, s).astype(dtype) @ v).ravel() * (a * b / (r * s)) ** 0.5
            parts.append(part)
        return jnp.concatenate(parts).astype(dtype)

    return _estimator(direction, q, eps, noise)


def _estimator(direction: Any, q: int, eps: float | None, noise: float) -> Estimator:
    """Of directions that are drawn where the shapes are known: in the estimate, of the step's key."""

    def estimate(oracle: Oracle, x: Vector, draw: Key, state: State) -> tuple[Vector, State]:
        shapes = [(shape[0], prod(shape[1:])) if len(shape) > 1 else (prod(shape), 0) for shape in oracle.shapes]
        shapes = shapes or [(x.size, 0)]
        v: Float[Array, "q n"] = jnp.stack([direction(draw, shapes, x.dtype, j) for j in range(q)])
        return slopes(oracle, x, v, "central", long_step(eps, "central", x, noise, oracle)) @ v / q, state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=2 * q),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: Key(*(jnp.asarray(part, jnp.uint32) for part in key)),
    )


def _parts(key: Key, sizes: list[int]) -> list[Array]:
    """Standard normals of a key, as many as the sizes say."""
    drawn = directions.gaussian(key, sum(sizes)) if sum(sizes) else jnp.zeros(0, jnp.float32)
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return jnp.split(drawn, ends[:-1])


def _further(key: Key, calls: int) -> Key:
    return key._replace(call=key.call + calls)
