"""index.html of a report: one file, without a network, in which its curves, tables and verdicts are looked through.

Whatever comes from records is data: JSON in a block that is not run, set as text by the page's own script. The policy
in the page's head lets run the scripts that are named by their hashes and nothing else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zobench.errors import printable
from zobench.report import files, hypertext
from zobench.report.tables import Table
from zobench.report.wording import Wording
from zobench.survey import Gap, survey

NAME = "index.html"
HERE = Path(__file__).parent
SCRIPTS = ("tables.js", "curves.js", "chart.js", "page.js")
LIBRARY = ("uPlot.LICENSE.txt", "uPlot.iife.min.js", "uPlot.min.css")
ASSETS = tuple(HERE / file for file in ("page.html", "style.css", *SCRIPTS, *LIBRARY))
MARKUP = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


class Shown(NamedTuple):
    """What a page has besides its records: question, tables, files, cells without a good record, the user's names.

    `captions`: what a picture shows, by its name.
    """

    question: str = ""
    tables: Sequence[Table] = ()
    files: Sequence[str] = ()
    gaps: Sequence[Gap] = ()
    wording: Wording | None = None
    captions: Mapping[str, str] = {}


def write(name: str, records: Sequence[Path], folder: Path, shown: Shown | None = None) -> list[str]:
    """index.html of the report of that name; verdicts.json and the pictures are those of the folder. Its name."""
    from zobench.report.explorer import curves, origin

    shown = shown or Shown()
    gaps = shown.gaps or survey([(path.stem, path) for path in records]).gaps
    drawn = curves.found(records, shown.wording)
    cells = drawn.pop("cells")
    data = {
        "name": name,
        "question": shown.question,
        "gaps": _table(_gaps(gaps)),
        "claims": _claims(folder),
        "tables": [_table(table) for table in (*shown.tables, *([cells] if cells.lines else []))],
        "pictures": _pictures(name, shown),
        "files": [*shown.files],
        "made": origin.made(name, records),
        **drawn,
    }
    files.write(folder / NAME, page(name, data))
    return [NAME]


def page(name: str, data: dict[str, Any]) -> str:
    """The page that shows this data."""
    template, own, *ours, licence, library, chart = (file.read_text(encoding="utf-8") for file in ASSETS)
    script, library = "\n".join(ours), f"/*!\n{licence}*/\n{library}"
    parts = {"data": _inert(data), "library": library, "script": script}
    body = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
    return hypertext.document(f"{name} · zobench", body, f"{chart}\n{hypertext.STYLE}\n{own}", [library, script])


def _inert(data: dict[str, Any]) -> str:
    """JSON without a letter that could end its block, its texts without those that would steer what shows them."""
    shown = {name: value if name == "pool" else _printable(value) for name, value in data.items()}
    text = json.dumps(shown, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(MARKUP)


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_printable(name): _printable(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(part) for part in value]
    return value if not isinstance(value, str) or value.isprintable() else printable(value)


def _table(table: Table) -> dict[str, Any]:
    """A table whose lines stand alone: what is said once for several of them is said in each, so that they can move."""
    lines, above = [], ""
    for line in table.lines:
        above = line[0] if line[0] or table.words < 2 else above
        lines.append([above, *line[1:]])
    return {**table._asdict(), "lines": lines}


def _gaps(gaps: Sequence[Gap]) -> Table:
    note = "Missing: not run yet. Failed: the cell raised. Damaged: its record cannot be read."
    lines = [[gap.label or gap.key, gap.kind, gap.why, gap.key] for gap in gaps]
    return Table(
        f"{len(lines)} cell{'s' * (len(lines) != 1)} without a good record",
        note,
        ["cell", "what", "why", "key"],
        lines,
        4,
    )


def _claims(folder: Path) -> dict[str, Any]:
    """The table of verdicts with a column for the picture of each check."""
    from zobench.report import verdicts

    shown = verdicts.table(folder) if (folder / "verdicts.json").exists() else []
    if not shown:
        return _table(Table("", "", [], []))
    table, checks = shown[0], [_ends(check) for check in verdicts.checks(folder)]
    lines: list[list[str]] = []
    for line in table.lines:
        claim, verdict = (line[0], line[5]) if line[0] else (lines[-1][0], lines[-1][6])
        lines.append([claim, *line[1:4], "", line[4], verdict])
    header = [*table.header[:4], "claimed (band), measured (dot)", *table.header[4:]]
    return {**table._asdict(), "header": header, "lines": lines, "words": len(header), "checks": checks}


def _ends(check: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a check; None for an end that is infinite or not known."""

    def finite(value: Any) -> float | None:
        number = float("nan" if value is None else value)
        return number if abs(number) < float("inf") else None

    low, high = check["between"]
    interval = [finite(end) for end in check["interval"] or ()]
    return {"low": finite(low), "high": finite(high), "measured": finite(check["measured"]), "interval": interval}


def _pictures(name: str, shown: Shown) -> list[dict[str, str]]:
    """Each picture once, as SVG where there is one."""
    best: dict[str, str] = {}
    for file in sorted(shown.files, key=lambda file: Path(file).suffix != ".svg"):
        if Path(file).suffix in (".svg", ".png", ".gif"):
            best.setdefault(Path(file).stem, file)
    order = [stem for stem in dict.fromkeys(Path(file).stem for file in shown.files) if stem in best]
    about = f" of the report {name}{f': {shown.question}' if shown.question else ''}"
    titles = {stem: stem.replace("_", " ") for stem in order}
    said = {
        stem: f"{title}: {shown.captions[stem]}" if stem in shown.captions else title for stem, title in titles.items()
    }
    return [{"file": best[stem], "title": said[stem], "alt": f"Picture {titles[stem]}{about}"} for stem in order]
