"""Each graph with values and adjoints, and the errors of five ways."""

import textwrap
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import TextPath

from zobench.experiments.worked_graphs.layout import Layout, layered
from zobench.experiments.worked_graphs.page import DTYPES, by_node, formula, labels, relative_errors, sign
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, handle
from zobench.report.labels import plain
from zobench.store import Record

DEEP = 6  # a graph of more layers is drawn with small nodes
FOLD = 105  # letters of a caption in a line
PAGE = 7.3  # inches: at 800 pixels type of 7 points is 11 pixels high
TITLE, BESIDE, STRETCH, STUB = (
    0.34,
    0.25,
    1.7,
    0.26,
)  # inches of a title and between graphs; the most a graph is stretched; a stub
LOOK = {
    "forward mode": (GREEN, "D"),
    "reverse mode": (BLACK, "o"),
    "dual numbers": (BLUE, "s"),
    "central differences": (VERMILLION, "^"),
    "complex step": (ORANGE, "v"),
}
UNIT = {"color": PURPLE, "lw": 0.8, "linestyle": (0, (5, 2))}
CENTRED = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 3}
CLEAR = {"boxstyle": "square,pad=0.08", "facecolor": "white", "edgecolor": "none"}
Places = dict[Any, tuple[float, float]]


class Kind(NamedTuple):
    """Inches between layers and rows, of the border at the sides, of a line of layers besides its rows."""

    across: float
    down: float
    border: float
    room: float


BOXES, DOTS = Kind(0.96, 0.68, 1.1, 0.6), Kind(0.58, 0.62, 0.8, 0.62)


class Drawn(NamedTuple):
    """A graph in lines of at most `per` layers, of each its lowest and highest row; its least size in inches."""

    record: Record
    layout: Layout
    per: int
    spans: list[tuple[float, float]]
    wide: float
    high: float


def graphs(found: Sequence[Record]) -> Figure:
    """Those of few layers."""
    few = [record for record in found if record.arrays["depth"].max() <= DEEP]
    caption = (
        "Each node: how it comes about, its value and, in colour, its adjoint: the derivative of the result in it."
    )
    return _graphs(few, caption, BOXES)


def loops(found: Sequence[Record]) -> Figure:
    """The deep ones."""
    deep = [record for record in found if record.arrays["depth"].max() > DEEP]
    caption = (
        "Below each node its value, above it, in colour, the adjoint: the derivative of the result in it. An input "
    )
    caption += (
        "that is used far away stands there again without a frame; where a line ends, letters say how it goes on."
    )
    return _graphs(deep, caption, DOTS)


def _graphs(found: Sequence[Record], caption: str, kind: Kind) -> Figure:
    """Graphs beside and below each other, in inches, so that no two boxes meet and each line fills the page."""
    shelves = _shelves([_drawn(record, kind) for record in found])
    caption += " |·|: the norm of several numbers. float64." if found else " No record."
    height = sum(max(one.high for one in shelf) for shelf in shelves) + 0.2 + 0.15 * len(textwrap.wrap(caption, FOLD))
    figure, top = Figure(figsize=(PAGE, height)), height
    for shelf in shelves:
        spare = PAGE - BESIDE * (len(shelf) - 1) - sum(one.wide for one in shelf)
        left = 0.0
        for one in shelf:
            wide = one.wide + spare / len(shelf)
            axes = figure.add_axes((left / PAGE, (top - one.high) / height, wide / PAGE, one.high / height))
            _graph(axes, one, wide, kind)
            left += wide + BESIDE
        top -= max(one.high for one in shelf)
    folded = textwrap.fill(caption, FOLD)
    figure.text(0.5, 0.08 / height, folded, ha="center", va="bottom", fontsize=8, color="#444444")
    return figure


def _drawn(record: Record, kind: Kind) -> Drawn:
    """A graph of more layers than a page holds goes on in further lines."""
    layout = layered(record.arrays["depth"], record.arrays["edges"], copies=kind is DOTS)
    lines = -(-layout.layers // (int((PAGE - kind.border) / kind.across + 1e-9) + 1))
    per = -(-layout.layers // lines)
    rows = [[v for u, v in layout.place.values() if int(u) // per == line] for line in range(lines)]
    spans = [(min(own), max(own)) for own in rows]
    high = TITLE + sum(kind.room + kind.down * (upper - lower) for lower, upper in spans)
    wide = max((per - 1) * kind.across + kind.border, 0.062 * len(_title(record)))
    return Drawn(record, layout, per, spans, min(wide, PAGE), high)


def _shelves(graphs: Sequence[Drawn]) -> list[list[Drawn]]:
    """Lines of graphs: each begins with the next one, and takes the widest of the rest as long as one fits."""
    rest, shelves = list(graphs), []
    while rest:
        shelf = [rest.pop(0)]
        while True:
            free = PAGE - sum(one.wide + BESIDE for one in shelf)
            fitting = [i for i, one in enumerate(rest) if one.wide <= free]
            if not fitting:
                break
            shelf.append(rest.pop(max(fitting, key=lambda i: rest[i].wide)))
        shelves.append(shelf)
    return shelves


def _graph(axes: Axes, one: Drawn, wide: float, kind: Kind) -> None:
    axes.set(xlim=(0, wide), ylim=(0, one.high))
    axes.axis("off")
    axes.text(0.08, one.high - 0.15, _title(one.record), fontsize=8, va="center")
    across = min((wide - kind.border) / max(one.per - 1, 1), STRETCH * kind.across)
    tops, high = [], one.high - TITLE
    for lower, upper in one.spans:
        tops.append(high - kind.room / 2 - kind.down * upper)  # the height of row 0 of the line
        high -= kind.room + kind.down * (upper - lower)
    at = {
        node: (kind.border / 2 + int(u) % one.per * across, tops[int(u) // one.per] + kind.down * v)
        for node, (u, v) in one.layout.place.items()
    }
    _edges(axes, one, at)
    (_dots if kind is DOTS else _boxes)(axes, one.record, at)


def _title(record: Record) -> str:
    at = ", ".join(f"{value:.4g}".replace("-", "−") for value in record.meta["x"])
    at = f"({at})" if len(record.meta["x"]) > 1 else at
    again = {1: "", 2: ", drawn: its first derivative", 3: ", drawn: its second derivative"}[record.meta["order"]]
    return f"Lecture {record.meta['lecture']}: {_plain(record)} at {at}{again}"


def _plain(record: Record) -> str:
    """The formula without the prime that says which derivative is drawn."""
    return record.meta["formula"].replace("′", "")


def _edges(axes: Axes, one: Drawn, place: Places) -> None:
    """Routes with an arrow on their last piece; a piece that goes on in the next line ends and begins at a letter."""
    line = {node: int(u) // one.per for node, (u, _) in one.layout.place.items()}
    folded: dict[Any, list[tuple[Any, bool]]] = {}
    for route in one.layout.routes:
        for before, after in pairwise(route):
            if line[before] == line[after]:
                _piece(axes, np.array(place[before]), np.array(place[after]), arrow=after == route[-1])
            else:
                folded.setdefault(after, []).append((before, after == route[-1]))
    letters: dict[Any, str] = {}
    for after, befores in folded.items():
        for i, (before, last) in enumerate(befores):
            if before not in letters:
                letters[before] = chr(ord("a") + len(letters) % 26)
                _stub(axes, place[before], (STUB, 0.0), letters[before])
            beside = (-STUB, 0.2 * ((len(befores) - 1) / 2 - i))
            _stub(axes, place[after], beside, letters[before], arrow=last)


def _stub(axes: Axes, at: tuple[float, float], aside: tuple[float, float], letter: str, *, arrow: bool = False) -> None:
    """A short piece beside a node, to it where it has an arrow, with a letter at its other end."""
    end, far = np.array(at), np.array(at) + aside
    _piece(axes, far, end, arrow=arrow)
    x, y = far + np.array([np.copysign(0.06, aside[0]), 0.0])
    axes.text(x, y, letter, **CENTRED, color="#555555", style="italic")


def _piece(axes: Axes, start: np.ndarray, end: np.ndarray, *, arrow: bool) -> None:
    axes.plot(*np.array([start, end]).T, color=GREY, lw=0.8, zorder=1)
    if arrow:
        middle, look = (start + end) / 2, {"arrowstyle": "-|>", "color": GREY, "lw": 0.8, "mutation_scale": 7}
        axes.annotate("", tuple(middle + 0.02 * (end - start)), tuple(middle), arrowprops=look, zorder=1)


def _boxes(axes: Axes, record: Record, place: Places) -> None:
    write, names = partial(axes.text, **CENTRED), labels(record)
    numbers = [_numbers(record, array, digits=5) for array in ("value", "adjoint")]
    for i, operation in enumerate(record.meta["operations"]):
        x, y = place[i]
        edge = BLUE if operation == "input" else BLACK
        head = names[i] if operation == "input" else f"{names[i]} = {formula(record, i)}"
        value, adjoint = (texts[i] for texts in numbers)
        wide = max(_width(text) for text in (head, value, adjoint))
        box = {"boxstyle": "round,pad=0.06", "facecolor": "white", "edgecolor": edge, "linewidth": 0.7, "zorder": 2}
        axes.add_patch(FancyBboxPatch((x - wide / 2, y - 0.2), wide, 0.4, **box))
        for text, color, lift in ((head, edge, 0.14), (value, BLACK, 0.0), (adjoint, VERMILLION, -0.14)):
            write(x, y + lift, text, color=color)


def _width(text: str) -> float:
    """Of a text as the boxes have it, in inches."""
    return float(TextPath((0, 0), text, size=CENTRED["fontsize"]).get_extents().width) / 72


def _dots(axes: Axes, record: Record, place: Places) -> None:
    write, inputs = partial(axes.text, **CENTRED), record.meta["inputs"]
    value, adjoint = (_numbers(record, array, digits=3) for array in ("value", "adjoint"))
    for i, operation in enumerate(record.meta["operations"]):
        x, y = place[i]
        edge = BLUE if operation == "input" else BLACK
        text = inputs[i] if operation == "input" else sign(operation)
        box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": edge, "lw": 0.7} if len(text) > 2 else None
        if not box:
            axes.plot(x, y, "o", ms=11, mfc="white", mec=edge, mew=0.7, zorder=2)
        write(x, y, text, color=edge, bbox=box)
        for text, color, lift in ((value[i], BLACK, -0.185), (adjoint[i], VERMILLION, 0.185)):
            axes.text(x, y + lift, text, color=color, bbox=CLEAR, **{**CENTRED, "fontsize": 6.5})
    dot = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    for node, at in place.items():
        if isinstance(node, tuple) and node[0] == "copy":
            write(*at, inputs[node[1]], color=BLUE, bbox=dot)


def _numbers(record: Record, array: str, digits: int) -> list[str]:
    """Of each node the number, or the norm of several."""
    return [
        f"|{np.linalg.norm(own):.{digits}g}|" if own.size > 1 else plain(own[0], digits)
        for own in by_node(record, array)
    ]


def errors(found: Sequence[Record]) -> Figure:
    """A line for each example, a mark for each way; no error at all is an open mark at the 0 of the axis."""
    high = 0.3 * len(found) + 0.5
    figure, [row] = drawing.panels(1, 2, wide=2.4, high=high, foot=1.15, left=2.15, gap=0.25, right=0.15)
    for axes, dtype in zip(row, DTYPES, strict=True):
        drawing.listed(axes, [_name(record) for record in found], named=axes is row[0])
        unit = float(np.finfo(dtype).eps) / 2
        floor = unit / 60
        axes.set(xscale="log", xlim=(floor / 3, 1.0), title=dtype, xlabel="relative error")
        axes.axvline(unit, zorder=0, **UNIT)
        for y, record in enumerate(found):
            shown = zip(relative_errors(record, dtype), LOOK.values(), np.linspace(-0.32, 0.32, len(LOOK)), strict=True)
            for error, (color, marker), shift in shown:
                inside = color if error > 0 else "white"
                axes.plot(max(error, floor), y + shift, marker=marker, color=color, mfc=inside, ms=3.5, lw=0)
        every = 4 if dtype == "float64" else 2
        sheets.mark_floor(axes.xaxis, floor, sheets.decades(3 * floor, 1.0, every))
    marks = [handle(way, color, marker=marker, lw=0, ms=4.5) for way, (color, marker) in LOOK.items()]
    caption = "Largest error over the inputs relative to the largest derivative, against 50 digits; differences at the "
    caption += "best of 49 steps. Open marks at 0: no error."
    drawing.legend(figure, [*marks, handle("rounding unit u", **UNIT)], caption, columns=3)
    return figure


def _name(record: Record) -> str:
    name, order = _plain(record), record.meta["order"]
    name = name if len(name) < 40 else "[sin(x₁/x₂) + …][x₁/x₂ − exp x₂]"
    return f"{name}, derivative {order}" if order > 1 else name
