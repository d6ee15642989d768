"""How a map is drawn: axes in km with a bar for the scale, meridians and parallels, names apart from all that is drawn.

A name is put at the nearest place beside its point that is free; one for which none is free is left out and counted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import BboxBase
from numpy import ndarray

from zobench.problems.cities import plane
from zobench.report.styles import GREY

DEGREES = 10  # between two meridians, and two parallels
BAR = 0.12  # of the extent, kept free below the places for the bar
REACHES = (5, 9, 15, 22, 30, 38)  # points from a place to its name, the nearest first
ANGLES = np.pi * np.array([0, 16, 8, 24, 4, 12, 20, 28, 2, 6, 10, 14, 18, 22, 26, 30]) / 16  # beside, above, aslant
MARK, LINE = 3.5, 1.5  # half the width of what a name keeps off, in points
LED = 9  # points from which on a line leads from the name to its place
PALE = "#d5d5d5"


def frame(axes: Axes, where: ndarray, pad: float = 0.1) -> None:
    """Limits around the places [N, 2], one km as long both ways; nothing that is drawn later moves them."""
    low, high = where.min(axis=0), where.max(axis=0)
    room = pad * (high - low).max()
    low, high = low - [room, room + BAR * (high - low).max()], high + room
    wide, tall = axes.bbox.size
    span = max((high[0] - low[0]) / wide, (high[1] - low[1]) / tall) * np.array([wide, tall])
    ends = (low + high) / 2 + np.outer([-0.5, 0.5], span)
    axes.set(xlim=ends[:, 0], ylim=ends[:, 1])
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right"]].set_visible(True)


def graticule(axes: Axes, degrees: ndarray) -> None:
    """Meridians and parallels, as `cities.plane` draws places [N, 2] of these latitudes and longitudes."""
    centre = degrees.mean(axis=0)
    low, high = (f(degrees, axis=0) + off for f, off in ((np.min, -25), (np.max, 25)))
    fine = [np.linspace(max(-89, low[0]), min(89, high[0]), 100), np.linspace(low[1], high[1], 100)]
    for side in (0, 1):
        ends = (max(-80, low[0]), min(80, high[0])) if side == 0 else (low[1], high[1])
        for value in range(DEGREES * int(np.ceil(ends[0] / DEGREES)), int(ends[1]) + 1, DEGREES):
            line = np.stack([np.full(100, value), fine[1]] if side == 0 else [fine[0], np.full(100, value)], axis=1)
            drawn = plane(np.vstack([line, 2 * centre - line]))[:100]  # with its mirror image its mean is the centre
            axes.plot(*drawn.T, color=PALE, lw=0.5, zorder=0)
            _degree(axes, drawn, value, side)


def _degree(axes: Axes, line: ndarray, value: int, side: int) -> None:
    """The degree of a parallel (side 0) at the right edge, of a meridian at the upper one, where the line leaves."""
    edge, span = ((axes.get_xlim()[1], axes.get_ylim()), (axes.get_ylim()[1], axes.get_xlim()))[side]
    along, across = line[:, side], line[:, 1 - side]
    if along.min() < edge < along.max():
        at = float(np.interp(edge, along, across))
        if span[0] + 0.02 * np.ptp(span) < at < span[1] - 0.02 * np.ptp(span):
            words = f"{abs(value)}°{'NE'[side] if value > 0 else 'SW'[side] if value < 0 else ''}"
            place: dict[str, Any] = {"ha": "center" if side else "left", "va": "bottom" if side else "center"}
            spot, off = ((edge, at), (2, 0)) if side == 0 else ((at, edge), (0, 1))
            axes.annotate(words, spot, off, textcoords="offset points", **place, fontsize=7, color=GREY)


def bar(axes: Axes, unit: str = "km", magnified: int = 1) -> ndarray:
    """A bar of a round length in the lower left corner, and what it is of errors drawn so many times as long.

    Gives the box [4] in pixels that names keep off.
    """
    (x, right), (y, top) = axes.get_xlim(), axes.get_ylim()
    wanted = 0.2 * (right - x)
    power = 10.0 ** np.floor(np.log10(wanted))
    length = power * max(step for step in (1, 2, 5) if step * power <= wanted)
    start = np.array([x + 0.03 * (right - x), y + 0.05 * (top - y)])
    axes.plot([start[0], start[0] + length], [start[1]] * 2, color="#333333", lw=1.6, solid_capstyle="butt")
    words = f"{length:g} {unit}".strip()
    words += f"; of errors {length / magnified:g} {unit}".rstrip() if magnified > 1 else ""
    text = axes.annotate(
        words, tuple(start), (0, 3), textcoords="offset points", fontsize=7.5, va="bottom", color="#333333"
    )
    box = text.get_window_extent(FigureCanvasAgg(axes.figure).get_renderer())  # pyright: ignore[reportArgumentType]
    return np.array([*axes.transData.transform(start) - 3, *box.p1])


def names(
    axes: Axes,
    where: ndarray,
    words: Sequence[str],
    lines: Sequence[ndarray] = (),
    kept_off: Sequence[ndarray] = (),
    size: float = 8,
) -> int:
    """Name places [N, 2], off the places, the lines [2, 2] and each other; how many have no room.

    `kept_off`: further boxes [4], in pixels. The most crowded places choose first.
    """
    figure, point = axes.figure, axes.figure.dpi / 72
    places, steps = axes.transData.transform(where), np.linspace(0, 1, 40)[:, None]
    along = [axes.transData.transform(line[0] + steps * (line[1] - line[0])) for line in lines]
    taken = [_square(places, MARK * point), *(_square(one, LINE * point) for one in along)]
    taken += [box[None] for box in kept_off]
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    renderer, dropped = FigureCanvasAgg(figure).get_renderer(), 0  # pyright: ignore[reportArgumentType]
    for i in map(int, np.argsort(-np.exp(-distance / (40 * point)).sum(axis=1), kind="stable")):
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "color": "#222222", "zorder": 6}
        text = axes.annotate(words[i], tuple(where[i]), (0, 0), textcoords="offset points", **look)
        half = np.array(text.get_window_extent(renderer).size) / 2
        free = _free(places[i], half, np.vstack(taken), axes.bbox, point)
        text.remove()
        if free is None:
            dropped += 1
            continue
        shift, reach = free
        if reach >= LED:
            look["arrowprops"] = {"arrowstyle": "-", "lw": 0.5, "color": GREY, "shrinkA": 0, "shrinkB": MARK}
            taken.append(_square(places[i] + steps[:20] * shift, LINE * point))
        axes.annotate(words[i], tuple(where[i]), tuple(shift / point), textcoords="offset points", **look)
        taken.append(np.concatenate([places[i] + shift - half, places[i] + shift + half])[None])
    return dropped


def _free(
    place: ndarray, half: ndarray, taken: ndarray, inside: BboxBase, point: float
) -> tuple[ndarray, float] | None:
    """The shift of a name's centre to the nearest free place, in pixels, and its reach in points; None: none is."""
    for reach in REACHES if inside.contains(*place) else ():
        for angle in ANGLES:
            way = np.array([np.cos(angle), np.sin(angle)])
            shift = way * reach * point + np.sign(np.round(way, 9)) * np.minimum(half, abs(way) / max(abs(way)) * half)
            low, high = place + shift - half, place + shift + half
            within = (low > np.array(inside.p0) + 1).all() and (high < np.array(inside.p1) - 1).all()
            if within and not ((low < taken[:, 2:]) & (high > taken[:, :2])).all(axis=1).any():
                return shift, reach
    return None


def _square(places: ndarray, half: float) -> ndarray:
    """Boxes [N, 4] around places [N, 2]."""
    return np.hstack([places - half, places + half])
