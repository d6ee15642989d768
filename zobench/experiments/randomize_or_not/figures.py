"""Errors and values by the number of directions, descent by queries a step, errors with noise by values."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.randomize_or_not import law, page
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.statistics import Estimate
from zobench.store import Record

SHOWN = 64  # the dimension whose errors are drawn, if it is there
SIZES = (SKY, BLUE, PURPLE, ORANGE, VERMILLION)
LINES = "lines: by the exact mean of f. A run has whole iterations, so that it is above where there are few."
WAYS = {"gaussian": VERMILLION, "sphere": ORANGE, "signs": SKY, "orthogonal": BLUE, "interpolation": GREEN}
NOISY = {"axes": BLACK, "sphere": ORANGE, "interpolation": GREEN, "forward axes": PURPLE}


def _middle(found: Sequence[Record]) -> Record:
    return min(found, key=lambda record: abs(np.log(record.meta["n"] / SHOWN)))


def accuracy(found: Sequence[Record]) -> Figure:
    """Mean square errors against q/n, as they are and times the best factor; values for each accuracy, over n."""
    record = _middle(found)
    n = record.meta["n"]
    figure, [[left, right]] = sheets.page((2,), high=2.6, foot=1.0)
    q = np.geomspace(n / 8, 64 * n, 80)
    few = q[q < n]
    left.plot(q / n, (n + 1) / q, color=VERMILLION, lw=0.9)
    left.plot(q / n, (n + 1) / (q + n + 1), color=VERMILLION, lw=0.9, ls=(0, (4, 2)))
    left.plot(few / n, n / few - 1, color=BLUE, lw=0.9)
    left.plot(few / n, 1 - few / n, color=BLUE, lw=0.9, ls=(0, (4, 2)))
    for row in page.errors(record):
        if row["law"] > 0:
            for name, mark in (("error", "o"), ("scaled", "s")):
                left.plot(row["q"] / n, row[name], color=WAYS[row["way"]], marker=mark, ms=3, lw=0)
    left.axvline(1, color=GREY, lw=0.6)
    left.set(xscale="log", yscale="log", ylim=(0.01, 12), xlabel="directions over n", ylabel="E‖G−g‖²/‖g‖²")
    left.set_title(f"Errors, n = {n}")
    for each, color in zip(found, SIZES, strict=False):
        rows = list(page.values(each))
        theta, size = [row["theta"] for row in rows], each.meta["n"]
        right.plot(theta, [row["gaussian"] / size for row in rows], color=color, lw=1.1)
        right.plot(theta, [row["orthogonal"] / size for row in rows], color=color, lw=1.1, ls=(0, (4, 2)))
    right.axhline(1, color=BLACK, lw=0.9, ls=":")
    right.set(yscale="log", xlabel="relative error θ", ylabel="values over n")
    right.set_title(f"Values for θ with probability {1 - record.meta['delta']:g}")
    handles = [handle(way, color, marker="o", ms=3, lw=0) for way, color in WAYS.items()]
    handles += [handle(f"n = {each.meta['n']}", color) for each, color in zip(found, SIZES, strict=False)]
    caption = "Left: circles as they are, squares times the best factor; lines: the laws of Gaussian and of orthogonal "
    caption += (
        "directions, broken times the best factor; from q = n on orthogonal directions and interpolation have no "
    )
    caption += "error. Right, by law: Gaussian directions (full), orthogonal ones (broken), differences (dotted, at n)."
    drawing.legend(figure, handles, caption, columns=5)
    return figure


def queries(found: Sequence[Record]) -> Figure:
    """Values to the target over those of one query a step, central and forward: measured, and the exact lines."""
    figure, [panels] = sheets.page((2,), high=2.4, foot=0.9)
    handles = []
    for each, color in zip(found, SIZES, strict=False):
        n, target = each.meta["n"], each.meta["target"]
        handles.append(handle(f"n = {n}", color, marker="o", ms=3))
        for axes, quotient in zip(panels, ("central", "forward"), strict=True):
            q = np.unique(np.geomspace(1, n, 40).round().astype(int))
            exact = [
                law.values_to(target, 1 + (n - 1) / one, 2 * one if quotient == "central" else one + 1) for one in q
            ]
            axes.plot(q, np.array(exact) / exact[0], color=color, lw=0.9)
            for row in page.queries(each):
                if row["quotient"] == quotient and row["q"] > 1:
                    told = Estimate(row["ratio"], row["ratio_low"], row["ratio_high"])
                    drawing.interval(axes, row["q"], told, color=color, marker="o", ms=3)
    for axes, words in zip(panels, ("Central: 2q values a step", "Forward: q + 1, f(x) shared"), strict=True):
        axes.axhline(1, color=GREY, lw=0.6)
        axes.set(xscale="log", xlabel="queries q a step", ylabel="values over those of q = 1", ylim=(0.3, 1.6))
        axes.set_title(words)
    caption = (
        f"½‖x‖² to {found[0].meta['target']:g} f(x0), step 1/B, B = 1 + (n−1)/q: mean run with its 95 % interval; "
    )
    drawing.legend(figure, handles, caption + LINES, columns=5)
    return figure


def noise(found: Sequence[Record]) -> Figure:
    """Mean square errors against the number of noisy values, over what is possible: every n."""
    figure, [[left, right]] = sheets.page((2,), high=2.4, foot=0.9)
    record = _middle(found)
    n, sigma = record.meta["n"], record.meta["noise"]
    count = np.geomspace(n, 64 * n, 20)
    left.plot(count, law.possible(n, count, sigma), color=GREY, lw=2.0)  # type: ignore[arg-type]
    left.plot(count, law.possible_at_all(n, count, sigma), color=GREY, lw=1.2, ls=(0, (4, 2)))  # type: ignore[arg-type]
    left.plot(count, [law.noisy_mean_square("sphere", n, t / 2, sigma) for t in count], color=ORANGE, lw=0.9)  # type: ignore[arg-type]
    for row in page.noise(record):
        left.plot(row["values"], row["error"], color=NOISY[row["way"]], marker="o", ms=4, lw=0)
    left.set(xscale="log", yscale="log", xlabel="values T", ylabel="E‖G−g‖²/‖g‖²")
    left.set_title(f"Errors with noise, n = {n}")
    for way, color in NOISY.items():
        rows = [row for each in found for row in page.noise(each) if row["way"] == way]
        for row in rows:
            told = Estimate(row["over"], row["over_low"], row["over_high"])
            drawing.interval(right, row["n"], told, color=color, marker="o", ms=3)
    right.axhline(1, color=GREY, lw=2.0)
    right.set(xscale="log", yscale="log", xlabel="dimension n", ylabel="over what is possible")
    drawing.sizes(right, [each.meta["n"] for each in found])
    right.set_title("Distance from the bound")
    words = {"axes": "central, axes", "forward axes": "forward, axes", "sphere": "sphere, averaged"}
    handles = [handle(words.get(way, way), color, marker="o", ms=4, lw=0) for way, color in NOISY.items()]
    handles += [
        handle("no unbiased estimate is below", GREY, lw=2.0),
        handle("no estimate at all", GREY, ls=(0, (4, 2))),
    ]
    caption = (
        f"Noise of {sigma:g} ε‖g‖ in each of T values within ε of x. Line: the law of sphere directions. Right: all T."
    )
    drawing.legend(figure, handles, caption, columns=5)
    return figure
