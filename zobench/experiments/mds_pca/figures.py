"""The picture of mds_pca: three maps of the same points, and how they part as distances blur."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from zobench.experiments.mds_pca.page import OFF, median
from zobench.problems.maps import BUILT_IN, distances, true_map
from zobench.report import cartography, drawing, labels
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.report.maps import aligned
from zobench.store import Record

LOOK = dict(
    zip(
        OFF,
        (
            {"color": GREY, "ls": ":", "marker": "s", "ms": 6, "mfc": "none"},
            {"color": BLACK, "ls": "-", "marker": "o", "ms": 3.5},
            {"color": BLUE, "ls": "--", "marker": "^", "ms": 3.5},
            {"color": VERMILLION, "ls": "-.", "marker": "v", "ms": 3.5},
        ),
        strict=True,
    )
)
MAGNIFIED = 40
ROUNDING = 1e-9  # a misfit below it is that of rounding


def maps(found: Sequence[Record]) -> Figure:
    """The misfits of all sets of points, and the maps of the last one below them."""
    columns = max(2, len(found))
    figure, [above, below] = drawing.panels(2, columns, wide=2.15, high=(2.0, 4.0), foot=1.2, head=0.85, gap=0.68)
    for axes, record in zip(above, found, strict=False):
        _misfits(axes, record)
    above[0].set_ylabel("misfit, relative")
    wide = np.array([below[0].get_position().p0, below[-1].get_position().p1])
    below[0].set_position(Bbox(wide))
    for axes in (*above[len(found) :], *below[1:]):
        axes.remove()
    left_out = _overlay(below[0], found[-1])
    handles = [
        *(handle(name, lw=1.2, **look) for name, look in LOOK.items()),  # pyright: ignore[reportArgumentType]
        handle("level lines: distances as given", BLACK, lw=0.7),
        handle("true place", GREY, lw=0, marker="+", ms=7),
        handle(f"classical off by, {MAGNIFIED} times as long", BLUE, lw=0.8),
        handle(f"s-stress off by, {MAGNIFIED} times as long", VERMILLION, lw=0.8),
    ]
    draws = found[-1].arrays["off"].shape[1]
    caption = f"Median over {draws} draws of the noise, float64; misfit after the best isometry, without scaling."
    caption += f" {left_out} name{'s' * (left_out > 1)} left out of the map for want of room." if left_out else ""
    drawing.legend(figure, handles, caption, columns=3)
    return figure


def _overlay(axes: Axes, record: Record) -> int:
    """The true map and where the others are off, in km for cities; how many of its places have no name."""
    meta = record.meta
    names, _ = true_map(meta["cities"], meta["points"], meta["embedding"])
    known = meta["cities"] in BUILT_IN
    scale = distances(meta["cities"], meta["points"]).max() if known else 1.0
    true = record.arrays["true"] * scale
    shifted = {color: true + MAGNIFIED * (aligned(record.arrays[name] * scale, true) - true)
               for name, color in (("classical", BLUE), ("minimiser", VERMILLION))}  # fmt: skip
    cartography.frame(axes, np.vstack([true, *shifted.values()]), pad=0.05)
    if known:
        cities = BUILT_IN[meta["cities"]][: meta["points"]]
        cartography.graticule(axes, np.array([city[1:] for city in cities]))
    axes.plot(*true.T, lw=0, marker="+", ms=6, mew=0.7, color=GREY)
    lines = []
    for color, ends in shifted.items():
        lines += [*np.stack([true, ends], axis=1)]
        axes.plot(*np.stack([true, ends]).transpose(2, 0, 1), color=color, lw=0.9)
    unit = ", km" if known else ", of the largest distance"
    axes.set(xlabel=f"east{unit}", ylabel=f"north{unit}")
    axes.set_title(f"{_title(record)}: the maps", pad=14)
    return cartography.names(axes, true, names, lines, [cartography.bar(axes, "km" * known, MAGNIFIED)])


def _misfits(axes: Axes, record: Record) -> None:
    """Medians with their intervals against the noise; level lines for none, but where they are rounding alone."""
    noise, rounded = record.arrays["noise"], []
    for name, look in LOOK.items():
        middle, low, high = np.array([median(record, name, i)[:3] for i in range(len(noise))]).T
        above = noise > 0
        axes.plot(noise[above], middle[above], lw=1.2, **look)
        drawing.band(axes, noise[above], low[above], high[above], str(look["color"]), alpha=0.15)
        for value in middle[~above]:
            if value > ROUNDING:
                axes.axhline(value, color=look["color"], ls=look["ls"], lw=0.7)
            else:
                rounded.append(value)
    axes.set(xscale="log", yscale="log", title=_title(record), xlabel="relative error of distances")
    if rounded:
        words = f"distances as given: all {len(rounded)}\n" if len(rounded) == len(LOOK) else f"{len(rounded)} lines "
        axes.text(0.97, 0.04, f"{words}below {labels.plain(_above(max(rounded)))}, by rounding", ha="right",
                  transform=axes.transAxes, fontsize=8, color="#444444")  # fmt: skip


def _above(value: float) -> float:
    """The next power of ten."""
    return 10.0 ** np.ceil(np.log10(max(value, 1e-300)))


def _title(record: Record) -> str:
    name = {"synthetic": "Normal points", "europe": "Europe", "usa": "USA"}[record.meta["cities"]]
    return f"{name}, N = {record.meta['points']}"
