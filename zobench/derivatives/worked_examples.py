"""The worked examples of the lectures: each function once, for numbers of any kind, and where it was differentiated."""

from collections.abc import Callable
from functools import partial
from math import pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives.library import JAX, Library

# The toy data of the JAX tutorial, and the W and b that its random key 0 gave: 3 features, 4 examples.
FEATURES = ((0.52, 1.12, 0.77), (0.88, -1.08, 0.15), (0.52, 0.06, -1.30), (0.74, -2.49, 1.39))
TARGETS = (1.0, 1.0, 0.0, 1.0)
WEIGHTS = (-0.3683878481388092, -2.275688886642456, 0.011447565630078316)
BIAS = 0.8535516262054443
DIRECTION = (0.8186333179473877, -0.4763145446777344, 0.3208799362182617)
QUOTIENT_STEP = 1e-4


class Example(NamedTuple):
    """f(library, x1, x2, ...) at x, of which the derivative of `order` was taken, and how the lecture names its nodes.

    `traced` takes the arguments `start` and is what the graph is drawn of: f itself but for the two examples whose
    nodes are arrays or whose loop must be unrolled.
    """

    f: Callable[..., Any]
    x: tuple[float, ...]
    formula: str
    lecture: str
    inputs: tuple[str, ...]
    node: str = "v"
    order: int = 1
    traced: Callable[..., Any] | None = None
    start: tuple[Any, ...] | None = None


def sum_product(m: Library, x1: Any, x2: Any) -> Any:
    """x₁x₂ + sin x₁."""
    return x1 * x2 + m.sin(x1)


def log_root(m: Library, w1: Any, w2: Any) -> Any:
    """w₂ ln w₁ + √(w₂ ln w₁)."""
    v1 = m.log(w1)
    v2 = w2 * v1
    v3 = m.sqrt(v2)
    return v2 + v3


def neuron(m: Library, w: Any, x: Any, b: Any, t: Any) -> Any:
    """½(σ(wx + b) − t)²."""
    error = m.sigmoid(w * x + b) - t
    return 0.5 * (error * error)


def sine_exponential(m: Library, x1: Any, x2: Any) -> Any:
    """[sin(x₁/x₂) + x₁/x₂ − exp x₂][x₁/x₂ − exp x₂], in the order of the lecture's trace."""
    u1 = x1 / x2
    u2 = m.sin(u1)
    u3 = m.exp(x2)
    u4 = u1 - u3
    u5 = u2 + u4
    return u5 * u4


def line_and_sine(m: Library, x: Any) -> Any:
    """Kx + sin x with k = 2."""
    return 2.0 * x + m.sin(x)


def taylor_sine(m: Library, x: Any, terms: int | None = None) -> Any:
    """Σᵢ (−1)ⁱ x²ⁱ⁺¹/(2i + 1)! until a term is at most 1e-3 in magnitude, or for so many terms after the first."""
    total = term = x
    i = 0
    while m.magnitude(term) > 1e-3 if terms is None else i < terms:
        term = -term * x * x / ((2.0 * i + 3) * (2.0 * i + 2))
        total = total + term
        i += 1
    return total


def tanh(m: Library, x: Any) -> Any:
    """Tanh x."""
    return m.tanh(x)


def toy_logistic(m: Library, w1: Any, w2: Any, w3: Any, b: Any) -> Any:
    """−Σ ln p, p = ½(tanh(z/2) + 1) for a target 1 and 1 − p for 0, z = ⟨features, w⟩ + b: the tutorial's formula."""
    loss = 0.0
    for (a1, a2, a3), target in zip(FEATURES, TARGETS, strict=True):
        p = 0.5 * (m.tanh((a1 * w1 + a2 * w2 + a3 * w3 + b) * 0.5) + 1.0)
        loss = loss - m.log(p if target else 1.0 - p)
    return loss


def toy_loss(w: Any, b: Any) -> Any:
    """The same in arrays, of the dtype of w and b, as the tutorial writes it."""
    features, targets = jnp.array(FEATURES, w.dtype), jnp.array(TARGETS, w.dtype)
    p = 0.5 * (jax.lax.tanh((jnp.dot(features, w) + b) / 2) + 1)
    return -jnp.sum(jax.lax.log(p * targets + (1 - p) * (1 - targets)))


def toy_quotients() -> dict[str, float]:
    """The loss, its derivatives along b and a direction, and their central quotients of width 1e-4, all in float32.

    `lattice` is the distance of two possible values of the quotient: one unit in the last place of the loss over 1e-4.
    """
    w, direction = (jnp.array(values, jnp.float32) for values in (WEIGHTS, DIRECTION))
    b, e = jnp.float32(BIAS), QUOTIENT_STEP
    slope, bias_slope = jax.grad(toy_loss, (0, 1))(w, b)
    loss = toy_loss(w, b)
    return {
        "loss": float(loss),
        "bias": float(bias_slope),
        "bias quotient": float((toy_loss(w, b + e / 2) - toy_loss(w, b - e / 2)) / e),
        "direction": float(jnp.vdot(slope, direction)),
        "direction quotient": float((toy_loss(w + e / 2 * direction, b) - toy_loss(w - e / 2 * direction, b)) / e),
        "lattice": float(np.spacing(np.float32(loss))) / e,
    }


def _tanh(order: int) -> Example:
    """The derivative before the one that is asked for is drawn."""
    f = JAX.tanh
    for _ in range(order - 1):
        f = jax.grad(f)
    return Example(tanh, (2.0,), f"tanh{'′' * (order - 1)} x", "001", ("x",), order=order, traced=f)


EXAMPLES = {
    "sum_product": Example(sum_product, (1.0, 2.0), "x₁x₂ + sin x₁", "000", ("x₁", "x₂")),
    "log_root": Example(log_root, (2.0, 3.0), "w₂ ln w₁ + √(w₂ ln w₁)", "001", ("w₁", "w₂")),
    "neuron": Example(neuron, (0.5, 2.0, -0.3, 1.0), "½(σ(wx + b) − t)²", "002", ("w", "x", "b", "t")),
    "sine_exponential": Example(
        sine_exponential,
        (1.5, 0.5),
        "[sin(x₁/x₂) + x₁/x₂ − exp x₂][x₁/x₂ − exp x₂]",
        "003",
        ("x₁", "x₂"),
        node="u",
    ),
    "line_and_sine": Example(line_and_sine, (1.0,), "kx + sin x, k = 2", "003", ("x",)),
    "taylor_sine": Example(
        taylor_sine,
        (pi,),
        "Taylor series of sin x, by a while loop",
        "001",
        ("x",),
        traced=partial(taylor_sine, JAX, terms=6),  # as many as the loop adds at π
    ),
    "tanh_1": _tanh(1),
    "tanh_2": _tanh(2),
    "tanh_3": _tanh(3),
    "toy_logistic": Example(
        toy_logistic,
        (*WEIGHTS, BIAS),
        "logistic loss of 4 examples",
        "001",
        ("W", "b"),
        traced=toy_loss,
        start=(WEIGHTS, BIAS),
    ),
}
