"""The picture of the networks_rank report: slowdown, what predicts it, and bytes, against n."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.networks_rank.page import SIZES, by_rule, iterations, memory, predicted, slowdown
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION, handle
from zobench.store import Record

COLORS = dict(zip(SIZES, (GREY, BLACK, GREEN, ORANGE), strict=True))
RULED = {"marker": "^", "mfc": "none", "ls": "--", "lw": 0.9}


def rank(found: Sequence[Record]) -> Figure:
    """Iterations, their ratio with r + 2 and n beside it, and bytes."""
    n = [record.meta["n"] for record in found]
    figure, [[steps, ratio, bytes]] = drawing.panels(1, 3, wide=2.8, high=2.5, foot=1.15)
    steps.plot(n, [iterations(record, "gradient").value for record in found], color=BLACK, marker="o")
    steps.plot(n, [iterations(record, "sphere").value for record in found], color=VERMILLION, marker="^")
    values, low, high = zip(*(slowdown(record)[:3] for record in found), strict=True)
    ratio.plot(n, values, color=VERMILLION, marker="^")
    drawing.band(ratio, n, low, high, VERMILLION, alpha=0.2)
    ratio.plot(n, [slowdown(record, by_rule).value for record in found], color=VERMILLION, **RULED)
    ratio.plot(n, n, color=GREY, ls=":", lw=0.9)
    ratio.plot(n, list(map(predicted, found)), color=BLUE, lw=0.9)
    wide = memory(found)
    sizes = np.array([one["n"] for one in wide])
    for name in SIZES:
        bytes.plot(sizes, [one[f"{name}_bytes"] for one in wide], color=COLORS[name], marker="s", ms=3)
    bytes.plot(sizes, 8 * sizes**2, color=GREY, ls=":", lw=0.9)
    bytes.annotate("8n²", (sizes[-1], 8 * sizes[-1] ** 2), (-4, -10), textcoords="offset points", fontsize=7)
    steps.set(ylabel=f"iterations to a loss of {found[0].meta['target']:g}", title="iterations")
    ratio.set(ylabel="K/K_GD", title="slowdown")
    bytes.set(ylabel="bytes", title="memory")
    for axes in figure.axes:
        axes.set(xscale="log", yscale="log", xlabel="dimension n")
        axes.minorticks_off()
    handles = [
        handle("gradient descent", BLACK, marker="o"),
        handle("two points, sphere", VERMILLION, marker="^"),
        handle("with steps by rule", VERMILLION, **RULED),
        handle("r + 2", BLUE, lw=0.9),
        handle("n", GREY, ls=":", lw=0.9),
        *(handle(words, COLORS[name], marker="s", ms=3) for name, words in SIZES.items()),
    ]
    runs = found[0].arrays["sphere"].shape[1]
    caption = f"One layer of tanh, {found[0].meta['samples']} digits, all in each evaluation; best step of a grid; "
    drawing.legend(figure, handles, caption + f"{runs} runs, 95 % interval, float64.", columns=5)
    return figure
