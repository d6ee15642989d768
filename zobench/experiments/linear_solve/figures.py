"""Backward over forward against the size, and where the time goes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from zobench import store
from zobench.experiments.linear_solve.page import RATIOS, exponent, ratio, seconds
from zobench.report import drawing

LOOK = {
    "factorised again": (drawing.BLACK, "o"),
    "LU stored": (drawing.VERMILLION, "s"),
    "inverse stored": (drawing.BLUE, "^"),
    "LU stored, SciPy": (drawing.GREEN, "D"),
}
PARTS = {"factor": drawing.GREY, "solve": drawing.ORANGE, "outer": drawing.SKY}
WORDS = {"factor": "factorisation", "solve": "solve with LU", "outer": r"product $\lambda x^T$"}


def draw(found: Sequence[store.Record], folder: Path) -> None:
    """Two panels."""
    with drawing.context():
        figure, ((left, right),) = drawing.panels(1, 2, wide=3.6, high=2.8, foot=1.2)
        handles = _ratios(left, found)
        handles += _shares(right, found)
        config, threads = found[0].meta["config"], found[0].meta["threads"]
        words = f"{threads} thread{'s' * (threads != '1')} of BLAS" if threads else "as many threads as BLAS takes"
        caption = f"Median and 95 % interval of {config['study']['repeats']} interleaved repeats, {config['dtype']}, "
        caption += f"{words}. Right: forward and backward pass side by side."
        drawing.legend(figure, handles, caption, columns=4)
        drawing.save(figure, folder, "cost")


def _ratios(axes: Axes, found: Sequence[store.Record]) -> list[Line2D]:
    n = np.array([record.meta["n"] for record in found])
    handles = []
    for name, (color, marker) in LOOK.items():
        points = [ratio(record, *RATIOS[name]) for record in found]
        axes.vlines(n, [p.low for p in points], [p.high for p in points], color=color, lw=0.8)
        axes.plot(n, [p.value for p in points], color=color, marker=marker, lw=1.0, ms=4)
        slope = exponent(found, *RATIOS[name])
        fitted = "" if slope.value != slope.value else f": $n^{{{slope.value:.2f}}}$".replace("-", "−")
        handles.append(Line2D([], [], color=color, marker=marker, lw=1.0, ms=4, label=name + fitted))
    for name in ("factorised again", "LU stored"):
        above, below = RATIOS[name]
        counted = [record.meta["operations"][above] / record.meta["operations"][below] for record in found]
        axes.plot(n, counted, color=LOOK[name][0], lw=0.9, ls=":")
    handles.append(Line2D([], [], color=drawing.GREY, lw=0.9, ls=":", label="by operations"))
    axes.set(xscale="log", yscale="log", xlabel="size n", ylabel="backward/forward, time")
    axes.xaxis.set_major_locator(FixedLocator(n.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.set_title("backward pass over forward pass")
    return handles


def _shares(axes: Axes, found: Sequence[store.Record]) -> list[Patch]:
    for i, record in enumerate(found):
        for shift, names in ((-0.21, ("factor", "solve")), (0.21, ("factor", "solve", "outer"))):
            times = {name: float(np.median(seconds(record, name))) for name in names}
            bottom = 0.0
            for name, time in times.items():
                height = time / sum(times.values())
                axes.bar(i + shift, height, 0.38, bottom=bottom, color=PARTS[name], lw=0)
                bottom += height
    axes.axhline(0.9, color=drawing.BLACK, lw=0.7, ls="--")
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate("90 %", (0.0, 0.9), (2, 2), fontsize=6.5, va="bottom", **where)
    axes.set_xticks(range(len(found)), [str(record.meta["n"]) for record in found])
    axes.set(xlabel="size n", ylabel="share of the time", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("forward | backward that factorises again")
    return [Patch(color=color, label=WORDS[name]) for name, color in PARTS.items()]
