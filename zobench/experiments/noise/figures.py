"""The picture of the noise report: curves, floors against n, what averaging buys, iterations below the floor."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.experiments.noise import numbers
from zobench.experiments.noise.numbers import Cell
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

LOOK = {
    numbers.ONE: ("central, fresh noise", VERMILLION, "^"),
    numbers.FORWARD: ("forward, fresh noise", ORANGE, "v"),
    numbers.EXACT: ("forward, no noise", BLACK, "s"),
    numbers.FRESH_RELATIVE: ("central, fresh relative noise", PURPLE, "x"),
    numbers.RELATIVE: ("central, common relative noise", GREEN, "+"),
    numbers.COMMON: ("central, common noise", BLUE, "o"),
}
HOW = {"noise in each value": (VERMILLION, "^"), "common random numbers": (BLUE, "o")}


def draw(found: Sequence[Cell], folder: Path) -> None:
    """Four panels, of what ran."""
    with drawing.context():
        figure, grid = drawing.panels(2, 2, wide=3.3, high=2.4, foot=0.78, head=0.72)
        cell = numbers.middle(found)
        _curves(grid[0][0], cell)
        _floors(grid[0][1], found)
        _averaging(grid[1][0], found)
        _iterations(grid[1][1], found)
        meta = cell.meta
        caption = (
            f"f = ½‖x‖², ‖x0‖ = 1, sphere, α = 1/(nL), σ = {meta['sigma']:g} (relative {meta['multiplicative']:g}), "
        )
        caption += f"ε = {meta['eps']:g}, {meta['seeds']} seeds, float64; bars 95 %. Thin lines: exact recursion."
        drawing.legend(figure, [], caption)
        drawing.save(figure, folder, "noise")


def _curves(axes: Axes, cell: Cell) -> None:
    axes.set(yscale="log", xlabel="iteration k", ylabel=r"$E f(x_k) - f^*$", ylim=(1e-9, 1e4))
    for name, (words, color, _) in LOOK.items():
        k, mean, exact = (cell.arrays.get(f"{name}/{part}") for part in ("k", "mean", "exact"))
        if k is None or mean is None or exact is None:
            continue
        axes.plot(k, mean, color=color, lw=1.4, alpha=0.6)
        axes.plot(k, exact, color=color, lw=0.6)
        axes.plot([], [], color=color, label=words)
    axes.set_title(f"Common noise leaves no floor (n = {cell.n})")
    axes.legend(loc="upper right", fontsize=6.5, ncols=2)


def _floors(axes: Axes, found: Sequence[Cell]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=r"floor of $E f - f^*$", ylim=(1e-7, 1e2))
    n = [cell.n for cell in found]
    for name in (numbers.ONE, numbers.FORWARD, numbers.EXACT, numbers.FRESH_RELATIVE):
        words, color, mark = LOOK[name]
        value, error = np.array([cell.floor(name) for cell in found]).T
        axes.errorbar(n, value, yerr=1.96 * error, color=color, marker=mark, ms=5, lw=0, elinewidth=0.8, mfc="none")
        axes.plot(n, [cell.closed(name) for cell in found], color=color, lw=0.7)
        axes.plot([], [], color=color, marker=mark, lw=0.7, ms=5, mfc="none", label=words)
    axes.set_title("Floors grow like n")
    axes.legend(loc="upper left", fontsize=6.5, ncols=2)
    _whole(axes, n)


def _averaging(axes: Axes, found: Sequence[Cell]) -> None:
    """At the largest n: floor over the floor of one value, against values averaged."""
    cell = found[-1]
    unit = cell.floor(numbers.ONE)
    axes.set(xscale="log", yscale="log", xlabel="directions, or values a point", ylabel="floor over that of one")
    kinds = {"q directions, same step": (VERMILLION, "^"), "q directions, theory step": (ORANGE, "v")}
    kinds["values a point, same step"] = (SKY, "D")
    points: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in kinds}
    for name, one in cell.averaged():
        kind = "values a point, same step" if one["repeats"] > 1 else "q directions, same step"
        kind = "q directions, theory step" if "theory step" in name else kind
        value, error = one["floor"]
        many = one["q"] * one["repeats"]
        points[kind].append((many, value / unit[0], error / unit[0], one["exact"] / cell.exact(numbers.ONE)))
    for kind, (color, mark) in kinds.items():
        if points[kind]:
            x, y, bar, exact = np.array(points[kind]).T
            axes.errorbar(x, y, yerr=1.96 * bar, color=color, marker=mark, ms=5, lw=0, elinewidth=0.8, mfc="none")
            axes.plot([1, *x], [1, *exact], color=color, lw=0.7)
            axes.plot([], [], color=color, marker=mark, lw=0.7, ms=5, mfc="none", label=kind)
    most = max([one[0] for some in points.values() for one in some], default=1)
    axes.plot([1, most], [1, 1 / most], color=GREY, lw=0.7, linestyle=":", label="1 over their number")
    axes.set_title(f"What averaging buys (n = {cell.n})")
    axes.legend(loc="lower left", fontsize=6.5)
    _whole(axes, sorted({1, *(int(one[0]) for some in points.values() for one in some)}))


def _iterations(axes: Axes, found: Sequence[Cell]) -> None:
    target = found[0].meta["target"]
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=f"iterations to a mean gap of {target:g}")
    n = [cell.n for cell in found]
    fits = numbers.measures(found)
    for name, (color, mark) in HOW.items():
        k = [numbers.known(cell.meta["reached"][name]["k"]) for cell in found]
        exact = [numbers.known(cell.meta["reached"][name]["exact"]) for cell in found]
        slope = fits[f"iterations to the gap, {name}: exponent in n"].value
        words = f"{name}: " + (rf"$n^{{{slope:.2f}}}$" if slope == slope else "")
        axes.plot(n, k, color=color, marker=mark, ms=5, lw=0, mfc="none")
        axes.plot(n, exact, color=color, lw=0.7)
        axes.plot([], [], color=color, marker=mark, lw=0.7, ms=5, mfc="none", label=words)
    axes.set_title("Below the floor, noise costs n² iterations")
    axes.legend(loc="upper left", fontsize=6.5)
    _whole(axes, n)


def _whole(axes: Axes, ticks: Sequence[int]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
