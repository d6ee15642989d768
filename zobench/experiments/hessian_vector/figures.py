"""The pictures of hessian_vector: products against n, steps against n, and the way to the minimum."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.hessian_vector.newton_paths import METHODS
from zobench.experiments.hessian_vector.page import HESSIAN, PRODUCT, Found
from zobench.experiments.hessian_vector.study import FUNCTIONS, STEPS
from zobench.report import drawing, fitted
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "s^oDvP*"
STEP_LOOK = dict(zip(STEPS, zip((VERMILLION, BLACK, GREEN, BLUE), "^osD", strict=True), strict=True))
WAY_LOOK = dict(zip(METHODS, ((BLACK, "o"), (GREEN, "s"), (BLUE, "D")), strict=True))


def _config(found: Found) -> dict[str, Any]:
    return next(iter(found.values())).meta["config"]


def products(found: Found) -> Figure:
    """Bytes and operations of a product against n, and the error of differences of gradients."""
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.1)
    left.set(xscale="log", yscale="log", xlabel="coordinates n", ylabel="bytes", title="memory beyond the arguments")
    middle.set(xscale="log", xlabel="coordinates n", ylabel="operations / those of f", title="price of a product")
    right.set(xscale="log", yscale="log", xlabel="difference step ε, ‖v‖ = 1", ylabel="relative error")
    right.set_title("(∇f(x+εv) − ∇f(x−εv))/2ε")
    handles = []
    for i, name in enumerate(sorted(found)):
        a, look = found[name].arrays, {"color": COLOURS[i % 7], "marker": MARKERS[i % 7], "ms": 3.5}
        over = a["operations"] / a["operations"][0]
        left.plot(a["n"], a["bytes"][PRODUCT], **look)
        left.plot(a["n"], a["bytes"][HESSIAN], **look, linestyle="--", mfc="none")
        middle.plot(a["n"], over[PRODUCT], **look)
        middle.plot(a["n"], over[FUNCTIONS.index("differences")], **look, linestyle=":", mfc="none")
        if "curve" in a:
            right.plot(a["eps"], a["curve"], color=look["color"])
        handles.append(handle(name, **look))
    n = np.concatenate([record.arrays["n"] for record in found.values()])
    sizes = np.geomspace(n.min(), max(n.max(), n.min() + 1), 10)
    for power in (1, 2):
        left.plot(sizes, 8.0 * sizes**power, color=GREY, lw=0.8, zorder=0)
    middle.axhspan(7, 10, color=GREY, alpha=0.15, lw=0)
    middle.annotate("bound 7–10 f", (0.02, 10), (0, 2), xycoords=middle.get_yaxis_transform(),
                    textcoords="offset points", fontsize=7, color=GREY)  # fmt: skip
    middle.set_ylim(0, 12)
    right.plot([1e-2, 1], [1e-8, 1e-4], color=GREY, lw=0.8)
    right.plot([1e-10, 1e-6], [1e-4, 1e-8], color=GREY, lw=0.8)
    handles += [
        handle("one product, forward over reverse", "#444444"),
        handle("left: the whole Hessian", "#444444", linestyle="--"),
        handle("middle: by differences", "#444444", linestyle=":"),
        handle("8n and 8n² bytes; right: ε², 1/ε", GREY, lw=0.8),
    ]
    drawing.legend(figure, handles, f"Bytes and operations as compiled, {_config(found)['dtype']}.", columns=4)
    return figure


def steps(found: Found) -> Figure:
    """Bytes and seconds of a step of each order against n, for up to three problems."""
    shown = [name for name in sorted(found) if len(found[name].arrays["step_n"]) > 1][:3] or sorted(found)[:1]
    figure, grid = drawing.panels(2, len(shown), wide=2.6, high=1.9, foot=1.0, head=0.5)
    for above, below, name in zip(*grid, shown, strict=True):
        a = found[name].arrays
        above.set(xscale="log", yscale="log", ylabel="bytes of a step", title=name)
        below.set(xscale="log", yscale="log", ylabel="seconds of a step", xlabel="coordinates n")
        for i, (color, marker) in enumerate(STEP_LOOK.values()):
            low, middle, high = fitted.quartiles(a["step_seconds"][i])
            drawing.band(below, a["step_n"], low, high, color)
            for axes, line in ((above, a["step_bytes"][i]), (below, middle)):
                axes.plot(a["step_n"], line, color=color, marker=marker, ms=3.5)
        for axes in (above, below):
            drawing.sizes(axes, a["step_n"])
            axes.minorticks_off()
    names = {"Newton-CG": "Newton-CG, 10 products"}
    handles = [handle(names.get(step, step), color, marker=marker) for step, (color, marker) in STEP_LOOK.items()]
    caption = f"Bytes beyond the arguments, as compiled; {_config(found)['dtype']}, compiled and warm; median and "
    caption += f"quartiles of {_config(found)['study']['repeats']} timings in turns."
    drawing.legend(figure, handles, caption)
    return figure


def newton(found: Found) -> Figure:
    """The way to the minimum of newton_example, or of the first problem that has one, in work and in seconds."""
    solved = [name for name in sorted(found) if "path_0_gap" in found[name].arrays]
    figure, [(left, right)] = drawing.panels(1, 2, wide=3.3, high=2.6, foot=0.95)
    left.set(xscale="log", yscale="log", xlabel="work, in gradients", ylabel="f − f*, over the first")
    right.set(xscale="log", yscale="log", xlabel="seconds", ylabel="f − f*, over the first")
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
        caption = f"{name}, n = {a['path_n']}. Work: products, values and Hessians priced by operations. "
        caption += f"Seconds: median of {repeats} runs in turns, {dtype}. GD step 1/L."
    handles = [handle(method, color, marker=marker) for method, (color, marker) in WAY_LOOK.items()]
    drawing.legend(figure, handles, caption)
    return figure
