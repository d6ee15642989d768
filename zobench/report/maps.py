"""Maps that were found, laid on the true ones."""

from numpy import ndarray
from scipy.linalg import orthogonal_procrustes


def aligned(found: ndarray, true: ndarray) -> ndarray:
    """`found` shifted, turned and mirrored on to `true` (orthogonal Procrustes, Schönemann 1966); never scaled."""
    centred = found - found.mean(axis=0)
    turn, _ = orthogonal_procrustes(centred, true - true.mean(axis=0))
    return centred @ turn + true.mean(axis=0)
