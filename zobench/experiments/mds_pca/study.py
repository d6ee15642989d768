"""Is a map from distances connected with principal components? Three maps of the same points, and how they differ."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray
from scipy.linalg import orthogonal_procrustes

from zobench.problems.maps import Cities, check, classical_scaling, distances, minimiser, true_map


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
        draw = [(i, j) for i in range(len(noise)) for j in range(draws)]
        squares = [blurred(d, noise[i], np.random.default_rng([seed, i, j])) ** 2 for i, j in draw]
        maps = [two_maps(squared, true) for squared in squares]
        found = {"off": [between(*pair, true) for pair in maps]}
        for name, loss in (("strain", strain), ("stress", relative_stress)):
            found[name] = [[loss(w, squared) for w in pair] for pair, squared in zip(maps, squares, strict=True)]
        arrays = {"noise": np.array(noise)}
        arrays |= {name: np.reshape(values, (len(noise), draws, -1)) for name, values in found.items()}
        arrays |= {"classical": maps[0][0], "minimiser": maps[0][1], "true": true}
        eigenvalue = np.linalg.eigvalsh(gram(d**2))[::-1]
        share = float(eigenvalue[:embedding].sum() / abs(eigenvalue).sum())
        about = {"cities": cities, "points": len(d), "embedding": embedding, "share": share}
        return arrays, about | as_printed(d, true)

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


def between(classical: ndarray, minimum: ndarray, true: ndarray) -> list[float]:
    """Misfits: classical and principal components, minimum and classical, either and the true map."""
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
    starts = [classical_scaling(d**2, true.shape[1]), true]
    printed, right = (minimiser(target, "sstress", starts) for target in (d, d**2))
    return {
        "printed_stress": relative_stress(printed, d),
        "printed_misfit": misfit(printed, true),
        "printed_shape": misfit(printed, true, scaled=True),
        "squared_stress": relative_stress(right, d**2),
        "squared_misfit": misfit(right, true),
    }
