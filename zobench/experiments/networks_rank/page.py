"""The slowdown without gradients against the width of a network, what its Hessian's rank says of it, and bytes."""

from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record

ENDS = ("start", "end")
SIZES = {"value": "value", "gradient": "gradient", "product": "Hessian-vector product", "hessian": "Hessian"}


def memory(found: Sequence[Record]) -> list[dict[str, int]]:
    """Width, n and bytes of the networks that ran and of those that were only compiled, the narrowest first."""
    every = [record.meta["wide"] for record in found] + [record.meta for record in found]
    names = ("width", "n", *(f"{name}_bytes" for name in SIZES))
    by_n = {one["n"]: {name: one[name] for name in names} for one in every}
    return [by_n[n] for n in sorted(by_n)]


def best(record: Record, name: str) -> int:
    """Which step size has the fewest iterations to the target."""
    return int(np.argmin(np.median(record.arrays[name], axis=1)))


def by_rule(record: Record, name: str) -> int:
    """Which step size is that of the theory: 1/L for gradient descent, 1/(L B_eff) without gradients."""
    return int(np.argmin(abs(record.arrays["multiples"] - 1)))


Choice = Callable[[Record, str], int]


def iterations(record: Record, name: str, step: Choice = best) -> Estimate:
    """Median over runs of the iterations to the target."""
    return statistics.median(record.arrays[name][step(record, name)], np.random.default_rng(record.meta["n"]))


def slowdown(record: Record, step: Choice = best) -> Estimate:
    """Iterations without gradients over those of gradient descent."""
    gradient, sphere = (iterations(record, name, step) for name in ("gradient", "sphere"))
    return sphere.times(1 / gradient.value) if 0 < gradient.value < inf else Estimate(nan)


def predicted(record: Record) -> float:
    """r + 2 by the larger trace and the larger eigenvalue of start and end, which made the steps."""
    ends = [record.meta[end] for end in ENDS]
    return max(end["trace"] for end in ends) / max(end["largest"] for end in ends) + 2


def row(record: Record) -> dict[str, Any]:
    """A line a width."""
    meta = record.meta
    gradient, sphere = (record.arrays["multiples"][best(record, name)] for name in ("gradient", "sphere"))
    traces = {f"trace{of}_{end}": meta[end][name] for end in ENDS for of, name in (("", "trace"), ("_error", "error"))}
    return {
        "width": meta["width"],
        "n": meta["n"],
        **{f"largest_eigenvalue_{end}": meta[end]["largest"] for end in ENDS},
        **traces,
        **{f"r_{end}": meta[end]["rank"] for end in ENDS},
        "iterations_gd": iterations(record, "gradient").value,
        **files.ends("iterations_two_points", iterations(record, "sphere")),
        **files.ends("slowdown", slowdown(record)),
        "slowdown_by_rule": slowdown(record, by_rule).value,
        "r_plus_2": predicted(record),
        "step_gd": gradient,
        "step_two_points": sphere,
        **{f"{name}_bytes": meta[f"{name}_bytes"] for name in SIZES},
    }


def shown(rows: Sequence[tables.Row], wide: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a width; then the bytes."""
    columns: dict[str, tables.Cell] = {
        "width": "width",
        "n": "n",
        "r at start": fixed("r_start"),
        "r at end": fixed("r_end"),
        "K of GD": fixed("iterations_gd", 0),
        "K of two points": fixed("iterations_two_points", 0),
        "K/K_GD": _slowdown,
        "K/K_GD, steps by rule": rounded("slowdown_by_rule"),
        "r + 2": fixed("r_plus_2", 1),
    }
    note = "Iterations to the target loss, each method at the best step of a grid; r = tr H/λ_max by Hutchinson and "
    note += "Lanczos; median over runs [95 % interval]. By rule: steps 1/L and 1/(L B_eff), L and tr H the larger of "
    note += "start and end, and r + 2 from these."
    steep = lines.local(*([tables.value(row, name) for row in wide] for name in ("n", "hessian_bytes")))
    wide = [{**row, "exponent": str(one)} for row, one in zip(wide, steep, strict=True)]
    bytes: dict[str, tables.Cell] = {words: _megabytes(f"{name}_bytes") for name, words in SIZES.items()}
    low = "Bytes of a compiled program: its result and its temporary arrays; the widest are not run. Exponent: of the "
    low += "Hessian's bytes in n, from the width before."
    return [
        tables.table("A wider network without gradients", note, rows, columns),
        tables.table("Memory", low, wide, {"width": "width", "n": "n", **bytes, "exponent": fixed("exponent")}),
    ]


def _slowdown(row: tables.Row) -> str:
    ends = " [{:.1f}, {:.1f}]".format(*(tables.value(row, f"slowdown_{end}") for end in ("low", "high")))
    return rounded("slowdown")(row) + (ends if row["slowdown_low"] else "")


def _megabytes(column: str) -> tables.Cell:
    return lambda row: f"{tables.value(row, column) / 1e6:.3g} MB"


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """The slowdown in n, over r + 2 and over n, and bytes."""
    n, paid, widest = [record.meta["n"] for record in found], [slowdown(record) for record in found], found[-1].meta
    over = [one.times(1 / predicted(record)) for one, record in zip(paid, found, strict=True)]
    ruled = [slowdown(record, by_rule).times(1 / predicted(record)) for record in found]
    bytes = Estimate(widest["hessian_bytes"] / widest["product_bytes"])
    wide = memory(found)
    slopes = {name: lines.asymptotic([o["n"] for o in wide], [o[f"{name}_bytes"] for o in wide]) for name in SIZES}
    return {
        "slowdown: slope in n": statistics.exponent(n, paid),
        "slowdown over r + 2, mean over widths": statistics.geometric_mean(over),
        "slowdown with steps by rule over r + 2, mean over widths": statistics.geometric_mean(ruled),
        "slowdown, widest network": paid[-1],
        "slowdown over n, widest network": paid[-1].times(1 / widest["n"]),
        "bytes of the Hessian over bytes of a product, widest network": bytes,
        **{f"bytes of the {name}: slope in n": slope for name, slope in slopes.items()},
    }


EXPERIMENT = Experiment(
    question="Is training without gradients slower by the effective rank of the Hessian rather than by the dimension?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=lambda found: list(map(row, found)),
    tables=shown,
    measures=measures,
    figures=("rank",),
    more={"memory.csv": memory},
)
