"""Calls to the target against the step, and the range of good steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.tuning.page import Response
from zobench.report import contenders, drawing
from zobench.report.drawing import GREY
from zobench.report.labels import title


def tuning(found: Sequence[Response]) -> Figure:
    """A column for each class: the response above, the good steps below."""
    columns = dict.fromkeys((each.column, each.record.n) for each in found)
    looks = contenders.looks(sorted({each.method for each in found}, key=contenders.order))
    figure, grid = drawing.panels(2, len(columns), wide=3.2, high=(2.4, 1.5), head=0.45)
    for above, below, (column, n) in zip(*grid, columns, strict=True):
        own = [each for each in found if (each.column, each.record.n) == (column, n)]
        _response(above, own, looks)
        _ranges(below, own, looks, named=below is grid[1][0])
        for axes in (above, below):
            axes.axvline(1, color=GREY, lw=0.7, linestyle=":", zorder=0)
            ends = [end for each in own for end in (each.multiples[0], each.multiples[-1])]
            axes.set_xlim(min(ends) / 1.4, max(ends) * 1.9)
        above.set_title(column)
    grid[0][0].set_ylabel("oracle calls to target")
    ends = [end for axes in grid[0] for end in axes.get_ylim()]
    for axes in grid[0]:
        axes.set_ylim(min(ends), max(ends))
    handles = [drawing.handle(method, ms=4, **look) for method, look in looks.items()]
    seeds, tries = max(each.hits.shape[1] for each in found), max(each.multiples.size for each in found)
    caption = f"n = {', '.join(map(str, sorted({n for _, n in columns})))}; {tries} tries of multiples of 1/(LB), "
    caption += f"{seeds} held-out seeds: median, quartiles shaded; a step is given up at twice the best so far. "
    drawing.legend(figure, handles, f"{caption}Large: the best.", columns=3)
    return figure


def _response(axes: Axes, own: Sequence[Response], looks: dict[str, dict[str, Any]]) -> None:
    axes.set(xscale="log", yscale="log")
    for each in own:
        look, calls = looks[each.method], each.record.calls
        arrived = np.isfinite(each.times)
        x, y = each.multiples[arrived], each.times[arrived] * calls
        axes.plot(x, y, lw=1.1, ms=3, **look)
        if each.hits.shape[1] > 1:
            low, high = np.quantile(each.hits[arrived], [0.25, 0.75], axis=1, method="inverted_cdf") * calls
            known = np.isfinite(high)
            drawing.band(axes, x[known], low[known], high[known], look["color"], alpha=0.15)
        if arrived.any():
            axes.plot(each.best, y.min(), look["marker"], ms=7, color=look["color"], mec="white", mew=0.7, zorder=5)


def _ranges(axes: Axes, own: Sequence[Response], looks: dict[str, dict[str, Any]], *, named: bool) -> None:
    """A bar over the steps that need at most twice the time of the best, with the ratio of its ends."""
    axes.set(xscale="log", xlabel="multiple of the theory step")
    drawing.listed(axes, [title(name) for name in looks], named=named)
    axes.set_title("steps with at most twice the calls of the best", fontsize=9)
    for each in own:
        place, look = list(looks).index(each.method), looks[each.method]
        if each.best == each.best:
            axes.plot(each.good, [place, place], color=look["color"], lw=5, alpha=0.5, solid_capstyle="butt")
            axes.plot(each.best, place, look["marker"], ms=5, color=look["color"])
            beside = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 8}
            axes.annotate(f"{each.width.value:.3g} ×", (each.good[1], place), **beside)
