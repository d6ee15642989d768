"""The picture of maps: a row a method; a plane as it is, three dimensions as their three planes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.report import cartography, drawing
from zobench.report.drawing import BLUE, handle
from zobench.report.map.page import MOST, Map

PLANES = ((0, 1), (0, 2), (1, 2))
POINT = {"color": BLUE, "lw": 0, "marker": "o", "ms": 3}


def map(found: Sequence[Map]) -> Figure | None:
    """Up to three maps of each table; None where no run has ended at numbers."""
    shown: dict[tuple[str, int], list[Map]] = {}
    for one in found:
        if np.isfinite(one.places).all():
            shown.setdefault((one.problem, one.places.size), []).append(one)
    rows = [one for maps in shown.values() for one in maps[:MOST]]
    if not rows:
        return None
    planes = PLANES if max(one.places.shape[1] for one in rows) > 2 else PLANES[:1]
    wide = 3.2 if len(planes) > 1 else 6.4
    high = wide * max(_height(one, planes) for one in rows)
    figure, grid = drawing.panels(len(rows), len(planes), wide=wide, high=high, foot=0.9, head=0.6, left=0.8, gap=0.8)
    several = len(shown) > 1
    hidden = 0
    for axes, one in zip(grid, rows, strict=True):
        for at, plane in zip(axes, planes, strict=True):
            hidden += _panel(at, one, plane)
        title = f"{one.problem}: " * several + f"{one.method}, misfit {one.misfit:.3g}"
        axes[0].set_title(title, loc="left")
    more = max(one.places.shape[1] for one in rows) - 3
    caption = "Distances leave a map free to be shifted, turned and mirrored: here on its principal axes."
    caption += f" {more} further axes are not drawn." * (more > 0)
    caption += f" {hidden} names do not fit; all are in places.csv." * (hidden > 0)
    drawing.legend(figure, [handle("place found", **POINT)], caption)
    return figure


def _height(one: Map, planes: Sequence[tuple[int, int]]) -> float:
    """What the height of a panel is of its width, for the plane that is drawn highest."""
    extent = np.ptp(one.places, axis=0)
    ratios = [extent[j] / extent[i] for i, j in planes if j < len(extent) and extent[i] > 0]
    return float(np.clip(1.15 * max(ratios, default=0), 0.35, 0.9))


def _panel(axes: Axes, one: Map, plane: tuple[int, int]) -> int:
    """One plane of a map; how many names do not fit."""
    if max(plane) >= one.places.shape[1]:
        if plane != PLANES[0]:
            axes.set_axis_off()
            return 0
        places = np.column_stack([one.places[:, 0], np.zeros(len(one.places))])
    else:
        places = one.places[:, plane]
    axes.plot(*places.T, **POINT)
    axes.margins(0.15, 0.1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel=f"axis {plane[0] + 1}", ylabel=f"axis {plane[1] + 1}")
    axes.apply_aspect()  # the limits, before names are put beside places
    return cartography.names(axes, places, one.names, size=6.0 if len(one.names) > 20 else 7.5)
