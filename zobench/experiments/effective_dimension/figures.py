"""The picture of the effective dimension: slowdown against r and against n, and how far each law is from the best."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.experiments.effective_dimension.page import FREE, Law, contests
from zobench.report import drawing
from zobench.report.drawing import BLACK, GREY, handle, of_rule
from zobench.report.ratios import Point

WRITTEN = {FREE: r"$a\,n^p(r+2)^s$", "sqrt(n(r+2))": "√(n(r+2))"}
NO_SUPPORT = 10  # a difference of AICc beyond which a law is not supported


def effective_dimension(found: Sequence[Point]) -> Figure:
    """Slowdown against r at one n, against n at one r, and how far each law is from the best."""
    figure, [[left, middle, right]] = drawing.panels(1, 3, wide=2.1, high=2.6, foot=1.0)
    n, r = _middle([p.n for p in found]), _middle([round(p.r, 6) for p in found])
    _against(left, [p for p in found if p.n == n], "r")
    left.set_title(f"n = {n:g}: slowdown against r", fontsize=9)
    _against(middle, [p for p in found if round(p.r, 6) == r], "n")
    middle.set_title(f"r = {r:g}: slowdown against n", fontsize=9)
    _laws(right, {rule: laws for rule, laws in contests(found).items() if laws})
    seeds = max((p.time.runs for p in found), default=0)
    caption = "Quadratics of rank 2r − 1 with tr(H)/L = r, two-point estimator, f − f* to the target, float64. "
    caption += f"Median over {seeds} seeds, 95 % interval (bootstrap). Tuned: against tuned GD."
    handles = [*drawing.rule_handles([p.rule for p in found]), handle("exact recursion", BLACK, lw=0.9)]
    handles += [handle("n", GREY, lw=0.9, linestyle=":"), handle("r + 2", GREY, lw=0.9, linestyle="--")]
    drawing.legend(figure, handles, caption, columns=6)
    return figure


def _middle(values: Sequence[float]) -> float:
    different = sorted(set(values))
    return different[len(different) // 2] if different else float("nan")


def _against(axes: Axes, points: Sequence[Point], of: str) -> None:
    for rule in dict.fromkeys(p.rule for p in points):
        own = sorted((p for p in points if p.rule == rule), key=lambda p: getattr(p, of))
        x, look = [getattr(p, of) for p in own], of_rule(rule)
        axes.plot(x, [p.exact_ratio for p in own], color=look["color"], lw=0.9)
        for p in own:
            drawing.interval(axes, getattr(p, of), p.ratio, **look, ms=4)
    x, n, r = np.array(sorted({(getattr(p, of), p.n, p.r) for p in points})).reshape(-1, 3).T
    axes.plot(x, n, color=GREY, lw=0.9, linestyle=":", zorder=0)
    axes.plot(x, r + 2, color=GREY, lw=0.9, linestyle="--", zorder=0)
    axes.set(xscale="log", yscale="log", xlabel="r = tr(H)/L" if of == "r" else "n")
    axes.set_ylabel(r"slowdown $K_{ZO}/K_{GD}$")
    drawing.sizes(axes, x)
    axes.yaxis.set_major_locator(FixedLocator([3, 5, 10, 20, 50, 100, 200, 500]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))


def _laws(axes: Axes, found: dict[str, dict[str, Law]]) -> None:
    """AICc above the best of its rule, by law, on a scale that is linear up to 10."""
    above = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points", "fontsize": 8, "color": "#444444"}
    axes.set_title("beyond 10, shaded: no support", fontsize=9)
    every = [*found.values()]
    names = sorted(every[0] if every else (), key=lambda name: min(laws[name].above_best for laws in every))
    axes.set_xscale("symlog", linthresh=NO_SUPPORT, linscale=1.5)
    axes.set_yticks(range(len(names)), [WRITTEN.get(name, name) for name in names])
    axes.tick_params(axis="y", length=0, pad=1)
    axes.set(ylim=(len(names) - 0.4, -1.1), xlabel="AICc above the best law", xlim=(-1, 250))
    axes.axvspan(NO_SUPPORT, 250, color=GREY, alpha=0.12, lw=0)
    axes.annotate("linear", (NO_SUPPORT, 1), (-3, -2), va="top", ha="right", **above)
    axes.annotate("logarithmic", (NO_SUPPORT, 1), (3, -2), va="top", ha="left", **above)
    axes.set_xticks([0, 5, 10, 50, 200], ["0", "5", "10", "50", "200"])
    axes.xaxis.set_minor_locator(NullLocator())
    for rule, laws in found.items():
        y = np.arange(len(names)) + {"theory": -0.2, "trace": 0.0, "tuned": 0.2}[rule]
        look = of_rule(rule)
        axes.plot([laws[name].above_best for name in names], y, **look, ms=4.5, lw=0)
