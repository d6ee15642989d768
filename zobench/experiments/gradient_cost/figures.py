"""The pictures of the gradient cost: ratios against n that are flat, and whole gradients that ask n times."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zobench.experiments.gradient_cost.page import WORDS, Line
from zobench.report import drawing, fitted
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle

COLORS = (BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE, GREY)
MARKERS = "osD^v<>Pp*hX"
BOUNDS = {"jvp": 2.5, "gradient": 4, "hvp": 10}
WHOLE = {
    "forward": ("^", VERMILLION, "forward mode: n JVPs"),
    "central_difference": ("s", BLUE, "central differences: 2n values"),
    "forward_difference": ("D", SKY, "forward differences: n + 1 values"),
    "gradient": ("o", BLACK, "reverse mode"),
}


def _look(i: int) -> dict[str, Any]:
    return {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "lw": 0.9, "ms": 4}


def _repeats(found: Sequence[Line]) -> int:
    return min(line.seconds.shape[2] for line in found)


def gradient_cost(found: Sequence[Line]) -> Figure:
    """Operations above and seconds below, over those of f, with their bounds."""
    figure, grid = drawing.panels(2, 3, wide=2.5, high=2.1, foot=1.2, head=0.42)
    for above, below, (method, bound) in zip(*grid, BOUNDS.items(), strict=True):
        for i, line in enumerate(found):
            above.plot(line.n, line.ratio(method), **_look(i))
            low, middle, high = fitted.quartiles(line.times(method))
            below.plot(line.n, middle, **_look(i))
            below.vlines(line.n, low, high, color=_look(i)["color"], lw=0.8)
        for axes in (above, below):
            _bound(axes, bound)
        above.set(xscale="log", ylim=(0, 1.25 * bound), title=f"{WORDS[method]}, over f")
        above.yaxis.set_major_locator(MaxNLocator(6))
        below.set(xscale="log", yscale="log", xlabel="dimension n")
    grid[0][0].set_ylabel("operations (ratio)", labelpad=2)
    grid[1][0].set_ylabel("seconds (ratio)", labelpad=2)
    handles = [handle(line.name, **_look(i)) for i, line in enumerate(found)]
    caption = "Operations: flops and elementary functions, as traced. Seconds: median of "
    caption += (
        f"{_repeats(found)} interleaved repeats and quartiles; {found[0].dtype}. Bounds: Griewank & Walther 2008."
    )
    drawing.legend(figure, handles, caption, columns=5)
    return figure


def _bound(axes: Axes, bound: float) -> None:
    axes.axhline(bound, color=GREY, lw=0.9, linestyle=(0, (6, 2)), zorder=0)
    where: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points"}
    axes.annotate(f"bound {bound:g}", (0.02, bound), (0, 2), fontsize=6.5, color=GREY, **where)


def whole_gradient(found: Sequence[Line]) -> Figure:
    """What a whole gradient costs in n: operations and seconds."""
    figure, ((left, right),) = drawing.panels(1, 2, wide=3.4, high=2.8, foot=1.2)
    kept = [np.isfinite(line.ratio("forward")) for line in found]
    for method, (marker, color, _) in WHOLE.items():
        look = {"color": color, "marker": marker, "ms": 3.2, "lw": 0.5, "alpha": 0.75}
        for line, own in zip(found, kept, strict=True):
            left.plot(line.n[own], line.ratio(method)[own], **look)
            right.plot(line.n[own], fitted.median(line.times(method))[own], **look)
    sizes = np.concatenate([line.n[own] for line, own in zip(found, kept, strict=True)])
    for axes, label in ((left, "operations, over f"), (right, "seconds, over f")):
        if sizes.size:
            n = np.geomspace(sizes.min(), sizes.max(), 9)
            axes.plot(n, 2 * n, color=BLUE, lw=0.8, linestyle=":", zorder=0)
            axes.plot(n, n + 1, color=SKY, lw=0.8, linestyle=":", zorder=0)
        axes.set(xscale="log", yscale="log", xlabel="dimension n")
        axes.set_ylabel(label, labelpad=2)
    handles = [handle(words, color, marker=marker, ms=4, lw=0.8) for marker, color, words in WHOLE.values()]
    handles.append(handle("2n; n + 1", GREY, lw=0.8, linestyle=":"))
    caption = f"A whole gradient; a line a problem ({len(found)}), {found[0].dtype}; seconds: median of "
    caption += f"{_repeats(found)} interleaved repeats, a small f costs no more than its call."
    drawing.legend(figure, handles, caption, columns=3)
    return figure
