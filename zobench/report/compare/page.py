"""The page of any sweep that has none of its own: methods beside each other, on each problem."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

from zobench import statistics, store
from zobench.decay import median_end
from zobench.report import cell_rows, files, groups
from zobench.report.compare import across, budget, quality, targets
from zobench.report.compare import found as best
from zobench.report.compare.labels import lines
from zobench.report.groups import Cells, Group
from zobench.report.lines import local as local_exponents
from zobench.report.measured import Measured, censored
from zobench.report.page import Caption, Experiment
from zobench.report.records import RULES, rank
from zobench.report.tables import Cell, Row, Table, fixed, number, rounded, spread, table
from zobench.report.wording import Wording
from zobench.statistics import Estimate


def read(paths: Sequence[Path], wording: Wording | None = None) -> Cells:
    """The records of runs. ValueError where all are measurements of another kind."""
    metas = {path: store.read_meta(path) for path in paths}
    runs = [path for path, meta in metas.items() if meta and "stop" in meta["config"]]
    if not runs and any(metas.values()):
        raise ValueError("these cells are measurements without runs, of which there is no general page")
    return best.referred(groups.read(runs, wording))


def rows(found: Cells) -> list[dict[str, Any]]:
    """A line a problem, dimension, method and step rule: in the user's order, then those that ask the fewest calls."""
    cells = [(group, cell) for group in found.groups for cell in group.cells]
    best: dict[tuple[str, int], float] = {}  # by problem and dimension, in order
    for group, cell in cells:
        place = group.column, cell.record.n
        best[place] = min(best.get(place, inf), cell.calls.value)
    order, made = list(best), []
    for group, cell in cells:
        place, line = (group.column, cell.record.n), _row(group, cell, best[group.column, cell.record.n])
        after = cell.record.places[1], line["calls"], line["final"], rank(RULES, line["rule"])
        made.append(((order.index(place), *after), line))
    return [line for _, line in sorted(made, key=lambda item: item[0])]


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
        "calls_over_n1": cell.calls.value / (cell.record.n + 1),
        "last_improvement": quality.last_improvement(cell),
        "over_best": cell.calls.value / best if best < inf else nan,
        "final": median_end(cell.record.metric, cell.record.curve(cell.rule)),
        **dict(cell.record.columns),
    }


def shown(
    rows: Sequence[Row],
    _cells: Sequence[Row],
    targets: Sequence[Row],
    budgets: Sequence[Row],
    exponents: Sequence[Row],
    profiles: Sequence[Row],
    found: Sequence[Row] = (),
) -> list[Table]:
    """A block for each problem and dimension; the tables after the first are in the files alone."""
    columns: dict[str, Cell] = {
        "": _place,
        "method": lambda row: f"{row['method']}, {row['rule']} step" if row["rule"] != "own" else row["method"],
        "arrived": lambda row: f"{row['reached']} of {row['runs']}",
        "iterations": _times("iterations"),
        "oracle calls": _times("calls"),
        "calls/(n+1)": lambda row: "" if row["calls"] == "inf" else number(float(row["calls_over_n1"]), 1),
        "over the fewest": rounded("over_best"),
        "last improved": lambda row: f"{float(row['last_improvement']):.0f}",
        "at the end": rounded("final"),
    }
    note = (
        "To the target, median over seeds [95 % interval, bootstrap]; never: half of the runs or more did not arrive. "
    )
    note += "Last improved: oracle calls at which the best value of a run last fell, median over seeds. "
    note += "At the end: the value that runs stop on, median over seeds. In order of the calls, or of report_order."
    first = table("Methods", note, rows, columns, words=2)
    first = best.shown(found) if found and len(found) == len(rows) else first  # none has a target
    return [first, _targets(targets), _budgets(budgets), _exponents(exponents), _profiles(profiles)]


def _place(row: Row) -> str:
    return f"{row['column']}, n = {row['n']}"


def _times(column: str) -> Cell:
    text = spread(column, shown=lambda x: f"{x:.0f}")
    return lambda row: "never" if row[column] in ("", "inf") else text(row)


def _targets(rows: Sequence[Row]) -> Table:
    """A column for each decade."""
    decades = sorted({float(row["target"]) for row in rows}, reverse=True)
    lines: dict[tuple[str, str], dict[float, str]] = {}
    for row in rows:
        text = f"{_times('calls')(row)}" if row["calls"] != "inf" else f"never ({row['reached']} of {row['runs']})"  # type: ignore[operator]
        lines.setdefault((_place(row), row["line"]), {})[float(row["target"])] = text
    body = [[*place, *(texts.get(decade, "never") for decade in decades)] for place, texts in lines.items()]
    heads = ["", *(line[0] for line in body)]
    body = [["" if line[0] == above else line[0], *line[1:]] for above, line in zip(heads, body, strict=False)]
    note = (
        "Oracle calls to a value of 0.1, 0.01, ... of that at the start, from the same runs: median [95 % interval]; "
    )
    note += "never: half of the runs or more did not get there, and how many did."
    asked = any(row["asked"] == "True" for row in rows)  # then they are what the user wants to see
    if asked:
        note = note.replace("a value of 0.1, 0.01, ... of", "each target, as a share of")
    return Table("Several targets", note, ["", "method", *(f"{x:g}" for x in decades)], body, 2, aside=not asked)


def _budgets(rows: Sequence[Row]) -> Table:
    columns: dict[str, Cell] = {
        "": _place,
        "calls": "calls",
        "best": lambda row: row["best"] + (f" (and {row['even']} more, even)" if row["even"] != "0" else ""),
        "median": rounded("median"),
        "second": "second",
        "its median": rounded("second_median"),
        "ahead": spread("ahead"),
    }
    note = (
        "Best by the mean over seeds of the rank of the least value after so many oracle calls; methods that have met "
    )
    note += (
        "the target are even. Ahead: share of the seeds in which it is ahead of the second, paired [95 % interval]; "
    )
    note += "0.5 means even."
    return table("Who is best after so many calls", note, rows, columns, words=2, aside=True)


def _exponents(rows: Sequence[Row]) -> Table:
    columns: dict[str, Cell] = {
        "": "column",
        "method": "line",
        "to": lambda row: f"{row['share']} of the start" if row["share"] != "0" else "the target",
        "exponent in n": spread("exponent"),
        "between neighbours": "local",
        "dimensions": "dimensions",
    }
    note = "Of the oracle calls: of the power law fitted to the medians, with its 95 % interval, where four dimensions "
    note += "arrived; and between each dimension and the next."
    return table("Exponents in n", note, rows, columns, words=2, aside=True)


def _profiles(rows: Sequence[Row]) -> Table:
    columns: dict[str, Cell] = {
        "method": "line",
        "10 (n+1)": spread("solved_10"),
        "100 (n+1)": spread("solved_100"),
        "1000 (n+1)": spread("solved_1000"),
        "at all": spread("solved"),
        "ends within 1e-1": fixed("quality_1e-1"),
        "1e-3": fixed("quality_1e-3"),
        "1e-6": fixed("quality_1e-6"),
        "first": fixed("first"),
        "within 2×": fixed("within_2"),
        "area": fixed("area"),
    }
    note = "Share of the problems and of their runs at the target within so many calls [95 % interval over problems]; "
    note += (
        "first, or within twice the calls of the first; area under the runtimes over many targets, in the logarithm "
    )
    note += "of calls/n. Ends within τ: share of the runs that end at most τ (f(x0) − best) above the best of all."
    return table("Over all problems", note, rows, columns, aside=True)


def exponents(found: Cells) -> list[dict[str, Any]]:
    """scaling.csv: exponents in n of the calls that the figure shows, fitted and between neighbouring dimensions."""
    labels, made = {line.key: line.label for line in lines(found)}, []
    for column in found.columns:
        share, arrived = targets.against_n(found, column)
        for key, points in arrived.items():
            if len(points) > 1:
                n, calls = zip(*points, strict=True)
                local = ", ".join(number(slope) for slope in local_exponents(n, [each.value for each in calls])[1:])
                about = {"column": column, "line": labels[key], "share": share, "dimensions": len(points)}
                made.append({**about, **files.ends("exponent", statistics.exponent(n, calls)), "local": local})
    return made


def measures(found: Cells) -> dict[str, Estimate]:
    """Exponents in n of iterations and oracle calls, where four dimensions ran."""
    found_fits = ((g, of, groups.exponent(g, of)[0]) for g in found.groups for of in ("iterations", "calls"))
    fits = {f"{g.column}, {g.method}, {g.rule} step: exponent in n of the {of}": fit for g, of, fit in found_fits}
    return {name: fit.slope for name, fit in fits.items() if fit}


CAPTIONS = {
    "convergence": Caption("What runs stop on against oracle calls.", "it takes a run"),
    "convergence_iterations": Caption("The same against iterations.", "it takes steps that ask differently many calls"),
    "convergence_priced": Caption(
        "The same against calls at their prices: a derivative counts as many values of f as it does operations.",
        "it takes a method that asks for derivatives, and records that keep their prices",
    ),
    "convergence_seconds": Caption("The same against seconds of the runs.", "it takes cells of 0.1 s and more"),
    "ranks": Caption("Who has the best value after so many calls, paired over seeds.", "it takes two methods"),
    "runtimes": Caption(
        "Runtime distributions over many targets.", "it takes runs that get to 0.1 of their start, not all at once"
    ),
    "scaling": Caption("Oracle calls to the target against n.", "it takes two dimensions that arrive"),
    "exponents": Caption("Local exponents in n of the calls to the target.", "it takes three dimensions that arrive"),
    "profiles": Caption(
        "Performance, data, quality profiles over all problems.", "it takes two methods on two problems"
    ),
}
EXPERIMENT = Experiment(
    question="Which of these methods asks least?",
    read=read,
    named=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=(*CAPTIONS, "methods.txt"),
    more={
        "cells.csv": cell_rows.rows,
        "targets.csv": targets.rows,
        "budgets.csv": budget.rows,
        "scaling.csv": exponents,
        "profiles.csv": across.rows,
        "found.csv": best.rows,
    },
    captions=CAPTIONS,
)
