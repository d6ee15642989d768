"""Time per call op by op and compiled, what compiling costs, and after how many calls it has paid."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from zobench.report import fitted, records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

KINDS = {"chain": "chain of elementwise operations", "matmul": "tanh(AB)"}
ENDS = {"chain": 1_000_000, "matmul": 1000}  # the sizes that claims speak of as large


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Op by op over compiled at the smallest and the largest size, and what compiling costs in calls."""
    measured = {}
    for record in found:
        kind, a = record.meta["kind"], record.arrays
        for size in (1, ENDS[kind]):
            for i in np.flatnonzero(a["size"] == size):
                name = f"{kind}, size {size}: time, op by op over compiled"
                measured[name] = fitted.timed_ratio(a["seconds"][0, i], a["seconds"][1, i])
        if a["size"][0] == 1:
            measured[f"{kind}, size 1: calls until compiling has paid"] = Estimate(paid(a, 0))
        measured[f"{kind}: operations dispatched op by op"] = Estimate(float(a["primitives"]))
    return measured


def paid(a: dict[str, np.ndarray], i: int) -> float:
    """Calls after which compiling has saved more than it took; inf where a compiled call is not faster."""
    slow, fast = fitted.median(a["seconds"][:, i])
    return float(np.median(a["compiling"][i]) / (slow - fast)) if slow > fast else inf


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a kind of function and size."""
    return [_row(record, i) for record in found for i in range(len(record.arrays["size"]))]


def _row(record: Record, i: int) -> dict[str, Any]:
    a = record.arrays
    row: dict[str, Any] = {"kind": record.meta["kind"], "size": int(a["size"][i]), "primitives": int(a["primitives"])}
    for name, seconds in zip(("op_by_op", "compiled"), a["seconds"][:, i], strict=True):
        row |= dict(zip((f"{name}_low", name, f"{name}_high"), map(float, fitted.quartiles(seconds)), strict=True))
    row |= {"ratio": fitted.timed_ratio(a["seconds"][0, i], a["seconds"][1, i]).value}
    return row | {"compiling": float(np.median(a["compiling"][i])), "paid_after": paid(a, i)}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each kind of function."""
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{KINDS[row['kind']]}: {row['primitives']} operations",
        "size": "size",
        "op by op, µs": tables.rounded("op_by_op", scale=1e6),
        "compiled, µs": tables.rounded("compiled", scale=1e6),
        "ratio": tables.rounded("ratio"),
        "compiling, ms": tables.rounded("compiling", scale=1e3),
        "paid after calls": tables.rounded("paid_after"),
    }
    note = "Medians; quartiles in table.csv. Size: of the vector, or the side of the square matrices."
    return [tables.table("Op by op against compiled", note, rows, columns, words=2)]


EXPERIMENT = Experiment(
    question="What does just-in-time compilation gain over dispatching one operation after another?",
    read=records.ended,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("jit",),
)
