"""Classifiers of handwritten digits: softmax regression, which is convex, and small networks, which are not."""

from collections.abc import Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from scipy.special import log_softmax

from zobench.problems.datasets import TRAIN, digits
from zobench.problems.minibatch import minibatch
from zobench.problems.newton import newton
from zobench.types import Problem, Scalar, Vector

PIXELS, CLASSES = 64, 10
Layers = list[tuple[np.ndarray, np.ndarray]]


def softmax(samples: int | None = None, ridge: float = 1e-3, batch: int | None = None, common: bool = False) -> Problem:
    """Softmax regression on digits: convex, x = (W, b), n = 650, from 0, where f = ln 10.

    f(x) = mean_j −log p_j[label j] + (ridge/2)‖x‖² with p_j = exp(Wa_j + b)/Σ, a_j the 64 pixels.
    The first `samples` of 1437 digits (datasets.digits; null: all). With ã = (a, 1): L ≤ λ_max(ÃᵀÃ)/(2m) + ridge, as
    diag(p) − ppᵀ ≤ ½I (Böhning 1992); tr ∇²f ≤ 0.9 ‖Ã‖²_F/m + 650 ridge, attained at x0; mu = ridge, reached by a
    common change of all classes. f* and x* by Newton's method to rounding (a second); without ridge they are not given.
    `batch`, `common`: methods see some of the digits (minibatch.minibatch). Needs zobench[data].
    Raises ValueError where an argument is out of range or scikit-learn is missing.
    """
    if not (isinstance(ridge, int | float) and 0 <= ridge < np.inf):
        raise ValueError(f"problem.ridge={ridge}: the weight of ‖x‖²/2 is a number, 0 or more")
    m = _samples(samples)
    pixels, label = digits().train[:m], digits().train_label[:m]
    feature = np.column_stack([pixels, np.ones(m)])
    n = CLASSES * (PIXELS + 1)
    x_star = newton(lambda x: _derivatives(feature, label, ridge, x), np.zeros(n)) if ridge else None
    loss = _mean_loss((), m)

    def mean(x, rows=slice(None)):
        return loss(x, rows) + ridge / 2 * jnp.sum(x * x)

    return Problem(
        f=mean,
        x0=np.zeros(n),
        F=minibatch(mean, m, batch, common),
        f_star=np.nan if x_star is None else _derivatives(feature, label, ridge, x_star)[0],
        x_star=None if x_star is None else x_star,
        L=float(np.linalg.norm(feature, 2) ** 2) / (2 * m) + ridge,
        mu=float(ridge) if ridge else np.nan,
        hessian_trace=0.9 * float(np.sum(feature**2)) / m + n * ridge,
        shapes=((PIXELS, CLASSES), (CLASSES,)),
    )


def mlp(
    widths: Sequence[int] = (16,),
    samples: int | None = None,
    batch: int | None = None,
    common: bool = False,
    seed: int = 0,
    f_star: float | None = None,
) -> Problem:
    """A network of tanh layers of `widths` between 64 pixels and 10 classes; not convex.

    f(x) = mean_j −log p_j[label j], p_j = exp(net(a_j))/Σ; x is all weights and biases in one vector,
    n = 64w + w + 10w + 10 for one layer of w. x0: weights normal of variance 1/(inputs) (LeCun et al. 1998) drawn by
    `seed`, biases 0. No constant is known: give steps as numbers, and as `f_star` what gaps are to be measured from (0
    is below every value). The first `samples` of 1437 digits (datasets.digits; null: all). `batch`, `common`: methods
    see some of the digits (minibatch.minibatch). `accuracy` tells how good x is. Needs zobench[data].
    Raises ValueError where an argument is out of range or scikit-learn is missing.
    """
    if not all(isinstance(width, int) and width >= 1 for width in widths):
        raise ValueError(f"problem.widths={list(widths)}: the widths of the hidden layers are whole numbers from 1 on")
    m = _samples(samples)
    mean = _mean_loss(widths, m)
    parts = jax.tree.leaves(_layers(widths, np.random.default_rng(seed)))
    x0, shapes = np.concatenate([part.ravel() for part in parts]), tuple(part.shape for part in parts)
    known = np.nan if f_star is None else float(f_star)
    return Problem(f=mean, x0=x0, F=minibatch(mean, m, batch, common), f_star=known, shapes=shapes)


def accuracy(x: Vector, widths: Sequence[int] = ()) -> tuple[float, float]:
    """Shares of the 1437 train and 360 test digits that x gets right; `widths` of an mlp, none for softmax."""
    net, data = _net(widths), digits()

    def right(pixels: np.ndarray, label: np.ndarray) -> float:
        return float(np.mean(np.argmax(net(jnp.asarray(x), jnp.asarray(pixels, jnp.result_type(x))), axis=1) == label))

    return right(data.train, data.train_label), right(data.test, data.test_label)


def _mean_loss(widths: Sequence[int], m: int):
    """The mean cross-entropy over rows of the first m digits, as a function of (x, rows)."""
    net, pixels, label = _net(widths), digits().train[:m], digits().train_label[:m]

    def mean(x, rows=slice(None)) -> Scalar:
        logits = net(x, jnp.asarray(pixels, x.dtype)[rows])
        chosen = jnp.take_along_axis(logits, jnp.asarray(label)[rows][:, None], axis=1)[:, 0]
        return jnp.mean(_logsumexp(logits) - chosen)

    return mean


def _logsumexp(logits: Float[Array, "m 10"]) -> Float[Array, " m"]:
    """log Σ exp over classes: JAX's for real logits, and for complex ones (a complex step) an analytic form."""
    if not jnp.issubdtype(logits.dtype, jnp.complexfloating):
        return jax.nn.logsumexp(logits, axis=1)
    largest = jnp.take_along_axis(logits, jnp.argmax(logits.real, axis=1)[:, None], axis=1)
    return largest[:, 0] + jnp.log(jnp.sum(jnp.exp(logits - largest), axis=1))


def _net(widths: Sequence[int]):
    """x, pixels [m, 64] -> logits [m, 10]."""
    unravel = ravel_pytree(_layers(widths))[1]

    def net(x: Vector, a: Float[Array, "m 64"]) -> Float[Array, "m 10"]:
        *hidden, (weight, bias) = unravel(x)
        for w, b in hidden:
            a = jnp.tanh(a @ w + b)
        return a @ weight + bias

    return net


def _layers(widths: Sequence[int], random: np.random.Generator | None = None) -> Layers:
    """Weights [inputs, outputs] and biases [outputs] of each layer: LeCun normal, or 0."""
    sizes = [PIXELS, *widths, CLASSES]
    draw = np.zeros if random is None else random.standard_normal
    return [(draw((i, o)) / i**0.5, np.zeros(o)) for i, o in pairwise(sizes)]


def _samples(samples: int | None) -> int:
    if samples is not None and not (isinstance(samples, int) and 1 <= samples <= TRAIN):
        raise ValueError(f"problem.samples={samples}: a whole number from 1 to {TRAIN} digits, or null for all")
    return samples or TRAIN


def _derivatives(
    feature: np.ndarray, label: np.ndarray, ridge: float, x: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """f, ∇f and ∇²f of softmax regression; x row by row is [65, 10], weights and then the bias."""
    m, inputs = feature.shape
    logits = log_softmax(feature @ x.reshape(inputs, CLASSES), axis=1)
    p = np.exp(logits)
    value = float(-np.mean(logits[np.arange(m), label]) + ridge / 2 * x @ x)
    g = feature.T @ (p - np.eye(CLASSES)[label]) / m
    weighted = (feature[:, :, None] * p[:, None, :]).reshape(m, x.size)
    h = -weighted.T @ weighted / m  # of −ppᵀ; then diag(p), one class at a time
    for c in range(CLASSES):
        h[c::CLASSES, c::CLASSES] += (feature.T * p[:, c]) @ feature / m
    return value, g.ravel() + ridge * x, h + ridge * np.eye(x.size)
