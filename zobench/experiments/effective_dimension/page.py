"""experiment=effective_dimension: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = (*page.names("effective_dimension"), "cells.csv")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.effective_dimension import figures
    from zobench.experiments.effective_dimension import numbers as laws
    from zobench.report import ratios
    from zobench.report import records as reading

    points = ratios.points(reading.load(records))
    found = laws.contests(points)
    files.write_csv(folder / "cells.csv", ratios.cells(points))
    files.write_csv(folder / "table.csv", laws.rows(found))
    page.write(folder, "effective_dimension", records, laws.rows(found), summary(folder), laws.measures(found))
    figures.draw(points, found, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Exponents, constants and differences of AICc by name; nan below six cells."""
    from zobench.experiments.effective_dimension import numbers as laws
    from zobench.report import ratios
    from zobench.report import records as reading

    return laws.measures(laws.contests(ratios.points(reading.load(records))))


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    header = ["step", "law, the best first", "a", "residual", "AICc above best", "support", "resamples won"]
    body, last = [], ""
    for line in lines:
        body.append([f"{line['rule']} step" if line["rule"] != last else "", *_line(line)])
        last = line["rule"]
    note = "Laws for K/K_GD, each with a free constant a [95 % interval: seeds and misfit], on all cells of a rule. "
    note += "Residual: rms of ln K, left out by the law. Support: as good (AICc within 2 of the best), "
    note += "some (4), little (10), none. Resamples won: of the seeds, of laws without free exponents; the cells "
    note += "stay the same."
    return [tables.Table("What the slowdown follows", note, header, body, 2)] if body else []


def _line(line: dict[str, str]) -> list[str]:
    if not line["law"]:
        return [f"{line['cells']} cells are too few", *[""] * 5]
    name = line["law"]
    if line["p"]:
        name = f"a n^{_number(line['p'])} (r+2)^{_number(line['s'])}"
    spread = f" [{_number(line['a_low'], 3)}, {_number(line['a_high'], 3)}]" if line["a_low"] else ""
    won = line["share_of_resamples_won"]
    return [
        name,
        _number(line["a"], 3) + spread,
        f"{100 * float(line['relative_residual']):.1f} %",
        _number(line["aicc_above_best"], 1),
        line["support"],
        f"{100 * float(won):.0f} %" if won else "",
    ]


def _number(text: str, digits: int = 2) -> str:
    return tables.number(float(text) if text else nan, digits)
