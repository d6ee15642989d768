"""What a record of a language model's curvature says: slowdowns, what was told, how the trace grows."""

from collections.abc import Sequence

import numpy as np

from zobench import statistics
from zobench.advising.forecast import SHARES
from zobench.statistics import Estimate
from zobench.store import Record

LAST = len(SHARES) - 1


def case(record: Record) -> str:
    """Which parameters move, a key of the study's CASES."""
    return record.meta["config"]["study"]["case"]


def best(record: Record) -> int:
    """Which of the steps that were tried met the last loss first."""
    return int(np.argmin(np.median(record.arrays["two_point"][..., LAST], axis=1)))


def whole(found: Sequence[Record]) -> list[Record]:
    """Those with all sequences in each evaluation."""
    return [record for record in found if "sampled_gd" not in record.arrays]


def slowdown(record: Record, loss: int, ruled: bool = False) -> Estimate:
    """Two-point iterations over those of gradient descent, each at its best step; `ruled`: each at the spectrum's."""
    gradient = record.arrays["gd_ruled" if ruled else "gd"][loss]
    return iterations(record, loss, ruled).times(1 / gradient)


def iterations(record: Record, loss: int, ruled: bool = False) -> Estimate:
    """Of the two-point method."""
    found = record.arrays["two_point"][0 if ruled else best(record), :, loss]
    return statistics.median(found, np.random.default_rng(record.meta["n"]))


def over(a: Estimate, b: Estimate) -> Estimate:
    """a/b of independent runs; what neither has met is not counted."""
    with np.errstate(invalid="ignore"):
        draws, value = a.draws / b.draws, float(np.divide(a.value, b.value))
    runs = min(a.runs, b.runs)
    return Estimate(value, *statistics.interval(draws, runs), draws, runs=runs)


def rank(record: Record, loss: int) -> float:
    """r + 2 = tr H/λ₁ + 2 where gradient descent meets the loss; 2 where tr H is below 0."""
    return float(max(record.arrays["trace"][loss + 1], 0.0) / record.arrays["largest"][loss + 1] + 2)


def stepped(record: Record) -> float:
    """a(T + 2L): gradient descent's best step a over 1/(T + 2L), that of the two-point method by the rule."""
    return record.meta["gd_step"] / record.meta["rule"]


def told(record: Record, loss: int) -> float:
    """K/K_SGD as `advising.forecast` says it before the runs."""
    iterations = record.arrays["told"]
    return float(iterations[int(np.argmin(iterations[:, LAST])), loss] / record.arrays["gd"][loss])


def over_told(record: Record, loss: int) -> Estimate:
    """What was found over what was told."""
    return slowdown(record, loss).times(1 / told(record, loss))


def by_flow(record: Record, loss: int) -> float:
    """2τT/K_SGD: τ what gradient flow takes to the loss, T the largest tr H on the way of gradient descent."""
    return float(2 * record.arrays["flow"][loss] * record.meta["T"] / record.arrays["gd"][loss])


def growth(record: Record) -> float:
    """tr H where the two-point method ends at its best step over that where gradient descent meets the last loss."""
    trace, last = record.arrays["trace"], record.meta["on_the_way"]
    return float(trace[last + best(record)] / trace[last - 1])


def growth_told(record: Record) -> float:
    """tr H where the two-point method ends at its best step over that where the forecast of it ends."""
    trace = record.arrays["trace"]
    return float(trace[record.meta["on_the_way"] + best(record)] / trace[-1])


def held(record: Record) -> list[float]:
    """a tr H/2 where the first run ends of each step a that is longer than the best and misses the last loss."""
    arrays, longer = record.arrays, range(best(record))
    traces, steps = arrays["trace"][record.meta["on_the_way"] : -1], arrays["multiples"] * record.meta["rule"]
    return [float(steps[i] * traces[i] / 2) for i in longer if arrays["two_point"][i, 0, LAST] == np.inf]
