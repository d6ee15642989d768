"""Update rules that optax has no name for: a step that decays. All others are optax's own, by their `_target_`."""

from typing import Any

import optax


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
