"""Ticks of logarithmic axes: numbers that can be read where an axis spans little, powers of ten where it spans much."""

from math import ceil, floor, log10

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, LogFormatter, LogLocator, MaxNLocator, NullLocator

from zobench.report.labels import plain

FEW, MOST = 3, 7  # ticks of an axis
STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8))  # from coarse to fine
APART = 0.4  # inches from one label to the next along the x axis
DECADES = 2.7  # that an axis spans at the least where powers of ten alone are its ticks


def readable(figure: Figure) -> None:
    """Give each logarithmic axis whose ticks nobody has set at least three, with plain numbers where it spans little.

    Nothing is done to an axis that has ticks of its own, or no labels.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() == "log" and _is_default(axis):
                _set(axis)


def _is_default(axis: Axis) -> bool:
    automatic = isinstance(axis.get_major_locator(), LogLocator) and isinstance(
        axis.get_major_formatter(), LogFormatter
    )
    return automatic and not isinstance(axis.get_major_formatter(), FixedFormatter)


def _set(axis: Axis) -> None:
    low, high = sorted(float(end) for end in axis.get_view_interval())
    if not 0 < low < high:
        return
    axis.set_minor_locator(NullLocator())
    most = _room(axis)
    if log10(high / low) >= DECADES and len(powers(low, high, most)) >= FEW:
        axis.set_major_locator(FixedLocator(powers(low, high, most)))
        return
    found = marks(low, high, most)
    axis.set_major_locator(FixedLocator(found))
    axis.set_major_formatter(FixedFormatter([plain(tick, 6) for tick in found]))


def _room(axis: Axis) -> int:
    """Labels that do not meet: of the y axis as many as may be, of the x axis as its length has room for."""
    figure = axis.axes.get_figure()
    if axis is not axis.axes.xaxis or figure is None:
        return MOST
    return max(FEW, min(MOST, int(axis.axes.get_position().width * figure.bbox.width / figure.dpi / APART)))


def powers(low: float, high: float, most: int = MOST) -> list[float]:
    """Powers of ten in [low, high], every second or third where there are more than the most."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    step = max(1, ceil((last - first + 1) / most))
    return [10.0**power for power in range(first, last + 1) if (last - power) % step == 0 or step == 1]


def marks(low: float, high: float, most: int = MOST) -> list[float]:
    """At least three round numbers in [low, high], evenly spaced in the logarithm as far as they can be."""
    for steps in STEPS:
        decades = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
        found = [float(f"{step * 10.0**d:.3g}") for d in decades for step in steps]
        found = [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) >= FEW:
            return found[:: max(1, ceil(len(found) / most))]
    found = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(f"{tick:.6g}") for tick in found if low <= tick <= high]
