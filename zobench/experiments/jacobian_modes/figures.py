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
from matplotlib.patches import Rectangle

from zobench.experiments.jacobian_modes.page import MODES, Arrays, Found, config
from zobench.report import drawing, fitted, sheets
from zobench.report.drawing import BLUE, GREEN, GREY, VERMILLION, handle

LOOK: dict[str, dict[str, Any]] = {
    mode: {"color": color, "marker": marker}
    for mode, color, marker in zip(MODES, (BLUE, VERMILLION, GREEN), "s^o", strict=True)
}
WORDS = {"forward": "forward mode", "reverse": "reverse mode", "split": "split at the waist"}
COLOURS = LinearSegmentedColormap.from_list("modes", [BLUE, "#ffffff", VERMILLION])


def jacobian(found: Found) -> Figure:
    """Times and operations of Ax, times of max (Ax), against the outputs."""
    figure, [[left, right], [below]] = sheets.page((2, 1), high=2.4)
    said = config(found)
    n = said["study"]["n"]
    left.set(title="f(x) = Ax: time", xlabel="outputs m", ylabel="microseconds")
    right.set(title="f(x) = Ax: operations", xlabel="outputs m", ylabel="operations")
    below.set(
        title="f(x) = max (Ax), one output: time", xlabel="rows m of A, before the maximum", ylabel="microseconds"
    )
    for axes in (left, right, below):
        axes.set(xscale="log", yscale="log")
    batches = []
    if "linear" in found:
        a, m = found["linear"].arrays, found["linear"].arrays["m"]
        _times(left, m, a["seconds"])
        _counts(right, m, a["operations"], (2.0 * m * n**2, 2.0 * m**2 * n), m)
        for axes in (left, right):
            axes.axvline(n, 0, 0.7, color=GREY, lw=0.7, linestyle=":")
            where = {"xycoords": axes.get_xaxis_transform(), "xytext": (4, 4), "va": "bottom"}
            sheets.said(axes, "m = n", n, 0.0, **where)
        batched = a["batch"] < m
        median = 1e6 * fitted.median(a["seconds"][1])
        left.plot(m[batched], median[batched], "o", ms=8, mfc="none", color=VERMILLION, mew=0.8)
        circle = handle("rows in batches: m × m too large", VERMILLION, marker="o", ms=8, mfc="none", lw=0)
        batches = [circle] if batched.any() else []
    if "largest" in found:
        _times(below, found["largest"].arrays["m"], found["largest"].arrays["seconds"])
    sheets.key(left, [*_handles(MODES[:2]), *batches], "upper left")
    counted = [_mark(mode) for mode in MODES[:2]]
    sheets.key(right, [*counted, handle("2mn² and 2m²n", GREY, lw=0.8)], "upper left")
    sheets.key(below, _handles(MODES[:2]), "upper left")
    caption = f"n = {n} inputs, {said['dtype']}, compiled and warm. Median and quartiles of "
    caption += f"{said['study']['repeats']} timings in turns; operations counted by the compiler."
    drawing.legend(figure, [], caption)
    return figure


def winners(found: Found) -> Figure:
    """Maps over n and m of the factor by which the cheaper mode is cheaper."""
    figure, [[left, right], [below, place]] = sheets.page((2, 2), high=2.5)
    images = []
    for axes, part, array, title in zip(
        (left, right, below), ("grid", "grid", "graphs"), ("operations", "seconds", "operations"),
        ("f(x) = Ax: operations", "f(x) = Ax: time", "random graphs: operations"), strict=True,
    ):  # fmt: skip
        axes.set(title=title, xlabel="inputs n", ylabel="outputs m")
        if part in found:
            images.append(_map(axes, found[part].arrays, array))
    place.axis("off")
    for image in images[-1:]:
        _scale(figure, place, image)
    said = config(found)
    caption = f"{said['dtype']}. Median of {said['study']['repeats']} timings in turns. "
    caption += f"Graphs of {said['study']['vertices']} vertices."
    drawing.legend(figure, [], caption)
    return figure


def _scale(figure: Figure, place: Axes, image: Any) -> None:
    """The scale of colours, upright in a place of its own, with what the signs in the maps mean."""
    x, y, wide, high = place.get_position(original=True).bounds
    bar = figure.colorbar(image, cax=figure.add_axes((x + 0.08 * wide, y + 0.06 * high, 0.06 * wide, 0.88 * high)))
    bar.set_ticks([-1000, -100, -10, 0, 10, 100, 1000])
    bar.set_ticklabels(["1000", "100", "10", "1", "10", "100", "1000"])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]
    for mode, height in (("reverse", 0.78), ("forward", 0.22)):
        look = {"va": "center", "fontsize": 8, "color": LOOK[mode]["color"], "transform": place.transAxes}
        place.text(0.38, height, f"{mode} mode cheaper\nby this factor", **look)
    signs = "framed: n = m\n=  both cost the same\n∞  nothing left to do"
    place.text(0.38, 0.5, signs, fontsize=8, va="center", transform=place.transAxes, linespacing=1.4)


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
    for i, j in np.argwhere(a["m"][:, None] == a["n"]):  # a frame, where a diagonal would strike the numbers out
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=GREY, lw=0.9))
    for (i, j), value in np.ndenumerate(signed):
        text = "=" if value == 0 else "∞" if nothing[i, j] else f"{abs(value):.{0 if abs(value) > 9.5 else 1}f}"
        axes.text(j, i, text, ha="center", va="center", fontsize=7, color="white" if abs(value) > 30 else "black")
    return image


def hourglass(found: Found) -> Figure:
    """Operations and times against the waist, and the cost of Jacobians of a network over that of f."""
    figure, [above, below] = sheets.page((2, 2), high=2.2)
    for axes, what, label in zip(above, ("operations", "time"), ("operations", "microseconds"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="waist q", ylabel=label, title=f"n → q → n: {what}")
    formulas = handle("4n³ + 4n²q, 6n²q + 4nq²", GREY, lw=0.8)
    if "hourglass" in found:
        a, q = found["hourglass"].arrays, found["hourglass"].arrays["q"]
        n, fine = float(q[-1]), np.geomspace(q[0], q[-1], 60)
        _counts(above[0], q, a["operations"], (4 * n**3 + 4 * n**2 * fine, 6 * n**2 * fine + 4 * n * fine**2), fine)
        _times(above[1], q, a["seconds"])
    sheets.key_below(above[0], [*[_mark(mode) for mode in MODES], formulas], 2)
    sheets.key_below(above[1], _handles(MODES), 2)
    _multiples(below, found)
    study, dtype = config(found)["study"], config(found)["dtype"]
    caption = f"Above: n = m = {study['width']} around the waist. Below: a network of {study['hidden']} tanh units. "
    drawing.legend(figure, [], f"{caption}{dtype}; median and quartiles of {study['repeats']} timings.")
    return figure


def _multiples(panels: Sequence[Axes], found: Found) -> None:
    """Jacobians over f: on the left with as many directions as the size says, on the right with one."""
    titles = ("network: as many directions as the size", "network: one direction, whatever the size")
    words = (
        ("forward mode, n of Rⁿ → R⁸", "forward mode, m of R → Rᵐ"),
        ("reverse mode, m of R⁸ → Rᵐ", "reverse mode, n of Rⁿ → R"),
    )
    for k, (axes, title) in enumerate(zip(panels, titles, strict=True)):
        axes.set(xscale="log", yscale="log", xlabel="inputs n or outputs m", title=title)
        axes.set_ylabel("operations of the Jacobian / of f")
        if "multiples" in found:
            a = found["multiples"].arrays
            for i, mode in enumerate(MODES[:2]):
                jacobian, f = a["operations"][2 * i + k]
                axes.plot(a["size"], jacobian / f, **LOOK[mode], **_size(LOOK[mode]))
        sheets.key(
            axes,
            [handle(words[i][k], **LOOK[mode], **_size(LOOK[mode])) for i, mode in enumerate(MODES[:2])],
            "upper left",
        )
    ends = [axes.get_ylim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))


def _times(axes: Axes, x: np.ndarray, seconds: np.ndarray) -> None:
    for line, look in zip(seconds, LOOK.values(), strict=False):
        low, middle, high = (1e6 * part for part in fitted.quartiles(line))
        drawing.band(axes, x, low, high, look["color"])
        axes.plot(x, middle, **look, ms=3)


def _counts(axes: Axes, x: np.ndarray, operations: np.ndarray, formulas: Sequence[Any], fine: np.ndarray) -> None:
    """What was counted, and lines of what the theory counts."""
    for counted, look in zip(operations, LOOK.values(), strict=False):
        axes.plot(x[counted > 0], counted[counted > 0], **look, **_size(look), linestyle="none")
    for formula in formulas:
        axes.plot(fine, formula, color=GREY, lw=0.8, zorder=0)


def _size(look: dict[str, Any]) -> dict[str, Any]:
    """Forward mode as an open frame around the others, where they agree."""
    return {"ms": 6, "mfc": "none"} if look is LOOK["forward"] else {"ms": 3.5}


def _mark(mode: str) -> Line2D:
    return handle(WORDS[mode], **LOOK[mode], **_size(LOOK[mode]), lw=0)


def _handles(modes: Sequence[str]) -> list[Line2D]:
    return [handle(WORDS[mode], **LOOK[mode]) for mode in modes]
