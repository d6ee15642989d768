"""The picture of the noise report: curves, floors against n, what averaging buys, iterations below the floor."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.experiments.noise import page
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

LOOK = {
    page.ONE: ("central, fresh noise", VERMILLION, "^"),
    page.FORWARD: ("forward, fresh noise", ORANGE, "v"),
    page.EXACT: ("forward, no noise", BLACK, "s"),
    page.FRESH_RELATIVE: ("central, fresh relative noise", PURPLE, "x"),
    page.RELATIVE: ("central, common relative noise", GREEN, "+"),
    page.COMMON: ("central, common noise", BLUE, "o"),
}
OVER = {page.EXACT: page.FORWARD, page.COMMON: page.RELATIVE}  # drawn in dashes over one that is the same to the eye
KINDS = {page.SAME: (VERMILLION, "^"), page.OWN: (ORANGE, "v"), page.VALUES: (SKY, "D")}
HOW = dict(zip(page.HOW, ((VERMILLION, "^"), (BLUE, "o")), strict=True))


def noise(found: Sequence[Record]) -> Figure:
    """Four panels; the curves at n = 20, or at the dimension in the middle."""
    figure, ((curves, floors), (averaging, iterations)) = drawing.panels(2, 2, wide=3.2, high=2.2, foot=0.6, head=0.72)
    record = next((record for record in found if record.meta["n"] == 20), found[len(found) // 2])
    _curves(curves, record)
    _floors(floors, found)
    _averaging(averaging, found[-1])
    _iterations(iterations, found)
    caption = "f = ½‖x‖², ‖x0‖ = 1, sphere, α = 1/(nL), σ = {sigma:g} (relative {multiplicative:g}), ε = {eps:g}, "
    caption += "{seeds} seeds, float64; bars 95 %. Thin lines: exact recursion."
    drawing.legend(figure, [], caption.format_map(record.meta))
    return figure


def _curves(axes: Axes, record: Record) -> None:
    axes.set(yscale="log", xlabel="iteration k", ylabel=r"$E f(x_k) - f^*$", ylim=(1e-9, 3))
    handles = []
    for name, (words, color, _) in LOOK.items():
        k, mean, exact = (record.arrays[f"{name}/{part}"] for part in ("k", "mean", "exact"))
        above = (0, (3, 3)) if name in OVER else "-"
        axes.plot(k, mean, color=color, lw=2.2 if name in OVER.values() else 1.4, ls=above, alpha=0.8)
        axes.plot(k, exact, color=color, lw=0.6, ls=above)
        handles.append(handle(words, color, lw=1.6, ls=above))
    axes.set_title(f"Common noise leaves no floor (n = {record.meta['n']})")
    keys.below(axes, handles, columns=2)


def _floors(axes: Axes, found: Sequence[Record]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=r"floor of $E f - f^*$")
    handles = []
    n = [record.meta["n"] for record in found]
    for name in (page.ONE, page.FORWARD, page.EXACT, page.FRESH_RELATIVE):
        words, color, mark = LOOK[name]
        value, error = zip(*(page.floor(record, name) for record in found), strict=True)
        drawing.means(axes, n, value, error, color, mark)
        handles.append(_expected(axes, n, [page.closed(record)[name] for record in found], color, mark, words))
    axes.set_title("Floors grow like n")
    keys.below(axes, handles, columns=2)
    drawing.sizes(axes, n)


def _averaging(axes: Axes, record: Record) -> None:
    """Floor over the floor of one value, against values averaged."""
    axes.set(xscale="log", yscale="log", xlabel="directions, or values a point", ylabel="floor over that of one")
    handles = []
    unit, one, many = page.floor(record, page.ONE)[0], record.meta["floors"][page.ONE]["exact"], {1}
    for kind, some in page.averaged(record).items():
        if some:
            x = [each["q"] * each["repeats"] for each in some]
            value, error = np.array([each["floor"] for each in some]).T / unit
            drawing.means(axes, x, value, error, *KINDS[kind])
            exact = [1, *(each["exact"] / one for each in some)]
            handles.append(_expected(axes, [1, *x], exact, *KINDS[kind], kind))
            many |= set(x)
    law = {"color": GREY, "lw": 0.9, "ls": ":"}
    axes.plot([1, max(many)], [1, 1 / max(many)], **law)
    axes.set_title(f"What averaging buys (n = {record.meta['n']})")
    keys.below(axes, [*handles, handle("1 over their number", **law)], columns=2)
    drawing.sizes(axes, many)


def _iterations(axes: Axes, found: Sequence[Record]) -> None:
    target = found[0].meta["target"]
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=f"iterations to a mean gap of {target:g}")
    n, handles = [record.meta["n"] for record in found], []
    for name, (color, mark) in HOW.items():
        k, exact = ([record.meta["reached"][name][of] for record in found] for of in ("k", "exact"))
        slope = page.exponent(found, name).value
        axes.plot(n, k, color=color, marker=mark, ms=5, lw=0, mfc="none")
        words = rf"{name}: $n^{{{slope:.2f}}}$" if slope == slope else f"{name}: "
        handles.append(_expected(axes, n, exact, color, mark, words))
    axes.set_title("Below the floor, noise costs n² iterations")
    keys.below(axes, handles)
    drawing.sizes(axes, n)


def _expected(axes: Axes, x: Sequence[float], y: Sequence[float], color: str, mark: str, label: str) -> Line2D:
    """A thin line; its entry of a key shows the mark on it."""
    axes.plot(x, y, color=color, lw=0.7)
    return handle(label, color, marker=mark, lw=0.7, ms=5, mfc="none")
