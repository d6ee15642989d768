"""Noisy values and comparisons beside what is possible, search by comparisons alone, one value a step, at one n."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from zobench import sampling
from zobench.experiments.answers import feedback, noisy, search

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]
FIRST, LAST, MARKS = 1 / 8, 16, 22  # of n² steps: when f is read
MOST = 10**5  # steps of a search
FEEDBACK = 250  # times n: steps of a run with one value a step


def answers(
    *,
    dim: int,
    noisy_most: int,
    feedback_most: int,
    varied_at: int,
    sigma: float,
    eps: float,
    start: float,
    latent: int,
    condition: float,
    target: float,
    latents: Sequence[int],
    conditions: Sequence[float],
    steps: Sequence[float],
    radii: Sequence[float],
    gradient: float,
    runs: int,
    searches: int,
    tries: int,
    seed: int,
    dtype: str,
) -> Callable[[], Measured]:
    """The study at n = `dim`: `runs` with noise up to `noisy_most`, `tries` of one value a step up to `feedback_most`.

    Noise: σ, difference step ε, R = `start`. Search: `searches` runs where `latent` of n coordinates act, to `target`,
    and at n = `varied_at` for other `latents` and `conditions`. One value a step: to ‖∇f‖² ≤ `gradient`, the best of
    `steps` times `radii`. Raises ValueError for numbers out of range.
    """
    sampling.require_count("dim", dim, 4)
    for name, count in {"runs": runs, "searches": searches, "tries": tries}.items():
        sampling.require_count(name, count, 8)
    numbers = {"sigma": [sigma], "eps": [eps], "start": [start], "gradient": [gradient], "steps": steps, "radii": radii}
    for name, values in numbers.items():
        sampling.require_positive(name, values)
    sampling.require_count("latent", latent, 2)
    if not 0 < target < 1:
        raise ValueError(f"target={target}: a share of f(x0) between 0 and 1")
    if dtype != "float64":
        raise ValueError(f"dtype={dtype}: that transforms leave every step as it is holds to rounding; use float64")
    noise = (sigma, eps, start, runs) if dim <= noisy_most else None
    one = (steps, radii, gradient, tries) if dim <= feedback_most else None
    varied = (latents, conditions) if dim == varied_at else ((), ())
    return partial(_measure, dim, noise, one, (latent, condition, target, searches), varied, seed)


def _measure(n: int, noise, one, asked, varied, seed: int) -> Measured:
    arrays: dict[str, np.ndarray] = {}
    meta: dict[str, Any] = {"n": n, "latent": asked[0], "condition": asked[1], "target": asked[2]}
    if noise:
        sigma, eps, start, runs = noise
        marks = np.unique(np.geomspace(FIRST * n**2, LAST * n**2, MARKS).round().astype(int))
        arrays["values"] = 2 * marks
        for way in noisy.WAYS:
            arrays[f"f/{way}"], arrays[f"asked/{way}"] = noisy.runs(way, n, sigma, eps, start, marks, runs, seed)
        meta |= {"sigma": sigma, "eps": eps, "start": start}
    if one:
        steps, radii, gradient, tries = one
        found = feedback.tried(n, steps, radii, gradient, tries, FEEDBACK, seed)
        arrays |= {f"feedback/{name}": part for name, part in found.items()}
        meta |= {"steps": list(steps), "radii": list(radii), "gradient": gradient}
    return arrays | _searches(n, asked, varied, seed), meta


def _searches(n: int, asked, varied, seed: int) -> dict[str, np.ndarray]:
    """Values to the target and to its square, [2, runs], by latent dimension, condition number, transform, radii."""
    k, condition, target, count = asked
    seeds, found = seed + np.arange(count), {}
    if k < n:
        for transform in search.TRANSFORMS:
            found[f"search/{k}/{condition:g}/{transform}"] = search.hits(
                n, k, condition, target, transform, seeds, MOST
            )
        found[f"search/{k}/{condition:g}/narrow"] = search.hits(n, k, condition, target, "f", seeds, MOST, wide=False)
    others = [(one, condition) for one in varied[0]] + [(k, one) for one in varied[1]]
    for one, other in others:
        if one < n and f"search/{one}/{other:g}/f" not in found:
            found[f"search/{one}/{other:g}/f"] = search.hits(n, one, other, target, "f", seeds, MOST)
    return found
