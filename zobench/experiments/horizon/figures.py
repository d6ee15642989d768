"""The picture of the horizon report."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.horizon import numbers
from zobench.experiments.horizon.numbers import FAR, Series
from zobench.report import drawing
from zobench.report.drawing import BLACK, COLOR, GREY, MARKER, handle
from zobench.report.ratios import SPECTRA, Point

LINE_POINTS = 25


def horizon(points: Sequence[Point]) -> Figure:
    """Calls against n by spectrum: what ran, the laws with their intervals, the exact recursion far away."""
    found = numbers.series(points)
    names = list(dict.fromkeys(own.spectrum for own in found))
    figure, grid = drawing.panels(1, len(names), wide=3.1, high=2.8, foot=1.1)
    for axes, name in zip(grid[0], names, strict=True):
        own = [one for one in found if one.spectrum == name]
        for one in own:
            _series(axes, one)
        _frame(axes, own[0].K_GD, SPECTRA.get(name, name))
    seeds = max(p.time.runs for one in found for p in one.points)
    caption = f"Two-point estimator, 2 values a step, float64; medians over {seeds} seeds. "
    caption += "Band: 95 % prediction interval of the free power."
    handles = [
        *drawing.rule_handles([one.rule for one in found]),
        handle("exact recursion", BLACK, marker="x", ms=4, lw=0),
        handle("form of the theory, one constant", GREY, lw=1.0),
        handle("free power of n", GREY, lw=0.8, linestyle=(0, (4, 2))),
        Patch(color=GREY, alpha=0.25, lw=0, label="its prediction interval"),
    ]
    drawing.legend(figure, handles, caption, columns=3)
    return figure


def _series(axes: Axes, own: Series) -> None:
    color = COLOR.get(own.rule, GREY)
    for point in own.points:
        calls = point.time.times(point.calls)
        axes.plot(point.n, calls.value, color=color, marker=MARKER.get(own.rule, "d"), ms=3.5, mfc="white", mew=0.9)
    n = np.unique(np.round(np.geomspace(own.points[0].n, FAR[-1], LINE_POINTS)).astype(np.int64))
    try:
        theory = [numbers.predict(own, int(one), "theory").calls.value for one in n]
        free = [numbers.predict(own, int(one), "power").calls for one in n]
    except ValueError:
        return
    axes.plot(n, theory, color=color, lw=1.0)
    axes.plot(n, [one.value for one in free], color=color, lw=0.8, linestyle=(0, (4, 2)))
    drawing.band(axes, n, [one.low for one in free], [one.high for one in free], color, 0.15)
    exact = [numbers.exact_calls(own, one) for one in FAR]
    axes.plot(FAR, exact, color=BLACK, marker="x", ms=4, mew=0.9, lw=0, zorder=5)


def _frame(axes: Axes, K_GD: float, title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="n")
    axes.set_ylabel("oracle calls to the target", labelpad=2)
    axes.set_title(title, fontsize=8)
    axes.axhline(K_GD, color=GREY, lw=0.9, linestyle=":", zorder=0)
    place: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "ha": "right"}
    axes.annotate(f"GD: {K_GD:.0f} gradients", (1, K_GD), (-2, 3), color=GREY, fontsize=7, **place)
    axes.set_ylim(bottom=20)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_minor_locator(NullLocator())
