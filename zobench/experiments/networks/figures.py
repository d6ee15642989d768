"""The picture of the networks report: loss and accuracy against samples x evaluations and against seconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.networks.page import model, steps
from zobench.report import drawing, fitted
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

LOOK: dict[str, dict[str, Any]] = {
    "SGD": {"color": BLACK},
    "Adam": {"color": GREY},
    "ZO-SGD, 1 direction": {"color": VERMILLION},
    "ZO-SGD, 16 directions": {"color": ORANGE},
    "SPSA": {"color": PURPLE, "ls": "--"},
    "ES, 16 pairs, Adam": {"color": GREEN},
    "greedy ES, notebook": {"color": BLUE, "ls": ":"},
    "greedy ES, fresh": {"color": SKY, "ls": "-."},
}
TICKS = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0)


def learning(found: Sequence[Record]) -> Figure:
    """A row a network: loss and accuracy against samples, accuracy against seconds."""
    figure, grid = drawing.panels(len(found), 3, wide=2.9, high=2.0, foot=1.15, head=0.5)
    for row, record in zip(grid, found, strict=True):
        for name in record.meta["methods"]:
            _lines(row, record, name)
        for axes, label in zip(row, ("training loss", "test accuracy", "test accuracy"), strict=True):
            axes.set(xscale="log", ylabel=label)
            words = "samples × evaluations" if axes is not row[2] else "seconds"
            axes.set_xlabel(words if row is grid[-1] else "")
            axes.minorticks_off()
        row[0].set(yscale="log", title=f"{model(record)}, n = {record.meta['n']}")
        low, high = row[0].get_ylim()
        row[0].set_yticks(ticks := [value for value in TICKS if low <= value <= high], map(str, ticks))
        row[0].minorticks_off()
    ran = {name for record in found for name in record.meta["methods"]}
    handles = [handle(name, lw=1.2, **look) for name, look in LOOK.items() if name in ran]
    runs = len(next(value for key, value in found[0].arrays.items() if key.endswith("/loss")))
    caption = (
        f"Median and range of {runs} runs, float64, batches of {found[0].meta['batch']} digits; steps from a grid. "
    )
    caption += (
        f"A gradient counts as {found[-1].meta['price']:.2g} evaluations; seconds: steps × median seconds of one."
    )
    drawing.legend(figure, handles, caption)
    return figure


def _lines(row: Sequence[Axes], record: Record, name: str) -> None:
    samples = record.arrays[f"{name}/samples"]
    spent = steps(record, name) * fitted.median(record.arrays[f"{name}/seconds"])
    for axes, x, of in zip(row, (samples, samples, spent), ("loss", "accuracy", "accuracy"), strict=True):
        values = record.arrays[f"{name}/{of}"]
        kept = (samples > 0) & np.isfinite(values).all(axis=0)
        axes.plot(x[kept], np.median(values[:, kept], axis=0), lw=1.2, **LOOK[name])
        ends = values[:, kept].min(axis=0), values[:, kept].max(axis=0)
        drawing.band(axes, x[kept], *ends, LOOK[name]["color"], alpha=0.12)
