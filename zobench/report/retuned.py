"""What tuning adds to the interval of a time: on other held-out seeds another step would have been taken."""

import numpy as np

from zobench import statistics, tuning
from zobench.report.records import Record
from zobench.statistics import Estimate


def tuned(time: Estimate, record: Record, rng: np.random.Generator) -> Estimate:
    """A time at the tuned step whose interval includes the tuning, both ways.

    Another tuning might have taken a slower step, and this one may have missed a faster one by as much: the time of the
    step that a resample of the held-out seeds takes over that of the one that was taken. Times are over all held-out
    seeds, penalised as in tuning. The same interval where tuning had one seed, or nothing arrived.
    """
    hits = record.array("tuning", "hits")
    if hits is None:
        return time
    chosen = statistics.resamples(hits.shape[1], rng)
    medians = np.median(hits, axis=1)
    if not (chosen.size and time.draws.size and np.isfinite(medians).any()):
        return time
    cap = 2 * medians.min()
    whole = tuning.penalised(hits, cap)
    taken = np.argmin(tuning.penalised(hits[:, chosen], cap), axis=0)
    whole = np.where(np.isfinite(whole), whole, 2 * cap)
    slower = whole[taken] / whole.min()
    draws = time.draws * slower ** rng.choice([-1.0, 1.0], slower.size)
    low, high = statistics.hull([time.low, time.high, *statistics.interval(draws, time.runs)])
    return time._replace(low=low, high=high, draws=draws)
