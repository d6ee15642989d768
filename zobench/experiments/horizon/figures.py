"""The picture of the horizon report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.horizon import numbers
from zobench.experiments.horizon.numbers import FAR, Series
from zobench.report import drawing
from zobench.report.drawing import BLACK, COLOR, GREY, MARKER, RULE
from zobench.report.ratios import SPECTRA

LINE_POINTS = 25


def draw(found: Sequence[Series], folder: Path) -> None:
    """Calls against n by spectrum: what ran, the laws with their intervals, the exact recursion far away."""
    names = list(dict.fromkeys(own.spectrum for own in found)) or ["no records"]
    with drawing.context():
        figure, grid = drawing.panels(1, len(names), wide=3.1, high=2.8, foot=1.1)
        for axes, name in zip(grid[0], names, strict=True):
            own = [one for one in found if one.spectrum == name]
            for one in own:
                _series(axes, one)
            _frame(axes, own, SPECTRA.get(name, name))
        seeds = max((p.time.runs for one in found for p in one.points), default=0)
        caption = f"Two-point estimator, 2 values a step, float64; medians over {seeds} seeds. "
        caption += "Band: 95 % prediction interval of the free power."
        drawing.legend(figure, _handles([one.rule for one in found]), caption, columns=3)
        drawing.save(figure, folder, "horizon")


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
    axes.fill_between(n, [one.low for one in free], [one.high for one in free], color=color, alpha=0.15, lw=0)
    exact = [numbers.exact_calls(own, one) for one in FAR]
    axes.plot(FAR, exact, color=BLACK, marker="x", ms=4, mew=0.9, lw=0, zorder=5)


def _frame(axes: Axes, own: Sequence[Series], title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="n")
    axes.set_ylabel("oracle calls to the target", labelpad=2)
    axes.set_title(title, fontsize=8)
    if own:
        axes.axhline(own[0].K_GD, color=GREY, lw=0.9, linestyle=":", zorder=0)
        words = f"GD: {own[0].K_GD:.0f} gradients"
        axes.annotate(words, (1, own[0].K_GD), (-2, 3), xycoords=axes.get_yaxis_transform(), ha="right",
                      textcoords="offset points", color=GREY, fontsize=7)  # fmt: skip
    axes.set_ylim(bottom=20)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=8))
        axis.set_minor_locator(NullLocator())


def _handles(rules: Sequence[str]) -> list:
    shown = [rule for rule in RULE if rule in rules]
    return [
        *(Line2D([], [], color=COLOR[r], marker=MARKER[r], mfc="white", ms=4, lw=0, label=RULE[r]) for r in shown),
        Line2D([], [], color=BLACK, marker="x", ms=4, lw=0, label="exact recursion"),
        Line2D([], [], color=GREY, lw=1.0, label="form of the theory, one constant"),
        Line2D([], [], color=GREY, lw=0.8, linestyle=(0, (4, 2)), label="free power of n"),
        Patch(color=GREY, alpha=0.25, lw=0, label="its prediction interval"),
    ]
