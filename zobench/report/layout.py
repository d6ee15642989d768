"""Where the axes of a figure stand: apart, so that no label meets another or the edge. All in inches."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

DPI = 150
AIR, EDGE = 0.1, 0.07  # between the labels of neighbours, and at the edge of the figure


def inches(figure: Figure, artist: Artist) -> Bbox:
    """What an artist covers, with its labels, from the lower left, at the resolution that is saved."""
    before, figure.dpi = figure.dpi, DPI
    box = artist.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    figure.dpi = before
    return Bbox(box.get_points() / DPI) if box is not None else Bbox.null()


def spread(figure: Figure) -> None:
    """Move columns and rows of axes apart as far as their labels ask for, the figure growing; cut a blank head off."""
    if figure.axes:
        _move(figure, 0, _gaps(figure, 0))
        _move(figure, 1, _gaps(figure, 1))


def higher(figure: Figure, more: float) -> None:
    """Make a figure so much higher, from below."""
    height = figure.get_size_inches()[1]
    _stretch(figure, 1, [0.0, height], [more, height + more])


def _gaps(figure: Figure, side: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Columns (side 0) or rows (1) of axes as intervals, from the left or below, and the room that each asks before it.

    The last room is that behind the last of them. A title is held against the axes beside it, not against their labels,
    which are not at its height.
    """
    spans, before, behind, titles = [], [], [], []
    for axes in sorted(figure.axes, key=lambda axes: _span(figure, axes, side)):
        low, high = _span(figure, axes, side)
        inner, whole = _covered(figure, axes)
        own = (low - inner[0][side], (whole if side else inner)[1][side] - high, whole[1][side] - high)
        if spans and low < spans[-1][1] - 0.01:
            spans[-1] = (spans[-1][0], max(high, spans[-1][1]))
            for kept, value in zip((before, behind, titles), own, strict=True):
                kept[-1] = max(kept[-1], value)
        else:
            spans.append((low, high))
            for kept, value in zip((before, behind, titles), own, strict=True):
                kept.append(value)
    between = [max(behind[i] + before[i + 1], titles[i]) + AIR for i in range(len(spans) - 1)]
    return spans, [before[0] + EDGE, *between, max(behind[-1], titles[-1]) + EDGE]


def _covered(figure: Figure, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """What the axes cover, without and with their title."""
    words = {axes.get_title(loc=place) for place in ("left", "center", "right")} - {""}
    titles = [child for child in axes.get_children() if isinstance(child, Text) and child.get_text() in words]
    whole = inches(figure, axes).get_points()
    for title in titles:
        title.set_in_layout(False)
    inner = inches(figure, axes).get_points()
    for title in titles:
        title.set_in_layout(True)
    return inner, whole


def _span(figure: Figure, axes: Axes, side: int) -> tuple[float, float]:
    box, size = axes.get_position(original=True).get_points(), figure.get_size_inches()[side]
    return float(box[0][side] * size), float(box[1][side] * size)


def _move(figure: Figure, side: int, found: tuple[list[tuple[float, float]], list[float]]) -> None:
    """Give each gap the room that it asks for; the head of the figure is cut to it, the foot is `legend`'s."""
    spans, rooms = found
    size = float(figure.get_size_inches()[side])
    ends = [0.0, *(end for span in spans for end in span), size]
    old = np.diff(ends)
    new = old.copy()
    new[::2] = np.maximum(old[::2], rooms)
    if side:
        new[0] = old[0]
        has_head = any(text.get_position()[1] * size > spans[-1][1] for text in figure.texts)
        new[-1] = max(old[-1], rooms[-1]) if has_head else rooms[-1]
    _stretch(figure, side, ends, [0.0, *np.cumsum(new)])


def _stretch(figure: Figure, side: int, old: list[float], new: list[float]) -> None:
    """Move everything along one side as these places move, which begin and end with the figure's edges."""
    if np.allclose(old, new, atol=1e-6):
        return
    before = figure.get_size_inches()[side]

    def moved(place: float) -> float:
        return float(np.interp(place * before, old, new)) / (new[-1])

    size = [*figure.get_size_inches()]
    size[side] = new[-1]
    places = {axes: axes.get_position(original=True).get_points() for axes in figure.axes}
    figure.set_size_inches(*size)
    for axes, points in places.items():
        points[:, side] = [moved(place) for place in points[:, side]]
        axes.set_position(Bbox(points))
    for text in figure.texts:
        x, y = text.get_position()
        if side or x != 0.5:
            text.set_position((x, moved(y)) if side else (moved(x), y))
