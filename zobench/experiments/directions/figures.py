"""The picture of the directions report: iterations and oracle calls to the target against q."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from zobench.experiments.directions import numbers
from zobench.experiments.directions.numbers import KIND, Found, Study
from zobench.report import drawing, styles
from zobench.report.drawing import BLACK, BLUE, GREY, SKY, VERMILLION, handle

LOOK = {False: {"color": VERMILLION, "marker": "^"}, True: {"color": BLUE, "marker": "s"}}
BESIDE = {False: 0.95, True: 1.05}  # where the two kinds agree, both are seen
EXACT: dict[str, Any] = {"color": BLACK, "marker": "_", "ms": 7, "mew": 0.8, "lw": 0}
DIFFERENCES: dict[str, Any] = {"color": SKY, "lw": 1.3, "linestyle": styles.LONG}
LAW = {"theory": "-", "trace": "--"}
LABEL = {"iterations": "iterations to target", "calls": "oracle calls to target"}


def directions(found: Found) -> Figure:
    """The largest dimension."""
    study = found.studies[-1]
    figure, grid = drawing.panels(1, 2, wide=3.5, high=2.9, foot=1.05)
    for axes, of in zip(grid[0], LABEL, strict=True):
        _panel(axes, study, of)
    seeds = max(entry.cell.hits.size for entry in study.entries)
    caption = f"{study.problem}, n = {study.n}, forward quotient: q + 1 calls a step, so $(q+1)BK_{{GD}}$ by the law. "
    caption += f"Median over {seeds} seeds, 95 % interval (bootstrap)."
    drawing.legend(figure, _handles(study), caption, columns=3)
    return figure


def _panel(axes: Axes, study: Study, of: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="directions a step q")
    axes.set_ylabel(LABEL[of])
    for orthogonal in KIND:
        for rule in study.rules:
            _series(axes, study, orthogonal, rule, of)
    _references(axes, study, of)
    drawing.sizes(axes, [entry.q for entry in study.entries])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if of == "iterations" else (1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _series(axes: Axes, study: Study, orthogonal: bool, rule: str, of: str) -> None:
    q, iterations = numbers.line(study, orthogonal, rule)
    price = q + 1 if of == "calls" else 1
    color, linestyle = LOOK[orthogonal]["color"], LAW.get(rule, "--")
    axes.plot(q, iterations * price, color=color, lw=0.7, linestyle=linestyle)
    for entry in study.series(orthogonal, rule):
        found, price = (entry.cell.time, 1) if of == "iterations" else (entry.cell.calls, entry.price)
        if np.isfinite(found.value):
            x = entry.q * BESIDE[orthogonal]
            drawing.interval(axes, x, found, **_look(orthogonal, rule))
            axes.plot(x, entry.exact * price, **EXACT, zorder=5)


def _references(axes: Axes, study: Study, of: str) -> None:
    axes.axvline(study.best_q, color=GREY, lw=0.7, linestyle=":", zorder=0)
    if not np.isfinite(study.K_GD):
        return
    asked = study.K_GD * (1 if of == "iterations" else study.n + 1)
    axes.axhline(asked, **DIFFERENCES, zorder=0)
    look: dict[str, Any] = {"fontsize": 8}
    if of == "iterations":
        where = {"xy": (0.02, asked), "xycoords": axes.get_yaxis_transform()}
        above = {"xytext": (0, 2), "textcoords": "offset points", "va": "bottom"}
        axes.annotate(f"GD and finite differences: {asked:,.0f}", **where, **above, **look)
    else:
        axes.set_title(f"finite differences: {asked:,.0f};  GD: {study.K_GD:,.0f} gradients", **look)


def _look(orthogonal: bool, rule: str) -> dict[str, Any]:
    """Filled under the theory step, open under others."""
    look = {**LOOK[orthogonal], "ms": 4.5, "lw": 0, "mew": 0.9}
    return look if rule == "theory" else {**look, "markerfacecolor": "white"}


def _handles(study: Study) -> list[Line2D]:
    """A column of the legend for each kind of directions, one for the laws."""
    measured = [
        [handle(f"{KIND[kind]}, {rule} step", **_look(kind, rule)) for rule in study.rules if study.series(kind, rule)]
        for kind in KIND
    ]
    law = r"law $B\,K_{GD}$"
    laws = [handle(f"{law}, {rule} step", GREY, lw=0.9, linestyle=LAW.get(rule, "--")) for rule in study.rules]
    exact, best = handle("exact recursion", **EXACT), handle(r"$q=\sqrt{n-1}$", GREY, lw=0.7, linestyle=":")
    beside = [exact, best, handle("finite differences (and GD)", **DIFFERENCES)]
    columns = [*filter(None, measured), laws]
    return [entry for column, last in zip(columns, [*beside[: len(columns) - 1], beside[-1]], strict=True)
            for entry in (*column, last)]  # fmt: skip
