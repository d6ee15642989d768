"""experiment=noise: which files there are, and how they come about."""

from collections.abc import Sequence
from pathlib import Path

from zobench.report import files, noise, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = page.names("noise")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import noise_plots

    found = noise.cells(page.read(records))
    lines = noise.rows(found)
    files.write_csv(folder / "table.csv", lines)
    page.write(folder, "noise", records, lines, summary(folder), noise.measures(found))
    noise_plots.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return noise.table(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity by its name."""
    return noise.measures(noise.cells(page.read(records)))
