"""The picture of the finetuning report: held-out loss against values, operations and CPU seconds, and bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.finetuning.page import method, seconds
from zobench.report import drawing
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle
from zobench.store import Record

LOOKS: dict[str, dict[str, Any]] = {
    "SGD": {"color": BLACK},
    "Adam": {"color": BLACK, "ls": "--"},
    "SGD with LoRA": {"color": BLACK, "ls": ":"},
    "two-point": {"color": VERMILLION},
    "signs": {"color": BLUE},
    "signs with Adam": {"color": BLUE, "ls": "--"},
    "signs with LoRA": {"color": BLUE, "ls": ":"},
    "FZOO": {"color": GREEN},
    "MEAZO": {"color": ORANGE},
    "blocks": {"color": PURPLE},
}


def curves(found: Sequence[Record]) -> Figure:
    """Three axes of the same losses, and what a step keeps in memory."""
    figure, [[values, flops], [time, memory]] = drawing.panels(2, 2, wide=3.5, high=2.5, foot=1.3)
    _losses(values, found, "values of f (a gradient at its price)", lambda r: r.arrays["values"])
    _losses(flops, found, "flops", lambda r: r.arrays["k"] * r.meta["step_flops"])
    _losses(time, found, "CPU seconds", lambda r: r.arrays["k"] * seconds(r))
    _memory(memory, found)
    about = found[0].meta["config"]["study"]
    caption = f"Lines: medians of {len(found[0].arrays['test'])} runs, bands: 10 to 90 %. float32, batches of "
    caption += f"{about['batch']} sequences of {about['length']} tokens; step sizes by one search on another seed."
    handles = [handle(method(record), lw=1.4, **LOOKS[method(record)]) for record in found]
    drawing.legend(figure, handles, caption, columns=4)
    return figure


def _losses(axes: Axes, found: Sequence[Record], name: str, of: Any) -> None:
    for record in found:
        x, test = of(record), record.arrays["test"]
        drawing.runs(axes, x[1:], test[:, 1:], LOOKS[method(record)], 0.15)
    start = float(np.median(found[0].arrays["test"][:, 0]))
    axes.axhline(start, color=GREY, lw=0.8, ls=":")
    axes.set(xscale="log", xlabel=name, ylabel="held-out loss, nats a token", ylim=(None, 1.1 * start))


def _memory(axes: Axes, found: Sequence[Record]) -> None:
    """A bar a method: weights, state and temporary arrays of a step; a value of the same parameters as a tick."""
    names = [method(record) for record in found]
    step, value = ([record.meta[f"{name}_bytes"] / 1e6 for record in found] for name in ("step", "value"))
    axes.barh(range(len(found)), step, color=SKY, height=0.6)
    axes.plot(value, range(len(found)), color=BLACK, marker="|", ms=9, mew=1.4, lw=0)
    drawing.listed(axes, names, named=True)
    axes.set(xlabel="MB of a step; |: of a value")
