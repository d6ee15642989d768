"""Classical scaling, principal components and the minimum of s-stress, side by side: the page."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

OFF = ("classical and PCA", "s-stress and classical", "classical and true", "s-stress and true")
WHO = ("classical", "s-stress")
RELATIVE = {f"relative {what} of {who}": (what, j) for what in ("strain", "stress") for j, who in enumerate(WHO)}
COLUMN = {name: ("off", j) for j, name in enumerate(OFF)} | RELATIVE  # the array and the column of a quantity
PLACES = ("synthetic", "europe", "usa")


def read(paths: Sequence[Path]) -> list[Record]:
    """The records, exact points first."""
    return sorted(records.ended(paths), key=lambda record: (PLACES.index(record.meta["cities"]), record.meta["points"]))


def median(record: Record, name: str, level: int) -> Estimate:
    """Median over draws of a misfit, strain or stress at a level of noise; one draw at level 0."""
    array, column = COLUMN[name]
    values = record.arrays[array][level, :, column]
    values = values[:1] if record.arrays["noise"][level] == 0 else values
    return statistics.median(values, np.random.default_rng([level, column]))


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each level of noise, and one for s-stress as the lecture prints it."""
    return [line for record in found for line in _rows(record)]


def _rows(record: Record) -> list[dict[str, Any]]:
    meta, lines = record.meta, []
    about = {"points of": meta["cities"], "N": meta["points"], "p": meta["embedding"], "in p dimensions": meta["share"]}
    for i, level in enumerate(record.arrays["noise"]):
        line: dict[str, Any] = {**about, "target": "d²", "noise": float(level)}
        for name in OFF:
            found = median(record, name, i)
            line |= {name: found.value, f"{name}, low": found.low, f"{name}, high": found.high}
        lines.append(line | {name: median(record, name, i).value for name in RELATIVE} | {"shape": nan})
    printed = {"target": "d, as printed", "noise": 0.0, "s-stress and true": meta["printed_misfit"]}
    printed |= {"relative stress of s-stress": meta["printed_stress"], "shape": meta["printed_shape"]}
    return [*lines, dict.fromkeys(lines[0], nan) | about | printed]


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each set of points."""
    heads = [name.replace(" and ", ", ") for name in OFF] + [name[9:].replace(" of", ":") for name in RELATIVE]
    percent = tables.fixed("in p dimensions", scale=100)
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{row['points of']}, N = {row['N']}, {percent(row)} % in {row['p']} dimensions",
        "distances": lambda row: f"noise {row['noise']}" if row["target"] == "d²" else "against d, not d²",
        **{head: tables.rounded(name, 2) for head, name in zip(heads, COLUMN, strict=True)},
    }
    note = "First four columns: distance between two maps over the size of the second, after the best isometry (for "
    note += "PCA the best signs of the axes alone), median over draws. Strain and stress: relative, of the classical "
    note += "map and of the minimiser of s-stress."
    return [tables.table("Three maps of the same points", note, rows, columns, words=2)]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """How far the maps are apart by place and noise, and what is left against d and against d²."""
    named: dict[str, Estimate] = {}
    for record in found:
        place, meta, noise = record.meta["cities"], record.meta, record.arrays["noise"]
        for level, words in ((0.0, "as given"), (0.1, "10 % noise")):
            for i in np.flatnonzero(np.isclose(noise, level)).tolist():
                named |= {f"{place}, {words}: {name}": value for name, value in _at(record, i).items()}
        named |= {
            f"{place}, against d: relative stress at the minimum": Estimate(meta["printed_stress"]),
            f"{place}, against d: misfit of the shape at the best scale": Estimate(meta["printed_shape"]),
            f"{place}, against d²: relative stress at the minimum": Estimate(meta["squared_stress"]),
        }
        if place == "synthetic":
            above = np.flatnonzero(noise > 0).tolist()
            apart = [median(record, "s-stress and classical", i) for i in above]
            slope = statistics.exponent(noise[above].tolist(), apart)
            named["synthetic, misfit of s-stress and classical: slope in the noise"] = slope
    return named


def _at(record: Record, level: int) -> dict[str, Estimate]:
    named = {name: median(record, name, level) for name in OFF}
    for what, over, under in (("strain", "s-stress", "classical"), ("stress", "classical", "s-stress")):
        above, below = (median(record, f"relative {what} of {who}", level).value for who in (over, under))
        named[f"{what} of {over} over {what} of {under}"] = Estimate(above / below)
    off = record.arrays["off"][level]
    ratio = statistics.median(off[:, 3] / off[:, 2], np.random.default_rng(level))
    return named | {"error of s-stress over error of classical": ratio}


EXPERIMENT = Experiment(
    question="Are classical scaling, principal components and the minimum of s-stress one map of the same points?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("maps",),
)
