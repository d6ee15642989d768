"""Digits learnt with and without gradients: losses and accuracies, samples to an accuracy, seconds and bytes."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from zobench import statistics
from zobench.decay import first_at_most
from zobench.report import files, fitted, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record

GRADIENTS = ("SGD", "Adam")
NOTEBOOK, FRESH = "greedy ES, notebook", "greedy ES, fresh"
RIGHT = 0.8  # accuracy on the test digits to be reached


def model(record: Record) -> str:
    """What the network is, in words."""
    widths = record.meta["widths"]
    return "a layer of " + ", ".join(map(str, widths)) if widths else "softmax regression"


def steps(record: Record, name: str) -> np.ndarray:
    """How many steps a method has made at each of its records."""
    return record.arrays[f"{name}/samples"] / (record.meta["batch"] * record.meta["methods"][name]["evaluations"])


def _median(record: Record, values: Sequence[float] | np.ndarray) -> Estimate:
    return statistics.median(np.asarray(values), np.random.default_rng(record.meta["n"]))


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a network and method."""
    return [_row(record, name) for record in found for name in record.meta["methods"]]


def _row(record: Record, name: str) -> dict[str, Any]:
    about = record.meta["methods"][name]
    losses, right = (record.arrays[f"{name}/{of}"] for of in ("loss", "accuracy"))
    hits = [first_at_most(record.arrays[f"{name}/samples"], -run, -RIGHT) for run in right]
    low, middle, high = fitted.quartiles(record.arrays[f"{name}/seconds"])
    return {
        "model": model(record),
        "n": record.meta["n"],
        "method": name,
        "step": about["step"],
        "steps": about["steps"],
        "evaluations_a_step": about["evaluations"],
        "runs": len(losses),
        **files.ends("loss", _median(record, losses[:, -1])),
        **files.ends("accuracy", _median(record, right[:, -1])),
        "samples_to_0.8": _median(record, hits).value,
        "seconds_a_step": middle,
        "seconds_low": low,
        "seconds_high": high,
        "seconds_an_evaluation": middle / about["evaluations"],
        "temporary_bytes": about["temp"],
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block a network."""
    columns: dict[str, tables.Cell] = {
        "model": "{model}, n = {n}".format_map,
        "": "method",
        "step": rounded("step"),
        "steps": "steps",
        "train loss": rounded("loss"),
        "test accuracy": tables.spread("accuracy", shown=lambda x: f"{x:.3f}"),
        "samples to 0.8": _samples,
        "µs a step": fixed("seconds_a_step", 0, 1e6),
        "KiB beside x": fixed("temporary_bytes", 0, 1 / 1024),
    }
    note = "All methods after as many evaluations, a gradient at its compiled price; median over runs [95 % interval]; "
    note += "step sizes from a grid on another seed. KiB: temporary bytes of a compiled step."
    table = tables.table("Digits learnt with and without gradients", note, rows, columns, words=2)
    return [table._replace(header=["", *table.header[1:]])]


def _samples(row: tables.Row) -> str:
    samples = tables.value(row, "samples_to_0.8")
    return f"{samples:.2e}" if np.isfinite(samples) else "not reached"


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """The best with gradients against the best without, the notebook's strategy against SGD and without defects."""
    measured = {}
    for record in found:
        words, ran = model(record), record.meta["methods"].keys()
        accuracy = {name: float(np.median(record.arrays[f"{name}/accuracy"][:, -1])) for name in ran}
        loss = {name: float(np.median(record.arrays[f"{name}/loss"][:, -1])) for name in ran}
        values = [one for name, one in accuracy.items() if name not in GRADIENTS]
        ahead = max((accuracy[name] for name in GRADIENTS if name in ran), default=nan) - max(values, default=nan)
        measured[f"{words}: best accuracy with gradients less best accuracy without"] = Estimate(ahead)
        if {FRESH, NOTEBOOK} <= ran:
            ratio = Estimate(loss[NOTEBOOK] / loss[FRESH])
            measured[f"{words}: loss of the notebook's ES over that with fresh directions"] = ratio
        if {"SGD", NOTEBOOK} <= ran:
            sgd, es = (_seconds_to(record, name, loss[NOTEBOOK]) for name in ("SGD", NOTEBOOK))
            measured[f"{words}: seconds of SGD's loss over seconds of the notebook's ES"] = Estimate(sgd / es)
    return measured


def _seconds_to(record: Record, name: str, loss: float) -> float:
    """Seconds until the median loss over runs is so low."""
    curve = np.median(record.arrays[f"{name}/loss"], axis=0)
    return first_at_most(steps(record, name), curve, loss) * float(fitted.median(record.arrays[f"{name}/seconds"]))


EXPERIMENT = Experiment(
    question="How well is a network trained without gradients, for as many evaluations and in as many seconds?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("learning",),
)
