"""Figures about 7 inches wide, whose panels hold their own keys: rows of panels, small multiples.

Fitted to a page of 800 pixels their type of 7 points is 11 pixels high.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import NullLocator

from zobench.report import drawing


def page(
    rows: Sequence[int],
    *,
    high: float = 2.3,
    foot: float = 0.8,
    left: float = 0.62,
    gap: float = 0.72,
    wide: float = 6.4,
    between: float = 0.75,
) -> tuple[Figure, list[list[Axes]]]:
    """Rows of so many panels, all rows equally wide, with room below each for labels and above each for titles."""
    width, height = left + wide + 0.15, foot + len(rows) * high + (len(rows) - 1) * between + 0.3
    figure, grid = Figure(figsize=(width, height)), []
    for i, count in enumerate(rows):
        y, one = height - 0.3 - high - i * (high + between), (wide - (count - 1) * gap) / count
        places = [(left + j * (one + gap), y, one, high) for j in range(count)]
        grid.append([figure.add_axes((x / width, y / height, w / width, h / height)) for x, y, w, h in places])
    return figure, grid


def multiples(
    heads: Sequence[str],
    names: Sequence[str],
    columns: int,
    *,
    high: float = 1.05,
    foot: float = 0.95,
) -> tuple[Figure, list[list[Axes]]]:
    """Blocks of small panels, a panel a name, one block below the other under its heading; fewer panels are larger.

    Numbers stand along the left column and below the lowest panel of each column alone: all panels are of one scale.
    """
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    left, gap, title, head, below, width = 0.5, 0.14, 0.3, 0.14, 0.4, 7.25
    wide = (width - left) / columns - gap
    high = max(high, min(2.0, 0.5 * wide))
    block = head + rows * (high + title) + below
    height = foot - below + len(heads) * block + 0.08
    figure, blocks = Figure(figsize=(width, height)), []
    for i, words in enumerate(heads):
        top = height - 0.08 - i * block
        if words:
            figure.text(0.1 / width, (top - 0.1) / height, words, fontsize=10, va="center")
        corners = [
            (left + k % columns * (wide + gap), top - head - (k // columns + 1) * (high + title))
            for k in range(len(names))
        ]
        panels = [figure.add_axes((x / width, y / height, wide / width, high / height)) for x, y in corners]
        for k, (axes, name) in enumerate(zip(panels, names, strict=True)):
            axes.set_title(name, fontsize=8.5, pad=3)
            axes.tick_params(labelleft=k % columns == 0, labelbottom=k + columns >= len(names), length=2)
        blocks.append(panels)
    return figure, blocks


def key(axes: Axes, handles: Sequence, place: Any = "best", **other: Any) -> Legend:
    """The key of a panel, in the panel."""
    own: dict[str, Any] = {"fontsize": 8, "handlelength": 2.2, "labelspacing": 0.35, "borderaxespad": 0.3, **other}
    return axes.legend(handles=list(handles), loc=place, **own)


def said(axes: Axes, text: str, x: float, y: float, **other: Any) -> None:
    """A word at a point of the data, beside the line that it names, on a ground that no line shows through."""
    ground = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    place: dict[str, Any] = {"textcoords": "offset points", "xytext": (0, 3)}
    axes.annotate(text, (x, y), **{"fontsize": 8, "color": "#555555", "bbox": ground, **place, **other})


def key_below(axes: Axes, handles: Sequence, columns: int, inches: float = 0.5) -> Legend:
    """The key of a panel that has no room in it, so far below its frame, under the labels."""
    high = axes.bbox.height / axes.figure.dpi
    return key(axes, handles, "upper center", bbox_to_anchor=(0.5, -inches / high), ncols=columns, columnspacing=1.2)


def floored(axes: Axes, x: Any, y: Any, floor: float, **look: Any) -> None:
    """A line on a logarithmic axis that breaks where y is 0: there open marks stand on the floor, joined to nothing."""
    x, y = np.asarray(x), np.asarray(y, float)
    axes.plot(x, np.where(y > 0, y, np.nan), **look)
    zero = y <= 0
    if zero.any():
        axes.plot(
            x[zero], np.full(zero.sum(), floor), **{**look, "mfc": "white", "lw": 0, "clip_on": False, "zorder": 4}
        )


def mark_floor(axis: XAxis | YAxis, floor: float, ticks: Sequence[float], word: str = "0") -> None:
    """Ticks of a logarithmic axis at these powers of ten, and one at the floor that bears the word for it."""
    names = [word, *(f"$10^{{{round(np.log10(one))}}}$" for one in ticks)]
    axis.set_ticks([floor, *ticks], names)
    axis.set_minor_locator(NullLocator())
    line = axis.axes.axhline if isinstance(axis, YAxis) else axis.axes.axvline
    line(floor, color="#bbbbbb", lw=0.6, zorder=0)


def sizes(axes: Axes, n: Iterable[float]) -> None:
    """Ticks at these sizes, as whole numbers; around a single one as on any axis."""
    if len(found := {*n}) > 1:
        drawing.sizes(axes, found)


def decades(low: float, high: float, every: int = 1) -> list[float]:
    """The powers of ten in a range, every so many of them."""
    first, last = int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9))
    return [10.0**k for k in range(first, last + 1) if k % every == 0]
