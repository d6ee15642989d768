"""The picture of the language_model_prices report: a gradient over a value, against what a value is long."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.language_model_prices.page import ratio
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREY, ORANGE, VERMILLION, handle
from zobench.store import Record

COLORS = BLUE, ORANGE, VERMILLION, BLACK
NAMES = {"flops": "operations", "seconds": "CPU seconds", "temporary": "temporary bytes"}


def prices(found: Sequence[Record]) -> Figure:
    """Operations, seconds, bytes; a line a length, with 3 and 12 beside."""
    figure, [panels] = drawing.panels(1, 3, wide=2.3, high=2.4, foot=0.6)
    for axes, (what, name) in zip(panels, NAMES.items(), strict=True):
        for record, color in zip(found, COLORS, strict=False):
            axes.plot(record.arrays["batch"], ratio(record, what, "gradient"), color=color, marker="o")
        axes.axhline(12 if what == "temporary" else 3, color=GREY, lw=0.9, ls=":")
        axes.set(xscale="log", title=name, xlabel="sequences a value", ylabel="gradient over value")
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        drawing.sizes(axes, np.unique(np.concatenate([record.arrays["batch"] for record in found])))
    handles = [handle(f"{r.meta['length']} tokens", c, marker="o") for r, c in zip(found, COLORS, strict=False)]
    keys.below(panels[0], handles)
    keys.below(panels[1], [handle("3", GREY, lw=0.9, ls=":")])
    keys.below(panels[2], [handle("12", GREY, lw=0.9, ls=":")])
    drawing.legend(figure, [], "A gradient comes with its value. float32, 852,608 parameters.")
    return figure
