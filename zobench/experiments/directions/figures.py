"""The picture of the directions report: iterations and oracle calls to the target against q."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from zobench.experiments.directions import numbers
from zobench.experiments.directions.numbers import Entry, Found, Study
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, VERMILLION, handle

COLOR = {False: VERMILLION, True: BLUE}
MARKER = {False: "^", True: "s"}
KIND = {False: "independent", True: "orthogonal"}
BESIDE = {False: 0.95, True: 1.05}  # where the two kinds agree, both are seen
LABEL = {"iterations": "iterations to target", "calls": "oracle calls to target"}


def directions(found: Found) -> Figure:
    """The largest dimension."""
    study = found.studies[-1]
    figure, grid = drawing.panels(1, 2, wide=3.5, high=2.9, foot=1.05)
    for axes, of in zip(grid[0], LABEL, strict=True):
        _panel(axes, study, of)
    seeds = max(entry.cell.hits.size for entry in study.entries)
    caption = f"{study.problem}, n = {study.n}, forward quotient: q + 1 calls a step. "
    caption += f"Median over {seeds} seeds, 95 % interval (bootstrap)."
    drawing.legend(figure, _handles(study), caption, columns=4)
    return figure


def _panel(axes: Axes, study: Study, of: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="directions a step q")
    axes.set_ylabel(LABEL[of], labelpad=1)
    for orthogonal in KIND:
        for rule in study.rules:
            _series(axes, study, orthogonal, rule, of)
    _references(axes, study, of)
    drawing.sizes(axes, [entry.q for entry in study.entries])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if of == "iterations" else (1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _series(axes: Axes, study: Study, orthogonal: bool, rule: str, of: str) -> None:
    color, look = COLOR[orthogonal], _look(orthogonal, rule)
    q, iterations = numbers.line(study, orthogonal, rule)
    price = q + 1 if of == "calls" else 1
    axes.plot(q, iterations * price, color=color, lw=0.7, linestyle=_line_of(rule))
    for entry in study.series(orthogonal, rule):
        value = entry.cell.time if of == "iterations" else entry.cell.calls
        if not np.isfinite(value.value):
            continue
        x = entry.q * BESIDE[orthogonal]
        axes.plot([x, x], [value.low, value.high], color=color, lw=0.9)
        axes.plot(x, value.value, **look)
        axes.plot(x, _exact(entry, of), color=BLACK, marker="_", ms=7, mew=0.8, lw=0, zorder=5)


def _exact(entry: Entry, of: str) -> float:
    return entry.exact * (numbers.calls(entry) if of == "calls" else 1)


def _references(axes: Axes, study: Study, of: str) -> None:
    axes.axvline(study.best_q, color=GREY, lw=0.7, linestyle=":", zorder=0)
    if not np.isfinite(study.K_GD):
        return
    if of == "iterations":
        axes.axhline(study.K_GD, color=GREEN, lw=0.9, linestyle=(0, (6, 2)), zorder=0)
        text = f"GD and finite differences: {study.K_GD:,.0f}"
        axes.annotate(text, (0.02, study.K_GD), (0, 2), va="bottom", **_words(axes))
    else:
        asked = study.K_GD * (study.n + 1)
        axes.axhline(asked, color=GREEN, lw=0.9, linestyle=(0, (6, 2)), zorder=0)
        axes.set_title(f"finite differences: {asked:,.0f};  GD: {study.K_GD:,.0f} gradients", color=GREEN, fontsize=7)


def _words(axes: Axes) -> dict[str, Any]:
    where = axes.get_yaxis_transform()
    return {"xycoords": where, "textcoords": "offset points", "fontsize": 7, "color": GREEN}


def _look(orthogonal: bool, rule: str) -> dict[str, Any]:
    """Filled under the theory step, open under others."""
    look = {"color": COLOR[orthogonal], "marker": MARKER[orthogonal], "ms": 4.5, "lw": 0, "mew": 0.9}
    return look if rule == "theory" else {**look, "markerfacecolor": "white"}


def _line_of(rule: str) -> str:
    return "-" if rule == "theory" else "--"


def _handles(study: Study) -> list[Line2D]:
    """A column of the legend for each kind of directions, two for what is not measured."""
    return [
        *(
            handle(f"{KIND[orthogonal]}, {rule} step", **_look(orthogonal, rule))
            for orthogonal in KIND
            for rule in study.rules
            if study.series(orthogonal, rule)
        ),
        handle("exact recursion", BLACK, marker="_", ms=7, mew=0.8, lw=0),
        handle(r"$B\,K_{GD}$; $(q+1)\,B\,K_{GD}$ calls", GREY, lw=0.7),
        handle("finite differences (and GD)", GREEN, lw=0.9, linestyle=(0, (6, 2))),
        handle(r"$q=\sqrt{n-1}$", GREY, lw=0.7, linestyle=":"),
    ]
