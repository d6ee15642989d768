"""The pictures of hessian_vector: products against n, steps against n, and the way to the minimum."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench import store
from zobench.experiments.hessian_vector.newton_paths import METHODS
from zobench.experiments.hessian_vector.study import STEPS
from zobench.report import drawing, fitted
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

Found = Mapping[str, store.Record]
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "s^oDvP*"
STEP_LOOK = dict(zip(STEPS, zip((VERMILLION, BLACK, GREEN, BLUE), "^osD", strict=True), strict=True))


def draw(found: Found, folder: Path) -> None:
    """All of them."""
    with drawing.context():
        _products(found, folder)
        _steps(found, folder)
        _newton(found, folder)


def _looks(found: Found) -> dict[str, dict[str, Any]]:
    return {
        name: {"color": COLOURS[i % 7], "marker": MARKERS[i % 7], "ms": 3.5} for i, name in enumerate(sorted(found))
    }


def _dtype(found: Found) -> str:
    return next(iter(found.values())).meta["config"]["dtype"]


def _said(found: Found) -> str:
    repeats = next(iter(found.values())).meta["config"]["study"]["repeats"]
    return f"{_dtype(found)}, compiled and warm; median and quartiles of {repeats} timings in turns."


def _products(found: Found, folder: Path) -> None:
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.1)
    left.set(xscale="log", yscale="log", xlabel="coordinates n", ylabel="bytes", title="memory beyond the arguments")
    middle.set(xscale="log", xlabel="coordinates n", ylabel="operations / those of f", title="price of a product")
    right.set(xscale="log", yscale="log", xlabel="difference step ε, ‖v‖ = 1", ylabel="relative error")
    right.set_title("(∇f(x+εv) − ∇f(x−εv))/2ε")
    for name, look in _looks(found).items():
        a = found[name].arrays
        left.plot(a["n"], a["bytes"][2], **look)
        left.plot(a["n"], a["bytes"][-1], **look, linestyle="--", mfc="none")
        middle.plot(a["n"], a["operations"][2] / a["operations"][0], **look)
        middle.plot(a["n"], a["operations"][5] / a["operations"][0], **look, linestyle=":", mfc="none")
        if "curve" in a:
            right.plot(a["eps"], a["curve"], color=look["color"])
    sizes = np.geomspace(*_range(found), 10)
    for power in (1, 2):
        left.plot(sizes, 8.0 * sizes**power, color=GREY, lw=0.8, zorder=0)
    middle.axhspan(7, 10, color=GREY, alpha=0.15, lw=0)
    middle.annotate("bound 7–10 f", (0.02, 10), (0, 2), xycoords=middle.get_yaxis_transform(),
                    textcoords="offset points", fontsize=7, color=GREY)  # fmt: skip
    middle.set_ylim(0, 12)
    right.plot([1e-2, 1], [1e-8, 1e-4], color=GREY, lw=0.8)
    right.plot([1e-10, 1e-6], [1e-4, 1e-8], color=GREY, lw=0.8)
    handles = [
        *(Line2D([], [], label=name, **look) for name, look in _looks(found).items()),
        Line2D([], [], color="#444444", label="one product, forward over reverse"),
        Line2D([], [], color="#444444", linestyle="--", label="left: the whole Hessian"),
        Line2D([], [], color="#444444", linestyle=":", label="middle: by differences"),
        Line2D([], [], color=GREY, lw=0.8, label="8n and 8n² bytes; right: ε², 1/ε"),
    ]
    drawing.legend(figure, handles, f"Bytes and operations as compiled, {_dtype(found)}.", columns=4)
    drawing.save(figure, folder, "products")


def _range(found: Found) -> tuple[float, float]:
    sizes = np.concatenate([record.arrays["n"] for record in found.values()])
    return float(sizes.min()), float(max(sizes.max(), sizes.min() + 1))


def _steps(found: Found, folder: Path) -> None:
    shown = [name for name in sorted(found) if len(found[name].arrays["step_n"]) > 1][:3] or sorted(found)[:1]
    figure, grid = drawing.panels(2, len(shown), wide=2.6, high=1.9, foot=1.0, head=0.5)
    for j, name in enumerate(shown):
        a = found[name].arrays
        for i, (what, values) in enumerate((("bytes", a["step_bytes"]), ("seconds", a["step_seconds"]))):
            axes = grid[i][j]
            axes.set(xscale="log", yscale="log", xlabel="coordinates n" if i else "", ylabel=f"{what} of a step")
            axes.set_title(name if not i else "")
            for line, step in zip(values, STEPS, strict=True):
                _line(axes, a["step_n"], line, *STEP_LOOK[step])
            axes.set_xticks(a["step_n"], [str(one) for one in a["step_n"]])
            axes.minorticks_off()
    names = {step: step if step != "Newton-CG" else "Newton-CG, 10 products" for step in STEPS}
    handles = [
        Line2D([], [], color=color, marker=marker, label=names[step]) for step, (color, marker) in STEP_LOOK.items()
    ]
    drawing.legend(figure, handles, f"Bytes beyond the arguments, as compiled; {_said(found)}")
    drawing.save(figure, folder, "steps")


def _line(axes: Axes, n: np.ndarray, values: np.ndarray, color: str, marker: str) -> None:
    if values.ndim == 1:
        axes.plot(n, values, color=color, marker=marker, ms=3.5)
        return
    low, middle, high = fitted.quartiles(values)
    axes.fill_between(n, low, high, color=color, alpha=0.25, lw=0)
    axes.plot(n, middle, color=color, marker=marker, ms=3.5)


def _newton(found: Found, folder: Path) -> None:
    solved = [name for name in sorted(found) if "path_0_gap" in found[name].arrays]
    name = next((one for one in ("newton_example", *solved) if one in solved), "")
    figure, [(left, right)] = drawing.panels(1, 2, wide=3.3, high=2.6, foot=0.95)
    left.set(xscale="log", yscale="log", xlabel="work, in gradients", ylabel="f − f*, over the first")
    right.set(xscale="log", yscale="log", xlabel="seconds", ylabel="f − f*, over the first")
    caption, looks = "no problem whose minimum is known", ((BLACK, "o"), (GREEN, "s"), (BLUE, "D"))
    if name:
        a = found[name].arrays
        for i, (color, marker) in enumerate(looks):
            gap = a[f"path_{i}_gap"]
            gap = np.where(gap > 0, gap, np.nan) / gap[0]
            look = {
                "color": color,
                "marker": marker,
                "ms": 3.5,
                "markevery": 1 if gap.size < 60 else (1, gap.size // 8),
            }
            left.plot(a[f"path_{i}_work"][1:], gap[1:], **look)
            right.plot(np.median(a[f"path_{i}_seconds"], axis=0)[1:], gap[1:], **look)
        repeats = len(a["path_0_seconds"])
        caption = f"{name}, n = {a['path_n']}. Work: products, values and Hessians priced by operations. "
        caption += f"Seconds: median of {repeats} runs in turns, {found[name].meta['config']['dtype']}. GD step 1/L."
    handles = [
        Line2D([], [], color=color, marker=marker, label=method)
        for method, (color, marker) in zip(METHODS, looks, strict=True)
    ]
    drawing.legend(figure, handles, caption)
    drawing.save(figure, folder, "newton")
