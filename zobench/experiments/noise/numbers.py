"""What is read from the records of experiment=noise: floors, curves, iterations to a gap, and their theory."""

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np

from zobench.report import lines, tables
from zobench.statistics import Estimate
from zobench.store import Record

ONE = "central, noise"
FORWARD = "forward, noise"
EXACT = "forward, no noise"
COMMON = "central, common noise"
FRESH_RELATIVE = "central, relative noise"
RELATIVE = "central, common relative noise"
SETTINGS = (ONE, FORWARD, EXACT, COMMON, FRESH_RELATIVE, RELATIVE)
N_CASE = "noise in each value"


class Cell(NamedTuple):
    """One dimension: what the record knows, and its curves."""

    n: int
    meta: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def floor(self, name: str) -> tuple[float, float]:
        """The floor of a setting and its standard error; nan where it did not run."""
        found = self.meta["floors"].get(name)
        return tuple(found["floor"]) if found else (nan, nan)

    def exact(self, name: str) -> float:
        """The floor of the exact recursion."""
        found = self.meta["floors"].get(name)
        return nan if found is None or found["exact"] is None else float(found["exact"])

    def closed(self, name: str) -> float:
        """nσ²/(4Lε²) (central), nσ²/(Lε²) + nLε²/8 (forward), nLε²/8 (forward, no noise): α = 1/(nL), H = LI.

        Relative noise has σ·f(x ± εv) ≈ σLε²/2 at the minimum, so the first one is nσ²Lε²/16, to leading order.
        """
        n, L, noise, eps = self.n, self.meta["L"], self.meta["sigma"] ** 2, self.meta["eps"]
        own = n * L * eps**2 / 8
        known = {ONE: n * noise / (4 * L * eps**2), FORWARD: n * noise / (L * eps**2) + own, EXACT: own}
        known[FRESH_RELATIVE] = n * (self.meta["multiplicative"] * eps) ** 2 * L / 16
        return known.get(name, nan)

    def averaged(self) -> list[tuple[str, dict[str, Any]]]:
        """The settings that average, over directions or over values."""
        return [(name, one) for name, one in self.meta["floors"].items() if one["q"] * one["repeats"] > 1]


def cells(records: Sequence[Record]) -> list[Cell]:
    """The dimensions that ran, smallest first."""
    found = [Cell(int(record.meta["n"]), record.meta, record.arrays) for record in records]
    return sorted(found, key=lambda cell: cell.n)


def middle(found: Sequence[Cell]) -> Cell:
    """The dimension that the curves are shown at: 20, or the one in the middle."""
    return next((cell for cell in found if cell.n == 20), found[len(found) // 2])


def measures(found: Sequence[Cell]) -> dict[str, Estimate]:
    """Every quantity of the claims; nan where it cannot be measured."""
    names = {ONE: "central", FORWARD: "forward", EXACT: "forward without noise"}
    measured = {}
    for name, words in names.items():
        parts = [[value / cell.closed(name) for value in cell.floor(name)] for cell in found]
        measured[f"floor, {words}: measured/closed form"] = _pooled(parts)
        measured[f"floor, {words}: exponent in n"] = _slope(found, name)
    some = found[0]
    few = [value / some.closed(FRESH_RELATIVE) for value in some.floor(FRESH_RELATIVE)]
    measured["floor, relative noise: measured/leading term at the smallest n"] = lines.normal(*few)
    cell = middle(found)
    at20 = cell.n == 20 and (cell.meta["sigma"], cell.meta["eps"], cell.meta["L"]) == (1e-3, 0.1, 1)
    for name, words in names.items():
        measured[f"floor at n = 20, {words}"] = lines.normal(*cell.floor(name)) if at20 else Estimate(nan)
    common = [cell.meta["floors"][COMMON]["floor"][0] / cell.floor(ONE)[0] for cell in found]
    measured["common random numbers: largest gap after 20n iterations over the floor"] = lines.largest(common)
    relative = [cell.meta["floors"][RELATIVE]["floor"][0] / cell.floor(ONE)[0] for cell in found]
    measured["common relative noise: largest gap after 20n iterations over the floor"] = lines.largest(relative)
    return {**measured, **_averaging(found), **_iterations(found)}


def _averaging(found: Sequence[Cell]) -> dict[str, Estimate]:
    """What averaging buys: the floor times the number of values over the floor of one, and over the exact floor."""
    fixed, own, repeated, apart = [], [], [], []
    for cell in found:
        unit = cell.floor(ONE)[0]
        for name, one in cell.averaged():
            (value, error), many = one["floor"], one["q"] * one["repeats"]
            apart.append([value / one["exact"], error / one["exact"]])
            kind = repeated if one["repeats"] > 1 else own if "theory step" in name else fixed
            kind.append([value * many / unit, error * many / unit, cell.n])
    largest = [part for part in own if part[2] == max(cell.n for cell in found)]
    return {
        "floor with q directions, same step: times q over that with one": _pooled(_last(fixed)),
        "floor with r values a point, same step: times r over that with one": _pooled(repeated),
        "floor with q directions, theory step: times q over that with one (largest n)": _pooled(largest[-1:]),
        "floors with averaging: measured/exact recursion": _pooled(apart),
    }


def _last(parts: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """At the largest n alone, where B(q)/n does not matter."""
    return [part for part in parts if part[2] == max(one[2] for one in parts)][:1]


def _iterations(found: Sequence[Cell]) -> dict[str, Estimate]:
    measured = {}
    for name, words in ((N_CASE, "noise in each value"), ("common random numbers", "common random numbers")):
        k = [known(cell.meta["reached"][name]["k"]) for cell in found]
        exact = [known(cell.meta["reached"][name]["exact"]) for cell in found]
        drawn = np.array([[known(one) for one in cell.meta["reached"][name]["resampled"]] for cell in found])
        slope = lines.log_slope([cell.n for cell in found], k)
        draws = [lines.log_slope([cell.n for cell in found], column).value for column in drawn.T]
        low, high = np.quantile(draws, [0.025, 0.975]) if np.isfinite(draws).all() else (nan, nan)
        measured[f"iterations to the gap, {words}: exponent in n"] = slope._replace(
            low=min(slope.low, float(low)), high=max(slope.high, float(high))
        )
        far = [abs(a / b - 1) for a, b in zip(k, exact, strict=True)]
        measured[f"iterations to the gap, {words}: largest distance from the exact recursion"] = lines.largest(far)
    return measured


def known(value: Any) -> float:
    """A number of a record; nan where it has none."""
    return nan if value is None else float(value)


def _slope(found: Sequence[Cell], name: str) -> Estimate:
    return lines.log_slope([cell.n for cell in found], [cell.floor(name)[0] for cell in found])


def _pooled(parts: Sequence[Sequence[float]]) -> Estimate:
    good = [part for part in parts if part[0] == part[0]]
    return lines.pooled([part[0] for part in good], [part[1] for part in good])


def rows(found: Sequence[Cell]) -> list[dict[str, Any]]:
    """table.csv: a line for each dimension and setting, then the iterations to the gap."""
    out = []
    for cell in found:
        for name, one in cell.meta["floors"].items():
            value, error = one["floor"]
            about = {"n": cell.n, "setting": name, "step": one["step"], "floor": value, "floor_error": error}
            out.append({**about, "exact": known(one["exact"]), "closed": cell.closed(name), "k": nan, "k_exact": nan})
        for name, one in cell.meta["reached"].items():
            about = {"n": cell.n, "setting": f"to the gap, {name}", "step": one["step"], "floor": nan}
            about |= {"floor_error": nan, "exact": nan, "closed": nan}
            out.append({**about, "k": known(one["k"]), "k_exact": known(one["exact"])})
    return out


def table(lines_of_csv: Sequence[dict[str, str]]) -> list[tables.Table]:
    """Floors by setting and n, measured and exact; iterations to the gap."""
    sizes = sorted({int(line["n"]) for line in lines_of_csv})
    floors: dict[str, dict[int, str]] = {}
    counts: dict[str, dict[int, str]] = {}
    for line in lines_of_csv:
        n = int(line["n"])
        if line["k"]:
            text = f"{float(line['k']):,.0f} ({float(line['k_exact'] or nan):,.0f})"
            counts.setdefault(line["setting"], {})[n] = text
        else:
            known = tables.significant(float(line["exact"] or nan))
            text = tables.significant(float(line["floor"])) + (f" ({known})" if known else "")
            floors.setdefault(line["setting"], {})[n] = text
    header = ["", *(f"n = {n}" for n in sizes)]
    note = "Mean gap f − f* from 20n iterations on, α = 1/(nL) but where the theory step is named (exact recursion)."
    low = "Iterations until the mean gap is at the target (exact recursion); α small enough, or 1/(nL) where common."
    return [
        tables.Table("Where noise holds descent", note, header, _body(floors, sizes)),
        tables.Table("Iterations to a gap below the floor", low, header, _body(counts, sizes)),
    ]


def _body(cells: dict[str, dict[int, str]], sizes: Sequence[int]) -> list[list[str]]:
    return [[name, *(row.get(n, "") for n in sizes)] for name, row in cells.items()]
