"""Differences between formula and machine against the size, and against the condition number."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.experiments.matrix_gradients.page import WAYS, ill_conditioned, worst_of
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.store import Record

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
COLUMNS, BELOW = 4, 3.1  # panels in a row; inches below them, for the panel of condition numbers and the caption
OTHERS = {"color": "#cccccc", "lw": 0.6, "zorder": 0}
ROUNDOFF = {"color": GREY, "lw": 0.9, "ls": ":"}


def differences(found: Sequence[Record]) -> Figure:
    """Against the size, a small panel a formula, the others in grey; below against the condition number."""
    config = found[0].meta["config"]
    unit, names = UNIT[config["dtype"]], found[0].meta["names"]
    worst = np.array([worst_of(record)[:, 0] for record in found])
    floor = min(unit / 20, float(np.min(worst[worst > 0], initial=unit)) / 4)
    head = "Formula against reverse mode: relative difference of the gradients, against the size n"
    figure, [panels] = sheets.multiples([head], names, COLUMNS, high=0.95, foot=BELOW)
    n, top = [record.meta["n"] for record in found], 3 * max(float(worst.max()), unit)
    for axes, values in zip(panels, worst.T, strict=True):
        axes.set(xscale="log", yscale="log", ylim=(floor / 1.6, top))
        axes.plot(n, np.where(worst > 0, worst, np.nan), **OTHERS)
        axes.axhline(unit, **ROUNDOFF)
        sheets.floored(axes, n, values, floor, color=BLACK, marker="o", ms=3.5, lw=1.0)
        sheets.mark_floor(axes.yaxis, floor, sheets.decades(unit / 2, top))
        sheets.sizes(axes, n)
    _conditions(_wide(figure), found, unit)
    caption = f"Largest of {config['study']['draws']} random instances, {config['dtype']}; u the unit roundoff. "
    caption += "Above: matrices to invert have κ = 3; an open circle at 0: equal to the last bit."
    handles = [handle("the formula named above", BLACK, marker="o", ms=3.5, lw=1.0)]
    handles += [handle("the other formulas", OTHERS["color"], lw=0.9), handle("unit roundoff u", **ROUNDOFF)]
    _key(figure, panels, handles)
    drawing.legend(figure, [], caption)
    return figure


def _key(figure: Figure, panels: Sequence[Axes], handles: Sequence[Line2D]) -> None:
    """The key in the place of a panel, after the last; on the last where the row is full."""
    beside = panels[min(len(panels) // COLUMNS * COLUMNS, len(panels) - 1) :]
    x, y, wide, high = beside[-1].get_position(original=True).bounds
    step = panels[1].get_position(original=True).x0 - panels[0].get_position(original=True).x0
    place = figure.add_axes((x + step * (len(panels) % COLUMNS > 0), y, wide, high))
    place.axis("off")
    sheets.key(place, handles, "center left", borderaxespad=0)


def _wide(figure: Figure) -> Axes:
    """Axes across the figure, below the small panels."""
    width, height = figure.get_size_inches()
    return figure.add_axes((0.62 / width, 0.8 / height, (width - 0.8) / width, (BELOW - 1.6) / height))


def _conditions(axes: Axes, found: Sequence[Record], unit: float) -> None:
    condition, errors = found[0].arrays["condition"], ill_conditioned(found)
    low, middle, high = np.quantile(np.maximum(errors, unit / 10), [0, 0.5, 1], axis=0).swapaxes(1, 2)
    handles = []
    for i, (color, marker, shift) in enumerate(((VERMILLION, "s", 1 / 1.12), (BLUE, "x", 1.12))):
        axes.vlines(condition * shift, low[i], high[i], color=color, lw=0.9)
        axes.plot(condition * shift, middle[i], color=color, marker=marker, ms=4, lw=0.9)
        handles.append(handle(f"{WAYS[i]}: median and range of {len(errors)}", color, marker=marker, ms=4, lw=0.9))
    axes.plot(condition, condition * unit, **ROUNDOFF)
    sheets.said(axes, "κu", condition[-2], condition[-2] * unit, xytext=(-16, 4))
    axes.set(xscale="log", yscale="log", xlabel="condition number κ of X [8, 8]", ylabel="relative error")
    sheets.key(axes, handles, "upper left")
    axes.set_title("Gradient of tr(AX⁻¹B) against rational arithmetic")
