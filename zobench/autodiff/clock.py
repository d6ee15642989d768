"""A clock for things that are compared: one after the other, round by round, so that only their ratio matters."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import jax
import numpy as np


def interleaved(
    timed: Sequence[tuple[Callable[[Any], Any], Callable[[], Any]]], repeats: int, warm_up: bool = True
) -> np.ndarray:
    """Seconds of each function, [functions, repeats], on what its own setup gives, which is not timed.

    The clock stops when the result is there.
    """
    seconds = np.empty((len(timed), repeats))
    for k in range(-1 if warm_up else 0, repeats):
        for i, (function, setup) in enumerate(timed):
            given = setup()
            start = perf_counter()
            jax.block_until_ready(function(given))
            if k >= 0:
                seconds[i, k] = perf_counter() - start
    return seconds
