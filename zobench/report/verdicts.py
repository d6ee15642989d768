"""The claims of a page: verdicts.json, the table that shows them, and how they fare in a few lines."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from zobench import store
from zobench.report import claims, files, tables
from zobench.statistics import Estimate

WORDS = {"holds": "hold", "refuted": "refuted", "undecided": "undecided", "not measured": "not measured"}


def judge(folder: Path, experiment: str, records: Sequence[Path], measures: Mapping[str, Estimate]) -> None:
    """verdicts.json: the claims of an experiment, judged if its records are large enough."""
    metas = [meta for path in records if (meta := store.read_meta(path)) is not None]
    files.write_json(folder / "verdicts.json", claims.judged(experiment, measures, metas))


def table(folder: Path) -> list[tables.Table]:
    """The claims of a page: what was said, what was measured, the verdict; nothing where it has none."""
    lines = []
    for entry in _read(folder):
        said = f"{entry['number']}. " if entry["number"] else ""
        for i, check in enumerate(entry["checks"]):
            head = ["" if i else said + entry["statement"], check["quantity"]]
            spoken = "" if i else verdict(entry)
            lines.append([*head, between(*check["between"]), measured(check), check["verdict"], spoken])
    note = "A number is that of the lectures' claim; the others are predictions of ours. Holds: the 95 % interval is "
    note += "within what is claimed; refuted: outside it, also widened for the number of checks; undecided: neither."
    header = ["claim", "quantity", "claimed", "measured", "check", "verdict"]
    return [tables.Table("Claims", note, header, lines, 2)] if lines else []


def verdict(entry: dict[str, Any]) -> str:
    """A claim's verdict with where it was measured, what does not hold beyond it, or why it has none."""
    parts = [entry["verdict"] + (f", where {entry['where']}" if entry["where"] and entry["verdict"] == "holds" else "")]
    parts += [f"and not: {said.partition(': ')[2]} ({said.partition(': ')[0]})" for said in entry["and_not"]]
    return "; ".join([*parts, *([entry["reason"]] if entry["reason"] else [])])


def between(low: float | str | None, high: float | str | None) -> str:
    """A range in words."""
    if high is None or float(high) == inf:
        return f"at least {low}"
    if low is None or float(low) == -inf:
        return f"at most {high}"
    return f"{low}" if low == high else f"{low} to {high}"


def measured(check: dict[str, Any]) -> str:
    """A value with its interval, as verdicts.json has them."""
    if check["measured"] is None:
        return ""
    low, high = (float("nan" if end is None else end) for end in check["interval"])
    spread = f" [{tables.significant(low)}, {tables.significant(high)}]" if low == low else ""
    return tables.significant(float(check["measured"])) + spread


def closing(folder: Path) -> str:
    """Which claims are refuted or undecided and why, and how all of them fare."""
    entries = _read(folder)
    counted = Counter(entry["verdict"] for entry in entries)
    said = ", ".join(f"{counted[key]} {word}" for key, word in WORDS.items() if counted[key])
    reasons = {entry["reason"] for entry in entries if entry["reason"].startswith("needs ")}
    said = f"claims: {said or 'none'}{''.join(f' ({one})' for one in sorted(reasons))}"
    return "\n".join([*open_claims(entries), said])


def open_claims(entries: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each claim that is refuted or undecided: what was measured and what was claimed."""
    lines = []
    for entry in entries:
        for check in entry["checks"]:
            if entry["verdict"] == check["verdict"] and check["verdict"] in ("refuted", "undecided"):
                name = f"{entry['number']}. {entry['statement']}" if entry["number"] else entry["statement"]
                found = f"{check['quantity']} {measured(check)}, claimed {between(*check['between'])}"
                lines.append(f"{entry['verdict']}: {name} ({found})")
                break
    return lines


def _read(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "verdicts.json").read_text())
