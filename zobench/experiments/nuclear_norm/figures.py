"""Rank, error and singular values of a completed matrix against the weight of the regulariser."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.nuclear_norm.page import SOLVERS, stacked
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.store import Record

LOOK = {"proximal": (VERMILLION, "o"), "subgradient": (BLUE, "^"), "frobenius": (BLACK, "s")}
SHOWN = 0.1  # the λ, of the largest, whose singular values are drawn
FLOOR = 1e-17  # singular values of 0 are drawn here


def completion(found: Sequence[Record]) -> Figure:
    """Three panels."""
    figure, [axes] = drawing.panels(1, 3, wide=2.7, high=2.6)
    weights, meta = found[0].arrays["weights"], found[0].meta
    titles = {"rank": ("rank", "rank of the solution"), "error": ("error ‖X − M‖/‖M‖", "recovery of M")}
    for panel, (what, (label, title)) in zip(axes, titles.items(), strict=False):
        for name, (color, marker) in LOOK.items():
            low, middle, high = np.quantile(stacked(found, f"{name}/{what}"), [0, 0.5, 1], axis=0)
            drawing.band(panel, weights, low, high, color, alpha=0.15)
            panel.plot(weights, middle, color=color, marker=marker, ms=3.5)
        panel.set(xscale="log", xlabel="λ, of the λ above which X = 0", ylabel=label, title=title)
    axes[0].axhline(meta["rank"], color=GREY, lw=0.9, ls=":")
    axes[1].set_ylim(0)
    _values(axes[2], found[0].arrays, int(np.argmin(np.abs(np.log(weights / SHOWN)))))
    handles = [handle(SOLVERS[name], c, marker=m, ms=3.5) for name, (c, m) in LOOK.items()]
    handles.append(handle("M", GREY, lw=0.9, ls=":"))
    study, size = meta["config"]["study"], f"{meta['n']} × {meta['n']}"
    caption = f"Completion of M, {size}, rank {meta['rank']}, {study['observed']:.0%} of entries seen with noise "
    caption += f"{study['noise']}: median and range of {len(found)} matrices, {study['iterations']} iterations, "
    drawing.legend(figure, handles, f"{caption}{meta['config']['dtype']}.", columns=4)
    return figure


def _values(panel: Axes, arrays: dict[str, np.ndarray], which: int) -> None:
    truth = np.maximum(arrays["truth/values"], FLOOR)
    index = np.arange(1, truth.size + 1)
    for name, (color, marker) in LOOK.items():
        values = np.maximum(arrays[f"{name}/values"][which], FLOOR)
        panel.plot(index, values, color=color, marker=marker, ms=2.5, lw=0.7)
    panel.plot(index, truth, color=GREY, lw=0.9, ls=":")
    title = f"singular values at λ = {arrays['weights'][which]:g}"
    panel.set(yscale="log", xlabel="index", ylabel="singular value", title=title)
