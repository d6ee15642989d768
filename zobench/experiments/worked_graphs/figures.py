"""Each graph with values and adjoints, and the errors of five ways."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.worked_graphs.layout import Layout, layered
from zobench.experiments.worked_graphs.page import DTYPES, by_node, formula, labels, relative_errors, sign
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, handle
from zobench.store import Record

DEEP = 6  # a graph of more layers is drawn with small nodes
WIDEST = 11.2
LOOK = {
    "forward mode": (GREEN, "D"),
    "reverse mode": (BLACK, "o"),
    "dual numbers": (BLUE, "s"),
    "central differences": (VERMILLION, "^"),
    "complex step": (ORANGE, "v"),
}
UNIT = {"color": PURPLE, "lw": 0.8, "linestyle": (0, (5, 2))}
CENTRED = {"ha": "center", "va": "center", "fontsize": 6.5, "zorder": 3}
CLEAR = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
Places = dict[Any, tuple[float, float]]


def graphs(found: Sequence[Record]) -> Figure:
    """Those of few layers."""
    few = [record for record in found if record.arrays["depth"].max() <= DEEP]
    caption = (
        "Each node: how it comes about, its value and, in colour, its adjoint, the derivative of the result in it."
    )
    return _graphs(few, caption, small=False)


def loops(found: Sequence[Record]) -> Figure:
    """The deep ones."""
    deep = [record for record in found if record.arrays["depth"].max() > DEEP]
    caption = "Of each node the value, in black, and the adjoint, in colour: the derivative of the result in it."
    return _graphs(deep, caption, small=True)


def _graphs(found: Sequence[Record], caption: str, *, small: bool) -> Figure:
    """Graphs beside and below each other, in inches, so that no two boxes meet."""
    across, down, border = (0.46, 0.52, 0.6) if small else (1.3, 0.72, 1.4)
    laid = [layered(record.arrays["depth"], record.arrays["edges"], copies=small) for record in found]
    sizes = [((one.layers - 1) * across + border, one.rows * down + 0.55) for one in laid]
    corners, width, height = _shelves([(max(wide, 3.4), high) for wide, high in sizes])
    width, height = width + 0.2, height + 0.4
    figure = Figure(figsize=(width, height))
    for record, layout, (wide, high), (x, y) in zip(found, laid, sizes, corners, strict=True):
        axes = figure.add_axes(((x + 0.1) / width, (height - y - high) / height, wide / width, high / height))
        axes.set(xlim=(0, wide), ylim=(0, high))
        axes.axis("off")
        axes.text(0.05, high - 0.16, _title(record), fontsize=8.5, va="center")
        middle = (high - 0.35) / 2
        at = {node: (border / 2 + u * across, middle + v * down) for node, (u, v) in layout.place.items()}
        _edges(axes, layout, at)
        (_dots if small else _boxes)(axes, record, at)
    caption += " |·|: the norm of several numbers. float64." if found else " No record."
    figure.text(0.1 / width, 0.1 / height, caption, fontsize=7, color="#444444")
    return figure


def _shelves(sizes: Sequence[tuple[float, float]]) -> tuple[list[tuple[float, float]], float, float]:
    """Upper left corners of boxes set in lines of at most WIDEST inches, and the size of the whole."""
    corners, x, y, tall, width = [], 0.0, 0.0, 0.0, 7.0
    for wide, high in sizes:
        if x and x + wide > WIDEST:
            x, y, tall = 0.0, y + tall, 0.0
        corners.append((x, y))
        x, tall, width = x + wide + 0.3, max(tall, high), max(width, x + wide)
    return corners, width, y + tall


def _title(record: Record) -> str:
    at = ", ".join(f"{value:.4g}".replace("-", "−") for value in record.meta["x"])
    at = f"({at})" if len(record.meta["x"]) > 1 else at
    again = {1: "", 2: ", drawn: its first derivative", 3: ", drawn: its second derivative"}[record.meta["order"]]
    return f"Lecture {record.meta['lecture']}: {_plain(record)} at {at}{again}"


def _plain(record: Record) -> str:
    """The formula without the prime that says which derivative is drawn."""
    return record.meta["formula"].replace("′", "")


def _edges(axes: Axes, layout: Layout, place: Places) -> None:
    arrow = {"arrowstyle": "-|>", "color": GREY, "lw": 0.8, "mutation_scale": 7}
    for route in layout.routes:
        points = np.array([place[node] for node in route])
        axes.plot(*points.T, color=GREY, lw=0.8, zorder=1)
        middle = (points[-2] + points[-1]) / 2
        ahead = middle + 0.02 * (points[-1] - points[-2])
        axes.annotate("", tuple(ahead), tuple(middle), arrowprops=arrow, zorder=1)


def _boxes(axes: Axes, record: Record, place: Places) -> None:
    write, names = partial(axes.text, **CENTRED), labels(record)
    numbers = [_numbers(record, array, digits=5) for array in ("value", "adjoint")]
    for i, operation in enumerate(record.meta["operations"]):
        x, y = place[i]
        edge = BLUE if operation == "input" else BLACK
        head = names[i] if operation == "input" else f"{names[i]} = {formula(record, i)}"
        value, adjoint = (texts[i] for texts in numbers)
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": edge, "linewidth": 0.7}
        write(x, y, f"{head}\n{value}\n{adjoint}", color="none", bbox=box, zorder=2, linespacing=1.45)
        for text, color, lift in ((head, edge, 0.145), (value, BLACK, 0.0), (adjoint, VERMILLION, -0.145)):
            write(x, y + lift, text, color=color)


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
        write(x, y - 0.15, value[i], fontsize=5.5, color=BLACK, bbox=CLEAR)
        write(x, y + 0.15, adjoint[i], fontsize=5.5, color=VERMILLION, bbox=CLEAR)
    dot = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    for node, at in place.items():
        if isinstance(node, tuple) and node[0] == "copy":
            write(*at, inputs[node[1]], color=BLUE, bbox=dot)


def _numbers(record: Record, array: str, digits: int) -> list[str]:
    """Of each node the number, or the norm of several."""
    return [
        f"|{np.linalg.norm(own):.{digits}g}|" if own.size > 1 else f"{own[0]:.{digits}g}".replace("-", "−")
        for own in by_node(record, array)
    ]


def errors(found: Sequence[Record]) -> Figure:
    """A line for each example, a mark for each way; no error at all is drawn at the left end."""
    high = 0.24 * len(found) + 0.5
    figure, [row] = drawing.panels(1, 2, wide=3.1, high=high, foot=1.1, left=2.75, gap=0.4, right=0.59)
    for axes, dtype in zip(row, DTYPES, strict=True):
        drawing.listed(axes, [_name(record) for record in found], named=axes is row[0])
        unit = float(np.finfo(dtype).eps) / 2
        axes.set(xscale="log", xlim=(unit / 32, 1.0), title=dtype, xlabel="relative error")
        axes.xaxis.set_major_locator(LogLocator(base=100, numticks=12))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.axvline(unit, zorder=0, **UNIT)
        for y, record in enumerate(found):
            shown = zip(relative_errors(record, dtype), LOOK.values(), np.linspace(-0.26, 0.26, len(LOOK)), strict=True)
            for error, (color, marker), shift in shown:
                axes.plot(max(error, unit / 20), y + shift, marker=marker, color=color, ms=4, lw=0)
    marks = [handle(way, color, marker=marker, lw=0, ms=4.5) for way, (color, marker) in LOOK.items()]
    caption = "Largest error over the inputs relative to the largest derivative, against 50 digits; differences at the "
    caption += "best of 49 steps. At the left end: no error."
    drawing.legend(figure, [*marks, handle("rounding unit u", **UNIT)], caption, columns=6)
    return figure


def _name(record: Record) -> str:
    name, order = _plain(record), record.meta["order"]
    name = name if len(name) < 40 else "[sin(x₁/x₂) + …][x₁/x₂ − exp x₂]"
    return f"{name}, derivative {order}" if order > 1 else name
