"""Straight lines in logarithms, and means with their errors, for the reports of studies."""

from collections.abc import Iterable, Sequence
from math import nan, sqrt

import numpy as np
from scipy.special import stdtrit

from zobench.statistics import PART, POINTS_NEEDED, SURE, Estimate


def log_slope(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Estimate:
    """The exponent of y ~ xˢ by least squares in logarithms, with Student's 95 % interval.

    It holds the exponents of the lower and the upper half of the points too, where they differ from the whole by more
    than the scatter of the points explains. nan where fewer than four points are positive and finite. Points on one
    line exactly have an interval of length 0.
    """
    u, v = _logarithms(x, y)
    if np.unique(u).size < POINTS_NEEDED:
        return Estimate(nan)
    slope, error = _line(u, v)
    width = float(stdtrit(u.size - 2, 0.975)) * error
    ends, middle = [slope - width, slope + width], u.size // 2
    for part in (slice(None, middle), slice(middle, None)):
        if middle >= POINTS_NEEDED:
            other, scatter = _line(u[part], v[part])
            ends += [other] if abs(other - slope) > SURE * scatter else []
    return Estimate(slope, min(ends), max(ends), stderr=error)


def _logarithms(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln x and ln y of the points that are positive and finite, by x."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    kept = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    order = np.argsort(x[kept])
    return np.log(x[kept])[order], np.log(y[kept])[order]


def _line(u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Slope of v on u, and its standard error from the residuals."""
    centred = u - u.mean()
    slope = float(centred @ v / (centred @ centred))
    residual = v - v.mean() - slope * centred
    return slope, sqrt(float(residual @ residual) / (u.size - 2) / float(centred @ centred))


def asymptotic(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Estimate:
    """The exponent of y ~ xˢ for large x, of exact counts: least squares over the larger half of the points.

    Small x show what y has besides (a constant, a lower power). The interval holds the exponents between neighbours in
    that half, and the one that follows if they go on to change as from the last but one to the last: a law that is not
    reached yet is not refuted. nan below four points.
    """
    u, v = _logarithms(x, y)
    if np.unique(u).size < POINTS_NEEDED:
        return Estimate(nan)
    half = max(PART, (u.size + 1) // 2)
    u, v = u[-half:], v[-half:]
    local = np.diff(v) / np.diff(u)
    slope = float(np.polyfit(u, v, 1)[0])
    ends = [slope, *local.tolist(), float(2 * local[-1] - local[-2])]
    return Estimate(slope, min(ends), max(ends))


def local(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> list[float]:
    """d ln y/d ln x between each point and the one before; nan for the first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return [nan, *(np.diff(np.log(y)) / np.diff(np.log(x))).tolist()]


def normal(value: float, error: float) -> Estimate:
    """A mean of many with its standard error: a normal 95 % interval."""
    return Estimate(value, value - 1.96 * error, value + 1.96 * error, stderr=error)


def pooled(means: Iterable[tuple[Sequence[float], float]]) -> Estimate:
    """One number from means with their standard errors, (mean, error), each with its unit: inverse-variance mean.

    The plain mean where one of them is exact; nan where there are none.
    """
    parts = np.array([(value / unit, error / unit) for (value, error), unit in means])
    if not parts.size:
        return Estimate(nan)
    v, e = parts.T
    if (e <= 0).any():
        return Estimate(float(v.mean()))
    weight = 1 / e**2
    return normal(float(weight @ v / weight.sum()), 1 / sqrt(float(weight.sum())))


def largest(values: Sequence[float] | np.ndarray) -> Estimate:
    """The largest of some numbers, nan left out; nan where there are none."""
    v = np.asarray(values, float)
    v = v[~np.isnan(v)]
    return Estimate(float(v.max()) if v.size else nan)


def extremes(name: str, values: Iterable[Estimate | float]) -> dict[str, Estimate]:
    """The smallest and the largest of these by name, "<name>: smallest"; nothing where none is finite."""
    parts = [value if isinstance(value, Estimate) else Estimate(float(value)) for value in values]
    kept = sorted((part for part in parts if np.isfinite(part.value)), key=lambda part: part.value)
    return {f"{name}: smallest": kept[0], f"{name}: largest": kept[-1]} if kept else {}
