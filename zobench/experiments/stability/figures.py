"""Limits of the step, the curvature along trainings, and flatness against its law."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.stability import flatness as flat
from zobench.experiments.stability import page
from zobench.experiments.stability.limits import DIRECTIONS, SPECTRA
from zobench.experiments.stability.study import SLOPE
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

LOOK = dict(zip(DIRECTIONS, ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"), (BLACK, "D")), strict=True))
COLORS = (BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE)


def limits(found: Sequence[Record]) -> Figure:
    """Measured over exact limits, then those of single runs, a column of marks for each spectrum, a mark for each n."""
    own = page.of(found, "limits")
    figure, [[left, right]] = sheets.page((2,), high=2.6, foot=1.1)
    for i, direction in enumerate(DIRECTIONS):
        color, marker = LOOK[direction]
        for m, record in enumerate(own):
            for line in (line for line in record.meta["lines"] if line["direction"] == direction):
                x = [*SPECTRA].index(line["spectrum"]) + (i * len(own) + m - 2 * len(own) + 0.5) * 0.8 / (4 * len(own))
                look = {"color": color, "marker": marker, "ms": 3}
                drawing.interval(left, x, page.limit(line, record.meta["within"]), **look)
                drawing.interval(right, x, page.student(np.array(line["alone"])), **look)
    within = own[0].meta["within"] if own else 0.02
    left.axhspan(1 - within, 1 + within, color=GREY, alpha=0.2, lw=0)
    left.set_title("Mean square: measured/exact")
    right.set_title("A run by itself/mean square")
    for axes in (left, right):
        axes.axhline(1, color=GREY, lw=0.8)
        axes.set_xticks(range(len(SPECTRA)), [name.replace("_", "\n") for name in SPECTRA])
    right.set(yscale="log", yticks=[1, 1.2, 1.5, 2, 3], yticklabels=["1", "1.2", "1.5", "2", "3"])
    right.minorticks_off()
    handles = [handle(page.WORDS[d], LOOK[d][0], marker=LOOK[d][1], ms=4, lw=0) for d in DIRECTIONS]
    sizes = ", ".join(str(record.meta["n"]) for record in own)
    caption = f"Largest stable step on quadratics, λ_max = 1; from left to right n = {sizes}; 95 % intervals over "
    drawing.legend(
        figure, handles, caption + f"populations. Band: {100 * within:g} % about the exact limit.", columns=4
    )
    return figure


def networks(found: Sequence[Record]) -> Figure:
    """tr H over 2/step and the step over the largest stable one, along each training."""
    own = page.of(found, "network")
    figure, grid = sheets.page((2,) * max(len(own), 1), high=2.1, foot=1.0)
    handles = []
    for (left, right), record in zip(grid, own, strict=False):
        k, loss = record.arrays["k"], record.meta["loss"].replace("_", " ")
        for step, color, trace, limit in zip(
            record.arrays["steps"], COLORS, record.arrays["trace"], record.arrays["limit"], strict=False
        ):
            left.plot(k, trace * step / 2, color=color, lw=1.1)
            right.plot(k, step / limit, color=color, lw=1.1)
        handles = [handle(f"{m:g} α* at the start", c) for m, c in zip(record.meta["multiples"], COLORS, strict=False)]
        left.set_title(f"tr H over 2/step ({loss})")
        right.set_title(f"step/α* ({loss})")
        for axes in (left, right):
            axes.axhline(1, color=GREY, lw=0.8, ls=":")
            axes.set(xlabel="iteration", ylim=(0, 1.6))
    about = own[0].meta if own else {"width": "", "samples": "", "n": ""}
    caption = (
        "Network 64-{width}-10, n = {n}, {samples} digits, two points along Gaussian directions, float32. α*: the "
    )
    caption += (
        "largest step that is stable in the mean square on the quadratic of the Hessian's positive eigenvalues there."
    )
    drawing.legend(figure, handles, caption.format_map(about), columns=4)
    return figure


def flatness(found: Sequence[Record]) -> Figure:
    """tr H along the runs with the law, for each difference step and for the slope."""
    figure, [[axes]] = sheets.page((1,), high=2.8, foot=1.0)
    handles: list = []
    for record in page.of(found, "flatness"):
        for eps, color in zip((*record.meta["eps"], SLOPE), COLORS, strict=False):
            _falls(axes, record, eps, color)
            words = "the slope itself" if eps == SLOPE else f"difference step ε = {eps:g}"
            handles.append(handle(words, color, marker=".", lw=0))
        handles += [handle("law", BLACK, lw=0.9), handle("its first order", BLACK, lw=0.9, ls=(0, (4, 2)))]
        axes.axhline(2, color=GREY, lw=0.8)
        caption = (
            "f = ½(yᵀz − 1)², n = {n}, Gaussian directions, step {step:g}; dots: means of {runs} runs (fewer of the "
        )
        caption = caption.format_map(record.meta) + "slope). Grey: the flattest minima, tr H = 2."
        axes.set(yscale="log", xlabel="iteration", ylabel="tr H")
        drawing.legend(figure, handles, caption, columns=3)
    if not handles:
        drawing.legend(figure, [], "No record of flatness.")
    return figure


def _falls(axes: Axes, record: Record, eps: float | str, color: str) -> None:
    k, trace = record.arrays[f"{eps}/k"], record.arrays[f"{eps}/trace"].mean(axis=0)
    axes.plot(k, trace, color=color, marker=".", lw=0, ms=4)
    if eps != SLOPE:
        after = k[flat.late(k) :]
        axes.plot(after, record.arrays[f"{eps}/law"], color=color, lw=0.9)
        axes.plot(after, record.arrays[f"{eps}/first_order"], color=color, lw=0.9, ls=(0, (4, 2)))
