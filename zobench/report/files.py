"""Files of a report: written whole or not at all, the same bytes for the same records."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write(path: Path, content: str | bytes) -> None:
    """Write to a temporary file beside it, then rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of one set of columns; numbers with six digits, what is not known left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in rows)
    write(path, text.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows as text."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """A number of a table that was read back; nan where it is empty."""
    return float(text) if text else float("nan")


def write_json(path: Path, value: Any) -> None:
    """JSON without nan and inf, which it does not know: they become null and "inf"."""
    write(path, json.dumps(_plain(value), indent=1, ensure_ascii=False) + "\n")


def fingerprint(records: Sequence[Path]) -> str:
    """Hash of the records' bytes and of the code that draws them: a report with the same one is up to date."""
    package = Path(__file__).parents[1]
    claims = [
        *sorted((package / "claims").glob("*")),
        *(package / f"{name}.py" for name in ("statistics", "decay", "theory", "profiles", "recursion")),
    ]
    code = [*sorted(Path(__file__).parent.glob("*.py")), *(file for file in claims if file.is_file())]
    digest = hashlib.sha256()
    for path in [*code, *sorted(records, key=lambda path: path.name)]:
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        rounded = float(f"{value:.6g}")
        return None if value != value else rounded if abs(value) != float("inf") else str(value)
    return value
