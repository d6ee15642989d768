"""The exponent of the slowdown in n: measured, of the exact recursion, and what the effective dimension says."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics
from zobench.report import files, ratios
from zobench.report.ratios import Point
from zobench.report.records import RULES
from zobench.statistics import POINTS_NEEDED, Estimate

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

    @property
    def n(self) -> list[int]:
        """Dimensions that ran."""
        return [point.n for point in self.points]

    def slope(self, least: int = 0) -> Estimate:
        """Measured exponent over the dimensions that ran, from `least` on; nan below four."""
        kept = [point for point in self.points if point.n >= least]
        return statistics.exponent([p.n for p in kept], [p.ratio for p in kept])

    def exact_slope(self, least: int = 0) -> float:
        """The exponent of the exact recursion at the same dimensions, steps and weights of the fit."""
        kept = [point for point in self.points if point.n >= least]
        return statistics.exponent([p.n for p in kept], [p.ratio._replace(value=p.exact_ratio) for p in kept]).value

    def long_slope(self, least: int = 0, most: float = inf) -> float:
        """The exponent of the exact recursion at all dimensions of `exact` from `least` to `most`, of equal weight."""
        kept = {n: value for n, value in self.exact.items() if least <= n <= most}
        return statistics.exponent(list(kept), [Estimate(value) for value in kept.values()]).value

    def local(self) -> tuple[np.ndarray, np.ndarray]:
        """d ln ρ/d ln n between neighbours of `exact`, and the n between."""
        n, value = np.array(sorted(self.exact), float), np.array([self.exact[n] for n in sorted(self.exact)])
        return np.sqrt(n[1:] * n[:-1]), np.diff(np.log(value)) / np.diff(np.log(n))

    def predicted(self) -> float:
        """The exponent of n(r+2)/(n+2) at the same dimensions and weights."""
        y = [p.ratio._replace(value=p.n * (p.r + 2) / (p.n + 2)) for p in self.points]
        return statistics.exponent(self.n, y).value


def lines(found: Sequence[Point]) -> list[Line]:
    """The points by spectrum and rule, with the exact values that belong to them."""
    return [Line(*place, points, _exact(points, place[1])) for place, points in ratios.by_spectrum(found).items()]


def _exact(points: Sequence[Point], rule: str) -> dict[int, float]:
    few = np.unique(points[-1].known.levels.eigenvalue).size <= FEW
    if rule not in RULES or (rule == "tuned" and not few):
        return {point.n: point.exact_ratio for point in points}
    most = max(point.n for point in points) * (BEYOND if rule in LONG else 1)
    sizes = sorted({FIRST * 2**i for i in range(most.bit_length()) if most >= FIRST * 2**i} | {p.n for p in points})
    values: dict[int, float] = {}
    for n in sizes:
        try:
            values[n] = ratios.slowdown_at(points[0].record, n, rule)
        except ValueError:  # a spectrum that needs a larger n
            continue
    return values


def rows(found: Sequence[Point]) -> list[dict[str, Any]]:
    """table.csv: one line a spectrum and rule."""
    return [_row(line) for line in lines(found)]


def _row(line: Line) -> dict[str, Any]:
    whole, large = line.slope(), line.slope(LARGE)
    K_GD = [point.K_GD for point in line.points]
    return {
        "spectrum": line.spectrum,
        "rule": line.rule,
        "n_min": min(line.n),
        "n_max": max(line.n),
        "dimensions": len(set(line.n)),
        "seeds": max(point.time.runs for point in line.points),
        "reached": sum(point.reached for point in line.points),
        "runs": sum(point.record.arrays[f"{line.rule}/hits"].size for point in line.points),
        "target": float(line.points[0].record.meta["config"]["stop"]["target"]),
        "K_GD_least": min(K_GD),
        "K_GD_most": max(K_GD),
        "r_least": min(point.r for point in line.points),
        "r_most": max(point.r for point in line.points),
        **files.ends("exponent", whole),
        **_local(line),
        "exact_exponent": line.exact_slope(),
        **files.ends("exponent_from_64", large),
        "exact_exponent_from_64": line.exact_slope(LARGE),
        "exact_n_min": min(line.exact, default=nan),
        "exact_n_max": max(line.exact, default=nan),
        "exact_exponent_all_n": line.long_slope(),
        "exact_exponent_all_n_from_64": line.long_slope(LARGE),
        "exponent_of_r_plus_2": line.predicted(),
    }


def _local(line: Line) -> dict[str, Any]:
    """Whether the slowdowns are a power law, by measurement, and the exact exponents between neighbouring n."""
    local = line.local()[1]
    fits = len(set(line.n)) >= POINTS_NEEDED
    law = ("no" if statistics.power_law(line.n, [p.ratio for p in line.points]).curved else "yes") if fits else ""
    return {"power_law": law, "local_least": local.min(initial=inf), "local_most": local.max(initial=-inf)}


def measures(found: Sequence[Point]) -> dict[str, Estimate]:
    """Every exponent by name, and how far apart simulation and recursion are."""
    named: dict[str, Estimate] = {}
    for line in lines(found):
        name = f"{line.spectrum}, {line.rule} step: exponent of the slowdown in n"
        named |= {name: line.slope(), f"{name}, n >= {LARGE}": line.slope(LARGE)}
        for most in (128, 512):  # of the exact recursion from 8 (or 16) on, where it is known so far
            if most in line.exact:
                named[f"{name}, exact, 8 to {most}"] = Estimate(line.long_slope(most=most))
        # free of how the law itself bends
        excess = statistics.exponent(line.n, [p.time.times(1 / p.exact) for p in line.points])
        named[f"{line.spectrum}, {line.rule} step: measured less exact exponent"] = excess
        K_GD = [point.K_GD for point in line.points]
        if line.rule == "theory" and len(set(line.n)) > 1:
            named[f"{line.spectrum}: largest K_GD over the least"] = Estimate(max(K_GD) / min(K_GD))
    large = [point for point in found if point.rule in LONG and point.n >= LARGE]
    named[f"largest |median/exact - 1|, theory and trace step, n >= {LARGE}"] = ratios.largest_deviation(large)
    return named
