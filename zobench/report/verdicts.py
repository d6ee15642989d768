"""What was expected, what was measured, and whether the one holds for the other: verdicts.json."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report.measured import contraction, exact_rate, rate
from zobench.report.slowdown import Group, exponent
from zobench.statistics import Estimate

N_EXPONENTS = {
    "autodiff": {"iterations": (0.0, 0.02)},
    "finite_difference": {"iterations": (0.0, 0.02), "calls": (1.0, 0.02)},
    "two_point": {"iterations": (1.0, 0.03), "calls": (1.0, 0.03)},
}
K_EXPONENT = (-1.0, 0.03)
SEEDS_NEEDED = 10  # below this a mean of skewed runs is off by more than its bootstrap knows


def verdict(claim: str, quantity: str, expected: float, tolerance: float, measured: Estimate) -> dict[str, Any]:
    """One entry: "holds" where the measured value is within the tolerance, "not measured" where it is nan.

    Also "not measured", with the reason, where it is not within but its interval says that it might be, or where the
    runs are too few for an interval to say anything.
    """
    distance = abs(measured.value - expected)
    held = "not measured" if distance != distance else "holds" if distance <= tolerance else "fails"
    reaches = measured.low <= expected + tolerance and measured.high >= expected - tolerance
    vague = held == "fails" and (reaches or 1 < measured.runs < SEEDS_NEEDED)
    return {
        "claim": claim,
        "quantity": quantity,
        "expected": expected,
        "tolerance": tolerance,
        "measured": measured.value,
        "interval": [measured.low, measured.high],
        "verdict": "not measured" if vague else held,
        **({"reason": "the runs are too few to tell: take more seeds"} if vague else {}),
    }


def verdicts(entries: Sequence[Group]) -> list[dict[str, Any]]:
    """All claims of the lecture's table under the theory step, of the columns and methods that were run.

    Methods that the lecture does not speak of (other directions, several of them, other optimizers) are not judged.
    """
    found = []
    for group in entries:
        if group.rule != "theory" or group.estimator not in N_EXPONENTS or not group.plain:
            continue
        found += [_n_exponent(group, of, *goal) for of, goal in N_EXPONENTS[group.estimator].items()]
        if group.metric == "distance":
            found += _contraction(group)
        else:
            slope = statistics.pooled([cell.decay for cell in group.cells])
            found.append(verdict(f"{_name(group)}: error after k iterations", "k-exponent", *K_EXPONENT, slope))
        found.append(_bound(group))
    return found


def _name(group: Group) -> str:
    return f"{group.column.split(':')[0]}, {group.method}, theory step"


def _n_exponent(group: Group, of: str, expected: float, tolerance: float) -> dict[str, Any]:
    fit, reason = exponent(group, of)
    words = "iterations to target" if of == "iterations" else "oracle calls to target"
    entry = verdict(f"{_name(group)}: {words}", "n-exponent", expected, tolerance, fit.slope if fit else Estimate(nan))
    return {**entry, "reason": reason} if reason else entry


def _contraction(group: Group) -> list[dict[str, Any]]:
    """Measured over exact ln-contraction, pooled over n, against 1: its own interval is the tolerance.

    A deterministic method has no interval; there the two differ by rounding alone (single-precision records).
    """
    known = [cell for cell in group.cells if np.isfinite(cell.exact_decay) and np.isfinite(cell.decay.value)]
    ratio = statistics.pooled([cell.decay.times(1 / cell.exact_decay) for cell in known if cell.exact_decay])
    tolerance = max(ratio.high - ratio.value, ratio.value - ratio.low) if ratio.draws.size else 1e-4
    entry = verdict(f"{_name(group)}: contraction", "measured/exact ln-contraction", 1.0, tolerance, ratio)
    if ratio.runs >= SEEDS_NEEDED:
        entry["verdict"] = "holds" if ratio.low <= 1 <= ratio.high else "fails"
        entry.pop("reason", None)
    each = [
        {"n": c.record.n, "measured": contraction(c)[:3], "exact": float(np.exp(c.exact_decay)), "rate": rate(c).value}
        | {"exact_rate": exact_rate(c)}
        for c in known
    ]
    return [{**entry, "each": each}]


def _bound(group: Group) -> dict[str, Any]:
    worst = max(cell.tightness for cell in group.cells)
    entry = verdict(f"{_name(group)}: no mean curve crosses the bound", "largest mean/bound", nan, nan, Estimate(worst))
    held = "not measured" if worst != worst else "holds" if worst <= 1 + 1e-6 else "fails"
    return {**entry, "expected": "at most 1", "verdict": held}
