"""The picture of the acceleration report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator, StrMethodFormatter

from zobench.report import acceleration, figures, ratios
from zobench.report.acceleration import KINDS, RULE, Entry
from zobench.report.figures import BLACK, BLUE, GREEN, GREY, VERMILLION
from zobench.report.measured import mean_curve

COLOR = dict(zip(KINDS.values(), (BLACK, VERMILLION, GREEN, BLUE), strict=True))
MARKER = dict(zip(KINDS.values(), "o^sv", strict=True))
LINE = dict(zip(KINDS.values(), ("-", (0, (4, 2)), "-", (0, (4, 2))), strict=True))


def draw(found: Sequence[Entry], folder: Path) -> None:
    """The means at the largest n against k/B with their bounds, and iterations to the target against n."""
    with figures.context():
        figure, grid = figures.panels(1, 2, wide=3.1, high=2.8, foot=1.1)
        n = max((entry.n for entry in found), default=0)
        for entry in (one for one in found if one.n == n):
            _curve(grid[0][0], entry)
        grid[0][0].set(xscale="log", yscale="log", xlabel="iterations k/B (B = 1 with the gradient, n with two values)")
        grid[0][0].set_ylabel("mean of f − f*, relative to the start", labelpad=1)
        grid[0][0].set_title(f"n = {n}", fontsize=8)
        _scaling(grid[0][1], found)
        seeds = max((entry.time.runs for entry in found), default=0)
        caption = "Quadratic with eigenvalues (i/n)², step 1/(LB), float64. Left: means over "
        caption += f"{seeds} seeds. Right: medians with 95 % intervals (bootstrap)."
        figures.legend(figure, _handles(found), caption, columns=3)
        figures.save(figure, folder, "acceleration")


def _curve(axes: Axes, entry: Entry) -> None:
    record = entry.record
    k, mean = record.k(RULE), mean_curve(record, RULE)
    first = float(record.meta["delta"])
    at = figures.thin(k, float(np.max(entry.time.value)) if np.isfinite(entry.time.value) else np.inf)
    axes.plot(k[at] / entry.B, mean[at] / first, color=COLOR[entry.kind], lw=1.2, linestyle=LINE[entry.kind])
    if entry.kind.endswith("two-point"):
        limit = acceleration.bound(record, k[at], entry.accelerated) / first
        axes.plot(k[at] / entry.B, limit, color=COLOR[entry.kind], lw=0.8, linestyle=":")


def _scaling(axes: Axes, found: Sequence[Entry]) -> None:
    for kind in KINDS.values():
        own = [entry for entry in acceleration.of(found, kind) if np.isfinite(entry.time.value)]
        for entry in own:
            axes.plot([entry.n] * 2, [entry.time.low, entry.time.high], color=COLOR[kind], lw=0.9)
        n, y = [e.n for e in own], [e.time.value for e in own]
        axes.plot(n, y, color=COLOR[kind], marker=MARKER[kind], ms=4, mfc="white", mew=0.9, lw=0)
        axes.plot(n, [e.exact for e in own], color=COLOR[kind], lw=0.8, linestyle=LINE[kind])
    for fast, kind in ((False, "plain, two-point"), (True, "accelerated, two-point")):
        pairs = acceleration.over_gradient(found, fast)
        slope = ratios.slope([n for n, _, _ in pairs], [value for _, value, _ in pairs])
        if np.isfinite(slope.value):
            place: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "fontsize": 7, "color": COLOR[kind]}
            last = acceleration.of(found, kind)[-1]
            axes.annotate(f"$n^{{{slope.value:.2f}}}$ times gradient", (last.n, last.time.value), (-8, 2), **place)
    sizes = sorted({entry.n for entry in found})
    axes.set(xscale="log", yscale="log", xlabel="n")
    axes.set_ylabel("iterations to the target", labelpad=1)
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def _handles(found: Sequence[Entry]) -> list[Line2D]:
    kinds = [kind for kind in KINDS.values() if acceleration.of(found, kind)]
    return [
        *(
            Line2D([], [], color=COLOR[k], marker=MARKER[k], mfc="white", ms=4, lw=1, linestyle=LINE[k], label=k)
            for k in kinds
        ),
        Line2D([], [], color=GREY, lw=0.8, linestyle=":", label="proven bounds of two-point (left)"),
        Line2D([], [], color=GREY, lw=0.8, label="exact recursion (right)"),
    ]
