"""Methods: whatever turns a point into the next one.

A factory takes what it needs of `problem`, `estimator`, `optimizer` (optax's own type, step size set) and `step` by
these names; the rest of its arguments are its hyperparameters.
"""

import re
from math import isfinite
from typing import Any

import jax
import jax.numpy as jnp
import optax

from zobench import directions, theory
from zobench.around import second_difference
from zobench.differences import require_eps
from zobench.optimizers import require_matrices
from zobench.types import Calls, Draw, Estimator, Method, Oracle, Problem, Scalar, State, Vector

OTHER_RULE = "use another one, such as optimizer=gd or adam"


def descent(estimator: Estimator, optimizer: optax.GradientTransformation) -> Method:
    """x₊ = x + u, where the optimizer makes the update u of the estimate G(x); with optax.sgd(α): x₊ = x − αG(x).

    Asks what the estimator asks. ValueError where the rule wants more than G and x, such as f itself for a line search,
    and where it draws random numbers of its own.

    >>> from zobench.estimators import two_point
    >>> descent(two_point(), optax.sgd(0.1)).calls(10).total
    2
    """

    def init(x: Vector) -> State:
        rule = optimizer.init(x)
        if any(jnp.issubdtype(jax.typeof(part).dtype, jax.dtypes.prng_key) for part in jax.tree.leaves(rule)):
            raise ValueError(f"optimizer: the rule draws random numbers, the same ones in every run; {OTHER_RULE}")
        require_matrices(rule)
        return estimator.init(x), rule

    def step(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        g, memory = estimator.estimate(oracle, x, draw, state[0])
        update, rule = _update(optimizer, g, state[1], x)
        return jnp.asarray(optax.apply_updates(x, update)), (memory, rule)

    return Method(
        init, step, estimator.calls, estimator.draw, lambda n: theory.time_scale(estimator, n), estimator.period
    )


def _update(optimizer: optax.GradientTransformation, g: Vector, state: State, x: Vector) -> tuple[Vector, State]:
    """What the rule makes of G and x. It gets nothing else: one that asks f anew would make calls that none counts."""
    update: Any
    try:
        update, state = optimizer.update(g, state, x)
    except (TypeError, ValueError) as error:
        wanted = re.findall(r"'(\w+)'", str(error)) if "required keyword-only" in str(error) else []
        if wanted:
            said = f"needs {', '.join(wanted)} besides, which would be calls that none counts"
            raise ValueError(f"optimizer: the rule {said}; {OTHER_RULE}") from error
        said = f"{type(error).__name__}: {error}".rstrip(".")
        raise ValueError(f"optimizer: the rule has an estimate and x alone, and raised {said}; {OTHER_RULE}") from error
    if jnp.shape(update) != x.shape:
        shape = jnp.shape(update)
        raise ValueError(f"optimizer: the rule makes an update of shape {shape} of an estimate {x.shape}; {OTHER_RULE}")
    return jnp.asarray(update), state


def accelerated(problem: Problem, estimator: Estimator, step: Scalar | float, mu: float | None = None) -> Method:
    """Nesterov & Spokoiny (2017), eq. (60), with the step h = 1/(BL) and θ = h/B = 1/(B²L), γ₀ = L.

    α²/θ = (1−α)γ + αμ =: γ₊, λ = αμ/γ₊, β = αγ/(γ + αμ); y = (1−β)x + βv, G at y; x₊ = y − hG,
    v₊ = (1−λ)v + λy − (θ/α)G. E f − f* ≤ (Δ + LR²/2)(1 + K/(2B))⁻² for convex f; with exact gradients (B = 1)
    Nesterov's method. The paper's constants h = 1/(4(n+4)L), θ = 1/(16(n+4)²L) are about 4 times slower.

    `mu=None` takes the problem's, and 0 where it knows none; `mu=0` is the scheme for convex functions, f ~ 1/k².
    Asks what the estimator asks. Raises ValueError where the estimator has no B and where mu is negative.

    >>> import zobench as zo
    >>> method = zo.accelerated(zo.problems.quadratic(8), zo.two_point(), step=0.1)
    >>> method.calls(8).total
    2
    """
    if mu is not None and not (isfinite(mu) and mu >= 0):
        raise ValueError(f"mu={mu}: the strong convexity assumed is 0 or a positive number, or null for the problem's")
    B = theory.variance_factor(estimator, problem.n)
    mu = mu if mu is not None else problem.mu if isfinite(problem.mu) else 0.0
    theta = step / B

    def init(x: Vector) -> State:
        return x, 1 / (B * jnp.asarray(step, x.dtype)), estimator.init(x)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        v, gamma, memory = state
        b = theta * (gamma - mu)
        alpha = (jnp.sqrt(b * b + 4 * theta * gamma) - b) / 2
        following = (1 - alpha) * gamma + alpha * mu
        beta = alpha * gamma / (gamma + alpha * mu)
        y = (1 - beta) * x + beta * v
        g, memory = estimator.estimate(oracle, y, draw, memory)
        pull = alpha * mu / following
        v = (1 - pull) * v + pull * y - (theta / alpha) * g
        return y - step * g, (v, following, memory)

    return Method(
        init, advance, estimator.calls, estimator.draw, lambda n: theory.time_scale(estimator, n), estimator.period
    )


def random_pursuit(eps: float | None = None, noise: float = 0.0) -> Method:
    """Random pursuit (Stich, Müller & Gärtner 2013): the line search is the vertex of a parabola through three values.

    x₊ = x − (d/c) v, d = (f₊ − f₋)/(2ε), c = (f₊ − 2f + f₋)/ε², f± = f(x ± εv), v uniform on the unit sphere; exact on
    quadratics, where f₊ = f − (gᵀv)²/(2vᵀHv) and E f_K − f* ≤ (1 − μ/(nL))ᴷ Δ. Where c ≤ 0 the better of x ± εv is
    taken.
    `eps=None` is the fourth root of the dtype's machine epsilon, best for the second difference; where f has noise of
    this standard deviation 10 √noise, a hundred times it for a curvature of 1. Asks three values.

    Raises ValueError for eps and noise as `two_point`.

    >>> random_pursuit().calls(10).value
    3
    """
    require_eps(eps, noise)
    given = 10 * noise**0.5 if eps is None and noise else eps

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        h = second_difference(oracle, x) if given is None else given
        v = directions.unit_rows(draw, (1, x.size), x.dtype)[0]
        here, ahead, behind = _values(oracle, x, x + h * v, x - h * v)
        slope, curvature = (ahead - behind) / (2 * h), (ahead - 2 * here + behind) / h**2
        reach = jnp.where(curvature > 0, -slope / curvature, -h * jnp.sign(slope))
        return x + reach * v, state

    return Method(
        lambda x: (), advance, lambda n: Calls(value=3), directions.gaussian_draw, lambda n: n, directions.period
    )


def _values(oracle: Oracle, *points: Vector) -> Any:
    """The values at points that do not depend on each other, in order; of a black box asked together."""
    if oracle.many:
        return tuple(oracle.many(jnp.stack(points)))
    return tuple(oracle.value(point, call) for call, point in enumerate(points))


def three_point(step: Scalar | float) -> Method:
    """Stochastic three points (Bergou, Gorbunov & Richtárik 2020): the best of x, x + α_k v and x − α_k v.

    α_k = step/√(k+1), v uniform on the unit sphere. Asks two values a step: f(x) is remembered; the first step only
    asks f(x0), twice.

    >>> three_point(step=0.1).calls(10).value
    2
    """

    def init(x: Vector) -> State:
        return jnp.full((), jnp.nan, x.dtype), jnp.zeros((), x.dtype)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        here, k = state
        first = jnp.isnan(here)
        length = jnp.where(first, 0, step / jnp.sqrt(jnp.maximum(k, 1)))
        move = length * directions.unit_rows(draw, (1, x.size), x.dtype)[0]
        ahead, behind = _values(oracle, x + move, x - move)
        here = jnp.where(first, ahead, here)
        best = jnp.minimum(jnp.minimum(ahead, behind), here)
        x = jnp.where(here <= best, x, jnp.where(ahead <= behind, x + move, x - move))
        return x, (best, k + 1)

    return Method(init, advance, lambda n: Calls(value=2), directions.gaussian_draw, lambda n: n, directions.period)


def one_plus_one(sigma: float = 1.0) -> Method:
    """(1+1)-evolution strategy with the 1/5 rule (Rechenberg 1973; damping of Igel, Hansen & Roth 2007).

    y = x + σz, z ~ N(0, I); x₊ = y if f(y) ≤ f(x); σ₊ = σ exp((1[f(y) ≤ f(x)] − p)/((1 − p)(1 + n/2))), p = 1/5.
    On ‖x‖² the best progress is 0.2025/n in ln‖x‖ a value (Beyer 2001). Asks one value a step; the first is f(x0).

    Raises ValueError where sigma is not a positive number.

    >>> one_plus_one().calls(10).value
    1
    """
    if not (isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma={sigma}: the first step length is a positive number")

    def init(x: Vector) -> State:
        return jnp.full((), jnp.nan, x.dtype), jnp.full((), sigma, x.dtype)

    def advance(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        here, length = state
        first = jnp.isnan(here)
        y = x + jnp.where(first, 0, length) * directions.rows(draw, (1, x.size), x.dtype)[0]
        there = oracle.value(y)
        success = first | (there <= here)
        change = jnp.where(first, 0, (success - 0.2) / (0.8 * (1 + x.size / 2)))
        return jnp.where(success, y, x), (jnp.where(success, there, here), length * jnp.exp(change))

    return Method(init, advance, lambda n: Calls(value=1), directions.gaussian_draw, lambda n: n, directions.period)
