"""The picture of the acceleration report."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from zobench import statistics
from zobench.experiments.acceleration import numbers
from zobench.experiments.acceleration.numbers import KINDS, RULE, Entry
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, VERMILLION, handle
from zobench.report.measured import mean_curve

COLOR = dict(zip(KINDS.values(), (BLACK, VERMILLION, GREEN, BLUE), strict=True))
MARKER = dict(zip(KINDS.values(), "o^sv", strict=True))
LINE = dict(zip(KINDS.values(), ("-", (0, (4, 2)), "-", (0, (4, 2))), strict=True))


def acceleration(found: Sequence[Entry]) -> Figure:
    """The means at the largest n against k/B with their bounds, and iterations to the target against n."""
    figure, grid = drawing.panels(1, 2, wide=3.1, high=2.8, foot=1.1)
    n = max((entry.n for entry in found), default=0)
    for entry in (one for one in found if one.n == n):
        _curve(grid[0][0], entry)
    grid[0][0].set(xscale="log", yscale="log", xlabel="iterations k/B")
    grid[0][0].set_ylabel("mean of f − f*, relative to the start")
    grid[0][0].set_title(f"n = {n}", fontsize=9)
    _scaling(grid[0][1], found)
    seeds = max((entry.time.runs for entry in found), default=0)
    caption = "Quadratic with eigenvalues (i/n)², step 1/(LB), B = 1 with the gradient, n with two values, float64. "
    caption += f"Left: means over {seeds} seeds. Right: medians with 95 % intervals (bootstrap)."
    kinds = [kind for kind in KINDS.values() if numbers.of(found, kind)]
    handles = [handle(k, COLOR[k], marker=MARKER[k], mfc="white", ms=4, lw=1, linestyle=LINE[k]) for k in kinds]
    handles.append(handle("proven bounds of two-point (left)", GREY, lw=0.8, linestyle=":"))
    drawing.legend(figure, [*handles, handle("exact recursion (right)", GREY, lw=0.8)], caption, columns=3)
    return figure


def _curve(axes: Axes, entry: Entry) -> None:
    record = entry.record
    k, mean = record.k(RULE), mean_curve(record, RULE)
    first = float(record.meta["delta"])
    at = drawing.thin(k, float(np.max(entry.time.value)) if np.isfinite(entry.time.value) else np.inf)
    axes.plot(k[at] / entry.B, mean[at] / first, color=COLOR[entry.kind], lw=1.2, linestyle=LINE[entry.kind])
    if entry.kind.endswith("two-point"):
        limit = numbers.bound(record, k[at], entry.accelerated) / first
        axes.plot(k[at] / entry.B, limit, color=COLOR[entry.kind], lw=0.8, linestyle=":")


def _scaling(axes: Axes, found: Sequence[Entry]) -> None:
    for kind in KINDS.values():
        own = [entry for entry in numbers.of(found, kind) if np.isfinite(entry.time.value)]
        for entry in own:
            drawing.interval(
                axes, entry.n, entry.time, color=COLOR[kind], marker=MARKER[kind], ms=4, mfc="white", mew=0.9
            )
        axes.plot([e.n for e in own], [e.exact for e in own], color=COLOR[kind], lw=0.8, linestyle=LINE[kind])
    for fast, kind in ((False, "plain, two-point"), (True, "accelerated, two-point")):
        pairs = numbers.over_gradient(found, fast)
        slope = statistics.exponent([n for n, _, _ in pairs], [value for _, value, _ in pairs])
        if np.isfinite(slope.value):
            place: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "fontsize": 8, "color": COLOR[kind]}
            last = numbers.of(found, kind)[-1]
            axes.annotate(f"$n^{{{slope.value:.2f}}}$ times gradient", (last.n, last.time.value), (-8, 2), **place)
    axes.set(xscale="log", yscale="log", xlabel="n")
    axes.set_ylabel("iterations to the target")
    drawing.sizes(axes, [entry.n for entry in found])
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_minor_locator(NullLocator())
