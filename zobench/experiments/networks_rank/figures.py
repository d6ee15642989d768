"""The picture of the networks_rank report: slowdown, what predicts it, and bytes, against n."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.networks_rank.page import SIZES, best, by_rule, iterations, memory, predicted, slowdown
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, handle
from zobench.store import Record

LOOKS = dict(zip(SIZES, ((SKY, "s"), (BLACK, "o"), (GREEN, "D"), (ORANGE, "v")), strict=True))
GRADIENT: dict[str, Any] = {"color": BLACK, "marker": "o"}
SPHERE: dict[str, Any] = {"color": VERMILLION, "marker": "^"}
RULED: dict[str, Any] = {"color": VERMILLION, "marker": "^", "mfc": "none", "ls": "--", "lw": 0.9}
RUN: dict[str, Any] = {"color": VERMILLION, "marker": ".", "ms": 4, "lw": 0}
RANK: dict[str, Any] = {"color": BLUE, "lw": 1.2, "ls": "-."}
N: dict[str, Any] = {"color": GREY, "ls": ":", "lw": 0.9}


def rank(found: Sequence[Record]) -> Figure:
    """Iterations, their ratio with r + 2 and n beside it, and bytes."""
    n = [record.meta["n"] for record in found]
    figure, [[steps, ratio, bytes]] = drawing.panels(1, 3, wide=2.35, high=2.5, foot=0.6)
    _iterations(steps, found)
    _ratio(ratio, found)
    _bytes(bytes, memory(found))
    for axes in (steps, ratio):
        drawing.sizes(axes, n)
        axes.tick_params(axis="x", labelsize=7.5)
    runs = found[0].arrays["sphere"].shape[1]
    digits = found[0].meta["samples"]
    caption = (
        f"One layer of tanh, {digits} digits, all in each evaluation; float64. Steps: the best of a grid, or by the "
    )
    caption += f"rules 1/L and 1/(LB). Lines: medians of {runs} runs; points: the runs."
    drawing.legend(figure, [], caption)
    return figure


def _iterations(axes: Axes, found: Sequence[Record]) -> None:
    n = [record.meta["n"] for record in found]
    axes.plot(n, [iterations(record, "gradient").value for record in found], **GRADIENT)
    for record in found:
        runs = record.arrays["sphere"][best(record, "sphere")]
        axes.plot(np.full(runs.size, record.meta["n"]), runs, **RUN)
    axes.plot(n, [iterations(record, "sphere").value for record in found], **SPHERE)
    axes.set(xscale="log", yscale="log", xlabel="dimension n", title="iterations")
    axes.set_ylabel(f"iterations to a loss of {found[0].meta['target']:g}")
    keys.below(axes, [handle("two points, sphere", **SPHERE), handle("gradient descent", **GRADIENT)])


def _ratio(axes: Axes, found: Sequence[Record]) -> None:
    n = [record.meta["n"] for record in found]
    for record in found:
        runs = record.arrays["sphere"][best(record, "sphere")] / iterations(record, "gradient").value
        axes.plot(np.full(runs.size, record.meta["n"]), runs, **RUN)
    axes.plot(n, [slowdown(record).value for record in found], **SPHERE)
    axes.plot(n, [slowdown(record, by_rule).value for record in found], **RULED)
    axes.plot(n, n, **N)
    axes.plot(n, list(map(predicted, found)), **RANK)
    axes.set(xscale="log", yscale="log", xlabel="dimension n", title="slowdown")
    axes.set_ylabel(r"$K\,/\,K_{\mathrm{GD}}$")
    handles = [handle("two points, best steps", **SPHERE), handle("two points, steps by rule", **RULED)]
    keys.below(axes, [*handles, handle("r + 2", **RANK), handle("n", **N)])


def _bytes(axes: Axes, wide: Sequence[dict[str, int]]) -> None:
    sizes = np.array([one["n"] for one in wide])
    looks = {name: {"color": color, "marker": marker, "ms": 3} for name, (color, marker) in LOOKS.items()}
    for name, look in looks.items():
        axes.plot(sizes, [one[f"{name}_bytes"] for one in wide], **look)
    axes.plot(sizes, 8.0 * sizes**2, **N)
    axes.set(xscale="log", yscale="log", xlabel="dimension n", title="memory", ylabel="bytes")
    handles = {name: handle(SIZES[name], **look) for name, look in looks.items()}
    order = [handles["hessian"], handle("8n²: the matrix alone", **N), handles["product"], handles["gradient"]]
    keys.below(axes, [*order, handles["value"]])
