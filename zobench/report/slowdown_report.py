"""experiment=slowdown: which files there are, and how they come about."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from zobench.report import files, slowdown_tables, tables

FIGURES = ("convergence", "scaling", "collapse")
TABLES = ("table.md", "table.csv", "table.tex", "cells.csv", "verdicts.json")
FILES = (*TABLES, *(f"{name}.{form}" for name in FIGURES for form in ("png", "svg")))


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import cells, slowdown, slowdown_plots, verdicts
    from zobench.report import records as reading

    loaded = reading.load(records)
    entries = slowdown.groups(loaded)
    files.write_csv(folder / "table.csv", slowdown.rows(entries, loaded))
    files.write_csv(folder / "cells.csv", cells.rows(loaded, [cell for group in entries for cell in group.cells]))
    files.write_json(folder / "verdicts.json", verdicts.verdicts(entries))
    lines, each = files.read_csv(folder / "table.csv"), files.read_csv(folder / "cells.csv")
    contractions = slowdown_tables.contractions(each)
    files.write(folder / "table.md", tables.markdown([*summary(folder), slowdown_tables.details(lines), contractions]))
    files.write(
        folder / "table.tex", tables.latex([*summary(folder), contractions])
    )  # the details are too wide for a page
    slowdown_plots.draw(entries, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows: the lecture's table and the step rules, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    return [slowdown_tables.main_table(lines), slowdown_tables.rules_table(lines)]


def closing(folder: Path) -> str:
    """How the claims fare, how many cells failed and why, and where the rest is."""
    counted = Counter(entry["verdict"] for entry in json.loads((folder / "verdicts.json").read_text()))
    words = {"holds": "hold", "fails": "fail", "not measured": "not measured"}
    claims = ", ".join(f"{counted[key]} {word}" for key, word in words.items() if counted[key])
    failed = [line for line in files.read_csv(folder / "cells.csv") if line["status"] == "failed"]
    lost = f"failed cells: {len(failed)} (cells.csv), the first: {_cell(failed[0])}\n" if failed else ""
    return f"{lost}claims: {claims or 'none'} (verdicts.json); tables and figures in {folder}"


def _cell(line: dict[str, str]) -> str:
    return f"{line['problem']}, {line['method']}, n = {line['n']}: {line['reason']}"
