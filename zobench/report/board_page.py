"""`zobench report claims`: which files the board has, and how they come about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zobench.report import board, files, tables, verdicts
from zobench.report.board import Evidence

RULE = 'A claim that several experiments state and measure has the worst of their verdicts; "and not" is a stronger '
RULE += "reading of ours that does not hold. "


def write(found: Sequence[Evidence], folder: Path) -> list[dict[str, Any]]:
    """All files of the board, from what each experiment measured; its entries."""
    from zobench.report import board_figures

    entries = board.board(board.rows(found))
    files.write_csv(folder / "table.csv", [line for entry in entries for line in _lines(entry)])
    files.write_json(folder / "verdicts.json", entries)
    topics = [_topic(topic, entries) for topic in board.topics(entries)]
    files.write(folder / "table.md", tables.markdown([summary(entries), *topics, _sweeps(found), _checks(entries)]))
    files.write(folder / "table.tex", tables.latex([summary(entries), *_narrow(entries)]))
    board_figures.draw(entries, folder)
    return entries


def _lines(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of table.csv: one for each check; one for a claim that has none."""
    about = {name: entry[name] for name in ABOUT} | {"and_not": " | ".join(entry["and_not"])}
    return [_line(about, entry, check) for check in entry["checks"]] or [_line(about, entry, {})]


ABOUT = ("number", "beyond", "topic", "lecture", "place", "quotation", "statement", "expected", "verdict", "where")


def _line(about: dict[str, Any], entry: dict[str, Any], check: dict[str, Any]) -> dict[str, Any]:
    low, high = check.get("interval") or (None, None)
    claimed = check.get("between") or (None, None)
    return {
        **about,
        "experiment": check.get("experiment"),
        "quantity": check.get("quantity"),
        "claimed_low": claimed[0],
        "claimed_high": claimed[1],
        "measured": check.get("measured"),
        "measured_low": low,
        "measured_high": high,
        "check_verdict": check.get("verdict"),
        "reason": entry["reason"],
    }


def summary(entries: Sequence[dict[str, Any]]) -> tables.Table:
    """What the terminal shows: how many claims of each topic have each verdict."""
    counts = {topic: board.counts(e for e in entries if e["topic"] == topic) for topic in board.topics(entries)}
    counts["all claims of the lectures"] = board.counts(entry for entry in entries if entry["number"] is not None)
    lines = [[topic, *map(str, counted.values())] for topic, counted in counts.items()]
    return tables.Table("The claims of the lectures, measured", RULE, ["", *verdicts.WORDS.values()], lines)


def _topic(topic: str, entries: Sequence[dict[str, Any]]) -> tables.Table:
    lines = [_verdict(entry) for entry in entries if entry["topic"] == topic]
    header = ["claim", "lecture", "in its words", "verdict", "expected", "measured by"]
    return tables.Table(topic, RULE if topic != board.PREDICTIONS else "One line a prediction.", header, lines, 6)


def _verdict(entry: dict[str, Any]) -> list[str]:
    lecture = ", ".join(filter(None, (entry["lecture"], entry["place"])))
    verdict = verdicts.verdict({**entry, "reason": ""})
    return [_numbered(entry, "statement"), lecture, entry["quotation"], verdict, entry["expected"], _by(entry)]


def _narrow(entries: Sequence[dict[str, Any]]) -> list[tables.Table]:
    """The lectures' claims by their short names, for a page of paper."""
    return [
        tables.Table(
            topic,
            RULE,
            ["claim", "verdict", "expected", "measured by"],
            [
                [_numbered(entry, "short"), entry["verdict"], entry["expected"], _by(entry) if entry["checks"] else ""]
                for entry in entries
                if entry["topic"] == topic
            ],
            2,
        )
        for topic in board.topics(entries)
        if topic != board.PREDICTIONS
    ]


def _numbered(entry: dict[str, Any], name: str) -> str:
    return f"{entry['number']}. {entry[name]}" if entry["number"] else entry[name]


def _by(entry: dict[str, Any]) -> str:
    """The experiments that measured a claim, or why none did."""
    if entry["verdict"] == board.NOT_MEASURED:
        return entry["reason"]
    named = [name for name in entry["experiment"].split(", ") if name not in entry["not_by"]]
    return ", ".join(named) + (f" (not by {', '.join(dict.fromkeys(entry['not_by']))})" if entry["not_by"] else "")


def _checks(entries: Sequence[dict[str, Any]]) -> tables.Table:
    """Every quantity that was asked for."""
    lines = []
    for entry in entries:
        for i, check in enumerate(entry["checks"]):
            title = "" if i else _numbered(entry, "statement")
            quantity = f"{check['experiment']}: {check['quantity']}"
            claimed = verdicts.between(*map(_bound, check["between"]))
            lines.append([title, quantity, claimed, verdicts.measured(check), check["verdict"]])
    header = ["claim", "quantity", "claimed", "measured", "verdict"]
    return tables.Table("What was measured of each claim", "Intervals: 95 %.", header, lines, 2)


def _bound(value: float) -> float | str:
    return str(value) if abs(value) == float("inf") else value


def _sweeps(found: Sequence[Evidence]) -> tables.Table:
    lines = [[each.experiment, each.said, each.reason] for each in found]
    note = "The latest sweep of each experiment that is large enough to judge its claims, else the latest."
    return tables.Table("Where the measurements come from", note, ["experiment", "cells", "to be said"], lines)


def closing(entries: Sequence[dict[str, Any]], found: Sequence[Evidence], folder: Path) -> str:
    """How the claims fare, which experiments are still to be run, and where the rest is."""
    said = {
        "claims": board.counts(entry for entry in entries if entry["number"] is not None),
        "predictions": board.counts(entry for entry in entries if entry["number"] is None),
    }
    lines = verdicts.open_claims([entry for entry in entries if entry["number"] is not None])
    lines += [f"{name}: {_words(counts)}" for name, counts in said.items()]
    missing = [each.experiment for each in found if each.reason and not each.broken]
    if missing:
        lines.append(f"not measured: zobench experiment={' | '.join(missing)}")
    return "\n".join([*lines, f"tables and the figure in {folder}"])


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {verdicts.WORDS[verdict]}" for verdict, n in counts.items() if n)
