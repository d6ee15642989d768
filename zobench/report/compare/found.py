"""Where nobody knows the minimum: the best value that each method found, and the gap to the best that is known."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files
from zobench.report.compare import budget
from zobench.report.compare.labels import lines
from zobench.report.compare.traces import places
from zobench.report.groups import Cells, Group
from zobench.report.measured import Measured
from zobench.report.records import Record
from zobench.report.tables import Cell, Row, Table, spread, table

KNOWN, BEST = "f − f*", "f − best known"  # what a column and an axis say


def is_open(record: Record) -> bool:
    """Whether the runs of a record had no target, as f* is not known."""
    return record.metric == "gap" and record.meta.get("target") == -np.inf


def referred(cells: Cells) -> Cells:
    """Cells whose curves are f itself, as the gap to the best value that any cell of the problem and n has found."""
    best: dict[tuple[str, int], float] = {}
    for group, cell in _open(cells):
        place = group.column, cell.record.n
        best[place] = min(best.get(place, np.inf), float(np.nanmin(cell.record.curve(cell.rule))))
    if not best:
        return cells

    def moved(group: Group) -> Group:
        own = [
            _minus(cell, best[group.column, cell.record.n]) if is_open(cell.record) else cell for cell in group.cells
        ]
        named = group.column.replace(KNOWN, BEST) if is_open(own[0].record) else group.column
        return group._replace(column=named, cells=own)

    return cells._replace(groups=[moved(group) for group in cells.groups])


def above_best(records: Sequence[Record]) -> list[Record]:
    """The same of records: those whose curves are f itself as the gap to the best value of their problem and n."""
    best: dict[tuple[str, int], float] = {}
    for record in filter(is_open, records):
        place = record.problem, record.n
        lowest = [float(np.nanmin(record.curve(rule))) for rule in record.rules]
        best[place] = min(best.get(place, np.inf), *lowest)
    return [_lowered(record, best[record.problem, record.n]) if is_open(record) else record for record in records]


def _lowered(record: Record, best: float) -> Record:
    gaps = {name: record.arrays[name].astype(float) - best for rule in record.rules if (name := f"{rule}/gap")}
    return record._replace(arrays={**record.arrays, **gaps}, meta={**record.meta, "best_known": best})


def _open(cells: Cells) -> list[tuple[Group, Measured]]:
    return [(group, cell) for group in cells.groups for cell in group.cells if is_open(cell.record)]


def _minus(cell: Measured, best: float) -> Measured:
    return cell._replace(record=_lowered(cell.record, best))


def rows(cells: Cells) -> list[dict[str, Any]]:
    """found.csv: a line for each problem, dimension and method without a target, the best by mean rank first.

    Best value and gap are medians over seeds; ranks are at the end of the longest run, paired over seeds.
    """
    labels, made = {line.key: line.label for line in lines(cells)}, []
    for (column, n), own in places(cells).items():
        own = {key: cell for key, cell in own.items() if is_open(cell.record)}
        race = budget.race(own)
        ranks = [part[:, -1] for part in budget.mean_ranks(race)] if race else []
        lines_here = []
        for key, cell in own.items():
            record, rule = cell.record, cell.rule
            ends = np.fmin.accumulate(record.curve(rule), axis=1)[:, -1]
            gap, known = statistics.median(ends, np.random.default_rng(n)), float(record.meta["best_known"])
            rank = [float(part[race.keys.index(key)]) for part in ranks] if race else [nan] * 3
            about = {"column": column, "n": n, "line": labels[key], "runs": ends.size, "calls": int(record.k(rule)[-1])}
            about |= {"failed": record.meta["rules"][rule].get("failed", 0), **files.ends("gap", gap)}
            about |= {name: value + known for name, value in files.ends("best", gap).items()}
            lines_here.append(about | dict(zip(("rank", "rank_low", "rank_high"), rank, strict=True)))
        made += sorted(lines_here, key=lambda line: line["rank"] if line["rank"] == line["rank"] else line["best"])
    return made


def shown(rows: Sequence[Row]) -> Table:
    """The table of `rows`."""
    columns: dict[str, Cell] = {
        "": lambda row: f"{row['column'].partition(':')[0]}, n = {row['n']}",
        "method": "line",
        "best value": spread("best", shown=lambda x: f"{x:.5g}"),
        "above the best known": spread("gap"),
        "mean rank": spread("rank", shown=lambda x: f"{x:.1f}"),
        "calls": "calls",
        "that failed": "failed",
    }
    note = "The best value that a run was given by the end of its calls: median over seeds [95 % interval, bootstrap]; "
    note += (
        "the best known is the least of all runs here. Ranks are paired over seeds. Values are as the function gave "
    )
    note += "them: where it is noisy the least of them is a lucky one, and f is higher there."
    return table("Best value found", note, rows, columns, words=2)
