"""What a value, a JVP and a gradient of a language model cost, and the memory of a step without gradients."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench.experiments.language_model_prices.study import WAYS
from zobench.report import fitted, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed
from zobench.statistics import Estimate
from zobench.store import Record


def ratio(record: Record, what: str, way: str) -> np.ndarray:
    """Of a way over a value, [batches]: flops, temporary bytes, or CPU seconds (medians)."""
    of = record.arrays[what]
    of = fitted.median(of) if what == "seconds" else of
    return of[:, WAYS.index(way)] / of[:, 0]


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a length and batch."""
    return [_row(record, i) for record in found for i in range(len(record.arrays["batch"]))]


def _row(record: Record, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"length": record.meta["length"], "batch": record.arrays["batch"][i]}
    row |= {"n": record.meta["n"], "flops_of_value": record.arrays["flops"][i, 0]}
    row["seconds_of_value"] = fitted.median(record.arrays["seconds"])[i, 0]
    row["temporary_of_value"] = record.arrays["temporary"][i, 0]
    for way in WAYS[1:]:
        row |= {f"{way}_{what}": ratio(record, what, way)[i] for what in ("flops", "seconds", "temporary")}
    return row


def memory(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a length and step: temporary bytes over those of a value, and the peak of a process over that of one."""
    return [
        {
            "length": record.meta["length"],
            "step": name,
            "temporary": record.arrays["step"][i],
            "over_value": record.arrays["step"][i] / record.arrays["step_value"],
            "outside": record.arrays["outside"][len(WAYS) + i],
            "outside_over_value": record.arrays["outside"][len(WAYS) + i] / record.arrays["outside"][0],
        }
        for record in found
        for i, name in enumerate(record.meta["steps"])
    ]


def shown(rows: Sequence[tables.Row], steps: Sequence[tables.Row]) -> list[tables.Table]:
    """Prices, then the memory of steps."""
    columns: dict[str, tables.Cell] = {"length": "length", "batch": "batch"}
    columns |= {"Mflop of f": fixed("flops_of_value", 0, 1e-6), "CPU ms of f": fixed("seconds_of_value", 1, 1e3)}
    columns["MB of f"] = fixed("temporary_of_value", 1, 1e-6)
    for way, word in (("jvp", "JVP"), ("gradient", "gradient")):
        columns |= {f"{word}: {what}": fixed(f"{way}_{what}") for what in ("flops", "seconds", "temporary")}
    note = (
        "With the value, over f alone: operations as traced, CPU seconds (median of repeats in turns), temporary bytes "
    )
    note += "of compiled programs; float32, 852,608 parameters."
    low = "Temporary bytes of a compiled step of descent over those of a value of the same batch; outside: what a call "
    low += "adds at most to a process of its own, the longest batch, over a value's."
    of: dict[str, tables.Cell] = {"length": "length", "step": "step", "MB": fixed("temporary", 1, 1e-6)}
    of |= {"over a value": fixed("over_value", 3), "outside": fixed("outside_over_value")}
    return [
        tables.table("Prices of a language model", note, rows, columns),
        tables.table("Memory of a step", low, steps, of),
    ]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Extremes over lengths and batches."""
    measured: dict[str, Estimate] = {}
    for way in WAYS[1:]:
        for what in ("flops", "seconds", "temporary"):
            values = np.concatenate([ratio(record, what, way) for record in found]).tolist()
            measured |= lines.extremes(f"{way} over value, {what}", values)
    for i, name in enumerate(found[0].meta["steps"] if found else ()):
        inside = [float(record.arrays["step"][i] / record.arrays["step_value"]) for record in found]
        outside = [float(record.arrays["outside"][len(WAYS) + i] / record.arrays["outside"][0]) for record in found]
        measured |= lines.extremes(f"temporary bytes over a value's, {name}", inside)
        measured |= lines.extremes(f"peak of a process over a value's, {name}", outside)
    peaks = [float(record.arrays["outside"][2] / record.arrays["outside"][0]) for record in found]
    return measured | lines.extremes("peak of a process over a value's, gradient", peaks)


def read(paths: Sequence[Path]) -> list[Record]:
    """One record a length, the shortest first."""
    return sorted(records.ended(paths), key=lambda record: record.meta["length"])


EXPERIMENT = Experiment(
    question="What do derivatives of a language model cost, and how much memory does a step without gradients need?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("prices",),
    more={"memory.csv": memory},
)
