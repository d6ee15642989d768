"""What a target costs at dimensions that nobody can run: fitted laws with prediction intervals, held to what is known.

Two laws for the calls C(n): a free power, ln C = ln a + p ln n, and the form of the theory with one constant, C = a n
under the step 1/(nL) and C = a n(r+2)/(n+2) under the trace-aware one. A prediction is drawn again and again: the seeds
of each cell are resampled, the law is fitted, and the error of one more cell is added, a residual of the fit scaled by
√(N/(N−k)) (Davison & Hinkley 1997, section 6.3); its percentiles are expanded for the few cells.

What a prediction is held to: the largest dimensions, left out of the fit; and the exact recursion, which reaches any n
where the spectrum has few different eigenvalues. The recursion is of the mean and the fit is of medians.
"""

from collections.abc import Sequence
from math import inf, log10, nan, sqrt
from typing import Any, NamedTuple

import numpy as np

from zobench import recursion, statistics
from zobench.estimators import two_point
from zobench.report import files, ratios, tables
from zobench.report.page import Experiment
from zobench.report.ratios import Point
from zobench.statistics import POINTS_NEEDED, Estimate

FAR = {10**6: "10^6", 10**9: "10^9", 7 * 10**10: "7 10^10"}
LAWS = ("power", "theory")
RULES_HERE = ("theory", "trace")
Series = list[Point]  # of a spectrum under one rule, by n; its K_GD is that of the largest


class Prediction(NamedTuple):
    """Calls at n, "far" or "held out", by a law fitted to dimensions n_fit, and what is known there."""

    kind: str
    law: str
    n: int
    n_fit: list[int]
    calls: Estimate
    known: float

    @property
    def inside(self) -> bool:
        """Whether the 95 % prediction interval holds what is known."""
        return bool(self.calls.low <= self.known <= self.calls.high)


def series(found: Sequence[Point]) -> list[Series]:
    """The points by spectrum and rule; those that never arrived left out."""
    return [*ratios.by_spectrum([p for p in found if np.isfinite(p.time.value)]).values()]


def predict(own: Series, n: int, law: str, most: float = inf) -> Estimate:
    """Calls at n with the 95 % prediction interval, from the points up to dimension `most`; nan below four of them."""
    points = [p for p in own if p.n <= most]
    if len({p.n for p in points}) < POINTS_NEEDED:
        return Estimate(nan)
    design, at = _design(own, law, np.array([p.n for p in points], float)), _design(own, law, np.array([float(n)]))
    shape, goal, columns, ahead = design[:, 0], at[0, 0], design[:, 1:], at[0, 1:]
    y = np.log([p.calls.value for p in points]) - shape
    solve = np.linalg.pinv(columns)
    residual = y - columns @ (solve @ y)
    rng = np.random.default_rng([n % 2**32, len(points), LAWS.index(law)])
    spread = residual * sqrt(len(y) / max(len(y) - columns.shape[1], 1))
    if all(p.calls.draws.size for p in points):
        drawn = np.array([statistics.log_draws(p.calls) for p in points]) - shape[:, None]
    else:
        drawn = np.repeat(y[:, None], 1000, axis=1)
    drawn = drawn + rng.choice(spread, size=drawn.shape)
    values = ahead @ (solve @ drawn) + goal + rng.choice(spread, size=drawn.shape[1])
    with np.errstate(over="ignore"):
        value, low, high = np.exp([ahead @ (solve @ y) + goal, *statistics.interval(values, len(y))]).tolist()
        return Estimate(value, low, high, np.exp(values), runs=len(y))


def _design(own: Series, law: str, n: np.ndarray) -> np.ndarray:
    """Columns: what is known of ln C, then a column a free constant; [points, 1 + constants].

    r = tr(H)/L at n is on a straight line through the least and the largest dimension that ran.
    """
    if law == "power":
        return np.stack([np.zeros_like(n), np.ones_like(n), np.log(n)], axis=1)
    first, last = own[0], own[-1]
    r = first.r + (last.r - first.r) / (last.n - first.n) * (n - first.n)
    factor = n if own[-1].rule == "theory" else n * (r + 2) / (n + 2)
    return np.stack([np.log(factor), np.ones_like(n)], axis=1)


def predictions(own: Series) -> list[Prediction]:
    """Far dimensions, held to the exact recursion; then the largest that ran, predicted from at least four smaller."""
    sizes = sorted({p.n for p in own})
    wanted: list[tuple[str, int, float, float]] = [("far", n, inf, exact_calls(own, n)) for n in FAR]
    for last in sizes[POINTS_NEEDED - 1 :]:
        wanted += [("held out", p.n, last, p.calls.value) for p in own if p.n > last]
    return [
        Prediction(kind, law, n, [p.n for p in own if p.n <= most], predict(own, n, law, most), known)
        for kind, n, most, known in wanted
        for law in LAWS
    ]


def exact_calls(own: Series, n: int) -> float:
    """Calls of the exact recursion at any n; nan for a spectrum of many different eigenvalues."""
    record, moment = own[-1].record, two_point().second_moment(n)
    problem = record.config["problem"]
    spectrum = far_levels(str(problem["spectrum"]), problem.get("mu"), int(problem.get("rank", 0)), n)
    if spectrum is None or moment is None or own[-1].rule not in RULES_HERE:
        return nan
    B = n if own[-1].rule == "theory" else moment.A * spectrum.trace + moment.C
    return record.calls * recursion.hitting_time(spectrum, moment, 1 / B, own[-1].known.target)


def far_levels(name: str, mu: float | None, rank: int, n: int) -> recursion.Levels | None:
    """The few levels of a spectrum at a dimension too large for arrays; of fixed_rank with mu → 0. None: has many."""
    if name == "fixed_rank":
        m = 2 * rank - 1
        return recursion.Levels(np.linspace(1 / m, 1, m), np.ones(m), np.full(m, 1 / m))
    large = {"two_level": n - n // 2, "one_large": 1}.get(name)
    if large is None:
        return None
    counts = np.array([n - large, large], float)
    return recursion.Levels(np.array([1e-2 if mu is None else mu, 1.0]), counts, counts / n)


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """What is predicted far away, then what was held out."""
    return [
        {
            "kind": one.kind,
            "spectrum": own[-1].spectrum,
            "rule": own[-1].rule,
            "law": one.law,
            "n": one.n,
            "fitted_from": min(one.n_fit),
            "fitted_to": max(one.n_fit),
            "dimensions": len(set(one.n_fit)),
            **files.ends("calls", one.calls),
            "known_calls": one.known,
            "inside": one.inside if one.known == one.known else "",
            "K_GD": own[-1].K_GD,
            "calls_a_gradient": one.calls.value / own[-1].K_GD,
        }
        for own in series(found)
        for one in predictions(own)
    ]


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Costs far away by name, their deviation from the exact recursion, and the coverage of what was held out."""
    named: dict[str, Estimate] = {}
    inside: dict[str, list[bool]] = {law: [] for law in LAWS}
    for own in series(found):
        name, K_GD = f"{own[-1].spectrum}, {own[-1].rule} step", own[-1].K_GD
        for one in predictions(own):
            if one.kind == "held out":
                inside[one.law].append(one.inside)
                continue
            at, calls = f"at n = {FAR[one.n]}", one.calls
            if one.law == "theory":
                named[f"{name}: calls for one gradient {at}"] = calls.times(1 / K_GD)
                named[f"{name}: calls over n K_GD {at}"] = calls.times(1 / (one.n * K_GD))
                named[f"{name}: predicted over exact calls {at}"] = calls.times(1 / one.known)
            elif calls.low > 0:
                width = Estimate(log10(calls.high / calls.low))
                named[f"{name}: decades in the interval of the free power {at}"] = width
    for law, held in inside.items():
        if held:
            share = Estimate(sum(held) / len(held), runs=len(held))
            named[f"share of held-out dimensions in their 95 % interval, {law} law"] = share
    return named


def shown(rows: Sequence[tables.Row], cells: Sequence[tables.Row]) -> list[tables.Table]:
    """Far away, then what was held out."""
    kinds = [
        ("far", "Oracle calls far away", "exact recursion", "The recursion is of the mean, the fit of medians."),
        ("held out", "Largest dimensions, held out", "measured", "Measured: the median that the fit did not see."),
    ]
    return [_table([row for row in rows if row["kind"] == kind], *said) for kind, *said in kinds]


def _table(rows: Sequence[tables.Row], title: str, known: str, words: str) -> tables.Table:
    calls = tables.spread("calls", shown=tables.significant)
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{row['spectrum']}, {row['rule']} step",
        "n": lambda row: f"{float(row['n']):.2g}" if row["kind"] == "far" else row["n"],
        "law": "law",
        "fitted to n": "fitted_to",
        "calls": lambda row: calls(row) or "needs >= 4 dimensions",
        known: tables.rounded("known_calls"),
        "inside": lambda row: {"True": "yes", "False": "no"}.get(row["inside"], ""),
        "calls/K_GD": tables.rounded("calls_a_gradient"),
    }
    note = "Calls to the target by the fitted law [95 % prediction interval]. Laws: a n^p with p free; a n (theory "
    note += f"step) or a n(r+2)/(n+2) (trace-aware step) with a free. {words}"
    return tables.table(title, note, rows, columns, words=2)


EXPERIMENT = Experiment(
    question="What would a target cost with a million, a billion and dozens of billions of parameters?",
    read=ratios.read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("horizon",),
    more={"cells.csv": ratios.cells},
)
