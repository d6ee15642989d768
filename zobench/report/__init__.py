"""Reports: tables and pictures from records alone; what a drawing needs is imported when it draws."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from zobench.errors import UsageError, one_line, printable
from zobench.survey import Gap, survey

if TYPE_CHECKING:
    from zobench.report.wording import Wording


def draw(
    name: str,
    cells: Sequence[tuple[str, Path]],
    report_dir: Path,
    console: Console,
    command: str = "",
    shows: bool = True,
    formats: Sequence[str] = (),
    wording: "Wording | None" = None,
) -> list[Gap]:
    """Draw the report of that name from the records of cells, label and path, into report_dir; print its main table.

    The cells without a good record, which page and terminal name, with the `command` that runs them. Unless it `shows`
    its tables, what it leaves out is printed alone. Whatever the `formats` of figures, a PNG is among them. `wording`:
    the user's names and order. A report drawn by the same code from the same records is only printed again. Raises
    ValueError for an unknown name and where there are no records, UsageError where report_dir has another report, and
    for names that no record has.
    """
    from zobench.report import page, stamp, tables

    page.load(name)
    if not cells:
        raise ValueError(f"report {name}: no records; run zobench experiment={name} first")
    found = survey(cells)
    said, records = found.lines(command), [path for _, path in cells]
    drawn, *written = stamp.claim(report_dir, name, page.may_write(name)) or [""]
    made_by = command if page.load(name).captions else ""
    asked = [*dict.fromkeys(["png", *formats])] if formats else [*page.FORMATS]
    other = [*(asked if asked != [*page.FORMATS] else []), *([repr(wording)] if wording else [])]
    wanted = page.fingerprint(name, records, [*said, *filter(None, [made_by]), *other])
    if drawn != wanted or not all((report_dir / file).exists() for file in written):
        try:
            stamp.write(
                report_dir,
                name,
                wanted,
                page.write(name, records, report_dir, found.gaps, said, made_by, asked, wording),
            )
        except UsageError:
            raise
        except ValueError as error:
            raise ValueError("; ".join([one_line(error), *said])) from error
    for table in page.summary(name, report_dir) if shows else ():
        tables.show(table, console)
    left_out = page.left_out(name, report_dir)
    closing = page.closing(name, report_dir, said) if shows else found.machines
    for line in filter(None, [*closing.split("\n"), left_out]):
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return found.gaps


def draw_board(runs_dir: Path, report_dir: Path, console: Console) -> list[tuple[str, str]]:
    """Judge all claims by the latest sweep of each experiment and draw the board; reports that raised, and why."""
    from zobench.report import board, board_page, stamp, tables

    stamp.claim(report_dir, "claims", board_page.FILES)
    found = board.evidence(runs_dir, board.latest(runs_dir))
    entries = board_page.write(found, report_dir)
    stamp.write(report_dir, "claims", "", [*board_page.FILES])
    tables.show(board_page.summary(entries), console)
    for line in board_page.closing(entries, found, report_dir).split("\n"):
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return [(f"report {each.experiment}", each.reason) for each in found if each.broken]
