"""The pictures of mds_lecture: cost as plotted and as asked, maps as they form, still and moving."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from zobench.experiments.mds_lecture.page import NAMES
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, VERMILLION, handle
from zobench.report.maps import aligned
from zobench.store import Record

COLOR = dict(zip(NAMES, (BLACK, VERMILLION, BLUE, GREEN), strict=True))
LINE: dict[str, Any] = dict(zip(NAMES, ("-", "-", (0, (4, 1.5)), "-."), strict=True))
MOVING = ("gradient", "sphere", "Nelder-Mead, adaptive")
TAIL = 6  # frames that a point leaves a trace of
MARGIN = np.array([0.2, 0.5])  # around the true map, east and north, in its extent


def cost(found: Sequence[Record]) -> Figure:
    """Above, the notebook against the flops of its own price list; below, single runs against what they ask."""
    figure, grid = drawing.panels(2, len(found), wide=2.3, high=1.95, foot=1.2, head=0.55)
    for above, below, record in zip(*grid, found, strict=True):
        arrays, N = record.arrays, record.meta["points"]
        plotted, asked, loss = (arrays[f"notebook/{name}"] for name in ("plotted", "asked", "f"))
        descent = arrays["descent/f"]
        above.plot(np.arange(1, len(descent)) * 13 * N**2, descent[1:], color=BLACK)  # as the notebook prices them
        above.plot(plotted * 8 * N**2, loss, color=BLUE, ls=":")
        above.plot(asked * 8 * N**2, loss, color=BLUE)
        ratio = asked[-1] / plotted[-1]
        above.set(title=f"{N} cities: {ratio:.0f} × what is plotted", xlabel="flops, 13N² a gradient, 8N² a value")
        for name in NAMES:
            _single(below, record, name)
        below.set_xlabel("cost in values of f")
        for axes in (above, below):
            axes.axhline(record.meta["f_star"], color=GREY, lw=0.7, ls=":", zorder=0)
            axes.set(xscale="log", yscale="log")
    for row, label in zip(grid, ("raw stress f: notebook", "raw stress f: single runs"), strict=True):
        row[0].set_ylabel(label)
    handles = [handle(said, COLOR[name], ls=LINE[name]) for name, said in NAMES.items()]
    handles += [handle("notebook's Nelder-Mead, all it asks", BLUE), handle("notebook's, as plotted", BLUE, ls=":")]
    handles += [handle("minimum f*", GREY, lw=0.7, ls=":")]
    handles += [handle("ends more than 1 % above it", GREY, lw=0, marker="x", ms=6, mew=1.2)]
    caption = "One start (seed 42), float64. Above: the notebook's steps; below: step 1/(4N), 1/(4N B) trace-aware."
    drawing.legend(figure, handles, caption)
    return figure


def _single(axes: Axes, record: Record, name: str) -> None:
    """A single run, with a cross at its end where that is not within 1 % of the minimum."""
    worth, f = record.arrays[f"{name}/calls"] * _price(record, name), record.arrays[f"{name}/f"]
    axes.plot(worth[worth > 0], f[worth > 0], color=COLOR[name], ls=LINE[name])
    if f.min() > 1.01 * record.meta["f_star"]:
        axes.plot(worth[-1], f[-1], color=COLOR[name], marker="x", ms=6, mew=1.2)


def _price(record: Record, name: str) -> float:
    """What a call costs in values."""
    return record.meta["price"] if name == "gradient" else 1


def _maps(record: Record, name: str) -> np.ndarray:
    """The kept maps of a run on the true one [stills, N, 2]; less and less is left to turn as they form."""
    true = record.arrays["true"]
    return np.array([aligned(x.reshape(true.shape), true) for x in record.arrays[f"{name}/still"]])


def stills(found: Sequence[Record]) -> Figure:
    """A row a method, a column a cost."""
    record = found[-1]
    worth = record.arrays["worth"]
    wanted = np.geomspace(max(100, worth[0]), worth[-1], 4) if worth[-1] > 100 else worth[-4:]
    chosen = [int(np.argmin(abs(np.log(worth / value)))) for value in wanted]
    figure, grid = drawing.panels(len(MOVING), len(chosen), wide=1.8, high=1.35, foot=0.75, head=0.16, gap=0.12)
    for row, name in zip(grid, MOVING, strict=True):
        maps = _maps(record, name)
        for axes, at in zip(row, chosen, strict=True):
            _frame(axes, record.arrays["true"])
            axes.plot(*maps[at].T, lw=0, marker="o", ms=3.2, color=COLOR[name])
            if row is grid[0]:
                axes.set_title(f"cost: {worth[at]:,.0f} values")
        row[0].set_ylabel(NAMES[name])
    handles = [handle("true place", GREY, lw=0, marker="+", ms=6)]
    handles += [handle(NAMES[name], COLOR[name], lw=0, marker="o", ms=3.2) for name in MOVING]
    caption = f"{record.meta['points']} cities, raw stress, one start; {_priced(record)}."
    drawing.legend(figure, handles, caption)
    return figure


def _priced(record: Record) -> str:
    return f"a gradient costs {record.meta['price']:.2g} values"


def _frame(axes: Axes, true: np.ndarray) -> None:
    """The true places, with limits wider than the map on each side."""
    axes.plot(*true.T, lw=0, marker="+", ms=6, mew=0.6, color=GREY, zorder=0)
    low, high = true.min(axis=0), true.max(axis=0)
    x, y = np.transpose([low - MARGIN * (high - low), high + MARGIN * (high - low)])
    axes.set(xlim=x, ylim=y, xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="box")
    axes.spines[["top", "right"]].set_visible(True)


def maps(found: Sequence[Record]) -> bytes:
    """The maps at equal cost, and where on its curve each method is."""
    record = found[-1]
    worth, true = record.arrays["worth"], record.arrays["true"]
    figure, [grid] = drawing.panels(1, len(MOVING) + 1, wide=1.95, high=1.75, foot=0.5, head=0.32, gap=0.45)
    curves = grid[-1]
    moved = []
    for axes, name in zip(grid, MOVING, strict=False):
        _frame(axes, true)
        axes.set_title(NAMES[name], color=COLOR[name])
        tails = [axes.plot([], [], color=COLOR[name], lw=0.5, alpha=0.5)[0] for _ in true]
        [dots] = axes.plot([], [], lw=0, marker="o", ms=3.5, color=COLOR[name])
        loss = _loss(record, name)
        curves.plot(worth, loss, color=COLOR[name], lw=1)
        [mark] = curves.plot([], [], lw=0, marker="o", ms=5, color=COLOR[name])
        moved.append((_maps(record, name), tails, dots, loss, mark))
    curves.axhline(record.meta["f_star"], color=GREY, lw=0.7, ls=":")
    curves.set(xscale="log", yscale="log", xlabel="cost in values of f", title="raw stress")
    curves.minorticks_off()
    text = figure.text(0.02, 0.03, "", fontsize=8)
    images = []
    for t, cost in enumerate(worth):
        for shape, tails, dots, loss, mark in moved:
            dots.set_data(*shape[t].T)
            for i, tail in enumerate(tails):
                tail.set_data(*shape[max(0, t - TAIL) : t + 1, i].T)
            mark.set_data([cost], [loss[t]])
        paid = f"at a cost of {cost:,.0f} values of f ({_priced(record)})"
        text.set_text(f"{len(true)} cities from their distances, {paid}")
        images.append(Image.open(io.BytesIO(drawing.made(figure, dpi=90))).convert("RGB"))
    return _gif(images)


def _gif(images: Sequence[Any]) -> bytes:
    """A GIF of pictures in the colours of the last one, which it shows longer."""
    palette = images[-1].quantize(48, dither=Image.Dither.NONE)
    first, *others = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    buffer = io.BytesIO()
    pauses = [120] * len(others) + [2500]  # milliseconds
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=pauses, loop=0, optimize=False)
    return buffer.getvalue()


def _loss(record: Record, name: str) -> np.ndarray:
    """f at the kept maps: that of the last iterate recorded by then."""
    calls = record.arrays[f"{name}/calls"]
    at = np.searchsorted(calls, record.arrays["worth"] / _price(record, name), side="right") - 1
    return record.arrays[f"{name}/f"][np.maximum(at, 0)]
