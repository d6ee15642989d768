"""The comparison of two sides as a picture: the calls of B over those of A, a line for each pair."""

from collections.abc import Sequence
from math import isfinite, log
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.errors import printable
from zobench.report import drawing
from zobench.report.versus import AHEAD, BEHIND, SAME, UNDECIDED, Pair, Versus

NAME, MOST, LETTERS = "ratio", 40, 64  # of the file; pairs that are shown; letters of a pair's name
LOOKS = {AHEAD: (drawing.GREEN, "o"), BEHIND: (drawing.VERMILLION, "s"), SAME: (drawing.BLACK, "D")}
LOOKS |= {UNDECIDED: (drawing.GREY, "^")}
WORDS = {AHEAD: "B faster", BEHIND: "B slower", SAME: "same", UNDECIDED: "undecided"}
TICKS = (0.001, 0.01, 0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 5, 10, 100, 1000)
TICKS_MOST = 9


def draw(found: Versus, folder: Path) -> list[str]:
    """The picture, PNG and SVG; the names of the files, none where no pair has a ratio of calls."""
    known = [pair for pair in found.pairs if isfinite(pair.calls.log_ratio.value) and not pair.calls.signed]
    if not known:
        return []
    furthest = sorted(known, key=lambda pair: (not _is_changed(pair), -abs(pair.calls.log_ratio.value)))[:MOST]
    shown = sorted(furthest, key=lambda pair: pair.calls.log_ratio.value)
    with drawing.context():
        figure = Figure(figsize=(7, 1.4 + 0.19 * len(shown)), layout="constrained")
        axes = figure.add_subplot()
        for place, pair in enumerate(shown):
            color, marker = LOOKS[pair.calls.verdict]
            value, low, high = pair.calls.ratio[:3]
            if isfinite(low) and isfinite(high):
                axes.plot([low, high], [place, place], color=color, lw=1.2)
            axes.plot(value, place, marker, color=color)
        axes.axvline(1, color=drawing.GREY, lw=0.6, zorder=0)
        axes.set_yticks(range(len(shown)), [_label(pair) for pair in shown])
        axes.set(
            xscale="log", ylim=(len(shown) - 0.4, -0.6), xlabel="oracle calls to the target, B over A (95 % intervals)"
        )
        _ticks(axes, shown)
        which = "that have changed the most" if len(known) > len(shown) else "in which both sides arrive"
        axes.set_title(f"{len(shown)} of {len(found.pairs)} pairs: those {which}")
        used = {pair.calls.verdict for pair in shown}
        handles = [drawing.handle(WORDS[v], LOOKS[v][0], marker=LOOKS[v][1], linestyle="") for v in LOOKS if v in used]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        return drawing.save(figure, folder, NAME)


def _is_changed(pair: Pair) -> bool:
    return pair.calls.verdict in (AHEAD, BEHIND)


def _label(pair: Pair) -> str:
    """A pair's name, as text: a dollar is no mathematics."""
    name = printable(f"{pair.a.problem}, {pair.a.method}, n = {pair.a.n}, {pair.rule}")
    short = name if len(name) <= LETTERS else f"{name[: LETTERS // 2]} … {name[-LETTERS // 3 :]}"
    return short.replace("$", r"\$")


def _ticks(axes, shown: Sequence[Pair]) -> None:
    """Round ratios, those within the intervals, as many as can be read; always 1 and what is beside it."""
    ends = [end for pair in shown for end in pair.calls.ratio[:3] if isfinite(end) and end > 0]
    low, high = min([0.95, *ends]), max([1.05, *ends])
    span = log(high / low)
    axes.set_xlim(low * (low / high) ** 0.05, high * (high / low) ** 0.05)
    ticks = [1.0]
    for tick in sorted(TICKS, key=lambda tick: abs(log(tick))):
        if low <= tick <= high and min(abs(log(tick / other)) for other in ticks) > span / TICKS_MOST:
            ticks.append(tick)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
