"""The files that every experiment's page has: a table (CSV, Markdown, LaTeX), verdicts of its claims, figures."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zobench import claims, store
from zobench.report import files, tables
from zobench.statistics import Estimate

TABLES = ("table.csv", "table.md", "table.tex", "verdicts.json")
WORDS = {"holds": "hold", "holds with qualification": "hold with qualification", "refuted": "refuted"}


def names(*figures: str) -> tuple[str, ...]:
    """All files of a page with these figures."""
    return (*TABLES, *(f"{name}.{form}" for name in figures for form in ("png", "svg")))


def read(records: Sequence[Path]) -> list[store.Record]:
    """The records of a study that ended well, in the order of the sweep. ValueError where there are none."""
    found = [record for record in map(store.read, records) if record is not None and record.meta["status"] == "ok"]
    if not found:
        raise ValueError("no record of this experiment ended well: run it again")
    return found


def write(
    folder: Path,
    experiment: str,
    rows: Sequence[dict[str, Any]],
    shown: Sequence[tables.Table],
    measures: Mapping[str, Estimate],
) -> None:
    """table.csv from rows, table.md and table.tex from the tables, verdicts.json from the measured quantities."""
    files.write_csv(folder / "table.csv", rows)
    files.write_json(folder / "verdicts.json", [claims.judged(claim, measures) for claim in claims.of(experiment)])
    files.write(folder / "table.md", tables.markdown([*shown, verdict_table(folder)]))
    files.write(folder / "table.tex", tables.latex([*shown, verdict_table(folder)]))


def verdict_table(folder: Path) -> tables.Table:
    """The claims of a page: what was said, what was measured, the verdict."""
    lines = []
    for entry in json.loads((folder / "verdicts.json").read_text()):
        said = f"{entry['number']}. " if entry["number"] else ""
        verdict = entry["verdict"] + (
            f": {entry['qualification']}" if entry["verdict"].endswith("qualification") else ""
        )
        for i, check in enumerate(entry["checks"]):
            head = ["" if i else said + entry["statement"], check["quantity"]]
            lines.append([*head, between(*check["between"]), _measured(check), "" if i else verdict])
    note = "A number is that of the lectures' claim; the others are predictions of the theory. Intervals: 95 %."
    return tables.Table("Claims", note, ["claim", "quantity", "claimed", "measured", "verdict"], lines, 2)


def between(low: float | str | None, high: float | str | None) -> str:
    """A range in words."""
    if low in (None, "-inf"):
        return f"at most {high}"
    if high in (None, "inf"):
        return f"at least {low}"
    return f"{low}" if low == high else f"{low} to {high}"


def _measured(check: dict[str, Any]) -> str:
    if check["measured"] is None:
        return ""
    low, high = check["interval"]
    spread = f" [{tables.significant(float(low))}, {tables.significant(float(high))}]" if low is not None else ""
    return tables.significant(float(check["measured"])) + spread


def closing(folder: Path) -> str:
    """How the claims fare, and where the rest is."""
    counted = Counter(entry["verdict"] for entry in json.loads((folder / "verdicts.json").read_text()))
    words = {**WORDS, "not measured": "not measured"}
    said = ", ".join(f"{counted[key]} {word}" for key, word in words.items() if counted[key])
    return f"claims: {said or 'none'} (verdicts.json); tables and figures in {folder}"
