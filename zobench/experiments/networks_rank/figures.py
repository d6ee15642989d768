"""The picture of the networks_rank report: slowdown, what predicts it, and bytes, against n."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from zobench.experiments.networks_rank.page import SIZES, by_rule, iterations, memory, predicted, slowdown
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION
from zobench.store import Record

NAMES = {"value": "value", "gradient": "gradient", "product": "Hessian-vector product", "hessian": "Hessian"}
COLORS = dict(zip(SIZES, (GREY, BLACK, GREEN, ORANGE), strict=True))


def draw(found: Sequence[Record], folder: Path) -> None:
    """Iterations, their ratio with r + 2 and n beside it, and bytes."""
    n = np.array([record.meta["n"] for record in found], float)
    with drawing.context():
        figure, grid = drawing.panels(1, 3, wide=2.8, high=2.5, foot=1.15)
        steps, ratio, bytes = grid[0]
        steps.plot(n, [iterations(record, "gradient").value for record in found], color=BLACK, marker="o")
        zo = [iterations(record, "sphere") for record in found]
        steps.plot(n, [one.value for one in zo], color=VERMILLION, marker="^")
        paid = [slowdown(record) for record in found]
        values, low, high = np.array([[one.value, one.low, one.high] for one in paid]).T
        ratio.plot(n, values, color=VERMILLION, marker="^")
        ratio.fill_between(n, low, high, color=VERMILLION, alpha=0.2, lw=0)
        ruled = [by_rule(record).value for record in found]
        ratio.plot(n, ruled, color=VERMILLION, marker="^", mfc="none", ls="--", lw=0.9)
        ratio.plot(n, n, color=GREY, ls=":", lw=0.9)
        ratio.plot(n, [predicted(record) for record in found], color=BLUE, lw=0.9)
        wide = memory(found)
        sizes = np.array([one["n"] for one in wide], float)
        for name in SIZES:
            bytes.plot(sizes, [one[f"{name}_bytes"] for one in wide], color=COLORS[name], marker="s", ms=3)
        bytes.plot(sizes, 8 * sizes**2, color=GREY, ls=":", lw=0.9)
        bytes.annotate("8n²", (sizes[-1], 8 * sizes[-1] ** 2), (-4, -10), textcoords="offset points", fontsize=7)
        target = found[0].meta["target"]
        steps.set(ylabel=f"iterations to a loss of {target:g}", title="iterations")
        ratio.set(ylabel="K/K_GD", title="slowdown")
        bytes.set(ylabel="bytes", title="memory")
        for axes in grid[0]:
            axes.set(xscale="log", yscale="log", xlabel="dimension n")
            axes.minorticks_off()
        handles = [
            Line2D([], [], color=BLACK, marker="o", label="gradient descent"),
            Line2D([], [], color=VERMILLION, marker="^", label="two points, sphere"),
            Line2D([], [], color=VERMILLION, marker="^", mfc="none", ls="--", lw=0.9, label="with steps by rule"),
            Line2D([], [], color=BLUE, lw=0.9, label="r + 2"),
            Line2D([], [], color=GREY, ls=":", lw=0.9, label="n"),
            *(Line2D([], [], color=COLORS[x], marker="s", ms=3, label=NAMES[x]) for x in SIZES),
        ]
        runs = found[0].arrays["sphere"].shape[1]
        caption = f"One layer of tanh, {found[0].meta['samples']} digits, all in each evaluation; best step of a grid; "
        drawing.legend(figure, handles, caption + f"{runs} runs, 95 % interval, float64.", columns=5)
        drawing.save(figure, folder, "rank")
