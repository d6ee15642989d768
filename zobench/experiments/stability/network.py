"""Where the curvature settles while a network is trained without gradients: the whole spectrum along the way.

Two-point descent with Gaussian directions on all samples of a small network of digits. At each record the Hessian's
eigenvalues, exactly; from them the largest step α* that is stable in the mean square (limits.largest_step) where f is
taken for the quadratic of the positive ones. Training that is held at the edge of stability has α/α* near 1.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import estimators
from zobench.experiments.stability.limits import largest_step
from zobench.problems.datasets import digits
from zobench.problems.networks import CLASSES, PIXELS, mlp
from zobench.types import Key, Moment, Problem, oracle

EPS = 1e-3  # in float32


class Training(NamedTuple):
    """Steps [steps]; at iterations k [records] f, tr H, its positive part, λ_max and α*, each [steps, records]."""

    steps: np.ndarray
    k: np.ndarray
    f: np.ndarray
    trace: np.ndarray
    positive: np.ndarray
    largest: np.ndarray
    limit: np.ndarray


def squares(width: int, samples: int) -> Problem:
    """f = mean over the digits of ½‖net(a) − e_label‖² of a tanh layer; start of variance 1/inputs."""
    pixels, label = digits().train[:samples], digits().train_label[:samples]
    target = np.eye(CLASSES)[label]
    ends = np.cumsum([width, width * PIXELS, CLASSES])

    def f(x):
        bias, weight, bias_out, out = jnp.split(x, ends)
        hidden = jnp.tanh(jnp.asarray(pixels, x.dtype) @ weight.reshape(PIXELS, width) + bias)
        off = hidden @ out.reshape(width, CLASSES) + bias_out - jnp.asarray(target, x.dtype)
        return jnp.mean(jnp.sum(off * off, axis=1)) / 2

    rng = np.random.default_rng(0)
    first, second = (rng.standard_normal(size) / size[0] ** 0.5 for size in ((PIXELS, width), (width, CLASSES)))
    return Problem(f=f, x0=np.concatenate([np.zeros(width), first.ravel(), np.zeros(CLASSES), second.ravel()]))


LOSSES = {"squares": squares, "cross_entropy": lambda width, samples: mlp([width], samples=samples)}


def train(
    loss: str, width: int, samples: int, multiples: Sequence[float], records: int, every: int, seed: int
) -> tuple[Training, int]:
    """A run from one start for each step, and n. What is lost is inf in f and nan in the rest."""
    problem = LOSSES[loss](width, samples)
    problem = problem._replace(x0=jnp.asarray(problem.x0, jnp.float32))
    estimator = estimators.two_point("gaussian", eps=EPS)
    moment: Any = estimator.second_moment(problem.n)
    go, hessian = jax.jit(_block(problem, estimator)), jax.jit(jax.hessian(problem.f))
    found = np.full((len(multiples), records + 1, 5), np.nan)
    steps = np.array(multiples) * _told(hessian(problem.x0), moment)[-1]
    for i, step in enumerate(steps):
        x = problem.x0
        for r in range(records + 1):
            f = float(problem.f(x))
            if not np.isfinite(f):
                found[i, r:, 0] = np.inf
                break
            found[i, r] = f, *_told(hessian(x), moment)
            x = go(x, r * every, every, jnp.float32(step), jnp.uint32(seed))
    return Training(steps, np.arange(records + 1) * every, *np.moveaxis(found, -1, 0)), problem.n


def _told(hessian: Any, moment: Moment) -> tuple[float, float, float, float]:
    """tr H, the sum of the positive eigenvalues, the largest one, α* of the positive ones."""
    eigenvalue = np.linalg.eigvalsh(np.asarray(hessian, np.float64))
    positive = eigenvalue[eigenvalue > 0]
    return float(eigenvalue.sum()), float(positive.sum()), float(positive.max()), largest_step(positive, moment)


def _block(problem: Problem, estimator):
    """x after `every` iterations from the k-th on."""

    def iterate(k, x, step, seed):
        key = Key(seed, k.astype(jnp.uint32))
        g, _ = estimator.estimate(oracle(problem, key), x, estimator.draw(key, problem.n, x.dtype), ())
        return x - step * g

    def block(x, k, every, step, seed):
        return jax.lax.fori_loop(k, k + every, lambda i, x: iterate(i, x, step, seed), x)

    return block
