"""The lecture's figure with the exact band, errors against the probes, times, and Hutch++."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zobench.experiments.trace_estimation.page import MATRICES, WAYS, counts, errors, squared_errors, time_ratio
from zobench.report import drawing, sheets
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, PURPLE, SKY, VERMILLION, handle
from zobench.statistics import Estimate
from zobench.store import Record

WORDS = {"rademacher": "Rademacher", "gaussian": "Gaussian", "sphere": "on a sphere", "coordinate": "one coordinate"}
LOOK = {"rademacher": (VERMILLION, "o"), "gaussian": (BLUE, "s"), "sphere": (GREEN, "^"), "coordinate": (BLACK, "D")}
HUTCH = {"hutchinson": (VERMILLION, "o"), "hutch_plus_plus": (BLUE, "s")}
TITLES = {"decaying": "eigenvalues 1/i", "flat": "eigenvalues in [0.5, 1.5]", "network": "Hessian of the network"}


def trace(record: Record) -> Figure:
    """Running means, errors against V, times."""
    figure, [[left, right], [below]] = sheets.page((2, 1))
    _curves(left, record)
    _errors(right, record)
    _times(below, record)
    study, runs = record.meta["config"]["study"], len(record.arrays["forms/rademacher"])
    caption = f"Network 64-{study['hidden']}-10, n = {record.meta['n']}, batch of {study['batch']} digits, "
    caption += f"{record.meta['config']['dtype']}, {runs} runs. "
    caption += f"Below: {study['timed']} products, median and 95 % interval of {study['repeats']} interleaved repeats."
    drawing.legend(figure, [], caption)
    return figure


def _curves(axes: Axes, record: Record) -> None:
    """Running means of each run, as in the lecture's figure."""
    forms, exact = record.arrays["forms/rademacher"], float(record.arrays["exact"])
    v = counts(forms.shape[1])
    half = 2 * np.sqrt(record.meta["variances"]["rademacher"] / v)
    drawing.band(axes, v, exact - half, exact + half, SKY, alpha=0.4)
    means = np.cumsum(forms, axis=1)[:, v - 1] / v
    axes.plot(v, means.T, color=GREY, lw=0.7, ls="--")
    axes.axhline(exact, color=BLACK, lw=1.0)
    axes.set(xscale="log", xlabel="probes V", ylabel="estimate of the trace", title="Rademacher probes")
    runs = handle("one run", GREY, lw=0.7, ls="--")
    band = Patch(color=SKY, alpha=0.4, lw=0, label="exact ± 2 standard errors")
    sheets.key_below(axes, [handle("exact trace", BLACK, lw=1.0), band, runs], 2)


def _errors(axes: Axes, record: Record) -> None:
    exact = float(record.arrays["exact"])
    handles = []
    for i, (kind, (color, marker)) in enumerate(LOOK.items()):
        look = {"color": color, "marker": marker, "lw": 0, **({"ms": 6.5, "mfc": "none"} if i == 0 else {"ms": 3.5})}
        forms = record.arrays[f"forms/{kind}"]
        v = counts(forms.shape[1])
        root = np.sqrt(squared_errors(forms, exact).mean(axis=0))
        axes.plot(v[::3], root[::3] / abs(exact), **look)
        handles.append(handle(WORDS[kind], **look))
        axes.plot(v, np.sqrt(record.meta["variances"][kind] / v) / abs(exact), color=color, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="probes V", ylabel="relative error, root mean square")
    axes.set_title("four kinds of probes")
    sheets.key_below(axes, [*handles, handle(r"closed form, $\propto V^{-1/2}$", GREY, lw=0.9, ls=":")], 2)


def _times(axes: Axes, record: Record) -> None:
    sizes = record.meta["config"]["study"]["at_a_time"]
    found = [time_ratio(record, 1 + i, 0) for i in range(len(sizes))]
    _curve(axes, sizes, found, color=PURPLE, marker="o", lw=1.0)
    axes.axhline(1, color=GREY, lw=0.9, ls="--")
    axes.set(xscale="log", xlabel="products vectorised together", ylabel="time / that of a loop", ylim=(0, None))
    sheets.sizes(axes, sizes)
    axes.set_title("time of Hessian-vector products")
    handles = [handle("so many vectorised together", PURPLE, marker="o", ms=4, lw=1.0)]
    sheets.key_below(axes, [*handles, handle("one after another, a loop in Python", GREY, lw=0.9, ls="--")], 2)


def _curve(
    axes: Axes, x: Sequence[int] | np.ndarray, found: Sequence[Estimate], color: str, marker: str, lw: float
) -> None:
    axes.vlines(x, [e.low for e in found], [e.high for e in found], color=color, lw=0.9)
    axes.plot(x, [e.value for e in found], color=color, marker=marker, ms=4, lw=lw)


def hutch(record: Record) -> Figure:
    """The error against the products, a panel a matrix."""
    figure, [row] = sheets.page((3,), high=2.8, foot=1.1, gap=0.22)
    products = record.arrays["products"]
    for axes, matrix in zip(row, MATRICES, strict=True):
        for way, (color, marker) in HUTCH.items():
            _curve(axes, products, errors(record, way, matrix), color, marker, lw=0.9)
        closed = np.sqrt(record.arrays[f"variance/{matrix}"] / products) / abs(record.arrays[f"trace/{matrix}"])
        axes.plot(products, closed, color=GREY, lw=0.9, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="products with the matrix", title=TITLES[matrix])
        sheets.sizes(axes, products.tolist())
    row[0].set_ylabel("relative error, root mean square")
    ends = [axes.get_ylim() for axes in row]
    for axes in row:  # one scale: the matrices are compared
        axes.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
        axes.tick_params(labelleft=axes is row[0])
    handles = [handle(WAYS[way], color, marker=marker, ms=4) for way, (color, marker) in HUTCH.items()]
    handles.append(handle("Hutchinson, closed form", GREY, lw=0.9, ls=":"))
    study = record.meta["config"]["study"]
    caption = f"Left and middle n = {study['size']}, random eigenvectors; right n = {record.meta['n']}, "
    caption += f"{record.meta['negative']:.0%} of the eigenvalues negative. {study['trials']} trials, 95 % interval."
    drawing.legend(figure, handles, caption, columns=3)
    return figure
