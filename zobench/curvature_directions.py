"""Directions that a running estimate of the curvature scales, from a third value."""

import jax.numpy as jnp

from zobench import directions
from zobench.around import second_difference, values
from zobench.differences import require_eps
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector


def hizoo(smoothing: float = 1e-3, eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Directions and steps scaled by an estimate of the diagonal of ∇²f (HiZOO: Zhao et al., ICLR 2025).

    With z from N(0, I), v = z/√H, f± = f(x±εv), H [n], 1 at first: H₊ = (1−α)H + α(|f₊ − 2f(x) + f₋|/(2ε²)) H z²,
    G = ((f₊ − f₋)/(2ε)) z/√H₊, α = `smoothing`. With α = 0 it is `two_point` along normals, E‖G‖² = (n+2)‖g‖²; else a
    scaled direction and no estimate of g once H is not 1, and no second moment is known. As the second difference is
    that along one v, which the trace dominates, the estimate of each Hᵢ is pulled to the others'. "Second-order
    fine-tuning without pain for LLMs: a Hessian informed zeroth-order optimizer", arXiv:2402.15173, as the authors'
    program has it; α there follows a schedule.

    `eps=None`: the step that is best for second differences, over √n; where f has noise of this standard deviation
    10 √noise, as in `random_pursuit`. Asks 3 values a step. Raises ValueError for smoothing outside [0, 1), for eps and
    noise as `two_point`.

    >>> hizoo().calls(10).value
    3
    """
    require_eps(eps, noise)
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing={smoothing}: the share of the new estimate of the curvature is in [0, 1)")

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        z = directions.rows(draw, (1, x.size), x.dtype)[0]
        h = (10 * noise**0.5 if noise else second_difference(oracle, x)) / x.size**0.5 if eps is None else eps
        move = h * z / jnp.sqrt(state)
        here, ahead, behind = values(oracle, x, jnp.stack([jnp.zeros_like(x), move, -move]))
        bent = jnp.abs(ahead - 2 * here + behind) / (2 * h**2)
        curvature = (1 - smoothing) * state + smoothing * bent * state * z**2
        return (ahead - behind) / (2 * h) * z / jnp.sqrt(curvature), curvature

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=3),
        second_moment=lambda n: None,
        draw=directions.gaussian_draw,
        init=jnp.ones_like,
        period=directions.period,
    )
