"""How figures look and are saved: Okabe-Ito colours, a marker and a line style each, the same bytes each time."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.report import files
from zobench.report.slowdown import Group

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#777777"
METHOD_STYLE = {
    "autodiff": {"color": BLACK, "marker": "o", "linestyle": "-"},
    "forward_mode": {"color": GREEN, "marker": "D", "linestyle": "-."},
    "finite_difference": {"color": BLUE, "marker": "s", "linestyle": (0, (5, 2))},
    "two_point": {"color": VERMILLION, "marker": "^", "linestyle": "-"},
}
OTHER_STYLE = {"color": PURPLE, "marker": "v", "linestyle": ":"}
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
    "path.simplify": True,
}
CURVE_POINTS = 200


def panels(
    rows: int, columns: int, *, wide: float = 3.0, high: float = 2.6, foot: float = 0.95, head: float = 0.3
) -> tuple[Figure, list[list[Axes]]]:
    """A grid of axes with a foot below it, in inches, for the legend and the caption."""
    left, right, gap_x, gap_y = 0.62, 0.2, 0.62, head
    width = left + columns * wide + (columns - 1) * gap_x + right
    height = foot + rows * high + (rows - 1) * gap_y + head
    figure = Figure(figsize=(width, height))
    grid = []
    for i in range(rows):
        bottom = foot + (rows - 1 - i) * (high + gap_y)
        places = [(left + j * (wide + gap_x), bottom) for j in range(columns)]
        grid.append([figure.add_axes((x / width, y / height, wide / width, high / height)) for x, y in places])
    return figure, grid


def legend(figure: Figure, handles: Sequence, caption: str, *, columns: int = 4) -> None:
    """Legend and caption in the foot, where they cover nothing."""
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=list(handles),
        loc="lower center",
        bbox_to_anchor=(0.5, 0.22 / height),
        ncols=columns,
        handlelength=2.6,
        columnspacing=1.6,
    )
    figure.text(0.5, 0.08 / height, caption, ha="center", va="bottom", fontsize=7, color="#444444")


def save(figure: Figure, folder: Path, name: str) -> None:
    """PNG and SVG, without dates and versions."""
    for form, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=150, metadata=metadata)
        files.write(folder / f"{name}.{form}", buffer.getvalue())


def look(estimator: str, rule: str) -> dict[str, Any]:
    """Colour by method; filled marker for the theory step, open and lighter for the others."""
    own = {**METHOD_STYLE.get(estimator, OTHER_STYLE), "lw": 0.8, "alpha": 1.0, "ms": 4}
    if estimator == "finite_difference":  # a frame around gradient descent's dots, where the two agree
        own |= {"ms": 7, "markerfacecolor": "none"}
    if rule != "theory":
        marker, line = {"trace": ("^", "--"), "tuned": ("v", ":")}.get(rule, ("d", "-."))
        own |= {"alpha": 0.65, "markerfacecolor": "none", "linestyle": line}
        own |= {"marker": marker} if estimator == "two_point" else {}
    return own


def method_handles(groups: Sequence[Group]) -> list[Line2D]:
    """Legend entries: methods under the theory step, and the two-point method under the other rules."""
    shown = [g for g in groups if g.rule == "theory" or g.estimator == "two_point"] or list(groups)
    kinds = dict.fromkeys((g.method, g.estimator, g.rule) for g in shown)
    names = {kind: kind[0] if kind[2] == "theory" else f"{kind[0]}, {kind[2]} step" for kind in kinds}
    return [Line2D([], [], label=name, **look(kind[1], kind[2])) for kind, name in names.items()]


def thin(k: np.ndarray, last: float = np.inf) -> np.ndarray:
    """Indices of at most 200 recorded iterations in (0, last], evenly spaced in ln k."""
    inside = np.flatnonzero((k > 0) & (k <= last))
    if inside.size <= CURVE_POINTS:
        return inside
    wanted = np.geomspace(k[inside[0]], k[inside[-1]], CURVE_POINTS)
    return np.unique(inside[np.clip(np.searchsorted(k[inside], wanted - 1e-9), 0, inside.size - 1)])


def context():
    """The style, for the time of drawing."""
    return mpl.rc_context(STYLE)  # pyright: ignore[reportArgumentType]
