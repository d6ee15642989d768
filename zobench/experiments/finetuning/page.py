"""A language model fine-tuned with and without gradients: losses, what they took, and what a step keeps in memory."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from zobench import statistics
from zobench.experiments.finetuning.study import ways
from zobench.report import files, fitted, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record

GRADIENTS = ("SGD", "Adam", "SGD with LoRA")


def method(record: Record) -> str:
    """Its name, a key of `ways`."""
    return record.meta["config"]["study"]["method"]


def end(record: Record) -> Estimate:
    """Median over runs of the held-out loss at the end."""
    return statistics.median(record.arrays["test"][:, -1], np.random.default_rng(0))


def seconds(record: Record) -> float:
    """CPU seconds of a step, the median of the repeats."""
    return float(fitted.median(record.arrays["seconds"])[1])


def reached(record: Record, loss: float) -> float:
    """Values asked until the median held-out loss is so low, between records on a straight line; inf if it never is."""
    values, curve = record.arrays["values"], np.median(record.arrays["test"], axis=0)
    under = np.flatnonzero(curve <= loss)
    if not under.size:
        return inf
    i = int(under[0])
    if i == 0:
        return 0.0
    share = (curve[i - 1] - loss) / (curve[i - 1] - curve[i])
    return float(values[i - 1] + share * (values[i] - values[i - 1]))


def slowdown(record: Record, sgd: Record) -> float:
    """Values to the loss of its end, over those of SGD to that loss."""
    loss = end(record).value
    return reached(record, loss) / reached(sgd, loss)


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a method."""
    sgd = next((record for record in found if method(record) == "SGD"), None)
    return [_row(record, sgd) for record in found]


def _row(record: Record, sgd: Record | None) -> dict[str, Any]:
    meta = record.meta
    return {
        "method": method(record),
        "n": meta["n"],
        "step": meta["step"],
        "runs": len(record.arrays["test"]),
        "steps": record.arrays["k"][-1],
        "values_a_step": meta["evaluations"],
        "start": np.median(record.arrays["test"][:, 0]),
        **files.ends("loss", end(record)),
        "train_loss": np.median(record.arrays["train"]),
        "values_over_sgd": slowdown(record, sgd) if sgd else None,
        "flops_a_step": meta["step_flops"],
        "flops_a_value": meta["value_flops"],
        "seconds_a_step": seconds(record),
        "seconds_a_value": float(fitted.median(record.arrays["seconds"])[0]),
        "bytes_of_a_step": meta["step_bytes"],
        "bytes_of_a_value": meta["value_bytes"],
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a method."""
    columns: dict[str, tables.Cell] = {
        "": "method",
        "n": lambda row: f"{int(row['n']):,}",
        "step": rounded("step", 2),
        "steps": "steps",
        "held-out loss": tables.spread("loss", shown=lambda x: f"{x:.2f}"),
        "values over SGD's": rounded("values_over_sgd"),
        "Mflop a step": fixed("flops_a_step", 0, 1e-6),
        "CPU ms a step": fixed("seconds_a_step", 1, 1e3),
        "MB of a step": fixed("bytes_of_a_step", 1, 1e-6),
        "over a value": lambda row: (
            f"{tables.value(row, 'bytes_of_a_step') / tables.value(row, 'bytes_of_a_value'):.2f}"
        ),
    }
    note = (
        "After as many values, a gradient at its price in operations; median over runs [95 % interval]; steps by one "
    )
    note += (
        "search on another seed. Values over SGD's: to the loss of its end. MB: weights, state and temporary arrays of "
    )
    note += "a compiled step, without weights that do not move."
    return [tables.table("A language model fine-tuned with and without gradients", note, rows, columns)]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Losses against SGD's and against each other, slowdown, and memory."""
    by = {method(record): record for record in found}
    loss = {name: float(np.median(record.arrays["test"][:, -1])) for name, record in by.items()}
    measured = {f"held-out loss, {name}": end(record) for name, record in by.items()}
    without = [one for name, one in loss.items() if name not in GRADIENTS]
    if "SGD" in by and without:
        measured["held-out loss, best without gradients less SGD"] = Estimate(min(without) - loss["SGD"])
    for name, record in by.items():
        ratio = Estimate(record.meta["step_bytes"] / record.meta["value_bytes"])
        measured[f"bytes of a step over bytes of a value, {name}"] = ratio
        if name not in GRADIENTS and "SGD" in by:
            slow = slowdown(record, by["SGD"])
            measured |= {f"values over SGD's, {name}": Estimate(slow)}
            measured |= {f"values over SGD's over n, {name}": Estimate(slow / record.meta["n"])}
        if name not in GRADIENTS and "signs" in by:
            measured[f"held-out loss, {name} less signs"] = Estimate(loss[name] - loss["signs"])
    return measured


def read(paths: Sequence[Any]) -> list[Record]:
    """One record a method, in the order of `ways`."""
    order = list(ways())
    return sorted(records.ended(paths), key=lambda record: order.index(method(record)))


EXPERIMENT = Experiment(
    question="What does fine-tuning a language model cost without gradients, in values, operations, time and memory?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("curves",),
)
