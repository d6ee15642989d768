"""What the lecture's animation of maps counts, and what it leaves out: the page."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

NAMES = {"gradient": "gradient descent", "sphere": "two points, sphere"}
NAMES |= {name: name for name in ("Nelder-Mead", "Nelder-Mead, adaptive")}
DESCENT = "notebook's gradient descent"
ASKED, PLOTTED = (f"notebook's Nelder-Mead, {counted}" for counted in ("all it asks", "as plotted"))


def read(paths: Sequence[Path]) -> list[Record]:
    """The records, fewest cities first."""
    return sorted(records.ended(paths), key=lambda record: record.meta["points"])


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each way of counting or solving."""
    return [line for record in found for line in _rows(record)]


def _rows(record: Record) -> list[dict[str, Any]]:
    arrays, best = record.arrays, record.meta["f_star"]
    descent, loss, lines = arrays["descent/f"], arrays["notebook/f"], []
    ways = {DESCENT: (np.arange(len(descent)), descent, -1)}
    ways |= {PLOTTED: (arrays["notebook/plotted"], loss, -1), ASKED: (arrays["notebook/asked"], loss, -1)}
    for key, name in NAMES.items():
        f = arrays[f"{key}/f"]
        ways[f"one run: {name}"] = (arrays[f"{key}/calls"], f, int(np.argmin(f)))
    for way, (calls, f, last) in ways.items():
        met = np.flatnonzero(f <= 1.01 * best)
        lines.append(
            {
                "points": record.meta["points"],
                "minimum": best,
                "way": way,
                "calls": int(calls[last]),
                "to_1_percent": int(calls[met[0]]) if met.size else nan,
                "f": float(f[last]),
                "f_over_minimum": float(f[last]) / best,
            }
        )
    return lines


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each number of cities."""
    columns: dict[str, tables.Cell] = {
        "cities": lambda row: f"{row['points']} cities, minimum {float(row['minimum']):.4g}",
        "": "way",
        "calls": "calls",
        "calls to 1 %": lambda row: row["to_1_percent"] or "not reached",
        "f": lambda row: f"{float(row['f']):.4g}",
    }
    note = "Raw stress from the notebook's start. Calls: gradients of gradient descent, values of the others, up to "
    note += (
        "the best f; the notebook's Nelder-Mead starts afresh in each frame and plots the last frame's values alone."
    )
    made = tables.table("The lecture's maps, counted", note, rows, columns, words=2)
    return [made._replace(header=["", *made.header[1:]])]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """What was asked over what was plotted, and what single runs cost and find, by number of cities."""
    named: dict[str, float] = {}
    for record in found:
        line, N = {line["way"]: line for line in _rows(record)}, f"{record.meta['points']} cities"
        one = {key: line[f"one run: {name}"] for key, name in NAMES.items()}
        paid = one["sphere"]["to_1_percent"] / one["gradient"]["to_1_percent"]
        named |= {
            f"evaluations asked over evaluations plotted, {N}": line[ASKED]["calls"] / line[PLOTTED]["calls"],
            f"evaluations asked by the notebook's Nelder-Mead, {N}": line[ASKED]["calls"],
            f"iterations of the notebook's gradient descent to 1 %, {N}": line[DESCENT]["to_1_percent"],
            f"f/f* of one Nelder-Mead run, {N}": one["Nelder-Mead"]["f_over_minimum"],
            f"f/f* of one adaptive Nelder-Mead run, {N}": one["Nelder-Mead, adaptive"]["f_over_minimum"],
            f"values to 1 % of two points over gradients of gradient descent, {N}": paid,
        }
    return {name: Estimate(float(value)) for name, value in named.items()}


EXPERIMENT = Experiment(
    question="What does the lecture's animation of maps count, and what does it leave out?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("cost", "stills", "maps.gif"),
)
