"""The pictures of memory: memory against work, both against depth, and the number of segments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.memory.page import WORDS, Depth
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

LOOK = {
    "value": (GREY, "."),
    "jvp": (GREEN, "D"),
    "zero_order": (VERMILLION, "^"),
    "reverse": (BLACK, "o"),
    "per_layer": (BLUE, "P"),
    "segments": (BLUE, "s"),
    "recursive": (SKY, "v"),
    "binomial": (PURPLE, "*"),
    "memory_poor": (ORANGE, "X"),
}
DASHED = (0, (6, 2))


def draw(found: Sequence[Depth], dtype: str, folder: Path) -> None:
    """All figures; the trade at the largest depth."""
    with drawing.context():
        _trade(found[-1], dtype, folder)
        _depths(found, dtype, folder)
        _segments(found[-1], dtype, folder)


def _look(way: str) -> dict[str, Any]:
    color, marker = LOOK[way]
    hollow = way in ("jvp", "zero_order")
    return {"color": color, "marker": marker, "ms": 5.5 if marker in "*PX" else 4.5, "lw": 0.9,
            "markerfacecolor": "white" if hollow else color}  # fmt: skip


def _trade(one: Depth, dtype: str, folder: Path) -> None:
    """Bytes against operations: one direction, hollow and at the bottom; the whole gradient."""
    figure, ((axes,),) = drawing.panels(1, 1, wide=5.4, high=3.4, foot=1.35)
    scale = one.activation
    for way, words in WORDS.items():
        if way != "value":
            axes.plot(one.of("bytes", way) / scale, one.of("work", way), **{**_look(way), "lw": 0}, label=words)
    x = one.arrays["binomial_states"] + _overhead(one)
    axes.plot(x, one.arrays["binomial_work"], color=PURPLE, lw=0.8, linestyle=DASHED, zorder=0)
    for way, factor, words in (
        ("jvp", one.n, "whole gradient: n JVPs"),
        ("value", one.n + 1, "whole gradient: n + 1 values"),
    ):
        place = (one.of("bytes", way) / scale, one.of("work", way) * factor)
        axes.plot(*place, **{**_look(way), "lw": 0, "ms": 5, "markerfacecolor": LOOK[way][0]})
        axes.annotate(words, place, (6, 0), textcoords="offset points", fontsize=7, va="center")
    axes.set(xscale="log", yscale="log", xlabel="peak temporary memory (states of one layer)")
    axes.set_ylabel("work (operations, over those of f)", labelpad=2)
    ways = [way for way in WORDS if way != "value"]
    handles = [Line2D([], [], label=WORDS[way], **{**_look(way), "lw": 0}) for way in ways]
    handles.append(Line2D([], [], color=PURPLE, lw=0.8, linestyle=DASHED, label="least work with s states"))
    caption = f"Depth l = {one.depth}, n = {one.n:,} weights, {dtype}. Hollow: one random direction, the others: ∇f."
    drawing.legend(figure, handles, caption, columns=3)
    drawing.save(figure, folder, "memory_work")


def _overhead(one: Depth) -> float:
    """States that a binomial program holds besides those kept: its adjoint, the state at hand, the record."""
    few = max(1, one.depth.bit_length() - 1)
    return float(one.of("bytes", "binomial") / one.activation) - few


def _depths(found: Sequence[Depth], dtype: str, folder: Path) -> None:
    figure, (row,) = drawing.panels(1, 2, wide=3.4, high=3.0, foot=1.2)
    l = np.array([one.depth for one in found])  # noqa: E741
    for way in WORDS:
        memory = np.array([one.of("bytes", way) / one.activation for one in found])
        row[0].plot(l, memory, **_look(way))
        row[1].plot(l, [one.of("evaluations", way) for one in found], **_look(way))
    _predicted(row[0], row[1], np.geomspace(l[0], l[-1], 33) if len(l) > 1 else l.astype(float), found[-1])
    for axes, label in zip(row, ("peak temporary memory (states)", "layer evaluations"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="depth l")
        axes.set_xscale("log", base=2)
        axes.set_ylabel(label, labelpad=2)
    handles = [Line2D([], [], label=words, **_look(way)) for way, words in WORDS.items()]
    handles.append(Line2D([], [], color=GREY, lw=0.8, linestyle=":", label="slopes 1, 1/2; l, l(l+1)/2"))
    caption = (
        f"Memory: compiled, over one state ({found[-1].activation / 1024:.0f} KiB, {dtype}). Evaluations: counted."
    )
    drawing.legend(figure, handles, caption, columns=4)
    drawing.save(figure, folder, "depth")


def _predicted(memory: Axes, work: Axes, l: np.ndarray, last: Depth) -> None:  # noqa: E741
    """Slopes through the deepest point; counts by their formulas."""
    for way, power in (("reverse", 1), ("segments", 0.5)):
        memory.plot(l, last.of("bytes", way) / last.activation * (l / last.depth) ** power, **_dotted())
    work.plot(l, l, **_dotted())
    work.plot(l, l * (l + 1) / 2, **_dotted())


def _dotted() -> dict[str, Any]:
    return {"color": GREY, "lw": 0.8, "linestyle": ":", "zorder": 0}


def _segments(one: Depth, dtype: str, folder: Path) -> None:
    """The U-curve: states counted and compiled, and evaluations, against the number of segments."""
    figure, (row,) = drawing.panels(1, 2, wide=3.2, high=2.5, foot=0.95)
    s, l = one.arrays["segments"], one.depth  # noqa: E741
    fine = np.geomspace(1, l, 65)
    row[0].plot(fine, fine + l / fine - 1, color=GREY, lw=0.8, linestyle=":")
    row[0].plot(s, one.arrays["segments_kept"], color=BLUE, marker="s", lw=0, ms=4)
    row[0].plot(s, one.arrays["segments_bytes"] / one.activation, color=VERMILLION, marker="o", lw=0.9, ms=4)
    row[1].plot(fine, 2 - 1 / fine, color=GREY, lw=0.8, linestyle=":")
    row[1].plot(s, one.arrays["segments_evaluations"] / l, color=BLUE, marker="s", lw=0, ms=4)
    row[0].set(yscale="log", ylabel="memory (states)")
    row[1].set(ylim=(0.9, 2.1), ylabel="layer evaluations / l")
    for axes in row:
        axes.set_xscale("log", base=2)
        axes.set_xlabel("number of segments s")
        axes.axvline(l**0.5, color=GREEN, lw=0.8, linestyle=DASHED, zorder=0)
    handles = [
        Line2D([], [], color=BLUE, marker="s", lw=0, ms=4, label="counted"),
        Line2D([], [], color=VERMILLION, marker="o", lw=0.9, ms=4, label="compiled temporary bytes / one state"),
        Line2D([], [], color=GREY, lw=0.8, linestyle=":", label=r"$s + l/s - 1$;  $2 - 1/s$"),
        Line2D([], [], color=GREEN, lw=0.8, linestyle=DASHED, label=r"$\sqrt{l}$"),
    ]
    drawing.legend(figure, handles, f"Depth l = {l}, s segments of l/s layers, {dtype}.", columns=4)
    drawing.save(figure, folder, "segments")
