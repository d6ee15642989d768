"""The page of any sweep that has none of its own: methods beside each other, on each problem."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

from zobench import store
from zobench.decay import median_end
from zobench.report import cell_rows, files, groups
from zobench.report.groups import Cells, Group
from zobench.report.measured import Measured, censored
from zobench.report.page import Caption, Experiment
from zobench.report.records import RULES, rank
from zobench.report.tables import Cell, Row, Table, rounded, spread, table
from zobench.statistics import Estimate


def read(paths: Sequence[Path]) -> Cells:
    """The records of runs. ValueError where all are measurements of another kind."""
    metas = {path: store.read_meta(path) for path in paths}
    runs = [path for path, meta in metas.items() if meta and "stop" in meta["config"]]
    if not runs and any(metas.values()):
        raise ValueError("these cells are measurements without runs, of which there is no general page")
    return groups.read(runs)


def rows(found: Cells) -> list[dict[str, Any]]:
    """A line a problem, dimension, method and step rule: those that ask the fewest calls first."""
    cells = [(group, cell) for group in found.groups for cell in group.cells]
    best: dict[tuple[str, int], float] = {}  # by problem and dimension, in order
    for group, cell in cells:
        place = group.column, cell.record.n
        best[place] = min(best.get(place, inf), cell.calls.value)
    lines, order = [_row(group, cell, best[group.column, cell.record.n]) for group, cell in cells], list(best)
    return sorted(
        lines, key=lambda x: (order.index((x["column"], x["n"])), x["calls"], x["final"], rank(RULES, x["rule"]))
    )


def _row(group: Group, cell: Measured, best: float) -> dict[str, Any]:
    return {
        "column": group.column,
        "n": cell.record.n,
        "method": group.method,
        "rule": group.rule,
        "runs": cell.hits.size,
        "reached": cell.ended("reached"),
        "censored": censored(cell),
        "diverged": cell.ended("diverged") + cell.ended("nan"),
        **files.ends("iterations", cell.time),
        **files.ends("calls", cell.calls),
        "over_best": cell.calls.value / best if best < inf else nan,
        "final": median_end(cell.record.metric, cell.record.curve(cell.rule)),
        **dict(cell.record.columns),
    }


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """A block for each problem and dimension."""
    columns: dict[str, Cell] = {
        "": lambda row: f"{row['column']}, n = {row['n']}",
        "method": lambda row: f"{row['method']}, {row['rule']} step" if row["rule"] != "own" else row["method"],
        "arrived": lambda row: f"{row['reached']} of {row['runs']}",
        "iterations": _times("iterations"),
        "oracle calls": _times("calls"),
        "over the fewest": rounded("over_best"),
        "at the end": rounded("final"),
    }
    note = (
        "To the target, median over seeds [95 % interval, bootstrap]; never: half of the runs or more did not arrive. "
    )
    note += "At the end: the value that runs stop on, median over seeds."
    return [table("Methods, those that ask the fewest calls first", note, rows, columns, words=2)]


def _times(column: str) -> Cell:
    text = spread(column, shown=lambda x: f"{x:.0f}")
    return lambda row: "never" if row[column] in ("", "inf") else text(row)


def measures(found: Cells) -> dict[str, Estimate]:
    """Exponents in n of iterations and oracle calls, where four dimensions ran."""
    found_fits = ((g, of, groups.exponent(g, of)[0]) for g in found.groups for of in ("iterations", "calls"))
    fits = {f"{g.column}, {g.method}, {g.rule} step: exponent in n of the {of}": fit for g, of, fit in found_fits}
    return {name: fit.slope for name, fit in fits.items() if fit}


EXPERIMENT = Experiment(
    question="Which of these methods asks least?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("convergence", "scaling"),
    more={"cells.csv": cell_rows.rows},
    captions={
        "convergence": Caption("What runs stop on against oracle calls.", "it takes runs"),
        "scaling": Caption("Iterations and oracle calls to the target against n.", "it takes several dimensions"),
    },
)
