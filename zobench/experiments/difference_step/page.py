"""experiment=difference_step: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.experiments.difference_step import numbers
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("v_curves", "steps")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.difference_step import figures

    found = _sorted(page.read(records))
    lines = numbers.rows(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "difference_step", records, lines, summary(folder), numbers.measures(found))
    figures.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return numbers.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return numbers.measures(_sorted(page.read(records)))


def _sorted(found: Sequence[Record]) -> list[Record]:
    """The function that is no quadratic first."""
    return sorted(found, key=lambda record: "floors" in record.meta)
