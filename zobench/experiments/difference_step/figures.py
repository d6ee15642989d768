"""The pictures of the difference-step report: V-curves with their predictions, whole gradients, best steps, floors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.experiments.difference_step import numbers as reading
from zobench.experiments.difference_step.numbers import VCurve
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from zobench.store import Record

COLOR = {"forward": VERMILLION, "central": BLUE, "fourth": ORANGE, "complex": GREEN}
WORD = {"forward": "forward", "central": "central", "fourth": "fourth order", "complex": "complex step"}
LEVELS = (BLACK, SKY, PURPLE, VERMILLION)
MARK = {"float64": "o", "float32": "s"}


def draw(records: Sequence[Record], folder: Path) -> None:
    """Both figures; what did not run is left out."""
    record, other = reading.general(records), reading.quadratic(records)
    with drawing.context():
        _v_curves(record, folder)
        _whole(record, other, folder)


def _v_curves(record: Record | None, folder: Path) -> None:
    figure, grid = drawing.panels(2, 2, wide=3.3, high=2.5, foot=1.0, head=0.72)
    found = reading.curves(record, "line") if record else []
    scale = record.meta["scale"]["line"] if record else 1.0
    for axes, dtype in zip(grid[0], ("float64", "float32"), strict=True):
        for curve in reversed(reading.pick(found, dtype=dtype, sigma_given=0.0)):
            _curve(axes, curve, scale, COLOR[curve.about["quotient"]])
        _frame(axes, f"{dtype}, rounding alone", (3e-17 if dtype == "float64" else 1e-8, 1.0))
    for axes, quotient in zip(grid[1], ("forward", "central"), strict=True):
        some = reading.pick(found, dtype="float64", quotient=quotient)
        for curve, color in zip(some, LEVELS, strict=False):
            level = curve.about["sigma_given"]
            _curve(axes, curve, scale, color)
            axes.plot([], [], color=color, marker=".", lw=0, label=f"σ = {level:g}")
        _frame(axes, f"{WORD[quotient]}, float64, noise in the values", (1e-13, 1e3))
        axes.legend(loc="lower left", fontsize=6.5) if some else None
    handles = [Line2D([], [], color=color, marker=".", lw=0.8, label=WORD[name]) for name, color in COLOR.items()]
    handles += [
        Line2D([], [], color=GREY, lw=0.8, label="predicted error"),
        Line2D([], [], color=BLACK, marker="v", ms=6, mfc="none", lw=0, label="predicted best ε"),
    ]
    about = f"{reading.problem(record)}, n = {record.meta['n']}, {record.meta['lines']}" if record else "no"
    caption = f"{about} random directions at x0; root mean square over them, relative to the derivative's. "
    drawing.legend(figure, handles, caption + "Predicted: Moré & Wild; noise by ECNoise.", columns=6)
    drawing.save(figure, folder, "v_curves")


def _curve(axes: Axes, curve: VCurve, scale: float, color: str) -> None:
    """Measured points, c εᵖ + d/ε in quadrature, and its least."""
    seen = curve.error > 0
    big = 6 if curve.about["quotient"] == "complex" else 3.5  # its truncation is that of the central quotient
    axes.plot(curve.eps[seen], curve.error[seen] / scale, ".", color=color, ms=big)
    expected = curve.expected
    if curve.best == curve.best:
        both = np.hypot(expected["c"] * curve.eps ** expected["power"], expected["d"] / curve.eps)
        axes.plot(curve.eps, both / scale, color=color, lw=0.7)
        axes.plot(curve.best, expected["error"] / scale, "v", color=BLACK, ms=6, mfc="none", mew=0.8, zorder=5)
    else:
        axes.plot(curve.eps, expected["c"] * curve.eps ** expected["power"] / scale, color=color, lw=0.7)


def _frame(axes: Axes, title: str, limits: tuple[float, float]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="relative error", ylim=limits)
    axes.set_xlim(1e-13 if "float64" in title else 1e-8, 1.5)
    axes.set_title(title)


def _whole(record: Record | None, other: Record | None, folder: Path) -> None:
    figure, grid = drawing.panels(1, 3, wide=2.9, high=2.7, foot=0.75, head=0.5)
    left, middle, right = grid[0]
    for one, color, mark in ((record, BLUE, "o"), (other, GREY, "x")):
        if one:
            _gradient(left, one, color, mark)
    left.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"$\|G - g\|/\|g\|$", xlim=(1e-13, 1.5))
    left.set_ylim(1e-16, 1e3)
    left.set_title("Central differences, whole gradient")
    left.legend(loc="lower left", fontsize=6.5)
    if record:
        _best(middle, reading.curves(record, "line"))
    if other and other.meta["floors"]:
        _floors(right, other)
    caption = "Left: float64, rounding alone. Middle: directional derivatives, all precisions and noises of "
    caption += f"{reading.problem(record)}. Right: f = ½‖x‖², α = 1/(nL), 64 seeds, bars 95 %."
    drawing.legend(figure, [], caption)
    drawing.save(figure, folder, "steps")


def _gradient(axes: Axes, record: Record, color: str, mark: str) -> None:
    scale = record.meta["scale"]["gradient"]
    some = reading.pick(reading.curves(record, "gradient"), quotient="central", dtype="float64", sigma_given=0.0)
    for curve in some:
        seen = curve.error > 0
        name = reading.problem(record)
        axes.plot(curve.eps[seen], curve.error[seen] / scale, mark, color=color, ms=3, mfc="none", mew=0.7, label=name)
        if record.meta["M"] > 1e-6:
            bound = record.meta["n"] ** 0.5 * record.meta["M"] * curve.eps**2 / 6
            axes.plot(curve.eps, bound / scale, color=color, lw=0.7, linestyle="--", label="√n Mε²/6")


def _best(axes: Axes, found: Sequence[VCurve]) -> None:
    """Measured against predicted best ε."""
    for curve in found:
        if curve.best == curve.best:
            color, mark = COLOR[curve.about["quotient"]], MARK[curve.about["dtype"]]
            least = curve.eps[curve.error.argmin()]
            axes.plot(curve.best, least, mark, color=color, ms=5, mfc="none", mew=0.9)
    axes.set(xscale="log", yscale="log", xlabel="predicted best ε", ylabel="measured best ε")
    ends = np.array([1e-8, 1.0])
    axes.plot(ends, ends, color=GREY, lw=0.7)
    axes.fill_between(ends, ends / 2, ends * 2, color=GREY, alpha=0.15, lw=0)
    for name in ("forward", "central", "fourth"):
        axes.plot([], [], "o", color=COLOR[name], ms=4, mfc="none", label=WORD[name])
    axes.plot([], [], "s", color=BLACK, ms=4, mfc="none", label="float32")
    axes.set_title("Best ε; band: a factor of 2")
    axes.legend(loc="upper left", fontsize=6.5)


def _floors(axes: Axes, record: Record) -> None:
    told = record.meta["floors"]
    n, sigma = record.meta["n"], max(record.meta["noise"])
    eps = np.array([one["eps"] for one in told])
    value, error = np.array([one["floor"] for one in told]).T
    axes.errorbar(eps, value, yerr=1.96 * error, color=VERMILLION, marker="^", ms=5, lw=0, mfc="none", elinewidth=0.8)
    fine = np.geomspace(eps.min(), eps.max(), 60)
    axes.plot(fine, n * sigma**2 / fine**2 + n * fine**2 / 8, color=VERMILLION, lw=0.7, label="nσ²/(Lε²) + nLε²/8")
    axes.axvline(8**0.25 * sigma**0.5, color=GREY, lw=0.7, linestyle=":", label=r"$8^{1/4}\sqrt{\sigma/L}$")
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"floor of $E f - f^*$")
    axes.set_title(f"Floor of a run, forward, σ = {sigma:g}, n = {n}")
    axes.yaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.legend(loc="upper center", fontsize=6.5)
