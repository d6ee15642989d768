"""A step that one running scalar sets: the mean square of the slopes along random directions."""

import jax.numpy as jnp

from zobench import directions
from zobench.around import long_step
from zobench.differences import require_eps, slopes
from zobench.moments import require_directions
from zobench.types import Calls, Draw, Method, Oracle, Scalar, State, Vector


def meazo(
    step: Scalar | float,
    q: int = 1,
    beta: float = 0.99,
    zeta: float = 1e-8,
    eps: float | None = None,
    noise: float = 0.0,
) -> Method:
    """MEAZO (Dbouk et al. 2026): the step divided by the root of a running mean square of directional derivatives.

    d = (1/q) Σⱼ Dⱼ, Dⱼ the central quotient along vⱼ from N(0, I); u₊ = βu + (1−β)d², u = 0 at first;
    x₊ = x − (step/(√(u₊/(1−βᵗ)) + ζ)) (1/q) Σⱼ Dⱼvⱼ at step t = 1, 2, ... E d² = ‖g‖²/q: descent of nearly normalised
    length, with one number to remember where Adam has 2n. "On adaptivity in zeroth-order optimization",
    arXiv:2605.03869; the correction of the bias is Adam's.

    Asks 2q values a step. Raises ValueError for q < 1, for beta outside [0, 1), for eps and noise as `two_point`.

    >>> meazo(step=0.1).calls(10).value
    2
    """
    require_eps(eps, noise)
    require_directions("gaussian", q, False)
    if not 0 <= beta < 1:
        raise ValueError(f"beta={beta}: the share of the running mean that is kept is in [0, 1)")

    def init(x: Vector) -> State:
        return jnp.zeros((), x.dtype), jnp.zeros((), x.dtype)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        mean, t = state[0], state[1] + 1
        v = directions.rows(draw, (q, x.size), x.dtype)
        slope = slopes(oracle, x, v, "central", long_step(eps, "central", x, noise, oracle))
        mean = beta * mean + (1 - beta) * jnp.mean(slope) ** 2
        length = step / (jnp.sqrt(mean / (1 - beta**t)) + zeta)
        return x - length / q * slope @ v, (mean, t)

    return Method(
        init,
        advance,
        lambda n: Calls(value=2 * q),
        lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        lambda n: n,
        lambda n: directions.period(q * n),
    )
