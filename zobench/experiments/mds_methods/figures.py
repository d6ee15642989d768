"""The pictures of mds_methods: loss against cost by method, and ratio against n."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.mds_methods import page
from zobench.experiments.mds_methods.page import GRADIENTS, groups, methods, stress, worth
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
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
SHOWN = 150
TICKS = (2, 5, 10, 20, 50, 100, 200, 500)
DOTTED = (0, (1, 2))


def curves(found: Sequence[Record]) -> Figure:
    """A row a stress; the smallest, the middle and the largest map."""
    chosen = [[own[i] for i in sorted({0, (len(own) - 1) // 2, len(own) - 1})] for own in groups(found)]
    figure, grid = drawing.panels(len(chosen), max(map(len, chosen)), wide=2.75, high=2.1, foot=1.5, head=0.5)
    for row, own in zip(grid, chosen, strict=True):
        for axes, record in zip(row, own, strict=False):
            ran, best = list(record.meta["methods"]), record.meta["f_star"]
            for name in ran:
                _curve(axes, record, name)
            axes.axhline(best, color=GREY, lw=0.6, ls=(0, (1, 3)), zorder=0)
            axes.set(xscale="log", yscale="log", title=f"{stress(record)}, {record.meta['n'] // 2} cities")
            axes.set_ylim(best / 2, record.arrays[f"{ran[0]}/f"][:, 0].max() * 2)
            axes.set_xlabel("cost in values of f" if row is grid[-1] else "")
            axes.minorticks_off()
        row[0].set_ylabel("f, median over starts")
    caption = f"Median over {len(found[0].arrays['starts'])} uniform starts, float64; steps 1/(L B_eff) from local "
    caption += "constants. Dotted line: the minimum. A gradient at its compiled price in values."
    handles = [handle(name, color, ls=line) for name, (color, line, _) in LOOK.items() if name in methods(found)]
    drawing.legend(figure, handles, caption, columns=6)
    return figure


def _curve(axes: Axes, record: Record, name: str) -> None:
    cost, f = worth(record, name), np.median(record.arrays[f"{name}/f"], axis=0)
    inside = np.flatnonzero(cost > 0)
    at = inside[np.unique(np.linspace(0, inside.size - 1, SHOWN).round().astype(int))]
    color, line, _ = LOOK[name]
    axes.plot(cost[at], f[at], color=color, ls=line, lw=1.1)


def ratio(found: Sequence[Record]) -> Figure:
    """Calls over the calls of gradient descent from the same start, against n = 2N."""
    figure, [grid] = drawing.panels(1, max(2, len(groups(found))), wide=3.7, high=3.0, foot=1.5, head=0.3)
    shown = [name for name in methods(found) if name not in GRADIENTS]
    for axes, own in zip(grid, groups(found), strict=False):
        for name in shown:
            ran = [record for record in own if name in record.meta["methods"]]
            points = np.array([(record.meta["n"], page.ratio(record, name).value) for record in ran]).reshape(-1, 2)
            color, line, marker = LOOK[name]
            axes.plot(*points[np.isfinite(points[:, 1])].T, color=color, ls=line, marker=marker, ms=4, lw=1)
        n, r = np.array([(record.meta["n"], 2 * (record.meta["r"] + 2)) for record in own]).T
        axes.plot(n, 2 * n, color=BLACK, lw=0.7, ls=DOTTED)
        axes.annotate("2n", (n[-1], 2 * n[-1]), (3, -3), textcoords="offset points", fontsize=7)
        axes.plot(n, r, color=GREY, lw=0.7, ls=DOTTED)
        middle = len(n) // 2
        axes.annotate("2(r+2)", (n[middle], r[middle]), (6, -12), textcoords="offset points", fontsize=7, color=GREY)
        axes.set(xscale="log", yscale="log", title=stress(own[0]), xlabel="dimension n = 2N")
        drawing.sizes(axes, n)
        low, high = axes.get_ylim()
        axes.set_yticks(ticks := [value for value in TICKS if low <= value <= high], map(str, ticks))
        axes.minorticks_off()
    grid[0].set_ylabel("values/gradients of gradient descent, to 1 %")
    for axes in grid[len(groups(found)) :]:
        axes.set_visible(False)
    caption = "Median over starts of the ratio from the same start; no point where half of the starts do not arrive."
    looks = {name: LOOK[name] for name in LOOK if name in shown}
    handles = [handle(name, color, ls=line, marker=marker, ms=4) for name, (color, line, marker) in looks.items()]
    drawing.legend(figure, handles, caption, columns=6)
    return figure
