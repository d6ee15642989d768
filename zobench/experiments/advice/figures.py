"""The share of right choices against the length of the race."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.advice.page import LENGTHS, RIGHT, TARGETS, Function, choices, share
from zobench.report import drawing
from zobench.report.drawing import BLUE, GREEN, ORANGE, VERMILLION, handle

LOOK = dict(zip(TARGETS, ((BLUE, "o"), (GREEN, "s"), (VERMILLION, "^"), (ORANGE, "D")), strict=True))


def lengths(found: Sequence[Function]) -> Figure:
    """One panel, a line a target."""
    figure, [[axes]] = drawing.panels(1, 1, wide=5.0, high=3.0, foot=1.1)
    for i, (target, (color, marker)) in enumerate(LOOK.items()):
        right = [share([choice.loss <= RIGHT for choice in choices(found, target, length)]) for length in LENGTHS]
        value, low, high = (np.array([getattr(one, name) for one in right]) for name in ("value", "low", "high"))
        place = np.array(LENGTHS) * 1.03**i  # beside each other
        axes.errorbar(place, value, [value - low, high - value], color=color, marker=marker, lw=1.2, elinewidth=0.7)
    axes.set(xscale="log", ylim=(0, 1), xlabel="length of the race, in n + 1 values a method", ylabel="right choices")
    axes.set_xticks(LENGTHS, [f"{length}" for length in LENGTHS])
    axes.minorticks_off()
    handles = [handle(f"target {target:g}", color, marker=marker) for target, (color, marker) in LOOK.items()]
    caption = f"Share of {len(found)} functions on which the method chosen takes at most 20 % more values than the best"
    drawing.legend(figure, handles, f"{caption} one; 95 % interval over functions.", columns=4)
    return figure
