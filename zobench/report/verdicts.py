"""The claims of a page: verdicts.json, the table that shows them, and how they fare in a few lines."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    lines = [
        ["" if i else named(entry), check["quantity"], *checked(check), "" if i else verdict(entry)]
        for entry in _read(folder)
        for i, check in enumerate(entry["checks"])
    ]
    note = "A number is that of a claim of the lectures, from 101 of a paper; the others are predictions of ours. "
    note += "Holds: the 95 % interval is "
    note += "within what is claimed; refuted: outside it, also widened for the number of checks; undecided: neither."
    header = ["claim", "quantity", "claimed", "measured", "check", "verdict"]
    return [tables.Table("Claims", note, header, lines, 2)] if lines else []


def checks(folder: Path) -> list[dict[str, Any]]:
    """The checks of a page's claims: one for each line of `table`."""
    return [check for entry in _read(folder) for check in entry["checks"]]


def named(entry: dict[str, Any], words: str = "statement") -> str:
    """A claim by its number, where it has one, and its statement, or its short name."""
    return f"{entry['number']}. {entry[words]}" if entry["number"] else entry[words]


def checked(check: dict[str, Any]) -> list[str]:
    """What was claimed of a quantity, what was measured, and the verdict."""
    return [between(*check["between"]), measured(check), check["verdict"]]


def verdict(entry: dict[str, Any]) -> str:
    """A claim's verdict with where it was measured, what does not hold beyond it, or why it has none."""
    parts = [entry["verdict"] + (f", where {entry['where']}" if entry["where"] and entry["verdict"] == "holds" else "")]
    parts += [f"and not: {said.partition(': ')[2]} ({said.partition(': ')[0]})" for said in entry["and_not"]]
    return "; ".join([*parts, *([entry["reason"]] if entry["reason"] else [])])


def between(low: float | str, high: float | str) -> str:
    """A range in words; verdicts.json has an infinite end as text."""
    if float(high) == inf:
        return f"at least {low}"
    if float(low) == -inf:
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
    """Which claims are refuted or undecided and why, and how all of them fare; "" where there are none."""
    entries = _read(folder)
    reasons = {f" ({entry['reason']})" for entry in entries if entry["reason"].startswith("needs ")}
    fared = [f"claims: {fare(entries)}{''.join(sorted(reasons))}"] if entries else []
    return "\n".join([*open_claims(entries), *fared])


def counts(entries: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many entries have each verdict."""
    counted = Counter(entry["verdict"] for entry in entries)
    return {verdict: counted[verdict] for verdict in WORDS}


def fare(entries: Iterable[dict[str, Any]]) -> str:
    """How many have each verdict, in words, those that none has left out."""
    return ", ".join(f"{count} {WORDS[verdict]}" for verdict, count in counts(entries).items() if count)


def open_claims(entries: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each claim that is refuted or undecided: what was measured and what was claimed."""
    lines = []
    for entry in (entry for entry in entries if entry["verdict"] in ("refuted", "undecided")):
        for check in [check for check in entry["checks"] if check["verdict"] == entry["verdict"]][:1]:
            found = f"{check['quantity']} {measured(check)}, claimed {between(*check['between'])}"
            lines.append(f"{entry['verdict']}: {named(entry)} ({found})")
    return lines


def _read(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "verdicts.json").read_text())
