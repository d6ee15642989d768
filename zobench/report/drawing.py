"""How figures are laid out, drawn and saved: the same bytes each time. `zobench.report.styles` has the colours."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from zobench.report import files, ticks
from zobench.report.labels import plain, title
from zobench.report.layout import DPI, EDGE, higher, inches, spread
from zobench.report.styles import BLACK, BLUE, COLOR, GREEN, GREY, MARKER, ORANGE, PURPLE, RULE, SKY, VERMILLION
from zobench.statistics import Estimate

__all__ = [
    "BLACK",
    "BLUE",
    "COLOR",
    "CURVE_POINTS",
    "DPI",
    "FORMS",
    "GREEN",
    "GREY",
    "MARKER",
    "ORANGE",
    "PURPLE",
    "RULE",
    "SKY",
    "STYLE",
    "VERMILLION",
    "band",
    "context",
    "handle",
    "inches",
    "interval",
    "legend",
    "listed",
    "made",
    "means",
    "of_rule",
    "panels",
    "rule_handles",
    "runs",
    "save",
    "sizes",
    "thin",
]

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "svg.hashsalt": "zobench",
    "pdf.fonttype": 42,  # TrueType, embedded, as journals ask
    "path.simplify": True,
}
CURVE_POINTS = 200
LETTER = 0.075  # inches that a letter of a tick takes
SHORT = 20  # letters: no line is folded to fewer
TOUCH = 0.1  # inches of air above a legend


def panels(
    rows: int,
    columns: int,
    *,
    wide: float = 3.0,
    high: float | Sequence[float] = 2.6,
    foot: float = 0.95,
    head: float = 0.3,
    left: float = 0.62,
    gap: float = 0.62,
    right: float = 0.2,
) -> tuple[Figure, list[list[Axes]]]:
    """A grid of axes with a foot below it, in inches, for the legend and the caption; `high` may be one a row."""
    heights = [high] * rows if isinstance(high, (int, float)) else [*high]
    width = left + columns * wide + (columns - 1) * gap + right
    height = foot + sum(heights) + rows * head
    figure = Figure(figsize=(width, height))
    grid = []
    for i in range(rows):
        bottom = foot + sum(heights[i + 1 :]) + (rows - 1 - i) * head
        places = [(left + j * (wide + gap), bottom) for j in range(columns)]
        grid.append([figure.add_axes((x / width, y / height, wide / width, heights[i] / height)) for x, y in places])
    return figure, grid


def legend(figure: Figure, handles: Sequence, caption: str, *, columns: int = 4) -> None:
    """Legend and caption in the foot, where they cover nothing: folded to the width, with a higher foot if need be.

    The last word on a figure: names in code become those for people, labels are moved apart.
    """
    for text in figure.findobj(Text):
        text.set_text(title(text.get_text()))
    ticks.readable(figure)
    spread(figure)
    wide = figure.get_size_inches()[0]
    caption = _folded(figure, title(caption), wide)
    below = 0.24 + 0.145 * caption.count("\n")
    while inches(figure, placed := _legend(figure, handles, below, columns)).width > wide and columns > 1:
        placed.remove()
        columns -= 1
    lowest = min((inches(figure, axes).y0 for axes in figure.axes), default=np.inf)
    short = inches(figure, placed).y1 + TOUCH - lowest
    if short > 0:
        placed.remove()
        higher(figure, short)
        _legend(figure, handles, below, columns)
    _caption(figure, caption)


def _legend(figure: Figure, handles: Sequence, below: float, columns: int) -> Legend:
    return figure.legend(
        handles=list(handles),
        loc="lower center",
        bbox_to_anchor=(0.5, below / figure.get_size_inches()[1]),
        ncols=columns,
        handlelength=2.6,
        columnspacing=1.6,
    )


def _caption(figure: Figure, text: str) -> Text:
    height = figure.get_size_inches()[1]
    return figure.text(0.5, 0.08 / height, text, ha="center", va="bottom", fontsize=8, color="#444444")


def _folded(figure: Figure, text: str, wide: float) -> str:
    """The text on as many lines as the width asks for, in inches."""
    letters = max(len(text), SHORT)
    while True:
        folded = textwrap.fill(text, letters)
        trial = _caption(figure, folded)
        taken = inches(figure, trial).width
        trial.remove()
        if taken <= wide - 2 * EDGE or letters <= SHORT:
            return folded
        letters = max(SHORT, min(letters - 1, int(letters * (wide - 2 * EDGE) / taken)))


FORMS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def made(figure: Figure, form: str = "png", dpi: int = DPI) -> bytes:
    """The bytes of a PNG, SVG or PDF, without dates and versions."""
    ticks.readable(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=dpi, metadata=FORMS[form])
    return buffer.getvalue()


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str] = ("png", "svg")) -> list[str]:
    """Files of these formats; their names."""
    for form in formats:
        files.write(folder / f"{name}.{form}", made(figure, form))
    return [f"{name}.{form}" for form in formats]


def thin(k: np.ndarray, last: float = np.inf, points: int = CURVE_POINTS) -> np.ndarray:
    """Indices of at most so many recorded iterations in (0, last], evenly spaced in ln k."""
    inside = np.flatnonzero((k > 0) & (k <= last))
    if inside.size <= points:
        return inside
    wanted = np.geomspace(k[inside[0]], k[inside[-1]], points)
    return np.unique(inside[np.clip(np.searchsorted(k[inside], wanted - 1e-9), 0, inside.size - 1)])


def handle(label: str, color: str, **look: Any) -> Line2D:
    """An entry of a legend: a line or marker of this look without points, by its name for people."""
    return Line2D([], [], label=title(label), color=color, **look)


def sizes(axes: Axes, n: Iterable[float]) -> None:
    """Ticks of a logarithmic x axis at these sizes alone; a name that would meet a larger one's is left out."""
    asked = sorted(set(n))
    wide = axes.get_position().width * axes.figure.get_size_inches()[0]  # pyright: ignore[reportAttributeAccessIssue]
    inch = 0.9 * wide / max(float(np.log(asked[-1] / asked[0])), 1e-9) if asked and asked[0] > 0 else wide
    names, left = [], np.inf
    for size in reversed(asked):
        name, place = plain(size, 6), inch * float(np.log(size)) if size > 0 else 0.0
        half = LETTER * (len(name) + 1) / 2
        names.append(name if place + half < left else "")
        left = place - half if names[-1] else left
    axes.xaxis.set_major_locator(FixedLocator(asked))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FixedFormatter(names[::-1]))


def interval(axes: Axes, x: float, found: Estimate, **look: Any) -> None:
    """A measured value at x with its 95 % interval; nothing where it is not finite."""
    if np.isfinite(found.value):
        own = {name: look[name] for name in ("color", "alpha", "zorder") if name in look}
        axes.plot([x, x], [found.low, found.high], lw=0.9, **own)
        axes.plot(x, found.value, **look)


def band(axes: Axes, x: Any, low: Any, high: Any, color: str, alpha: float = 0.25) -> None:
    """A shaded band between quartiles or the ends of intervals."""
    axes.fill_between(x, low, high, color=color, alpha=alpha, lw=0)


def runs(axes: Axes, x: Any, curves: np.ndarray, look: dict[str, Any], shade: float, most: float = np.inf) -> None:
    """The median over runs of curves [runs, points], and of several the band of 10 to 90 %, up to `most`."""
    low, middle, high = np.quantile(curves, [0.1, 0.5, 0.9], axis=0, method="lower")
    axes.plot(x, middle, **look)
    if len(curves) > 1:
        band(axes, x, low, np.minimum(high, most), look["color"], shade)


def listed(axes: Axes, names: Sequence[str], *, named: bool) -> None:
    """A line for each name, from above, with its name at the left where the panel is the one that is named."""
    axes.set(ylim=(len(names) - 0.5, -0.5))
    axes.set_yticks(range(len(names)), names if named else [""] * len(names))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#dddddd", lw=0.5)


def means(axes: Axes, x: Any, y: Any, error: Any, color: str, marker: str, **look: Any) -> None:
    """Means with bars of 95 % for their standard errors: open marks without a line."""
    bars = {"yerr": 1.96 * np.asarray(error), "elinewidth": 0.8, "lw": 0}
    axes.errorbar(x, y, color=color, marker=marker, ms=5, mfc="none", **bars, **look)


def of_rule(rule: str) -> dict[str, Any]:
    """Colour and open marker of a step rule."""
    return {"color": COLOR.get(rule, GREY), "marker": MARKER.get(rule, "d"), "mfc": "white", "mew": 0.9}


def rule_handles(rules: Iterable[str], lw: float = 0.0) -> list[Line2D]:
    """Legend entries of the step rules that are among these."""
    shown = [rule for rule in RULE if rule in {*rules}]
    return [handle(RULE[r], COLOR[r], marker=MARKER[r], mfc="white", ms=4, lw=lw) for r in shown]


def context():
    """The style, for the time of drawing."""
    return mpl.rc_context(STYLE)  # pyright: ignore[reportArgumentType]
