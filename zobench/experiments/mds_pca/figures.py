"""The picture of the mds_pca report: three maps of the same points, and how they part as distances blur."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.mds_pca.page import OFF, median
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION
from zobench.report.maps import aligned
from zobench.store import Record

LOOK = {
    "classical and PCA": (GREY, ":", "s"),
    "s-stress and classical": (BLACK, "-", "o"),
    "classical and true": (BLUE, "--", "^"),
    "s-stress and true": (VERMILLION, "-.", "v"),
}
MAGNIFIED = 40


def draw(found: Sequence[Record], folder: Path) -> None:
    """The last set of points on the left, the misfits of all the others beside it."""
    with drawing.context():
        figure, grid = drawing.panels(1, 1 + len(found), wide=2.7, high=2.3, foot=1.2)
        _overlay(grid[0][0], found[-1])
        for axes, record in zip(grid[0][1:], found, strict=True):
            _misfits(axes, record)
        grid[0][1].set_ylabel("misfit, relative")
        handles = [
            Line2D([], [], color=color, ls=line, marker=marker, ms=3.5, label=f"{name}")
            for name, (color, line, marker) in LOOK.items()
        ]
        handles += [
            Line2D([], [], lw=0, marker="+", color=GREY, ms=7, label="true place"),
            Line2D([], [], lw=0.8, color=BLUE, label=f"classical off by, {MAGNIFIED} times as long"),
            Line2D([], [], lw=0.8, color=VERMILLION, label=f"s-stress off by, {MAGNIFIED} times as long"),
        ]
        handles += [Line2D([], [], lw=0.7, color=BLACK, label="level lines: distances as given")]
        draws = found[-1].arrays["off"].shape[1]
        caption = f"Median over {draws} draws of the noise, float64; misfit after the best isometry, without scaling."
        drawing.legend(figure, handles, caption)
        drawing.save(figure, folder, "maps")


def _overlay(axes: Axes, record: Record) -> None:
    true = record.arrays["true"]
    axes.plot(*true.T, lw=0, marker="+", ms=7, mew=0.7, color=GREY)
    for name, color in (("classical", BLUE), ("minimiser", VERMILLION)):
        shift = MAGNIFIED * (aligned(record.arrays[name], true) - true)
        for start, end in zip(true, true + shift, strict=True):
            axes.plot(*np.transpose([start, end]), color=color, lw=0.9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(title=f"{_title(record)}: the maps", xlabel="east, of the largest distance", ylabel="north")


def _misfits(axes: Axes, record: Record) -> None:
    noise = record.arrays["noise"]
    above = np.flatnonzero(noise > 0)
    for j, name in enumerate(OFF):
        color, line, marker = LOOK[name]
        points = [median(record, "off", j, i) for i in range(len(noise))]
        if above.size:
            low, middle, high = np.array([[points[i].low, points[i].value, points[i].high] for i in above]).T
            axes.plot(noise[above], middle, color=color, ls=line, marker=marker, ms=3.5)
            axes.fill_between(noise[above], low, high, color=color, alpha=0.15, lw=0)
        for i in np.flatnonzero(noise == 0):
            axes.axhline(points[i].value, color=color, ls=line, lw=0.7)
    axes.set(xscale="log", yscale="log", title=_title(record), xlabel="relative error of the distances")
    axes.minorticks_off()


def _title(record: Record) -> str:
    name = {"synthetic": "Normal points", "europe": "Europe", "usa": "USA"}[record.meta["cities"]]
    return f"{name}, N = {record.meta['points']}"
