"""Differences between formula and machine against the size, and against the condition number."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.matrix_gradients.page import WAYS, ill_conditioned, worst_of
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, handle
from zobench.store import Record

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
LOOK = [
    {"color": color, "marker": marker, "ms": 3.5, "lw": 0.9}
    for marker in "o^"
    for color in (BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION)
]


def differences(found: Sequence[Record]) -> Figure:
    """Against the size on the left, the condition number on the right."""
    config = found[0].meta["config"]
    unit = UNIT[config["dtype"]]
    figure, ((left, right),) = drawing.panels(1, 2, wide=3.5, foot=1.35)
    n, names = [record.meta["n"] for record in found], found[0].meta["names"]
    worst = np.maximum([worst_of(record)[:, 0] for record in found], unit / 10)
    for values, look in zip(worst.T, LOOK, strict=False):
        left.plot(n, values, **look)
    left.axhline(unit, color=GREY, lw=0.9, ls=":")
    left.set(xscale="log", yscale="log", xlabel="size n", ylabel="gradient: relative difference")
    drawing.sizes(left, n)
    left.set_title("formula against reverse mode")
    _conditions(right, found, unit)
    handles = [handle(name, **look) for name, look in zip(names, LOOK, strict=False)]
    handles.append(handle("u, and κu on the right", GREY, lw=0.9, ls=":"))
    caption = f"Largest of {config['study']['draws']} random instances, {config['dtype']}; u the unit roundoff. "
    caption += "Left: matrices to invert have κ = 3. Points at 0 (equal to the last bit) are drawn at the bottom."
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _conditions(axes: Axes, found: Sequence[Record], unit: float) -> None:
    condition = found[0].arrays["condition"]
    errors = np.maximum(ill_conditioned(found), unit / 10)
    low, middle, high = np.quantile(errors, [0, 0.5, 1], axis=0).swapaxes(1, 2)
    for i, (color, marker, shift) in enumerate(((VERMILLION, "s", 1 / 1.12), (BLUE, "x", 1.12))):
        axes.vlines(condition * shift, low[i], high[i], color=color, lw=0.9)
        axes.plot(condition * shift, middle[i], color=color, marker=marker, ms=4, lw=0.9, label=WAYS[i])
    axes.plot(condition, condition * unit, color=GREY, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="condition number κ of X [8, 8]", ylabel="gradient: relative error")
    axes.legend(loc="upper left", title=f"median and range of {len(errors)}", title_fontsize=7)
    axes.set_title("tr(AX⁻¹B) against rational arithmetic")
