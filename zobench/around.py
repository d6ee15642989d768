"""Values at points around x, and difference steps: of directions that are √n long, and of second differences."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from zobench import batches
from zobench.differences import Quotient, step_of
from zobench.spacing import following
from zobench.types import Oracle, Vector


def values(oracle: Oracle, x: Vector, moves: Array, first: int = 0) -> Float[Array, " q"]:
    """f(x + vⱼ) for the rows of `moves` [q, n], calls number first, first + 1, ...; of a black box asked together."""
    if oracle.many:
        return oracle.many(x + moves)
    numbers = jnp.arange(first, first + len(moves))
    return batches.each(lambda each: oracle.value(x + each[1], each[0]), (numbers, moves), oracle.value, x)


def long_step(eps: float | None, quotient: Quotient, x: Vector, noise: float, oracle: Oracle) -> Any:
    """The difference step along vectors of length √n (signs, normals): eps, or the best one over √n if it is None.

    Raises ValueError where eps is far below the rounding floor, as `differences.step_of`.
    """
    longer = x.size**0.5
    return step_of(None if eps is None else eps * longer, quotient, x.dtype, noise, oracle) / longer


def second_difference(oracle: Oracle, x: Vector) -> Any:
    """The step of the second difference: what an oracle that has measured its noise says, else that of the dtype."""
    own = following(float(jnp.finfo(x.dtype).eps) ** 0.25, x.dtype, oracle.size)
    return oracle.eps("second") if oracle.eps else own
