"""Tuning a step size: a search that refines, the same for every method, on seeds that are never reported."""

from collections.abc import Callable, Sequence
from math import ceil, inf, isfinite
from typing import NamedTuple

import numpy as np

from zobench.loop import Program, Stop, advance, hitting_times

TUNING_SEEDS_FROM = 1_000_000

Score = tuple[float, ...]


class Tuning(NamedTuple):
    """Every try: multiples of the theory step [m], hitting times and outcomes [m, seeds]; the best multiple.

    `bracketed`: a smaller and a larger multiple were tried and are no better. `iterations`: of all tries together.
    """

    multiples: np.ndarray
    hits: np.ndarray
    outcome: np.ndarray
    best: float
    bracketed: bool
    iterations: int


def search(score: Callable[[float], Score], tries: int) -> list[tuple[float, Score]]:
    """So many multiples and their scores, less is better, in the order in which they are tried.

    From 1, the neighbours of the best at a factor of 2, the larger first, as far as it goes on to improve; where
    neither is better the factor becomes its square root. So the best is bracketed first and then approached from both
    sides, which finds an optimum just below a cliff as well as a flat one. A tie is no improvement. What it finds is an
    optimum among its neighbours: of a response with several valleys it finds one.
    """
    found: dict[float, Score] = {}
    best, apart = 0.0, 1.0  # logarithms to base 2, which stay exact
    while len(found) < tries:
        place = next((at for at in (best, best + apart, best - apart) if at not in found), None)
        if place is None:
            apart /= 2
            continue
        found[place] = score(2.0**place)
        best = place if found[place] < found[best] else best
    return [(2.0**place, value) for place, value in found.items()]


def penalised(hits: np.ndarray, cap: float) -> np.ndarray:
    """Mean hitting time over the last axis, a run that did not arrive counted as twice the cap; inf where none did.

    (PAR2, Hutter et al. 2009.) A median would take a step at the edge of a cliff, where nearly half of the runs fail.
    """
    mean = np.where(np.isfinite(hits), hits, 2 * cap).mean(axis=-1)
    return np.where(np.isfinite(hits).any(axis=-1), mean, inf)


def tune(program: Program, base: float, tries: int, seeds: Sequence[int], stop: Stop) -> Tuning:
    """`search` for the least penalised mean hitting time, all tries on the same seeds.

    Where none arrives, for the least median metric at the end, and for a smaller step where runs diverge. A seed is
    given up at twice the best time so far, and a multiple where the first half of its seeds and one more are: they
    count as censored (inf), those not tried with the outcome "not run".
    """
    hits, outcome, least, iterations = [], [], inf, 0

    def score(multiple: float) -> Score:
        nonlocal least, iterations
        capped = stop._replace(cap=min(stop.cap, ceil(2 * least)) if isfinite(least) else stop.cap)
        times, ends, metrics = np.full(len(seeds), inf), np.full(len(seeds), "not run", object), []
        for i, seed in enumerate(seeds):
            if i > len(seeds) / 2 and np.isinf(times[:i]).all():
                break
            curves = advance(program, [multiple * base], [seed], capped, lambda k: None, stays=True)
            (times[i],), (ends[i],) = hitting_times(curves, capped)
            metrics.append(inf if ends[i] in ("diverged", "nan") else getattr(curves, stop.metric)[0, -1])
            iterations += int(times[i]) if isfinite(times[i]) else curves.iterations
        hits.append(times)
        outcome.append(ends.astype(str))
        time = float(penalised(times, capped.cap))
        least = min(least, time)
        return (time,) if isfinite(time) else (inf, float(np.median(metrics)), multiple)

    found = search(score, tries)
    multiples = np.array([multiple for multiple, _ in found])
    best, _ = min(found, key=lambda tried: tried[1])  # of equal ones the first, which `search` has gone on from
    bracketed = bool(multiples.min() < best < multiples.max())
    return Tuning(multiples, np.array(hits), np.array(outcome), best, bracketed, iterations)
