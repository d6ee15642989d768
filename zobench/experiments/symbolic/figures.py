"""Swelling formulas, differences in many digits, all ways side by side."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.symbolic.page import FAMILIES, FROM_DIGITS, STEEP, relative_errors
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, handle
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
    "step 1e-8": (VERMILLION, "^", r"step $10^{-8}$"),
    "step shrinks with the digits": (ORANGE, "v", r"step $10^{-k/2}$"),
    "dual numbers": (BLUE, "s", "dual numbers"),
}
KINDS = {
    "automatic": ("automatic differentiation, compiled", BLACK, "o"),
    "other": ("other ways, compiled", BLUE, "D"),
    "Python": ("run in Python", VERMILLION, "s"),
}  # of a way: title, colour, marker
AUTOMATIC = ("reverse mode", "forward mode", "dual numbers")


def _part(found: Sequence[Record], name: str) -> Record | None:
    return next((record for record in found if record.meta["part"] == name), None)


def swell(found: Sequence[Record]) -> Figure:
    """Operations on the left, times on the right, a row for each family; empty frames where it was not run."""
    figure, grid = sheets.page((2,) * len(FAMILIES), high=1.6, foot=1.45, between=0.62)
    for (left, right), (family, title) in zip(grid, FAMILIES.items(), strict=True):
        for axes in (left, right):
            axes.set(xscale="linear" if family in STEEP else "log", yscale="log")
            axes.set_xlabel(LEVELS.get(family, "levels n"), labelpad=1)
        left.set(title=f"{title}: operations", ylabel="operations")
        right.set(title="time to derive", ylabel="CPU seconds")
        if record := _part(found, family):
            _counts(left, record)
            for (color, marker), seconds in zip(TIMED, np.moveaxis(record.arrays["times"], 1, 0), strict=True):
                _quartiles(right, record.arrays["levels"], seconds, color, marker)
            for axes in (left, right):
                if family not in STEEP:
                    sheets.sizes(axes, record.arrays["levels"])
                axes.yaxis.set_minor_locator(NullLocator())
    handles = [handle(label, color, marker=marker, lw=0.9) for label, color, marker in COUNTED.values()]
    sheets.key_below(grid[-1][0], [*handles, handle("formula in the panel", **THEORY)], 2)
    handles = [handles[i] for i in (0, 1, 3)]
    sheets.key_below(grid[-1][1], [*handles, handle("traced and compiled (JAX)", BLUE, marker="D", lw=0.9)], 1)
    caption = "Operations of formulas (sympy, as trees) and of programs (JAX). CPU seconds from f to its "
    caption += "derivative, median and quartiles of interleaved rounds."
    drawing.legend(figure, [], caption)
    return figure


def _counts(axes: Axes, record: Record) -> None:
    level, counts = record.arrays["levels"], record.arrays["counts"]
    for i, (_, color, marker) in COUNTED.items():
        axes.plot(level, counts[:, i], color=color, marker=marker, lw=0.9, ms=3.5)
    text, formula = FORMULA[record.meta["part"]]
    fine = np.linspace(max(2, level.min()), level.max(), 100)
    axes.plot(fine, formula(fine), zorder=5, **THEORY)
    axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", color=PURPLE, fontsize=8.5)


def _quartiles(axes: Axes, x: np.ndarray, seconds: np.ndarray, color: str, marker: str) -> None:
    low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75], axis=1)
    axes.plot(x, middle, color=color, marker=marker, lw=0.9, ms=3.5)
    drawing.band(axes, x, low, high, color, alpha=0.2)


def precision(found: Sequence[Record]) -> Figure:
    """Times against digits and variables, correct digits; empty frames where it was not run."""
    figure, [[first, second], [third]] = sheets.page((2, 1))
    for axes in (first, second, third):
        axes.set(xscale="log", yscale="log")
    first.set(xlabel="digits k", ylabel="CPU seconds", title="a gradient in 2 variables: time")
    second.set(xlabel="variables n", ylabel="CPU seconds", title="a gradient to 1000 digits: time")
    third.set(xlabel="digits k", ylabel="correct digits", title="how many digits of the gradient are right")
    if record := _part(found, "precision"):
        _times(first, second, record)
        _correct(third, record)
    caption = "Forward differences in mpmath (pure Python integers unless gmpy2 is there), median and quartiles of "
    caption += "interleaved rounds. Below: the example of lecture 003."
    drawing.legend(figure, [], caption)
    return figure


def _times(first: Axes, second: Axes, record: Record) -> None:
    a, handles, laws = record.arrays, [], []
    for i, (kind, color, marker) in enumerate(zip(record.meta["kinds"], (GREEN, PURPLE), "oD", strict=True)):
        _quartiles(first, a["digits"], a["digits_time"][i], color, marker)
        _quartiles(second, a["variables"], a["variables_time"][i], color, marker)
        handles.append(handle(kind, color, marker=marker, lw=0.9))
    k = np.geomspace(min(FROM_DIGITS.values()), a["digits"][-1], 50)
    powers = ((2.0, 1, ":", r"$k^2$ (schoolbook)"), (1.585, 0, "--", r"$k^{1.58}$ (Karatsuba)"))
    for exponent, kind, line, label in powers:
        middle = np.median(a["digits_time"][kind], axis=1)
        last = np.flatnonzero(np.isfinite(middle))[-1]
        first.plot(k, 1.6 * middle[last] * (k / a["digits"][last]) ** exponent, color=GREY, lw=0.9, linestyle=line)
        laws.append(handle(label, GREY, lw=0.9, linestyle=line))
    n, anchor = a["variables"], float(np.median(a["variables_time"][0, -1]))
    second.plot(n, 0.6 * anchor * (n + 1) / (n[-1] + 1), color=GREY, lw=0.9)
    sheets.key(first, [*handles, *laws], "upper left")
    sheets.key(second, [*handles, handle(r"$\propto n+1$", GREY, lw=0.9)], "upper left")


def _correct(axes: Axes, record: Record) -> None:
    digits, errors = record.arrays["digits"], dict(zip(record.meta["errors"], record.arrays["error"], strict=True))
    for kind, (color, marker, _) in ERRORS.items():
        axes.plot(digits, -errors[kind], color=color, marker=marker, lw=0, ms=4)
    shown = digits[np.isfinite(record.arrays["error"][0])]
    for expected, words in ((shown / 2, "k/2"), (shown, "k"), (np.full(shown.size, 8.0), "8")):
        axes.plot(shown, expected, color=GREY, lw=0.7, zorder=0)
        sheets.said(axes, words, shown[-1], expected[-1], xytext=(8, -3))
    handles = [handle(label, color, marker=marker, lw=0) for color, marker, label in ERRORS.values()]
    sheets.key(axes, [*handles, handle("expected", GREY, lw=0.7)], "upper left")


def ways(found: Sequence[Record]) -> Figure:
    """Errors, operations and times, a line for each way; empty frames where they were not run."""
    shape = {"wide": 1.6, "high": 2.4, "foot": 0.95, "left": 1.85, "gap": 0.22, "right": 0.2}
    figure, [row] = drawing.panels(1, 3, **shape)
    record = _part(found, "ways")
    if record is None:
        drawing.legend(figure, [], "no record")
        return figure
    a, names = record.arrays, record.meta["ways"]
    errors = relative_errors(record)
    floor = float(np.min(errors[errors > 0], initial=1e-16)) / 10
    columns = {
        "relative error": errors[:, None],
        "operations / those of f": (a["operations"] / record.meta["f"])[:, None],
        "time / that of reverse mode": a["seconds"] / a["seconds"][names.index("reverse mode")],
    }
    for axes, (label, values) in zip(row, columns.items(), strict=True):
        axes.set(xscale="log", xlabel=label)
        drawing.listed(axes, names, named=axes is row[0])
        for y, (way, own) in enumerate(zip(names, values, strict=True)):
            _mark(axes, y, way, own, floor)
        axes.xaxis.set_minor_locator(NullLocator())
        if axes is row[0]:
            powers = sheets.decades(10 * floor, 3 * float(errors.max()), every=3)
            axes.xaxis.set_ticks(powers)
            if (errors <= 0).any():
                sheets.mark_floor(axes.xaxis, floor, powers)
        else:
            axes.xaxis.set_major_locator(LogLocator(base=10, numticks=8))
            low, high = np.log10([np.nanmin(values), np.nanmax(values)])
            axes.set_xlim(0.7 * 10 ** np.floor(low), 1.4 * 10 ** np.ceil(high + 0.01))
    handles = [handle(label, color, marker=marker, ms=4.5, lw=0) for label, color, marker in KINDS.values()]
    caption = (
        f"Helmholtz energy of {a['exact'].size} variables, float64. CPU time: median and quartiles of interleaved "
    )
    drawing.legend(figure, handles, f"{caption}rounds.", columns=3)
    return figure


def _kind(way: str) -> str:
    return "automatic" if way in AUTOMATIC else "Python" if way.startswith(("symbolic", "arbitrary")) else "other"


def _mark(axes: Axes, y: int, way: str, own: np.ndarray, floor: float) -> None:
    """The median of a way with its quartiles; no error at all is an open mark on the floor."""
    _, color, marker = KINDS[_kind(way)]
    low, middle, high = np.quantile(own, [0.25, 0.5, 0.75])
    if np.isfinite(middle):
        axes.plot([low, high], [y, y], color=color, lw=1.2)
        axes.plot(middle or floor, y, marker=marker, color=color, ms=4.5, mfc=color if middle else "white")
    else:
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        where = {"transform": axes.get_yaxis_transform(), "va": "center", "bbox": ground}
        axes.text(0.04, y, "not counted", fontsize=8, color=GREY, **where)
