"""A schedule that records one layer at a time, as numbers, and the one compiled program that follows them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.experiments.memory.chain import Chain, Weights
from zobench.experiments.memory.schedules import Action
from zobench.types import Scalar


class Tape(NamedTuple):
    """A schedule that records one layer at a time, as numbers: a turn restores, advances, keeps, takes one layer back.

    `restore`, `start`, `offset`, `final` are [l], by layer: the slot and the layer to begin from, where its advances
    begin in `keep`, and the slot for the state before the turn; `keep` [advances]: the slot for the state before each
    advance. Slot `slots` is for what is not kept.
    """

    restore: np.ndarray
    start: np.ndarray
    offset: np.ndarray
    final: np.ndarray
    keep: np.ndarray
    slots: int


def tape(actions: Iterable[Action], l: int) -> Tape:  # noqa: E741
    """The schedule as numbers for `compiled_reverse`. Raises ValueError where it keeps more than one record."""
    turns, keep, slot, free, used = {}, [], {}, [], 0
    begin, pending, offset, recorded = 0, -1, 0, None
    for kind, i in actions:
        if (kind == "back") != (recorded is not None) or (kind == "record" and begin not in slot):
            raise ValueError(f"{kind} {i}: a tape begins with a kept state, and takes each layer back once recorded")
        if kind == "store":
            slot[i] = pending = free.pop() if free else used
            used = max(used, pending + 1)
        elif kind == "advance":
            keep.append(pending)
            pending = -1
        elif kind == "restore":
            begin = i
        elif kind == "record":
            turns[i] = (slot[begin], begin, offset, pending)
            recorded, pending, offset = i, -1, len(keep)
        elif kind == "back":
            recorded = None
        else:
            free.append(slot.pop(i))
    restore, start, where, final = np.array([turns[i] for i in range(l)], np.int32).T
    kept = np.array([*keep, -1], np.int32)
    return Tape(restore, start, where, np.where(final < 0, used, final), np.where(kept < 0, used, kept), used)


def _put(slots, i, h):
    return jax.tree.map(lambda all, one: all.at[i].set(one), slots, h)


def compiled_reverse(chain: Chain, plan: Tape) -> Callable[[Weights], tuple[Scalar, Weights]]:
    """f and ∇f by the turns of a tape, in one program: a scan over layers from the last, a loop over advances inside.

    It keeps plan.slots states and one record; every turn computes the loss of its own state, of which the first counts.
    """
    restore, start, offset, final, keep = (jnp.asarray(part) for part in plan[:-1])
    last = chain.depth - 1

    def turn(weights, carry, row):
        slots, adjoint, loss = carry
        i, w, source, begin, where, target = row

        def advance(j, state):
            slots, h = state
            slots = _put(slots, keep[where + j], h)
            return slots, chain.layer(jax.tree.map(lambda w: w[begin + j], weights), h)

        h = jax.tree.map(lambda all: all[source], slots)
        slots, h = jax.lax.fori_loop(0, i - begin, advance, (slots, h))
        slots = _put(slots, target, h)
        out, pull = jax.vjp(chain.layer, w, h)
        own, first = jax.value_and_grad(chain.loss)(out)
        adjoint = jax.tree.map(lambda a, b: jnp.where(i == last, a, b), first, adjoint)
        g, adjoint = pull(adjoint)
        return (slots, adjoint, jnp.where(i == last, own, loss)), g

    def value_and_gradient(weights):
        slots = jax.tree.map(lambda h: jnp.zeros((plan.slots + 1, *h.shape), h.dtype), chain.h0)
        zero = jax.tree.map(jnp.zeros_like, chain.h0)
        carry = (
            _put(slots, int(plan.restore[-1]), chain.h0),
            zero,
            jnp.zeros((), jnp.result_type(*jax.tree.leaves(zero))),
        )
        rows = (jnp.arange(chain.depth), weights, restore, start, offset, final)
        (_, _, loss), g = jax.lax.scan(partial(turn, weights), carry, rows, reverse=True)
        return loss, g

    return value_and_gradient
