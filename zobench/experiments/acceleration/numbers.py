"""Acceleration with and without a gradient: exponents in k and in n, the proven bound, and what acceleration gains.

On the spectrum λᵢ = (i/n)², x0ᵢ² = λᵢ^(−1/2), the start has as much of f in each part of the spectrum near 0, so that
gradient descent gives f − f* = f0/(2k+1) for 1 ≪ k ≪ n², and Nesterov's method ~ 1/k² for k ≪ n. An exponent in k is
fitted on the abscissa of the bound: ln(1 + k/(2B)) for the accelerated method, ln(1 + 2k) for gradient descent and ln k
for plain descent along directions.
"""

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np

from zobench import recursion, statistics
from zobench.decay import first_at_most, largest_ratio, log_slope, window, with_windows
from zobench.report import files, ratios
from zobench.report.measured import SPAN, WINDOWS, arrivals, mean_curve
from zobench.report.records import Record, target
from zobench.statistics import Estimate

FIRST = {True: 5, False: 10}  # k/B from which an exponent in k is fitted, accelerated or not
GEOMETRIC = {
    True: lambda n: n / 2,
    False: lambda n: n**2 / 20,
}  # to this k/B or the target: then the decay is geometric
RULE = "theory"
KINDS = {
    ("descent", "autodiff"): "plain, gradient",
    ("descent", "two_point"): "plain, two-point",
    ("accelerated", "autodiff"): "accelerated, gradient",
    ("accelerated", "two_point"): "accelerated, two-point",
}


class Entry(NamedTuple):
    """A method with an oracle at one n: iterations to the target, exact ones, and the largest mean over its bound."""

    kind: str
    n: int
    time: Estimate
    exact: float
    tightness: float
    decay: Estimate
    fitted: tuple[float, float]
    record: Record

    @property
    def B(self) -> float:
        """E‖G‖²/‖∇f‖²: 1 with the gradient, n with a direction on the sphere."""
        return float(self.record.meta["B"])

    @property
    def accelerated(self) -> bool:
        """Whether it is Nesterov's scheme."""
        return self.kind.startswith("accelerated")


def entries(records: Sequence[Record]) -> list[Entry]:
    """All cells of the four kinds under the theory step, on a quadratic, by kind and n.

    ValueError where two cells are of one kind and n: the report has one of each.
    """
    found = [_entry(record) for record in records if _kind(record)]
    place = {}
    for entry in found:
        first = place.setdefault((entry.kind, entry.n), entry.record)
        if first is not entry.record:
            names = " and ".join(f"{record.problem}, {record.method}" for record in (first, entry.record))
            raise ValueError(f"{entry.kind}, n = {entry.n}: there is {names}; this report takes one, run them apart")
    order = list(KINDS.values())
    return sorted(found, key=lambda e: (order.index(e.kind), e.n))


def _kind(record: Record) -> str | None:
    config = record.meta["config"]
    if record.failed or record.family != "quadratic" or RULE not in record.rules or config["stop"]["metric"] != "gap":
        return None
    return KINDS.get((target(config["method"]), record.estimator))


def _entry(record: Record) -> Entry:
    kind = KINDS[(target(record.meta["config"]["method"]), record.estimator)]
    rng = np.random.default_rng([record.n, list(KINDS.values()).index(kind)])
    k, mean = record.k(RULE), mean_curve(record, RULE)
    time = statistics.median(arrivals(record, RULE), rng)
    B, fast = float(record.meta["B"]), kind.startswith("accelerated")
    last = min(first_at_most(k, mean, float(record.meta["target"])), B * GEOMETRIC[fast](record.n))
    inside = window(k, FIRST[fast] * B, last, log=True)
    ends = [(FIRST[fast] * B * start, last * end) for start, end in WINDOWS]
    others = [_decay(record, window(k, *pair, log=True), fast) for pair in ends if pair[1] >= SPAN * pair[0]]
    decay = with_windows(_decay(record, inside, fast), others)
    ends = (float(k[inside[0]]), float(k[inside[-1]])) if inside.size else (nan, nan)
    over = largest_ratio(mean[1:], bound(record, k[1:], fast))
    return Entry(kind, record.n, time, _exact(record, kind), over, decay, ends, record)


def _decay(record: Record, inside: np.ndarray, accelerated: bool) -> Estimate:
    """The exponent in k over a window; the same resamples in every window."""
    x = abscissa(record.k(RULE)[inside], float(record.meta["B"]), accelerated)
    return log_slope(x, record.curve(RULE)[:, inside], np.random.default_rng(record.n))


def abscissa(k: np.ndarray, B: float, accelerated: bool) -> np.ndarray:
    """ln of what the bound is a power of."""
    if accelerated:
        return np.log1p(k / (2 * B))
    return np.log1p(2 * k) if B == 1 else np.log(k)


def bound(record: Record, k: np.ndarray, accelerated: bool) -> np.ndarray:
    """(Δ + LR²/2)(1 + k/(2B))⁻², or BLR²/(2k) for the plain method (LR²/(4k+2) with the gradient)."""
    meta = record.meta
    energy = meta["L"] * meta["radius2"] / 2
    if accelerated:
        return (meta["delta"] + energy) * (1 + k / (2 * meta["B"])) ** -2.0
    return energy / (2 * k + 1) if meta["B"] == 1 else energy * meta["B"] / k


def _exact(record: Record, kind: str) -> float:
    """Iterations of the exact mean."""
    config = record.meta["config"]
    own = ratios.known(ratios.frozen(config["problem"]), ratios.frozen(config["estimator"]), _goal(record))
    step = float(record.meta["rules"][RULE]["step"])
    if not kind.startswith("accelerated"):
        return own.hitting_time(step)
    mu = config["method"].get("mu")
    mu = own.problem.mu if mu is None else float(mu)
    most, modes = int(2 * np.max(record.k(RULE))), own.problem.modes
    if modes is None:
        return nan
    gap = recursion.accelerated(modes, own.moment, step, float(record.meta["B"]), most, mu)
    return first_at_most(np.arange(gap.size), gap, _goal(record) * gap[0])


def _goal(record: Record) -> float:
    return float(record.meta["config"]["stop"]["target"])


def of(found: Sequence[Entry], kind: str) -> list[Entry]:
    """The entries of one kind by n."""
    return [entry for entry in found if entry.kind == kind]


def over_gradient(found: Sequence[Entry], fast: bool) -> list[tuple[int, Estimate, float]]:
    """(n, K of two points/K of the gradient, the same of the exact means) for one method."""
    name = "accelerated" if fast else "plain"
    base = {entry.n: entry for entry in of(found, f"{name}, gradient")}
    both = [(e, base[e.n]) for e in of(found, f"{name}, two-point") if e.n in base]
    return [(e.n, e.time.times(1 / b.time.value), e.exact / b.exact) for e, b in both if np.isfinite(b.time.value)]


def rows(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """table.csv: one line a kind and n."""
    return [_row(entry, found) for entry in found]


def _row(entry: Entry, found: Sequence[Entry]) -> dict[str, Any]:
    ratio = next((r for n, r, _ in over_gradient(found, entry.accelerated) if n == entry.n), Estimate(nan))
    ratio = ratio if entry.kind.endswith("two-point") else Estimate(nan)
    return {
        "method": entry.kind,
        "n": entry.n,
        "B": entry.B,
        **files.ends("iterations", entry.time),
        "exact_iterations": entry.exact,
        "over_gradient": ratio.value,
        "over_gradient_over_n": ratio.value / entry.n,
        "largest_mean_over_bound": entry.tightness,
        **files.ends("exponent_in_k", entry.decay),
        "fitted_from_k": entry.fitted[0],
        "fitted_to_k": entry.fitted[1],
        "runs": entry.time.runs,
    }


def measures(found: Sequence[Entry]) -> dict[str, Estimate]:
    """Exponents in k (at the largest n) and in n, bounds, and iterations at the dimensions of the theory sheet."""
    named: dict[str, Estimate] = {}
    for kind in KINDS.values():
        own = of(found, kind)
        if own:
            named[f"{kind}: exponent in k"] = own[-1].decay
            named[f"{kind}: largest mean over bound"] = Estimate(max(e.tightness for e in own))
            off = [abs(e.time.value / e.exact - 1) for e in own]
            named[f"{kind}: largest |median/exact - 1|"] = Estimate(max(off))
        for e in own:
            named[f"{kind}: iterations at n = {e.n}"] = e.time
            named[f"{kind}: exact iterations at n = {e.n}"] = Estimate(e.exact)
    for fast, name in ((False, "plain"), (True, "accelerated")):
        n, ratio, _ = zip(*over_gradient(found, fast), strict=True) if over_gradient(found, fast) else ((), (), ())
        named[f"{name}: exponent in n of two-point over gradient"] = statistics.exponent(n, ratio)
        constant = statistics.geometric_mean([value.times(1 / one) for one, value in zip(n, ratio, strict=True)])
        named[f"{name}: two-point over n times gradient"] = constant
    for oracle in ("gradient", "two-point"):
        named[f"gain of acceleration, {oracle}"] = _gain(found, oracle)
    return named


def _gain(found: Sequence[Entry], oracle: str) -> Estimate:
    """K plain/K accelerated at the largest n that both have."""
    plain = {e.n: e for e in of(found, f"plain, {oracle}")}
    pairs = [(plain[e.n], e) for e in of(found, f"accelerated, {oracle}") if e.n in plain]
    if not pairs:
        return Estimate(nan)
    slow, fast = pairs[-1]
    if not slow.time.draws.size or not fast.time.draws.size:
        return Estimate(slow.time.value / fast.time.value)
    draws = slow.time.draws / fast.time.draws
    runs = min(slow.time.runs, fast.time.runs)
    return Estimate(slow.time.value / fast.time.value, *statistics.interval(draws, runs), draws, runs=runs)
