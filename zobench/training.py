"""Estimators in anyone's own training loop: as a function, and as an optax transformation; parameters are any tree."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from zobench.types import Estimator, Key, Problem, State, oracle

Tree = Any


def gradient(estimator: Estimator) -> Callable[..., tuple[Tree, State]]:
    """An estimator as a function `(f, x, key, state) -> (g, state)`: g ~ ∇f(x), a tree like x.

    `key` is a Key(seed, step), or the step alone (of seed 0): the same key gives the same directions. `state` is what
    the call before gave; None, or left out: the first one. Asks f as often as the estimator says (`calls(n)`).

    >>> import jax.numpy as jnp, zobench as zo
    >>> estimate = zo.gradient(zo.finite_difference("forward"))
    >>> g, state = estimate(lambda x: jnp.sum(x**2), jnp.array([1.0, 2.0]), 0)
    >>> g.round(1).tolist()
    [2.0, 4.0]
    """

    def estimate(f: Callable[[Tree], Any], x: Tree, key: Key | int, state: State = None) -> tuple[Tree, State]:
        flat, unravel = ravel_pytree(x)
        at = key if isinstance(key, Key) else Key(jnp.uint32(0), jnp.uint32(key))
        draw = estimator.draw(at, flat.size, flat.dtype) if estimator.draw else ()
        shapes = tuple(map(jnp.shape, jax.tree.leaves(x)))
        ask = oracle(Problem(f=lambda y: f(unravel(y)), x0=flat, shapes=shapes), at)
        g, state = estimator.estimate(ask, flat, draw, estimator.init(flat) if state is None else state)
        return unravel(g), state

    return estimate


class Count(NamedTuple):
    """The state of `as_optax`: steps taken, and what the estimator remembers."""

    step: jax.Array
    memory: State


def as_optax(estimator: Estimator, seed: int = 0) -> optax.GradientTransformationExtraArgs:
    """An estimator as the first link of an optax chain: it takes `value_fn` and the parameters, and no gradient.

    `update(None, state, params, value_fn=loss)` asks the loss as often as the estimator says and passes the estimate
    on. Step k of a seed has the same directions in every run. Raises ValueError where there are no params or value_fn.

    >>> import jax.numpy as jnp, optax, zobench as zo
    >>> optimizer = optax.chain(zo.as_optax(zo.two_point(q=4)), optax.adam(0.1))
    >>> params = {"w": jnp.ones(3), "b": jnp.zeros(())}
    >>> loss = lambda p: jnp.sum((p["w"] - 2) ** 2) + (p["b"] + 1) ** 2
    >>> state = optimizer.init(params)
    >>> for _ in range(200):
    ...     update, state = optimizer.update(None, state, params, value_fn=loss)
    ...     params = optax.apply_updates(params, update)
    >>> bool(loss(params) < 1e-2)
    True
    """
    estimate = gradient(estimator)

    def init(params: Tree) -> Count:
        return Count(jnp.zeros((), jnp.uint32), estimator.init(ravel_pytree(params)[0]))

    def update(updates: Tree, state: Count, params: Tree | None = None, *, value_fn: Any = None, **_: Any):
        if params is None or value_fn is None:
            raise ValueError("as_optax estimates a gradient of values: call update(None, state, params, value_fn=loss)")
        g, memory = estimate(value_fn, params, Key(jnp.uint32(seed), state.step), state.memory)
        return g, Count(state.step + 1, memory)

    return optax.GradientTransformationExtraArgs(init, update)  # type: ignore[arg-type]
