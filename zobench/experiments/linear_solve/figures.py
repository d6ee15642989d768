"""Backward over forward against the size, and where the time goes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from zobench.experiments.linear_solve.page import LARGE, RANGE, RATIOS, exponent, ratio, seconds
from zobench.report import drawing, sheets, tables
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, handle
from zobench.store import Record

LOOK = dict(zip(RATIOS, ((BLACK, "o"), (VERMILLION, "s"), (BLUE, "^"), (GREEN, "D")), strict=True))
PARTS = {
    "factor": (GREY, "factorisation"),
    "solve": (ORANGE, "solve with LU"),
    "outer": (SKY, r"product $\lambda x^T$"),
}
OFF = 1.1  # a point farther from a power of n than this factor does not follow it


def cost(found: Sequence[Record]) -> Figure:
    """The backward pass over the forward pass, and the shares of their parts."""
    figure, [[left, right]] = sheets.page((2,), high=2.9, foot=1.85)
    _ratios(left, found)
    _shares(right, found)
    config, threads = found[0].meta["config"], found[0].meta["threads"]
    words = f"{threads} thread{'s' * (threads != '1')} of BLAS" if threads else "as many threads as BLAS takes"
    caption = f"Median and 95 % interval of {config['study']['repeats']} interleaved repeats, {config['dtype']}, "
    caption += f"{words}. A power of n stands where from n = {RANGE} on no point is more than {OFF - 1:.0%} off it."
    drawing.legend(figure, [], caption)
    return figure


def _law(found: Sequence[Record], name: str) -> str:
    """The power of n that a ratio follows; that it follows none, where a point is too far from the fit."""
    slope = exponent(found, *RATIOS[name]).value
    kept = [record for record in found if record.meta["n"] >= RANGE]
    if not np.isfinite(slope):
        return ""
    x = np.log([record.meta["n"] for record in kept])
    rest = np.log([ratio(record, *RATIOS[name]).value for record in kept]) - slope * x
    if np.ptp(rest) / 2 > np.log(OFF):
        return ": no one power of n"
    return f": $n^{{{tables.number(slope)}}}$"


def _ratios(axes: Axes, found: Sequence[Record]) -> None:
    n = [record.meta["n"] for record in found]
    handles = []
    for name, (color, marker) in LOOK.items():
        points = [ratio(record, *RATIOS[name]) for record in found]
        axes.vlines(n, [p.low for p in points], [p.high for p in points], color=color, lw=0.8)
        axes.plot(n, [p.value for p in points], color=color, marker=marker, lw=1.0, ms=4)
        handles.append(handle(name + _law(found, name), color, marker=marker, lw=1.0, ms=4))
    for name in ("factorised again", "LU stored"):
        above, below = RATIOS[name]
        counted = [record.meta["operations"][above] / record.meta["operations"][below] for record in found]
        axes.plot(n, counted, color=LOOK[name][0], lw=0.9, ls=":")
        handles.append(handle(f"{name}, by operations", LOOK[name][0], lw=0.9, ls=":"))
    axes.set(xscale="log", yscale="log", xlabel="size n", ylabel="time of the backward / the forward pass")
    sheets.sizes(axes, n)
    axes.set_title("backward pass over forward pass")
    sheets.key_below(axes, handles, 1)


def _shares(axes: Axes, found: Sequence[Record]) -> None:
    for i, record in enumerate(found):
        for shift, names in ((-0.21, ("factor", "solve")), (0.21, ("factor", "solve", "outer"))):
            times = np.array([np.median(seconds(record, name)) for name in names])
            heights = times / times.sum()
            bottoms = np.cumsum(heights) - heights
            for name, height, bottom in zip(names, heights, bottoms, strict=True):
                axes.bar(i + shift, height, 0.38, bottom=bottom, color=PARTS[name][0], lw=0)
    handles: list = [Patch(color=color, label=label) for color, label in PARTS.values()]
    large = [i for i, record in enumerate(found) if record.meta["n"] >= LARGE]
    if large:
        axes.plot([large[0] - 0.45, len(found) - 0.55], [0.9, 0.9], color=BLACK, lw=0.9, ls="--")
        words = f"90 %: claimed of the factorisation\nin the forward pass from n = {LARGE} on"
        handles.append(handle(words, BLACK, lw=0.9, ls="--"))
    axes.set_xticks(range(len(found)), [str(record.meta["n"]) for record in found])
    axes.set(xlabel="size n; each left bar forward, right bar backward", ylabel="share of the time", ylim=(0, 1))
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 0.9, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("forward | backward that factorises again")
    sheets.key_below(axes, handles, 1)
