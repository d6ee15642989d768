"""The picture of mds_shapes: calls, iterations over those of gradient descent, and what is left, against n."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.experiments.mds_shapes.page import GRADIENT, THEORY, TRACE, calls, left, ratio, shape
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, handle
from zobench.store import Record

LOOKS = tuple(zip((VERMILLION, BLUE, GREEN, ORANGE, PURPLE), "os^Dv", strict=True))
FILLS: dict[str, dict[str, Any]] = {THEORY: {}, TRACE: {"mfc": "white"}}
LAW: dict[str, Any] = {"color": BLACK, "lw": 0.8, "ls": (0, (1, 2))}
RANK: dict[str, Any] = {"color": GREY, "marker": "_", "ms": 8, "mew": 1.2, "lw": 0}
OVER = r"$K\,/\,K_{\mathrm{GD}}$"


def shapes(found: Sequence[Record]) -> Figure:
    """Calls of each way, the ratio of iterations, the loss at equal calls; arrows where a budget ends first."""
    figure, [[plain, aware], [paid, rest]] = drawing.panels(2, 2, wide=3.2, high=2.2, foot=1.2, head=0.55)
    handles = []
    for i, p in enumerate(dict.fromkeys(shape(record)[1] for record in found)):
        own = [record for record in found if shape(record)[1] == p]
        look: dict[str, Any] = dict(zip(("color", "marker"), LOOKS[i % len(LOOKS)], strict=True)) | {"ms": 4, "lw": 0.9}
        for axes, name in ((plain, THEORY), (aware, TRACE)):
            n = [record.meta["n"] for record in own]
            axes.plot(n, [calls(record, GRADIENT).value for record in own], **look | {"ls": ":", "ms": 2.5, "lw": 1.2})
            _arrived(axes, own, name, look)
            ratios = np.array([ratio(record, name).value for record in own])
            paid.plot(n, np.where(np.isfinite(ratios), ratios, np.nan), **look, **FILLS[name])
        kept = [record for record in own if np.isfinite(left(record, TRACE))]
        rest.plot([record.meta["n"] for record in kept], [left(record, TRACE) for record in kept], **look, mfc="white")
        handles.append(handle(f"p = {p}", **look))
    sizes = np.array([record.meta["n"] for record in found], float)
    paid.plot(np.sort(sizes), np.sort(sizes), **LAW)
    paid.plot(sizes, [record.meta["r"] + 2 for record in found], **RANK, zorder=0)
    study = found[0].meta["config"]["study"]
    rest.axhline(study["target"], color=GREY, lw=1.2, ls=":")
    plain.set(title="calls, step 1/(nL)", ylabel="oracle calls to the target")
    aware.set(title="calls, trace-aware step", ylabel="oracle calls to the target")
    paid.set(title="iterations over those of GD", ylabel=OVER)
    rest.set(title="left after the calls of GD", ylabel="$f\\,/\\,f(x_0)$")
    for axes in figure.axes:
        axes.set(xscale="log", yscale="log", xlabel="dimension n = Np", xlim=(sizes.min() / 1.3, sizes.max() * 1.3))
    ends = [end for axes in (plain, aware) for end in axes.get_ylim()]
    for axes in (plain, aware):
        axes.set_ylim(min(ends), max(ends))
    caption = f"Exact distances of N normal points, s-stress, from near the solution to {study['target']:g} $f(x_0)$; "
    caption += (
        f"median of {study['runs']} runs, float64. K: iterations, of two values each, where the target is reached."
    )
    without = [f"{record.meta['n']:,}" for record in found if np.isinf(calls(record, GRADIENT).value)]
    caption += f" At n = {', '.join(without)} gradient descent does not reach it either." if without else ""
    drawing.legend(figure, [*handles, *_handles()], caption)
    return figure


def _handles() -> list[Line2D]:
    """The key of what is the same for all p."""
    two = {"color": GREY, "marker": "o", "lw": 0.9, "ms": 4}
    return [
        handle("gradient descent, 1/L", GREY, lw=1.2, ls=":"),
        handle("two points, 1/(nL)", **two),
        handle("two points, trace-aware", **two, **FILLS[TRACE]),
        handle("not reached within the budget", GREY, marker=r"$\uparrow$", lw=0, ms=7),
        handle("n", **LAW),
        handle("r + 2", **RANK),
    ]


def _arrived(axes: Axes, own: Sequence[Record], name: str, look: dict[str, Any]) -> None:
    """Medians joined by a line; an arrow at the budget where half of the runs do not arrive."""
    n, y = np.array([(record.meta["n"], calls(record, name).value) for record in own]).T
    axes.plot(n, np.where(np.isfinite(y), y, np.nan), **look, **FILLS[name])
    most = np.array([record.meta["methods"][name]["most"] for record in own], float)
    axes.plot(n[np.isinf(y)], most[np.isinf(y)], color=look["color"], marker=r"$\uparrow$", lw=0, ms=7, mew=0.4)
