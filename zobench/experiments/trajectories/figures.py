"""The pictures of the trajectories report: the lecture's two panels and what is right, then the curves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from zobench.experiments.trajectories import numbers
from zobench.experiments.trajectories.numbers import Cell
from zobench.report import drawing, tables
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

LEVELS, SIDE = 50, 5.0
COLORS = (VERMILLION, ORANGE, PURPLE, SKY, GREEN, BLUE)


def draw(found: Sequence[Cell], folder: Path) -> None:
    """Both figures; an empty frame where the lecture's own dimension did not run."""
    cell = numbers.lecture(found)
    with drawing.context():
        _pictures(cell, folder)
        _curves(found, cell, folder)


def _pictures(cell: Cell | None, folder: Path) -> None:
    figure, grid = drawing.panels(2, 2, wide=3.1, high=3.1, foot=1.0, head=0.62)
    panels = [axes for row in grid for axes in row]
    if cell:
        for axes in panels[:3]:
            _contours(axes)
            _path(axes, cell.arrays["gradient/paths"][0], BLACK, marker="o")
        _path(panels[0], cell.arrays["a/paths"][0], BLUE, marker="s")
        x = cell.meta["ends"]["a"]["x"]
        f = cell.meta["ends"]["a"]["f"]
        panels[0].set_title(f"(a) as drawn: ends at ({abs(x[0]):.2f}, {tables.number(x[1])}), f = {f:.4f}")
        for path in cell.arrays["b/paths"][:3]:
            _path(panels[1], path, VERMILLION, marker="^")
        mean = cell.arrays["b/mean"][-1]
        panels[1].set_title(f"(b) as drawn, three seeds: mean f = {mean:.4f}")
        for path in cell.arrays["b, central/paths"][:3]:
            _path(panels[2], path, ORANGE, marker="^")
        _path(panels[2], cell.arrays["a, central/paths"][0], BLUE, marker="s")
        panels[2].set_title("Put right: central, factor d, step 1/(nL)")
        _cloud(panels[3], cell)
    handles = [
        Line2D([], [], color=BLACK, marker="o", ms=4, label="gradient descent"),
        Line2D([], [], color=BLUE, marker="s", ms=4, mfc="none", label="finite differences"),
        Line2D([], [], color=VERMILLION, marker="^", ms=4, mfc="none", label="two points, as drawn"),
        Line2D([], [], color=ORANGE, marker="^", ms=4, mfc="none", label="two points, put right"),
        Line2D([], [], color="red", marker="o", lw=0, label="start (4, 4)"),
        Line2D([], [], color=GREEN, marker="*", ms=10, lw=0, label="optimum (0, 0)"),
    ]
    caption = "f = x₁² + 3x₂² + 2x₁x₂, n = 2, 50 iterations, step 0.25 = 2/(L+μ) but where said, float64. "
    drawing.legend(figure, handles, caption + "(a) ε = 1.1, forward; (b) ε = 0.11, forward, no factor d.", columns=3)
    drawing.save(figure, folder, "trajectories")


def _contours(axes: Axes) -> None:
    side = np.linspace(-SIDE, SIDE, 201)
    x, y = np.meshgrid(side, side)
    axes.contour(x, y, x**2 + 3 * y**2 + 2 * x * y, LEVELS, alpha=0.4, linewidths=0.7, cmap="viridis")
    axes.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), xlabel=r"$x_1$", aspect="equal")
    axes.set_ylabel(r"$x_2$", labelpad=0)
    axes.plot(4, 4, "o", color="red", ms=6, zorder=6)
    axes.plot(0, 0, "*", color=GREEN, ms=11, zorder=6)


def _path(axes: Axes, path: np.ndarray, color: str, marker: str) -> None:
    face = "none" if marker != "o" else color
    axes.plot(*path.T, color=color, marker=marker, ms=3.2, lw=0.9, mfc=face, mew=0.7, alpha=0.85, zorder=4)


def _cloud(axes: Axes, cell: Cell) -> None:
    """Estimates at the start: with the factor d they surround the gradient, without they surround half of it."""
    for name, color, words in (("central", ORANGE, "central, factor d"), ("b", VERMILLION, "as drawn, no factor d")):
        cloud = cell.arrays[f"cloud/{name}"]
        axes.plot(*cloud.T, ".", color=color, ms=2.5, alpha=0.6)
        axes.plot(*cloud.mean(0), "P", color=color, ms=7, mec=BLACK, mew=0.6, label=f"{words}; their mean", zorder=5)
    gradient = cell.arrays["cloud/gradient"][0]
    axes.plot(*gradient, "x", color=BLACK, ms=8, mew=1.6, label="∇f(4, 4) = (16, 32)", zorder=6)
    axes.set(xlabel=r"$G_1$", xlim=(-36, 68), ylim=(-10, 94))
    axes.set_ylabel(r"$G_2$", labelpad=0)
    axes.set_title(f"{len(cell.arrays['cloud/b'])} estimates of the gradient at the start")
    axes.legend(loc="upper left", fontsize=6.5)


def _curves(found: Sequence[Cell], cell: Cell | None, folder: Path) -> None:
    figure, grid = drawing.panels(2, 2, wide=3.3, high=2.5, foot=0.95, head=0.72)
    if cell:
        _means(grid[0][0], cell)
        _steps(grid[0][1], cell)
        _distances(grid[1][0], cell)
    _growth(grid[1][1], found)
    handles = [
        Line2D([], [], color=GREY, lw=1.6, alpha=0.7, label="mean over runs"),
        Line2D([], [], color=BLACK, lw=0, marker=".", ms=3, label="exact recursion"),
        Line2D([], [], color=GREY, linestyle="--", lw=0.8, label="median"),
        Patch(color=GREY, alpha=0.2, lw=0, label="10–90 % of runs"),
    ]
    runs = f"{cell.meta['runs']:,}" if cell else "no"
    caption = f"The lecture's function, {runs} runs at n = 2, {found[-1].meta['runs']} at n = {found[-1].n}; float64. "
    drawing.legend(figure, handles, caption + "Bars: 95 %. In Rⁿ: of each pair of coordinates, f(x0) = 96.")
    drawing.save(figure, folder, "convergence")


def _means(axes: Axes, cell: Cell) -> None:
    axes.set(yscale="log", xlabel="iteration k", ylabel=r"$f(x_k) - f^*$", ylim=(1e-8, 1e7))
    for name, color, words in (
        ("b", VERMILLION, "as drawn"),
        ("b, central", ORANGE, "put right"),
        ("b, factor d", PURPLE, "factor d, step 0.25"),
    ):
        k = np.arange(len(cell.arrays[f"{name}/mean"]))
        axes.fill_between(k, cell.arrays[f"{name}/low"], cell.arrays[f"{name}/high"], color=color, alpha=0.15, lw=0)
        axes.plot(k, cell.arrays[f"{name}/mean"], color=color, lw=1.6, alpha=0.7, label=words)
        axes.plot(k, cell.arrays[f"{name}/median"], color=color, lw=0.8, linestyle="--")
        axes.plot(k[::5], cell.arrays[f"{name}/exact"][::5], ".", color=BLACK, ms=3)
    axes.plot(k[:20], cell.arrays["gradient/mean"][:20], color=BLACK, lw=0.8, label="gradient descent")
    axes.set_title("Two points, n = 2")
    axes.legend(loc="lower left", fontsize=6.5, ncols=2)


def _steps(axes: Axes, cell: Cell) -> None:
    told = [one for one in cell.meta["eps"] if one["eps"] >= numbers.ABOVE]
    eps = np.array([one["eps"] for one in told])
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="f where it stays")
    axes.plot(eps, [one["f"] for one in told], color=BLUE, marker="s", ms=5, lw=0, mfc="none", label="(a) at k = 50")
    axes.plot(eps, 0.75 * eps**2, color=BLUE, lw=0.7, label="¾ε²")
    value, error = np.array([one["floor"] for one in told]).T if told else np.empty((2, 0))
    look = {"color": VERMILLION, "marker": "^", "ms": 5, "lw": 0, "mfc": "none", "elinewidth": 0.8}
    axes.errorbar(eps, value, yerr=1.96 * error, label="(b) mean from k = 200 on", **look)
    axes.plot(eps, [one["exact_floor"] for one in told], color=VERMILLION, lw=0.7, label="exact recursion: 1.9ε²")
    axes.set_title("The lecture's floors go with ε²")
    axes.legend(loc="upper left", fontsize=6.5)


def _distances(axes: Axes, cell: Cell) -> None:
    eps = np.array([one["eps"] for one in cell.meta["eps"]])
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="distance from gradient descent")
    for name, color, mark, words in (("apart", SKY, "D", "largest on the way"), ("end", BLUE, "s", "at k = 50")):
        y = [one[name] for one in cell.meta["eps"]]
        axes.plot(eps, y, color=color, marker=mark, ms=5, lw=0, mfc="none", label=words)
    axes.plot(eps, eps / 2, color=BLUE, lw=0.7, label="ε/2")
    axes.set_title("(a) follows gradient descent as ε → 0")
    axes.legend(loc="upper left", fontsize=6.5)


def _growth(axes: Axes, found: Sequence[Cell]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="iteration k", ylabel=r"mean $f(x_k) - f^*$", ylim=(1e-2, 200))
    for cell, color in zip(found, COLORS, strict=False):
        k, mean, exact = (cell.arrays[f"growth/{name}"] for name in ("k", "mean", "exact"))
        shown = drawing.thin(k)
        axes.plot(k[shown], mean[shown], color=color, lw=1.6, alpha=0.7, label=f"n = {cell.n}")
        some = shown[:: max(1, len(shown) // 12)]
        axes.plot(k[some], exact[some], ".", color=BLACK, ms=3)
    slope = numbers.exponent(found)
    end = rf": $n^{{{slope:.2f}}}$ iterations" if slope == slope else ""
    axes.set_title(f"Put right, in n dimensions{end}")
    axes.legend(loc="lower left", fontsize=6.5)
