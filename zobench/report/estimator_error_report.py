"""experiment=estimator_error: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.report import estimator_error, files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = page.names("estimator_error")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import estimator_error_plots

    found = estimator_error.rows(page.read(records))
    lines = estimator_error.flat(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "estimator_error", records, lines, summary(folder), estimator_error.measures(found))
    estimator_error_plots.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return estimator_error.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return estimator_error.measures(estimator_error.rows(page.read(records)))
