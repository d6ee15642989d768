"""The picture of mds_pca: three maps of the same points, and how they part as distances blur."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.mds_pca.page import OFF, median
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.report.maps import aligned
from zobench.store import Record

LOOK = dict(zip(OFF, ((GREY, ":", "s"), (BLACK, "-", "o"), (BLUE, "--", "^"), (VERMILLION, "-.", "v")), strict=True))
MAGNIFIED = 40


def maps(found: Sequence[Record]) -> Figure:
    """The last set of points on the left, the misfits of all the others beside it."""
    figure, [grid] = drawing.panels(1, 1 + len(found), wide=2.7, high=2.3, foot=1.2)
    _overlay(grid[0], found[-1])
    for axes, record in zip(grid[1:], found, strict=True):
        _misfits(axes, record)
    grid[1].set_ylabel("misfit, relative")
    handles = [
        *(handle(name, color, ls=line, marker=marker, ms=3.5) for name, (color, line, marker) in LOOK.items()),
        handle("true place", GREY, lw=0, marker="+", ms=7),
        handle(f"classical off by, {MAGNIFIED} times as long", BLUE, lw=0.8),
        handle(f"s-stress off by, {MAGNIFIED} times as long", VERMILLION, lw=0.8),
        handle("level lines: distances as given", BLACK, lw=0.7),
    ]
    draws = found[-1].arrays["off"].shape[1]
    caption = f"Median over {draws} draws of the noise, float64; misfit after the best isometry, without scaling."
    drawing.legend(figure, handles, caption)
    return figure


def _overlay(axes: Axes, record: Record) -> None:
    true = record.arrays["true"]
    axes.plot(*true.T, lw=0, marker="+", ms=7, mew=0.7, color=GREY)
    for name, color in (("classical", BLUE), ("minimiser", VERMILLION)):
        shift = MAGNIFIED * (aligned(record.arrays[name], true) - true)
        axes.plot(*np.stack([true, true + shift]).transpose(2, 0, 1), color=color, lw=0.9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(title=f"{_title(record)}: the maps", xlabel="east, of the largest distance", ylabel="north")


def _misfits(axes: Axes, record: Record) -> None:
    noise = record.arrays["noise"]
    for name, (color, line, marker) in LOOK.items():
        middle, low, high = np.array([median(record, name, i)[:3] for i in range(len(noise))]).T
        above = noise > 0
        axes.plot(noise[above], middle[above], color=color, ls=line, marker=marker, ms=3.5)
        drawing.band(axes, noise[above], low[above], high[above], color, alpha=0.15)
        for value in middle[~above]:
            axes.axhline(value, color=color, ls=line, lw=0.7)
    axes.set(xscale="log", yscale="log", title=_title(record), xlabel="relative error of the distances")
    axes.minorticks_off()


def _title(record: Record) -> str:
    name = {"synthetic": "Normal points", "europe": "Europe", "usa": "USA"}[record.meta["cities"]]
    return f"{name}, N = {record.meta['points']}"
