"""How figures look and are saved: Okabe-Ito colours, a marker and a line style each, the same bytes each time."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter
from matplotlib.transforms import Bbox

from zobench.report import files
from zobench.report.groups import Group
from zobench.statistics import Estimate

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#777777"
METHOD_STYLE = {
    "autodiff": {"color": BLACK, "marker": "o", "linestyle": "-"},
    "forward_mode": {"color": GREEN, "marker": "D", "linestyle": "-."},
    "finite_difference": {"color": BLUE, "marker": "s", "linestyle": (0, (5, 2))},
    "two_point": {"color": VERMILLION, "marker": "^", "linestyle": "-"},
}
COLOR = {"theory": VERMILLION, "trace": BLUE, "tuned": GREEN}  # step rules
MARKER = {"theory": "o", "trace": "^", "tuned": "v"}
RULE = {"theory": "step 1/(nL)", "trace": "trace-aware step", "tuned": "tuned step"}
OTHER_COLORS = (PURPLE, ORANGE, SKY, GREEN, GREY, BLUE, VERMILLION, BLACK)
OTHER_MARKERS = ("v", "P", "X", "<", ">", "*", "h", "p", "d")
OTHER_LINES = (":", "-.", (0, (5, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
MOST = 8  # lines of a panel that can be told apart
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "svg.hashsalt": "zobench",
    "pdf.fonttype": 42,  # TrueType, embedded, as journals ask
    "path.simplify": True,
}
CURVE_POINTS = 200
DPI = 150
TOUCH = 0.03  # inches of air around a legend


def panels(
    rows: int,
    columns: int,
    *,
    wide: float = 3.0,
    high: float = 2.6,
    foot: float = 0.95,
    head: float = 0.3,
    left: float = 0.62,
    gap: float = 0.62,
    right: float = 0.2,
) -> tuple[Figure, list[list[Axes]]]:
    """A grid of axes with a foot below it, in inches, for the legend and the caption."""
    width = left + columns * wide + (columns - 1) * gap + right
    height = foot + rows * high + (rows - 1) * head + head
    figure = Figure(figsize=(width, height))
    grid = []
    for i in range(rows):
        bottom = foot + (rows - 1 - i) * (high + head)
        places = [(left + j * (wide + gap), bottom) for j in range(columns)]
        grid.append([figure.add_axes((x / width, y / height, wide / width, high / height)) for x, y in places])
    return figure, grid


def legend(figure: Figure, handles: Sequence, caption: str, *, columns: int = 4) -> None:
    """Legend and caption in the foot, where they cover nothing: folded to the width, with a higher foot if need be."""
    wide = figure.get_size_inches()[0]
    caption = _folded(figure, caption, wide)
    below = 0.22 + 0.13 * caption.count("\n")
    while _inches(figure, placed := _legend(figure, handles, below, columns)).width > wide and columns > 1:
        placed.remove()
        columns -= 1
    labels = [_inches(figure, axes.xaxis).y0 for axes in figure.axes if axes.axison]
    short = _inches(figure, placed).y1 - min(labels, default=np.inf)
    if short > TOUCH:
        placed.remove()
        _raise(figure, short + 0.05)
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
    return figure.text(0.5, 0.08 / height, text, ha="center", va="bottom", fontsize=7, color="#444444")


def _folded(figure: Figure, text: str, wide: float) -> str:
    """The text on as many lines as the width asks for, in inches."""
    trial = _caption(figure, text)
    taken = _inches(figure, trial).width
    trial.remove()
    return text if taken <= wide else textwrap.fill(text, int(0.95 * len(text) * wide / taken))


def _inches(figure: Figure, artist: Artist) -> Bbox:
    """What an artist covers, with its labels, in inches from the lower left, at the resolution that is saved."""
    before, figure.dpi = figure.dpi, DPI
    box = artist.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    figure.dpi = before
    return Bbox(box.get_points() / DPI) if box is not None else Bbox.null()


def _raise(figure: Figure, inches: float) -> None:
    """Make a figure so much higher, from below."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + inches)
    for axes in figure.axes:
        x, y, wide, high = axes.get_position(original=True).bounds
        place = (x, (y * height + inches) / (height + inches), wide, high * height / (height + inches))
        axes.set_position(place)
    for text in figure.texts:
        text.set_y((text.get_position()[1] * height + inches) / (height + inches))


FORMS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def made(figure: Figure, form: str = "png", dpi: int = DPI) -> bytes:
    """The bytes of a PNG, SVG or PDF, without dates and versions."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=dpi, metadata=FORMS[form])
    return buffer.getvalue()


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str] = ("png", "svg")) -> list[str]:
    """Files of these formats; their names."""
    for form in formats:
        files.write(folder / f"{name}.{form}", made(figure, form))
    return [f"{name}.{form}" for form in formats]


def mains(groups: Sequence[Group]) -> dict[str, str]:
    """Of each estimator that has a look the method that gets it: the plain one, where there is none the first."""
    plain_first = sorted(groups, key=lambda group: not group.plain)
    return {g.estimator: g.method for g in reversed(plain_first) if g.estimator in METHOD_STYLE}


def looks(groups: Sequence[Group]) -> dict[str, dict[str, Any]]:
    """Colour, marker and line of each method; those without one of their own get the others in turn."""
    found = {method: METHOD_STYLE[estimator] for estimator, method in mains(groups).items()}
    known = len(found)
    for method in dict.fromkeys(group.method for group in groups):
        if method not in found:
            i = len(found) - known
            kinds = {"color": OTHER_COLORS, "marker": OTHER_MARKERS, "linestyle": OTHER_LINES}
            found[method] = {name: choice[i % len(choice)] for name, choice in kinds.items()}
    return found


def look(style: dict[str, Any], rule: str) -> dict[str, Any]:
    """Colour by method; filled marker for the theory step, open and lighter for the others."""
    own = {**style, "lw": 0.8, "alpha": 1.0, "ms": 4}
    if style is METHOD_STYLE["finite_difference"]:  # a frame around gradient descent's dots, where the two agree
        own |= {"ms": 7, "markerfacecolor": "none"}
    if rule != "theory":
        marker, line = {"trace": ("^", "--"), "tuned": ("v", ":")}.get(rule, ("d", "-."))
        own |= {"alpha": 0.65, "markerfacecolor": "none", "linestyle": line}
        own |= {"marker": marker} if style is METHOD_STYLE["two_point"] else {}
    return own


def legible(groups: Sequence[Group]) -> tuple[list[Group], str]:
    """The methods under the theory step and two points under the others, as many as are legible.

    And what a caption says of the rest: nothing where there is none.
    """
    wanted = [g for g in groups if g.rule == "theory" or g.estimator == "two_point"] or list(groups)
    rule = next((g.rule for g in wanted if g.rule == "theory"), wanted[0].rule if wanted else "")
    if len({(g.method, g.rule) for g in wanted}) > MOST:
        wanted = [g for g in wanted if g.rule == rule]
    kinds = list(dict.fromkeys((g.method, g.rule) for g in wanted))
    return [g for g in wanted if (g.method, g.rule) in kinds[:MOST]], unseen(len(kinds) - MOST)


def unseen(methods: int) -> str:
    """What a caption says of methods that a figure leaves out."""
    return f" {methods} more method{'s' * (methods > 1)}: see the tables." if methods > 0 else ""


def method_handles(groups: Sequence[Group], all_groups: Sequence[Group]) -> list[Line2D]:
    """Legend entries of groups, in the looks that they have among all groups."""
    styles, kinds = looks(all_groups), dict.fromkeys((g.method, g.rule) for g in groups)
    names = {kind: kind[0] if kind[1] == "theory" else f"{kind[0]}, {kind[1]} step" for kind in kinds}
    return [Line2D([], [], label=name, **look(styles[kind[0]], kind[1])) for kind, name in names.items()]


def thin(k: np.ndarray, last: float = np.inf, points: int = CURVE_POINTS) -> np.ndarray:
    """Indices of at most so many recorded iterations in (0, last], evenly spaced in ln k."""
    inside = np.flatnonzero((k > 0) & (k <= last))
    if inside.size <= points:
        return inside
    wanted = np.geomspace(k[inside[0]], k[inside[-1]], points)
    return np.unique(inside[np.clip(np.searchsorted(k[inside], wanted - 1e-9), 0, inside.size - 1)])


def handle(label: str, color: str, **look: Any) -> Line2D:
    """An entry of a legend: a line or marker of this look without points."""
    return Line2D([], [], label=label, color=color, **look)


def sizes(axes: Axes, n: Iterable[float]) -> None:
    """Ticks of a logarithmic x axis at these sizes alone, as whole numbers."""
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(n))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))


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
