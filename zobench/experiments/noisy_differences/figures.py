"""How far intervals are from the best, what they cost, and shares of problems solved within so many values."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.noisy_differences import intervals, page, races
from zobench.report import drawing, keys, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION, handle
from zobench.store import Record

WAYS = dict(zip(intervals.WAYS, (BLUE, GREEN, ORANGE), strict=True))
RACERS = dict(zip(races.WAYS, (BLUE, VERMILLION), strict=True))
DASHES = ("-", (0, (4, 2)), (0, (1, 1)))


def noisy_differences(found: Sequence[Record]) -> Figure:
    """Left: shares of cases by the error over the least. Right: shares of problems solved by values over n + 1."""
    figure, [[left, right]] = sheets.page((2,), high=2.5, foot=0.95)
    for way, color in WAYS.items():
        error = np.sort(np.concatenate([record.arrays[f"interval/{way}/error"].ravel() for record in found]))
        shown = np.isfinite(error)
        left.step(error[shown], (np.arange(len(error)) + 1)[shown] / len(error), color=color, lw=1.2, where="post")
    left.axvline(page.WITHIN, color=GREY, lw=0.8, ls=":")
    left.set(
        xscale="log",
        xlim=(0.95, 1e3),
        ylim=(0, 1.02),
        xlabel="error over the least of any interval",
        ylabel="share of cases",
    )
    left.set_title("Intervals of differences")
    keys.below(left, [handle(way, color) for way, color in WAYS.items()], columns=2)
    handles = [handle(way, color) for way, color in RACERS.items()]
    for level, dash in zip(found[0].meta["races_noise"], DASHES, strict=False):
        own = [(page.hits(record, level), record.meta["n"]) for record in found]
        for way, color in RACERS.items():
            times = np.sort(np.concatenate([hit[way] / (n + 1) for hit, n in own]))
            there = np.isfinite(times)
            right.step(
                times[there],
                (np.arange(len(times)) + 1)[there] / len(times),
                color=color,
                ls=dash,
                lw=1.1,
                where="post",
            )
        words = f"noise {level:g}" if level else "no noise"
        handles.append(handle(f"{words}, τ = {page.ACCURACY[level]:g}", BLACK, ls=dash))
    right.set(xscale="log", ylim=(0, 1.02), xlabel="values over n + 1", ylabel="share of runs that are there")
    right.set_title("L-BFGS by differences, COBYQA by models")
    keys.below(right, handles, columns=2)
    caption = f"{len(found)} problems of Moré and Wild; noise over f(x0). Left: all levels and lines. "
    drawing.legend(figure, [], caption + "Right: f itself, at the best point by what was seen.")
    return figure
