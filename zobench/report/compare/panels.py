"""Small multiples: a panel for each problem, a row of them with its legend for each block of lines."""

import textwrap
from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from zobench.errors import printable
from zobench.report.compare.labels import Block

WIDE, HIGH, LEGEND = 2.3, 2.0, 2.0  # inches
COLUMNS = 3
MOST = 30  # panels of a figure
FOLDED = 30  # characters of a label on a line
FOOT = "#444444"


class Panel(NamedTuple):
    """A title, what draws into axes the lines of a block (and whether there was something to draw), the x axis."""

    title: str
    draw: Callable[[Axes, Block], bool]
    xlabel: str = ""


def multiples(
    panels: Sequence[Panel], blocks: Sequence[Block], caption: str, xlabel: str, extra: Sequence[Line2D] = ()
) -> Figure | None:
    """All panels for each block, as many as can be looked at; None where none has anything to show."""
    blocks_shown = blocks[:MOST]
    panels_shown = panels[: max(1, MOST // max(1, len(blocks_shown)))]
    down = -(-len(panels_shown) // COLUMNS)
    across = -(-len(panels_shown) // max(1, down))
    size = across * WIDE + LEGEND, len(blocks_shown) * down * (HIGH + 0.25) + 0.45
    figure = Figure(figsize=size, layout="constrained")
    spec, drawn = figure.add_gridspec(max(1, len(blocks_shown) * down), max(1, across)), False
    for i, block in enumerate(blocks_shown):
        for j, panel in enumerate(panels_shown):
            axes = figure.add_subplot(spec[i * down + j // across, j % across])
            drawn = panel.draw(axes, block) or drawn
            axes.set_title(_folded(panel.title.replace("_", " "), 36), fontsize=8)
            if panel.xlabel or j + across >= len(panels_shown):
                axes.set_xlabel(panel.xlabel or xlabel)
            if j == across - 1:
                _legend(axes, block, extra)
    if not drawn:
        return None
    left = _left_out(len(panels) - len(panels_shown), len(blocks) - len(blocks_shown))
    figure.supxlabel(textwrap.fill(caption + left, int(15.5 * size[0])), fontsize=7, color=FOOT)
    engine = figure.get_layout_engine()
    if engine:
        engine.execute(figure)  # once for all formats
    figure.set_layout_engine("none")
    return figure


def _left_out(panels: int, blocks: int) -> str:
    more = [f"{panels} more problem{'s' * (panels > 1)}"] * (panels > 0) + [
        f"{blocks} more group{'s' * (blocks > 1)} of methods"
    ] * (blocks > 0)
    return f" Not shown here but in the tables: {', '.join(more)}." if more else ""


def _folded(text: str, wide: int = FOLDED) -> str:
    """Text as it stands on lines of that width: no formula, and no name that matplotlib would take for a hidden one."""
    plain = textwrap.fill(printable(text), wide).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def _legend(axes: Axes, block: Block, extra: Sequence[Line2D]) -> None:
    handles = [Line2D([], [], label=_folded(block.labels[key]), ms=4, **look) for key, look in block.looks.items()]
    title = _folded(block.title) if block.title else None
    axes.legend(
        handles=[*handles, *extra], title=title, title_fontsize=7.5, alignment="left", loc="upper left",
        bbox_to_anchor=(1.03, 1.03), handlelength=2.4, borderaxespad=0, fontsize=7,
    )  # fmt: skip


def logarithmic(axes: Axes, x: bool = True, y: bool = True) -> None:
    """Logarithmic axes with few ticks: decades, where there are two of them; called when all is drawn."""
    for axis, wanted in ((axes.xaxis, x), (axes.yaxis, y)):
        if wanted:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            low, high = axis.get_view_interval()
            within = floor(log10(high)) - ceil(log10(low)) + 1 if 0 < low < high else 2
            axis.set_major_locator(LogLocator(numticks=6) if within > 1 else LogLocator(subs=(1, 2, 5), numticks=6))
            axis.set_minor_locator(NullLocator())
            if within <= 1:
                axis.set_major_formatter(StrMethodFormatter("{x:g}"))
