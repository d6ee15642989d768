"""Tuning a step size: the response over a grid, on seeds that are never reported."""

from collections.abc import Sequence
from math import ceil, inf, isfinite, log
from typing import NamedTuple

import numpy as np

from zobench.run import Program, Stop, advance, hitting_times

TUNING_SEEDS_FROM = 1_000_000


class Tuning(NamedTuple):
    """The whole response: multiples of the theory step [m], hitting times and outcomes [m, seeds]; the best one."""

    multiples: np.ndarray
    hits: np.ndarray
    outcome: np.ndarray
    best: float


def tune(program: Program, base: float, multiples: Sequence[float], seeds: Sequence[int], stop: Stop) -> Tuning:
    """The multiple of the theory step with the least median hitting time, tried from 1 upwards and then downwards.

    A seed is given up at twice the best median so far, and a multiple where the first half of its seeds and one more
    are: all then count as censored (inf), those not tried with the outcome "not run". Where no multiple reaches the
    target, the one whose median metric is least at the end.
    """
    order = sorted(multiples, key=lambda multiple: (multiple < 1, abs(log(multiple))))
    hits, outcome, last = [], [], []
    for multiple in order:
        best = min((float(np.median(h)) for h in hits), default=inf)
        capped = stop._replace(cap=min(stop.cap, ceil(2 * best)) if isfinite(best) else stop.cap)
        times, ends, metrics = np.full(len(seeds), inf), np.full(len(seeds), "not run", object), []
        for i, seed in enumerate(seeds):
            if i > len(seeds) / 2 and np.isinf(times[:i]).all():
                break
            curves = advance(program, [multiple * base], [seed], capped, lambda k: None, stays=True)
            (times[i],), (ends[i],) = hitting_times(curves, capped)
            metrics.append(getattr(curves, stop.metric)[0, -1])
        hits.append(times)
        outcome.append(ends.astype(str))
        last.append(np.median(metrics))
    medians = np.median(hits, axis=1)
    score = medians if np.isfinite(medians).any() else np.nan_to_num(last, nan=inf)
    return Tuning(np.array(order), np.array(hits), np.array(outcome), order[int(np.argmin(score))])
