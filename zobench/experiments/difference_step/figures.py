"""The pictures of the difference-step report: V-curves with their predictions, whole gradients, best steps, floors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.experiments.difference_step import page
from zobench.experiments.difference_step.page import VCurve
from zobench.report import drawing, keys, labels
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

COLOR = {"forward": VERMILLION, "central": BLUE, "fourth": ORANGE, "complex": GREEN}
WORD = {"forward": "forward", "central": "central", "fourth": "fourth order", "complex": "complex step"}
LEVELS = (BLACK, SKY, PURPLE, GREY)  # of noise; the quotients have the other colours
MARK = {"float64": "o", "float32": "s"}


def v_curves(found: Sequence[Record]) -> Figure:
    """Errors of a directional derivative against ε: of both precisions, and of several levels of noise."""
    figure, (above, below) = drawing.panels(2, 2, wide=3.3, high=2.4, foot=1.0, head=0.72)
    record = found[0]
    for axes, dtype, least in zip(above, ("float64", "float32"), (3e-17, 1e-8), strict=True):
        for curve in reversed(page.curves(record, "line", dtype=dtype, sigma_given=0.0)):
            _curve(axes, curve, COLOR[curve.about["quotient"]])
        _frame(axes, f"{dtype}, rounding alone", (least, 1.0))
    for axes, quotient in zip(below, ("forward", "central"), strict=True):
        levels = []
        for curve, color in zip(page.curves(record, "line", dtype="float64", quotient=quotient), LEVELS, strict=False):
            _curve(axes, curve, color)
            levels.append(handle(f"σ = {labels.plain(curve.about['sigma_given'])}", color, marker=".", lw=0))
        _frame(axes, f"{WORD[quotient]}, float64, noise in the values", (1e-11, 1e3))
        keys.below(axes, levels, columns=4)
    handles = [handle(WORD[name], color, marker=".", lw=0.8) for name, color in COLOR.items()]
    handles.append(handle("predicted error", GREY, lw=0.8))
    handles.append(handle("predicted best ε", BLACK, marker="v", ms=6, mfc="none", lw=0))
    caption = f"{page.problem(record)}, n = {record.meta['n']}, {record.meta['lines']} random directions at x0; root "
    caption += (
        "mean square over them, relative to the derivative's. Dots are measured. Predicted: Moré & Wild, with the "
    )
    caption += "noise that ECNoise finds."
    drawing.legend(figure, handles, caption, columns=6)
    return figure


def _curve(axes: Axes, curve: VCurve, color: str) -> None:
    """Measured points, c εᵖ + d/ε in quadrature, and its least; c εᵖ alone where there is none."""
    seen = curve.error > 0
    big = 6 if curve.about["quotient"] == "complex" else 3.5  # its truncation is that of the central quotient
    axes.plot(curve.eps[seen], curve.error[seen] / curve.scale, ".", color=color, ms=big)
    expected, known = curve.expected, curve.best == curve.best
    error = np.hypot(expected["c"] * curve.eps ** expected["power"], expected["d"] / curve.eps if known else 0)
    axes.plot(curve.eps, error / curve.scale, color=color, lw=0.7)
    if known:
        axes.plot(curve.best, expected["error"] / curve.scale, "v", color=BLACK, ms=6, mfc="none", mew=0.8, zorder=5)


def _frame(axes: Axes, title: str, limits: tuple[float, float]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel="relative error", ylim=limits)
    axes.set_xlim(1e-13 if "float64" in title else 1e-8, 1.5)
    axes.set_title(title)


def steps(found: Sequence[Record]) -> Figure:
    """Whole gradients, measured against predicted best steps, and floors of runs; what did not run is left out."""
    figure, [[left, middle, right]] = drawing.panels(1, 3, wide=2.3, high=2.4, foot=0.5, head=0.5)
    handles = []
    for record in found:
        handles += _gradient(left, record, *((GREY, "x") if "floors" in record.meta else (BLUE, "o")))
    left.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"$\|G - g\|/\|g\|$", xlim=(1e-13, 1.5))
    left.set_ylim(1e-16, 1e3)
    left.set_title("whole gradient, central")
    keys.below(left, handles)
    _best(middle, page.curves(found[0], "line"))
    if found[-1].meta.get("floors"):
        _floors(right, found[-1])
    caption = "Left: float64, rounding alone. Middle: directional derivatives, all precisions and noises of "
    caption += f"{page.problem(found[0])}. Right: f = ½‖x‖², α = 1/(nL), 64 seeds, bars 95 %."
    drawing.legend(figure, [], caption)
    return figure


def _gradient(axes: Axes, record: Record, color: str, mark: str) -> list[Line2D]:
    (curve,) = page.curves(record, "gradient", **page.CENTRAL)
    seen, look = curve.error > 0, {"marker": mark, "lw": 0, "ms": 3, "mfc": "none", "mew": 0.7}
    axes.plot(curve.eps[seen], curve.error[seen] / curve.scale, color=color, **look)
    handles = [handle(page.problem(record), color, **look)]
    if record.meta["M"] > 1e-6:
        bound = record.meta["n"] ** 0.5 * record.meta["M"] * curve.eps**2 / 6
        axes.plot(curve.eps, bound / curve.scale, color=color, lw=0.9, linestyle="--")
        handles.append(handle("bound √n Mε²/6", color, lw=0.9, ls="--"))
    return handles


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
    drawing.band(axes, ends, ends / 2, ends * 2, GREY, alpha=0.15)
    marks = {"lw": 0, "ms": 4, "mfc": "none"}
    handles = [handle(WORD[name], COLOR[name], marker="o", **marks) for name in page.QUOTIENTS]
    axes.set_title("best ε; band: a factor of 2")
    keys.below(axes, [*handles, handle("float32", BLACK, marker="s", **marks)], columns=2)


def _floors(axes: Axes, record: Record) -> None:
    told = record.meta["floors"]
    n, sigma = record.meta["n"], max(record.meta["noise"])
    eps = np.array([one["eps"] for one in told])
    value, error = np.array([one["floor"] for one in told]).T
    drawing.means(axes, eps, value, error, VERMILLION, "^")
    fine, law, best = (
        np.geomspace(eps.min(), eps.max(), 60),
        {"color": VERMILLION, "lw": 0.9},
        {"color": GREY, "lw": 0.9},
    )
    axes.plot(fine, n * sigma**2 / fine**2 + n * fine**2 / 8, **law)
    axes.axvline(8**0.25 * sigma**0.5, **best, linestyle=":", zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"floor of $E f - f^*$")
    axes.set_title(f"floor, forward, n = {n}")
    handles = [handle("nσ²/(Lε²) + nLε²/8", **law), handle(r"$8^{1/4}(\sigma/L)^{1/2}$", **best, ls=":")]
    measured = handle(f"measured, σ = {labels.plain(sigma)}", VERMILLION, marker="^", lw=0, ms=5, mfc="none")
    keys.below(axes, [measured, *handles])
