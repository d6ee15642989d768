"""Differences between formula and machine against the size, and against the condition number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench import store
from zobench.experiments.matrix_gradients.page import WAYS, ill_conditioned
from zobench.report import drawing

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
LOOK = [
    (color, marker)
    for marker in ("o", "^")
    for color in (drawing.BLACK, drawing.ORANGE, drawing.SKY, drawing.GREEN, drawing.BLUE, drawing.VERMILLION)
]


def draw(found: Sequence[store.Record], folder: Path) -> None:
    """Two panels."""
    config = found[0].meta["config"]
    unit = UNIT[config["dtype"]]
    with drawing.context():
        figure, ((left, right),) = drawing.panels(1, 2, wide=3.5, foot=1.35)
        handles = _sizes(left, found, unit)
        _conditions(right, found, unit)
        handles.append(Line2D([], [], color=drawing.GREY, lw=0.9, ls=":", label="u, and κu on the right"))
        caption = f"Largest of {config['study']['draws']} random instances, {config['dtype']}; u the unit roundoff. "
        caption += "Left: matrices to invert have κ = 3. Points at 0 (equal to the last bit) are drawn at the bottom."
        drawing.legend(figure, handles, caption, columns=4)
        drawing.save(figure, folder, "differences")


def _sizes(axes, found: Sequence[store.Record], unit: float) -> list[Line2D]:
    n = [record.meta["n"] for record in found]
    floor = unit / 10
    handles = []
    for i, (name, (color, marker)) in enumerate(zip(found[0].meta["names"], LOOK, strict=False)):
        worst = [max(float(record.arrays["difference"][:, i, 0].max()), floor) for record in found]
        axes.plot(n, worst, color=color, marker=marker, ms=3.5, lw=0.9)
        handles.append(Line2D([], [], color=color, marker=marker, ms=3.5, lw=0.9, label=name))
    axes.axhline(unit, color=drawing.GREY, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="size n", ylabel="gradient: relative difference")
    axes.xaxis.set_major_locator(FixedLocator(n))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.set_title("formula against reverse mode")
    return handles


def _conditions(axes, found: Sequence[store.Record], unit: float) -> None:
    condition = found[0].arrays["condition"]
    errors = np.maximum(ill_conditioned(found), unit / 10)
    for way, (color, marker) in enumerate(((drawing.VERMILLION, "s"), (drawing.BLUE, "x"))):
        low, middle, high = np.quantile(errors[:, :, way], [0, 0.5, 1], axis=0)
        shift = 1.12 if way else 1 / 1.12
        axes.vlines(condition * shift, low, high, color=color, lw=0.9)
        axes.plot(condition * shift, middle, color=color, marker=marker, ms=4, lw=0.9, label=WAYS[way])
    axes.plot(condition, condition * unit, color=drawing.GREY, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="condition number κ of X [8, 8]", ylabel="gradient: relative error")
    axes.legend(loc="upper left", title=f"median and range of {len(errors)}", title_fontsize=7)
    axes.set_title("tr(AX⁻¹B) against rational arithmetic")
