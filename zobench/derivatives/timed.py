"""Seconds per call of functions that are compared: the same rounds for all of them, so that only ratios matter."""

from collections.abc import Callable, Sequence
from math import ceil
from time import perf_counter
from typing import Any

import jax
import numpy as np

SAMPLE = 1e-3  # seconds that one sample takes at least: calls shorter than the clock's noise are repeated within it
MOST = 200  # calls in a sample
BUDGET = 1.0  # seconds for the rounds of one comparison
FEWEST = 5  # rounds, however long they take
LONG = 2.0  # seconds of a first call, compilation included, that need no second one to know the length of a sample


def seconds(calls: Sequence[Callable[[], Any]], repeats: int, budget: float = BUDGET) -> np.ndarray:
    """Seconds per call, [calls, repeats]: each warmed up (compiled), then in turns; stopped after block_until_ready.

    After `budget` seconds and FEWEST rounds the others are left out, as nan.
    """
    loops = [min(MOST, ceil(SAMPLE / max(_warm(call), 1e-9))) for call in calls]
    found, start = np.full((len(calls), repeats), np.nan), perf_counter()
    for j in range(repeats):
        if j >= FEWEST and perf_counter() - start > budget:
            break
        for i, (call, turns) in enumerate(zip(calls, loops, strict=True)):
            found[i, j] = _sample(call, turns)
    return found


def _warm(call: Callable[[], Any]) -> float:
    first = _sample(call, 1)
    return first if first > LONG else _sample(call, 1)


def _sample(call: Callable[[], Any], turns: int) -> float:
    start = perf_counter()
    for _ in range(turns):
        jax.block_until_ready(call())
    return (perf_counter() - start) / turns
