"""The pictures of the exponents: the slowdown by spectrum and its exponents, and one problem with two exponents."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from zobench.experiments.exponents.page import Line, lines
from zobench.report import drawing
from zobench.report.drawing import BLACK, GREY, handle, of_rule
from zobench.report.ratios import SPECTRA, Point

COLUMNS = 4
SHEET = 512  # the largest dimension of the theory sheet's exponents
DASHED = (0, (3, 2))


def exponents(found: Sequence[Point]) -> Figure:
    """The slowdown by spectrum, and the exponents of all."""
    every = lines(found)
    names = list(dict.fromkeys(line.spectrum for line in every))
    figure, grid = drawing.panels(-(-(len(names) + 1) // COLUMNS), COLUMNS, wide=1.95, high=1.7, head=0.46)
    panels = [axes for row in grid for axes in row]
    for axes, name in zip(panels, names, strict=False):
        own = [line for line in every if line.spectrum == name]
        for line in own:
            _slowdown(axes, line)
        _frame(axes, own, SPECTRA.get(name, name))
    _slopes(panels[len(names)], every, names)
    for axes in panels[len(names) + 1 :]:
        axes.set_axis_off()
    for axes in (axes for row in grid for axes in row[1:] if axes is not panels[len(names)]):
        axes.set_ylabel("")
    caption = f"Two-point estimator on quadratics with these eigenvalues, float64. Median over {_seeds(found)} seeds, "
    caption += "95 % interval (bootstrap). Lines, ticks: the exact recursion. Tuned: against tuned gradient descent."
    ticks = [handle("exact recursion", BLACK, marker="|", ms=6, lw=0), handle("n", GREY, lw=0.8, linestyle=":")]
    drawing.legend(figure, [*_handles(every), *ticks], caption, columns=5)
    return figure


def _seeds(found: Sequence[Point]) -> int:
    return max((point.time.runs for point in found), default=0)


def _handles(own: Sequence[Line]) -> list[Line2D]:
    return drawing.rule_handles([line.rule for line in own], lw=0.9)


def _slowdown(axes: Axes, line: Line) -> None:
    axes.plot([*line.exact], [*line.exact.values()], color=of_rule(line.rule)["color"], lw=0.9)
    for point in line.points:
        drawing.interval(axes, point.n, point.ratio, **of_rule(line.rule), ms=3.5)


def _frame(axes: Axes, own: Sequence[Line], title: str) -> None:
    sizes = sorted({n for line in own for n in line.exact})
    axes.plot(sizes, sizes, color=GREY, lw=0.8, linestyle=":", zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="n", ylim=(1.5, 4e3), xlim=(6, 3e3))
    axes.set_ylabel(r"slowdown $K_{ZO}/K_{GD}$")
    axes.set_title(title, fontsize=9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1,)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _slopes(axes: Axes, every: Sequence[Line], names: Sequence[str]) -> None:
    """Exponents by spectrum: measured with interval, exact as a tick."""
    axes.set_title("exponent in n", fontsize=9)
    axes.set(xlabel="d ln(slowdown)/d ln n", xlim=(-0.15, 1.15), ylim=(len(names) - 0.4, -0.6))
    for one in (0, 1):
        axes.axvline(one, color=GREY, lw=0.6, linestyle=":", zorder=0)
    for line in every:
        y = names.index(line.spectrum) + {"theory": -0.22, "trace": 0.0, "tuned": 0.22}.get(line.rule, 0.3)
        slope, look = line.slope(), of_rule(line.rule)
        axes.plot([slope.low, slope.high], [y, y], color=look["color"], lw=1.0)
        axes.plot(slope.value, y, **look, ms=3.5)
        axes.plot(line.exact_slope(), y, color=BLACK, marker="|", ms=5, mew=0.8)
    axes.set_yticks(range(len(names)), [SPECTRA.get(name, name).partition(":")[0] for name in names])
    axes.tick_params(axis="y", length=0)


def two_exponents(found: Sequence[Point]) -> Figure:
    """The harmonic spectrum: the slowdown with its fitted lines, and the exponent between neighbours."""
    figure, [[left, right]] = drawing.panels(1, 2, wide=2.9, high=2.6, foot=0.95)
    points = [point for point in found if point.spectrum == "harmonic"]
    own = lines(points)
    for i, line in enumerate(own):
        _slowdown(left, line)
        _fit(left, line)
        _words(left, line, 0.98 - 0.075 * i)
        look = of_rule(line.rule)
        right.plot(*line.local(), color=look["color"], marker=look["marker"], lw=0.9, ms=3.5)
    _frame(left, own, "One problem: slowdown and fitted powers")
    right.set(xscale="log", xlabel="n", ylim=(0, 1.15), xlim=(6, 3e3))
    right.set_ylabel("d ln(slowdown)/d ln n, exact")
    right.set_title("Exponent between neighbouring n", fontsize=9)
    right.axhline(1, color=GREY, lw=0.8, linestyle=":", zorder=0)
    right.xaxis.set_major_locator(LogLocator(subs=(1,)))
    right.xaxis.set_minor_locator(NullLocator())
    right.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    caption = "Eigenvalues max(1/i, 0.01), f − f* to 1e-4 of the start, float64; "
    caption += f"median over {_seeds(points)} seeds. Tuned: against tuned gradient descent."
    more = [handle("exact recursion", GREY, lw=0.9), handle("fitted power", GREY, lw=0.8, linestyle=DASHED)]
    drawing.legend(figure, [*_handles(own), *more], caption, columns=5)
    return figure


def _fit(axes: Axes, line: Line) -> None:
    """The fitted power and its words at the right end; nothing where fewer than four dimensions ran."""
    slope, color = line.slope().value, of_rule(line.rule)["color"]
    if np.isfinite(slope):
        kept = [(point.n, point.ratio.value) for point in line.points if np.isfinite(point.ratio.value)]
        x, y = np.log(np.array(kept, float)).T
        n, through = np.exp(x), np.exp(y.mean() + slope * (x - x.mean()))
        axes.plot(n, through, color=color, lw=0.8, linestyle=DASHED)
        place = {"textcoords": "offset points", "color": color, "fontsize": 8}
        axes.annotate(f"$n^{{{slope:.2f}}}$", (n[-1], through[-1]), (4, -3), **place)


def _words(axes: Axes, line: Line, y: float) -> None:
    """The exponent of the exact recursion, each dimension of the same weight, in the corner that rising lines leave."""
    slope, ends = line.long_slope(most=SHEET), [n for n in line.exact if n <= SHEET]
    if np.isfinite(slope):
        text, color = f"exact, n = {min(ends)} to {max(ends)}: {slope:.2f}", of_rule(line.rule)["color"]
        axes.text(0.03, y, text, transform=axes.transAxes, va="top", fontsize=8, color=color)
