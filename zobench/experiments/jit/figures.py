"""The picture of jit: time per call op by op and compiled against size, and their ratio."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from zobench.report import drawing, fitted, sheets
from zobench.report.drawing import BLACK, BLUE, GREY, PURPLE, VERMILLION, handle
from zobench.store import Record

LOOK = {"op by op": (VERMILLION, "^"), "compiled": (BLUE, "s")}
TITLES = {
    "chain": ("chain of elementwise operations", "length of the vector"),
    "matmul": ("tanh(AB)", "side of A and B"),
}
RATIO = {"chain": (BLACK, "o"), "matmul": (PURPLE, "D")}


def jit(records: Sequence[Record]) -> Figure:
    """Two panels of times, one of ratios."""
    found = {record.meta["kind"]: record.arrays for record in records}
    figure, [[chain, matmul], [ratio]] = sheets.page((2, 1))
    for axes, kind in zip((chain, matmul), TITLES, strict=True):
        axes.set(xscale="log", yscale="log", xlabel=TITLES[kind][1], ylabel="seconds a call", title=TITLES[kind][0])
        for line, (color, marker) in zip(found[kind]["seconds"] if kind in found else (), LOOK.values(), strict=False):
            low, middle, high = fitted.quartiles(line)
            drawing.band(axes, found[kind]["size"], low, high, color)
            axes.plot(found[kind]["size"], middle, color=color, marker=marker, ms=3.5)
        sheets.key(axes, [handle(name, color, marker=marker) for name, (color, marker) in LOOK.items()], "upper left")
    _ratios(ratio, found)
    counts = ", ".join(f"{TITLES[kind][0].partition(' ')[0]} {int(a['primitives'])}" for kind, a in found.items())
    config = records[0].meta["config"]
    caption = f"{config['dtype']}, one thread, warm. Median and quartiles of {config['study']['repeats']} timings in "
    drawing.legend(figure, [], f"{caption}turns. Operations dispatched op by op: {counts}.")
    return figure


def _ratios(axes: Axes, found: dict[str, dict[str, np.ndarray]]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="numbers in the result", ylabel="time op by op / compiled")
    axes.set_title("what compiling gains")
    handles = [handle("no gain", GREY, lw=0.8, linestyle=":")]
    axes.axhline(1, color=GREY, lw=0.8, linestyle=":")
    for kind, (color, marker) in RATIO.items():
        if kind in found:
            a = found[kind]
            low, middle, high = fitted.quartiles(a["seconds"][0] / a["seconds"][1])
            x = a["size"].astype(float) ** (1 if kind == "chain" else 2)
            drawing.band(axes, x, low, high, color)
            axes.plot(x, middle, color=color, marker=marker, ms=3.5)
        handles.insert(-1, handle(TITLES[kind][0], color, marker=marker))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    sheets.key(axes, handles, "upper right")
