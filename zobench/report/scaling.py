"""Iterations and oracle calls to the target against n, with the fitted power laws."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.report import drawing, styles
from zobench.report.groups import Cells, Group, exponent
from zobench.report.labels import title
from zobench.report.records import METHODS
from zobench.report.tables import number
from zobench.statistics import Estimate, Fit

SHORT = {"autodiff": "GD", "finite_difference": "finite differences", "two_point": "two-point"}
LETTERS = 50  # of a line of a key that is as wide as its panel
BELOW = 0.19  # of a panel: where its key begins, below the axis' name


def scaling(found: Cells) -> Figure:
    """Iterations above, oracle calls below; a column of panels for each class of functions, with its key below it."""
    (legible, more), looks = styles.legible(found.groups), styles.looks(found.groups)
    figure, grid = drawing.panels(2, len(found.columns), high=2.1, foot=0.95)
    for row, of in zip(grid, ("iterations", "calls"), strict=True):
        for axes, column in zip(row, found.columns, strict=True):
            own = [g for g in legible if g.column == column]
            _panel(axes, own or [g for g in found.groups if g.column == column], of, looks)
            axes.set_title(title(column) if of == "iterations" else "")
            axes.set_xlabel("dimension n", labelpad=1)
        row[0].set_ylabel("iterations to target" if of == "iterations" else "oracle calls to target")
        _alike(row)
    bent = " Bent: not a power law." if any(_bent(g) for g in legible) else ""
    caption = f"Median over {found.seeds} seeds, 95 % interval (bootstrap); lines fitted power laws; {found.sizes}."
    drawing.legend(figure, [], caption + bent + more)
    return figure


def _bent(group: Group) -> bool:
    return any(fit is not None and fit.curved for fit, _ in (exponent(group, of) for of in ("iterations", "calls")))


def _alike(row: Sequence[Axes]) -> None:
    """The same range of y in all panels of a row."""
    ends = [end for axes in row if axes.lines for end in axes.get_ylim()]
    for axes in row:
        axes.set_ylim(min(ends, default=1.0), max(ends, default=10.0))


def _panel(axes: Axes, groups: Sequence[Group], of: str, looks: dict[str, dict[str, Any]]) -> None:
    """Medians with intervals and fitted lines; below the panel the key, with the exponents.

    `looks`: the look of each method, `styles.looks`.
    """
    axes.set(xscale="log", yscale="log")
    handles = []
    for group in groups:
        look = styles.look(looks[group.method], group.rule)
        values = [cell.time if of == "iterations" else cell.calls for cell in group.cells]
        kept = [(n, v) for n, v in zip(group.n, values, strict=True) if np.isfinite(v.value)]
        for n, v in kept:
            axes.plot([n, n], [v.low, v.high], color=look["color"], lw=0.8)
        axes.plot([n for n, _ in kept], [v.value for _, v in kept], **{**look, "linestyle": ""})
        fit, reason = exponent(group, of)
        if fit:
            ends = np.array([min(group.n), max(group.n)], float)
            line = np.exp(fit.intercept) * ends**fit.slope.value
            axes.plot(ends, line, **{**look, "marker": ""})
        label = _folded(title(_label(group, fit, reason)))
        handles.append(Line2D([], [], label=label, **look))
    drawing.sizes(axes, [n for group in groups for n in group.n])
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.02, -BELOW), "borderaxespad": 0}
    axes.legend(handles=handles, **place, fontsize=8, handlelength=2.6, labelspacing=0.25)


def _folded(text: str) -> str:
    """The text on lines as wide as a panel; what only raises an exponent takes no room."""
    return textwrap.fill(text, LETTERS + sum(text.count(mark) for mark in "${}^"))


def _label(group: Group, fit: Fit | None, reason: str) -> str:
    usual, short = METHODS.get(group.estimator, ""), SHORT.get(group.estimator, "")
    name = short + group.method.removeprefix(usual) if short and group.method.startswith(usual) else group.method
    name = name if group.rule == "theory" else f"{name}, {group.rule} step"
    if not fit:
        return f"{name}: an exponent {reason}"
    return f"{name}: {exponent_text('n', fit.slope)}{', bent' if fit.curved else ''}"


def exponent_text(base: str, value: Estimate) -> str:
    """n^1.00 [0.98, 1.02], with the interval where there is one."""
    spread = f" [{number(value.low)}, {number(value.high)}]" if value.low == value.low else ""
    return f"${base}^{{{number(value.value)}}}${spread}"
