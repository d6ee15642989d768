"""Gradient estimators: what stands in for ∇f, what it asks of the oracle, and its exact second moment.

Those with one family of directions share one shape, G = c Σⱼ Dⱼ vⱼ with Dⱼ the slope of f along vⱼ: a difference
quotient (`two_point`) or a Jacobian-vector product (`forward_gradient`). All are unbiased for exact slopes. Each is a
plain pair of functions: `g, state = e.estimate(oracle(problem), x, e.draw(key, n, x.dtype), state)` works in any
optax loop.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from zobench import batches, directions, replayed
from zobench.analytic import require_analytic
from zobench.differences import Quotient, along_axis, calls_of, require_eps, require_quotient, slopes, step_of
from zobench.families import blocks_of, combined, drawn, scattered
from zobench.interpolation import fitted
from zobench.moments import Direction, excess_of, moment_of, require_directions
from zobench.types import Calls, Estimator, Moment, Oracle, State, Vector, require_wide


def two_point(
    direction: Direction = "sphere",
    q: int = 1,
    orthogonal: bool = False,
    quotient: Quotient = "central",
    eps: float | None = None,
    noise: float = 0.0,
    replay: bool = False,
) -> Estimator:
    """Values along q random directions (Kiefer & Wolfowitz 1952; Spall 1992; Nesterov & Spokoiny 2017).

    G = (c/q) Σⱼ Dⱼ vⱼ, Dⱼ = (f(x+εvⱼ) − f(x−εvⱼ))/(2ε) (central) or (f(x+εvⱼ) − f(x))/ε (forward, f(x) shared).

    direction    vⱼ                          c   E‖G‖²/‖g‖²        orthogonal: without replacement
    sphere       uniform on the unit sphere  n   1 + (n−1)/q       n/q (Haar)
    gaussian     N(0, I)                     1   1 + (n+1)/q       -
    rademacher   ±1 (SPSA)                   1   1 + (n−1)/q       -
    coordinate   eᵢ, i uniform               n   1 + (n−1)/q       n/q

    Asks 2q values a step (central) or q+1 (forward). `eps=None` takes the best step for the dtype and for additive
    noise of standard deviation `noise` in f (differences.best_eps), over √n for Gaussian and Rademacher directions,
    which are that much longer. `replay` (Gaussian and Rademacher; MeZO: Malladi et al. 2023): no direction is kept,
    each is drawn again in both of its values and for the estimate. The numbers are the same but for rounding; of a
    problem over a tree (zobench.trees) a step needs the memory of one value, and drawing takes longer. Raises
    ValueError for q < 1, for more orthogonal directions than n, for orthogonal Gaussian or Rademacher directions, for
    others replayed, for an eps that is not positive or far below the rounding floor of x's dtype.

    >>> two_point(q=4).calls(10)
    Calls(value=8, jvp=0, grad=0)
    """
    require_quotient(quotient, "central", "forward")
    require_eps(eps, noise)
    require_directions(direction, q, orthogonal)
    if replay:
        replayed.require(direction)

    def reach(oracle: Oracle, x: Vector) -> Any:
        longer = x.size**0.5 if direction in ("gaussian", "rademacher") else 1.0
        return step_of(None if eps is None else eps * longer, quotient, x.dtype, noise, oracle) / longer

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        h, paired = reach(oracle, x), oracle.pair is not None and quotient == "central"
        if direction == "coordinate":
            return scattered(x, draw, slopes(oracle, x, draw, quotient, h, move=along_axis)), state
        here = oracle.value(x, 0) if quotient == "forward" and blocks_of(q, x.size, orthogonal) > 1 else None

        def part(v: Array, first: Any) -> Array:
            return slopes(oracle, x, v, quotient, h, first, here)

        return combined(direction, q, orthogonal, x, draw, part, paired), state

    def again(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        return replayed.estimate(oracle, x, direction, q, quotient, reach(oracle, x), draw), state

    made: dict[str, Any] = {"draw": replayed.draw} if replay else drawn(direction, q, orthogonal)
    return Estimator(
        estimate=again if replay else estimate,
        calls=lambda n: Calls(value=calls_of(quotient, q)),
        second_moment=lambda n: moment_of(direction, q, orthogonal, n),
        **made,
        excess=excess_of(direction, q, orthogonal, quotient, eps, noise),
    )


def forward_gradient(direction: Direction = "sphere", q: int = 1, orthogonal: bool = False) -> Estimator:
    """The same directions with exact slopes Dⱼ = ∇f(x)·vⱼ by forward mode (Baydin et al. 2022): no eps, no bias.

    Asks q Jacobian-vector products a step; second moments, and ValueError for directions, as `two_point`.

    >>> forward_gradient(q=2).calls(10)
    Calls(value=0, jvp=2, grad=0)
    """
    require_directions(direction, q, orthogonal)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        def part(v: Array, first: Any) -> Array:
            numbered = v, first + jnp.arange(len(v))
            return batches.each(lambda each: oracle.jvp(x, *each), numbered, oracle.value, x)

        if direction == "coordinate":
            numbered, origin = (draw, jnp.arange(q)), jnp.zeros_like(x)
            slope = batches.each(
                lambda each: oracle.jvp(x, along_axis(origin, each[0], 1), each[1]), numbered, oracle.value, x
            )
            return scattered(x, draw, slope), state
        return combined(direction, q, orthogonal, x, draw, part), state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(jvp=q),
        second_moment=lambda n: moment_of(direction, q, orthogonal, n),
        **drawn(direction, q, orthogonal),
        excess=np.zeros_like,
    )


def regression(q: int = 1, quotient: Quotient = "central", eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Linear interpolation or regression on q random directions (Conn, Scheinberg & Vicente 2009; Berahas et al. 2022).

    q ≥ n: the least-squares solution of vⱼ·G = Dⱼ, which is ∇f for exact slopes. q < n: the solution of least norm
    times n/q, which is q orthogonal directions again: E‖G‖² = (n/q)‖g‖². Asks 2q values a step (central) or q+1
    (forward).

    Raises ValueError for q < 1 and for eps as `two_point`.

    >>> regression(q=4, quotient="forward").calls(10)
    Calls(value=5, jvp=0, grad=0)
    """
    require_quotient(quotient, "central", "forward")
    require_eps(eps, noise)
    require_directions("gaussian", q, False)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        require_wide(x.dtype, "there is no least-squares solution of 16-bit numbers")
        n, v = x.size, directions.unit_rows(draw, (q, x.size), x.dtype)
        slope = slopes(oracle, x, v, quotient, step_of(eps, quotient, x.dtype, noise, oracle))
        return max(1, n / q) * fitted(v, slope), state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=calls_of(quotient, q)),
        second_moment=lambda n: Moment(0, 1) if q >= n else moment_of("sphere", q, True, n),
        **drawn("sphere", q),
        excess=np.zeros_like if quotient == "central" else None,
    )


def one_point(eps: float = 0.1) -> Estimator:
    """G = (n/ε) f(x+εv) v, v uniform on the unit sphere (Flaxman, Kalai & McMahan 2005): one value a step.

    Unbiased on quadratics, but E‖G‖² = (n²/ε²) E f(x+εv)² does not vanish with ∇f, so no step size is proven for it.
    Raises ValueError where eps is not a positive number.

    >>> one_point().calls(10).total
    1
    """
    require_eps(eps)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        v = directions.unit_rows(draw, (1, x.size), x.dtype)[0]
        return x.size / eps * oracle.value(x + eps * v) * v, state

    return Estimator(estimate, lambda n: Calls(value=1), lambda n: None, **drawn("sphere"))


def residual_one_point(eps: float = 0.1) -> Estimator:
    """G = (n/ε)(f(x_k+εv_k) − f(x_{k−1}+εv_{k−1})) v_k (Zhang et al. 2022): one value a step, the last one remembered.

    The first estimate is 0: there is nothing to compare with yet. Raises ValueError where eps is not a positive number.

    >>> residual_one_point().calls(10).total
    1
    """
    require_eps(eps)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        v = directions.unit_rows(draw, (1, x.size), x.dtype)[0]
        value = oracle.value(x + eps * v)
        residual = jnp.where(jnp.isnan(state), 0, value - state)
        return x.size / eps * residual * v, value

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=1),
        second_moment=lambda n: None,
        **drawn("sphere"),
        init=lambda x: jnp.full((), jnp.nan, x.dtype),
    )


def finite_difference(quotient: Quotient = "central", eps: float | None = None, noise: float = 0.0) -> Estimator:
    """Every partial derivative by a difference quotient along its axis.

    quotient   Gᵢ                                              values a step   bias
    central    (f(x+εeᵢ) − f(x−εeᵢ))/(2ε)                      2n              ≤ √n Mε²/6, none on quadratics
    forward    (f(x+εeᵢ) − f(x))/ε                             n+1             ≤ √n Lε/2
    fourth     (8(f₊₁ − f₋₁) − (f₊₂ − f₋₂))/(12ε)              4n              O(ε⁴)
    complex    Im f(x+iεeᵢ)/ε, ε = 1e-20, f analytic           n complex       none (Squire & Trapp 1998)

    f₊ₘ = f(x + mεeᵢ); M is the Hessian's Lipschitz constant. One coordinate at a time, or on an accelerator as many as
    fit (batches.points_of). Raises ValueError for an unknown quotient, for eps as `two_point`, and for complex where f,
    as it is computed, is not analytic: by |x|, Re x or a Cholesky factor, say.

    >>> finite_difference("forward").calls(10)
    Calls(value=11, jvp=0, grad=0)
    """
    require_quotient(quotient, "central", "forward", "fourth", "complex")
    require_eps(eps, noise)

    def estimate(oracle: Oracle, x: Vector, draw: Any, state: State) -> tuple[Vector, State]:
        x, h = jnp.asarray(x), step_of(eps, quotient, x.dtype, noise, oracle)
        axes = jnp.arange(x.size, dtype=jnp.uint32)
        if quotient == "complex":
            require_wide(x.dtype, "there are no complex numbers of 16 bits a part")
            z = x.astype(jnp.result_type(x.dtype, jnp.complex64))
            require_analytic(oracle.value, z)
            one = lambda i: jnp.imag(oracle.value(along_axis(z, i, 1j * h), i)) / h  # noqa: E731
            return batches.each(one, axes, oracle.value, z), state
        return slopes(oracle, x, axes, quotient, h, move=along_axis), state

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=calls_of(quotient, n)),
        second_moment=lambda n: Moment(0, 1),
        excess=None if quotient == "forward" else np.zeros_like,
    )


def autodiff() -> Estimator:
    """∇f by reverse mode (Linnainmaa 1970): exact to rounding, one gradient a step.

    >>> autodiff().calls(10)
    Calls(value=0, jvp=0, grad=1)
    """
    return _exact(lambda oracle, x: oracle.grad(x), lambda n: Calls(grad=1))


def forward_mode() -> Estimator:
    """∇f by forward mode (Wengert 1964): n Jacobian-vector products a step, one for each axis, exact to rounding.

    >>> forward_mode().calls(10)
    Calls(value=0, jvp=10, grad=0)
    """

    def gradient(oracle: Oracle, x: Vector) -> Vector:
        origin = jnp.zeros_like(x)
        return batches.each(lambda i: oracle.jvp(x, along_axis(origin, i, 1), i), jnp.arange(x.size), oracle.value, x)

    return _exact(gradient, lambda n: Calls(jvp=n))


def _exact(gradient: Callable[[Oracle, Vector], Vector], calls: Callable[[int], Calls]) -> Estimator:
    return Estimator(
        estimate=lambda oracle, x, draw, state: (gradient(oracle, x), state),
        calls=calls,
        second_moment=lambda n: Moment(0, 1),
        excess=np.zeros_like,
    )
