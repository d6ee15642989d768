"""Differences between formula and machine against the size, and against the condition number."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench import store
from zobench.report import figures

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}
LOOK = [
    (color, marker)
    for marker in ("o", "^")
    for color in (figures.BLACK, figures.ORANGE, figures.SKY, figures.GREEN, figures.BLUE, figures.VERMILLION)
]


def draw(found: Sequence[store.Record], folder: Path) -> None:
    """Two panels."""
    found = sorted(found, key=lambda record: record.meta["n"])
    config = found[0].meta["config"]
    unit = UNIT[config["dtype"]]
    with figures.context():
        figure, ((left, right),) = figures.panels(1, 2, wide=3.5, foot=1.35)
        handles = _sizes(left, found, unit)
        _conditions(right, found, unit)
        handles.append(Line2D([], [], color=figures.GREY, lw=0.9, ls=":", label="u, and κu on the right"))
        caption = f"Largest of {config['study']['draws']} random instances, {config['dtype']}; u the unit roundoff. "
        caption += "Left: matrices to invert have κ = 3. Points at 0 (equal to the last bit) are drawn at the bottom."
        figures.legend(figure, handles, caption, columns=4)
        figures.save(figure, folder, "differences")


def _sizes(axes, found: Sequence[store.Record], unit: float) -> list[Line2D]:
    n = [record.meta["n"] for record in found]
    floor = unit / 10
    handles = []
    for i, (name, (color, marker)) in enumerate(zip(found[0].meta["names"], LOOK, strict=False)):
        worst = [max(float(record.arrays["difference"][:, i, 0].max()), floor) for record in found]
        axes.plot(n, worst, color=color, marker=marker, ms=3.5, lw=0.9)
        handles.append(Line2D([], [], color=color, marker=marker, ms=3.5, lw=0.9, label=name))
    axes.axhline(unit, color=figures.GREY, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="size n", ylabel="gradient: relative difference")
    axes.xaxis.set_major_locator(FixedLocator(n))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.set_title("formula against reverse mode")
    return handles


def _conditions(axes, found: Sequence[store.Record], unit: float) -> None:
    condition = found[0].arrays["condition"]
    shades = np.linspace(0.25, 1, len(found))
    for record, shade in zip(found, shades, strict=True):
        values = np.maximum(record.arrays["ill_conditioned"][:, 0], unit / 10)
        axes.plot(condition, values, color=figures.BLUE, alpha=shade, lw=1.0, marker=".", ms=4)
        axes.annotate(
            f"n = {record.meta['n']}", (condition[-1], values[-1]), (3, -2), textcoords="offset points", fontsize=6
        )
    axes.plot(condition, condition * unit, color=figures.GREY, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="condition number κ of X")
    axes.set_title("tr(AX⁻¹B) of an ill-conditioned X")
    axes.margins(x=0.12)
