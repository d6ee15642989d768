"""The pictures of the symbolic study: swelling formulas, differences in many digits, all ways side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from zobench.experiments.symbolic.numbers import FAMILIES, FROM_DIGITS, relative_errors
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from zobench.store import Record

LINES = (5, 2)
COUNTED = {1: ("derivative", VERMILLION, "^"), 2: ("subexpressions shared", ORANGE, "v"), 0: ("f", GREY, "s")}
PROGRAM = {4: ("grad in JAX", BLACK, "o")}
TIMED = {
    0: ("derivative", VERMILLION, "^"),
    1: ("subexpressions shared", ORANGE, "v"),
    2: ("trace of grad in JAX", BLACK, "o"),
}
TIMED |= {3: ("traced and compiled", BLUE, "D")}
FORMULA: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "product": (r"$3n^2-2$", lambda n: 3 * n**2 - 2),
    "composition": (r"$2^{n-3}(5n^2+15n-8)$", lambda n: 2.0 ** (n - 3) * (5 * n**2 + 15 * n - 8)),
    "chain": (r"$4n^2+4n-1$", lambda n: 4 * n**2 + 4 * n - 1),
    "network": (r"$2^n(6n+1)-3$", lambda n: 2.0**n * (6 * n + 1) - 3),
}
ERRORS = {
    "step 1e-8": (VERMILLION, "^", "step 1e-8"),
    "step shrinks with the digits": (ORANGE, "v", r"step $10^{-k/2}$"),
    "dual numbers": (BLUE, "s", "dual numbers"),
}


def draw(found: Sequence[Record], folder: Path) -> None:
    """All three figures; empty frames where nothing ran."""
    parts = {record.meta["part"]: record for record in found}
    with drawing.context():
        drawing.save(_swell(parts), folder, "swell")
        drawing.save(_precision(parts.get("precision")), folder, "precision")
        drawing.save(_ways(parts.get("ways")), folder, "ways")


def _swell(parts: dict[str, Record]) -> Figure:
    figure, grid = drawing.panels(2, 4, wide=2.0, high=1.9, foot=1.05, head=0.55)
    for k, (family, title) in enumerate(FAMILIES.items()):
        for row, (axes, name) in enumerate(zip((grid[0][k], grid[1][k]), ("counts", "times"), strict=True)):
            steep = family in ("composition", "network")
            axes.set(xscale="linear" if steep else "log", yscale="log")
            if row:
                axes.set_xlabel("levels n" if steep else "factors n" if family == "product" else "links n")
            else:
                axes.set_title(title)
            if family in parts:
                (_counts if name == "counts" else _times)(axes, parts[family], family)
        if not k:
            grid[0][0].set_ylabel("operations")
            grid[1][0].set_ylabel("CPU seconds to derive")
    looks = {**COUNTED, **PROGRAM, 9: TIMED[3]}
    handles = [
        Line2D([], [], color=color, marker=marker, lw=0.9, label=label) for label, color, marker in looks.values()
    ]
    handles.append(Line2D([], [], color=PURPLE, lw=0.9, linestyle=(0, LINES), label="formula in the panel"))
    caption = "Above: operations of formulas (sympy, as trees) and of programs (JAX). Below: CPU seconds from f to its "
    caption += "derivative, median of interleaved rounds."
    drawing.legend(figure, handles, caption, columns=6)
    return figure


def _counts(axes: Axes, record: Record, family: str) -> None:
    level, counts = record.arrays["levels"], record.arrays["counts"]
    for i, (_, color, marker) in {**COUNTED, **PROGRAM}.items():
        axes.plot(level, counts[:, i], color=color, marker=marker, lw=0.9, ms=3.5)
    text, formula = FORMULA[family]
    fine = np.linspace(max(2, level.min()), level.max(), 100)
    axes.plot(fine, formula(fine), color=PURPLE, lw=0.9, linestyle=(0, LINES), zorder=5)
    axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", color=PURPLE, fontsize=7.5)
    _ticks(axes, level)


def _times(axes: Axes, record: Record, family: str) -> None:
    level, times = record.arrays["levels"], record.arrays["times"]
    for i, (_, color, marker) in TIMED.items():
        low, middle, high = np.quantile(times[:, i], [0.25, 0.5, 0.75], axis=1)
        axes.plot(level, middle, color=color, marker=marker, lw=0.9, ms=3.5)
        axes.fill_between(level, low, high, color=color, alpha=0.2, lw=0)
    _ticks(axes, level)


def _ticks(axes: Axes, level: np.ndarray) -> None:
    if axes.get_xscale() == "log":
        axes.set_xticks(level, [str(value) for value in level])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def _precision(record: Record | None) -> Figure:
    figure, grid = drawing.panels(1, 3, wide=2.6, high=2.3, foot=1.05)
    first, second, third = grid[0]
    for axes in grid[0]:
        axes.set(xscale="log", yscale="log")
    first.set(xlabel="digits k", ylabel="CPU seconds of a gradient, 2 variables")
    second.set(xlabel="variables n", ylabel="CPU seconds of a gradient, 1000 digits")
    third.set(xlabel="digits k", ylabel="correct digits of the gradient")
    handles: list[Line2D] = []
    if record is not None:
        handles = [*_times_of(first, second, record), *_correct(third, record)]
    caption = "Forward differences in mpmath (pure Python integers unless gmpy2 is there), median and quartiles of "
    caption += "interleaved rounds. Right: the example of lecture 003; grey: k/2 and k."
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _times_of(first: Axes, second: Axes, record: Record) -> list[Line2D]:
    handles = []
    arrays = record.arrays
    for kind, color, marker, times, more in zip(
        record.meta["kinds"], (GREEN, PURPLE), ("o", "D"), arrays["digits_time"], arrays["variables_time"], strict=True
    ):
        for axes, size, seconds in ((first, arrays["digits"], times), (second, arrays["variables"], more)):
            low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75], axis=1)
            axes.plot(size, middle, color=color, marker=marker, lw=0.9, ms=3.5)
            axes.fill_between(size, low, high, color=color, alpha=0.2, lw=0)
        handles.append(Line2D([], [], color=color, marker=marker, lw=0.9, label=kind))
    largest = arrays["digits"][-1]
    for exponent, seconds, look in ((2.0, arrays["digits_time"][1], ":"), (1.585, arrays["digits_time"][0], "--")):
        middle = np.median(seconds, axis=1)
        last = np.flatnonzero(np.isfinite(middle))[-1]
        k = np.geomspace(min(FROM_DIGITS.values()), largest, 50)
        style: Any = look
        first.plot(k, 1.6 * middle[last] * (k / arrays["digits"][last]) ** exponent, color=GREY, lw=0.9, linestyle=look)
        label = r"$k^2$ (schoolbook)" if exponent == 2 else r"$k^{1.58}$ (Karatsuba)"
        handles.append(Line2D([], [], color=GREY, lw=0.9, linestyle=style, label=label))
    n = arrays["variables"]
    anchor = float(np.median(arrays["variables_time"][0, -1]))
    second.plot(n, 0.6 * anchor * (n + 1) / (n[-1] + 1), color=GREY, lw=0.9)
    handles.append(Line2D([], [], color=GREY, lw=0.9, label=r"$n+1$"))
    return handles


def _correct(axes: Axes, record: Record) -> list[Line2D]:
    digits, handles = record.arrays["digits"], []
    for kind, error in zip(record.meta["errors"], record.arrays["error"], strict=True):
        color, marker, label = ERRORS[kind]
        axes.plot(digits, -error, color=color, marker=marker, lw=0, ms=4)
        handles.append(Line2D([], [], color=color, marker=marker, lw=0, label=label))
    shown = digits[np.isfinite(record.arrays["error"][0])]
    axes.plot(shown, shown / 2, color=GREY, lw=0.7, zorder=0)
    axes.plot(shown, shown, color=GREY, lw=0.7, zorder=0)
    axes.axhline(8, color=GREY, lw=0.7, zorder=0)
    return handles


def _ways(record: Record | None) -> Figure:
    figure, grid = drawing.panels(1, 3, wide=2.3, high=2.2, foot=0.85)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + 1.5, height)
    if record is None:
        drawing.legend(figure, [], "no record")
        return figure
    arrays, ways = record.arrays, record.meta["ways"]
    base = arrays["seconds"][ways.index("reverse mode")]
    columns = [
        ("relative error", np.maximum(relative_errors(record), 1e-17)[:, None]),
        ("operations / operations of f", (arrays["operations"] / record.meta["f"])[:, None]),
        ("CPU time / that of reverse mode", arrays["seconds"] / base),
    ]
    for k, (axes, (label, values)) in enumerate(zip(grid[0], columns, strict=True)):
        axes.set_position(((2.05 + k * 2.75) / (width + 1.5), 0.85 / height, 2.3 / (width + 1.5), 2.2 / height))
        axes.set(xscale="log", xlabel=label, ylim=(len(ways) - 0.5, -0.5))
        axes.set_yticks(range(len(ways)), ways if not k else [""] * len(ways))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color="#dddddd", lw=0.5)
        axes.xaxis.set_major_locator(LogLocator(base=1000 if not k else 10, numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
        for row, (way, own) in enumerate(zip(ways, values, strict=True)):
            _mark(axes, row, way, own)
        if k:
            axes.set_xlim(
                0.7 * 10 ** np.floor(np.log10(np.nanmin(values))), 10 ** np.ceil(np.log10(np.nanmax(values)) + 0.01)
            )
    n = arrays["exact"].size
    caption = (
        f"Helmholtz energy of {n} variables, float64. Black: automatic; blue: other programs; red: run in Python. "
    )
    caption += "Time: median and quartiles of interleaved rounds."
    drawing.legend(figure, [], caption)
    return figure


def _mark(axes: Axes, row: int, way: str, own: np.ndarray) -> None:
    automatic = way in ("reverse mode", "forward mode", "dual numbers")
    color = BLACK if automatic else VERMILLION if way.startswith(("symbolic", "arbitrary")) else BLUE
    low, middle, high = np.quantile(own, [0.25, 0.5, 0.75])
    if np.isfinite(middle):
        axes.plot([low, high], [row, row], color=color, lw=1.2)
        axes.plot(middle, row, marker="o" if automatic else "s", color=color, ms=4.5)
    else:
        axes.text(0.03, row, "not counted", transform=axes.get_yaxis_transform(), fontsize=6.5, color=SKY, va="center")
