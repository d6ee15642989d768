"""experiment=trajectories: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.report import files, page, tables, trajectories
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = page.names("trajectories", "convergence")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import trajectories_plots

    found = trajectories.cells(page.read(records))
    lines = trajectories.rows(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "trajectories", records, lines, summary(folder), trajectories.measures(found))
    trajectories_plots.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return trajectories.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return trajectories.measures(trajectories.cells(page.read(records)))
