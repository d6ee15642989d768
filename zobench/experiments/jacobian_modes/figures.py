"""The pictures of jacobian_modes: the lecture's figure with operations beside it, who wins where, the hourglass."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, SymLogNorm
from matplotlib.lines import Line2D

from zobench.report import drawing, fitted
from zobench.report.drawing import BLUE, GREEN, GREY, VERMILLION

Parts = dict[str, dict[str, np.ndarray]]
LOOK: dict[str, dict[str, Any]] = {
    "forward": {"color": BLUE, "marker": "s", "linestyle": "-"},
    "reverse": {"color": VERMILLION, "marker": "^", "linestyle": "-"},
    "split": {"color": GREEN, "marker": "o", "linestyle": "-"},
}
MODES = tuple(LOOK)
COLOURS = LinearSegmentedColormap.from_list("modes", [BLUE, "#ffffff", VERMILLION])


def draw(parts: Parts, config: dict[str, Any], folder: Path) -> None:
    """All of them; an empty frame where a part did not run."""
    with drawing.context():
        _jacobian(parts, config, folder)
        _winners(parts, config, folder)
        _hourglass(parts, config, folder)


def _jacobian(parts: Parts, config: dict[str, Any], folder: Path) -> None:
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.0)
    n, repeats = config["study"]["n"], config["study"]["repeats"]
    for axes, name, title in ((left, "linear", "f(x) = Ax: time"), (right, "largest", "f(x) = max (Ax): time")):
        axes.set(
            xscale="log", yscale="log", xlabel="outputs before the maximum m" if name == "largest" else "outputs m"
        )
        axes.set(ylabel="seconds", title=title)
        if name in parts:
            _times(axes, parts[name]["m"], parts[name]["seconds"])
    middle.set(xscale="log", yscale="log", xlabel="outputs m", ylabel="operations", title="f(x) = Ax: operations")
    if "linear" in parts:
        a, m = parts["linear"], parts["linear"]["m"]
        for i, formula in enumerate((2.0 * m * n**2, 2.0 * m**2 * n)):
            _counts(middle, m, a["operations"][i], MODES[i])
            middle.plot(m, formula, color=GREY, lw=0.8, zorder=0)
        for axes in (left, middle):
            axes.axvline(n, color=GREY, lw=0.7, linestyle=":")
            axes.annotate("m = n", (n, 0.97), (2, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                          fontsize=7, color=GREY, va="top")  # fmt: skip
        batched = m[a["batch"] < m]
        if batched.size:
            shown = np.isin(m, batched)
            left.plot(m[shown], fitted.median(a["seconds"][1][shown]), "o", ms=8, mfc="none", color=VERMILLION, mew=0.8)
    handles = [
        *_handles("forward", "reverse"),
        Line2D([], [], color=GREY, lw=0.8, label="2mn² and 2m²n"),
        Line2D([], [], color=VERMILLION, marker="o", ms=8, mfc="none", lw=0, label="rows in batches: m×m too large"),
    ]
    caption = (
        f"n = {n} inputs, {config['dtype']}, compiled and warm. Median and quartiles of {repeats} timings in turns; "
    )
    drawing.legend(figure, handles, caption + "operations counted by the compiler.", columns=4)
    drawing.save(figure, folder, "jacobian")


def _winners(parts: Parts, config: dict[str, Any], folder: Path) -> None:
    figure, [grid] = drawing.panels(1, 3, wide=2.5, high=2.5, foot=1.25)
    image = None
    for axes, part, array, title in zip(
        grid, ("grid", "grid", "graphs"), ("operations", "seconds", "operations"),
        ("f(x) = Ax: operations", "f(x) = Ax: time", "random graphs: operations"), strict=True,
    ):  # fmt: skip
        axes.set(title=title, xlabel="inputs n", ylabel="outputs m")
        if part in parts:
            image = _map(axes, parts[part], array)
    if image is not None:
        height = figure.get_size_inches()[1]
        bar = figure.colorbar(
            image, cax=figure.add_axes((0.3, 0.55 / height, 0.4, 0.1 / height)), orientation="horizontal"
        )
        bar.set_ticks([-1000, -100, -10, 0, 10, 100, 1000])
        bar.set_ticklabels(["1000", "100", "10", "1", "10", "100", "1000"])
        bar.ax.minorticks_off()
        bar.ax.tick_params(labelsize=7, length=2)
        bar.outline.set_linewidth(0.4)  # pyright: ignore[reportCallIssue]
        figure.text(
            0.29, 0.6 / height, "forward mode cheaper by a factor", ha="right", va="center", fontsize=7.5, color=BLUE
        )
        figure.text(
            0.71,
            0.6 / height,
            "reverse mode cheaper by a factor",
            ha="left",
            va="center",
            fontsize=7.5,
            color=VERMILLION,
        )
    caption = f"{config['dtype']}; the diagonal is n = m. Median of {config['study']['repeats']} timings in turns; "
    caption += f"∞: nothing left to do. Graphs of {config['study']['vertices']} vertices."
    figure.text(0.5, 0.08 / figure.get_size_inches()[1], caption, ha="center", va="bottom", fontsize=7, color="#444444")
    drawing.save(figure, folder, "winners")


def _map(axes: Axes, a: dict[str, np.ndarray], array: str) -> Any:
    """The factor by which the cheaper mode is cheaper, signed: negative where it is forward mode; 0 at a tie."""
    cost = fitted.median(a[array]) if array == "seconds" else np.maximum(a[array], 1)
    ratio = (cost[0] / cost[1]).T  # [m, n]
    signed = np.sign(np.log(ratio)) * np.maximum(ratio, 1 / ratio)
    nothing = a["operations"].min(axis=0).T == 0
    norm = SymLogNorm(linthresh=1, linscale=0.3, vmin=-2000, vmax=2000)
    image = axes.imshow(signed, origin="lower", cmap=COLOURS, norm=norm, aspect="auto")
    axes.set_xticks(range(a["n"].size), [str(one) for one in a["n"]])
    axes.set_yticks(range(a["m"].size), [str(one) for one in a["m"]])
    axes.plot([-0.5, a["n"].size - 0.5], [-0.5, a["m"].size - 0.5], color=GREY, lw=0.7, linestyle=":")
    for i, line in enumerate(signed):
        for j, value in enumerate(line):
            text = "∞" if nothing[i, j] and array == "operations" else f"{abs(value):.{0 if abs(value) > 9.5 else 1}f}"
            text = "=" if value == 0 else text
            axes.text(j, i, text, ha="center", va="center", fontsize=6, color="white" if abs(value) > 30 else "black")
    return image


def _hourglass(parts: Parts, config: dict[str, Any], folder: Path) -> None:
    figure, [(left, middle, right)] = drawing.panels(1, 3, wide=2.6, high=2.5, foot=1.2)
    for axes, label in ((left, "operations"), (middle, "seconds")):
        axes.set(xscale="log", yscale="log", xlabel="waist q", ylabel=label, title=f"n → q → n: {label}")
    right.set(xscale="log", yscale="log", xlabel="inputs n or outputs m", ylabel="operations of the Jacobian / of f")
    right.set_title("network of tanh units")
    if "hourglass" in parts:
        a, q = parts["hourglass"], parts["hourglass"]["q"]
        n = float(q[-1])
        for i, mode in enumerate(MODES):
            _counts(left, q, a["operations"][i], mode)
        fine = np.geomspace(q[0], n, 60)
        for formula in (4 * n**3 + 4 * n**2 * fine, 6 * n**2 * fine + 4 * n * fine**2):
            left.plot(fine, formula, color=GREY, lw=0.8, zorder=0)
        _times(middle, q, a["seconds"])
    if "multiples" in parts:
        a = parts["multiples"]
        over = a["operations"][:, 0] / a["operations"][:, 1]
        names = ("forward", "forward", "reverse", "reverse")
        for i, (mode, line) in enumerate(zip(names, ("-", ":", "-", ":"), strict=True)):
            right.plot(a["size"], over[i], **{**LOOK[mode], "linestyle": line}, mfc="none" if line == ":" else None)
    handles = [
        *_handles(*MODES),
        Line2D([], [], color=GREY, lw=0.8, label="4n³+4n²q and 6n²q+4nq²"),
        Line2D([], [], color="#444444", label="right: forward Rⁿ → R⁸, reverse R⁸ → Rᵐ"),
        Line2D([], [], color="#444444", linestyle=":", label="right: forward R → Rᵐ, reverse Rⁿ → R"),
    ]
    study = config["study"]
    caption = f"n = m = {study['width']} around the waist, {study['hidden']} tanh units; {config['dtype']}; "
    drawing.legend(figure, handles, caption + f"median and quartiles of {study['repeats']} timings.", columns=3)
    drawing.save(figure, folder, "hourglass")


def _times(axes: Axes, x: np.ndarray, seconds: np.ndarray) -> None:
    for i, line in enumerate(seconds):
        low, middle, high = fitted.quartiles(line)
        axes.fill_between(x, low, high, color=LOOK[MODES[i]]["color"], alpha=0.25, lw=0)
        axes.plot(x, middle, **LOOK[MODES[i]], ms=3)


def _counts(axes: Axes, x: np.ndarray, y: np.ndarray, mode: str) -> None:
    shown = y > 0
    axes.plot(x[shown], y[shown], **{**LOOK[mode], "linestyle": "none"}, ms=3.5)


def _handles(*modes: str) -> list[Line2D]:
    names = {"forward": "forward mode", "reverse": "reverse mode", "split": "split at the waist"}
    return [Line2D([], [], label=names[mode], **LOOK[mode]) for mode in modes]
