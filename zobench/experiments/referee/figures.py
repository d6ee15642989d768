"""Who asks fewer values than tuned two-point descent, and where: all methods on all cases; measured beside exact."""

from itertools import pairwise
from math import isfinite, log2

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zobench.experiments.referee import names
from zobench.experiments.referee.numbers import Court
from zobench.experiments.referee.trials import ALIKE, FEWER, LEVEL, MORE, NEVER, Ratio
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.report.tables import significant

WIDE, HIGH = 0.62, 0.3  # inches of a cell
MOST = 3.0  # doublings at which a colour is full
COLORS = LinearSegmentedColormap.from_list("values", ["#2f7fbf", "#cfe3f2", "#ffffff", "#f6d9c9", "#d5602a"])
NEVER_COLOR, PALE = "#c9c9c9", "#777777"
ACROSS = 4  # panels in a row
LETTERS = 11  # of a line of a case's name, at most
DARK = 0.44  # from the middle of the colours: text on them is white
LONG = 5  # letters of a number that is set smaller


def referee(court: Court) -> Figure | None:
    """A row for each method, a column for each case: the ratio in numbers, bold where it differs; exact below."""
    methods = [name for name in court.methods if name != names.TWO_POINT]
    by = {(one.trial.method, one.trial.case): one for one in court.ratios}
    if not by:
        return None
    cases = court.cases
    figure, [[axes]] = drawing.panels(
        1, 1, wide=WIDE * len(cases), high=HIGH * len(methods), foot=0.95, head=0.75, left=1.75, right=0.15
    )
    for i, method in enumerate(methods):
        for j, case in enumerate(cases):
            _cell(axes, j, i, by.get((method, case)))
    axes.set(xlim=(-0.5, len(cases) - 0.5), ylim=(len(methods) - 0.5, -0.5))
    axes.set_yticks(range(len(methods)), methods, fontsize=8.5)
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(cases)), [_folded(case) for case in cases], fontsize=7.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _groups(axes, court, len(methods))
    seeds = max(trial.values.size for trial in court.trials)
    caption = (
        f"Median values to the target over those of tuned two-point descent, {seeds} paired seeds. Steps were tuned "
    )
    caption += (
        "by one rule, as many tries for each method, on other seeds. Small numbers: exact means at the best steps. "
    )
    caption += f"Bold: differs, by a sign test with Holm's correction at {LEVEL:g} and by 5 % at least. {_scope(court)}"
    handles = [
        Patch(color=COLORS(0.1), label="fewer values"),
        Patch(color=COLORS(0.9), label="more values"),
        Patch(color=NEVER_COLOR, label="never: half of the runs or more did not arrive"),
        handle("bold: differs; plain: not shown to differ", BLACK, lw=0),
    ]
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _scope(court: Court) -> str:
    n = sorted({trial.about.n for trial in court.trials})
    return f"n = {n[0]} to {n[-1]}." if len(n) > 1 else f"n = {n[0]}."


def _cell(axes: Axes, x: int, y: int, one: Ratio | None) -> None:
    if one is None:
        return
    never = one.verdict == NEVER
    shade = NEVER_COLOR if never else COLORS(_place(one.ratio.value))
    axes.fill_between([x - 0.48, x + 0.48], y - 0.47, y + 0.47, color=shade, lw=0)
    bold = "bold" if one.verdict in (FEWER, MORE) else "normal"
    exact = one.best == one.best
    text = "never" if never else significant(one.ratio.value, 2)
    dark = not never and abs(_place(one.ratio.value) - 0.5) > DARK
    size = 6.5 if never else 8.5 if len(text) < LONG else 7.5
    ink = "white" if dark else BLACK
    axes.text(x - 0.16 * exact, y, text, ha="center", va="center", fontsize=size, fontweight=bold, color=ink)
    if exact:
        small = {"fontsize": 5.5, "color": "white" if dark else PALE}
        axes.text(x + 0.46, y + 0.22, significant(one.best, 2), ha="right", va="center", **small)


def _place(ratio: float) -> float:
    """Where on the colours: 0 at 1/8, ½ at 1, 1 at 8."""
    return float(np.clip(0.5 + log2(ratio) / (2 * MOST), 0, 1))


def _folded(name: str) -> str:
    """A line for each part of a case's name, a long one on two."""
    parts = [part.replace(" ", "\n", 1) if len(part) > LETTERS else part for part in name.split(", ")]
    return ",\n".join(parts)


def _groups(axes: Axes, court: Court, methods: int) -> None:
    """A line between exact quadratics, data and noise."""
    kinds = []
    for case in court.cases:
        trial = court.of(case)[0]
        kinds.append(0 if trial.record.family == "quadratic" else 1 if trial.about.is_exact else 2)
    for j, (left, right) in enumerate(pairwise(kinds)):
        if left != right:
            axes.axvline(j + 0.5, color=BLACK, lw=0.8, ymax=1, ymin=0)


def exact(court: Court) -> Figure | None:
    """A panel for each quadratic: measured ratios with their intervals, and the exact ones as ticks."""
    found = [one for one in court.ratios if isfinite(one.best)]
    if not found:
        return None
    cases = [case for case in court.cases if any(one.trial.case == case for one in found)]
    methods = [name for name in court.methods if any(one.trial.method == name for one in found)]
    columns = min(len(cases), ACROSS)
    rows, high = -(-len(cases) // columns), 0.2 * len(methods) + 0.2
    figure, grid = drawing.panels(rows, columns, wide=1.5, high=high, left=1.75, gap=0.14, head=0.6)
    places = [axes for row in grid for axes in row]
    for axes in places[len(cases) :]:
        axes.set_visible(False)
    for i, (axes, case) in enumerate(zip(places, cases, strict=False)):
        own = {one.trial.method: one for one in found if one.trial.case == case}
        drawing.listed(axes, methods, named=i % columns == 0)
        axes.axvline(1, color=GREY, lw=0.7, zorder=0)
        for name, one in own.items():
            _ratio(axes, methods.index(name), one)
        axes.set(xscale="log")
        axes.set_title(case, fontsize=8)
        axes.set_xticks([0.125, 0.5, 1, 2, 8], ["⅛", "½", "1", "2", "8"])
        axes.minorticks_off()
        values = [end for one in found if isfinite(one.ratio.value) for end in (one.ratio.value, one.best)]
        axes.set_xlim(min(*values, 0.5) / 1.3, max(*values, 2) * 1.3)
    handles = [
        handle("measured, 95 % with the tuning", BLACK, marker="o", ms=4, lw=0.9),
        handle("exact means, both at their best step", VERMILLION, marker="|", ms=9, mew=1.6, lw=0),
    ]
    caption = "Values to the target over those of two-point descent; filled: differs (as in the other picture)."
    drawing.legend(figure, handles, caption, columns=2)
    return figure


def _ratio(axes: Axes, y: int, one: Ratio) -> None:
    axes.plot(one.best, y, "|", color=VERMILLION, ms=9, mew=1.6, zorder=2)
    if isfinite(one.ratio.value):
        fill = "white" if one.verdict == ALIKE else BLUE
        axes.plot([one.ratio.low, one.ratio.high], [y, y], color=BLACK, lw=0.9, zorder=3)
        axes.plot(one.ratio.value, y, "o", color=BLACK, mfc=fill, ms=4, zorder=4)
