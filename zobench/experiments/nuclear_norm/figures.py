"""Rank, error and singular values of a completed matrix against the weight of the regulariser."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from zobench import store
from zobench.experiments.nuclear_norm.page import SHOWN, SOLVERS
from zobench.report import drawing

LOOK = {
    "proximal": (drawing.VERMILLION, "o"),
    "subgradient": (drawing.BLUE, "^"),
    "frobenius": (drawing.BLACK, "s"),
}


def draw(found: Sequence[store.Record], folder: Path) -> None:
    """Three panels."""
    with drawing.context():
        figure, (axes,) = drawing.panels(1, 3, wide=2.7, high=2.6)
        weights, meta = found[0].arrays["weights"], found[0].meta
        for name, (color, marker) in LOOK.items():
            for panel, what in zip(axes, ("rank", "error"), strict=False):
                values = np.array([record.arrays[f"{name}/{what}"] for record in found])
                low, middle, high = np.quantile(values, [0, 0.5, 1], axis=0)
                panel.fill_between(weights, low, high, color=color, alpha=0.15, lw=0)
                panel.plot(weights, middle, color=color, marker=marker, ms=3.5)
        axes[0].axhline(meta["rank"], color=drawing.GREY, lw=0.9, ls=":")
        for panel, label in zip(axes, ("rank", "error ‖X − M‖/‖M‖"), strict=False):
            panel.set(xscale="log", xlabel="λ, of the λ above which X = 0", ylabel=label)
        axes[1].set_ylim(0)
        axes[0].set_title("rank of the solution")
        axes[1].set_title("recovery of M")
        middle = int(np.argmin(np.abs(np.log(weights / SHOWN))))
        _values(axes[2], found[0], middle)
        axes[2].set_title(f"singular values at λ = {weights[middle]:g}")
        handles = [Line2D([], [], color=c, marker=m, ms=3.5, label=SOLVERS[name]) for name, (c, m) in LOOK.items()]
        handles.append(Line2D([], [], color=drawing.GREY, lw=0.9, ls=":", label="M"))
        study = meta["config"]["study"]
        caption = (
            f"Completion of M, {meta['n']} × {meta['n']}, rank {meta['rank']}, {study['observed']:.0%} of entries "
        )
        caption += f"seen with noise {study['noise']}: median and range of {len(found)} matrices, "
        caption += f"{study['iterations']} iterations, {meta['config']['dtype']}."
        drawing.legend(figure, handles, caption, columns=4)
        drawing.save(figure, folder, "completion")


def _values(panel, record: store.Record, which: int) -> None:
    index = np.arange(1, record.meta["n"] + 1)
    floor = 1e-17
    for name, (color, marker) in LOOK.items():
        values = np.maximum(record.arrays[f"{name}/values"][which], floor)
        panel.plot(index, values, color=color, marker=marker, ms=2.5, lw=0.7)
    panel.plot(index, np.maximum(record.arrays["truth/values"], floor), color=drawing.GREY, lw=0.9, ls=":")
    panel.set(yscale="log", xlabel="index", ylabel="singular value")
