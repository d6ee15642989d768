"""The picture of the networks report: loss and accuracy against samples x evaluations and against seconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from zobench.experiments.networks.page import model, seconds
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
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
AXES = {"loss": "training loss", "accuracy": "test accuracy"}


def draw(found: Sequence[Record], folder: Path) -> None:
    """A row a network: loss and accuracy against samples, accuracy against seconds."""
    with drawing.context():
        figure, grid = drawing.panels(len(found), 3, wide=2.9, high=2.0, foot=1.15, head=0.5)
        for row, record in zip(grid, found, strict=True):
            for name in record.meta["methods"]:
                _lines(row, record, name)
            for axes, of in zip(row, ("loss", "accuracy", "accuracy"), strict=True):
                axes.set(xscale="log", ylabel=AXES[of])
                words = "samples × evaluations" if axes is not row[2] else "seconds"
                axes.set_xlabel(words if row is grid[-1] else "")
                axes.minorticks_off()
            row[0].set(yscale="log", title=f"{model(record)}, n = {record.meta['n']}")
            row[0].set_yticks(ticks := _ticks(row[0].get_ylim()), map(str, ticks))
            row[0].minorticks_off()
        ran = {name for record in found for name in record.meta["methods"]}
        handles = [Line2D([], [], lw=1.2, label=name, **look) for name, look in LOOK.items() if name in ran]
        runs = len(next(value for key, value in found[0].arrays.items() if key.endswith("/loss")))
        caption = (
            f"Median and range of {runs} runs, float64, batches of {found[0].meta['batch']} digits; steps from a grid. "
        )
        caption += (
            f"A gradient counts as {found[-1].meta['price']:.2g} evaluations; seconds: steps × median seconds of one."
        )
        drawing.legend(figure, handles, caption)
        drawing.save(figure, folder, "learning")


def _ticks(limits: tuple[float, float]) -> list[float]:
    return [value for value in TICKS if limits[0] <= value <= limits[1]]


def _lines(row: Sequence, record: Record, name: str) -> None:
    samples = record.arrays[f"{name}/samples"]
    steps = samples / (record.meta["batch"] * record.meta["methods"][name]["evaluations"])
    kept = samples > 0
    spent = steps * seconds(record, name)[1]
    for axes, x, of in zip(row, (samples, samples, spent), ("loss", "accuracy", "accuracy"), strict=True):
        values = record.arrays[f"{name}/{of}"][:, kept]
        finite = np.isfinite(values).all(axis=0)
        at = x[kept][finite]
        axes.plot(at, np.median(values[:, finite], axis=0), lw=1.2, **LOOK[name])
        ends = values[:, finite].min(axis=0), values[:, finite].max(axis=0)
        axes.fill_between(at, *ends, color=LOOK[name]["color"], alpha=0.12, lw=0)
