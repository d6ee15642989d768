"""The pictures of the mds report: convergence, map, scaling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zobench.experiments.mds.numbers import Map, objective, points, recovered
from zobench.problems.maps import BUILT_IN
from zobench.report import cartography, drawing, styles
from zobench.report.drawing import BLACK, GREY, SKY, VERMILLION, handle
from zobench.report.groups import Cells, Group
from zobench.report.measured import Measured
from zobench.report.scaling import scaling

__all__ = ["convergence", "map", "scaling"]

AXES = {"iterations": "iteration k", "calls": "oracle calls"}
CURVE: dict[str, dict[str, Any]] = {
    "autodiff": {"color": BLACK, "lw": 1.3, "linestyle": "-"},
    "finite_difference": {"color": SKY, "lw": 4.5, "linestyle": "-"},
    "two_point": {"color": VERMILLION, "lw": 1.3, "linestyle": "-"},
}
WIDE, HIGH, GAP = 7.2, 2.4, 0.9  # inches of the last map, of those above it, and between them
SHORT = {"autodiff": "GD", "two_point": "two-point"}
MINIMUM: dict[str, Any] = {"color": GREY, "lw": 0.8, "linestyle": ":"}
PLACE: dict[str, Any] = {"color": GREY, "lw": 0, "marker": "+", "ms": 8, "mew": 0.7}
RING: dict[str, Any] = {"color": BLACK, "lw": 0, "marker": "o", "ms": 5.5, "mfc": "none", "mew": 0.8}
TRIANGLE: dict[str, Any] = {"color": VERMILLION, "lw": 0, "marker": "^", "ms": 2.6}


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
    """f against iterations and oracle calls; a row a map. Seconds, which no second run repeats, are in the table."""
    by_map = _by_map(found)
    looks = _styles([g for g in found.groups if g.rule == found.rule])
    methods = dict.fromkeys(cell.record.method for cells in by_map for cell in cells)
    figure, grid = drawing.panels(len(by_map), 2, wide=3.2, high=1.8, foot=1.0, head=0.5)
    for row, cells in zip(grid, by_map, strict=True):
        for axes, of in zip(row, AXES, strict=True):
            for cell in sorted(cells, key=lambda cell: cell.record.estimator != "finite_difference"):
                if cell.record.method in looks:
                    _curve(axes, cell, of, looks[cell.record.method])
            record = cells[0].record
            if (record.meta["f_star"] or 0.0) > 0:
                axes.axhline(record.meta["f_star"], **MINIMUM, zorder=0)
            axes.set(xscale="log", yscale="log", xlabel=AXES[of])
            axes.set_ylabel("stress f" if of == "iterations" else "")
            axes.set_title(f"{points(record)} points, n = {record.n}")
    handles = [handle(method, **look, solid_capstyle="butt") for method, look in looks.items()]
    handles += [Patch(color=VERMILLION, alpha=0.2, lw=0, label="10–90 % of runs"), handle("minimum f*", **MINIMUM)]
    runs = max(cell.hits.size for cells in by_map for cell in cells)
    caption = (
        f"Median over {runs} seeds (one run where nothing is random), {found.rule} step, each curve to the target."
    )
    caption += styles.unseen(len(methods) - len(looks))
    drawing.legend(figure, handles, caption, columns=5)
    return figure


def _curve(axes: Axes, cell: Measured, of: str, look: dict[str, Any]) -> None:
    k, f = cell.record.k(cell.rule), objective(cell)
    shown = drawing.thin(k, cell.time.value)
    if shown.size == 0:
        return
    x = k[shown] * (cell.record.calls if of == "calls" else 1)
    drawn = {**look, "solid_capstyle": "butt", "markevery": 0.13}
    drawing.runs(axes, x, f[:, shown], drawn, 0.2, most=f[:, 0].max() * 10)


def map(ran: Cells) -> Figure:
    """The map that was found over the true one: the largest below, over the whole width."""
    by_map = _by_map(ran)
    magnified = _magnified(by_map)
    figure, panels = _sheet(by_map)
    left_out = sum(_panel(axes, cells, magnified) for axes, cells in zip(panels, by_map, strict=True))
    for axes in panels[1:-1]:
        axes.set_ylabel("")
    handles = [
        handle("true place", **PLACE),
        handle("GD (autodiff)", **RING),
        handle("two-point GD, median run", **TRIANGLE),
        handle(f"its error, {magnified} times as long", VERMILLION, lw=0.9),
    ]
    caption = f"Recovered from distances alone, {ran.rule} step; shifted, turned and mirrored, not scaled. "
    caption += "Off: root mean square distance. "
    caption += "Azimuthal equidistant projection." if any(_degrees(cells[0]) is not None for cells in by_map) else ""
    caption += f" {left_out} name{'s' * (left_out > 1)} left out for want of room." if left_out else ""
    drawing.legend(figure, handles, caption)
    return figure


def _sheet(by_map: Sequence[Sequence[Measured]]) -> tuple[Figure, list[Axes]]:
    """Axes for up to three maps, the last one as high as its places ask for."""
    true = next((m.true for cell in by_map[-1] if (m := recovered(cell))), None)
    east, north = np.ptp(true, axis=0) if true is not None else (2.0, 1.0)
    last = float(np.clip(WIDE * (north / east + 0.24) / 1.14, 2.0, WIDE))
    above = len(by_map) - 1
    wide = (WIDE - GAP * (above - 1)) / max(1, above)
    foot, between, head, left = 1.1, 0.95, 0.7, 0.7
    whole = (left + WIDE + 0.5, foot + last + (between + HIGH) * bool(above) + head)
    figure = Figure(figsize=whole)
    places = [(left + i * (wide + GAP), foot + last + between, wide, HIGH) for i in range(above)]
    places.append((left, foot, WIDE, last))
    return figure, [figure.add_axes(tuple(np.array(place) / [*whole, *whole])) for place in places]


def _panel(axes: Axes, cells: Sequence[Measured], magnified: int) -> int:
    """One map; how many of its places have no name."""
    ordered = sorted(cells, key=lambda cell: cell.record.plain)  # of two with one estimator the plain one is shown
    found = {cell.record.estimator: recovered(cell) for cell in ordered}
    drawn = {name: m for name in ("autodiff", "two_point") if (m := found.get(name))}
    unit = _unit(cells[0]).strip()
    off = ", ".join(f"{SHORT[name]} {one.error:.3g}{_unit(cells[0])}" for name, one in drawn.items())
    axes.set_title(f"{points(cells[0].record)} points" + f", off by: {off}" * bool(drawn), pad=14, fontsize=9)
    axes.set(xlabel=f"east, {unit}" if unit else "", ylabel=f"north, {unit}" if unit else "")
    if not drawn:
        return 0
    one = next(iter(drawn.values()))
    ends = [_end(m, magnified) for name, m in drawn.items() if name == "two_point"]
    cartography.frame(axes, np.vstack([one.true, *ends]), pad=0.07)
    if (degrees := _degrees(cells[0])) is not None:
        cartography.graticule(axes, degrees)
    axes.plot(*one.true.T, **PLACE, zorder=1)
    errors = [line for name, m in drawn.items() for line in _places(axes, name, m, magnified)]
    bar = cartography.bar(axes, unit, magnified if errors else 1)
    return cartography.names(axes, one.true, one.names, errors, [bar])


def _cities(cell: Measured) -> str:
    """What the points are: europe, usa; "" where they are none, or distances of one's own."""
    problem = cell.record.meta["config"]["problem"]
    named = problem.get("cities", "europe") if problem.get("distances") is None else ""
    return named if named in BUILT_IN else ""


def _degrees(cell: Measured) -> np.ndarray | None:
    """Latitudes and longitudes of the cities [N, 2]; None where the points are none."""
    cities = BUILT_IN.get(_cities(cell))
    return None if cities is None else np.array([city[1:] for city in cities[: points(cell.record)]])


def _magnified(by_map: Sequence[Sequence[Measured]]) -> int:
    """The power of ten that makes a typical error of the two-point maps about a twentieth of their extent."""
    found = [m for cells in by_map for c in cells if c.record.estimator == "two_point" and (m := recovered(c))]
    sizes = [m.error / np.ptp(m.true, axis=0).max() for m in found]
    return 10 ** max(0, round(np.log10(0.05 / max(sizes)))) if sizes and max(sizes) > 0 else 1


def _unit(cell: Measured) -> str:
    return " km" if _cities(cell) else ""


def _end(one: Map, magnified: int) -> np.ndarray:
    """Where the magnified errors end [N, 2]."""
    return one.true + magnified * (one.recovered - one.true)


def _places(axes: Axes, estimator: str, one: Map, magnified: int) -> list[np.ndarray]:
    """Rings, or triangles with the errors as lines, which are given [N of 2, 2]."""
    if estimator == "autodiff":
        axes.plot(*one.recovered.T, **RING)
        return []
    axes.plot(*one.recovered.T, **TRIANGLE, zorder=5)
    lines = [*np.stack([one.true, _end(one, magnified)], axis=1)]
    for line in lines:
        axes.plot(*line.T, color=VERMILLION, lw=0.9, zorder=1)
    return lines
