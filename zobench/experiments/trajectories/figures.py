"""The pictures of the trajectories report: the lecture's two panels and what is right, then the curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zobench.experiments.trajectories import page
from zobench.report import drawing, tables
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

LEVELS, SIDE = 25, 5.0
START: dict[str, Any] = {"marker": "s", "ms": 9, "mfc": "white", "mew": 1.4}
OPTIMUM: dict[str, Any] = {"marker": "*", "ms": 13, "mfc": GREEN, "mew": 0.8}
COLORS = (VERMILLION, ORANGE, PURPLE, SKY, GREEN, BLUE)


def trajectories(found: Sequence[Record]) -> Figure:
    """Paths as drawn and put right, and estimates at the start; empty frames where n = 2 did not run."""
    figure, grid = drawing.panels(2, 2, wide=3.1, high=3.1, foot=1.0, head=0.62)
    for record in page.lecture(found):
        _paths([*grid[0], grid[1][0]], record)
        _cloud(grid[1][1], record)
    handles = [
        handle("gradient descent", BLACK, marker="o", ms=4),
        handle("finite differences", SKY, marker="s", ms=4, mfc="none"),
        handle("two points, as drawn", VERMILLION, marker="^", ms=4, mfc="none"),
        handle("two points, put right", ORANGE, marker="^", ms=4, mfc="none"),
        handle("start (4, 4)", BLACK, **START, lw=0),
        handle("optimum (0, 0)", BLACK, **OPTIMUM, lw=0),
    ]
    caption = "f = x₁² + 3x₂² + 2x₁x₂, n = 2, 50 iterations, step 0.25 = 2/(L+μ) but where said, float64. "
    drawing.legend(figure, handles, caption + "(a) ε = 1.1, forward; (b) ε = 0.11, forward, no factor d.", columns=3)
    return figure


def _paths(panels: Sequence[Axes], record: Record) -> None:
    a, b, right = panels
    for axes in panels:
        _contours(axes)
        _path(axes, record.arrays["gradient/paths"][0], BLACK, marker="o")
    _path(a, record.arrays["a/paths"][0], SKY, marker="s")
    (x, y), f = record.meta["ends"]["a"]["x"], record.meta["ends"]["a"]["f"]
    a.set_title(f"(a) as drawn: ends at ({abs(x):.2f}, {tables.number(y)}), f = {f:.4f}")
    for path in record.arrays["b/paths"][:3]:
        _path(b, path, VERMILLION, marker="^")
    b.set_title(f"(b) as drawn, three seeds: mean f = {record.arrays['b/mean'][-1]:.4f}")
    for path in record.arrays["b, central/paths"][:3]:
        _path(right, path, ORANGE, marker="^")
    _path(right, record.arrays["a, central/paths"][0], SKY, marker="s")
    right.set_title("Put right: central, factor d, step 1/(nL)")


def _contours(axes: Axes) -> None:
    side = np.linspace(-SIDE, SIDE, 201)
    x, y = np.meshgrid(side, side)
    axes.contour(x, y, x**2 + 3 * y**2 + 2 * x * y, LEVELS, colors="#cccccc", linewidths=0.5)
    axes.set(xlim=(-SIDE, SIDE), ylim=(-SIDE, SIDE), xlabel=r"$x_1$", aspect="equal")
    axes.set_ylabel(r"$x_2$")
    axes.plot(4, 4, color=BLACK, **START, zorder=6)
    axes.plot(0, 0, color=BLACK, **OPTIMUM, zorder=6)


def _path(axes: Axes, path: np.ndarray, color: str, marker: str) -> None:
    face = "none" if marker != "o" else color
    axes.plot(*path.T, color=color, marker=marker, ms=3.2, lw=0.9, mfc=face, mew=0.7, alpha=0.85, zorder=4)


def _cloud(axes: Axes, record: Record) -> None:
    """Estimates at the start: with the factor d they surround the gradient, without they surround half of it."""
    for name, color, words in (("central", ORANGE, "central, factor d"), ("b", VERMILLION, "as drawn, no factor d")):
        cloud = record.arrays[f"cloud/{name}"]
        axes.plot(*cloud.T, ".", color=color, ms=2.5, alpha=0.6)
        axes.plot(*cloud.mean(0), "P", color=color, ms=7, mec=BLACK, mew=0.6, label=f"{words}; their mean", zorder=5)
    gradient = record.arrays["cloud/gradient"][0]
    axes.plot(*gradient, "x", color=BLACK, ms=8, mew=1.6, label="∇f(4, 4) = (16, 32)", zorder=6)
    axes.set(xlabel=r"$G_1$", xlim=(-36, 68), ylim=(-10, 94))
    axes.set_ylabel(r"$G_2$")
    axes.set_title(f"{len(record.arrays['cloud/b'])} estimates of the gradient at the start")
    axes.legend(loc="upper left", fontsize=8)


def convergence(found: Sequence[Record]) -> Figure:
    """Curves and floors of the lecture's runs, their distance from gradient descent, and curves in Rⁿ."""
    figure, ((means, steps), (distances, growth)) = drawing.panels(2, 2, wide=3.3, high=2.5, foot=0.95, head=0.72)
    runs = "no"
    for record in page.lecture(found):
        _means(means, record)
        _steps(steps, record)
        _distances(distances, record)
        runs = f"{record.meta['runs']:,}"
    _growth(growth, found)
    handles = [
        handle("mean over runs", GREY, lw=1.6, alpha=0.7),
        handle("exact recursion", BLACK, lw=0, marker=".", ms=3),
        handle("median", GREY, linestyle="--", lw=0.8),
        Patch(color=GREY, alpha=0.2, lw=0, label="10–90 % of runs"),
    ]
    last = "{runs} at n = {n}; float64. Bars: 95 %. In Rⁿ: of each pair of coordinates, f(x0) = 96."
    caption = f"The lecture's function, {runs} runs at n = 2, {last.format_map(found[-1].meta)}"
    drawing.legend(figure, handles, caption)
    return figure


def _means(axes: Axes, record: Record) -> None:
    axes.set(yscale="log", xlabel="iteration k", ylabel=r"$f(x_k) - f^*$", ylim=(1e-8, 1e7))
    for name, color, words in (
        ("b", VERMILLION, "as drawn"),
        ("b, central", ORANGE, "put right"),
        ("b, factor d", PURPLE, "factor d, step 0.25"),
    ):
        parts = ("mean", "low", "high", "median", "exact")
        mean, low, high, median, exact = (record.arrays[f"{name}/{part}"] for part in parts)
        k = np.arange(len(mean))
        drawing.band(axes, k, low, high, color, alpha=0.15)
        axes.plot(k, mean, color=color, lw=1.6, alpha=0.7, label=words)
        axes.plot(k, median, color=color, lw=0.8, linestyle="--")
        axes.plot(k[::5], exact[::5], ".", color=BLACK, ms=3)
    axes.plot(record.arrays["gradient/mean"][:20], color=BLACK, lw=0.8, label="gradient descent")
    axes.set_title("Two points, n = 2")
    axes.legend(loc="lower left", fontsize=8, ncols=2)


def _steps(axes: Axes, record: Record) -> None:
    told = [one for one in record.meta["eps"] if one["eps"] >= page.ABOVE]
    eps = np.array([one["eps"] for one in told])
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="f where it stays")
    axes.plot(eps, [one["f"] for one in told], color=SKY, marker="s", ms=5, lw=0, mfc="none", label="(a) at k = 50")
    axes.plot(eps, 0.75 * eps**2, color=SKY, lw=0.7, label="¾ε²")
    value, error = np.array([one["floor"] for one in told]).reshape(-1, 2).T
    drawing.means(axes, eps, value, error, VERMILLION, "^", label="(b) mean from k = 200 on")
    axes.plot(eps, [one["exact_floor"] for one in told], color=VERMILLION, lw=0.7, label="exact recursion: 1.9ε²")
    axes.set_title("The lecture's floors go with ε²")
    axes.legend(loc="upper left", fontsize=8)


def _distances(axes: Axes, record: Record) -> None:
    eps = np.array([one["eps"] for one in record.meta["eps"]])
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="distance from gradient descent")
    for name, color, mark, words in (("apart", BLUE, "D", "largest on the way"), ("end", SKY, "s", "at k = 50")):
        y = [one[name] for one in record.meta["eps"]]
        axes.plot(eps, y, color=color, marker=mark, ms=5, lw=0, mfc="none", label=words)
    axes.plot(eps, eps / 2, color=SKY, lw=0.7, label="ε/2")
    axes.set_title("(a) follows gradient descent as ε → 0")
    axes.legend(loc="upper left", fontsize=8)


def _growth(axes: Axes, found: Sequence[Record]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="iteration k", ylabel=r"mean $f(x_k) - f^*$", ylim=(1e-2, 200))
    for record, color in zip(found, COLORS, strict=False):
        k, mean, exact = (record.arrays[f"growth/{name}"] for name in ("k", "mean", "exact"))
        shown = drawing.thin(k)
        axes.plot(k[shown], mean[shown], color=color, lw=1.6, alpha=0.7, label=f"n = {record.meta['n']}")
        some = shown[:: max(1, len(shown) // 12)]
        axes.plot(k[some], exact[some], ".", color=BLACK, ms=3)
    slope = page.exponent(found).value
    end = rf": $n^{{{slope:.2f}}}$ iterations" if slope == slope else ""
    axes.set_title(f"Put right, in n dimensions{end}")
    axes.legend(loc="lower left", fontsize=8, handlelength=1.2, borderaxespad=0.1)
