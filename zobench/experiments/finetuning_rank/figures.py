"""The picture of the finetuning_rank report: slowdown against n and against r + 2, and tr H on the way."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.advising.forecast import SHARES
from zobench.experiments.finetuning_rank.readings import best, case, slowdown, told, whole
from zobench.experiments.finetuning_rank.readings import rank as rank_of
from zobench.experiments.finetuning_rank.study import CASES
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

# in the order of CASES: seven filled, then hollow ones
PALETTE = (SKY, BLUE, GREEN, ORANGE, VERMILLION, BLACK, PURPLE, GREEN, VERMILLION, ORANGE, BLUE, BLACK)
COLORS = dict(zip(CASES, PALETTE, strict=True))
MARKERS = ("o", "s", "^")  # of the three losses
FACTOR = 2.0  # of the band


def rank(found: Sequence[Record]) -> Figure:
    """Slowdown against n, against what was told (and r + 2), and the trace against the loss."""
    found = whole(found)
    figure, [[size, predicted, way]] = drawing.panels(1, 3, wide=2.35, high=2.5, foot=0.9)
    n = np.array([record.meta["n"] for record in found], float)
    r = np.array([[rank_of(record, i) for i in range(len(SHARES))] for record in found])
    _slowdowns(size, found, np.repeat(n[:, None], len(SHARES), axis=1) * 1.04 ** np.arange(-1, 2))
    size.set(xlabel="parameters n", ylabel=r"$K\,/\,K_{\mathrm{SGD}}$", title="slowdown against n")
    size.plot(n, n, color=GREY, lw=0.9, ls=":")
    said = np.array([[told(record, i) for i in range(len(SHARES))] for record in found])
    for record, at in zip(found, r, strict=True):
        predicted.plot(at, _of(record), color=GREY, marker="x", ms=3.5, lw=0)
    _slowdowns(predicted, found, said)
    every = [*r.ravel(), *said.ravel()[np.isfinite(said.ravel())]]
    ends = np.array([max(min(every), 1.0) / 1.3, max(every) * 1.3])
    predicted.plot(ends, ends, color=GREY, lw=0.9)
    drawing.band(predicted, ends, ends / FACTOR, ends * FACTOR, GREY)
    predicted.set(xlabel="told before the runs", title="slowdown against the forecast")
    paid = np.array([_of(record) for record in found])
    paid = paid[np.isfinite(paid)]
    if paid.size:
        size.set_ylim(paid.min() / 4, 4 * paid.max())
        predicted.set_ylim(*size.get_ylim())
    _way(way, found)
    if len(set(n)) > 1:
        drawing.sizes(size, n)
    size.tick_params(axis="x", labelsize=7.5)
    losses = [
        handle(f"{share:.0%} of the way", BLACK, marker=m, lw=0) for share, m in zip(SHARES, MARKERS, strict=True)
    ]
    keys.below(size, [*losses, handle("n", GREY, lw=0.9, ls=":")])
    other = handle("against r + 2", GREY, marker="x", ms=3.5, lw=0)
    keys.below(predicted, [handle("as told, and a factor of 2", GREY, lw=0.9), other])
    keys.below(
        way, [handle("gradient descent", BLACK, marker="."), handle("end of two points", BLACK, marker="x", lw=0)]
    )
    about = found[0].meta["config"]["study"]
    caption = f"{about['sequences']} sequences of {about['length']} tokens in each evaluation; float32; best steps of "
    caption += f"a grid; medians of {about['runs']} runs."
    drawing.legend(figure, [handle(case(one), COLORS[case(one)], **_look(one)) for one in found], caption, columns=3)
    return figure


def _look(record: Record) -> dict:
    """Random weights are dashed, another text is dotted."""
    return {"ls": "--" if "random" in case(record) else ":" if "text" in case(record) else "-"}


def _of(record: Record) -> list[float]:
    return [slowdown(record, i).value for i in range(len(SHARES))]


def _slowdowns(axes: Axes, found: Sequence[Record], x: np.ndarray) -> None:
    for record, at in zip(found, x, strict=True):
        face = COLORS[case(record)] if _look(record)["ls"] == "-" else "none"
        for i, marker in enumerate(MARKERS):
            look = {"color": COLORS[case(record)], "marker": marker, "ms": 4.5, "mfc": face, "lw": 0}
            drawing.interval(axes, at[i], slowdown(record, i), **look)
    axes.set(xscale="log", yscale="log")


def _way(axes: Axes, found: Sequence[Record]) -> None:
    for record in found:
        f, trace, last = record.arrays["f"], record.arrays["trace"], record.meta["on_the_way"]
        look = {"color": COLORS[case(record)], **_look(record)}
        axes.plot(f[:last], trace[:last], marker=".", lw=1.1, **look)
        end = last + best(record)
        axes.plot(f[end], trace[end], color=COLORS[case(record)], marker="x", ms=5, lw=0)
    axes.set_yscale("symlog", linthresh=10.0)
    axes.invert_xaxis()
    axes.set(xlabel="loss, nats a token", ylabel="tr H", title="curvature on the way")
