"""Many estimates of one gradient, and how far their means may be off: what the studies of estimators share."""

import os
from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Estimator, Key, Problem, Vector, oracle

CHUNK = 2**21  # coordinates moved at a time


class Mean(NamedTuple):
    """A sample mean and its standard error."""

    value: float
    error: float = 0.0


def mean(sample: np.ndarray) -> Mean:
    """Mean over a sample [samples] and its standard error."""
    value = float(np.mean(sample, dtype=np.float64))
    return Mean(value, float(np.std(sample, ddof=1, dtype=np.float64)) / sqrt(sample.size) if sample.size > 1 else 0.0)


def draws(estimator: Estimator, x: Vector, samples: int, seed: int) -> Any:
    """The directions of steps 0, 1, ... of the run `seed`, [samples, ...]; None for a deterministic estimator."""
    make = estimator.draw
    if make is None:
        return None
    one = jax.vmap(lambda step: make(Key(jnp.uint32(seed), step), x.size, x.dtype))
    return jax.jit(one)(jnp.arange(samples, dtype=jnp.uint32))


def estimates(
    problem: Problem, estimators: Sequence[Estimator], x: Vector, drawn: Any, samples: int, seed: int
) -> list[np.ndarray]:
    """Estimates at x by each of the estimators, [samples, n] each, along the same directions `drawn`.

    Sample i is what step i of the run `seed` would see, noise included. One that is deterministic, on a problem without
    noise, is made once: [1, n].
    """

    def one(step, draw):
        ask = oracle(problem, Key(jnp.uint32(seed), step))
        return [each.estimate(ask, x, draw, each.init(x))[0] for each in estimators]

    count = 1 if drawn is None and problem.F is None else samples
    steps, drawn = jnp.arange(count, dtype=jnp.uint32), () if drawn is None else drawn
    size = max(1, min(count, CHUNK * count // max(x.size * count, getattr(drawn, "size", 0))))
    many = jax.jit(jax.vmap(one))
    parts = [many(*jax.tree.map(lambda a: a[i : i + size], (steps, drawn))) for i in range(0, count, size)]  # noqa: B023
    return [np.concatenate([np.asarray(part[j], np.float64) for part in parts]) for j in range(len(estimators))]


def require_count(name: str, value: int, least: int) -> None:
    """Refuse a count below `least`: ValueError."""
    if value < least:
        raise ValueError(f"{name}={value}: a whole number from {least} on")


def require_positive(name: str, values: Sequence[float]) -> None:
    """Refuse an empty list and what is not a positive number: ValueError."""
    if not values or not all(np.isfinite(value) and value > 0 for value in values):
        raise ValueError(f"{name}={list(values)}: positive numbers, one or more")


def require_memory(name: str, value: int, needed: int) -> None:
    """Refuse what does not fit the memory that is free: ValueError that names the size and the way out."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > free:
        raise ValueError(f"{name}={value}: it needs {needed:.3g} bytes, there are {free:.3g}; give a smaller {name}")
