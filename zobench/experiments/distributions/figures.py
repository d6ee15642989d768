"""Hitting times against their law, certainty, three averages at three steps, and tails under noise."""

from collections.abc import Sequence
from math import log

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.distributions import law, page
from zobench.experiments.distributions.study import STEPS, ways
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

COLORS = dict(zip(page.SHARES, (BLUE, SKY, BLACK, ORANGE, VERMILLION), strict=True))
WAYS = {"plain": VERMILLION, "median of 3": SKY, "median of 5": BLUE, "clipped": GREEN}
SHOWN = 32  # the dimension whose means are drawn, if it is there
FALL = 1e-12  # the least value that is drawn


def quantiles(found: Sequence[Record]) -> Figure:
    """Quantiles of K over n ln(f0/target) against n with their law; all but a share δ of the runs against ln 1/δ."""
    figure, [[spread, sure]] = sheets.page((2,), high=2.6, foot=1.0)
    T = page.to_go(found[0])
    sizes = [record.meta["n"] for record in found]
    for p, color in COLORS.items():
        spread.plot(sizes, [law.quantile(p, T, n) / (n * T) for n in sizes], color=color, lw=0.8)
        for n, record in zip(sizes, found, strict=True):
            drawing.interval(
                spread, n, page.ranked(page.hits(record), p).times(1 / (n * T)), color=color, marker="o", ms=3
            )
    mean = [T / -np.log1p(-1 / n) / (n * T) for n in sizes]
    spread.plot(sizes, mean, color=PURPLE, lw=1.2, ls=(0, (4, 2)))
    spread.set(xscale="log", xlabel="dimension n", ylabel=r"$K/(n\,\ln(f_0/\mathrm{target}))$")
    spread.set_title("Quantiles of the hitting time")
    drawing.sizes(spread, sizes)
    _sure(sure, found)
    handles = [handle(f"{100 * p:g} %", color, marker="o", ms=3, lw=0.8) for p, color in COLORS.items()]
    handles.append(handle("where E f arrives", PURPLE, ls=(0, (4, 2))))
    most, least = (len(record.arrays["hits"]) for record in (found[0], found[-1]))
    caption = (
        f"f = ½‖x‖², two points, step 1/(nL), target {found[0].meta['target']:g} f(x0), {least} to {most} runs; marks: "
    )
    caption += "measured, with 95 % intervals by ranks; lines: the law, exact. Right, dotted: bound that adds ln 1/δ; "
    drawing.legend(figure, handles, caption + "dashed: one that adds n ln 1/δ.", columns=6)
    return figure


def _sure(axes: Axes, found: Sequence[Record]) -> None:
    T, delta = page.to_go(found[0]), np.geomspace(0.5, 1e-6, 25)
    for record, color in zip((found[0], found[-1]), (BLUE, VERMILLION), strict=True):
        n = record.meta["n"]
        unit = law.quantile(0.5, T, n)
        axes.plot(delta, [law.quantile(1 - d, T, n) / unit for d in delta], color=color, lw=0.9)
        axes.plot(delta, [law.chernoff(d, T, n) / unit for d in delta], color=color, lw=1.1, ls=":")
        axes.plot(delta, [law.from_the_mean(d, T, n) / unit for d in delta], color=color, lw=0.9, ls=(0, (4, 2)))
        for row in page.certainty(record):
            if row["k"] == row["k"]:
                low, k, high = (row[name] / unit for name in ("k_low", "k", "k_high"))
                axes.plot([row["delta"]] * 2, [low, high], color=color, lw=0.9)
                axes.plot(row["delta"], k, color=color, marker="o", ms=3)
        sheets.said(axes, f"n = {n}", delta[-1], law.quantile(1 - delta[-1], T, n) / unit, color=color, ha="right")
    axes.set(xscale="log", xlabel="share δ of runs still on their way", ylabel="iterations over the median")
    axes.invert_xaxis()
    axes.set_title("What certainty costs")


def averages(found: Sequence[Record]) -> Figure:
    """E x, E f and the quartiles of f by iteration at each of the three steps: one n."""
    record = min(found, key=lambda record: abs(log(record.meta["n"] / SHOWN)))
    n = record.meta["n"]
    figure, [panels] = sheets.page((3,), high=2.4, foot=1.0, gap=0.6)
    for axes, name in zip(panels, STEPS, strict=True):
        _three(axes, record, name)
    handles = [
        handle("‖E x‖²/‖x0‖²", BLUE),
        handle("the same of the mean of the runs", SKY, marker=".", lw=0),
        handle("E f/f(x0)", VERMILLION),
        handle("mean of the runs", ORANGE, marker=".", lw=0),
        handle("median of f/f(x0), quartiles", BLACK),
    ]
    runs = record.meta["means 1"]["runs"]
    caption = (
        f"f = ½‖x‖², n = {n}, Gaussian directions, {runs} runs. Lines of E: exact; dots: averages over the runs, of x "
    )
    drawing.legend(figure, handles, caption + "that along x0, with the error that so many runs leave.", columns=3)
    return figure


def _three(axes: Axes, record: Record, name: str) -> None:
    n, s = record.meta["n"], record.meta[f"means {name}"]["step"]
    curve = {key: record.arrays[f"{name}/{key}"] for key in page.CURVES}
    k = np.arange(len(curve["f"]))
    grow = np.log1p(s**2 * (n + 2) - 2 * s)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        axes.plot(k, np.exp(k * grow), color=VERMILLION, lw=1.1)
        if s < 1:
            axes.plot(k, (1 - s) ** (2.0 * k), color=BLUE, lw=1.1)
        else:
            axes.plot([0, 1], [1, FALL], color=BLUE, lw=1.1)
        some = np.unique(np.linspace(0, k[-1], 13).astype(int))
        axes.plot(some, curve["x"][some] ** 2, color=SKY, marker=".", lw=0)
        axes.plot(some, curve["f"][some], color=ORANGE, marker=".", lw=0)
        axes.plot(k, curve["median"], color=BLACK, lw=1.0)
        drawing.band(axes, k, curve["low"], curve["high"], GREY, 0.3)
    top = float(np.nanmax(np.where(np.isfinite(curve["f"]), curve["f"], np.nan)))
    axes.set(yscale="log", xlabel="iteration k", ylim=(1e-6 if s < 1 else 1e-4, max(10.0, 3 * top)))
    axes.set_title(f"step {name} · 1/L")


def tails(found: Sequence[Record]) -> Figure:
    """The share of runs with f above a level: at the theory step with the laws' slopes, and at each way's best step."""
    record = next((record for record in found if record.meta.get("noise")), None)
    figure, [[left, right]] = sheets.page((2,), high=2.5, foot=1.0)
    handles = []
    if record is None:
        drawing.legend(figure, handles, "No record with noise.")
        return figure
    noise = record.meta["noise"]
    for name in ways(noise):
        gaps = record.arrays[f"gap/{name}"]
        chosen = page.chosen(gaps)
        for axes, sample in ((left, gaps[noise["multiples"].index(1)]), (right, page.held_out(gaps))):
            s = np.sort(sample)
            axes.plot(s, 1 - (np.arange(len(s)) + 0.5) / len(s), color=WAYS[name], lw=1.2)
        handles.append(handle(f"{name} (best step {noise['multiples'][chosen]:g}/(nL))", WAYS[name]))
        index = {"plain": 1, "median of 3": 2, "median of 5": 3}.get(name)
        if index:
            s = np.sort(gaps[noise["multiples"].index(1)])
            at = s[int(0.95 * len(s))]
            t = np.geomspace(at, s[-1], 20)
            left.plot(t, 0.05 * (t / at) ** (-index * noise["freedom"] / 2), color=BLACK, lw=0.7, ls=":")
    for axes, words in ((left, "Step 1/(nL)"), (right, "Each at its best step")):
        axes.set(xscale="log", yscale="log", xlabel="f when the values are spent", ylabel="share of runs above")
        axes.set_title(words)
    handles.append(handle("slopes of the law of tails", BLACK, ls=":", lw=0.7))
    caption = (
        "f = ½‖x‖², n = {n}, noise {sigma:g} times Student's law with {freedom:g} degrees of freedom in each value, "
    )
    caption += "ε = {eps:g}, {values} values a run, {runs} runs."
    drawing.legend(figure, handles, caption.format_map({"n": record.meta["n"], **noise}), columns=2)
    return figure
