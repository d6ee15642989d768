"""The pictures of hessian_vector: products against n, steps against n, and the way to the minimum."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.hessian_vector.newton_paths import METHODS
from zobench.experiments.hessian_vector.page import HESSIAN, PRODUCT, Found
from zobench.experiments.hessian_vector.study import FUNCTIONS, STEPS
from zobench.report import drawing, fitted, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.report.labels import title

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "s^oDvP*"
STEP_LOOK = dict(zip(STEPS, zip((VERMILLION, BLACK, GREEN, BLUE), "^osD", strict=True), strict=True))
WAY_LOOK = dict(zip(METHODS, ((BLACK, "o"), (GREEN, "s"), (BLUE, "D")), strict=True))
GUIDE = {"color": GREY, "lw": 0.8, "zorder": 0}


def _config(found: Found) -> dict[str, Any]:
    return next(iter(found.values())).meta["config"]


def products(found: Found) -> Figure:
    """Bytes and operations of a product against n, and the error of differences of gradients."""
    figure, [[left, right], [below]] = sheets.page((2, 1), high=2.4, foot=1.1)
    left.set(xscale="log", yscale="log", xlabel="coordinates n", ylabel="bytes", title="memory beyond the arguments")
    right.set(xscale="log", xlabel="coordinates n", ylabel="operations / those of f", title="price of a product")
    below.set(xscale="log", yscale="log", xlabel="difference step ε, ‖v‖ = 1", ylabel="relative error")
    below.set_title("product by differences of gradients, (∇f(x+εv) − ∇f(x−εv))/2ε: its error")
    handles = []
    for i, name in enumerate(sorted(found)):
        a, look = found[name].arrays, {"color": COLOURS[i % 7], "marker": MARKERS[i % 7], "ms": 3.5}
        over = a["operations"] / a["operations"][0]
        left.plot(a["n"], a["bytes"][PRODUCT], **look)
        left.plot(a["n"], a["bytes"][HESSIAN], **look, linestyle="--", mfc="none")
        right.plot(a["n"], over[PRODUCT], **look)
        right.plot(a["n"], over[FUNCTIONS.index("differences")], **{**look, "ms": 6}, linestyle=":", mfc="none")
        if "curve" in a:
            below.plot(a["eps"], a["curve"], **look, markevery=(i, 7))
        handles.append(handle(name, **look))
    n = np.concatenate([record.arrays["n"] for record in found.values()])
    _memory(left, np.geomspace(n.min(), max(n.max(), n.min() + 1), 10))
    _price(right)
    below.plot([1e-2, 1], [1e-8, 1e-4], **GUIDE)
    below.plot([1e-10, 1e-6], [1e-4, 1e-8], **GUIDE)
    sheets.said(below, "grows like ε²", 1e-1, 1e-6, xytext=(6, -8))
    sheets.said(below, "falls like 1/ε", 1e-8, 1e-6, xytext=(8, 2))
    drawing.legend(figure, handles, f"Bytes and operations as compiled, {_config(found)['dtype']}.", columns=2)
    return figure


def _memory(axes: Axes, sizes: np.ndarray) -> None:
    """Lines of 8n and 8n² bytes, and the key of the panel."""
    for power, words in ((1, "8n"), (2, "8n²")):
        axes.plot(sizes, 8.0 * sizes**power, **GUIDE)
        sheets.said(axes, words, sizes[5], 8.0 * sizes[5] ** power, xytext=(5, -9))
    kinds = [handle("the whole Hessian", "#444444", linestyle="--"), handle("one product", "#444444")]
    sheets.key_below(axes, kinds, 2)


def _price(axes: Axes) -> None:
    axes.set_ylim(0, max(11, axes.get_ylim()[1]))
    axes.axhspan(7, 10, color=GREY, alpha=0.15, lw=0)
    sheets.said(axes, "bound: 7 to 10 f", axes.get_xlim()[0], 10, xytext=(4, -11), bbox=None)
    kinds = [handle("exact, forward over reverse", "#444444"), handle("by differences", "#444444", linestyle=":")]
    sheets.key_below(axes, kinds, 2)


def steps(found: Found) -> Figure:
    """Bytes and seconds of a step of each order against n, for up to three problems."""
    shown = [name for name in sorted(found) if len(found[name].arrays["step_n"]) > 1][:3] or sorted(found)[:1]
    figure, grid = drawing.panels(len(shown), 2, wide=2.9, high=1.6, foot=0.95, head=0.48, gap=0.7)
    for (left, right), name in zip(grid, shown, strict=True):
        a = found[name].arrays
        left.set(xscale="log", yscale="log", ylabel="bytes of a step", title=f"{title(name)}: memory")
        right.set(xscale="log", yscale="log", ylabel="seconds of a step", title="time")
        for i, (color, marker) in enumerate(STEP_LOOK.values()):
            low, middle, high = fitted.quartiles(a["step_seconds"][i])
            drawing.band(right, a["step_n"], low, high, color)
            for axes, line in ((left, a["step_bytes"][i]), (right, middle)):
                axes.plot(a["step_n"], line, color=color, marker=marker, ms=3.5)
        for axes in (left, right):
            sheets.sizes(axes, a["step_n"])
            axes.minorticks_off()
    for axes in grid[-1]:
        axes.set_xlabel("coordinates n")
    names = {"Newton-CG": "Newton-CG, 10 products", "two values": "two values (zero order)"}
    handles = [handle(names.get(step, step), color, marker=marker) for step, (color, marker) in STEP_LOOK.items()]
    caption = f"Bytes beyond the arguments, as compiled; {_config(found)['dtype']}, compiled and warm; median and "
    caption += f"quartiles of {_config(found)['study']['repeats']} timings in turns."
    drawing.legend(figure, handles, caption)
    return figure


def newton(found: Found) -> Figure:
    """The way to the minimum of newton_example, or of the first problem that has one, in work and in seconds."""
    solved = [name for name in sorted(found) if "path_0_gap" in found[name].arrays]
    figure, [(left, right)] = drawing.panels(1, 2, wide=2.85, high=2.6, foot=1.1, gap=0.7)
    left.set(xscale="log", yscale="log", xlabel="work, in gradients", ylabel="gap f − f*, over that of the start")
    right.set(xscale="log", yscale="log", xlabel="seconds", ylabel="gap f − f*, over that of the start")
    caption = "no problem whose minimum is known"
    for name in sorted(solved, key=lambda name: name != "newton_example")[:1]:
        a = found[name].arrays
        for i, (color, marker) in enumerate(WAY_LOOK.values()):
            gap = a[f"path_{i}_gap"]
            gap = np.where(gap > 0, gap, np.nan) / gap[0]
            every = 1 if gap.size < 60 else (1, gap.size // 8)
            look = {"color": color, "marker": marker, "ms": 3.5, "markevery": every}
            left.plot(a[f"path_{i}_work"][1:], gap[1:], **look)
            right.plot(np.median(a[f"path_{i}_seconds"], axis=0)[1:], gap[1:], **look)
        repeats, dtype = len(a["path_0_seconds"]), found[name].meta["config"]["dtype"]
        caption = f"{title(name)}, n = {a['path_n']}. Work: products, values and Hessians priced by operations. "
        caption += f"Seconds: median of {repeats} runs in turns, {dtype}. Gradient descent: step 1/L."
    handles = [handle(method, color, marker=marker) for method, (color, marker) in WAY_LOOK.items()]
    drawing.legend(figure, handles, caption)
    return figure
