"""The pictures of the worked graphs: each graph with values and adjoints, and the errors of five ways."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.worked_graphs.layout import Layout, layered
from zobench.experiments.worked_graphs.page import DTYPES, formula, labels, places, relative_errors, sign
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION
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


def draw(found: Sequence[Record], folder: Path) -> None:
    """graphs: those of few layers; loops: the deep ones; errors."""
    with drawing.context():
        for name, deep in (("graphs", False), ("loops", True)):
            part = [record for record in found if (record.arrays["depth"].max() > DEEP) == deep]
            drawing.save(_graphs(part, small=deep), folder, name)
        drawing.save(_errors(found), folder, "errors")


def _graphs(found: Sequence[Record], *, small: bool) -> Figure:
    """Graphs beside and below each other, in inches, so that no two boxes meet."""
    across, down, border = (0.46, 0.52, 0.6) if small else (1.3, 0.72, 1.4)
    laid = [layered(record.arrays["depth"], record.arrays["edges"], copies=small) for record in found]
    sizes = [((one.layers - 1) * across + border, one.rows * down + 0.55) for one in laid]
    corners, width, height = _shelves([(max(wide, 3.4), high) for wide, high in sizes])
    figure = Figure(figsize=(width + 0.2, height + 0.4))
    for record, layout, (wide, high), (x, y) in zip(found, laid, sizes, corners, strict=True):
        bottom = height + 0.4 - y - high
        place = ((x + 0.1) / (width + 0.2), bottom / (height + 0.4), wide / (width + 0.2), high / (height + 0.4))
        axes = figure.add_axes(place)
        axes.set(xlim=(0, wide), ylim=(0, high))
        axes.axis("off")
        axes.text(0.05, high - 0.16, _title(record), fontsize=8.5, va="center")
        middle = (high - 0.35) / 2
        at = {node: (border / 2 + u * across, middle + v * down) for node, (u, v) in layout.place.items()}
        _edges(axes, layout, at)
        (_dots if small else _boxes)(axes, record, at)
    caption = "Of each node the value, in black, and the adjoint, in colour: the derivative of the result in it."
    if not small:
        caption = (
            "Each node: how it comes about, its value and, in colour, its adjoint, the derivative of the result in it."
        )
    caption += " |·|: the norm of several numbers. float64." if found else " No record."
    figure.text(0.1 / (width + 0.2), 0.1 / (height + 0.4), caption, fontsize=7, color="#444444")
    return figure


def _shelves(sizes: Sequence[tuple[float, float]]) -> tuple[list[tuple[float, float]], float, float]:
    """Upper left corners of boxes set in lines of at most WIDEST inches, and the size of the whole."""
    corners, x, y, tall, width = [], 0.0, 0.0, 0.0, 7.0
    for wide, high in sizes:
        if x and x + wide > WIDEST:
            x, y, tall = 0.0, y + tall, 0.0
        corners.append((x, y))
        x, tall = x + wide + 0.3, max(tall, high)
        width = max(width, x - 0.3)
    return corners, width, y + tall


def _title(record: Record) -> str:
    at = ", ".join(f"{value:.4g}".replace("-", "−") for value in record.meta["x"])
    at = f"({at})" if len(record.meta["x"]) > 1 else at
    again = {1: "", 2: ", drawn: its first derivative", 3: ", drawn: its second derivative"}[record.meta["order"]]
    return f"Lecture {record.meta['lecture']}: {_plain(record.meta['formula'])} at {at}{again}"


def _plain(formula: str) -> str:
    """Without the prime that says which derivative is drawn."""
    return formula.replace("′", "")


def _edges(axes: Axes, layout: Layout, place: dict[Any, tuple[float, float]]) -> None:
    for route in layout.routes:
        x, y = np.array([place[node] for node in route]).T
        axes.plot(x, y, color=GREY, lw=0.8, zorder=1)
        middle = np.array([(x[-2] + x[-1]) / 2, (y[-2] + y[-1]) / 2])
        ahead = middle + 0.02 * np.array([x[-1] - x[-2], y[-1] - y[-2]])
        arrow = {"arrowstyle": "-|>", "color": GREY, "lw": 0.8, "mutation_scale": 7}
        axes.annotate("", tuple(ahead), tuple(middle), arrowprops=arrow, zorder=1)


def _boxes(axes: Axes, record: Record, place: dict[Any, tuple[float, float]]) -> None:
    names = labels(record)
    for i, operation in enumerate(record.meta["operations"]):
        x, y = place[i]
        edge = BLUE if operation == "input" else BLACK
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": edge, "linewidth": 0.7}
        head = names[i] if operation == "input" else f"{names[i]} = {formula(record, i)}"
        own = [_number(record, array, i) for array in ("value", "adjoint")]
        blank = f"{head}\n{own[0]}\n{own[1]}"
        axes.text(
            x, y, blank, ha="center", va="center", fontsize=6.5, color="none", bbox=box, zorder=2, linespacing=1.45
        )
        for text, color, lift in ((head, edge, 0.145), (own[0], BLACK, 0.0), (own[1], VERMILLION, -0.145)):
            axes.text(x, y + lift, text, ha="center", va="center", fontsize=6.5, color=color, zorder=3)


def _dots(axes: Axes, record: Record, place: dict[Any, tuple[float, float]]) -> None:
    for i, operation in enumerate(record.meta["operations"]):
        x, y = place[i]
        edge = BLUE if operation == "input" else BLACK
        text = record.meta["inputs"][i] if operation == "input" else sign(operation)
        if len(text) < 3:
            axes.plot(x, y, "o", ms=11, mfc="white", mec=edge, mew=0.7, zorder=2)
        box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": edge, "lw": 0.7} if len(text) > 2 else None
        axes.text(x, y, text, ha="center", va="center", fontsize=6.5, color=edge, zorder=3, bbox=box)
        for array, color, lift in (("value", BLACK, -0.15), ("adjoint", VERMILLION, 0.15)):
            number = _number(record, array, i, digits=3)
            clear = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
            axes.text(x, y + lift, number, ha="center", va="center", fontsize=5.5, color=color, bbox=clear, zorder=3)

    for node in place:
        if isinstance(node, tuple) and node[0] == "copy":
            name = record.meta["inputs"][node[1]]
            dot = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
            axes.text(*place[node], name, ha="center", va="center", fontsize=6.5, color=BLUE, bbox=dot, zorder=3)


def _number(record: Record, array: str, i: int, digits: int = 5) -> str:
    numbers = record.arrays[array][places(record)[i]]
    text = f"{np.linalg.norm(numbers):.{digits}g}" if numbers.size > 1 else f"{numbers[0]:.{digits}g}"
    return f"|{text}|" if numbers.size > 1 else text.replace("-", "−")


def _errors(found: Sequence[Record]) -> Figure:
    """A line for each example, a mark for each way; no error at all is drawn at the left end."""
    high = 0.24 * len(found) + 0.5
    figure, grid = drawing.panels(1, 2, wide=3.1, high=high, foot=1.1, head=0.3)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + 2.3, height)
    for k, (axes, dtype) in enumerate(zip(grid[0], DTYPES, strict=True)):
        axes.set_position(((2.75 + k * 3.5) / (width + 2.3), 1.1 / height, 3.1 / (width + 2.3), high / height))
        _panel(axes, found, dtype, named=k == 0)
    marks = [Line2D([], [], color=c, marker=m, lw=0, ms=4.5, label=way) for way, (c, m) in LOOK.items()]
    marks.append(Line2D([], [], color=PURPLE, lw=0.8, linestyle=(0, (5, 2)), label="rounding unit u"))
    caption = "Largest error over the inputs relative to the largest derivative, against 50 digits; differences at the "
    caption += "best of 49 steps. At the left end: no error."
    drawing.legend(figure, marks, caption, columns=6)
    return figure


def _panel(axes: Axes, found: Sequence[Record], dtype: str, *, named: bool) -> None:
    unit = float(np.finfo(dtype).eps) / 2
    least = unit / 20
    axes.set(xscale="log", xlim=(least / 1.6, 1.0), ylim=(len(found) - 0.5, -0.5), title=dtype, xlabel="relative error")
    axes.xaxis.set_major_locator(LogLocator(base=100, numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(unit, color=PURPLE, lw=0.8, linestyle=(0, (5, 2)), zorder=0)
    axes.set_yticks(range(len(found)), [_name(record) for record in found] if named else [""] * len(found))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#dddddd", lw=0.5)
    shifts = np.linspace(-0.26, 0.26, len(LOOK))
    for row, record in enumerate(found):
        for way, error in zip(record.meta["ways"], relative_errors(record, dtype), strict=True):
            color, marker = LOOK[way]
            shift = shifts[list(LOOK).index(way)]
            axes.plot(max(error, least), row + shift, marker=marker, color=color, ms=4, lw=0)


def _name(record: Record) -> str:
    order = {1: "", 2: ", derivative 2", 3: ", derivative 3"}[record.meta["order"]]
    name = _plain(record.meta["formula"])
    return (name if len(name) < 40 else "[sin(x₁/x₂) + …][x₁/x₂ − exp x₂]") + order
