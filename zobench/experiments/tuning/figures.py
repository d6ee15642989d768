"""The picture of experiment=tuning: calls to the target against the step, and the range of good steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.tuning.numbers import Response
from zobench.report import contenders, drawing
from zobench.report.drawing import GREY


def draw(found: Sequence[Response], folder: Path) -> None:
    """A column for each class: the response above, the good steps below."""
    columns = list(dict.fromkeys((each.column, each.record.n) for each in found)) or [("nothing was tuned", 0)]
    methods = sorted({each.method for each in found}, key=contenders.order)
    looks = contenders.looks(methods)
    with drawing.context():
        figure, grid = drawing.panels(2, len(columns), wide=3.5, high=2.2, foot=1.15, head=0.45)
        for j, (column, n) in enumerate(columns):
            own = [each for each in found if (each.column, each.record.n) == (column, n)]
            _response(grid[0][j], own, looks)
            _ranges(grid[1][j], own, looks)
            grid[0][j].set_title(column)
        grid[0][0].set_ylabel("oracle calls to target")
        handles = [Line2D([], [], label=method, marker="o", ms=4, **look) for method, look in looks.items()]
        drawing.legend(figure, handles, _caption(found), columns=3)
        drawing.save(figure, folder, "tuning")


def _response(axes: Axes, own: Sequence[Response], looks: dict[str, dict[str, Any]]) -> None:
    axes.set(xscale="log", yscale="log")
    axes.axvline(1, color=GREY, lw=0.7, linestyle=":", zorder=0)
    for each in own:
        look, calls = looks[each.method], each.record.calls
        arrived = np.isfinite(each.times)
        x, y = each.multiples[arrived], each.times[arrived] * calls
        axes.plot(x, y, lw=1.1, **look)
        if each.hits.shape[1] > 1:
            low, high = np.quantile(each.hits[arrived], [0.25, 0.75], axis=1, method="inverted_cdf") * calls
            known = np.isfinite(high)
            axes.fill_between(x[known], low[known], high[known], color=look["color"], alpha=0.15, lw=0)
        if arrived.any():
            axes.plot(each.best, each.times.min() * calls, "o", ms=4.5, color=look["color"], zorder=5)
    _limits(axes, own)


def _ranges(axes: Axes, own: Sequence[Response], looks: dict[str, dict[str, Any]]) -> None:
    """A bar over the steps that need at most twice the time of the best, with the ratio of its ends."""
    axes.set(xscale="log", ylim=(len(looks) - 0.5, -0.5), xlabel="multiple of the theory step")
    axes.set_title("steps that need at most twice the calls of the best", fontsize=8)
    axes.set_yticks([])
    axes.axvline(1, color=GREY, lw=0.7, linestyle=":", zorder=0)
    for each in own:
        place, color = list(looks).index(each.method), looks[each.method]["color"]
        low, high = each.good
        if low != low:
            continue
        axes.plot([low, high], [place, place], color=color, lw=5, alpha=0.5, solid_capstyle="butt")
        axes.plot(each.best, place, "o", ms=4.5, color=color)
        width = f"{each.width.value:.3g} ×"
        axes.annotate(width, (high, place), (5, 0), textcoords="offset points", va="center", fontsize=6.5)
    _limits(axes, own)


def _limits(axes: Axes, own: Sequence[Response]) -> None:
    """All that was tried."""
    if own:
        ends = [end for each in own for end in (each.multiples[0], each.multiples[-1])]
        axes.set_xlim(min(ends) / 1.4, max(ends) * 1.4)
    axes.minorticks_off()


def _caption(found: Sequence[Response]) -> str:
    if not found:
        return "no records"
    seeds, m = max(each.hits.shape[1] for each in found), max(each.multiples.size for each in found)
    n = ", ".join(map(str, sorted({each.record.n for each in found})))
    text = f"n = {n}; {m} tries of multiples of 1/(LB), {seeds} held-out seeds: median, quartiles shaded; "
    return text + "a step is given up at twice the best so far. Dot: the best."
