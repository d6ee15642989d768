"""`zobench report` without a name: the front page over all reports; and where a page can be looked at."""

import os
import sys
import webbrowser
from pathlib import Path

from rich.console import Console

from zobench import sweeps, trust
from zobench.command.folders import require_writable
from zobench.errors import printable
from zobench.report.gallery import PAGE

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")  # variables of which one is set where a browser can be shown


def report_all(reports: str, runs_dir: str, console: Console) -> Path:
    """Write reports/index.html, say where it is and which sweeps have no report in it; its path. UsageError."""
    from zobench.report import gallery, gallery_page, places

    folder = Path(reports)
    found = gallery.read(folder)  # before anything is made where there is nothing
    gallery_page.require_own(folder / PAGE)
    require_writable("report_dir", reports)
    gallery_page.write(folder, found)
    count = len(found.cards)
    lines = [f"{folder / PAGE}: {count} report{'s' * (count != 1)}{', and the claims' * bool(found.board)}"]
    for card in [*found.cards, *filter(None, [found.board])]:
        lines += [f"{card.name}: {said}" for said in [card.missing, *card.wrong] if said]
    own = {Path(card.name).name for card in found.cards}
    there = sweeps.sweeps(runs_dir) if Path(runs_dir).is_dir() else {}
    without = [name for name in there if (name in places.names() or trust.is_own(name)) and name not in own]
    lines += [f"not in it: {name} has records and no report: zobench report {name}" for name in without]
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)
    return folder


def show(folder: Path, console: Console, opens: bool = False) -> None:
    """Print the address of a folder's page, and open it in a browser where asked for and where there is a screen."""
    page = next((folder / name for name in (PAGE, "table.md") if (folder / name).is_file()), folder)
    address = page.absolute().as_uri()
    console.print(f"address: {address}", markup=False, highlight=False, soft_wrap=True)
    if not opens:
        return
    has_screen = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in SCREENS)
    if not (has_screen and webbrowser.open(address)):
        console.print("not opened: there is no screen, or no browser", markup=False, highlight=False)
