"""Descent on ½‖x‖² from noisy values, from comparisons of them, along random directions and along the axes in turn.

A step asks two values, y± = f(x ± εv) + σξ±. Along unit directions v the estimate is n(y₊−y₋)/(2ε) v, by comparison
n(√π σ/(2ε)) sign(y₊−y₋) v, which has the same mean where the slope is far below σ/ε; along the axes in turn it is that
axis's own slope. x₊ = x − G/(k + k0). x0 ~ N(0, (R²/n) I): the minimum is not where the method could know it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from zobench.experiments.answers import law

WAYS = ("values", "comparisons", "axes in turn")
PARTS = 2**22  # numbers that are moved at a time


def runs(way: str, n: int, sigma: float, eps: float, start: float, marks: np.ndarray, count: int, seed: int):
    """f(x) and Σ‖xᵢ‖² over the values so far, [runs, marks] each, after the numbers of steps `marks`."""
    side, found = max(1, min(count, PARTS // n)), []
    lengths = np.diff(marks, prepend=0)
    group = jax.jit(jax.vmap(_run(way, n, sigma, eps, start, jnp.asarray(lengths))))
    for i in range(0, count, side):
        keys = jax.vmap(jax.random.key)(seed + jnp.arange(i, min(i + side, count)))
        found.append([np.asarray(part, np.float64) for part in group(keys)])
    f, asked = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return f, asked


def _run(way: str, n: int, sigma: float, eps: float, start: float, lengths) -> Callable:
    cycle = way == "axes in turn"
    first = law.gain(n, sigma, eps, start, 2 / np.pi if way == "comparisons" else 1.0)
    first = n * sigma**2 / (2 * eps**2 * start**2) if cycle else first  # of an axis: its own steps alone
    scale = n * np.pi**0.5 * sigma / (2 * eps)

    def step(k, carry, key):
        x, asked = carry
        one, two = jax.random.split(jax.random.fold_in(key, k))
        if cycle:
            v = jax.nn.one_hot(k % n, n, dtype=x.dtype)
        else:
            v = jax.random.normal(one, (n,), x.dtype)
            v = v / jnp.linalg.norm(v)
        difference = 2 * eps * (v @ x) + 2**0.5 * sigma * jax.random.normal(two, (), x.dtype)  # y₊ − y₋
        if cycle:
            move = difference / (2 * eps) / (k // n + 1 + first)
        elif way == "comparisons":
            move = scale * jnp.sign(difference) / (k + 1 + first)
        else:
            move = n * difference / (2 * eps) / (k + 1 + first)
        return x - move * v, asked + 2 * (x @ x + eps**2)

    def run(key):
        own, inner = jax.random.split(key)
        x = start / n**0.5 * jax.random.normal(own, (n,), jnp.float64)

        def part(carry, length):
            x, asked, k = carry
            x, asked = jax.lax.fori_loop(k, k + length, lambda i, c: step(i, c, inner), (x, asked))
            return (x, asked, k + length), (x @ x / 2, asked)

        _, found = jax.lax.scan(part, (x, jnp.zeros(()), 0), lengths)
        return found

    return run
