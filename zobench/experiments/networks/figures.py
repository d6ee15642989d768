"""The picture of the networks report: loss and accuracy against samples x evaluations, a row a family of methods."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.networks.page import model
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, VERMILLION, handle
from zobench.store import Record

FAMILIES = (
    ("SGD", "Adam"),
    ("ZO-SGD, 1 direction", "SPSA"),
    ("ZO-SGD, 16 directions", "ES, 16 pairs, Adam"),
    ("greedy ES, notebook", "greedy ES, fresh"),
)
LOOKS: tuple[dict[str, Any], ...] = ({"color": BLACK}, {"color": VERMILLION, "ls": (0, (5, 1.5))})  # in each family
PALE = "#c8c8c8"


def learning(found: Sequence[Record]) -> Figure:
    """Two columns a network. Seconds, which no second run repeats, are in the table."""
    ran = {name for record in found for name in record.meta["methods"]}
    families = [own for family in FAMILIES if (own := [name for name in family if name in ran])]
    figure, grid = drawing.panels(len(families), 2 * len(found), wide=1.85, high=1.35, foot=0.75, head=0.42, gap=0.5)
    for row, family in zip(grid, families, strict=True):
        for i, record in enumerate(found):
            _pair(row[2 * i], row[2 * i + 1], record, family)
        keys.above(row[0], [handle(name, lw=1.4, **look) for name, look in zip(family, LOOKS, strict=False)])
        for axes, first in zip(row, grid[0], strict=True):
            axes.sharey(first) if axes is not first else None
            axes.set_xlabel("samples × evaluations" if row is grid[-1] else "")
            axes.tick_params(labelbottom=row is grid[-1])
    for i, record in enumerate(found):
        grid[0][2 * i].set_title(f"{model(record)}, n = {record.meta['n']}", pad=20)
    runs = len(next(value for key, value in found[0].arrays.items() if key.endswith("/loss")))
    caption = (
        f"Thin: each of {runs} runs; thick: their median; pale: the medians of the other methods. float64, batches "
    )
    caption += (
        f"of {found[0].meta['batch']} digits; steps from a grid. A gradient counts as {found[-1].meta['price']:.2g} "
    )
    drawing.legend(figure, [], f"{caption}evaluations.")
    return figure


def _pair(loss: Axes, right: Axes, record: Record, family: Sequence[str]) -> None:
    """Loss and accuracy of one network, all other methods pale behind those of the family."""
    for axes, of in ((loss, "loss"), (right, "accuracy")):
        for name in (name for name in record.meta["methods"] if name not in family):
            _lines(axes, record, f"{name}/", of, {"color": PALE, "zorder": 0}, each=False)
        for name, look in zip(family, LOOKS, strict=False):
            if name in record.meta["methods"]:
                _lines(axes, record, f"{name}/", of, look, each=True)
        axes.set(xscale="log", ylabel="training loss" if of == "loss" else "test accuracy")
    loss.set_yscale("log")
    right.set_ylim(0, 1.02)


def _lines(axes: Axes, record: Record, name: str, of: str, look: dict[str, Any], *, each: bool) -> None:
    samples, values = record.arrays[f"{name}samples"], record.arrays[f"{name}{of}"]
    kept = (samples > 0) & np.isfinite(values).all(axis=0)
    if each:
        axes.plot(samples[kept], values[:, kept].T, color=look["color"], lw=0.5, alpha=0.6)
    axes.plot(samples[kept], np.median(values[:, kept], axis=0), lw=1.5 if each else 0.9, **look)
