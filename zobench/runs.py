"""Runs on their way through a compiled block: what each has made, where it stands, and what is kept of it."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.rhythm import RECORDS
from zobench.states import Past, Tail
from zobench.types import Problem

LONG = 2**20  # bytes of an array that is not to be on the host twice


def on_device(state: Any) -> Any:
    """A state on the device, of arrays that are nobody else's: a block takes them over."""
    return jax.tree.map(lambda leaf: _owned(np.asarray(leaf)), state)


def _owned(leaf: np.ndarray) -> jax.Array:
    """A copy; of a short array on the host, as JAX compiles a program to copy a shape where no dtype is given."""
    return jnp.asarray(leaf.copy(), leaf.dtype) if leaf.nbytes < LONG else jnp.array(leaf)


class Program(NamedTuple):
    """The compiled block of `records` records of one run, or of a group of them, `every` iterations between records.

    A block that the cap cuts short has one record more, that at the cap where it is reached in the last interval.

    `init(step)` is where it begins, x0 and the method's first state, on the host: copied from there, nothing is
    compiled.
    """

    block: Callable
    init: Callable
    problem: Problem
    records: int
    every: int
    compile_seconds: float
    size: int = 0  # runs of a group; none: a run by itself

    @property
    def section(self) -> int:
        """How many records a section has: runs end behind one."""
        return min(RECORDS, self.records)


class Runs(NamedTuple):
    """Runs on their way: for each its seed and step, its start, what was made of it, and where it stands.

    `live` has the block that a run stands before, its state, and x behind each section of the block that it has made;
    `fixed` is what goes into every block: every, cap, stays, end.
    """

    program: Program
    asked: Sequence[tuple[Any, Any]]
    starts: Sequence[Any]
    pasts: Sequence[Past]
    live: dict[int, tuple[int, Any, Any]]
    fixed: tuple[Any, ...]
    cap: int

    @property
    def whole(self) -> int:
        """How many blocks the cap does not cut short."""
        return self.cap // (self.program.records * self.program.every)

    def call(self, run: int, block: int, state: Any) -> Any:
        """The next state of a run, its records, and x behind each section; takes the state over."""
        k = block * self.program.records * self.program.every
        return self.program.block(*state, *self.asked[run], np.int32(k), *self.fixed)

    def state(self, run: int, block: int) -> Any:
        """The state of a run at the beginning of a block, made again from the latest saved one before it."""
        if block == self.at(run):
            return self.live[run][1]
        start, states = self.starts[run], self.pasts[run].states
        first = max((at for at in states if at <= min(block, self.whole)), default=0)
        saved = jax.tree.unflatten(jax.tree.structure(start), states[first]) if first else start
        state = on_device(saved)
        for between in range(first, block):
            state = self.call(run, between, state)[:2]
        return state

    def at(self, run: int) -> int:
        """The block that a run stands before; -1 where it has not moved, or a block that failed has its state."""
        block, state, _ = self.live.get(run, (-1, (), ()))
        return -1 if any(leaf.is_deleted() for leaf in jax.tree.leaves(state)) else block


def next_block(runs: Runs, block: int, keeps: bool) -> tuple[np.ndarray, int, float]:
    """A block's records [3, runs, records], saved ones where there are any; how many runs made theirs; seconds of all.

    One record more where the cap cuts it short. `keeps`: what is made is added to what there is of the run, of a block
    that is cut short its end.
    """
    start, cap = time.perf_counter(), runs.cap
    whole = block < runs.whole
    known = {run: known_block(runs, run, block) for run in range(len(runs.pasts))}
    new = [run for run, found in known.items() if found is None]
    done = {run: runs.call(run, block, runs.state(run, block)) for run in new}
    made = {run: np.asarray(each[2])[: runs.program.records + (not whole)] for run, each in done.items()}
    took = time.perf_counter() - start
    for run, (x, memory, _, ends) in done.items():
        past, runs.live[run] = runs.pasts[run], (block + 1, (x, memory), ends)
        known[run] = made[run], took / len(new)
        if keeps and whole:
            past.records.append(made[run])
            past.seconds.append(took / len(new))
            if (block + 1) % past.often(jax.tree.leaves((x, memory))) == 0:
                keep(runs, run)
        elif keeps:
            behind = np.asarray(ends) if len(ends) else np.asarray(x)[None]  # no copy: there is no block after it
            past.end(cap, Tail(made[run], took / len(new), behind))
    records, seconds = zip(*(known[run] for run in range(len(runs.pasts))), strict=True)
    return np.array(records).transpose(2, 0, 1), len(new), sum(seconds)


def known_block(runs: Runs, run: int, block: int) -> tuple[np.ndarray, float] | None:
    """The records of a block and its seconds, where it has been made."""
    past = runs.pasts[run]
    if block < runs.whole:
        return (past.records[block], past.seconds[block]) if block < len(past.records) else None
    return past.tails[runs.cap][:2] if runs.cap in past.tails else None


def keep(runs: Runs, *which: int) -> None:
    """Copy states to the host, of all runs that stand behind their last whole block, or of these."""
    for run in which or runs.live:
        past, block = runs.pasts[run], runs.at(run)
        if block == len(past.records) and block not in past.states:
            past.keep(block, [np.array(leaf) for leaf in jax.tree.leaves(runs.live[run][1])])


def save_all(runs: Runs, save: Callable[[], None]) -> None:
    """Save, with the state of every run where it stands now."""
    keep(runs)
    save()


def end_of(runs: Runs, run: int, blocks: int, section: int) -> np.ndarray:
    """x of a run behind a section of the last of so many blocks; sections are counted from its end, which is −1.

    A run that was longer once makes its last steps again.
    """
    tails = runs.pasts[run].tails
    if runs.at(run) != blocks > runs.whole and runs.cap in tails:
        return tails[runs.cap].x[section]
    if runs.at(run) != blocks and section == -1:
        runs.live[run] = blocks, runs.state(run, blocks), ()
    elif runs.at(run) != blocks:
        x, memory, _, ends = runs.call(run, blocks - 1, runs.state(run, blocks - 1))
        runs.live[run] = blocks, (x, memory), ends
    _, (x, _), ends = runs.live[run]
    return np.asarray(ends)[section] if len(ends) else np.asarray(x)  # indexing an array of JAX's takes 100 us
