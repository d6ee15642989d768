"""cells.csv: one line a cell and step rule, and nothing that another run of the same cells would change.

Seconds and the names of records, which are hashes of the code, are what `zobench export` writes.
"""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from zobench.report import files
from zobench.report.groups import Cells
from zobench.report.measured import Measured, contraction, contraction_bound
from zobench.report.records import Record, target


def rows(found: Cells) -> list[dict[str, Any]]:
    """cells.csv of groups of cells, see `lines`."""
    return lines(found.records, found.measured)


def lines(records: Sequence[Record], cells: Sequence[Measured]) -> list[dict[str, Any]]:
    """cells.csv: one line a cell and rule, failed cells included; last a column for each key that tells cells apart."""
    found = [{**row(cell), **dict(cell.record.columns)} for cell in cells]
    empty = dict.fromkeys(found[0] if found else (), "")
    for record in records:
        if record.failed:
            step = record.config.get("step", "")
            about = {**_about(record), "rule": "/".join(map(str, step)) if isinstance(step, list) else step}
            why = {"status": "failed", "reason": record.meta.get("reason", "")}
            found.append({**empty, **about, **why, **dict(record.columns)})
    return found


def row(cell: Measured) -> dict[str, Any]:
    """One line of cells.csv."""
    record, meta, run = cell.record, cell.record.meta, cell.record.meta["rules"][cell.rule]
    price = meta["calls"]
    lost = [f"{cell.ended(how)} {how}" for how in ("not reached", "diverged", "nan") if cell.ended(how)]
    strongly = record.metric == "distance"
    return {
        **_about(record),
        "rule": cell.rule,
        "step": float(run["step"]),
        "seeds": cell.hits.size,
        "reached": cell.ended("reached"),
        "iterations_median": cell.time.value,
        "iterations_low": cell.time.low,
        "iterations_high": cell.time.high,
        **{f"calls_{kind}": price[kind] and price[kind] * cell.time.value for kind in ("value", "jvp", "grad")},
        "calls_total": cell.calls.value,
        "calls_low": cell.calls.low,
        "calls_high": cell.calls.high,
        "iterations_of_mean_curve": cell.mean_time,
        "iterations_exact_recursion": cell.exact_time,
        "k_exponent": nan if strongly else cell.decay.value,
        "k_exponent_exact": nan if strongly else cell.exact_decay,
        "fitted_from_k": cell.fitted[0],
        "fitted_to_k": cell.fitted[1],
        **files.ends("contraction", contraction(cell)),
        "contraction_exact": float(np.exp(cell.exact_decay)) if strongly else nan,
        "contraction_bound": contraction_bound(cell) if strongly else nan,
        "largest_mean_over_bound": cell.tightness,
        "status": "ok" if not lost else "censored",
        "reason": ", ".join(lost),
    }


def _about(record: Record) -> dict[str, Any]:
    return {
        "metric": record.metric,
        "problem": record.problem,
        "estimator": record.estimator,
        "optimizer": target(record.config["optimizer"]),
        "method": record.method,
        "n": record.n,
    }
