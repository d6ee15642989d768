"""experiment=mds_lecture: what the lecture's animation counts, and what it leaves out."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = (*page.names("cost", "stills"), "maps.gif")
POINTS = (6, 15, 34)
SINGLE = ("gradient", "sphere", "Nelder-Mead", "Nelder-Mead, adaptive")
NAMES = {
    "gradient": "gradient descent",
    "sphere": "two points, sphere",
    "Nelder-Mead": "Nelder-Mead",
    "Nelder-Mead, adaptive": "Nelder-Mead, adaptive",
}
FLOPS = {"gradient": 13, "evaluation": 8}  # times N², as the notebook prices them

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.mds_lecture import figures

    found = read(records)
    writing.write_csv(folder / "table.csv", [line for record in found for line in rows(record)])
    page.write(
        folder, "mds_lecture", records, [line for r in found for line in rows(r)], summary(folder), measures(records)
    )
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records, fewest cities first."""
    return sorted(page.read(records), key=lambda record: record.meta["points"])


def rows(record: Record) -> list[dict[str, Any]]:
    """table.csv: a line for each way of counting or solving."""
    arrays, meta = record.arrays, record.meta
    N, best = meta["points"], meta["f_star"]
    empty = {"points": N, "minimum": best}
    descent = arrays["descent/f"]
    near = arrays["notebook/f"] <= 1.01 * best
    shown, asked = int(arrays["notebook/plotted"][-1]), int(arrays["notebook/asked"][-1])
    to = {
        name: int(arrays[f"notebook/{name}"][np.argmax(near)]) if near.any() else nan for name in ("plotted", "asked")
    }
    restarts = {"f": float(arrays["notebook/f"][-1])}
    lines = [
        {"way": "notebook's gradient descent", "calls": len(descent) - 1, "to_1_percent": _first(descent, best)}
        | {"f": float(descent[-1])},
        {"way": "notebook's Nelder-Mead, as plotted", "calls": shown, "to_1_percent": to["plotted"], **restarts},
        {"way": "notebook's Nelder-Mead, all it asks", "calls": asked, "to_1_percent": to["asked"], **restarts},
    ]
    for name in SINGLE:
        f, calls = arrays[f"{name}/f"], arrays[f"{name}/calls"]
        met = f <= 1.01 * best
        to_one = int(calls[np.argmax(met)]) if met.any() else nan
        last = int(calls[np.argmax(f <= f.min())])
        lines.append({"way": f"one run: {NAMES[name]}", "calls": last, "to_1_percent": to_one, "f": float(f.min())})
    return [{**empty, **line, "f_over_minimum": line["f"] / best} for line in lines]


def _first(f: np.ndarray, best: float) -> float:
    met = f <= 1.01 * best
    return int(np.argmax(met)) if met.any() else nan


def summary(folder: Path) -> list[tables.Table]:
    """A block for each number of cities."""
    body, last = [], ""
    for line in writing.read_csv(folder / "table.csv"):
        title = f"{line['points']} cities, minimum {float(line['minimum']):.4g}"
        numbers = [line["calls"], line["to_1_percent"] or "not reached", f"{float(line['f']):.4g}"]
        body.append([title if title != last else "", line["way"], *numbers])
        last = title
    note = (
        "Raw stress from the notebook's start. Calls: gradients of gradient descent, values of the others, up to the "
    )
    note += "best f; the notebook's Nelder-Mead starts afresh in each frame and plots the last frame's values alone."
    return [tables.Table("The lecture's maps, counted", note, ["", "", "calls", "calls to 1 %", "f"], body, 2)]


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the claims are about, for 6, 15 and 34 cities; nan where a record is missing."""
    lines = {(line["points"], line["way"]): line for record in read(records) for line in rows(record)}
    found = {}

    def value(N: int, way: str, name: str) -> float:
        return float(lines[N, way][name]) if (N, way) in lines else nan

    for N in POINTS:
        asked, shown = (value(N, f"notebook's Nelder-Mead, {x}", "calls") for x in ("all it asks", "as plotted"))
        steps = value(N, "notebook's gradient descent", "to_1_percent")
        found |= {
            f"evaluations asked over evaluations plotted, {N} cities": asked / shown,
            f"evaluations asked by the notebook's Nelder-Mead, {N} cities": asked,
            f"iterations of the notebook's gradient descent to 1 %, {N} cities": steps,
            f"f/f* of one Nelder-Mead run, {N} cities": value(N, "one run: Nelder-Mead", "f_over_minimum"),
            f"f/f* of one adaptive Nelder-Mead run, {N} cities": value(
                N, "one run: Nelder-Mead, adaptive", "f_over_minimum"
            ),
            f"values to 1 % of two points over gradients of gradient descent, {N} cities": value(
                N, "one run: two points, sphere", "to_1_percent"
            )
            / value(N, "one run: gradient descent", "to_1_percent"),
        }
    return {name: Estimate(value) for name, value in found.items()}
