"""The picture of the horizon."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.horizon.page import FAR, Series, exact_calls, predict, series
from zobench.report import drawing
from zobench.report.drawing import BLACK, GREY, handle, of_rule
from zobench.report.ratios import SPECTRA, Point

LINE_POINTS = 25
DASHED = (0, (4, 2))


def horizon(found: Sequence[Point]) -> Figure:
    """Calls against n by spectrum: what ran, the laws with their intervals, the exact recursion far away."""
    every = series(found)
    names = list(dict.fromkeys(own[0].spectrum for own in every)) or ["no records"]
    figure, [grid] = drawing.panels(1, len(names), wide=3.1, high=2.8, foot=1.1)
    for axes, name in zip(grid, names, strict=True):
        own = [one for one in every if one[0].spectrum == name]
        for one in own:
            _series(axes, one)
        _frame(axes, own, SPECTRA.get(name, name))
    seeds = max((p.time.runs for one in every for p in one), default=0)
    caption = f"Two-point estimator, 2 values a step, float64; medians over {seeds} seeds. "
    caption += "Band: 95 % prediction interval of the free power."
    handles = [
        *drawing.rule_handles([one[0].rule for one in every]),
        handle("exact recursion", BLACK, marker="x", ms=4, lw=0),
        handle("form of the theory, one constant", GREY, lw=1.0),
        handle("free power of n", GREY, lw=0.8, linestyle=DASHED),
        Patch(color=GREY, alpha=0.25, lw=0, label="its prediction interval"),
    ]
    drawing.legend(figure, handles, caption, columns=3)
    return figure


def _series(axes: Axes, own: Series) -> None:
    look = of_rule(own[0].rule)
    for point in own:
        axes.plot(point.n, point.calls.value, **look, ms=3.5)
    n = np.unique(np.round(np.geomspace(own[0].n, max(FAR), LINE_POINTS)).astype(np.int64)).tolist()
    theory = [predict(own, one, "theory").value for one in n]
    if np.isnan(theory).any():
        return
    axes.plot(n, theory, color=look["color"], lw=1.0)
    value, low, high = np.array([predict(own, one, "power")[:3] for one in n]).T
    axes.plot(n, value, color=look["color"], lw=0.8, linestyle=DASHED)
    drawing.band(axes, n, low, high, look["color"], alpha=0.15)
    axes.plot([*FAR], [exact_calls(own, one) for one in FAR], color=BLACK, marker="x", ms=4, mew=0.9, lw=0, zorder=5)


def _frame(axes: Axes, own: Sequence[Series], title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="n")
    axes.set_ylabel("oracle calls to the target")
    axes.set_title(title, fontsize=9)
    if own:
        axes.axhline(own[0][-1].K_GD, color=GREY, lw=0.9, linestyle=":", zorder=0)
        words, place = f"GD: {own[0][-1].K_GD:.0f} gradients", (1, own[0][-1].K_GD)
        axes.annotate(words, place, (-2, 3), xycoords=axes.get_yaxis_transform(), ha="right",
                      textcoords="offset points", color=GREY, fontsize=8)  # fmt: skip
    axes.set_ylim(bottom=20)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_minor_locator(NullLocator())
