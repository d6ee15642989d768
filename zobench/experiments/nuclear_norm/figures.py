"""Rank, error and singular values of a completed matrix against the weight of the regulariser."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.nuclear_norm.page import SOLVERS, stacked
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREY, VERMILLION, handle
from zobench.store import Record

LOOK = {"proximal": (VERMILLION, "o"), "subgradient": (BLUE, "^"), "frobenius": (BLACK, "s")}
SHOWN = 0.1  # the λ, of the largest, whose singular values are drawn


def completion(found: Sequence[Record]) -> Figure:
    """Three panels."""
    figure, [[left, right], [below]] = sheets.page((2, 1), foot=1.1)
    weights, meta = found[0].arrays["weights"], found[0].meta
    titles = {"rank": ("rank", "rank of the solution X"), "error": ("error ‖X − M‖/‖M‖", "recovery of M")}
    for panel, (what, (label, title)) in zip((left, right), titles.items(), strict=True):
        for name, (color, _) in LOOK.items():
            low, middle, high = np.quantile(stacked(found, f"{name}/{what}"), [0, 0.5, 1], axis=0)
            drawing.band(panel, weights, low, high, color, alpha=0.15)
            panel.plot(weights, middle, **{**_look(name), "ms": _look(name)["ms"] + 1})
        panel.set(xscale="log", xlabel="λ/λ₀, where X = 0 from λ₀ on", ylabel=label, title=title)
    left.axhline(meta["rank"], color=GREY, lw=0.9, ls=":")
    right.set_ylim(0)
    _values(below, found[0].arrays, int(np.argmin(np.abs(np.log(weights / SHOWN)))))
    handles = [handle(SOLVERS[name], **{**_look(name), "ms": 4}) for name in LOOK]
    handles.append(handle("M", GREY, lw=0.9, ls=":"))
    study, size = meta["config"]["study"], f"{meta['n']} × {meta['n']}"
    caption = f"Completion of M, {size}, rank {meta['rank']}, {study['observed']:.0%} of entries seen with noise "
    caption += f"{study['noise']}: median and range of {len(found)} matrices, {study['iterations']} iterations, "
    caption += f"{meta['config']['dtype']}. Below: of the first matrix; open marks at 0: rounding, at most n ε σ₁; "
    caption += f"so are those of M from the index {meta['rank'] + 1} on."
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _look(name: str) -> dict[str, Any]:
    color, marker = LOOK[name]
    frame = {"ms": 5, "mfc": "none"} if name == "subgradient" else {"ms": 3}  # where it agrees with another
    return {"color": color, "marker": marker, "lw": 0.9, **frame}


def _values(panel: Axes, arrays: dict[str, np.ndarray], which: int) -> None:
    """Singular values; those that are rounding of 0 stand on the floor of the axis, joined to nothing."""
    of = {name: arrays[f"{name}/values"][which] for name in LOOK}
    truth = arrays["truth/values"]
    index, largest = np.arange(1, truth.size + 1), max(float(values.max()) for values in (truth, *of.values()))
    rounding = truth.size * float(np.finfo(truth.dtype).eps) * largest
    above = np.concatenate([truth, *of.values()])
    floor = float(np.min(above[above > rounding], initial=largest)) / 6
    for name, values in of.items():
        sheets.floored(panel, index, np.where(values > rounding, values, 0.0), floor, **_look(name))
    panel.plot(index, np.where(truth > rounding, truth, np.nan), color=GREY, lw=1.2, ls=":", zorder=5)
    title = f"singular values of X at λ = {arrays['weights'][which]:g} λ₀"
    panel.set(yscale="log", ylim=(floor / 1.6, 3 * largest), xlabel="index", ylabel="singular value", title=title)
    sheets.mark_floor(panel.yaxis, floor, sheets.decades(2 * floor, 3 * largest))
