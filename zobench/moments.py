"""Exact second moments of estimators made of q random directions: E GGᵀ = A‖g‖² I + C ggᵀ + D diag(gᵢ²)."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from zobench.differences import Quotient, best_eps
from zobench.types import Moment

Direction = Literal["sphere", "gaussian", "rademacher", "coordinate"]


def moment_of(direction: Direction, q: int, orthogonal: bool, n: int) -> Moment:
    """The second moment for exact slopes, by the fourth moments of a direction.

    q independent ones average: M(q) = M(1)/q + (1 − 1/q) ggᵀ. Orthogonal directions are projections onto a
    random subspace (Haar on the Stiefel manifold), or onto q axes without replacement.
    """
    if orthogonal and direction == "sphere":
        if n == 1:
            return Moment(0, 1)
        scale = n / (q * (n - 1) * (n + 2))
        return Moment((n - q) * scale, (q * n + n - 2) * scale)
    if orthogonal:
        pair = n * (q - 1) / (q * (n - 1)) if n > 1 else 0
        return Moment(0, pair, n / q - pair)
    a, c, d = {
        "sphere": (n / (n + 2), 2 * n / (n + 2), 0),
        "gaussian": (1, 2, 0),
        "rademacher": (1, 2, -2),
        "coordinate": (0, 0, n),
    }[direction]
    return Moment(a / q, c / q + 1 - 1 / q, d / q)


def excess_of(
    direction: Direction, q: int, orthogonal: bool, quotient: Quotient, eps: float | None, noise: float
) -> Callable[[np.ndarray], np.ndarray] | None:
    """What the quotient's own error adds to diag E GGᵀ on a quadratic with eigenvalues λ (along the axes, for ±1).

    Central quotients are exact: nothing. Forward: (ε²/4) E (vᵀHv)² vᵢ² c²/q, with E (vᵀHv)² vᵢ² =
    (t² + 2s) + 4tλᵢ + 8λᵢ² for Gaussian v, over n(n+2)(n+4) on the unit sphere, t² for ±1; t = Σλ, s = Σλ². Biased
    (coordinates) or not worked out (orthogonal): None.
    """
    if quotient == "central":
        return np.zeros_like
    if orthogonal or direction == "coordinate":
        return None

    def excess(eigenvalue: np.ndarray) -> np.ndarray:
        n, t, s = eigenvalue.size, eigenvalue.sum(), (eigenvalue**2).sum()
        fourth = (t**2 + 2 * s) + 4 * t * eigenvalue + 8 * eigenvalue**2
        scaled = {
            "sphere": n * fourth / ((n + 2) * (n + 4)),
            "gaussian": fourth,
            "rademacher": np.full(n, t**2),
        }[direction]
        longer = 1.0 if direction == "sphere" else n**0.5
        h = best_eps(quotient, np.float64, noise) / longer if eps is None else eps
        return h**2 / 4 * scaled / q

    return excess


def require_directions(direction: str, q: int, orthogonal: bool, n: int | None = None) -> None:
    """Refuse directions that do not exist: ValueError."""
    known = ("sphere", "gaussian", "rademacher", "coordinate")
    if direction not in known:
        raise ValueError(f"direction={direction}: there are {', '.join(known)}")
    if q < 1:
        raise ValueError(f"q={q}: an estimate needs one direction or more")
    if orthogonal and direction in ("gaussian", "rademacher"):
        raise ValueError(
            f"orthogonal=true, direction={direction}: only sphere and coordinate have orthogonal directions"
        )
    if orthogonal and n is not None and q > n:
        raise ValueError(f"q={q}: there are only n={n} orthogonal directions; use q <= {n}, or orthogonal=false")
