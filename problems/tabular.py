"""Data sets by their names: the regression that one would try first on each. Nothing is downloaded."""

from functools import cache
from typing import Literal, get_args

import jax.numpy as jnp
import numpy as np
from scipy.special import log_softmax

from zobench.problems import fashion
from zobench.problems.minibatch import minibatch
from zobench.problems.networks import _logsumexp
from zobench.problems.newton import newton
from zobench.types import Problem

Data = Literal["wine", "iris", "breast_cancer", "digits", "diabetes", "fashion_mnist"]


def dataset(data: Data = "wine", ridge: float = 1e-3, batch: int | None = None, common: bool = False) -> Problem:
    """Softmax regression on wine, iris, breast_cancer, digits or fashion_mnist, least squares on diabetes, from x = 0.

    With a ridge. Features of mean 0 and variance 1 (a constant one stays 0), a 1 besides; targets of diabetes likewise.
    Over m samples ã, f = mean −log p[label] + (ridge/2)‖x‖², p = softmax(X ã), x = X [d + 1, classes] row by row: L
    ≤ λ_max(ÃᵀÃ)/(2m) + ridge (Böhning 1992), tr ∇²f ≤ (1 − 1/classes)‖Ã‖²_F/m + n ridge. Or f = mean (ã·x − y)²/2 +
    (ridge/2)‖x‖², L and the trace exact. f* and x* by Newton's method. `batch`, `common`: methods see some samples
    (minibatch.minibatch). fashion_mnist is `fashion.fashion`, where Debian's package is installed; the others need
    zobench[data]. Raises ValueError for an unknown name, and where the data are missing.
    """
    if data not in get_args(Data):
        raise ValueError(f"problem.data={data}: there are {', '.join(get_args(Data))}")
    if not (isinstance(ridge, int | float) and 0 < ridge < np.inf):
        raise ValueError(f"problem.ridge={ridge}: the weight of ‖x‖²/2 is a positive number")
    feature, target = _table(data)
    m, classes = len(feature), 0 if data == "diabetes" else int(target.max()) + 1
    n = feature.shape[1] * (classes or 1)
    largest, energy = float(np.linalg.norm(feature, 2) ** 2) / m, float(np.sum(feature**2)) / m

    def mean(x, rows=slice(None)):
        a = jnp.asarray(feature, x.dtype)[rows]
        if not classes:
            loss = jnp.mean((a @ x - jnp.asarray(target, x.dtype)[rows]) ** 2) / 2
        else:
            logits = a @ x.reshape(-1, classes)
            label = jnp.asarray(target.astype(int))[rows]
            loss = jnp.mean(_logsumexp(logits) - jnp.take_along_axis(logits, label[:, None], axis=1)[:, 0])
        return loss + ridge / 2 * jnp.sum(x * x)

    def derivatives(x):
        return _derivatives(feature, target, classes, ridge, x)

    x_star = newton(derivatives, np.zeros(n))
    return Problem(
        f=mean,
        x0=np.zeros(n),
        F=minibatch(mean, m, batch, common),
        f_star=derivatives(x_star)[0],
        x_star=x_star,
        L=(largest / 2 if classes else largest) + ridge,
        mu=float(ridge),
        hessian_trace=((1 - 1 / classes) if classes else 1.0) * energy + n * ridge,
    )


@cache
def _table(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Features [m, d + 1], and labels or targets [m]."""
    raw, target = fashion.fashion(fashion.FOLDER) if data == "fashion_mnist" else _shipped(data)
    feature = (raw - raw.mean(axis=0)) / np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1)
    if data == "diabetes":
        target = (target - target.mean()) / target.std()
    return np.column_stack([feature, np.ones(len(feature))]), target


def _shipped(data: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ValueError(
            f"problem.data={data}: comes with scikit-learn, which is not installed; pip install 'zobench[data]'"
        ) from error
    raw, target = (np.asarray(part, float) for part in getattr(datasets, f"load_{data}")(return_X_y=True))
    return raw, target


def _derivatives(
    feature: np.ndarray, target: np.ndarray, classes: int, ridge: float, x: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """f, ∇f and ∇²f."""
    m, inputs = feature.shape
    if not classes:
        residual = feature @ x - target
        h = feature.T @ feature / m + ridge * np.eye(x.size)
        return float(residual @ residual / (2 * m) + ridge / 2 * x @ x), feature.T @ residual / m + ridge * x, h
    label = target.astype(int)
    logits = log_softmax(feature @ x.reshape(inputs, classes), axis=1)
    p = np.exp(logits)
    value = float(-np.mean(logits[np.arange(m), label]) + ridge / 2 * x @ x)
    g = feature.T @ (p - np.eye(classes)[label]) / m
    weighted = (feature[:, :, None] * p[:, None, :]).reshape(m, x.size)
    h = -weighted.T @ weighted / m  # of −ppᵀ; then diag(p), one class at a time
    for c in range(classes):
        h[c::classes, c::classes] += (feature.T * p[:, c]) @ feature / m
    return value, g.ravel() + ridge * x, h + ridge * np.eye(x.size)
