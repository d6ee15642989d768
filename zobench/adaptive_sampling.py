"""How many estimates are averaged for a step: as many as the spread of the last ones asks for."""

import jax
import jax.numpy as jnp

from zobench import theory
from zobench.types import Draw, Estimator, Method, Oracle, Scalar, State, Vector


def inner_product_test(
    estimator: Estimator, step: Scalar | float, theta: float = 0.9, least: int = 2, most: int = 64
) -> Method:
    """As many estimates a step as the inner product test asks for (Bollapragada, Byrd & Nocedal 2018).

    x₊ = x − step·Ḡ, Ḡ = (1/q) Σⱼ Gⱼ, of estimates at the same x, s² = (1/(q−1)) Σⱼ (GⱼᵀḠ − ‖Ḡ‖²)². Where
    s²/q ≤ θ²‖Ḡ‖⁴ the next step has as many, else q₊ = ⌈s²/(θ²‖Ḡ‖⁴)⌉, at most `most`; `least` at first. q is known
    before its estimates are drawn, so that Ḡ is unbiased where G is and, exactly, E‖Ḡ‖² = (1 + (B−1)/q)‖∇f‖² for
    E‖G‖² = B‖∇f‖². Of a central quotient along the sphere Var Gᵀ∇f = (2n−2)/(n+2)‖∇f‖⁴: without noise the test asks
    for about 2/θ² directions whatever n is, and for more where noise hides the slope. "Adaptive sampling strategies for
    stochastic optimization", SIAM J. Optim. 28; for gradients from values Bollapragada, Karamanli & Wild 2024,
    arXiv:2404.11893. The samples here are estimates, of directions and of noise.

    An iteration asks what one estimate asks, and x moves behind every q of them; remembers `most` vectors. Raises
    ValueError for theta outside (0, 1], and unless 2 <= least <= most.

    >>> from zobench.estimators import two_point
    >>> inner_product_test(two_point(), step=0.1).calls(10).value
    2
    """
    if not 0 < theta <= 1:
        raise ValueError(f"theta={theta}: what the test allows is in (0, 1]")
    if not 2 <= least <= most:
        raise ValueError(f"least={least}, most={most}: two estimates at least have a spread; use 2 <= least <= most")

    def init(x: Vector) -> State:
        return estimator.init(x), jnp.zeros((most, x.size), x.dtype), jnp.int32(0), jnp.int32(least)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        memory, kept, count, q = state
        g, memory = estimator.estimate(oracle, x, draw, memory)
        kept = jax.lax.dynamic_update_index_in_dim(kept, g, count, 0)

        def moved():
            is_own = jnp.arange(most) < q
            mean = jnp.where(is_own, 1 / q.astype(x.dtype), 0) @ kept
            square = mean @ mean
            spread = jnp.sum(jnp.where(is_own, kept @ mean - square, 0) ** 2) / (q - 1)
            wanted = jnp.nan_to_num(jnp.ceil(spread / (theta * square) ** 2), nan=0, posinf=most)
            return x - step * mean, jnp.maximum(q, jnp.minimum(wanted, most).astype(jnp.int32))

        x, larger = jax.lax.cond(count + 1 == q, moved, lambda: (x, q))
        return x, (memory, kept, jnp.where(count + 1 == q, 0, count + 1), larger)

    return Method(
        init, advance, estimator.calls, estimator.draw, lambda n: theory.time_scale(estimator, n), estimator.period
    )
