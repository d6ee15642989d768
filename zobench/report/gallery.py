"""What there is to be shown of a folder of reports: a card for each of them, and the claims of the board.

Everything here is read from files that may be a stranger's: what cannot be read is said on its card and hides nothing
of the others. A report's question comes from its page, which is imported only where it is one of zobench's own, or of
a package that is trusted.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zobench import trust
from zobench.errors import UsageError, one_line
from zobench.report import board, page, places, stamp, verdicts
from zobench.survey import KINDS

BOARD = "claims"  # the folder of the board
PAGE, TABLE, VERDICTS, MISSING = "index.html", "table.csv", "verdicts.json", "missing.csv"
PICTURES = (".png", ".svg")
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error)


class Link(NamedTuple):
    """A file of a report: what it is called, and its path within the folder of reports."""

    text: str
    path: str


class Card(NamedTuple):
    """One report. `pages` are what there is to read, the first of them the page; `wrong` is what could not be read."""

    name: str
    question: str
    headline: list[str]
    picture: Link | None
    pages: list[Link]
    missing: str
    wrong: list[str]


class Claim(NamedTuple):
    """A line of the board; `by` are the experiments that measured it, with their pages where they are there."""

    topic: str
    number: int | None
    text: str
    statement: str
    verdict: str
    by: list[Link]
    reason: str


class Gallery(NamedTuple):
    """The reports by their folders' names, the board's card if there is one, and its claims."""

    cards: list[Card]
    board: Card | None
    claims: list[Claim]


def read(reports: Path) -> Gallery:
    """All reports of a folder, those of folders of reports in it (quick) too. UsageError where there are none."""
    cards = {folder.relative_to(reports).as_posix(): _card(reports, folder) for folder in _folders(reports)}
    if not cards:
        way_out = "make one, as in: zobench experiment=slowdown, or zobench report slowdown; or give report_dir=..."
        raise UsageError(f"report: no reports in {reports}; {way_out}")
    board = cards.pop(BOARD, None)
    found: list[Claim] = []
    if board:
        try:
            found = [_claim(entry, cards) for entry in _entries(reports / BOARD)]
        except UNREADABLE as error:
            board = board._replace(wrong=[*board.wrong, _unreadable(VERDICTS, error)])
    return Gallery(list(cards.values()), board, found)


def _folders(reports: Path) -> Iterator[Path]:
    for folder in sorted(filter(Path.is_dir, reports.glob("*"))):
        if _is_report(folder):
            yield folder
        else:
            yield from sorted(inner for inner in folder.glob("*") if inner.is_dir() and _is_report(inner))


def _is_report(folder: Path) -> bool:
    """Of an experiment or a sweep, or tables in words with a picture, as other programs make them."""
    names = {file.name for file in folder.glob("*")}
    drawn = any(Path(name).suffix in PICTURES for name in names)
    return stamp.NAME in names or {VERDICTS, TABLE} <= names or (drawn and any(name.endswith(".md") for name in names))


def _card(reports: Path, folder: Path) -> Card:
    name = folder.relative_to(reports).as_posix()
    report = stamp.owner(folder) or folder.name
    card = Card(name, "", [], None, _pages(name, folder), "", [])
    parts = {"question": _question, "headline": _headline, "missing": _missing, "picture": _picture}
    for part, of in parts.items():
        try:
            card = card._replace(**{part: of(folder, report)})
        except UNREADABLE as error:
            card.wrong.append(_unreadable({"headline": VERDICTS, "missing": MISSING}.get(part, part), error))
    if card.picture:
        card = card._replace(picture=card.picture._replace(path=f"{name}/{card.picture.path}"))
    if not card.pages:
        card.wrong.append(f"nothing is drawn in it: zobench report {report}")
    return card


def _unreadable(what: str, error: Exception) -> str:
    return f"its {what} cannot be read ({type(error).__name__}: {one_line(error)})"


def _question(folder: Path, report: str) -> str:
    """That of the page; of others what they are called at the head of their tables."""
    if report == BOARD:
        return "What the lectures claim, and what the records say of it."
    if report in places.names() or _is_trusted(report):
        return page.load(report).question
    is_stamped = (folder / TABLE).exists() or (folder / stamp.NAME).exists()
    words = sorted(folder.glob("table.md" if is_stamped else "*.md"))
    heads = [file.read_text(encoding="utf-8").lstrip().partition("\n")[0] for file in words]
    said = ". ".join(re.sub(r"\\(.)", r"\1", head[2:].strip()) for head in heads if head.startswith("# "))
    return said or (f"A page of one's own: {report}" if is_stamped else "")


def _is_trusted(report: str) -> bool:
    try:
        trust.check_module("report", report, "")
    except UsageError:
        return False
    return True


def _headline(folder: Path, report: str) -> list[str]:
    """How the claims fare, and the first quantity that was measured with an interval, else the first."""
    if not (folder / VERDICTS).is_file():
        return _size(folder)
    entries = _entries(folder)
    if report == BOARD:
        stated, papers = board.of_lectures(entries), board.of_papers(entries)
        return [_fare(stated, "claims hold"), *([_fare(papers, "claims of papers hold")] if papers else [])]
    if not entries:
        return _size(folder)
    lines = [_fare(entries, "claims hold")]
    checks = [check for entry in entries for check in entry["checks"] if check["measured"] is not None]
    chosen = next((check for check in checks if None not in check["interval"]), next(iter(checks), None))
    if chosen:
        value, claimed = verdicts.measured(chosen), verdicts.between(*chosen["between"])
        lines.append(f"{chosen['quantity']}: {value}, claimed {claimed}")
    return lines


def _fare(entries: Sequence[dict[str, Any]], words: str) -> str:
    count = verdicts.counts(entries)
    others = [f"{n} {verdicts.WORDS[said]}" for said, n in count.items() if n and said != "holds"]
    return ", ".join([f"{count['holds']} of {len(entries)} {words}", *others])


def _size(folder: Path) -> list[str]:
    if not (folder / TABLE).is_file():
        return []
    lines = len(_rows(folder / TABLE))
    return [f"a table of {lines} line{'s' * (lines != 1)}; no claims"]


def _missing(folder: Path, report: str) -> str:
    """How many cells are not in a report, and why."""
    if not (folder / MISSING).is_file():
        return ""
    count = Counter(row["kind"] for row in _rows(folder / MISSING))
    kinds = [*KINDS, *sorted(count.keys() - {*KINDS})]
    said = ", ".join(f"{count[kind]} {kind}" for kind in kinds if count[kind])
    total = count.total()
    return f"{total} cell{'s are' if total != 1 else ' is'} not in it: {said}" if total else ""


def _picture(folder: Path, report: str) -> Link | None:
    """The first picture of the page that is there."""
    figures = page.load(report).figures if report in places.names() else ()
    wanted = [name if "." in name else f"{name}{suffix}" for name in figures for suffix in PICTURES]
    there = sorted(file.name for file in folder.glob("*") if file.suffix in PICTURES)
    there.sort(key=lambda name: Path(name).suffix != ".png")
    first = next((name for name in [*wanted, *there] if name in there), None)
    return Link(Path(first).stem.replace("_", " "), first) if first else None


def _pages(name: str, folder: Path) -> list[Link]:
    """What there is to read, the page first; tables of other programs by the names of their files."""
    words = {PAGE: "page", "table.md": "tables", TABLE: "CSV"}
    found = [file for file in words if (folder / file).is_file()]
    if not found:
        found = sorted(file.name for file in folder.glob("*.md"))
    return [Link(words.get(file, file.removesuffix(".md")), f"{name}/{file}") for file in found]


def _claim(entry: dict[str, Any], cards: dict[str, Card]) -> Claim:
    number, names = entry["number"], [name for name in str(entry["experiment"]).split(", ") if name]
    pages = {name: cards[name].pages[0].path for name in names if name in cards and cards[name].pages}
    return Claim(
        str(entry["topic"]),
        None if number is None else int(number),
        str(entry["statement"] if number is None else entry["short"]),
        str(entry["statement"]),
        str(entry["verdict"]),
        [Link(name, pages.get(name, "")) for name in names if name not in entry["not_by"]],
        str(entry["reason"]),
    )


def _entries(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / VERDICTS).read_text(encoding="utf-8"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
