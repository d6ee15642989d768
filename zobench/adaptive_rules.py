"""Update rules of Adam's kind that were made for estimates of gradients, as parts of optax."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import optax

from zobench.types import State, Vector


class Moments(NamedTuple):
    """Running means of G and of its square (or of that of the first mean), and the largest of the latter; [n] each."""

    first: Vector
    second: Vector
    largest: Vector


def zo_adamm(learning_rate: Any, b1: float = 0.9, b2: float = 0.99, eps: float = 1e-8) -> optax.GradientTransformation:
    """ZO-AdaMM (Chen et al., NeurIPS 2019) without constraints: AMSGrad without correction of the bias at the start.

    m₊ = b₁m + (1−b₁)G, v₊ = b₂v + (1−b₂)G², u₊ = max(u, v₊), x₊ = x − α m₊/(√u₊ + eps); m, v, u are 0 at first. With
    constraints the paper projects in the norm of √u; eps keeps the first steps from 0/0 and is not in the paper.

    Raises ValueError where b1 or b2 is not in [0, 1) or eps is not positive.

    >>> import zobench as zo
    >>> zo.descent(zo.two_point(), zo.zo_adamm(0.01)).calls(10).total
    2
    """
    return _rule(learning_rate, b1, b2, eps, lambda G, m: G, jnp.maximum)


def r_adazo(learning_rate: Any, b1: float = 0.9, b2: float = 0.99, eps: float = 1e-8) -> optax.GradientTransformation:
    """R-AdaZO (Shu et al., ICML 2025): Adam whose second moment is that of the mean m, which is less noisy than G.

    m₊ = b₁m + (1−b₁)G, v₊ = b₂v + (1−b₂)m₊², x₊ = x − α m₊/(√v₊ + eps), without correction of the bias at the start,
    as the authors' program has it: steps are then up to 1/√(1−b₂) of α. "Refining adaptive zeroth-order optimization
    at ease", arXiv:2502.01014.

    Raises ValueError where b1 or b2 is not in [0, 1) or eps is not positive.

    >>> import zobench as zo
    >>> zo.descent(zo.two_point(), zo.r_adazo(0.01)).calls(10).total
    2
    """
    return _rule(learning_rate, b1, b2, eps, lambda G, m: m, lambda largest, v: v)


def _rule(
    learning_rate: Any, b1: float, b2: float, eps: float, squared: Any, kept: Any
) -> optax.GradientTransformation:
    for name, value in (("b1", b1), ("b2", b2)):
        if not 0 <= value < 1:
            raise ValueError(f"{name}={value}: the share of a running mean that is kept is in [0, 1)")
    if not eps > 0:
        raise ValueError(f"eps={eps}: what is added to the root is a positive number")

    def init(params: Any) -> Moments:
        return Moments(*(jnp.zeros_like(params) for _ in Moments._fields))

    def update(updates: Any, state: State, params: Any = None) -> tuple[Vector, Moments]:
        m = b1 * state.first + (1 - b1) * updates
        v = b2 * state.second + (1 - b2) * squared(updates, m) ** 2
        largest = kept(state.largest, v)
        return m / (jnp.sqrt(largest) + eps), Moments(m, v, largest)

    scaled: Any = optax.GradientTransformation(init, update)
    return optax.chain(scaled, optax.scale_by_learning_rate(learning_rate))
