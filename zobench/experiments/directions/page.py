"""experiment=directions: which files there are, and how they come about."""

from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any

from zobench.experiments.slowdown.page import TABLES, closing
from zobench.report import files, page, tables
from zobench.statistics import Estimate

FIGURES = ("directions",)
FILES = (*TABLES, *(f"{name}.{form}" for name in FIGURES for form in ("png", "svg")))

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.directions import figures, numbers
    from zobench.report import records as reading

    loaded = reading.load(records)
    found = numbers.studies(loaded)
    files.write_csv(folder / "table.csv", numbers.rows(found))
    files.write_csv(folder / "cells.csv", _cells(loaded, [entry.cell for study in found for entry in study.entries]))
    page.judge(folder, "directions", records, measures(records))
    files.write(folder / "table.md", tables.markdown([*summary(folder), page.verdict_table(folder)]))
    files.write(folder / "table.tex", tables.latex(summary(folder)))
    figures.draw(found, folder)


def _cells(loaded: Sequence, measured: Sequence) -> list[dict[str, Any]]:
    """cells.csv as in the other reports, with the directions first."""
    from zobench.report import cells

    sources = [cell.record for cell in measured] + [record for record in loaded if record.failed]
    asked = [record.meta["config"]["estimator"] for record in sources]
    lines = zip(asked, cells.rows(loaded, measured), strict=True)
    return [{"q": own.get("q"), "orthogonal": own.get("orthogonal"), **line} for own, line in lines]


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: a block for each kind of directions and step rule."""
    lines = files.read_csv(folder / "table.csv")
    several = len({(line["problem"], line["n"]) for line in lines}) > 1
    header = ["", "q", "B", "iterations", "oracle calls", "calls: exact", "calls: (q+1) B K_GD"]
    body, last = [], ""
    for line in lines:
        place = f"{line['problem']}, n = {line['n']}: " if several else ""
        title = place + (f"{line['directions']}, {line['rule']} step" if line["q"] else line["directions"])
        body.append([title if title != last else "", *_line(line)])
        last = title
    note = "Median over seeds [95 % interval, bootstrap]; B = 1/(αL). Exact: the exact recursion of the mean, for a "
    note += "difference step that tends to 0. K_GD: iterations of gradient descent with step 1/L. "
    note += "GD asks gradients, all others values."
    return [tables.Table("How many directions a step?", note, header, body, 2)] if body else []


def _line(line: dict[str, str]) -> list[str]:
    return [
        line["q"] or "–",
        tables.significant(files.number(line["B"])),
        _with_interval(line, "iterations") or tables.number(files.number(line["exact_iterations"]), 0),
        _with_interval(line, "calls"),
        tables.number(files.number(line["exact_calls"]), 0),
        tables.number(files.number(line["theory_calls"]), 0),
    ]


def _with_interval(line: dict[str, str], name: str) -> str:
    if not line[name] or line[name] == "inf":
        return line[name]
    value, low, high = (files.number(line[key]) for key in (name, f"{name}_low", f"{name}_high"))
    spread = f" [{low:.0f}, {high:.0f}]" if low == low else ""
    return f"{value:.0f}{spread}"


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What q directions cost at the largest dimension, under the theory step; nan where it was not measured."""
    from zobench.experiments.directions import numbers
    from zobench.report import records as reading

    found, nothing = numbers.studies(reading.load(records)), Estimate(nan)
    entries = [entry for entry in found[-1].entries if entry.rule == "theory"] if found else []
    n, K_GD = (found[-1].n, found[-1].K_GD) if found else (nan, nan)
    of_n = [entry.cell.time.times(1 / (n * K_GD)) for entry in entries]
    of_B = [entry.cell.time.times(1 / (entry.B * K_GD)) for entry in entries]
    whole = [e.cell.calls.times(1 / ((n + 1) * K_GD)) for e in entries if e.orthogonal and e.q == n]
    exact = numbers.of_exact(found[-1]) if found else []
    return {
        "iterations/(n K_GD), most over q": _extreme(max, of_n),
        "iterations/(B K_GD), least over q": _extreme(min, of_B),
        "iterations/(B K_GD), most over q": _extreme(max, of_B),
        "independent directions: q of the fewest calls/√(n−1)": numbers.fewest(found[-1]) if found else nothing,
        "orthogonal directions: largest calls(next q)/calls(q)": numbers.falls(found[-1]) if found else nothing,
        "median calls over the exact recursion, least": _extreme(min, exact),
        "median calls over the exact recursion, most": _extreme(max, exact),
        "n orthogonal directions: calls/calls of forward differences": _extreme(max, whole),
    }


def _extreme(choose: Callable, values: Sequence[Estimate]) -> Estimate:
    return choose(values, key=lambda estimate: estimate.value, default=Estimate(nan))
