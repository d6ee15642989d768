"""experiment=horizon: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = (*page.names("horizon"), "cells.csv")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.horizon import figures, numbers
    from zobench.report import ratios
    from zobench.report import records as reading

    points = ratios.points(reading.load(records))
    found = numbers.series(points)
    files.write_csv(folder / "cells.csv", ratios.cells(points))
    files.write_csv(folder / "table.csv", numbers.rows(found))
    page.write(folder, "horizon", records, numbers.rows(found), summary(folder), numbers.measures(found))
    figures.draw(found, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What far dimensions cost, and how often held-out ones were inside; nan below four dimensions."""
    from zobench.experiments.horizon import numbers
    from zobench.report import ratios
    from zobench.report import records as reading

    return numbers.measures(numbers.series(ratios.points(reading.load(records))))


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: far away, then what was held out."""
    lines = files.read_csv(folder / "table.csv")
    shown = [
        ("far", "Oracle calls far away", "exact recursion", "The recursion is of the mean, the fit of medians."),
        ("held out", "Largest dimensions, held out", "measured", "Measured: the median that the fit did not see."),
    ]
    return [_table([line for line in lines if line["kind"] == kind], *words) for kind, *words in shown]


def _table(lines: Sequence[dict[str, str]], title: str, known: str, words: str) -> tables.Table:
    header = ["", "n", "law", "fitted to n", "calls", known, "inside", "calls/K_GD"]
    body, last = [], ""
    for line in lines:
        name = f"{line['spectrum']}, {line['rule']} step"
        body.append([name if name != last else "", *_line(line)])
        last = name
    note = (
        "Calls to the target by the fitted law [95 % prediction interval]. Laws: a n^p with p free; a n (theory step) "
    )
    note += f"or a n(r+2)/(n+2) (trace-aware step) with a free. {words}"
    return tables.Table(title, note, header, body, 2)


def _line(line: dict[str, str]) -> list[str]:
    calls, low, high = (_number(line[key]) for key in ("calls", "calls_low", "calls_high"))
    return [
        f"{float(line['n']):.2g}" if line["kind"] == "far" else line["n"],
        line["law"],
        line["fitted_to"],
        f"{calls} [{low}, {high}]" if calls else "needs >= 4 dimensions",
        _number(line["known_calls"]),
        {"True": "yes", "False": "no"}.get(line["inside"], ""),
        _number(line["calls_a_gradient"]),
    ]


def _number(text: str) -> str:
    return tables.significant(float(text) if text else nan)
