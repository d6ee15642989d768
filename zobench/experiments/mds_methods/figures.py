"""The pictures of mds_methods, a row a family: loss against cost on the largest map, and ratio against n."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.mds_methods import page
from zobench.experiments.mds_methods.page import GRADIENTS, SAME, groups, methods, stress, worth
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION, handle
from zobench.store import Record

FAMILIES = {
    "gradients": ("gradient", "accelerated", "L-BFGS"),
    "differences": ("finite differences", "BFGS, differences"),
    "a dense direction": ("sphere", "gaussian", "SPSA"),
    "other directions": ("coordinate", "orthogonal", "accelerated sphere"),
    "search": ("random pursuit", "(1+1)-ES", "CMA-ES"),
    "simplex, lines": ("Nelder-Mead", "Nelder-Mead, adaptive", "Powell"),
}
LOOKS = ((BLACK, "-", "o"), (VERMILLION, (0, (5, 1.5)), "^"), (BLUE, (0, (1.2, 1)), "s"))  # in turn in each family
NAMES = {
    "gradient": "gradient descent",
    "sphere": "sphere, two points",
    "gaussian": "Gaussian",
    "orthogonal": "orthogonal directions",
}
EDGE = {"o": 0.97, "^": 0.9, "s": 0.83}  # heights of crosses in a panel, by the marker of their method
SHOWN = 150
PALE = "#cccccc"
LAW = {"2n": {"color": GREEN, "lw": 0.9, "ls": "-."}, "2(r + 2)": {"color": ORANGE, "lw": 1.1, "ls": "-."}}


def curves(found: Sequence[Record]) -> Figure:
    """The largest map; a column a stress, all methods pale behind those of the family."""
    largest = [own[-1] for own in groups(found)]
    figure, grid = _grid(
        found, methods(largest), _curves, [f"{stress(one)}, {one.meta['n'] // 2} cities" for one in largest]
    )
    for axes, record in ((axes, record) for row in grid for axes, record in zip(row, largest, strict=True)):
        axes.axhline(record.meta["f_star"], color=GREY, lw=0.6, ls=(0, (1, 3)), zorder=0)
        axes.set(xscale="log", yscale="log", xlabel="cost in values of f" if axes in grid[-1] else "")
        axes.set_ylim(bottom=record.meta["f_star"] / 2)
    for row in grid:
        row[0].set_ylabel("f")
    caption = f"Median over {_starts(found)}, float64; pale: the methods of the other rows. Steps of descents 1/(LB), "
    caption += "B of the estimator, L local. A gradient at its compiled price in values."
    handles = [
        handle("the minimum", GREY, lw=0.6, ls=(0, (1, 3))),
        handle("ends more than 1 % above it", BLACK, marker="x", lw=0, ms=6, mew=1.2),
    ]
    drawing.legend(figure, handles, caption)
    return figure


def ratio(found: Sequence[Record]) -> Figure:
    """Calls over the calls of gradient descent from the same start, against n = 2N; each start is a point."""
    shown = [name for name in methods(found) if name not in GRADIENTS]
    own = groups(found)
    figure, grid = _grid(found, shown, _ratios, [stress(one[0]) for one in own])
    for row in grid:
        for axes, records in zip(row, own, strict=True):
            n, r = np.array([(record.meta["n"], 2 * (record.meta["r"] + 2)) for record in records]).T
            axes.plot(n, 2 * n, **LAW["2n"], zorder=1)
            axes.plot(n, r, **LAW["2(r + 2)"], zorder=1)
            axes.set(xscale="log", yscale="log", xlabel="dimension n = 2N" if row is grid[-1] else "")
            axes.set_ylim(top=4 * n.max())  # room for the crosses
            drawing.sizes(axes, n)
        row[0].set_ylabel("values/gradients")
    caption = "Values over the gradients of gradient descent from the same start, to 1 % of the minimum. Points: "
    caption += f"{_starts(found)}; lines: their median. Pale: the methods of the other rows."
    handles = [handle(name, **look) for name, look in LAW.items()]
    handles.append(handle("half of the starts do not arrive", BLACK, marker="x", lw=0, ms=6, mew=1.2))
    drawing.legend(figure, handles, caption)
    return figure


def _starts(found: Sequence[Record]) -> str:
    starts = len(found[0].arrays["starts"])
    return f"{starts} uniform start{'s' * (starts > 1)}"


Draw = Callable[[Axes, Sequence[Record], str, dict[str, Any]], None]


def _grid(
    found: Sequence[Record], names: Sequence[str], draw: Draw, titles: Sequence[str]
) -> tuple[Figure, list[list[Axes]]]:
    """A row a family of those that ran, its key above it; a column a stress, all with one range in both directions."""
    rows = {of: [name for name in family if name in names] for of, family in FAMILIES.items()}
    rows = {of: family for of, family in rows.items() if family}
    figure, grid = drawing.panels(len(rows), len(titles), wide=3.4, high=1.25, foot=1.2, head=0.42)
    for row, family in zip(grid, rows.values(), strict=True):
        looks = dict(zip(family, LOOKS, strict=False))
        for axes, own in zip(row, groups(found), strict=True):
            for name in (name for name in names if name not in family):
                draw(axes, own, name, {"color": PALE, "lw": 0.8, "zorder": 0})
            for name, (color, line, marker) in looks.items():
                draw(axes, own, name, {"color": color, "ls": line, "marker": marker, "ms": 4, "lw": 1.3})
        keys.above(row[0], [handle(NAMES.get(name) or name, c, ls=ls, lw=1.3) for name, (c, ls, _) in looks.items()])
    for row in grid[1:]:
        for axes, first in zip(row, grid[0], strict=True):
            axes.sharex(first)
            axes.sharey(first)
    for axes in (axes for row in grid[:-1] for axes in row):
        axes.tick_params(labelbottom=False)
    for axes, words in zip(grid[0], titles, strict=True):
        axes.set_title(words, pad=20)
    return figure, grid


def _curves(axes: Axes, own: Sequence[Record], name: str, look: dict[str, Any]) -> None:
    """The largest map, with a cross where the budget ends before 1 % of the minimum."""
    record = own[-1]
    if name not in record.meta["methods"]:
        return
    cost, f = worth(record, name), np.median(record.arrays[f"{name}/f"], axis=0)
    inside = np.flatnonzero(cost > 0)
    at = inside[np.unique(np.linspace(0, inside.size - 1, SHOWN).round().astype(int))]
    axes.plot(cost[at], f[at], **{**look, "marker": ""})
    if "marker" in look and f.min() > SAME * record.meta["f_star"]:
        axes.plot(cost[at[-1]], f[at[-1]], marker="x", color=look["color"], ms=6, mew=1.2, zorder=4)


def _ratios(axes: Axes, own: Sequence[Record], name: str, look: dict[str, Any]) -> None:
    """Medians joined by lines, starts as points; a cross at the upper edge where the median is never reached."""
    ran = [record for record in own if name in record.meta["methods"]]
    n = np.array([record.meta["n"] for record in ran], float)
    middle = np.array([page.ratio(record, name).value for record in ran])
    known = np.isfinite(middle)
    axes.plot(n, np.where(known, middle, np.nan), **{**look, "marker": ""})
    if "marker" in look:
        for size, record in zip(n, ran, strict=True):
            calls, unit = page.arrivals(record, name), page.arrivals(record, "gradient")
            both = np.isfinite(calls) & np.isfinite(unit)
            each = calls[both] / unit[both]
            points = {key: look[key] for key in ("color", "marker")} | {"lw": 0, "ms": 3, "mfc": "none", "mew": 0.7}
            axes.plot(np.full(each.size, size), each, **points)
        missed = n[np.isinf(middle)]
        crosses = {"marker": "x", "lw": 0, "ms": 6, "mew": 1.2, "transform": axes.get_xaxis_transform()}
        axes.plot(missed, np.full(missed.size, EDGE[look["marker"]]), color=look["color"], **crosses)
