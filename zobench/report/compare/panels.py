"""Small multiples: a panel for each problem, a row of them with its legend for each block of lines."""

import textwrap
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from zobench.errors import printable
from zobench.report.compare.labels import Block, Key

WIDE, HIGH = 1.72, 1.5  # inches, of a panel's axes
LEFT, BELOW, ABOVE = 0.66, 0.46, 0.1  # inches beside them for what is said of the axes, above them without the title
LEGEND, LINE = 2.15, 0.128  # inches, of a legend, and of a line of text
COLUMNS = 3
MOST, ROWS = 30, 12  # panels of a figure, and blocks of lines, each with its legend
TEXT = 1.62  # of a line of a legend, beside its look
TITLE = WIDE + 0.05  # of a line of a title
LABEL_SIZE, TITLE_SIZE = 7.0, 8.0  # points
FOOT = "#444444"


class Panel(NamedTuple):
    """A title, what draws into axes the lines of a block (and whether there was something to draw), the x axis.

    `has`: the lines that there are in it.
    """

    title: str
    draw: Callable[[Axes, Block], bool]
    has: Collection[Key]
    xlabel: str = ""

    @property
    def head(self) -> str:
        """The title on its lines."""
        return _folded(self.title, TITLE, TITLE_SIZE)


class Row(NamedTuple):
    """A block with the panels that have lines of it, in inches: how high it is, and a line of its panels."""

    block: Block
    panels: Sequence[Panel]
    height: float
    line: float


def multiples(
    panels: Sequence[Panel], blocks: Sequence[Block], caption: str, xlabel: str, extra: Sequence[Line2D] = ()
) -> Figure | None:
    """For each block the panels that have lines of it, as many as can be looked at; None where none has any.

    Everything has its place in inches, so that legends make rows higher and no panel smaller.
    """
    within = [block for block in blocks if any(_has(panel, block) for panel in panels)]
    each = max(1, MOST // max(1, min(len(within), ROWS)))
    rows = [_row(block, panels, each, len(extra)) for block in within[:ROWS]]
    if not rows:
        return None
    across = min(COLUMNS, max(len(row.panels) for row in rows))
    shown = {panel.title for row in rows for panel in row.panels}
    caption += _left_out(len({panel.title for panel in panels} - shown), len(within) - len(rows))
    wide = across * (LEFT + WIDE) + LEGEND
    caption = textwrap.fill(caption, int(15.5 * wide))
    foot = LINE * (2 + caption.count("\n"))
    figure = Figure(figsize=(wide, foot + sum(row.height for row in rows)))
    top, drawn = figure.get_figheight(), False
    for row in rows:
        drawn = _draw(figure, row, top, across, xlabel, extra) or drawn
        top -= row.height
    figure.supxlabel(caption, fontsize=7, color=FOOT, y=0.06 / figure.get_figheight())
    return figure if drawn else None


def _has(panel: Panel, block: Block) -> bool:
    return any(key in panel.has for key in block.looks)


def _row(block: Block, panels: Sequence[Panel], most: int, extra: int) -> Row:
    own = [panel for panel in panels if _has(panel, block)][:most]
    across = min(COLUMNS, len(own))
    line = ABOVE + 1.08 * LINE * (1 + max(panel.head.count("\n") for panel in own)) + HIGH + BELOW
    legend = [_folded(text) for text in (*block.labels.values(), *[block.title] * bool(block.title))]
    lines = len(legend) + sum(text.count("\n") for text in legend) + extra
    return Row(block, own, max(line * -(-len(own) // across), 0.25 + 1.06 * LINE * lines), line)


def _draw(figure: Figure, row: Row, top: float, across: int, xlabel: str, extra: Sequence[Line2D]) -> bool:
    """The panels of a row from `top` on, in inches, with the legend beside the first line of them."""
    (wide, high), drawn = figure.get_size_inches(), False
    for j, panel in enumerate(row.panels):
        x, y = LEFT + j % across * (LEFT + WIDE), top - (j // across + 1) * row.line + BELOW
        axes = figure.add_axes((x / wide, y / high, WIDE / wide, HIGH / high))
        drawn = panel.draw(axes, row.block) or drawn
        axes.set_title(panel.head, fontsize=TITLE_SIZE, y=1.0)
        axes.xaxis.set_label_coords(0.5, -0.3 / HIGH)  # where it is said, matplotlib need not look for room
        axes.yaxis.set_label_coords(-0.47 / WIDE, 0.5)
        if panel.xlabel or j + across >= len(row.panels):
            axes.set_xlabel(panel.xlabel or xlabel)
    place = (LEFT + across * (LEFT + WIDE) - LEFT + 0.12) / wide, (top - 0.08) / high
    _legend(figure, row.block, extra, place)
    return drawn


def _left_out(panels: int, blocks: int) -> str:
    more = [f"{panels} more problem{'s' * (panels > 1)}"] * (panels > 0) + [
        f"{blocks} more group{'s' * (blocks > 1)} of methods"
    ] * (blocks > 0)
    return f" Not shown here but in the tables: {', '.join(more)}." if more else ""


@cache
def _folded(text: str, wide: float = TEXT, size: float = LABEL_SIZE) -> str:
    """Text on lines of that many inches: no formula, and no name that matplotlib would take for a hidden one."""
    said, font = printable(text), FontProperties(size=size)
    for letters in range(max(8, len(said)), 7, -1):
        lines = textwrap.wrap(said, letters)
        if all(text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] <= 72 * wide for line in lines):
            break
    plain = "\n".join(lines).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain


def _legend(figure: Figure, block: Block, extra: Sequence[Line2D], place: tuple[float, float]) -> None:
    handles = [Line2D([], [], label=_folded(block.labels[key]), ms=4, **look) for key, look in block.looks.items()]
    title = _folded(block.title) if block.title else None
    figure.legend(
        handles=[*handles, *extra], title=title, title_fontsize=LABEL_SIZE + 0.5, alignment="left", loc="upper left",
        bbox_to_anchor=place, handlelength=2.4, borderaxespad=0, borderpad=0, fontsize=LABEL_SIZE, labelspacing=0.2,
    )  # fmt: skip


def logarithmic(axes: Axes, x: bool = True, y: bool = True) -> None:
    """Logarithmic axes, whose ticks `zobench.report.ticks` sets where the figure is made."""
    axes.set(**({"xscale": "log"} if x else {}), **({"yscale": "log"} if y else {}))
