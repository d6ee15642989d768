"""experiment=difference_step: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.report import difference_step, files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("v_curves", "steps")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import difference_step_plots

    found = _sorted(page.read(records))
    lines = difference_step.rows(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "difference_step", records, lines, summary(folder), difference_step.measures(found))
    difference_step_plots.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return difference_step.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return difference_step.measures(_sorted(page.read(records)))


def _sorted(found: Sequence[Record]) -> list[Record]:
    """The function that is no quadratic first."""
    return sorted(found, key=lambda record: "floors" in record.meta)
