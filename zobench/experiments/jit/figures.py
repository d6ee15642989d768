"""The picture of jit: time per call op by op and compiled against size, and their ratio."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from zobench.report import drawing, fitted
from zobench.report.drawing import BLUE, GREY, VERMILLION, handle
from zobench.store import Record

LOOK = {"op by op": (VERMILLION, "^"), "compiled": (BLUE, "s")}
TITLES = {
    "chain": ("chain of elementwise operations", "length of the vector"),
    "matmul": ("tanh(AB)", "side of A and B"),
}
RATIO = {"chain": ("o", "-"), "matmul": ("D", "--")}


def jit(records: Sequence[Record]) -> Figure:
    """Two panels of times, one of ratios."""
    found = {record.meta["kind"]: record.arrays for record in records}
    figure, [grid] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=0.95)
    for axes, kind in zip(grid, TITLES, strict=False):
        axes.set(xscale="log", yscale="log", xlabel=TITLES[kind][1], ylabel="seconds a call", title=TITLES[kind][0])
        for line, (color, marker) in zip(found[kind]["seconds"] if kind in found else (), LOOK.values(), strict=False):
            low, middle, high = fitted.quartiles(line)
            drawing.band(axes, found[kind]["size"], low, high, color)
            axes.plot(found[kind]["size"], middle, color=color, marker=marker, ms=3.5)
    grid[2].set(xscale="log", yscale="log", xlabel="numbers in the result", ylabel="op by op / compiled", title="ratio")
    grid[2].axhline(1, color=GREY, lw=0.8, linestyle=":")
    for kind, (marker, line) in RATIO.items():
        if kind in found:
            a = found[kind]
            low, middle, high = fitted.quartiles(a["seconds"][0] / a["seconds"][1])
            x = a["size"].astype(float) ** (1 if kind == "chain" else 2)
            drawing.band(grid[2], x, low, high, GREY)
            grid[2].plot(x, middle, color="#444444", marker=marker, linestyle=line, ms=3.5)
    handles = [handle(name, color, marker=marker) for name, (color, marker) in LOOK.items()]
    handles += [
        handle("ratio: chain", "#444444", marker="o"),
        handle("ratio: tanh(AB)", "#444444", marker="D", ls="--"),
    ]
    counts = ", ".join(f"{kind} {int(a['primitives'])}" for kind, a in found.items())
    config = records[0].meta["config"]
    caption = f"{config['dtype']}, one thread, warm. Median and quartiles of {config['study']['repeats']} timings in "
    drawing.legend(figure, handles, f"{caption}turns. Operations dispatched op by op: {counts}.", columns=4)
    return figure
