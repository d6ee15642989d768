"""Swelling formulas, differences in many digits, all ways side by side."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.symbolic.page import FAMILIES, FROM_DIGITS, STEEP, relative_errors
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

COUNTED = {
    1: ("derivative", VERMILLION, "^"),
    2: ("subexpressions shared", ORANGE, "v"),
    0: ("f", GREY, "s"),
    4: ("grad in JAX", BLACK, "o"),
}  # by what is counted: title, colour, marker
TIMED = ((VERMILLION, "^"), (ORANGE, "v"), (BLACK, "o"), (BLUE, "D"))
THEORY = {"color": PURPLE, "lw": 0.9, "linestyle": (0, (5, 2))}
FORMULA: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "product": (r"$3n^2-2$", lambda n: 3 * n**2 - 2),
    "composition": (r"$2^{n-3}(5n^2+15n-8)$", lambda n: 2.0 ** (n - 3) * (5 * n**2 + 15 * n - 8)),
    "chain": (r"$4n^2+4n-1$", lambda n: 4 * n**2 + 4 * n - 1),
    "network": (r"$2^n(6n+1)-3$", lambda n: 2.0**n * (6 * n + 1) - 3),
}
LEVELS = {"product": "factors n", "chain": "links n"}  # what the levels of a family are called
ERRORS = {
    "step 1e-8": (VERMILLION, "^", "step 1e-8"),
    "step shrinks with the digits": (ORANGE, "v", r"step $10^{-k/2}$"),
    "dual numbers": (BLUE, "s", "dual numbers"),
}
AUTOMATIC = ("reverse mode", "forward mode", "dual numbers")


def _part(found: Sequence[Record], name: str) -> Record | None:
    return next((record for record in found if record.meta["part"] == name), None)


def swell(found: Sequence[Record]) -> Figure:
    """Operations above, times below, a column for each family; empty frames where it was not run."""
    figure, grid = drawing.panels(2, 4, wide=2.0, high=1.9, foot=1.05, head=0.55)
    for above, below, (family, title) in zip(*grid, FAMILIES.items(), strict=True):
        for axes in (above, below):
            axes.set(xscale="linear" if family in STEEP else "log", yscale="log")
        above.set_title(title)
        below.set_xlabel(LEVELS.get(family, "levels n"))
        if record := _part(found, family):
            _counts(above, record)
            for (color, marker), seconds in zip(TIMED, np.moveaxis(record.arrays["times"], 1, 0), strict=True):
                _quartiles(below, record.arrays["levels"], seconds, color, marker)
            for axes in (above, below):
                if family not in STEEP:
                    drawing.sizes(axes, record.arrays["levels"])
                axes.yaxis.set_minor_locator(NullLocator())
    grid[0][0].set_ylabel("operations")
    grid[1][0].set_ylabel("CPU seconds to derive")
    handles = [handle(label, color, marker=marker, lw=0.9) for label, color, marker in COUNTED.values()]
    handles.append(handle("traced and compiled", BLUE, marker="D", lw=0.9))
    caption = "Above: operations of formulas (sympy, as trees) and of programs (JAX). Below: CPU seconds from f to its "
    caption += "derivative, median of interleaved rounds."
    drawing.legend(figure, [*handles, handle("formula in the panel", **THEORY)], caption, columns=6)
    return figure


def _counts(axes: Axes, record: Record) -> None:
    level, counts = record.arrays["levels"], record.arrays["counts"]
    for i, (_, color, marker) in COUNTED.items():
        axes.plot(level, counts[:, i], color=color, marker=marker, lw=0.9, ms=3.5)
    text, formula = FORMULA[record.meta["part"]]
    fine = np.linspace(max(2, level.min()), level.max(), 100)
    axes.plot(fine, formula(fine), zorder=5, **THEORY)
    axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", color=PURPLE, fontsize=7.5)


def _quartiles(axes: Axes, x: np.ndarray, seconds: np.ndarray, color: str, marker: str) -> None:
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75], axis=1)
    axes.plot(x, middle, color=color, marker=marker, lw=0.9, ms=3.5)
    drawing.band(axes, x, low, high, color, alpha=0.2)


def precision(found: Sequence[Record]) -> Figure:
    """Times against digits and variables, correct digits; empty frames where it was not run."""
    figure, [[first, second, third]] = drawing.panels(1, 3, wide=2.6, high=2.3, foot=1.05)
    for axes in (first, second, third):
        axes.set(xscale="log", yscale="log")
    first.set(xlabel="digits k", ylabel="CPU seconds of a gradient, 2 variables")
    second.set(xlabel="variables n", ylabel="CPU seconds of a gradient, 1000 digits")
    third.set(xlabel="digits k", ylabel="correct digits of the gradient")
    record = _part(found, "precision")
    handles = [*_times(first, second, record), *_correct(third, record)] if record else []
    caption = "Forward differences in mpmath (pure Python integers unless gmpy2 is there), median and quartiles of "
    caption += "interleaved rounds. Right: the example of lecture 003; grey: k/2 and k."
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _times(first: Axes, second: Axes, record: Record) -> list[Line2D]:
    a, handles = record.arrays, []
    for i, (kind, color, marker) in enumerate(zip(record.meta["kinds"], (GREEN, PURPLE), "oD", strict=True)):
        _quartiles(first, a["digits"], a["digits_time"][i], color, marker)
        _quartiles(second, a["variables"], a["variables_time"][i], color, marker)
        handles.append(handle(kind, color, marker=marker, lw=0.9))
    k = np.geomspace(min(FROM_DIGITS.values()), a["digits"][-1], 50)
    laws = ((2.0, 1, ":", r"$k^2$ (schoolbook)"), (1.585, 0, "--", r"$k^{1.58}$ (Karatsuba)"))
    for exponent, kind, line, label in laws:
        middle = np.median(a["digits_time"][kind], axis=1)
        last = np.flatnonzero(np.isfinite(middle))[-1]
        first.plot(k, 1.6 * middle[last] * (k / a["digits"][last]) ** exponent, color=GREY, lw=0.9, linestyle=line)
        handles.append(handle(label, GREY, lw=0.9, linestyle=line))
    n, anchor = a["variables"], float(np.median(a["variables_time"][0, -1]))
    second.plot(n, 0.6 * anchor * (n + 1) / (n[-1] + 1), color=GREY, lw=0.9)
    return [*handles, handle(r"$n+1$", GREY, lw=0.9)]


def _correct(axes: Axes, record: Record) -> list[Line2D]:
    digits, errors = record.arrays["digits"], dict(zip(record.meta["errors"], record.arrays["error"], strict=True))
    for kind, (color, marker, _) in ERRORS.items():
        axes.plot(digits, -errors[kind], color=color, marker=marker, lw=0, ms=4)
    shown = digits[np.isfinite(record.arrays["error"][0])]
    for expected in (shown / 2, shown):
        axes.plot(shown, expected, color=GREY, lw=0.7, zorder=0)
    axes.axhline(8, color=GREY, lw=0.7, zorder=0)
    return [handle(label, color, marker=marker, lw=0) for color, marker, label in ERRORS.values()]


def ways(found: Sequence[Record]) -> Figure:
    """Errors, operations and times, a line for each way; empty frames where they were not run."""
    shape = {"wide": 2.3, "high": 2.2, "foot": 0.85, "left": 2.05, "gap": 0.45, "right": 0.61}
    figure, [row] = drawing.panels(1, 3, **shape)
    record = _part(found, "ways")
    if record is None:
        drawing.legend(figure, [], "no record")
        return figure
    a, names = record.arrays, record.meta["ways"]
    columns = {
        "relative error": np.maximum(relative_errors(record), 1e-17)[:, None],
        "operations / operations of f": (a["operations"] / record.meta["f"])[:, None],
        "CPU time / that of reverse mode": a["seconds"] / a["seconds"][names.index("reverse mode")],
    }
    for axes, (label, values) in zip(row, columns.items(), strict=True):
        of_error = axes is row[0]
        axes.set(xscale="log", xlabel=label)
        drawing.listed(axes, names, named=of_error)
        axes.xaxis.set_major_locator(LogLocator(base=1000 if of_error else 10, numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
        for y, (way, own) in enumerate(zip(names, values, strict=True)):
            _mark(axes, y, way, own)
        if not of_error:
            low, high = np.log10([np.nanmin(values), np.nanmax(values)])
            axes.set_xlim(0.7 * 10 ** np.floor(low), 10 ** np.ceil(high + 0.01))
    caption = f"Helmholtz energy of {a['exact'].size} variables, float64. Black: automatic; blue: other programs; red: "
    caption += "run in Python. Time: median and quartiles of interleaved rounds."
    drawing.legend(figure, [], caption)
    return figure


def _mark(axes: Axes, y: int, way: str, own: np.ndarray) -> None:
    color = BLACK if way in AUTOMATIC else VERMILLION if way.startswith(("symbolic", "arbitrary")) else BLUE
    low, middle, high = np.quantile(own, [0.25, 0.5, 0.75])
    if np.isfinite(middle):
        axes.plot([low, high], [y, y], color=color, lw=1.2)
        axes.plot(middle, y, marker="o" if way in AUTOMATIC else "s", color=color, ms=4.5)
    else:
        axes.text(0.03, y, "not counted", transform=axes.get_yaxis_transform(), fontsize=6.5, color=SKY, va="center")
