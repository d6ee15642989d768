"""The pictures of memory: memory against work, both against depth, and the number of segments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from zobench.experiments.memory.page import WORDS, Depth, by_way
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle

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
DASHED = {"lw": 0.8, "linestyle": (0, (6, 2))}
DOTTED = {"lw": 0.8, "linestyle": ":"}


NAMES = {**WORDS, "segments": "checkpoint √l segments", "value": "value of f"}


def _look(way: str, **other: Any) -> dict[str, Any]:
    color, marker = LOOK[way]
    inside = "white" if way in ("jvp", "zero_order") else color
    line = {"lw": 0.9, "linestyle": (0, (4, 1.5)) if way == "per_layer" else "-"}
    return {"color": color, "marker": marker, "ms": 5.5 if marker in "*PX" else 4.5, "mfc": inside, **line, **other}


def memory_work(found: Sequence[Depth]) -> Figure:
    """Bytes against operations at the largest depth: one direction, hollow and at the bottom; the whole gradient."""
    figure, [[axes]] = sheets.page((1,), high=3.4, foot=1.3)
    one, ways = found[-1], list(WORDS)[1:]
    memory = {way: one.of("bytes", way) / one.activation for way in WORDS}
    for way in ways:
        axes.plot(memory[way], one.of("work", way), **_look(way, lw=0))
    overhead = memory["binomial"] - max(1, one.depth.bit_length() - 1)  # the adjoint, the state at hand, the record
    x = one.arrays["binomial_states"] + overhead
    axes.plot(x, one.arrays["binomial_work"], color=PURPLE, zorder=0, **DASHED)
    for way, factor, words in (("jvp", one.n, "n JVPs"), ("value", one.n + 1, "n + 1 values")):
        place = (memory[way], one.of("work", way) * factor)
        axes.plot(*place, **_look(way, lw=0, ms=5, mfc=LOOK[way][0]))
        axes.annotate(f"whole gradient: {words}", place, (6, 0), textcoords="offset points", fontsize=8, va="center")
    axes.set(xscale="log", yscale="log", xlabel="peak temporary memory (states of one layer)")
    axes.set_ylabel("work (operations, over those of f)", labelpad=2)
    handles = [handle(NAMES[way], **_look(way, lw=0)) for way in ways]
    handles.append(handle("least work with s states", PURPLE, **DASHED))
    caption = (
        f"Depth l = {one.depth}, n = {one.n:,} weights, {one.dtype}. Hollow: one random direction; the others: ∇f."
    )
    drawing.legend(figure, handles, caption, columns=3)
    return figure


def depth(found: Sequence[Depth]) -> Figure:
    """Memory and evaluations against depth; slopes through the deepest point, counts by their formulas."""
    figure, [[left, right]] = sheets.page((2,), high=3.3, foot=1.55)
    l, last = np.array([one.depth for one in found]), found[-1]  # noqa: E741
    memory = {way: bytes / last.activation for way, bytes in by_way(found, "bytes").items()}
    for way in WORDS:
        left.plot(l, memory[way], **_look(way))
        right.plot(l, by_way(found, "evaluations")[way], **_look(way))
    fine = np.geomspace(l[0], l[-1], 33) if len(l) > 1 else l.astype(float)
    middle = fine.size // 2
    for way, power, words in (("reverse", 1, r"$\propto l$"), ("segments", 0.5, r"$\propto \sqrt{l}$")):
        law = memory[way][-1] * (fine / last.depth) ** power
        left.plot(fine, law, color=GREY, zorder=0, **DOTTED)
        sheets.said(left, words, fine[middle], law[middle], xytext=(4, -13))
    for counted, words in ((fine, "l"), (fine * (fine + 1) / 2, "l(l + 1)/2")):
        right.plot(fine, counted, color=GREY, zorder=0, **DOTTED)
        beside = {"xytext": (6, -13)} if words == "l" else {"xytext": (-8, 0), "ha": "right"}
        sheets.said(right, words.replace("l", "$l$"), fine[middle], counted[middle], **beside)
    titles = {"peak temporary memory (states)": "memory", "layer evaluations": "work"}
    for axes, (label, title) in zip((left, right), titles.items(), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="depth l", title=title)
        axes.set_ylabel(label, labelpad=2)
        sheets.sizes(axes, l.tolist())
    handles = [handle(words, **_look(way)) for way, words in NAMES.items()]
    handles.append(handle("law named beside it", GREY, **DOTTED))
    caption = (
        f"Memory: compiled, over one state ({last.activation / 1024:.0f} KiB, {last.dtype}). Evaluations: counted."
    )
    drawing.legend(figure, handles, caption, columns=3)
    return figure


def segments(found: Sequence[Depth]) -> Figure:
    """The U-curve at the largest depth: states counted and compiled, and evaluations, against the segments."""
    figure, [[left, right]] = sheets.page((2,), high=2.5, foot=0.85)
    one, a = found[-1], found[-1].arrays
    s, l = a["segments"], one.depth  # noqa: E741
    fine = np.geomspace(1, l, 65)
    counted, compiled = {"color": BLUE, "marker": "s", "lw": 0}, {"color": VERMILLION, "marker": "o", "lw": 0.9}
    left.plot(fine, fine + l / fine - 1, color=GREY, **DOTTED)
    left.plot(s, a["segments_kept"], **counted)
    left.plot(s, a["segments_bytes"] / one.activation, **compiled)
    right.plot(fine, 2 - 1 / fine, color=GREY, **DOTTED)
    right.plot(s, a["segments_evaluations"] / l, **counted)
    left.set(yscale="log", ylabel="memory (states)", title="memory", ylim=(None, 60 * l))
    right.set(ylim=(0.9, 2.1), ylabel="layer evaluations / l", title="work")
    for axes, ends in ((left, (0, 0.7)), (right, (0.3, 1))):  # beside the keys
        axes.set(xscale="log", xlabel="number of segments s")
        sheets.sizes(axes, s[:: 1 + (s.size > 6)].tolist())
        axes.axvline(l**0.5, *ends, color=GREEN, zorder=0, **DASHED)
    root = handle(r"$s = \sqrt{l}$", GREEN, **DASHED)
    bytes = handle("temporary bytes, compiled, over one state", **compiled)
    law, own = handle(r"$s + l/s - 1$", GREY, **DOTTED), handle(r"$2 - 1/s$", GREY, **DOTTED)
    sheets.key(left, [bytes, handle("states counted", **counted), law, root], "upper center")
    sheets.key(right, [handle("evaluations counted", **counted), own, root], "lower right")
    drawing.legend(figure, [], f"Depth l = {l}, s segments of l/s layers, {one.dtype}.")
    return figure
