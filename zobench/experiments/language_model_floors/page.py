"""Where descent without gradients ends on a language model, against what errors of its values say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.experiments.language_model_floors.study import CASES
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded
from zobench.statistics import Estimate
from zobench.store import Record

LATE = 0.5  # of the iterations: the gap is the mean from there on


def case(record: Record) -> str:
    """One of the study's CASES."""
    return record.meta["config"]["study"]["case"]


def by_batch(record: Record) -> bool:
    """Whether its rungs are sizes of minibatches, and not difference steps."""
    return "minibatches" in case(record)


def gap(record: Record, i: int) -> Estimate:
    """Mean of f − f* over the later half of the iterations and over runs; inf where one of them left."""
    late = record.arrays["k"] >= LATE * record.arrays["k"][-1]
    found = record.arrays["gap"][i][:, late].mean(axis=1)
    if not np.isfinite(found).all():
        return Estimate(np.inf)
    chosen = statistics.resamples(found.size, np.random.default_rng(i))
    draws = found[chosen].mean(axis=1)
    return Estimate(float(found.mean()), *statistics.interval(draws, found.size), draws, np.nan, found.size)


def expected(record: Record, i: int) -> float:
    """The same of what theory expects."""
    late = record.arrays["k"] >= LATE * record.arrays["k"][-1]
    return float(record.arrays["expected"][i][late].mean())


def ratio(record: Record, i: int) -> Estimate:
    """Found over expected."""
    return gap(record, i).times(1 / expected(record, i))


def floor(record: Record, i: int) -> Estimate:
    """The floor at the step 1/(tr H + 2L): what theory says, times what was found over what was expected."""
    return ratio(record, i).times(float(record.arrays["floor"][i]))


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a batch or difference step."""
    return [_row(record, i) for record in found for i in range(len(record.arrays["rung"]))]


def _row(record: Record, i: int) -> dict[str, Any]:
    rung = record.arrays["rung"][i]
    return {
        "case": case(record),
        "batch": int(rung) if by_batch(record) else None,
        "eps": None if by_batch(record) else rung,
        "step": record.arrays["step"][i],
        "iterations": record.arrays["k"][-1],
        **files.ends("gap", gap(record, i)),
        "expected": expected(record, i),
        **files.ends("ratio", ratio(record, i)),
        "floor_expected": record.arrays["floor"][i],
        **files.ends("floor", floor(record, i)),
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a batch or difference step."""
    columns: dict[str, tables.Cell] = {
        "": "case",
        "sequences": "batch",
        "h": rounded("eps", 2),
        "step": rounded("step", 2),
        "f − f*": tables.spread("gap", shown=lambda x: f"{x:.3g}"),
        "expected": rounded("expected", 3),
        "over expected": rounded("ratio", 3),
        "floor at 1/(tr H + 2L)": rounded("floor", 2),
    }
    note = (
        "Two-point descent (normals) on the gains of the last norm, from the minimum: the mean of f − f* in nats over "
    )
    note += "the later half of the iterations [95 % interval over runs], and what the recursion of a quadratic expects "
    note += "with the measured errors of values. Floor: of that step, by theory times what was found over expected."
    return [tables.table("Floors of a language model", note, rows, columns)]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Found over expected, and what the floors are."""
    measured: dict[str, Estimate] = {}
    for record in found:
        many = range(len(record.arrays["rung"]))
        measured |= lines.extremes(f"gap over expected, {case(record)}", [ratio(record, i) for i in many])
        lowest = min(many, key=lambda i: gap(record, i).value)
        if by_batch(record):
            measured[f"floor, one sequence, {case(record)}"] = floor(record, 0)
        else:
            least = min(many, key=lambda i: expected(record, i))
            h = record.arrays["rung"]
            measured[f"lowest gap, {case(record)}"] = gap(record, lowest)
            measured[f"best h over expected, {case(record)}"] = Estimate(float(h[lowest] / h[least]))
    return measured


def read(paths: Sequence[Path]) -> list[Record]:
    """One record a case, in the study's order."""
    return sorted(records.ended(paths), key=lambda record: CASES.index(case(record)))


EXPERIMENT = Experiment(
    question="Where does training a language model without gradients end, by minibatch, difference step and precision?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("floors",),
)
