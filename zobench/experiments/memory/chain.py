"""A chain of layers, and all ways of getting a descent direction for it: what each keeps and what it computes again."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import directions
from zobench.experiments.memory import schedules
from zobench.sampling import require_count
from zobench.types import Key, Scalar

Weights = Any  # a tree of arrays
State = Any


class Chain(NamedTuple):
    """loss(h_l), h_{i+1} = layer(w_i, h_i) of the shape and dtype of h_0; the leaves of `weights` are [l, ...]."""

    layer: Callable[[Weights, State], State]
    weights: Weights
    h0: State
    loss: Callable[[State], Scalar]

    @property
    def depth(self) -> int:
        """The number of layers l."""
        return len(jax.tree.leaves(self.weights)[0])


def tanh_chain(depth: int = 64, width: int = 16, batch: int = 256, seed: int = 0) -> Chain:
    """h_{i+1} = tanh(h_i W_i), loss = mean h_l²/2; h_0 standard normal [batch, width], W_i of variance 1/width.

    A layer does 2 batch·width² flops. Raises ValueError where a size is no whole number from 1 on.
    """
    for name, size in (("depth", depth), ("width", width), ("batch", batch)):
        require_count(name, size, 1)
    random = np.random.default_rng(seed)
    return Chain(
        layer=lambda w, h: jnp.tanh(h @ w),
        weights=jnp.asarray(random.standard_normal((depth, width, width)) / width**0.5),
        h0=jnp.asarray(random.standard_normal((batch, width))),
        loss=lambda h: jnp.mean(h**2) / 2,
    )


def value(chain: Chain, layer: Callable | None = None) -> Callable[[Weights], Scalar]:
    """f(W), one scan over the layers."""
    layer = layer or chain.layer

    def f(weights):
        return chain.loss(jax.lax.scan(lambda h, w: (layer(w, h), None), chain.h0, weights)[0])

    return f


def segmented(chain: Chain, s: int) -> Callable[[Weights], Scalar]:
    """f(W) whose gradient keeps the first state of `s` segments alone, by jax.checkpoint; the last one may be shorter.

    Backward, one segment at a time is run again with all of its states (Chen et al. 2016).
    """
    schedules.require_segments(s, chain.depth)
    size = -(-chain.depth // s)
    whole = chain.depth // size

    @partial(jax.checkpoint, prevent_cse=False)  # in a scan nothing can be merged, so no barrier is needed
    def segment(h, w):
        return jax.lax.scan(lambda h, w: (chain.layer(w, h), None), h, w)[0]

    def f(weights):
        cut = jax.tree.map(lambda w: w[: whole * size].reshape(whole, size, *w.shape[1:]), weights)
        h = jax.lax.scan(lambda h, w: (segment(h, w), None), chain.h0, cut)[0]
        return chain.loss(segment(h, jax.tree.map(lambda w: w[whole * size :], weights)) if chain.depth % size else h)

    return f


def zero_order_step(chain: Chain, eps: float = 1e-4, lr: float = 1e-3) -> Callable[[Weights, Any], Weights]:
    """W − α (f(W+εV) − f(W−εV))/(2ε) V, V = ±1; V is drawn again, layer by layer, and never kept (Malladi et al. 2023).

    Two values of f a step, and no more memory than a value takes.
    """
    index = jnp.arange(chain.depth, dtype=jnp.uint32)

    def moved(weights, i, seed, step):
        leaves, tree = jax.tree.flatten(weights)
        signs = [directions.rademacher(Key(seed, i, jnp.uint32(j)), w.size) for j, w in enumerate(leaves)]
        moves = [w + step * v.reshape(w.shape).astype(w.dtype) for w, v in zip(leaves, signs, strict=True)]
        return jax.tree.unflatten(tree, moves)

    def value_at(weights, seed, step):
        def layer(h, row):
            w, i = row
            return chain.layer(moved(w, i, seed, step), h), None

        return chain.loss(jax.lax.scan(layer, chain.h0, (weights, index))[0])

    def step(weights, seed):
        slope = (value_at(weights, seed, eps) - value_at(weights, seed, -eps)) / (2 * eps)
        return jax.lax.map(lambda row: moved(row[0], row[1], seed, -lr * slope), (weights, index))

    return step
