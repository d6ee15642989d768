"""The pictures of the exponents report."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from zobench import statistics
from zobench.experiments.exponents import numbers
from zobench.experiments.exponents.numbers import Line
from zobench.report import drawing
from zobench.report.drawing import BLACK, COLOR, GREY, MARKER, handle
from zobench.report.ratios import SPECTRA, Point

COLUMNS = 4
SHEET = 512  # the largest dimension of the theory sheet's exponents


def exponents(found: Sequence[Point]) -> Figure:
    """The slowdown against n by spectrum, and its exponents."""
    lines = numbers.lines(found)
    names = list(dict.fromkeys(line.spectrum for line in lines))
    count = -(-(len(names) + 1) // COLUMNS)
    figure, grid = drawing.panels(count, COLUMNS, wide=1.85, high=1.85, foot=0.95, head=0.46)
    panels = [axes for line in grid for axes in line]
    for axes, name in zip(panels, names, strict=False):
        own = [line for line in lines if line.spectrum == name]
        for line in own:
            _slowdown(axes, line)
        _frame(axes, own, f"{SPECTRA.get(name, name)}")
    _slopes(panels[len(names)], lines, names)
    for axes in panels[len(names) + 1 :]:
        axes.set_axis_off()
    for axes in [axes for line in grid[:-1] for axes in line]:
        axes.set_xlabel("")  # the titles of the next row stand there
    seeds = max((point.time.runs for point in found), default=0)
    caption = f"Two-point estimator on quadratics, float64. Median over {seeds} seeds, 95 % interval (bootstrap). "
    caption += "Lines, ticks: the exact recursion. Tuned: against tuned gradient descent."
    drawing.legend(figure, _handles([line.rule for line in lines]), caption, columns=5)
    return figure


def _slowdown(axes: Axes, line: Line) -> None:
    color = COLOR.get(line.rule, GREY)
    n = np.array(sorted(line.exact))
    axes.plot(n, [line.exact[one] for one in n], color=color, lw=0.9)
    for point in line.points:
        look = {"color": color, "marker": MARKER.get(line.rule, "d"), "ms": 3.5, "mfc": "white", "mew": 0.9}
        drawing.interval(axes, point.n, point.ratio, **look)


def _frame(axes: Axes, own: Sequence[Line], title: str) -> None:
    sizes = sorted({n for line in own for n in line.exact})
    axes.plot(sizes, sizes, color=GREY, lw=0.8, linestyle=":", zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="n", ylim=(1.5, 4e3), xlim=(6, 3e3))
    axes.set_ylabel(r"$K_{ZO}/K_{GD}$", labelpad=0)
    axes.set_title(title, fontsize=8)
    axes.xaxis.set_major_locator(LogLocator(subs=(1,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _slopes(axes: Axes, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Exponents by spectrum: measured with interval, exact as a tick."""
    axes.set_title("exponent in n", fontsize=8)
    axes.set(xlabel="d ln(slowdown)/d ln n", xlim=(-0.15, 1.15), ylim=(len(names) - 0.4, -0.6))
    for one in (0, 1):
        axes.axvline(one, color=GREY, lw=0.6, linestyle=":", zorder=0)
    for line in lines:
        y = names.index(line.spectrum) + {"theory": -0.22, "trace": 0.0, "tuned": 0.22}.get(line.rule, 0.3)
        slope, color = line.slope(), COLOR.get(line.rule, GREY)
        axes.plot([slope.low, slope.high], [y, y], color=color, lw=1.0)
        axes.plot(slope.value, y, color=color, marker=MARKER.get(line.rule, "d"), ms=3.5, mfc="white", mew=0.9)
        axes.plot(line.exact_slope(), y, color=BLACK, marker="|", ms=5, mew=0.8)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=6)
    axes.tick_params(axis="y", length=0, pad=1)


def two_exponents(found: Sequence[Point]) -> Figure:
    """The harmonic spectrum: the slowdown with its fitted lines, and the exponent between neighbours."""
    figure, grid = drawing.panels(1, 2, wide=2.9, high=2.6, foot=0.95)
    left, right = grid[0]
    own = [line for line in numbers.lines(found) if line.spectrum == "harmonic"]
    for line in own:
        _slowdown(left, line)
        _fit(left, line)
        n, local = line.local()
        _words(left, line, own.index(line))
        right.plot(n, local, color=COLOR.get(line.rule, GREY), marker=MARKER.get(line.rule, "d"), lw=0.9, ms=3.5)
    _frame(left, own, "One problem: slowdown and fitted powers")
    right.set(xscale="log", xlabel="n", ylim=(0, 1.15), xlim=(6, 3e3))
    right.set_ylabel("d ln(slowdown)/d ln n, exact", labelpad=2)
    right.set_title("Exponent between neighbouring n", fontsize=8)
    right.axhline(1, color=GREY, lw=0.8, linestyle=":", zorder=0)
    right.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    right.xaxis.set_minor_formatter(NullFormatter())
    seeds = max((point.time.runs for line in own for point in line.points), default=0)
    caption = "Eigenvalues max(1/i, 0.01), f − f* to 1e-4 of the start, float64; "
    caption += f"median over {seeds} seeds. Tuned: against tuned gradient descent."
    handles = _handles([line.rule for line in own])[:-2]
    handles += [handle("exact recursion", GREY, lw=0.9), handle("fitted power", GREY, lw=0.8, linestyle=(0, (3, 2)))]
    drawing.legend(figure, handles, caption, columns=5)
    return figure


def _fit(axes: Axes, line: Line) -> None:
    """The fitted power and its words at the right end; nothing where fewer than four dimensions ran."""
    kept = [point for point in line.points if np.isfinite(point.ratio.value)]
    slope = statistics.exponent([p.n for p in kept], [p.ratio for p in kept])
    if not np.isfinite(slope.value):
        return
    n, y = np.array([p.n for p in kept], float), np.array([p.ratio.value for p in kept])
    through = np.exp(np.log(y).mean() + slope.value * (np.log(n) - np.log(n).mean()))
    color = COLOR.get(line.rule, GREY)
    axes.plot(n, through, color=color, lw=0.8, linestyle=(0, (3, 2)))
    axes.annotate(
        f"$n^{{{slope.value:.2f}}}$", (n[-1], through[-1]), (4, -3), textcoords="offset points", color=color, fontsize=8
    )


def _words(axes: Axes, line: Line, place: int) -> None:
    """The exponent of the exact recursion, each dimension of the same weight, in the corner that rising lines leave."""
    slope = line.long_slope(most=SHEET)
    if np.isfinite(slope):
        ends = [n for n in line.exact if n <= SHEET]
        text = f"exact, n = {min(ends)} to {max(ends)}: {slope:.2f}"
        axes.text(0.03, 0.98 - 0.075 * place, text, transform=axes.transAxes, va="top", fontsize=7,
                  color=COLOR.get(line.rule, GREY))  # fmt: skip


def _handles(rules: Sequence[str]) -> list[Line2D]:
    own = drawing.rule_handles(rules, lw=0.9)
    return [*own, handle("exact recursion", BLACK, marker="|", ms=6, lw=0), handle("n", GREY, lw=0.8, linestyle=":")]
