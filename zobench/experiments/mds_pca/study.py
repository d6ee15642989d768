"""Is a map from distances connected with principal components? Three maps of the same points, and how they differ."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray
from scipy.linalg import orthogonal_procrustes

from zobench.problems.maps import Cities, check, classical_scaling, distances, minimiser, true_map

PAIRS = ("classical and PCA", "s-stress and classical", "classical and true", "s-stress and true")


def mds_pca(
    cities: Cities, points: int | None, embedding: int, noise: Sequence[float], draws: int, seed: int
) -> Callable[[], tuple[dict[str, ndarray], dict[str, Any]]]:
    """The study of one set of points, with relative `noise` on their distances (0: as they are), `draws` of each.

    d̃ᵢⱼ = dᵢⱼ |1 + noise·z|, z ~ N(0, 1) for each pair. Raises ValueError for a noise below 0 and for too few points.
    """
    if not all(level >= 0 for level in noise) or draws < 1:
        raise ValueError(f"noise={list(noise)}: relative errors of the distances are 0 or more, drawn at least once")
    check(cities, points, embedding)

    def measure() -> tuple[dict[str, ndarray], dict[str, Any]]:
        true = true_map(cities, points, embedding, seed)[1]
        d = distances(cities, points, embedding, seed)
        true, d = true / d.max(), d / d.max()
        off = np.empty((len(noise), draws, len(PAIRS)))
        strains, stresses = (np.empty((len(noise), draws, 2)) for _ in range(2))
        for i, level in enumerate(noise):
            for j in range(draws):
                squared = blurred(d, level, np.random.default_rng([seed, i, j])) ** 2
                maps = two_maps(squared, true)
                off[i, j] = _between(*maps, true)
                strains[i, j] = [strain(w, squared) for w in maps]
                stresses[i, j] = [relative_stress(w, squared) for w in maps]
                if i == j == 0:
                    first = {"classical": maps[0], "minimiser": maps[1], "true": true}
        plain = as_printed(d, true)
        arrays = {"noise": np.array(noise), "off": off, "strain": strains, "stress": stresses, **first}
        eigenvalue = np.linalg.eigvalsh(gram(d**2))[::-1]
        share = float(eigenvalue[:embedding].sum() / abs(eigenvalue).sum())
        return arrays, {"cities": cities, "points": len(d), "embedding": embedding, "share": share, **plain}

    return measure


def blurred(d: ndarray, level: float, random: np.random.Generator) -> ndarray:
    """Distances with relative normal errors, the same both ways."""
    z = np.triu(random.standard_normal(d.shape), 1)
    return d * abs(1 + level * (z + z.T))


def two_maps(squared: ndarray, true: ndarray) -> tuple[ndarray, ndarray]:
    """Classical scaling, and the minimiser of s-stress: the best from the true places, blurred, and from two at random.

    Classical scaling is no start, so that the two agree only where they must.
    """
    random = np.random.default_rng(0)
    starts = [true + scale * random.standard_normal(true.shape) for scale in (0.1, 0.5, 0.5)]
    return classical_scaling(squared, true.shape[1]), minimiser(squared, "sstress", starts)


def _between(classical: ndarray, minimum: ndarray, true: ndarray) -> list[float]:
    pairs = ((minimum, classical), (classical, true), (minimum, true))
    return [by_signs(classical, components(true)), *(misfit(*pair) for pair in pairs)]


def components(points: ndarray) -> ndarray:
    """Principal component scores: centred points in the axes of their covariance, largest variance first (by SVD)."""
    left, size, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    return left * size


def by_signs(found: ndarray, scores: ndarray) -> float:
    """‖XS − Y‖_F/‖Y‖_F, S the signs of the columns, which an eigenvector leaves open: the same axes, no isometry."""
    return float(np.linalg.norm(found * np.sign(np.sum(found * scores, axis=0)) - scores) / np.linalg.norm(scores))


def misfit(found: ndarray, true: ndarray, *, scaled: bool = False) -> float:
    """min ‖aXR − Y‖_F/‖Y‖_F over isometries R of centred maps, a = 1 or the best one (Schönemann 1966)."""
    x, y = found - found.mean(axis=0), true - true.mean(axis=0)
    turn, total = orthogonal_procrustes(x, y)
    factor = total / np.sum(x * x) if scaled else 1.0
    return float(np.linalg.norm(factor * x @ turn - y) / np.linalg.norm(y))


def gram(squared: ndarray) -> ndarray:
    """−½JDJ, J = I − 11ᵀ/N."""
    centre = np.eye(len(squared)) - 1 / len(squared)
    return -0.5 * centre @ squared @ centre


def strain(w: ndarray, squared: ndarray) -> float:
    """‖−½JDJ − WWᵀ‖_F/‖−½JDJ‖_F: what classical scaling minimises."""
    whole, w = gram(squared), w - w.mean(axis=0)
    return float(np.linalg.norm(whole - w @ w.T) / np.linalg.norm(whole))


def relative_stress(w: ndarray, squared: ndarray) -> float:
    """√(Σ(‖Wᵢ−Wⱼ‖² − D)²/ΣD²): s-stress without its unit."""
    apart = np.sum((w[:, None] - w) ** 2, axis=2)
    return float(np.linalg.norm(apart - squared) / np.linalg.norm(squared))


def as_printed(d: ndarray, true: ndarray) -> dict[str, float]:
    """s-stress against d, as the lecture prints it, and against d²: least values and how wrong the shape is."""
    printed, right = (
        minimiser(target, "sstress", [classical_scaling(d**2, true.shape[1]), true]) for target in (d, d**2)
    )
    return {
        "printed_stress": relative_stress(printed, d),
        "printed_misfit": misfit(printed, true),
        "printed_shape": misfit(printed, true, scaled=True),
        "squared_stress": relative_stress(right, d**2),
        "squared_misfit": misfit(right, true),
    }
