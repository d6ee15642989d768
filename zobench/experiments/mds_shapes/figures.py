"""The picture of mds_shapes: calls, iterations over those of gradient descent, and what is left, against n."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.mds_shapes.page import GRADIENT, THEORY, TRACE, calls, left, ratio, shape
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, handle
from zobench.store import Record

LOOKS = tuple(zip((VERMILLION, BLUE, GREEN, ORANGE, PURPLE), "os^Dv", strict=True))


def shapes(found: Sequence[Record]) -> Figure:
    """Calls, ratio of iterations, loss at equal calls."""
    figure, [grid] = drawing.panels(1, 3, wide=2.9, high=2.7, foot=1.2)
    cost, paid, rest = grid
    handles = []
    for i, p in enumerate(dict.fromkeys(shape(record)[1] for record in found)):
        own = [record for record in found if shape(record)[1] == p]
        color, marker = LOOKS[i % len(LOOKS)]
        look: dict[str, Any] = {"color": color, "marker": marker, "ms": 4, "lw": 0.8}
        n = np.array([record.meta["n"] for record in own], float)
        cost.plot(n, [calls(record, GRADIENT).value for record in own], **look, ls=":")
        fills: dict[str, dict[str, Any]] = {THEORY: {}, TRACE: {"mfc": "none"}}
        for name, fill in fills.items():
            values = np.array([(calls(record, name).value, ratio(record, name).value) for record in own])
            kept = np.isfinite(values[:, 0])
            for axes, y in zip((cost, paid), values[kept].T, strict=True):
                axes.plot(n[kept], y, **look, **fill)
        rest.plot(n, [left(record, TRACE) for record in own], **look, mfc="none")
        rest.plot(n, [left(record, GRADIENT) for record in own], **look, ls=":")
        handles.append(handle(f"p = {p}", **look))
    sizes = [record.meta["n"] for record in found]
    ends = np.array([min(sizes), max(sizes)], float)
    paid.plot(ends, ends, color=BLACK, lw=0.7, ls=(0, (1, 2)))
    for record in found:
        paid.plot(record.meta["n"], record.meta["r"] + 2, marker="_", ms=8, color=GREY, mew=1, zorder=0)
    cost.set(title="calls to the target", ylabel="oracle calls")
    paid.set(title="iterations over those of GD", ylabel="K/K_GD")
    rest.set(title="left after the calls of GD", ylabel="f/f(x0)")
    for axes in grid:
        axes.set(xscale="log", yscale="log", xlabel="dimension n = Np")
        axes.minorticks_off()
    handles += [
        handle("gradient descent, 1/L", GREY, lw=0.8, ls=":"),
        handle("two points, 1/(nL)", GREY, marker="o", ms=4, lw=0.8),
        handle("two points, trace-aware", GREY, marker="o", mfc="none", ms=4, lw=0.8),
        handle("n", BLACK, lw=0.7, ls=(0, (1, 2))),
        handle("r + 2", GREY, marker="_", ms=8, lw=0),
    ]
    study = found[0].meta["config"]["study"]
    caption = f"Exact distances of N normal points, s-stress, from near the solution to {study['target']:g} f(x0); "
    drawing.legend(figure, handles, f"{caption}{study['runs']} runs, float64.")
    return figure
