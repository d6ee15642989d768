"""The picture of the language_model_floors report: floors against the batch, and gaps against the difference step."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.language_model_floors.page import by_batch, case, expected, floor, gap
from zobench.experiments.language_model_floors.study import CASES
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION, handle
from zobench.store import Record

COLORS: dict[str, str] = dict(zip(CASES, (BLUE, VERMILLION, BLACK, GREEN, ORANGE), strict=True))


def floors(found: Sequence[Record]) -> Figure:
    """Points: found; lines: what theory expects."""
    figure, [[batches, steps]] = drawing.panels(1, 2, wide=3.2, high=2.6, foot=0.8)
    for record in found:
        (_batches if by_batch(record) else _steps)(batches if by_batch(record) else steps, record)
    batches.set(xscale="log", yscale="log", xlabel="sequences a value", ylabel="f − f*, nats a token")
    batches.set_title("floor of a minibatch at the step 1/(tr H + 2L)", fontsize=9)
    sizes = {float(b) for record in found if by_batch(record) for b in record.arrays["rung"]}
    if len(sizes) > 1:
        drawing.sizes(batches, sizes)
    steps.set(xscale="log", yscale="log", xlabel="difference step h", ylabel="f − f*, nats a token")
    steps.set_title("all sequences: end by precision", fontsize=9)
    for axes, wanted in ((batches, True), (steps, False)):
        keys.below(axes, [handle(case(r), COLORS[case(r)], marker="o") for r in found if by_batch(r) is wanted])
    about = found[0].meta["config"]["study"]
    caption = f"Gains of the last norm, {about['sequences']} sequences of {about['length']} tokens. Points: means of "
    caption += f"{about['runs']} runs with 95 % intervals, those that left not shown; lines: theory."
    drawing.legend(figure, [handle("theory", GREY, lw=1.0)], caption)
    return figure


def _batches(axes: Axes, record: Record) -> None:
    color, x = COLORS[case(record)], record.arrays["rung"]
    axes.plot(x, record.arrays["floor"], color=color, lw=1.0)
    for i, size in enumerate(x):
        drawing.interval(axes, size, floor(record, i), color=color, marker="o", ms=4)


def _steps(axes: Axes, record: Record) -> None:
    color, x = COLORS[case(record)], record.arrays["rung"]
    order = np.argsort(x)
    axes.plot(x[order], np.array([expected(record, i) for i in range(len(x))])[order], color=color, lw=1.0)
    for i, h in enumerate(x):
        drawing.interval(axes, h, gap(record, i), color=color, marker="o", ms=4)
