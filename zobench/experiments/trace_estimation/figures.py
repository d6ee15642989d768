"""The lecture's figure with the exact band, errors against the probes, times, and Hutch++."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench import store
from zobench.experiments.trace_estimation.page import KINDS, MATRICES, WAYS, counts, errors, squared_errors, time_ratio
from zobench.report import drawing

LOOK = {
    "rademacher": (drawing.VERMILLION, "o"),
    "gaussian": (drawing.BLUE, "s"),
    "sphere": (drawing.GREEN, "^"),
    "coordinate": (drawing.BLACK, "D"),
}
HUTCH = {"hutchinson": (drawing.VERMILLION, "o"), "hutch_plus_plus": (drawing.BLUE, "s")}
TITLES = {"decaying": "eigenvalues 1/i", "flat": "eigenvalues in [0.5, 1.5]", "network": "Hessian of the network"}


def draw(record: store.Record, folder: Path) -> None:
    """Both figures."""
    with drawing.context():
        _trace(record, folder)
        _hutch(record, folder)


def _trace(record: store.Record, folder: Path) -> None:
    figure, ((left, middle, right),) = drawing.panels(1, 3, wide=2.8, high=2.6, foot=1.1)
    _curves(left, record)
    _errors(middle, record)
    _times(right, record)
    handles: list = [Line2D([], [], color=c, marker=m, ms=3.5, lw=0, label=kind) for kind, (c, m) in LOOK.items()]
    handles.append(Line2D([], [], color=drawing.GREY, lw=0.9, ls=":", label="closed form"))
    handles.append(Patch(color=drawing.SKY, alpha=0.4, lw=0, label="exact ± 2 standard errors"))
    handles.append(Line2D([], [], color=drawing.GREY, lw=0.7, ls="--", label="one run"))
    study, runs = record.meta["config"]["study"], len(record.arrays["forms/rademacher"])
    caption = f"Network 64-{study['hidden']}-10, n = {record.meta['n']}, batch of {study['batch']} digits, "
    caption += f"{record.meta['config']['dtype']}, {runs} runs. "
    caption += f"Right: {study['timed']} products, median and 95 % interval of {study['repeats']} interleaved repeats."
    drawing.legend(figure, handles, caption, columns=4)
    drawing.save(figure, folder, "trace")


def _curves(axes: Axes, record: store.Record) -> None:
    """Running means of each run, as in the lecture's figure."""
    forms, exact = record.arrays["forms/rademacher"], float(record.arrays["exact"])
    v = counts(forms.shape[1])
    band = 2 * np.sqrt(record.meta["variances"]["rademacher"] / v)
    axes.fill_between(v, exact - band, exact + band, color=drawing.SKY, alpha=0.4, lw=0)
    means = np.cumsum(forms, axis=1)[:, v - 1] / v
    axes.plot(v, means.T, color=drawing.GREY, lw=0.7, ls="--")
    axes.axhline(exact, color=drawing.BLACK, lw=1.0)
    axes.set(xscale="log", xlabel="probes V", ylabel="estimate of the trace")
    axes.set_title("Rademacher probes")


def _errors(axes: Axes, record: store.Record) -> None:
    exact = float(record.arrays["exact"])
    for kind in KINDS:
        forms, (color, marker) = record.arrays[f"forms/{kind}"], LOOK[kind]
        v = counts(forms.shape[1])
        root = np.sqrt(squared_errors(forms, exact).mean(axis=0))
        axes.plot(v[::3], root[::3] / abs(exact), color=color, marker=marker, ms=3.5, lw=0)
        closed = np.sqrt(record.meta["variances"][kind] / v) / abs(exact)
        axes.plot(v, closed, color=color, lw=0.9, ls=":")
    axes.set(xscale="log", yscale="log", xlabel="probes V", ylabel="relative error, root mean square")
    axes.set_title(r"error $\propto V^{-1/2}$")


def _times(axes: Axes, record: store.Record) -> None:
    sizes = record.meta["config"]["study"]["at_a_time"]
    found = [time_ratio(record, 1 + i, 0) for i in range(len(sizes))]
    axes.vlines(sizes, [e.low for e in found], [e.high for e in found], color=drawing.PURPLE, lw=0.9)
    axes.plot(sizes, [e.value for e in found], color=drawing.PURPLE, marker="o", ms=4, lw=1.0)
    axes.axhline(1, color=drawing.GREY, lw=0.9, ls="--")
    axes.set(xscale="log", xlabel="products vectorised together", ylabel="time/loop in Python", ylim=(0, None))
    _whole_numbers(axes, sizes)
    axes.set_title("vectorised Hessian-vector products")


def _hutch(record: store.Record, folder: Path) -> None:
    figure, (row,) = drawing.panels(1, 3, wide=2.7, high=2.5, foot=0.95)
    products = record.arrays["products"]
    for axes, matrix in zip(row, MATRICES, strict=True):
        for way, (color, marker) in HUTCH.items():
            found = errors(record, way, matrix)
            axes.vlines(products, [e.low for e in found], [e.high for e in found], color=color, lw=0.9)
            axes.plot(products, [e.value for e in found], color=color, marker=marker, ms=4, lw=0.9)
        exact = float(record.arrays[f"trace/{matrix}"])
        closed = np.sqrt(float(record.arrays[f"variance/{matrix}"]) / products) / abs(exact)
        axes.plot(products, closed, color=drawing.GREY, lw=0.9, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="products with the matrix")
        _whole_numbers(axes, products.tolist())
        axes.set_title(TITLES[matrix])
    row[0].set_ylabel("relative error, root mean square")
    handles = [Line2D([], [], color=c, marker=m, ms=4, label=WAYS[way]) for way, (c, m) in HUTCH.items()]
    handles.append(Line2D([], [], color=drawing.GREY, lw=0.9, ls=":", label="Hutchinson, closed form"))
    study = record.meta["config"]["study"]
    caption = f"Left and middle n = {study['size']}, random eigenvectors; right n = {record.meta['n']}, "
    caption += f"{record.meta['negative']:.0%} of the eigenvalues negative. {study['trials']} trials, 95 % interval."
    drawing.legend(figure, handles, caption, columns=3)
    drawing.save(figure, folder, "hutch")


def _whole_numbers(axes: Axes, places: Sequence[int]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
