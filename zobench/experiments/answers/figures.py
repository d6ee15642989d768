"""Errors with noise beside what is possible; what search by comparisons and one value a step ask, over n."""

from collections.abc import Sequence
from math import log

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.answers import law, noisy, page
from zobench.report import drawing, keys, sheets
from zobench.report.drawing import BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION, handle
from zobench.store import Record

WAYS = dict(zip(noisy.WAYS, (BLUE, VERMILLION, GREEN), strict=True))
SIZES = dict(zip(noisy.WAYS, (6.0, 3.0, 3.0), strict=True))  # values and axes have the same errors
KINDS = {"f": ("radii to 2R√(n/k)", BLUE, "o"), "narrow": ("radii to 2R", VERMILLION, "s")}
MADE = {"residual, one value": (ORANGE, "o"), "two points": (SKY, "s")}


def possible(found: Sequence[Record]) -> Figure | None:
    """E f against values over n² with the least that is possible, and the ratio of the two, every n."""
    found = [record for record in found if "values" in record.arrays]
    if not found:
        return None
    figure, [[left, right]] = sheets.page((2,), high=2.6, foot=0.95)
    record, shades = found[-1], np.linspace(0.35, 1, len(found))
    n, R, sigma, eps = (record.meta[name] for name in ("n", "start", "sigma", "eps"))
    count = np.geomspace(record.arrays["values"][0], record.arrays["values"][-1], 60)
    least = law.possible(n, count * (eps**2 + R**2), R, sigma)
    left.fill_between(count / n**2, least, least.min() / 4, color=GREY, alpha=0.25, lw=0)
    left.plot(count / n**2, least, color=GREY, lw=1.6)
    for way, color in WAYS.items():
        rows = list(page.curve(record, way))
        x, f = [row["values"] / n**2 for row in rows], [row["f"] for row in rows]
        left.plot(x, f, color=color, marker="o", mfc="none", ms=SIZES[way], lw=0.9)
        for each, shade in zip(found, shades, strict=True):
            rows, size = list(page.curve(each, way)), each.meta["n"]
            right.plot(
                [r["values"] / size**2 for r in rows], [r["over"] for r in rows], color=color, lw=1.1, alpha=shade
            )
    left.plot(count / n**2, law.compared(n, count, R, sigma, eps), color=GREY, lw=1.0, ls=(0, (4, 2)))
    left.set(xscale="log", yscale="log", xlabel="values T over n²", ylabel="E f", ylim=(least.min() / 2, 0.7))
    left.set_title(f"Descent with noise, n = {n}")
    right.axhline(1, color=GREY, lw=1.6)
    right.set(xscale="log", xlabel="values T over n²", ylabel="E f over the least possible", ylim=(0.8, None))
    right.set_title("Distance from what is possible")
    handles = [handle(way, color, marker="o", mfc="none", ms=SIZES[way]) for way, color in WAYS.items()]
    handles += [handle("no method below", GREY, lw=1.6), handle("none by comparisons", GREY, ls=(0, (4, 2)))]
    sizes = ", ".join(str(each.meta["n"]) for each in found)
    caption = (
        f"f = ½‖x‖², σ = {sigma:g} in each value, ε = {eps:g}, R = {R:g}, {len(record.arrays['f/values'])} runs. Left: "
    )
    caption += "no method that asks within √(R² + ε²) of the minimum, in the mean square, is below the line. "
    drawing.legend(
        figure, handles, caption + f"Right: n = {sizes} (fainter where smaller), each by its own queries.", columns=5
    )
    return figure


def little(found: Sequence[Record]) -> Figure:
    """Values of gradientless descent over log n, and of one value a step over n, against n."""
    figure, [[left, right]] = sheets.page((2,), high=2.4, foot=0.8)
    rows = [row for record in found for row in page.searches(record)]
    k, condition = found[0].meta["latent"], found[0].meta["condition"]
    for kind, (_, color, mark) in KINDS.items():
        for row in rows:
            if (row["k"], row["condition"], row["kind"]) == (k, condition, kind):
                drawing.interval(left, row["n"], row["told"].times(1 / log(row["n"])), color=color, marker=mark, ms=4)
    left.set(xscale="log", yscale="log", xlabel="dimension n", ylabel="values over ln n")
    left.set_title(f"By comparisons, {k} coordinates act")
    keys.below(left, [handle(words, color, marker=mark, lw=0, ms=4) for words, color, mark in KINDS.values()])
    drawing.sizes(left, sorted({row["n"] for row in rows}))
    fed = [row for record in found for row in page.feedback(record)]
    for row in fed:
        color, mark = MADE[row["kind"]]
        drawing.interval(right, row["n"], row["told"].times(1 / row["n"]), color=color, marker=mark, ms=4)
    for record in found:
        if "feedback/one" in record.arrays:
            told, n = page.fixed(record), record.meta["n"]
            drawing.interval(right, n, told.times(1 / n), color=VERMILLION, marker="^", ms=4)
    right.set(xscale="log", xlabel="dimension n", ylabel="values over n", ylim=(0, None))
    right.set_title("Not convex, to a small gradient")
    shown = {**MADE, f"residual, step {page.STEP:g}/(nL)": (VERMILLION, "^")}
    keys.below(right, [handle(words, color, marker=mark, lw=0, ms=4) for words, (color, mark) in shown.items()])
    drawing.sizes(right, sorted({row["n"] for row in fed}))
    caption = f"Left: f/f(x0) = {found[0].meta['target']:g}, condition number {condition:g}, medians [95 %]. "
    drawing.legend(
        figure, [], caption + "Right: Welsch's function, step and ε the best of a grid, chosen on other runs."
    )
    return figure
