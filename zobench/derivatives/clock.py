"""A clock for things that are compared: one after the other, round by round, so that only their ratio matters."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import jax
import numpy as np


def interleaved(
    timed: Sequence[tuple[Callable[[Any], Any], Callable[[], Any]]],
    repeats: int,
    clock: Callable[[], float] = perf_counter,
) -> np.ndarray:
    """Seconds of each function, [functions, repeats], on what its own setup gives, which is not timed.

    A first round is not counted. The clock stops when the result is there. time.process_time, which counts the work of
    this process alone, is the better clock where Python does it all and the machine has other work.
    """
    seconds = np.empty((len(timed), repeats))
    for k in range(-1, repeats):
        for i, (function, setup) in enumerate(timed):
            given = setup()
            start = clock()
            jax.block_until_ready(function(given))
            if k >= 0:
                seconds[i, k] = clock() - start
    return seconds
