"""What noise in the values costs: floors, what averaging buys, iterations to a gap below, and their theory."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded
from zobench.statistics import Estimate
from zobench.store import Record

ONE = "central, noise"
FORWARD = "forward, noise"
EXACT = "forward, no noise"
COMMON = "central, common noise"
FRESH_RELATIVE = "central, relative noise"
RELATIVE = "central, common relative noise"
NAMES = {ONE: "central", FORWARD: "forward", EXACT: "forward without noise"}
SAME, OWN, VALUES = "q directions, same step", "q directions, theory step", "values a point, same step"
HOW = ("noise in each value", "common random numbers")


def floor(record: Record, name: str) -> tuple[float, float]:
    """The floor of a setting and its standard error."""
    return record.meta["floors"][name]["floor"]


def closed(record: Record) -> dict[str, float]:
    """nσ²/(4Lε²) (central), nσ²/(Lε²) + nLε²/8 (forward), nLε²/8 (forward, no noise): α = 1/(nL), H = LI.

    Relative noise has σ·f(x ± εv) ≈ σLε²/2 at the minimum, so the first one is nσ²Lε²/16, to leading order.
    """
    n, L, eps, sigma, relative = (record.meta[name] for name in ("n", "L", "eps", "sigma", "multiplicative"))
    own, one = n * L * eps**2 / 8, n * sigma**2 / (L * eps**2)
    return {ONE: one / 4, FORWARD: one + own, EXACT: own, FRESH_RELATIVE: n * (relative * eps) ** 2 * L / 16}


def averaged(record: Record) -> dict[str, list[dict[str, Any]]]:
    """The settings that average, by what they average and with which step."""
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (SAME, OWN, VALUES)}
    for name, one in record.meta["floors"].items():
        if one["q"] * one["repeats"] > 1:
            kinds[VALUES if one["repeats"] > 1 else OWN if "theory step" in name else SAME].append(one)
    return kinds


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Floors over their closed forms and over each other, their exponents in n, and those of the iterations."""
    n, measured = [record.meta["n"] for record in found], {}
    for name, words in NAMES.items():
        each = [floor(record, name) for record in found]
        measured[f"floor, {words}: measured/closed form"] = lines.pooled(
            zip(each, (closed(r)[name] for r in found), strict=True)
        )
        measured[f"floor, {words}: exponent in n"] = lines.log_slope(n, [value for value, _ in each])
        for record, one in zip(found, each, strict=True):
            if [record.meta[key] for key in ("n", "sigma", "eps", "L")] == [20, 1e-3, 0.1, 1]:
                measured[f"floor at n = 20, {words}"] = lines.normal(*one)
    first = lines.pooled([(floor(found[0], FRESH_RELATIVE), closed(found[0])[FRESH_RELATIVE])])
    measured["floor, relative noise: measured/leading term at the smallest n"] = first
    for name, words in ((COMMON, "common random numbers"), (RELATIVE, "common relative noise")):
        gaps = [floor(record, name)[0] / floor(record, ONE)[0] for record in found]
        measured[f"{words}: largest gap after 20n iterations over the floor"] = lines.largest(gaps)
    for how in HOW:
        reached = [record.meta["reached"][how] for record in found]
        far = lines.largest([abs(one["k"] / one["exact"] - 1) for one in reached])
        measured[f"iterations to the gap, {how}: largest distance from the exact recursion"] = far
        measured[f"iterations to the gap, {how}: exponent in n"] = exponent(found, how)
    return measured | _averaging(found)


def _averaging(found: Sequence[Record]) -> dict[str, Estimate]:
    """The floor times the number of values over the floor of one, and over the exact floor."""
    exact = [(one["floor"], one["exact"]) for record in found for kind in averaged(record).values() for one in kind]
    return {
        # at the largest n alone, where B(q)/n does not matter
        "floor with q directions, same step: times q over that with one": lines.pooled(_times(found[-1:], SAME)[:1]),
        "floor with r values a point, same step: times r over that with one": lines.pooled(_times(found, VALUES)),
        "floors with averaging: measured/exact recursion": lines.pooled(exact),
    }


def _times(found: Sequence[Record], kind: str) -> list[tuple[Sequence[float], float]]:
    every = [(floor(record, ONE)[0], one) for record in found for one in averaged(record)[kind]]
    return [(one["floor"], unit / one["q"] / one["repeats"]) for unit, one in every]


def exponent(found: Sequence[Record], how: str) -> Estimate:
    """The exponent in n of the iterations to the gap; its interval holds that of resampled runs too."""
    n, reached = [record.meta["n"] for record in found], [record.meta["reached"][how] for record in found]
    slope = lines.log_slope(n, [one["k"] for one in reached])
    drawn = zip(*(one["resampled"] for one in reached), strict=True)
    low, high = np.quantile([lines.log_slope(n, k).value for k in drawn], [0.025, 0.975])
    return slope._replace(low=min(slope.low, float(low)), high=max(slope.high, float(high)))


def rows(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each setting at this n, then the iterations to the gap."""
    n, known = {"n": record.meta["n"]}, closed(record)
    for name, one in record.meta["floors"].items():
        value, error = one["floor"]
        about = {"setting": name, "step": one["step"], "floor": value, "floor_error": error}
        yield {**n, **about, "exact": one["exact"], "closed": known.get(name)}
    for name, one in record.meta["reached"].items():
        yield {**n, "setting": f"to the gap, {name}", "step": one["step"], "k": one["k"], "k_exact": one["exact"]}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """Floors by setting and n, measured and exact; iterations to the gap."""
    floors, counts = [row for row in rows if row["floor"]], [row for row in rows if row["k"]]
    note = "Mean gap f − f* from 20n iterations on, α = 1/(nL) but where the theory step is named (exact recursion)."
    low = "Iterations until the mean gap is at the target (exact recursion); α small enough, or 1/(nL) where common."
    return [
        tables.by_size("Where noise holds descent", note, floors, "setting", _floor),
        tables.by_size("Iterations to a gap below the floor", low, counts, "setting", _count),
    ]


def _floor(row: tables.Row) -> str:
    return rounded("floor")(row) + (f" ({rounded('exact')(row)})" if row["exact"] else "")


def _count(row: tables.Row) -> str:
    return f"{tables.value(row, 'k'):,.0f} ({tables.value(row, 'k_exact'):,.0f})"


EXPERIMENT = Experiment(
    question="What does noise in the values cost descent, and what do common random numbers and averaging save?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=lambda found: files.aligned([row for record in found for row in rows(record)]),
    tables=shown,
    measures=measures,
    figures=("noise",),
)
