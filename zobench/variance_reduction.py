"""Descent whose noise of minibatches is taken away: values at an anchor, of which the gradient is known better."""

import jax.numpy as jnp

from zobench import directions
from zobench.differences import require_eps, slopes, step_of
from zobench.subspace_directions import require_counts
from zobench.types import Calls, Draw, Method, Oracle, Scalar, State, Vector


def svrg(
    step: Scalar | float, batches: int = 4, inner: int | None = None, eps: float | None = None, noise: float = 0.0
) -> Method:
    """ZO-SVRG-Coord-Rand (Ji, Wang, Zhou & Liang 2019): the slope at x less that at an anchor y, of the same minibatch.

    Anchor, y = x: ĝᵢ = the mean of the central quotients along eᵢ of `batches` minibatches, two quotients a step, in
    A = ⌈n·batches/2⌉ steps in which x stays. Then T = `inner` steps, null: 2n, x₊ = x − step·G with
    G = n (D_I(x, v) − D_I(y, v)) v + ĝ, v uniform on the unit sphere, I the minibatch of the step; and a new anchor.
    With ĝ = ∇f(y) it is unbiased and, exactly, E‖G − ∇f(x)‖² = n E‖δ‖² − ‖E δ‖² ≤ nL²‖x − y‖²,
    δ = ∇f_I(x) − ∇f_I(y), each f_I L-smooth: E‖G‖² is no multiple of ‖∇f‖². Its use is where all values of a step see
    the same minibatch (problem.common=true); fresh ones at x and y it cannot take away. "Improved zeroth-order variance
    reduced algorithms and analysis for nonconvex optimization", arXiv:1910.12166, after Liu et al. (ZO-SVRG,
    arXiv:1805.10367), whose anchor has random directions. The anchor's minibatches are drawn, not all samples.

    Asks four values in every step, also of the anchor, which is 2n·`batches` values. Raises ValueError for batches or
    inner < 1, for eps and noise as `two_point`.

    >>> svrg(step=0.1).calls(10).value
    4
    """
    require_eps(eps, noise)
    require_counts(batches=batches, inner=1 if inner is None else inner)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        anchor, known, turn = state
        n, quotients = x.size, x.size * batches
        begins, anchors = turn == 0, 2 * turn < quotients
        anchor, known = jnp.where(begins, x, anchor), jnp.where(begins, 0, known)
        v = directions.unit_rows(draw, (1, n), x.dtype)
        number = 2 * turn + jnp.arange(2, dtype=jnp.int32)[:, None]
        axes = (jnp.arange(n) == number % n) & (number < quotients)  # none behind the last one
        along = jnp.where(anchors, axes.astype(x.dtype), v)
        h = step_of(eps, "central", x.dtype, noise, oracle)
        here = slopes(oracle, x, along[:1], "central", h)[0]
        there = slopes(oracle, anchor, along[1:], "central", h, 1)[0]
        known = known + jnp.where(anchors, (here * along[0] + there * along[1]) / batches, 0)
        moved = x - step * (n * (here - there) * v[0] + known)
        length = (quotients + 1) // 2 + (2 * n if inner is None else inner)
        return jnp.where(anchors, x, moved), (anchor, known, (turn + 1) % length)

    return Method(
        lambda x: (jnp.zeros_like(x), jnp.zeros_like(x), jnp.int32(0)),
        advance,
        lambda n: Calls(value=4),
        directions.gaussian_draw,
        lambda n: n,
        directions.period,
    )
