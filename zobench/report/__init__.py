"""Reports: tables and pictures from records alone; what a drawing needs is imported when it draws."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from zobench.errors import printable


def draw(name: str, records: Sequence[Path], report_dir: Path, console: Console) -> None:
    """Draw the report of that name from the records into report_dir and print its main table.

    A report drawn by the same code from the same records is only printed again. Raises ValueError for an unknown name
    and where there are no records.
    """
    from zobench.report import files, page, tables

    page.load(name)
    if not records:
        raise ValueError(f"report {name}: no records; run zobench experiment={name} first")
    stamp, wanted = report_dir / "inputs", page.fingerprint(name, records)
    drawn, *written = stamp.read_text().splitlines() if stamp.exists() else [""]
    if drawn != wanted or not all((report_dir / file).exists() for file in written):
        stamp.unlink(missing_ok=True)
        files.write(stamp, "\n".join([wanted, *page.write(name, records, report_dir)]) + "\n")
    for table in page.summary(name, report_dir):
        tables.show(table, console)
    for line in page.closing(name, report_dir).split("\n"):
        console.print(printable(line), markup=False, highlight=False)


def draw_board(runs_dir: Path, report_dir: Path, console: Console) -> list[tuple[str, str]]:
    """Judge all claims by the latest sweep of each experiment and draw the board; reports that raised, and why."""
    from zobench.report import board, board_page, tables

    found = board.evidence(runs_dir, board.latest(runs_dir))
    entries = board_page.write(found, report_dir)
    tables.show(board_page.summary(entries), console)
    for line in board_page.closing(entries, found, report_dir).split("\n"):
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return [(f"report {each.experiment}", each.reason) for each in found if each.broken]
