"""The pictures of the gradient cost, a panel a problem: ratios against n, and whole gradients that ask n times."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, StrMethodFormatter

from zobench.experiments.gradient_cost.page import WORDS, Line
from zobench.report import drawing, fitted, sheets
from zobench.report.drawing import BLACK, BLUE, SKY, VERMILLION, handle
from zobench.report.labels import title

COLUMNS = 5
BOUNDS = {"jvp": 2.5, "gradient": 4, "hvp": 10}
LOOK = {
    "jvp": (VERMILLION, "^", WORDS["jvp"]),
    "gradient": (BLACK, "o", WORDS["gradient"]),
    "hvp": (BLUE, "s", "Hessian-vector product (HVP)"),
}
WHOLE = {
    "forward": (VERMILLION, "^", "forward mode: n JVPs"),
    "central_difference": (BLUE, "s", "central differences: 2n values"),
    "forward_difference": (SKY, "D", "forward differences: n + 1 values"),
    "gradient": (BLACK, "o", "reverse mode: f and gradient"),
}
DASHED = {"lw": 0.8, "linestyle": (0, (4, 2)), "zorder": 0}


def _repeats(found: Sequence[Line]) -> int:
    return min(line.seconds.shape[2] for line in found)


def _blocks(found: Sequence[Line]) -> tuple[Figure, list[list[Axes]]]:
    """A small panel a problem of operations above, of seconds below."""
    heads = ("Operations, over those of f", "Seconds, over those of f")
    figure, blocks = sheets.multiples(heads, [title(line.name) for line in found], COLUMNS)
    for axes in blocks[1][-min(COLUMNS, len(found)) :]:
        axes.set_xlabel("dimension n", labelpad=1)
    return figure, blocks


def _ticks(axes: Axes, y: Sequence[float], spread: tuple[float, float]) -> None:
    """Those of y as they are; of x powers of ten, every second over many; round numbers where there are not two."""
    axes.set(xscale="log", yscale="log", xlim=spread)
    axes.yaxis.set_major_locator(FixedLocator(list(y)))
    powers = sheets.decades(*spread, every=1 + (spread[1] > 1e4 * spread[0]))
    if len(powers) > 1:
        axes.xaxis.set_major_locator(FixedLocator(powers))
    axes.minorticks_off()


def _mark(i: int, marker: str) -> dict[str, Any]:
    """The first is an open frame around the others, where they agree."""
    return {"marker": marker, "lw": 0.9, **({"ms": 6, "mfc": "none", "mew": 0.8} if i == 0 else {"ms": 3})}


def _curves(axes: Axes, line: Line, of: Callable[[str], np.ndarray], looks: dict[str, Any], kept: np.ndarray) -> None:
    """A line a method: exact numbers [sizes], or times [sizes, repeats] with their quartiles."""
    for i, (method, (color, marker, _)) in enumerate(looks.items()):
        values = of(method)[kept]
        if values.ndim > 1:
            low, values, high = fitted.quartiles(values)
            axes.vlines(line.n[kept], low, high, color=color, lw=0.8)
        axes.plot(line.n[kept], values, color=color, **_mark(i, marker))


def _handles(looks: dict[str, Any]) -> list[Line2D]:
    return [handle(words, color, **_mark(i, marker)) for i, (color, marker, words) in enumerate(looks.values())]


def gradient_cost(found: Sequence[Line]) -> Figure:
    """Operations above and seconds below, over those of f, with their bounds; what lies over a bound is named."""
    figure, blocks = _blocks(found)
    spread = _ends([line.n for line in found])
    low, high = _heights(found, LOOK, [np.isfinite(line.n) for line in found], 0.35, 16)
    ticks = [tick for tick in (0.5, 1, 2, 4, 10, *sheets.decades(50, high)) if tick > low]
    for block, timed in zip(blocks, (False, True), strict=True):
        for axes, line in zip(block, found, strict=True):
            _ticks(axes, ticks, spread)
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.set_ylim(low, high)
            _curves(axes, line, line.times if timed else line.ratio, LOOK, np.isfinite(line.n))
            for method, bound in BOUNDS.items():
                axes.axhline(bound, color=LOOK[method][0], **DASHED)
            over = [] if timed else _over(line)
            axes.text(0.97, 0.04, "\n".join(over), transform=axes.transAxes, ha="right", fontsize=7.5, color=VERMILLION)
    handles = _handles(LOOK)
    handles += [handle(f"its bound, {bound:g}", LOOK[method][0], **DASHED) for method, bound in BOUNDS.items()]
    caption = "Operations: flops and elementary functions, as traced. Seconds: median and quartiles of "
    caption += f"{_repeats(found)} interleaved repeats, {found[0].dtype}; a small f costs no more than its call. "
    caption += f"Bounds: Griewank & Walther 2008{_crossed(found)}."
    drawing.legend(figure, [handles[i] for i in (0, 3, 1, 4, 2, 5)], caption, columns=3)
    return figure


def _over(line: Line) -> list[str]:
    """Methods whose largest ratio of operations lies over the bound."""
    most = {method: float(np.nanmax(line.ratio(method))) for method in BOUNDS}
    return [
        f"{WORDS[m]}: {most[m]:.1f}, bound {bound:g}" for m, bound in BOUNDS.items() if most[m] > bound * (1 + 1e-9)
    ]


def _crossed(found: Sequence[Line]) -> str:
    """How many of the medians of times lie over the bounds."""
    times = np.concatenate(
        [fitted.median(line.times(method)) / bound for line in found for method, bound in BOUNDS.items()]
    )
    over, all_ = int((times > 1).sum()), int(np.isfinite(times).sum())
    return f"; {over} of {all_} medians of times lie over them" if over else ""


def _heights(
    found: Sequence[Line], methods: Iterable[str], kept: Sequence[np.ndarray], low: float, high: float
) -> tuple[float, float]:
    """Ends of the ratios' axis: these, or farther where a ratio that is drawn, or a quartile, lies beyond them."""
    pairs = [(line, own, method) for line, own in zip(found, kept, strict=True) for method in methods]
    every = [line.ratio(method)[own] for line, own, method in pairs]
    every += [np.concatenate(fitted.quartiles(line.times(method)[own])) for line, own, method in pairs]
    ratios = np.concatenate(every)
    ratios = ratios[ratios > 0]
    return float(np.min(ratios / 1.2, initial=low)), float(np.max(1.2 * ratios, initial=high))


def _ends(sizes: Sequence[np.ndarray]) -> tuple[float, float]:
    every = np.concatenate(sizes) if sizes else np.array([])
    return (float(every.min()) / 1.8, float(every.max()) * 1.8) if every.size else (1.0, 10.0)


def whole_gradient(found: Sequence[Line]) -> Figure:
    """What a whole gradient costs in n: operations and seconds."""
    figure, blocks = _blocks(found)
    kept = [np.isfinite(line.ratio("forward")) for line in found]
    spread = _ends([line.n[own] for line, own in zip(found, kept, strict=True)])
    n = np.geomspace(*spread, 9)
    low, high = _heights(found, WHOLE, kept, 0.4, 4000)
    for block, timed in zip(blocks, (False, True), strict=True):
        for axes, line, own in zip(block, found, kept, strict=True):
            _ticks(axes, sheets.decades(low, high, every=1 + (high > 1e5 * low)), spread)
            axes.set_ylim(low, high)
            axes.plot(n, 2 * n, color=BLUE, **DASHED)
            axes.plot(n, n + 1, color=SKY, **DASHED)
            _curves(axes, line, line.times if timed else line.ratio, WHOLE, own)
    handles = _handles(WHOLE)
    handles += [handle("2n", BLUE, **DASHED), handle("n + 1", SKY, **DASHED)]
    caption = f"A whole gradient at sizes where it is counted in all four ways, {found[0].dtype}. Seconds: median and "
    caption += (
        f"quartiles of {_repeats(found)} interleaved repeats; a small f costs no more than its call. Where n values "
    )
    caption += "would take too long they are not run."
    drawing.legend(figure, handles, caption, columns=3)
    return figure
