"""Backward over forward against the size, and where the time goes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from zobench.experiments.linear_solve.page import RATIOS, exponent, ratio, seconds
from zobench.report import drawing, tables
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, handle
from zobench.store import Record

LOOK = dict(zip(RATIOS, ((BLACK, "o"), (VERMILLION, "s"), (BLUE, "^"), (GREEN, "D")), strict=True))
PARTS = {
    "factor": (GREY, "factorisation"),
    "solve": (ORANGE, "solve with LU"),
    "outer": (SKY, r"product $\lambda x^T$"),
}


def cost(found: Sequence[Record]) -> Figure:
    """The backward pass over the forward pass, and the shares of their parts."""
    figure, ((left, right),) = drawing.panels(1, 2, wide=3.6, high=2.8, foot=1.2)
    handles = _ratios(left, found)
    _shares(right, found)
    config, threads = found[0].meta["config"], found[0].meta["threads"]
    words = f"{threads} thread{'s' * (threads != '1')} of BLAS" if threads else "as many threads as BLAS takes"
    caption = f"Median and 95 % interval of {config['study']['repeats']} interleaved repeats, {config['dtype']}, "
    caption += f"{words}. Right: forward and backward pass side by side."
    patches = [Patch(color=color, label=label) for color, label in PARTS.values()]
    drawing.legend(figure, [*handles, *patches], caption, columns=4)
    return figure


def _ratios(axes: Axes, found: Sequence[Record]) -> list[Line2D]:
    n = [record.meta["n"] for record in found]
    handles = []
    for name, (color, marker) in LOOK.items():
        points = [ratio(record, *RATIOS[name]) for record in found]
        axes.vlines(n, [p.low for p in points], [p.high for p in points], color=color, lw=0.8)
        axes.plot(n, [p.value for p in points], color=color, marker=marker, lw=1.0, ms=4)
        slope = tables.number(exponent(found, *RATIOS[name]).value)
        handles.append(handle(name + (f": $n^{{{slope}}}$" if slope else ""), color, marker=marker, lw=1.0, ms=4))
    for name in ("factorised again", "LU stored"):
        above, below = RATIOS[name]
        counted = [record.meta["operations"][above] / record.meta["operations"][below] for record in found]
        axes.plot(n, counted, color=LOOK[name][0], lw=0.9, ls=":")
    handles.append(handle("by operations", GREY, lw=0.9, ls=":"))
    axes.set(xscale="log", yscale="log", xlabel="size n", ylabel="backward/forward, time")
    drawing.sizes(axes, n)
    axes.set_title("backward pass over forward pass")
    return handles


def _shares(axes: Axes, found: Sequence[Record]) -> None:
    for i, record in enumerate(found):
        for shift, names in ((-0.21, ("factor", "solve")), (0.21, ("factor", "solve", "outer"))):
            times = np.array([np.median(seconds(record, name)) for name in names])
            heights = times / times.sum()
            bottoms = np.cumsum(heights) - heights
            for name, height, bottom in zip(names, heights, bottoms, strict=True):
                axes.bar(i + shift, height, 0.38, bottom=bottom, color=PARTS[name][0], lw=0)
    axes.axhline(0.9, color=BLACK, lw=0.7, ls="--")
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate("90 %", (0.0, 0.9), (2, 2), fontsize=6.5, va="bottom", **where)
    axes.set_xticks(range(len(found)), [str(record.meta["n"]) for record in found])
    axes.set(xlabel="size n", ylabel="share of the time", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("forward | backward that factorises again")
