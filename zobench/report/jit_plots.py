"""The picture of jit: time per call op by op and compiled against size, and their ratio."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from zobench.report import figures, fitted
from zobench.report.figures import BLUE, GREY, VERMILLION

LOOK = {"op by op": (VERMILLION, "^"), "compiled": (BLUE, "s")}
TITLES = {
    "chain": ("chain of elementwise operations", "length of the vector"),
    "matmul": ("tanh(AB)", "side of A and B"),
}


def draw(found: Mapping[str, dict[str, np.ndarray]], config: dict[str, Any], folder: Path) -> None:
    """Two panels of times, one of ratios."""
    with figures.context():
        figure, [grid] = figures.panels(1, 3, wide=2.6, high=2.5, foot=0.95)
        for axes, kind in zip(grid, TITLES, strict=False):
            axes.set(xscale="log", yscale="log", xlabel=TITLES[kind][1], ylabel="seconds a call", title=TITLES[kind][0])
            if kind not in found:
                continue
            for line, (color, marker) in zip(found[kind]["seconds"], LOOK.values(), strict=True):
                low, middle, high = fitted.quartiles(line)
                axes.fill_between(found[kind]["size"], low, high, color=color, alpha=0.25, lw=0)
                axes.plot(found[kind]["size"], middle, color=color, marker=marker, ms=3.5)
        grid[2].set(
            xscale="log", yscale="log", xlabel="numbers in the result", ylabel="op by op / compiled", title="ratio"
        )
        grid[2].axhline(1, color=GREY, lw=0.8, linestyle=":")
        for kind, (marker, line) in {"chain": ("o", "-"), "matmul": ("D", "--")}.items():
            if kind in found:
                a, power = found[kind], 1 if kind == "chain" else 2
                low, middle, high = fitted.quartiles(a["seconds"][0] / a["seconds"][1])
                x = a["size"].astype(float) ** power
                grid[2].fill_between(x, low, high, color=GREY, alpha=0.25, lw=0)
                grid[2].plot(x, middle, color="#444444", marker=marker, linestyle=line, ms=3.5)
        handles = [Line2D([], [], color=color, marker=marker, label=name) for name, (color, marker) in LOOK.items()]
        handles += [
            Line2D([], [], color="#444444", marker="o", label="ratio: chain"),
            Line2D([], [], color="#444444", marker="D", linestyle="--", label="ratio: tanh(AB)"),
        ]
        counts = ", ".join(f"{kind} {int(a['primitives'])}" for kind, a in found.items())
        caption = f"{config['dtype']}, one thread, warm. Median and quartiles of "
        caption += f"{config['study']['repeats']} timings in turns. "
        figures.legend(figure, handles, f"{caption}Operations dispatched op by op: {counts}.", columns=4)
        figures.save(figure, folder, "jit")
