"""The pictures of the gradient cost: ratios against n that are flat, and whole gradients that ask n times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from zobench.experiments.gradient_cost.page import WORDS, Line
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

COLORS = (BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE, GREY)
MARKERS = "osD^v<>Pp*hX"
BOUNDS = {"jvp": (2.5, "2.5"), "gradient": (4.0, "4"), "hvp": (10.0, "10")}
WHOLE = {
    "forward": ("^", VERMILLION, "forward mode: n JVPs"),
    "central_difference": ("s", BLUE, "central differences: 2n values"),
    "forward_difference": ("D", SKY, "forward differences: n + 1 values"),
    "gradient": ("o", BLACK, "reverse mode"),
}


def draw(found: Sequence[Line], dtype: str, folder: Path) -> None:
    """Both figures."""
    repeats = min((line.seconds.shape[2] for line in found), default=0)
    with drawing.context():
        _ratios(found, dtype, repeats, folder)
        _wholes(found, dtype, repeats, folder)


def _look(i: int) -> dict[str, Any]:
    return {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "lw": 0.9, "ms": 4}


def _ratios(found: Sequence[Line], dtype: str, repeats: int, folder: Path) -> None:
    figure, grid = drawing.panels(2, 3, wide=2.5, high=2.1, foot=1.2, head=0.42)
    for column, method in enumerate(BOUNDS):
        for row, axes in enumerate((grid[0][column], grid[1][column])):
            for i, line in enumerate(found):
                _ratio(axes, line, method, i, seconds=bool(row))
            bound, words = BOUNDS[method]
            axes.axhline(bound, color=GREY, lw=0.9, linestyle=(0, (6, 2)), zorder=0)
            axes.annotate(f"bound {words}", (0.02, bound), (0, 2), xycoords=axes.get_yaxis_transform(),
                          textcoords="offset points", fontsize=6.5, color=GREY)  # fmt: skip
            axes.set(xscale="log")
            if row:
                axes.set(yscale="log")
            else:
                axes.set_ylim(0, 1.25 * bound)
                axes.yaxis.set_major_locator(MaxNLocator(6))
        grid[0][column].set_title(f"{WORDS[method]}, over f")
        grid[1][column].set_xlabel("dimension n")
    grid[0][0].set_ylabel("operations (ratio)", labelpad=2)
    grid[1][0].set_ylabel("seconds (ratio)", labelpad=2)
    handles = [Line2D([], [], label=line.name, **_look(i)) for i, line in enumerate(found)]
    caption = (
        f"Operations: flops and elementary functions, as traced. Seconds: median of {repeats} interleaved repeats and "
    )
    caption += f"quartiles; {dtype}. Bounds: Griewank & Walther 2008."
    drawing.legend(figure, handles, caption, columns=5)
    drawing.save(figure, folder, "gradient_cost")


def _ratio(axes: Axes, line: Line, method: str, i: int, *, seconds: bool) -> None:
    if not seconds:
        axes.plot(line.n, line.ratio(method), **_look(i))
        return
    low, middle, high = np.quantile(line.times(method), [0.25, 0.5, 0.75], axis=1)
    axes.plot(line.n, middle, **_look(i))
    axes.vlines(line.n, low, high, color=_look(i)["color"], lw=0.8)


def _wholes(found: Sequence[Line], dtype: str, repeats: int, folder: Path) -> None:
    figure, (row,) = drawing.panels(1, 2, wide=3.4, high=2.8, foot=1.2)
    for method, (marker, color, _) in WHOLE.items():
        for line in found:
            kept = np.isfinite(line.ratio("forward"))
            look = {"color": color, "marker": marker, "ms": 3.2, "lw": 0.5, "alpha": 0.75}
            row[0].plot(line.n[kept], line.ratio(method)[kept], **look)
            row[1].plot(line.n[kept], np.median(line.times(method), axis=1)[kept], **look)
    sizes = [n for line in found for n in line.n[np.isfinite(line.ratio("forward"))]]
    if sizes:
        n = np.geomspace(min(sizes), max(sizes), 9)
        for axes in row:
            axes.plot(n, 2 * n, color=BLUE, lw=0.8, linestyle=":", zorder=0)
            axes.plot(n, n + 1, color=SKY, lw=0.8, linestyle=":", zorder=0)
    for axes, label in zip(row, ("operations, over f", "seconds, over f"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="dimension n")
        axes.set_ylabel(label, labelpad=2)
    handles = [Line2D([], [], color=c, marker=m, ms=4, lw=0.8, label=words) for m, c, words in WHOLE.values()]
    handles.append(Line2D([], [], color=GREY, lw=0.8, linestyle=":", label="2n; n + 1"))
    caption = f"A whole gradient; a line a problem ({len(found)}), {dtype}; seconds: median of {repeats} interleaved "
    drawing.legend(figure, handles, caption + "repeats, a small f costs no more than its call.", columns=3)
    drawing.save(figure, folder, "whole_gradient")
