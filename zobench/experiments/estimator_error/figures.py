"""The picture of the estimator report: second moment, angle, bias, the lecture's formula."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.experiments.estimator_error import numbers as reading
from zobench.experiments.estimator_error.numbers import Row
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

SERIES = (
    ("sphere, q = 1", {"direction": "sphere", "q": 1, "orthogonal": False}, VERMILLION, "^"),
    ("Gaussian, q = 1", {"direction": "gaussian", "q": 1}, ORANGE, "v"),
    ("signs, q = 1", {"direction": "rademacher", "q": 1}, PURPLE, "x"),
    ("sphere, q = 4", {"direction": "sphere", "q": 4, "orthogonal": False}, SKY, "D"),
    ("orthogonal, q = 4", {"direction": "sphere", "q": 4, "orthogonal": True}, BLUE, "s"),
)
COLOR = {"sphere": VERMILLION, "gaussian": ORANGE, "rademacher": PURPLE, "coordinate": GREEN, "axes": BLACK}
MARK = {"sphere": "^", "gaussian": "v", "rademacher": "x", "coordinate": "o", "axes": "+"}
WORD = {
    "sphere": "sphere",
    "gaussian": "Gaussian",
    "rademacher": "signs",
    "coordinate": "coordinate",
    "axes": "all axes",
}
FORMULAS = (
    ("sphere, with d", "sphere", "d", VERMILLION, "^"),
    ("sphere, without", "sphere", "1", VERMILLION, "2"),
    ("Gaussian, with d", "gaussian", "d", ORANGE, "v"),
    ("Gaussian, without", "gaussian", "1", ORANGE, "1"),
)


def draw(found: Sequence[Row], folder: Path) -> None:
    """Four panels; what was not run is left out."""
    with drawing.context():
        figure, grid = drawing.panels(2, 2, wide=3.3, high=2.4, foot=0.78, head=0.72)
        moments = [row for row in reading.pick(found, kind="moments", dtype="float64") if row["quadratic"]]
        two = reading.pick(moments, factory="two_point")
        _against_n(grid[0][0], two, "second", r"$E\|G\|^2/\|g\|^2$")
        grid[0][0].set_title("Second moment: the price of a direction is n")
        _against_n(grid[0][1], two, "captured", r"$E\cos^2\angle(G, g)$")
        grid[0][1].set_title("What of the gradient q directions can see: q/n")
        _bias(grid[1][0], found)
        _formula(grid[1][1], found)
        samples = max((row["samples"] for row in found), default=0)
        caption = f"{samples:,} estimates a point, at x0 (float64, seed {found[0]['seed'] if found else 0}); "
        caption += (
            "bars: 95 %, mostly smaller than the marks. Lines: what is proven. Quadratic, log-uniform, but for bias."
        )
        drawing.legend(figure, [], caption)
        drawing.save(figure, folder, "estimator_error")


def _against_n(axes: Axes, two: Sequence[Row], of: str, label: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=label)
    for words, wanted, color, mark in SERIES:
        some = reading.pick(two, **wanted)
        if some:
            _points(axes, [row["n"] for row in some], *reading.array(some, of), color, mark)
            theory = np.array([row[f"{of}_theory"] for row in some])
            axes.plot([row["n"] for row in some], theory, color=color, lw=0.8)
            axes.plot([], [], color=color, marker=mark, lw=0.8, ms=4, label=words)
    if of == "captured" and two:
        n = sorted({row["n"] for row in two if row["n"] >= 4})
        axes.plot(n, [4 / one for one in n], color=GREY, lw=0.7, linestyle=":", label="bound q/n, q = 4")
    _ticks(axes, two)
    axes.legend(loc="best", fontsize=6.5) if two else None


def _bias(axes: Axes, found: Sequence[Row]) -> None:
    """On the function that is no quadratic, at the largest n."""
    some = [row for row in reading.pick(found, kind="quotient", quotient="central") if not row["quadratic"]]
    largest = max((row["n"] for row in some), default=0)
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"$\|EG - g\|/\|g\|$")
    for family, color in COLOR.items():
        one = reading.pick(some, n=largest, family=family)
        if one:
            eps = [row["eps"] for row in one]
            _points(axes, eps, *reading.array(one, "bias"), color, MARK[family])
            axes.plot(eps, [row["bias_theory"] for row in one], color=color, lw=0.8)
            axes.plot([], [], color=color, marker=MARK[family], lw=0.8, ms=4, label=WORD.get(family, family))
    axes.set_title(f"Bias of the central quotient ({some[0]['problem'] if some else 'no data'}, n = {largest})")
    eps = sorted({row["eps"] for row in some})
    axes.xaxis.set_major_locator(FixedLocator(eps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.legend(loc="upper left", fontsize=6.5, ncols=2) if some else None


def _formula(axes: Axes, found: Sequence[Row]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=r"$E\,g^TG/\|g\|^2$")
    shown = reading.pick(found, kind="formula")
    for words, direction, factor, color, mark in FORMULAS:
        some = reading.pick(shown, direction=direction, factor=factor)
        if some:
            n = [row["n"] for row in some]
            _points(axes, n, *reading.array(some, "along"), color, mark)
            axes.plot(n, [row["along_theory"] for row in some], color=color, lw=0.8)
            axes.plot([], [], color=color, marker=mark, lw=0.8, ms=5, label=words)
    axes.set_title("The factor d belongs to unit directions only")
    _ticks(axes, shown)
    axes.legend(loc="upper left", fontsize=6.5) if shown else None


def _points(axes: Axes, x: Sequence[float], y: np.ndarray, error: np.ndarray, color: str, mark: str) -> None:
    axes.errorbar(x, y, yerr=1.96 * error, color=color, marker=mark, ms=5, lw=0, elinewidth=0.8, mfc="none")


def _ticks(axes: Axes, some: Sequence[Row]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(sorted({row["n"] for row in some}) or [1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
