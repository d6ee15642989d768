"""The pictures of the mds_methods report: loss against cost by method, and ratio against n."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.mds_methods.page import GRADIENTS, VALUES, ratio, stress, worth
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from zobench.store import Record

LOOK: dict[str, tuple[str, Any, str]] = {
    "gradient": (BLACK, "-", "o"),
    "accelerated": (BLACK, "--", "o"),
    "L-BFGS": (BLACK, ":", "o"),
    "finite differences": (GREY, "-", "s"),
    "BFGS, differences": (GREY, ":", "s"),
    "sphere": (VERMILLION, "-", "^"),
    "gaussian": (VERMILLION, "--", "^"),
    "coordinate": (ORANGE, "-", "v"),
    "orthogonal": (ORANGE, "--", "v"),
    "SPSA": (VERMILLION, ":", "^"),
    "accelerated sphere": (PURPLE, "-", "D"),
    "random pursuit": (GREEN, "-", "P"),
    "(1+1)-ES": (GREEN, "--", "P"),
    "CMA-ES": (GREEN, ":", "P"),
    "Nelder-Mead": (BLUE, "-", "X"),
    "Nelder-Mead, adaptive": (BLUE, "--", "X"),
    "Powell": (SKY, "-", "X"),
}
PANELS = 3
SHOWN = 150
TICKS = (2, 5, 10, 20, 50, 100, 200, 500)


def draw(found: Sequence[Record], folder: Path) -> None:
    """Both."""
    kinds = list(dict.fromkeys(stress(record) for record in found))
    groups = [[record for record in found if stress(record) == kind] for kind in kinds]
    with drawing.context():
        curves(groups, folder)
        against_n(groups, folder)


def curves(groups: Sequence[Sequence[Record]], folder: Path) -> None:
    """A row a stress; the smallest, the middle and the largest map."""
    chosen = [[own[i] for i in sorted({0, (len(own) - 1) // 2, len(own) - 1})] for own in groups]
    figure, grid = drawing.panels(len(chosen), max(map(len, chosen)), wide=2.75, high=2.1, foot=1.5, head=0.5)
    for row, own in zip(grid, chosen, strict=True):
        for axes, record in zip(row, own, strict=False):
            for name in record.meta["methods"]:
                _curve(axes, record, name)
            axes.axhline(record.meta["f_star"], color=GREY, lw=0.6, ls=(0, (1, 3)), zorder=0)
            axes.set(xscale="log", yscale="log", title=f"{stress(record)}, {record.meta['n'] // 2} cities")
            first = next(iter(record.meta["methods"]))
            axes.set_ylim(record.meta["f_star"] / 2, record.arrays[f"{first}/f"][:, 0].max() * 2)
            axes.set_xlabel("cost in values of f" if row is grid[-1] else "")
            axes.minorticks_off()
        row[0].set_ylabel("f, median over starts")
    starts = len(chosen[0][0].arrays["starts"])
    caption = f"Median over {starts} uniform starts, float64; steps 1/(L B_eff) from local constants. "
    caption += "Dotted line: the minimum. A gradient at its compiled price in values."
    drawing.legend(figure, _handles(groups, marker=False), caption, columns=6)
    drawing.save(figure, folder, "curves")


def _curve(axes: Axes, record: Record, name: str) -> None:
    cost, f = worth(record, name), np.median(record.arrays[f"{name}/f"], axis=0)
    inside = np.flatnonzero(cost > 0)
    at = inside[np.unique(np.linspace(0, inside.size - 1, SHOWN).round().astype(int))]
    color, line, _ = LOOK[name]
    axes.plot(cost[at], f[at], color=color, ls=line, lw=1.1)


def against_n(groups: Sequence[Sequence[Record]], folder: Path) -> None:
    """Calls over the calls of gradient descent from the same start, against n = 2N."""
    figure, grid = drawing.panels(1, max(2, len(groups)), wide=3.7, high=3.0, foot=1.5, head=0.3)
    for axes, own in zip(grid[0], groups, strict=False):
        for name in VALUES:
            points = [(record.meta["n"], ratio(record, name)) for record in own]
            known = [(n, value.value) for n, value in points if np.isfinite(value.value)]
            if known:
                color, line, marker = LOOK[name]
                axes.plot(*np.transpose(known), color=color, ls=line, marker=marker, ms=4, lw=1)
        n = np.array(sorted({record.meta["n"] for record in own}), float)
        axes.plot(n, 2 * n, color=BLACK, lw=0.7, ls=(0, (1, 2)))
        axes.annotate("2n", (n[-1], 2 * n[-1]), (3, -3), textcoords="offset points", fontsize=7)
        r = np.array([[record.meta["n"], 2 * (record.meta["r"] + 2)] for record in own])
        axes.plot(*r.T, color=GREY, lw=0.7, ls=(0, (1, 2)))
        axes.annotate("2(r+2)", r[len(r) // 2], (6, -12), textcoords="offset points", fontsize=7, color=GREY)
        axes.set(xscale="log", yscale="log", title=stress(own[0]), xlabel="dimension n = 2N")
        axes.set_xticks(n, [f"{value:.0f}" for value in n])
        low, high = axes.get_ylim()
        axes.set_yticks(ticks := [value for value in TICKS if low <= value <= high], map(str, ticks))
        axes.minorticks_off()
    grid[0][0].set_ylabel("values/gradients of gradient descent, to 1 %")
    for axes in grid[0][len(groups) :]:
        axes.set_visible(False)
    caption = "Median over starts of the ratio from the same start; no point where half of the starts do not arrive."
    drawing.legend(figure, _handles(groups, marker=True), caption, columns=6)
    drawing.save(figure, folder, "ratio")


def _handles(groups: Sequence[Sequence[Record]], *, marker: bool) -> list[Line2D]:
    ran = {name for own in groups for record in own for name in record.meta["methods"]}
    shown = [name for name in LOOK if name in ran and not (marker and name in GRADIENTS)]
    return [
        Line2D([], [], color=LOOK[n][0], ls=LOOK[n][1], marker=LOOK[n][2] if marker else "", ms=4, label=n)
        for n in shown
    ]
