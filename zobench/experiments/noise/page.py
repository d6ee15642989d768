"""experiment=noise: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.experiments.noise import numbers
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = page.names("noise")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.noise import figures

    found = numbers.cells(page.read(records))
    lines = numbers.rows(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "noise", records, lines, summary(folder), numbers.measures(found))
    figures.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return numbers.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return numbers.measures(numbers.cells(page.read(records)))
