"""Files of a report: written whole or not at all, the same bytes for the same records."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zobench import atomic
from zobench.statistics import Estimate

FORMULA = re.compile(r"'*[=+\-@\t\r]")  # begins what a spreadsheet would run


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: a reader sees the old one or the new one."""
    atomic.write(path, content.encode() if isinstance(content, str) else content)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows of one set of columns; numbers with six digits, what is not known left empty. The file's name.

    Text that a spreadsheet would take for a formula stands behind an apostrophe, which `read_csv` takes away.
    No file, and not that of an earlier drawing, where there are no rows.
    """
    if not rows:
        path.unlink(missing_ok=True)
        return []
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in rows)
    write(path, text.getvalue())
    return [path.name]


def ends(name: str, found: Estimate) -> dict[str, float]:
    """Columns of a measured value and its interval: name, name_low, name_high."""
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def aligned(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of several kinds with the columns of all of them, in the order in which they come; None: not its own."""
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{**columns, **row} for row in rows]


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows as text; none where there is no file, as `write_csv` makes none of no rows."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{name: _said(value) for name, value in row.items()} for row in csv.DictReader(file)]


def write_json(path: Path, value: Any) -> None:
    """JSON without nan and inf, which it does not know: they become null and "inf"."""
    write(path, json.dumps(_plain(value), indent=1, ensure_ascii=False) + "\n")


def fingerprint(inputs: Sequence[Path], code: str) -> str:
    """Hash of the bytes of files, those that there are, and of the code that reads them."""
    digest = hashlib.sha256(f"{code}\n".encode())
    for path in sorted(filter(Path.is_file, inputs), key=lambda path: path.name):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return inert(value) if isinstance(value, str) else str(value)


def inert(text: str) -> str:
    """Text that no spreadsheet runs, since names and reasons may be a stranger's. A number stays one."""
    return text if not FORMULA.match(text) or _is_number(text) else f"'{text}"


def _said(cell: str) -> str:
    """The text that `inert` was given."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and FORMULA.match(cell) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        rounded = float(f"{value:.6g}")
        return None if value != value else rounded if abs(value) != float("inf") else str(value)
    return value
