"""The picture of the mds_shapes report: iterations over those of gradient descent, and what is left, against n."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from zobench.experiments.mds_shapes.page import WAYS, calls, left, ratio, shape
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION
from zobench.store import Record

COLORS = (VERMILLION, BLUE, GREEN, ORANGE, PURPLE)
MARKERS = ("o", "s", "^", "D", "v")
FILL: dict[str, Any] = {WAYS[1]: {}, WAYS[2]: {"mfc": "none"}}


def draw(found: Sequence[Record], folder: Path) -> None:
    """Calls, ratio of iterations, loss at equal calls."""
    embeddings = list(dict.fromkeys(shape(record)[1] for record in found))
    with drawing.context():
        figure, grid = drawing.panels(1, 3, wide=2.9, high=2.7, foot=1.2)
        cost, paid, rest = grid[0]
        for i, p in enumerate(embeddings):
            own = [record for record in found if shape(record)[1] == p]
            look: dict[str, Any] = {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)], "ms": 4}
            n = np.array([record.meta["n"] for record in own], float)
            cost.plot(n, [calls(record, "gradient").value for record in own], **look, lw=0.8, ls=":")
            for name in WAYS[1:]:
                values = np.array([calls(record, name).value for record in own])
                kept = np.isfinite(values)
                cost.plot(n[kept], values[kept], **look, **FILL[name], lw=0.8)
                estimates = [ratio(record, name) for record, seen in zip(own, kept, strict=True) if seen]
                paid.plot(n[kept], [e.value for e in estimates], **look, **FILL[name], lw=0.8)
            rest.plot(n, [left(record, WAYS[2]) for record in own], **look, mfc="none", lw=0.8)
            rest.plot(n, [left(record, WAYS[0]) for record in own], **look, lw=0.8, ls=":")
        n = np.array([found[0].meta["n"], max(record.meta["n"] for record in found)], float)
        n = np.array([min(record.meta["n"] for record in found), n.max()])
        paid.plot(n, n, color=BLACK, lw=0.7, ls=(0, (1, 2)))
        for record in found:
            paid.plot(record.meta["n"], record.meta["r"] + 2, marker="_", ms=8, color=GREY, mew=1, zorder=0)
        cost.set(title="calls to the target", ylabel="oracle calls")
        paid.set(title="iterations over those of GD", ylabel="K/K_GD")
        rest.set(title="left after the calls of GD", ylabel="f/f(x0)")
        for axes in grid[0]:
            axes.set(xscale="log", yscale="log", xlabel="dimension n = Np")
            axes.minorticks_off()
        drawing.legend(figure, _handles(embeddings), _caption(found))
        drawing.save(figure, folder, "shapes")


def _caption(found: Sequence[Record]) -> str:
    study = found[0].meta["config"]["study"]
    return (
        f"Exact distances of N normal points, s-stress, from near the solution to {study['target']:g} f(x0); "
        f"{study['runs']} runs, float64."
    )


def _handles(embeddings: Sequence[int]) -> list[Line2D]:
    marks = [
        Line2D([], [], color=COLORS[i % len(COLORS)], marker=MARKERS[i % len(MARKERS)], ms=4, lw=0.8, label=f"p = {p}")
        for i, p in enumerate(embeddings)
    ]
    return [
        *marks,
        Line2D([], [], color=GREY, lw=0.8, ls=":", label="gradient descent, 1/L"),
        Line2D([], [], color=GREY, marker="o", ms=4, lw=0.8, label="two points, 1/(nL)"),
        Line2D([], [], color=GREY, marker="o", mfc="none", ms=4, lw=0.8, label="two points, trace-aware"),
        Line2D([], [], color=BLACK, lw=0.7, ls=(0, (1, 2)), label="n"),
        Line2D([], [], color=GREY, marker="_", ms=8, lw=0, label="r + 2"),
    ]
