"""The pictures of the mds_lecture report: cost as plotted and as asked, maps as they form, still and moving."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.mds_lecture.page import FLOPS, NAMES, SINGLE
from zobench.report import drawing, files
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, VERMILLION
from zobench.report.maps import aligned
from zobench.store import Record

COLOR = {"gradient": BLACK, "sphere": VERMILLION, "Nelder-Mead": BLUE, "Nelder-Mead, adaptive": GREEN}
LINE: dict[str, Any] = {"gradient": "-", "sphere": "-", "Nelder-Mead": (0, (4, 1.5)), "Nelder-Mead, adaptive": "-."}
MOVING = ("gradient", "sphere", "Nelder-Mead, adaptive")
SHOWN = 4
MILLISECONDS, LAST = 120, 2500  # of a frame, and of the last one
TAIL = 6
MARGIN = np.array([0.2, 0.5])  # around the true map, east and north, in its extent


def draw(found: Sequence[Record], folder: Path) -> None:
    """All of them."""
    with drawing.context():
        cost(found, folder)
        stills(found[-1], folder)
        moving(found[-1], folder)


def cost(found: Sequence[Record], folder: Path) -> None:
    """Above, the notebook against the flops of its own price list; below, single runs against what they ask."""
    figure, grid = drawing.panels(2, len(found), wide=2.75, high=1.95, foot=1.2, head=0.55)
    for above, below, record in zip(*grid, found, strict=True):
        arrays, N = record.arrays, record.meta["points"]
        price = {name: factor * N**2 for name, factor in FLOPS.items()}
        descent = arrays["descent/f"]
        above.plot(np.arange(len(descent))[1:] * price["gradient"], descent[1:], color=BLACK)
        for name, line in (("plotted", ":"), ("asked", "-")):
            above.plot(arrays[f"notebook/{name}"] * price["evaluation"], arrays["notebook/f"], color=BLUE, ls=line)
        ratio = arrays["notebook/asked"][-1] / arrays["notebook/plotted"][-1]
        above.set_title(f"{N} cities: left out, a factor {ratio:.0f}")
        for name in SINGLE:
            worth = arrays[f"{name}/calls"] * (record.meta["price"] if name == "gradient" else 1)
            shown = worth > 0
            below.plot(worth[shown], arrays[f"{name}/f"][shown], color=COLOR[name], ls=LINE[name])
        for axes in (above, below):
            axes.axhline(record.meta["f_star"], color=GREY, lw=0.7, ls=":", zorder=0)
            axes.set(xscale="log", yscale="log")
            axes.minorticks_off()
        above.set_xlabel("flops, 13N² a gradient, 8N² a value")
        below.set_xlabel("cost in values of f")
    for row, label in zip(grid, ("raw stress f: the notebook", "raw stress f: single runs"), strict=True):
        row[0].set_ylabel(label)
    handles = [Line2D([], [], color=COLOR[name], ls=LINE[name], label=NAMES[name]) for name in SINGLE]
    handles += [
        Line2D([], [], color=BLUE, label="notebook's Nelder-Mead, all"),
        Line2D([], [], color=BLUE, ls=":", label="notebook's, as plotted"),
        Line2D([], [], color=GREY, lw=0.7, ls=":", label="minimum f*"),
    ]
    caption = "One start (seed 42), float64. Above: the notebook's steps; below: step 1/(4N), 1/(4N B) trace-aware."
    drawing.legend(figure, handles, caption)
    drawing.save(figure, folder, "cost")


def _maps(record: Record, name: str) -> np.ndarray:
    """The kept maps of a run on the true one [stills, N, 2]; less and less is left to turn as they form."""
    true = record.arrays["true"]
    return np.array([aligned(x.reshape(true.shape), true) for x in record.arrays[f"{name}/still"]])


def stills(record: Record, folder: Path) -> None:
    """A row a method, a column a cost."""
    worth, true = record.arrays["worth"], record.arrays["true"]
    wanted = np.geomspace(max(100, worth[0]), worth[-1], SHOWN) if worth[-1] > 100 else worth[-SHOWN:]
    chosen = [int(np.argmin(abs(np.log(worth / value)))) for value in wanted]
    figure, grid = drawing.panels(len(MOVING), len(chosen), wide=1.9, high=1.4, foot=0.75, head=0.25)
    box = _box(true)
    for row, name in zip(grid, MOVING, strict=True):
        maps = _maps(record, name)
        for axes, at in zip(row, chosen, strict=True):
            _frame(axes, true, box)
            axes.plot(*maps[at].T, lw=0, marker="o", ms=3.2, color=COLOR[name])
            if row is grid[0]:
                axes.set_title(f"{worth[at]:,.0f} values' worth")
        row[0].set_ylabel(NAMES[name])
    handles = [
        Line2D([], [], lw=0, marker="+", ms=6, color=GREY, label="true place"),
        *(Line2D([], [], lw=0, marker="o", ms=3.2, color=COLOR[name], label=NAMES[name]) for name in MOVING),
    ]
    caption = (
        f"{record.meta['points']} cities, raw stress, one start; a gradient costs {record.meta['price']:.2g} values."
    )
    drawing.legend(figure, handles, caption)
    drawing.save(figure, folder, "stills")


def _box(true: np.ndarray) -> np.ndarray:
    """Limits [2, 2] wider than the map on each side."""
    low, high = true.min(axis=0), true.max(axis=0)
    return np.array([low, high]) + np.outer([-1, 1], MARGIN * (high - low))


def _frame(axes: Axes, true: np.ndarray, box: np.ndarray) -> None:
    axes.plot(*true.T, lw=0, marker="+", ms=6, mew=0.6, color=GREY, zorder=0)
    axes.set(xlim=box[:, 0], ylim=box[:, 1], xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="box")
    axes.spines[["top", "right"]].set_visible(True)


def moving(record: Record, folder: Path) -> None:
    """maps.gif: the maps at equal cost, and where on its curve each method is."""
    from PIL import Image

    worth, true, best = record.arrays["worth"], record.arrays["true"], record.meta["f_star"]
    maps = {name: _maps(record, name) for name in MOVING}
    losses = {name: _loss(record, name) for name in MOVING}
    figure, grid = drawing.panels(1, len(MOVING) + 1, wide=1.95, high=1.75, foot=0.5, head=0.32)
    points, marks = {}, {}
    for axes, name in zip(grid[0], MOVING, strict=False):
        _frame(axes, true, _box(true))
        axes.set_title(NAMES[name], color=COLOR[name])
        tails = [axes.plot([], [], color=COLOR[name], lw=0.5, alpha=0.5)[0] for _ in true]
        points[name] = (axes.plot([], [], lw=0, marker="o", ms=3.5, color=COLOR[name])[0], tails)
    axes = grid[0][-1]
    for name in MOVING:
        axes.plot(worth, losses[name], color=COLOR[name], lw=1)
        marks[name] = axes.plot([], [], lw=0, marker="o", ms=5, color=COLOR[name])[0]
    axes.axhline(best, color=GREY, lw=0.7, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="cost in values of f", title="raw stress")
    axes.minorticks_off()
    text = figure.text(0.02, 0.03, "", fontsize=8)
    images = []
    for t in range(len(worth)):
        for name, (dots, tails) in points.items():
            dots.set_data(*maps[name][t].T)
            for i, tail in enumerate(tails):
                tail.set_data(*maps[name][max(0, t - TAIL) : t + 1, i].T)
            marks[name].set_data([worth[t]], [losses[name][t]])
        price = f"a gradient costs {record.meta['price']:.2g} values"
        text.set_text(f"{len(true)} cities from their distances, after {worth[t]:,.0f} values' worth ({price})")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        images.append(Image.open(buffer).convert("RGB"))
    files.write(folder / "maps.gif", _gif(images))


def _gif(images: Sequence[Any]) -> bytes:
    """A GIF of pictures in the colours of the last one, which it shows longer."""
    from PIL import Image

    palette = images[-1].quantize(48, dither=Image.Dither.NONE)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    buffer = io.BytesIO()
    pauses = [MILLISECONDS] * (len(frames) - 1) + [LAST]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=pauses, loop=0, optimize=False)
    return buffer.getvalue()


def _loss(record: Record, name: str) -> np.ndarray:
    """f at the kept maps: that of the last iterate recorded by then."""
    price = record.meta["price"] if name == "gradient" else 1
    calls = record.arrays[f"{name}/calls"]
    at = np.searchsorted(calls, record.arrays["worth"] / price, side="right") - 1
    return record.arrays[f"{name}/f"][np.maximum(at, 0)]
