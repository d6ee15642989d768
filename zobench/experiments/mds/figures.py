"""The pictures of the mds report: convergence, map, scaling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from zobench.experiments.mds.numbers import Map, objective, points, recovered, seconds
from zobench.report import drawing, styles
from zobench.report.drawing import BLACK, GREY, SKY, VERMILLION, handle
from zobench.report.groups import Cells, Group
from zobench.report.measured import Measured
from zobench.report.scaling import scaling

__all__ = ["convergence", "map", "scaling"]

AXES = {"iterations": "iteration k", "calls": "oracle calls", "seconds": "seconds a run"}
CURVE: dict[str, dict[str, Any]] = {
    "autodiff": {"color": BLACK, "lw": 1.3, "linestyle": "-"},
    "finite_difference": {"color": SKY, "lw": 4.5, "linestyle": "-"},
    "two_point": {"color": VERMILLION, "lw": 1.3, "linestyle": "-"},
}
SHORT = {"autodiff": "GD", "two_point": "two-point"}
MINIMUM: dict[str, Any] = {"color": GREY, "lw": 0.8, "linestyle": ":"}
PLACE: dict[str, Any] = {"color": GREY, "lw": 0, "marker": "+", "ms": 10, "mew": 0.7}
RING: dict[str, Any] = {"color": BLACK, "lw": 0, "marker": "o", "ms": 6.5, "mfc": "none", "mew": 0.8}
TRIANGLE: dict[str, Any] = {"color": VERMILLION, "lw": 0, "marker": "^", "ms": 3}


def _by_map(found: Cells) -> list[list[Measured]]:
    """The cells of up to three maps under the rule that is drawn: the smallest, the middle and the largest map."""
    of: dict[tuple[str, int], list[Measured]] = {}
    for cell in (cell for cell in found.measured if cell.rule == found.rule):
        of.setdefault((cell.record.problem, cell.record.n), []).append(cell)
    maps = list(of.values())
    return [maps[i] for i in sorted({0, (len(maps) - 1) // 2, len(maps) - 1})]


def _styles(groups: Sequence[Group]) -> dict[str, dict[str, Any]]:
    """The look of each method, the three usual ones first, as many as are legible."""
    usual = {method: CURVE[name] for name, method in styles.mains(groups).items() if name in CURVE}
    others = {m: {**look, "lw": 1.3, "ms": 3.5} for m, look in styles.looks(groups).items() if m not in usual}
    shown = [*usual, *others][: styles.MOST]
    return {m: {**usual, **others}[m] for m in dict.fromkeys(g.method for g in groups) if m in shown}


def convergence(found: Cells) -> Figure:
    """f against iterations, oracle calls and seconds; a row a map."""
    by_map = _by_map(found)
    looks = _styles([g for g in found.groups if g.rule == found.rule])
    methods = dict.fromkeys(cell.record.method for cells in by_map for cell in cells)
    figure, grid = drawing.panels(len(by_map), 3, high=1.9, foot=1.0, head=0.5)
    for row, cells in zip(grid, by_map, strict=True):
        for axes, of in zip(row, AXES, strict=True):
            for cell in sorted(cells, key=lambda cell: cell.record.estimator != "finite_difference"):
                if cell.record.method in looks:
                    _curve(axes, cell, of, looks[cell.record.method])
            record = cells[0].record
            if (record.meta["f_star"] or 0.0) > 0:
                axes.axhline(record.meta["f_star"], **MINIMUM, zorder=0)
            axes.set(xscale="log", yscale="log", xlabel=AXES[of] if row is grid[-1] else "")
            axes.minorticks_off()
            axes.set_ylabel("stress f" if of == "iterations" else "")
            axes.set_title(f"{points(record)} points, n = {record.n}" if of == "iterations" else "")
    handles = [handle(method, **look, solid_capstyle="butt") for method, look in looks.items()]
    handles += [Patch(color=VERMILLION, alpha=0.2, lw=0, label="10–90 % of runs"), handle("minimum f*", **MINIMUM)]
    runs = max(cell.hits.size for cells in by_map for cell in cells)
    caption = (
        f"Median over {runs} seeds, {found.rule} step, each curve to the target; seconds: a run's share of its batch."
    )
    caption += styles.unseen(len(methods) - len(looks))
    drawing.legend(figure, handles, caption, columns=5)
    return figure


def _curve(axes: Axes, cell: Measured, of: str, look: dict[str, Any]) -> None:
    k, f = cell.record.k(cell.rule), objective(cell)
    shown = drawing.thin(k, cell.time.value)
    if shown.size == 0:
        return
    scale = {"iterations": 1.0, "calls": cell.record.calls, "seconds": seconds(cell, 1)}[of]
    x = k[shown] * scale
    drawn = {**look, "solid_capstyle": "butt", "markevery": 0.13}
    drawing.runs(axes, x, f[:, shown], drawn, 0.2, most=f[:, 0].max() * 10)


def map(ran: Cells) -> Figure:
    """The map that was found over the true one, a panel a map."""
    by_map = _by_map(ran)
    magnified = _magnified(by_map)
    figure, grid = drawing.panels(1, len(by_map), wide=3.4, high=2.7, foot=0.95, head=0.5)
    for axes, cells in zip(grid[0], by_map, strict=True):
        ordered = sorted(cells, key=lambda cell: cell.record.plain)  # of two with one estimator the plain one is shown
        found = {cell.record.estimator: recovered(cell) for cell in ordered}
        axes.set_title(f"{points(cells[0].record)} points", pad=17)
        axes.margins(0.12, 0.1)
        drawn = [(name, m) for name in ("autodiff", "two_point") if (m := found.get(name))]
        for i, (name, one) in enumerate(drawn):
            _places(axes, name, one, magnified)
            text = f"{SHORT[name]}: off by {one.error:.3g}{_unit(cells[0])} (rms)"
            axes.text(0.5 * i, 1.025, text, transform=axes.transAxes, fontsize=7, color=CURVE[name]["color"])
        if drawn:
            axes.plot(*drawn[0][1].true.T, **PLACE, zorder=1)
        axes.set_aspect("equal", adjustable="datalim")
        unit = _unit(cells[0]).strip()
        axes.set_xlabel(f"east, {unit}" if unit else "")
        axes.set_ylabel(f"north, {unit}" if unit and cells is by_map[0] else "", labelpad=1)
        if drawn:
            _names(axes, drawn[0][1])
    handles = [
        handle("true place", **PLACE),
        handle("GD (autodiff)", **RING),
        handle("two-point GD, median run", **TRIANGLE),
        handle(f"its error, {magnified} times as long", VERMILLION, lw=0.9),
    ]
    caption = f"Recovered from distances alone, {ran.rule} step; shifted, turned and mirrored, not scaled."
    drawing.legend(figure, handles, caption)
    return figure


def _magnified(by_map: Sequence[Sequence[Measured]]) -> int:
    """The power of ten that makes a typical error of the two-point maps about a twentieth of their extent."""
    found = [m for cells in by_map for c in cells if c.record.estimator == "two_point" and (m := recovered(c))]
    sizes = [m.error / np.ptp(m.true, axis=0).max() for m in found]
    return 10 ** max(0, round(np.log10(0.05 / max(sizes)))) if sizes and max(sizes) > 0 else 1


def _unit(cell: Measured) -> str:
    return "" if cell.record.meta["config"]["problem"].get("cities") == "synthetic" else " km"


def _places(axes: Axes, estimator: str, one: Map, magnified: int) -> None:
    if estimator == "autodiff":
        axes.plot(*one.recovered.T, **RING)
        return
    axes.plot(*one.recovered.T, **TRIANGLE, zorder=5)
    ends = one.true + magnified * (one.recovered - one.true)
    for start, end in zip(one.true, ends, strict=True):
        axes.plot(*np.transpose([start, end]), color=VERMILLION, lw=0.9, zorder=1)


def _names(axes: Axes, one: Map) -> None:
    """Names beside the points, each at the first of eight places that is free; the crowded ones are left out."""
    axes.apply_aspect()
    place = axes.transData.transform(one.true)
    scale = axes.figure.dpi / 72
    size = 5.5 if len(one.names) > 20 else 6.5
    taken = [_box(x, y, 9 * scale, 9 * scale) for x, y in place]
    inside = axes.get_window_extent()
    for (x, y), at, name in zip(place, one.true, one.names, strict=True):
        wide, high, off = 0.6 * size * scale * len(name), size * 1.1 * scale, 6 * scale
        for across, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
            near = (across * (off if up == 0 else scale), up * (off + high / 2))
            box = _box(x + near[0] + across * wide / 2, y + near[1], wide, high)
            if inside.x0 < box.x0 and box.x1 < inside.x1 and not box.count_overlaps(taken):
                align = {1: "left", -1: "right", 0: "center"}[across]
                shift = (near[0] / scale, near[1] / scale)
                axes.annotate(
                    name, at, shift, textcoords="offset points", ha=align, va="center", fontsize=size, color="#333333"
                )
                taken.append(box)
                break


def _box(x: float, y: float, wide: float, high: float) -> Bbox:
    return Bbox.from_bounds(x - wide / 2, y - high / 2, wide, high)
