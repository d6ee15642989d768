"""Update rules: a step that decays, for which optax has no name; all others are optax's own, by their `_target_`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from zobench.types import State, Vector

MATRICES = {"MuonState": "mu", "GaLoreState": "projector"}  # states of rules for matrices, and what holds one for each


def decaying(learning_rate: Any, power: float = 0.5, horizon: float = 100.0) -> optax.GradientTransformation:
    """x₊ = x − α_k G, α_k = α/(1 + k/horizon)^power: power 1/2 or 1 is what stochastic convex theory asks for.

    Raises ValueError where horizon is not positive or power is negative.

    >>> import zobench as zo
    >>> method = zo.descent(zo.two_point(), zo.decaying(0.1))
    >>> method.calls(10).total
    2
    """
    if not horizon > 0:
        raise ValueError(f"horizon={horizon}: the number of steps until the decay shows is positive")
    if not power >= 0:
        raise ValueError(f"power={power}: the exponent of the decay is 0 or more")
    return optax.sgd(lambda k: learning_rate / (1 + k / horizon) ** power)


def on_tree(rule: optax.GradientTransformation, tree: Callable[[Vector], Any]) -> optax.GradientTransformation:
    """A rule of flat vectors, made of one that sees the parameters as the `tree` they are, matrices as matrices.

    `tree(x)` takes x apart in the order of its leaves.

    >>> import jax.numpy as jnp
    >>> rule = on_tree(optax.sgd(0.5), lambda x: {"b": x[0], "w": x[1:]})
    >>> rule.update(jnp.ones(3), rule.init(jnp.ones(3)), jnp.ones(3))[0].tolist()
    [-0.5, -0.5, -0.5]
    """

    def init(params: Any) -> State:
        return rule.init(tree(params))

    def update(updates: Any, state: State, params: Any = None) -> tuple[Any, State]:
        made, state = rule.update(tree(updates), state, None if params is None else tree(params))
        return ravel_pytree(made)[0], state

    return optax.GradientTransformation(init, update)


def is_plain(optimizer: Callable[[Any], optax.GradientTransformation]) -> bool:
    """Whether the rule is x₊ = x − αG and remembers nothing."""
    g = jnp.ones(1)
    rule = optimizer(0.5)
    update, state = rule.update(g, rule.init(g), g)
    return not jax.tree.leaves(state) and np.array_equal(np.asarray(update), [-0.5])


def require_matrices(state: State) -> None:
    """ValueError where the state is that of a rule for matrices, and there are none: it would be plain Adam, unsaid."""
    for part in jax.tree.leaves(state, is_leaf=lambda part: type(part).__name__ in MATRICES):
        kept = MATRICES.get(type(part).__name__)
        if kept and not sum(np.size(leaf) for leaf in jax.tree.leaves(getattr(part, kept))):
            raise ValueError(
                "optimizer: the rule is one for matrices, and x has none; use problem=pytree (zo.problems.pytree), "
                "whose parameters may be matrices, or another rule, such as optimizer=adam"
            )
