"""Iterations and oracle calls to the target against n, with the fitted power laws."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from zobench.report import drawing
from zobench.report.groups import Cells, Group, exponent
from zobench.report.records import METHODS
from zobench.report.tables import number
from zobench.statistics import Estimate, Fit

SHORT = {"autodiff": "GD", "finite_difference": "finite differences", "two_point": "two-point"}
WIDE = 58  # characters that fit in a panel
LINE_HIGH = 0.075  # of the panel: room for the exponents, one line each, above the points


def scaling(found: Cells) -> Figure:
    """Iterations above, oracle calls below; a column of panels for each class of functions."""
    (legible, more), styles = drawing.legible(found.groups), drawing.looks(found.groups)
    figure, grid = drawing.panels(2, len(found.columns), high=2.5, foot=0.95)
    for row, of in zip(grid, ("iterations", "calls"), strict=True):
        for axes, column in zip(row, found.columns, strict=True):
            own = [g for g in legible if g.column == column]
            _panel(axes, own or [g for g in found.groups if g.column == column], of, styles)
            axes.set_title(column if of == "iterations" else "")
            axes.set_ylabel("iterations to target" if of == "iterations" else "oracle calls to target", labelpad=1)
            axes.set_xlabel("" if of == "iterations" else "dimension n")
    caption = f"Median over {found.seeds} seeds, 95 % interval (bootstrap); lines fitted power laws; {found.sizes}."
    drawing.legend(figure, drawing.method_handles(legible, found.groups), caption + more, columns=5)
    return figure


def _panel(axes: Axes, groups: Sequence[Group], of: str, styles: dict[str, dict[str, Any]]) -> None:
    """Medians with intervals, fitted lines, and the exponents in the corner that rising curves leave empty.

    `styles`: the look of each method, `figures.looks`.
    """
    axes.set(xscale="log", yscale="log")
    low, high, lines = np.inf, 0.0, []
    for group in groups:
        look = drawing.look(styles[group.method], group.rule)
        values = [cell.time if of == "iterations" else cell.calls for cell in group.cells]
        kept = [(n, v) for n, v in zip(group.n, values, strict=True) if np.isfinite(v.value)]
        for n, v in kept:
            axes.plot([n, n], [v.low, v.high], color=look["color"], lw=0.8, alpha=look["alpha"])
        axes.plot([n for n, _ in kept], [v.value for _, v in kept], **{**look, "linestyle": ""})
        fit, reason = exponent(group, of)
        if fit:
            ends = np.array([min(group.n), max(group.n)], float)
            line = np.exp(fit.intercept) * ends**fit.slope.value
            axes.plot(ends, line, **{**look, "marker": ""})
        lines.append((_label(group, fit, reason), look["color"]))
        low, high = min([low, *(v.value for _, v in kept)]), max([high, *(v.value for _, v in kept)])
    times = Counter(text for text, _ in lines)  # no fit: the same reason, said once
    lines = list({text: (text, color if times[text] == 1 else "#444444") for text, color in lines}.values())
    for i, (text, color) in enumerate(lines):
        size = 6.8 * min(1, WIDE / len(text.replace("$", "")))
        axes.text(0.03, 0.98 - LINE_HIGH * i, text, transform=axes.transAxes, va="top", fontsize=size, color=color)
    if high > 0:
        room = LINE_HIGH * len(lines) + 0.05
        span = max(np.log(high / low), 1.0)
        axes.set_ylim(low / 1.6, high * np.exp((span + 0.5) * room / (1 - room)))
    drawing.sizes(axes, [n for group in groups for n in group.n])
    axes.yaxis.set_minor_locator(NullLocator())


def _label(group: Group, fit: Fit | None, reason: str) -> str:
    if not fit:
        return f"an exponent {reason}"
    usual, short = METHODS.get(group.estimator, ""), SHORT.get(group.estimator, "")
    name = short + group.method.removeprefix(usual) if short and group.method.startswith(usual) else group.method
    bent = ", no power law" if fit.curved else ""
    return f"{name}, {group.rule}: {exponent_text('n', fit.slope)}{bent}"


def exponent_text(base: str, value: Estimate) -> str:
    """n^1.00 [0.98, 1.02], with the interval where there is one."""
    spread = f" [{number(value.low)}, {number(value.high)}]" if value.low == value.low else ""
    return f"${base}^{{{number(value.value)}}}${spread}"
