"""Directions in a random subspace of few dimensions, which may be kept for some steps."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from zobench import directions
from zobench.differences import Quotient, calls_of, require_eps, require_quotient, slopes, step_of
from zobench.moments import moment_of
from zobench.orthogonal_directions import orthogonal
from zobench.types import Calls, Draw, Estimator, Key, Moment, Oracle, State, Vector, require_wide

CHOICE = 0x00900000  # the calls whose normals choose a subspace: beyond those of directions


def subspace(
    size: int = 4, keep: int = 1, q: int = 1, quotient: Quotient = "central", eps: float | None = None,
    noise: float = 0.0,
) -> Estimator:  # fmt: skip
    """Two-point directions in a random subspace of m = min(size, n) dimensions, the same for `keep` steps.

    G = (n/q) Σⱼ Dⱼ vⱼ, vⱼ uniform on the unit sphere of the span of m Haar-distributed orthonormal vectors (as those
    of Kozak et al. 2021). E G = g and, with M the moment of the sphere and M_m that of m orthogonal directions, exactly
    E GGᵀ = M/q + (1 − 1/q) M_m, E‖G‖² = (n/q + (1 − 1/q)n/m)‖g‖², whatever m at q = 1. For keep > 1 this holds at a
    point that does not depend on the subspace. Subspaces are kept in SubZero (Yu et al., ICCV 2025) and, as blocks, in
    "Elucidating subspace perturbation in zeroth-order optimization", arXiv:2501.19099; the moments are ours.

    Asks 2q values a step (central) or q+1 (forward); a QR of [n, m] besides, kept or not. Raises ValueError for size,
    keep or q < 1, for eps as `two_point`.

    >>> subspace(size=2, q=2).calls(10).value
    4
    """
    require_quotient(quotient, "central", "forward")
    require_eps(eps, noise)
    require_counts(size=size, keep=keep, q=q)

    def draw(key: Key, n: int, dtype: Any) -> tuple[Draw, Float[Array, "m n"]]:
        require_wide(dtype, "a basis is made by QR, of which there is none of 16-bit numbers")
        basis = orthogonal(kept_key(key, keep), n, min(size, n), dtype)
        return directions.gaussian_draw(key, min(size, n), dtype, q, together=1), basis

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        v = directions.unit_rows(draw[0], (q, len(draw[1])), x.dtype) @ draw[1]
        return x.size / q * slopes(oracle, x, v, quotient, step_of(eps, quotient, x.dtype, noise, oracle)) @ v, state

    def second_moment(n: int) -> Moment:
        one, within = moment_of("sphere", q, False, n), moment_of("sphere", min(size, n), True, n)
        share = 1 - 1 / q
        return Moment(one.A + share * within.A, one.C + share * (within.C - 1))

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=calls_of(quotient, q)),
        second_moment=second_moment,
        draw=draw,
        excess=np.zeros_like if (keep, quotient) == (1, "central") else None,
    )


def kept_key(key: Key, keep: int) -> Key:
    """The key of what is the same for `keep` steps in a row."""
    return key._replace(step=jnp.asarray(key.step, jnp.uint32) // jnp.uint32(keep), call=CHOICE)


def require_counts(**counts: int) -> None:
    """ValueError for a count below 1."""
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name}={value}: a whole number from 1 on")
