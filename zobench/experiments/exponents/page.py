"""The exponent of the slowdown in n: measured, of the exact recursion, and what the effective dimension says."""

from collections.abc import Callable, Sequence
from math import inf, isfinite, nan
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics
from zobench.report import files, ratios, tables
from zobench.report.lines import largest
from zobench.report.page import Experiment
from zobench.report.ratios import Point
from zobench.report.records import RULES
from zobench.statistics import Estimate

FIRST, BEYOND = 8, 4  # exact values at 8, 16, ... up to four times the largest dimension that ran
LARGE = 64  # from here the offset in r + 2 bends a line less
LONG = ("theory", "trace")  # rules with an exact line beyond what ran
FEW = 64  # different eigenvalues up to which the best step of all is sought: a search is some twenty decompositions


class Line(NamedTuple):
    """A spectrum under one rule: its points by n, and the exact slowdowns at more dimensions."""

    spectrum: str
    rule: str
    points: list[Point]
    exact: dict[int, float]

    def slope(self, least: int = 0, of: Callable[[Point], Estimate] = lambda p: p.ratio) -> Estimate:
        """The exponent of the slowdown, or of another quantity, over the n that ran from `least` on; nan below four."""
        kept = [point for point in self.points if point.n >= least]
        return statistics.exponent([p.n for p in kept], [of(p) for p in kept])

    def exact_slope(self, least: int = 0) -> float:
        """The exponent of the exact recursion at the same dimensions, steps and weights of the fit."""
        return self.slope(least, lambda p: p.ratio._replace(value=p.exact_ratio)).value

    def long_slope(self, least: int = 0, most: float = inf) -> float:
        """The exponent of the exact recursion at all dimensions of `exact` from `least` to `most`, of equal weight."""
        kept = {n: Estimate(value) for n, value in self.exact.items() if least <= n <= most}
        return statistics.exponent([*kept], [*kept.values()]).value

    def local(self) -> tuple[np.ndarray, np.ndarray]:
        """d ln ρ/d ln n between neighbours of `exact`, and the n between."""
        n, value = np.array([*self.exact], float), np.array([*self.exact.values()])
        return np.sqrt(n[1:] * n[:-1]), np.diff(np.log(value)) / np.diff(np.log(n))


def lines(found: Sequence[Point]) -> list[Line]:
    """The points by spectrum and rule, with the exact values that belong to them."""
    return [Line(*key, points, _exact(points, key[1])) for key, points in ratios.by_spectrum(found).items()]


def _exact(points: Sequence[Point], rule: str) -> dict[int, float]:
    few = np.unique(points[-1].known.levels.eigenvalue).size <= FEW
    if rule not in RULES or (rule == "tuned" and not few):
        return {point.n: point.exact_ratio for point in points}
    most = points[-1].n * (BEYOND if rule in LONG else 1)
    values: dict[int, float] = {}
    for n in sorted({FIRST * 2**i for i in range(most.bit_length()) if most >= FIRST * 2**i} | {p.n for p in points}):
        try:
            values[n] = ratios.slowdown_at(points[0].record, n, rule)
        except ValueError:  # a spectrum that needs a larger n
            continue
    return values


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """A line a spectrum and rule."""
    return [_row(line) for line in lines(found)]


def _row(line: Line) -> dict[str, Any]:
    n, K_GD, r = zip(*((point.n, point.K_GD, point.r) for point in line.points), strict=True)
    whole, local = line.slope(), line.local()[1].tolist()
    bent = isfinite(whole.value) and statistics.power_law(n, [point.ratio for point in line.points]).curved
    return {
        "spectrum": line.spectrum,
        "rule": line.rule,
        "n_min": min(n),
        "n_max": max(n),
        "dimensions": len(set(n)),
        "seeds": max(point.time.runs for point in line.points),
        "reached": sum(point.reached for point in line.points),
        "runs": sum(point.record.arrays[f"{line.rule}/hits"].size for point in line.points),
        "target": line.points[0].known.target,
        "K_GD_least": min(K_GD),
        "K_GD_most": max(K_GD),
        "r_least": min(r),
        "r_most": max(r),
        **files.ends("exponent", whole),
        "power_law": ("no" if bent else "yes") if isfinite(whole.value) else "",
        "local_least": min(local, default=nan),
        "local_most": max(local, default=nan),
        "exact_exponent": line.exact_slope(),
        **files.ends("exponent_from_64", line.slope(LARGE)),
        "exact_exponent_from_64": line.exact_slope(LARGE),
        "exact_n_min": min(line.exact, default=nan),
        "exact_n_max": max(line.exact, default=nan),
        "exact_exponent_all_n": line.long_slope(),
        "exact_exponent_all_n_from_64": line.long_slope(LARGE),
        "exponent_of_r_plus_2": line.slope(of=lambda p: p.ratio._replace(value=p.n * (p.r + 2) / (p.n + 2))).value,
    }


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Every exponent by name, and how far apart simulation and recursion are."""
    named: dict[str, Estimate] = {}
    for line in lines(found):
        name = f"{line.spectrum}, {line.rule} step"
        named[f"{name}: exponent of the slowdown in n"] = line.slope()
        named[f"{name}: exponent of the slowdown in n, n >= {LARGE}"] = line.slope(LARGE)
        for most in {128, 512} & line.exact.keys():
            exact = Estimate(line.long_slope(most=most))
            named[f"{name}: exponent of the slowdown in n, exact, {FIRST} to {most}"] = exact
        # free of how the law itself bends
        named[f"{name}: measured less exact exponent"] = line.slope(of=lambda p: p.time.times(1 / p.exact))
        K_GD = {point.n: point.K_GD for point in line.points}
        if line.rule == "theory" and len(K_GD) > 1:
            named[f"{line.spectrum}: largest K_GD over the least"] = Estimate(max(K_GD.values()) / min(K_GD.values()))
    large = [p for p in found if p.rule in LONG and p.n >= LARGE and isfinite(p.time.value) and isfinite(p.exact)]
    off = largest([abs(p.time.value / p.exact - 1) for p in large])
    return named | {f"largest |median/exact - 1|, theory and trace step, n >= {LARGE}": off}


def shown(rows: Sequence[tables.Row], cells: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each spectrum."""
    exponent = tables.spread("exponent", shown=lambda x: tables.number(x, 3))
    least, most, long = (tables.fixed(name, 3) for name in ("local_least", "local_most", "exact_exponent_all_n"))
    columns: dict[str, tables.Cell] = {
        "spectrum": "spectrum",
        "step": "rule",
        "n": lambda row: f"{row['n_min']} to {row['n_max']}",
        "K_GD": lambda row: " to ".join(dict.fromkeys(f"{float(row[f'K_GD_{end}']):.0f}" for end in ("least", "most"))),
        "measured": lambda row: exponent(row) or "needs >= 4 dimensions",
        "exact": tables.fixed("exact_exponent", 3),
        "local": lambda row: f"{least(row)} … {most(row)}" if row["power_law"] == "no" else "",
        "exact, larger n": lambda row: f"{long(row)} ({row['exact_n_max']})" if long(row) else "",
        "n(r+2)/(n+2)": tables.fixed("exponent_of_r_plus_2", 3),
    }
    note = "Slope of ln(K/K_GD) on ln n over n [95 % interval: seeds, misfit, choice of n]. Exact: the exact recursion "
    note += "at the same n, steps and weights; larger n: from 8 to the n in brackets, equal weights. Local: least and "
    note += "largest exact exponent between neighbouring n, where the measured times are no power law. K_GD: gradient "
    note += "descent, tuned where the rule is. Last: the slope of n(r+2)/(n+2), r = tr(H)/L, same weights."
    return [tables.table("Exponent of the slowdown in n", note, rows, columns, words=2)]


EXPERIMENT = Experiment(
    question="With which power of n does descent along random directions get slower, spectrum by spectrum?",
    read=ratios.read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("exponents", "two_exponents"),
    more={"cells.csv": ratios.cells},
)
