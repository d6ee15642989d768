"""What the symbolic study says in numbers: exponents, rates of growth, ratios, errors."""

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
from scipy.stats import linregress, t

from zobench import statistics
from zobench.statistics import POINTS_NEEDED, Estimate
from zobench.store import Record

Array = np.ndarray
FAMILIES = {
    "product": "product Πₖ sin kx",
    "composition": "logistic map, n times",
    "chain": "softplus chain",
    "network": "network of width 2",
}
SERIES = {
    "f": "f",
    "derivative": "derivative",
    "derivative, subexpressions shared": "derivative, shared",
    "f in JAX": "f in JAX",
    "grad in JAX": "grad in JAX",
}
LARGE_N = 8  # the ratios between the ways are told from here on
FROM_DIGITS = {"64 multiplications": 1024, "4 exponentials": 256}  # where the arithmetic outweighs Python
FROM_VARIABLES = 8
FROM_LEVEL = 3


def of(found: Sequence[Record]) -> dict[str, Estimate]:
    """All measured quantities by name; nan where there is no record or there are too few sizes."""
    parts = {record.meta["part"]: record for record in found}
    values: dict[str, Estimate] = {}
    for family in FAMILIES:
        values |= _swell(family, parts.get(family))
    values["all families: grad over f in JAX, largest"] = _largest_ratio(
        [parts[name] for name in FAMILIES if name in parts]
    )
    return values | _precision(parts.get("precision")) | _ways(parts.get("ways"))


def relative_errors(record: Record) -> Array:
    """max |found − exact| over the largest derivative, of each way."""
    exact = record.arrays["exact"]
    return np.abs(record.arrays["gradient"] - exact).max(1) / np.abs(exact).max()


def power(x: Array, y: Array) -> Estimate:
    """The slope of ln y on ln x with its 95 % interval from the residuals; nan for fewer than four sizes."""
    return _line(np.log(x), np.log(y))


def growth(x: Array, y: Array) -> Estimate:
    """The factor of y per unit of x: exp of the slope of ln y on x; nan for fewer than four sizes."""
    slope = _line(np.asarray(x, float), np.log(y))
    value, low, high = (float(np.exp(end)) for end in slope[:3])
    return Estimate(value, low, high)


def swell_rows_fits(lines: Sequence[dict[str, str]]) -> list[str]:
    """The order of each family's derivative, fitted to the last four levels, in words."""
    told = []
    for family, title in FAMILIES.items():
        own = [line for line in lines if line["part"] == family]
        level, count = (np.array([float(line[name]) for line in own]) for name in ("size", "operations: derivative"))
        fit = (growth if family in ("composition", "network") else power)(level[-4:], count[-4:])
        if fit.value == fit.value:
            told.append(
                f"{title}: " + (f"{fit.value:.2f}ⁿ" if family in ("composition", "network") else f"n^{fit.value:.2f}")
            )
    return told


def _line(x: Array, y: Array) -> Estimate:
    keep = np.isfinite(x) & np.isfinite(y)
    if keep.sum() < POINTS_NEEDED:
        return Estimate(nan)
    fit: Any = linregress(x[keep], y[keep])
    half = float(t.ppf(0.975, keep.sum() - 2)) * float(fit.stderr)
    return Estimate(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half, stderr=float(fit.stderr))


def _swell(family: str, record: Record | None) -> dict[str, Estimate]:
    names = [f"{family}: exponent of {title}" for title in SERIES.values()]
    names += [f"{family}: growth of {title} per level" for title in SERIES.values()]
    ratio = f"{family}: seconds to derive, sympy over JAX's trace, last level"
    over = f"{family}: operations of the derivative over grad in JAX, last level"
    names += [
        f"{family}: growth of derivative, 7 to 8",
        f"{family}: derivative at level 8",
        f"{family}: derivative at 32",
    ]
    names += [ratio, over, f"{family}: exponent of derivative over 2^n", f"{family}: largest error against JAX"]
    values = dict.fromkeys(names, Estimate(nan))
    if record is None:
        return values
    level, counts = record.arrays["levels"].astype(float), record.arrays["counts"].astype(float)
    tail = level >= FROM_LEVEL
    for i, title in enumerate(SERIES.values()):
        values[f"{family}: exponent of {title}"] = power(level[tail], counts[tail, i])
        values[f"{family}: growth of {title} per level"] = growth(level[-POINTS_NEEDED:], counts[-POINTS_NEEDED:, i])
    derivative = dict(zip(level.tolist(), counts[:, 1], strict=True))
    values[f"{family}: growth of derivative, 7 to 8"] = Estimate(derivative.get(8, nan) / derivative.get(7, nan))
    values[f"{family}: derivative at level 8"] = Estimate(derivative.get(8, nan))
    values[f"{family}: derivative at 32"] = Estimate(derivative.get(32, nan))
    values[f"{family}: exponent of derivative over 2^n"] = power(level[tail][-4:], (counts[:, 1] / 2**level)[tail][-4:])
    if level[-1] >= LARGE_N or family == "network":
        values[ratio] = _median(record.arrays["times"][-1, 0] / record.arrays["times"][-1, 2])
        values[over] = Estimate(counts[-1, 1] / counts[-1, 4])
    formula, program = record.arrays["values"].T
    values[f"{family}: largest error against JAX"] = Estimate(float(np.abs(formula / program - 1).max()))
    return values


def _largest_ratio(records: Sequence[Record]) -> Estimate:
    ratios = [float((record.arrays["counts"][:, 4] / record.arrays["counts"][:, 3]).max()) for record in records]
    return Estimate(max(ratios, default=nan))


def _precision(record: Record | None) -> dict[str, Estimate]:
    kinds, errors = tuple(FROM_DIGITS), ("step 1e-8", "step shrinks with the digits", "dual numbers")
    names = [f"{kind}: exponent of time in {against}" for kind in kinds for against in ("digits", "variables")]
    values = dict.fromkeys([*names, *(f"{kind}: decades of error per digit" for kind in errors)], Estimate(nan))
    if record is None:
        return values
    arrays = record.arrays
    for i, kind in enumerate(kinds):
        for against, least in (("digits", FROM_DIGITS[kind]), ("variables", FROM_VARIABLES)):
            size, seconds = arrays[against], np.median(arrays[f"{against}_time"][i], axis=1)
            kept = (size >= least) & np.isfinite(seconds)
            values[f"{kind}: exponent of time in {against}"] = power(size[kept], seconds[kept])
    for kind, error in zip(errors, arrays["error"], strict=True):
        values[f"{kind}: decades of error per digit"] = _line(arrays["digits"].astype(float), error)
    return values


def _ways(record: Record | None) -> dict[str, Estimate]:
    ways = (
        "reverse mode", "forward mode", "dual numbers", "complex step", "central differences", "forward differences",
        "symbolic", "symbolic, subexpressions shared", "arbitrary precision",
    )  # fmt: skip
    told: dict[str, Callable[[Record, int, int], Estimate]] = {
        "relative error": lambda r, i, j: Estimate(float(relative_errors(r)[i])),
        "calls of f over n": lambda r, i, j: Estimate(float(r.arrays["calls"][i] / r.arrays["exact"].size)),
        "calls of f": lambda r, i, j: Estimate(float(r.arrays["calls"][i])),
        "operations over f": lambda r, i, j: Estimate(float(r.arrays["operations"][i] / r.meta["f"])),
        "operations over reverse mode": lambda r, i, j: Estimate(
            float(r.arrays["operations"][i] / r.arrays["operations"][j])
        ),
        "error over reverse mode": lambda r, i, j: Estimate(_over(relative_errors(r)[i], relative_errors(r)[j])),
        "time over reverse mode": lambda r, i, j: _median(r.arrays["seconds"][i] / r.arrays["seconds"][j]),
    }
    values = {f"{way}: {name}": Estimate(nan) for way in ways for name in told}
    if record is None or record.arrays["exact"].size < LARGE_N:
        return values
    found = list(record.meta["ways"])
    base = found.index("reverse mode")
    for i, way in enumerate(found):
        values |= {f"{way}: {name}": compute(record, i, base) for name, compute in told.items()}
    return values


def _over(error: float, other: float) -> float:
    """The ratio of two errors, no error counted as a rounding."""
    least = float(np.finfo(float).eps) / 2
    return max(float(error), least) / max(float(other), least)


def _median(ratios: Array) -> Estimate:
    return statistics.median(ratios, np.random.default_rng(0))
