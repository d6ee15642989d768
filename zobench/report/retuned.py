"""What tuning adds to the interval of a time: on other held-out seeds another step would have been taken."""

import numpy as np

from zobench import statistics, tuning
from zobench.report.records import Record
from zobench.statistics import Estimate


def factors(record: Record, rng: np.random.Generator) -> np.ndarray:
    """Times of the steps that resamples of the held-out seeds take, over that of the one that was taken, [resamples].

    Times are over all held-out seeds, penalised as in tuning, so factors are 1 and more; empty where tuning had one
    seed, or nothing arrived.
    """
    hits = record.array("tuning", "hits")
    if hits is None:
        return np.empty(0)
    chosen = statistics.resamples(hits.shape[1], rng)
    medians = np.median(hits, axis=1)
    if not (chosen.size and np.isfinite(medians).any()):
        return np.empty(0)
    cap = 2 * medians.min()
    whole = tuning.penalised(hits, cap)
    taken = np.argmin(tuning.penalised(hits[:, chosen], cap), axis=0)
    whole = np.where(np.isfinite(whole), whole, 2 * cap)
    return whole[taken] / whole.min()


def tuned(time: Estimate, record: Record, rng: np.random.Generator) -> Estimate:
    """A time at the tuned step whose interval includes the tuning, both ways.

    Another tuning might have taken a slower step, and this one may have missed a faster one by as much.
    """
    by = factors(record, rng)
    if not (by.size and time.draws.size):
        return time
    draws = time.draws * by ** rng.choice([-1.0, 1.0], by.size)
    low, high = statistics.hull([time.low, time.high, *statistics.interval(draws, time.runs)])
    return time._replace(low=low, high=high, draws=draws)
