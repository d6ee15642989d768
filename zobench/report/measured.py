"""One cell under one step rule, in numbers: when it arrived, how fast it fell, what the theory says of both."""

from math import inf, nan
from typing import Any, NamedTuple

import numpy as np

from zobench import decay, statistics, theory
from zobench.decay import first_at_most, largest_ratio, log_slope, window, with_windows
from zobench.report import retuned
from zobench.report.records import RULES, Record, rank
from zobench.statistics import Estimate

TRANSIENT = 20  # iterations of gradient descent left out of a fit in k: there 1/(k + const) is not yet 1/k
WINDOWS = ((0.5, 1.0), (2.0, 1.0), (1.0, 0.5), (0.5, 0.5))  # others, as multiples of its start and its end
SPAN = 4  # the least quotient of a window's ends: a shorter one shows the modes of a small n and no law


class Measured(NamedTuple):
    """A record under one rule. `decay` is d ln(mean)/d ln k, or d ln(mean)/dk where the metric is the distance.

    Its interval holds what windows say that start at half of `fitted` or twice, or end at half of it, a factor of four
    long at the least.
    """

    record: Record
    rule: str
    time: Estimate
    decay: Estimate
    fitted: tuple[float, float]
    mean_time: float
    exact_time: float
    exact_decay: float
    tightness: float

    @property
    def hits(self) -> np.ndarray:
        """Hitting time of each run; inf: never."""
        return self.record.arrays[f"{self.rule}/hits"]

    def ended(self, how: str) -> int:
        """How many runs ended so: reached, not reached, diverged, nan."""
        return int((self.record.arrays[f"{self.rule}/outcome"] == how).sum())

    @property
    def calls(self) -> Estimate:
        """Median oracle calls to the target."""
        return self.time.times(self.record.calls)


def measure(record: Record, rule: str) -> Measured:
    """Everything the report says of a record under one rule; its random generator is seeded by n."""
    rng = np.random.default_rng([record.n, rank(RULES, rule)])
    k, mean, curves = record.k(rule), mean_curve(record, rule), record.curve(rule)
    target = record.meta["target"]
    time = hitting_time(record, rule, rng)
    mean_time = first_at_most(k, mean, target)
    first, last = TRANSIENT * record.meta["B"], min(mean_time, float(k[-1]))
    others = [(first * start, last * end) for start, end in WINDOWS if last * end >= SPAN * first * start]
    windows = [window(k, *ends, log=record.metric != "distance") for ends in ((first, last), *others)]
    decays = [_slope(record, k[inside], curves[:, inside]) for inside in windows]
    inside, exact = windows[0], record.array(rule, f"exact_{record.metric}")
    return Measured(
        record=record,
        rule=rule,
        time=time,
        decay=with_windows(decays[0], decays[1:]),
        fitted=(float(k[inside[0]]), float(k[inside[-1]])) if inside.size else (nan, nan),
        mean_time=mean_time,
        exact_time=nan if exact is None else first_at_most(k, exact, target),
        exact_decay=nan if exact is None else _slope(record, k[inside], exact[None, inside]).value,
        tightness=_tightness(record, rule, k, mean),
    )


def mean_curve(record: Record, rule: str) -> np.ndarray:
    """Mean over runs of the metric at each recorded k; for the gradient the least so far, min_{j≤k} E‖∇f(x_j)‖²."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = record.curve(rule).mean(axis=0)
    return np.minimum.accumulate(mean) if record.metric == "gradient" else mean


def bound(record: Record, k: np.ndarray) -> np.ndarray:
    """The proven bound on the mean metric after k > 0 iterations; nan where a constant is not known."""
    m: dict[str, Any] = {name: nan if value is None else value for name, value in record.meta.items()}
    if record.metric == "gradient":
        return theory.smooth_bound(k, m["L"], m["B"], m["delta"])
    if record.metric == "gap":
        return theory.convex_bound(k, m["L"], m["B"], m["radius2"])
    return theory.strongly_convex_bound(k, m["L"], m["B"], m["mu"], m["radius2"])


def hitting_time(record: Record, rule: str, rng: np.random.Generator) -> Estimate:
    """Median iterations to the target; at a tuned step the interval includes the tuning."""
    time = statistics.median(arrivals(record, rule), rng)
    return retuned.tuned(time, record, rng) if rule == "tuned" else time


def arrivals(record: Record, rule: str) -> np.ndarray:
    """First whole iteration of each run at or below the target, as decay.arrivals. [runs]; inf."""
    hits = record.arrays[f"{rule}/hits"].astype(float)
    return decay.arrivals(record.k(rule), record.curve(rule), hits, float(record.meta["target"]))


def _slope(record: Record, k: np.ndarray, curves: np.ndarray) -> Estimate:
    """Slope of the mean curve in ln k, or in k; the same resamples in every window."""
    x = k.astype(float) if record.metric == "distance" else np.log(k)
    return log_slope(x, curves, np.random.default_rng(record.n), running_min=record.metric == "gradient")


def _tightness(record: Record, rule: str, k: np.ndarray, mean: np.ndarray) -> float:
    """Largest mean/bound from k = B on: before it a bound says little, and methods are recorded at different k.

    The gradient's bound at k speaks of the iterates before k.
    """
    later = k[1:] >= record.meta["B"]
    values = (mean[:-1] if record.metric == "gradient" else mean[1:])[later]
    return largest_ratio(values, bound(record, k[1:][later]))


def contraction(cell: Measured) -> Estimate:
    """E‖x₊ − x*‖²/E‖x − x*‖² for one iteration; nan where the metric is not the distance."""
    if cell.record.metric != "distance":
        return Estimate(nan)
    value, low, high = np.exp(cell.decay[:3]).tolist()
    return Estimate(value, low, high, np.exp(cell.decay.draws), runs=cell.decay.runs)


def contraction_bound(cell: Measured) -> float:
    """1 − μ/(LB)."""
    meta = cell.record.meta
    return 1 - meta["mu"] / (meta["L"] * meta["B"])


def rate(cell: Measured) -> Estimate:
    """c in (1 − c μ/(LB))ᵏ, the contraction in the bound's own unit: 1 is the bound, and more is faster."""
    unit = 1 - contraction_bound(cell)
    value, low, high = ((1 - factor) / unit for factor in np.exp(cell.decay[:3]))
    draws = (1 - np.exp(cell.decay.draws)) / unit
    return Estimate(float(value), float(high), float(low), draws, runs=cell.decay.runs)


def exact_rate(cell: Measured) -> float:
    """c of the exact recursion over the same iterations."""
    return float((1 - np.exp(cell.exact_decay)) / (1 - contraction_bound(cell)))


def censored(cell: Measured) -> int:
    """Runs that never met the target, whatever the reason."""
    return int((cell.hits == inf).sum())
