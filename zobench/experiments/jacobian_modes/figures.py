"""The pictures of jacobian_modes: the lecture's figure with operations beside it, who wins where, the hourglass.

A frame stays empty where its part did not run.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.experiments.jacobian_modes.page import MODES, Arrays, Found, config
from zobench.report import drawing, fitted
from zobench.report.drawing import BLUE, GREEN, GREY, VERMILLION, handle

LOOK: dict[str, dict[str, Any]] = {
    mode: {"color": color, "marker": marker}
    for mode, color, marker in zip(MODES, (BLUE, VERMILLION, GREEN), "s^o", strict=True)
}
WORDS = {"forward": "forward mode", "reverse": "reverse mode", "split": "split at the waist"}
COLOURS = LinearSegmentedColormap.from_list("modes", [BLUE, "#ffffff", VERMILLION])


def jacobian(found: Found) -> Figure:
    """Times and operations of Ax, times of max (Ax), against the outputs."""
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.0)
    said = config(found)
    n = said["study"]["n"]
    left.set(title="f(x) = Ax: time", xlabel="outputs m", ylabel="seconds")
    middle.set(title="f(x) = Ax: operations", xlabel="outputs m", ylabel="operations")
    right.set(title="f(x) = max (Ax): time", xlabel="outputs before the maximum m", ylabel="seconds")
    for axes in (left, middle, right):
        axes.set(xscale="log", yscale="log")
    if "linear" in found:
        a, m = found["linear"].arrays, found["linear"].arrays["m"]
        _times(left, m, a["seconds"])
        _counts(middle, m, a["operations"], (2.0 * m * n**2, 2.0 * m**2 * n), m)
        for axes in (left, middle):
            axes.axvline(n, color=GREY, lw=0.7, linestyle=":")
            axes.annotate("m = n", (n, 0.97), (2, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                          fontsize=7, color=GREY, va="top")  # fmt: skip
        batched = a["batch"] < m
        median = fitted.median(a["seconds"][1])
        left.plot(m[batched], median[batched], "o", ms=8, mfc="none", color=VERMILLION, mew=0.8)
    if "largest" in found:
        _times(right, found["largest"].arrays["m"], found["largest"].arrays["seconds"])
    handles = [
        *_handles(MODES[:2]),
        handle("2mn² and 2m²n", GREY, lw=0.8),
        handle("rows in batches: m×m too large", VERMILLION, marker="o", ms=8, mfc="none", lw=0),
    ]
    caption = f"n = {n} inputs, {said['dtype']}, compiled and warm. Median and quartiles of "
    caption += f"{said['study']['repeats']} timings in turns; operations counted by the compiler."
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def winners(found: Found) -> Figure:
    """Maps over n and m of the factor by which the cheaper mode is cheaper."""
    figure, [grid] = drawing.panels(1, 3, wide=2.5, high=2.5, foot=1.25)
    images = []
    for axes, part, array, title in zip(
        grid, ("grid", "grid", "graphs"), ("operations", "seconds", "operations"),
        ("f(x) = Ax: operations", "f(x) = Ax: time", "random graphs: operations"), strict=True,
    ):  # fmt: skip
        axes.set(title=title, xlabel="inputs n", ylabel="outputs m")
        if part in found:
            images.append(_map(axes, found[part].arrays, array))
    height = figure.get_size_inches()[1]
    for image in images[-1:]:
        cax = figure.add_axes((0.3, 0.55 / height, 0.4, 0.1 / height))
        bar = figure.colorbar(image, cax=cax, orientation="horizontal")
        bar.set_ticks([-1000, -100, -10, 0, 10, 100, 1000])
        bar.set_ticklabels(["1000", "100", "10", "1", "10", "100", "1000"])
        bar.ax.minorticks_off()
        bar.ax.tick_params(labelsize=7, length=2)
        bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]
        for mode, x, side in (("forward", 0.29, "right"), ("reverse", 0.71, "left")):
            look = {"ha": side, "va": "center", "fontsize": 7.5, "color": LOOK[mode]["color"]}
            figure.text(x, 0.6 / height, f"{mode} mode cheaper by a factor", **look)
    said = config(found)
    caption = f"{said['dtype']}; the diagonal is n = m. Median of {said['study']['repeats']} timings in turns; "
    caption += f"∞: nothing left to do. Graphs of {said['study']['vertices']} vertices."
    figure.text(0.5, 0.08 / height, caption, ha="center", va="bottom", fontsize=7, color="#444444")
    return figure


def _map(axes: Axes, a: Arrays, array: str) -> Any:
    """The factor by which the cheaper mode is cheaper, signed: negative where it is forward mode; 0 at a tie."""
    cost = fitted.median(a[array]) if array == "seconds" else np.maximum(a[array], 1)
    ratio = (cost[0] / cost[1]).T  # [m, n]
    signed = np.sign(np.log(ratio)) * np.maximum(ratio, 1 / ratio)
    nothing = (a["operations"].min(axis=0).T == 0) & (array == "operations")
    norm = SymLogNorm(linthresh=1, linscale=0.3, vmin=-2000, vmax=2000)
    image = axes.imshow(signed, origin="lower", cmap=COLOURS, norm=norm, aspect="auto")
    axes.set_xticks(range(a["n"].size), [str(one) for one in a["n"]])
    axes.set_yticks(range(a["m"].size), [str(one) for one in a["m"]])
    axes.plot([-0.5, a["n"].size - 0.5], [-0.5, a["m"].size - 0.5], color=GREY, lw=0.7, linestyle=":")
    for (i, j), value in np.ndenumerate(signed):
        text = "=" if value == 0 else "∞" if nothing[i, j] else f"{abs(value):.{0 if abs(value) > 9.5 else 1}f}"
        axes.text(j, i, text, ha="center", va="center", fontsize=6, color="white" if abs(value) > 30 else "black")
    return image


def hourglass(found: Found) -> Figure:
    """Operations and times against the waist, and the cost of Jacobians of a network over that of f."""
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.2)
    for axes, label in ((left, "operations"), (middle, "seconds")):
        axes.set(xscale="log", yscale="log", xlabel="waist q", ylabel=label, title=f"n → q → n: {label}")
    right.set(xscale="log", yscale="log", xlabel="inputs n or outputs m", ylabel="operations of the Jacobian / of f")
    right.set_title("network of tanh units")
    if "hourglass" in found:
        a, q = found["hourglass"].arrays, found["hourglass"].arrays["q"]
        n, fine = float(q[-1]), np.geomspace(q[0], q[-1], 60)
        formulas = (4 * n**3 + 4 * n**2 * fine, 6 * n**2 * fine + 4 * n * fine**2)
        _counts(left, q, a["operations"], formulas, fine)
        _times(middle, q, a["seconds"])
    if "multiples" in found:
        a = found["multiples"].arrays
        for i, (jacobian, f) in enumerate(a["operations"]):
            style: dict[str, Any] = {"linestyle": ":", "mfc": "none"} if i % 2 else {}
            right.plot(a["size"], jacobian / f, **LOOK[MODES[i // 2]], **style)
    handles = [
        *_handles(MODES),
        handle("4n³+4n²q and 6n²q+4nq²", GREY, lw=0.8),
        handle("right: forward Rⁿ → R⁸, reverse R⁸ → Rᵐ", "#444444"),
        handle("right: forward R → Rᵐ, reverse Rⁿ → R", "#444444", linestyle=":"),
    ]
    study, dtype = config(found)["study"], config(found)["dtype"]
    caption = f"n = m = {study['width']} around the waist, {study['hidden']} tanh units; {dtype}; "
    drawing.legend(figure, handles, caption + f"median and quartiles of {study['repeats']} timings.", columns=3)
    return figure


def _times(axes: Axes, x: np.ndarray, seconds: np.ndarray) -> None:
    for line, look in zip(seconds, LOOK.values(), strict=False):
        low, middle, high = fitted.quartiles(line)
        drawing.band(axes, x, low, high, look["color"])
        axes.plot(x, middle, **look, ms=3)


def _counts(axes: Axes, x: np.ndarray, operations: np.ndarray, formulas: Sequence[Any], fine: np.ndarray) -> None:
    """What was counted, and lines of what the theory counts."""
    for counted, look in zip(operations, LOOK.values(), strict=False):
        axes.plot(x[counted > 0], counted[counted > 0], **look, linestyle="none", ms=3.5)
    for formula in formulas:
        axes.plot(fine, formula, color=GREY, lw=0.8, zorder=0)


def _handles(modes: Sequence[str]) -> list[Line2D]:
    return [handle(WORDS[mode], **LOOK[mode]) for mode in modes]
