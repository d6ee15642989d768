"""`zobench report claims`: which files the board has, and how they come about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zobench.report import board, explorer, files, latex, tables, verdicts
from zobench.report.board import Evidence

RULE = 'A claim that several experiments state and measure has the worst of their verdicts; "and not" is a stronger '
RULE += "reading of ours that does not hold. "
QUESTION = "Which claims of the lectures and of papers hold when they are measured?"
PAPERS = (
    "In its words: what was read of the paper, at the place named. Judged on: what the verdict speaks of, and no more."
)
FILES = ("table.csv", "table.md", "table.tex", "verdicts.json", "board.png", "board.svg", explorer.NAME)
ABOUT = ("number", "beyond", "topic", "lecture", "paper", "place", "quotation", "statement", "scope", "expected")
ABOUT += ("verdict", "where")


def write(found: Sequence[Evidence], folder: Path) -> list[dict[str, Any]]:
    """All files of the board, from what each experiment measured; its entries."""
    from zobench.report import board_figures

    entries = board.board(board.rows(found))
    files.write_csv(folder / "table.csv", [line for entry in entries for line in _lines(entry)])
    files.write_json(folder / "verdicts.json", entries)
    topics = [_topic(topic, own) for topic, own in board.topics(entries).items()]
    files.write(folder / "table.md", tables.markdown([summary(entries), *topics, _sweeps(found), _checks(entries)]))
    files.write(folder / "table.tex", latex.latex([summary(entries), *_narrow(entries)]))
    board_figures.draw(entries, folder)
    shown = [summary(entries), *topics, _sweeps(found)]
    explorer.write(
        "claims", [], folder, explorer.Shown(QUESTION, shown, [name for name in FILES if name != explorer.NAME])
    )
    return entries


def _lines(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of table.csv: one for each check; one for a claim that has none."""
    about = {name: entry[name] for name in ABOUT} | {"and_not": " | ".join(entry["and_not"])}
    return [
        {
            **about,
            "experiment": check.get("experiment"),
            "quantity": check.get("quantity"),
            **dict(zip(("claimed_low", "claimed_high"), check.get("between") or (None, None), strict=True)),
            "measured": check.get("measured"),
            **dict(zip(("measured_low", "measured_high"), check.get("interval") or (None, None), strict=True)),
            "check_verdict": check.get("verdict"),
            "reason": entry["reason"],
        }
        for check in entry["checks"] or [{}]
    ]


def summary(entries: Sequence[dict[str, Any]]) -> tables.Table:
    """What the terminal shows: how many claims of each topic have each verdict."""
    groups = {**board.topics(entries), "all claims of the lectures": board.of_lectures(entries)}
    groups["all claims of papers"] = board.of_papers(entries)
    lines = [[topic, *map(str, verdicts.counts(own).values())] for topic, own in groups.items()]
    return tables.Table("The claims of the lectures and of papers", RULE, ["", *verdicts.WORDS.values()], lines)


def _topic(topic: str, entries: Sequence[dict[str, Any]]) -> tables.Table:
    if board.of_papers(entries):
        header = ["claim", "paper", "in its words", "judged on", "verdict", "expected", "measured by"]
        return tables.Table(topic, PAPERS, header, [_paper(entry) for entry in entries], 7)
    lines = [_verdict(entry) for entry in entries]
    header = ["claim", "lecture", "in its words", "verdict", "expected", "measured by"]
    return tables.Table(topic, RULE if topic != board.PREDICTIONS else "One line a prediction.", header, lines, 6)


def _verdict(entry: dict[str, Any]) -> list[str]:
    lecture = ", ".join(filter(None, (entry["lecture"], entry["place"])))
    verdict = verdicts.verdict({**entry, "reason": ""})
    return [verdicts.named(entry), lecture, entry["quotation"], verdict, entry["expected"], _by(entry)]


def _paper(entry: dict[str, Any]) -> list[str]:
    claim, _, *rest = _verdict(entry)
    return [claim, f"{entry['paper']}, {entry['place']}", rest[0], entry["scope"], *rest[1:]]


def _narrow(entries: Sequence[dict[str, Any]]) -> list[tables.Table]:
    """The claims by their short names, for a page of paper."""
    header = ["claim", "verdict", "expected", "measured by"]
    lines: dict[str, list[list[str]]] = {}
    for entry in [*board.of_lectures(entries), *board.of_papers(entries)]:
        named, by = verdicts.named(entry, "short"), _by(entry) if entry["checks"] else ""
        lines.setdefault(entry["topic"], []).append([named, entry["verdict"], entry["expected"], by])
    return [tables.Table(topic, RULE, header, own, 2) for topic, own in lines.items()]


def _by(entry: dict[str, Any]) -> str:
    """The experiments that measured a claim, or why none did."""
    if entry["verdict"] == board.NOT_MEASURED:
        return entry["reason"]
    named = [name for name in entry["experiment"].split(", ") if name not in entry["not_by"]]
    return ", ".join(named) + (f" (not by {', '.join(dict.fromkeys(entry['not_by']))})" if entry["not_by"] else "")


def _checks(entries: Sequence[dict[str, Any]]) -> tables.Table:
    """Every quantity that was asked for."""
    lines = [
        ["" if i else verdicts.named(entry), f"{check['experiment']}: {check['quantity']}", *verdicts.checked(check)]
        for entry in entries
        for i, check in enumerate(entry["checks"])
    ]
    header = ["claim", "quantity", "claimed", "measured", "verdict"]
    return tables.Table("What was measured of each claim", "Intervals: 95 %.", header, lines, 2)


def _sweeps(found: Sequence[Evidence]) -> tables.Table:
    lines = [[each.experiment, each.said, each.reason] for each in found]
    note = "The latest sweep of each experiment that is large enough to judge its claims, else the latest."
    return tables.Table("Where the measurements come from", note, ["experiment", "cells", "to be said"], lines)


def closing(entries: Sequence[dict[str, Any]], found: Sequence[Evidence], folder: Path) -> str:
    """How the claims fare, which experiments are still to be run, and where the rest is."""
    predictions = [entry for entry in entries if entry["number"] is None]
    stated, papers = board.of_lectures(entries), board.of_papers(entries)
    lines = verdicts.open_claims([*stated, *papers])
    lines += [f"claims: {verdicts.fare(stated)}", f"claims of papers: {verdicts.fare(papers)}"]
    lines += [f"predictions: {verdicts.fare(predictions)}"]
    lines += [f"{each.experiment}: damaged: {named}" for each in found for named in each.damaged]
    missing = [each.experiment for each in found if each.reason and not each.broken]
    if missing:
        lines.append(f"not measured: zobench experiment={' | '.join(missing)}")
    return "\n".join([*lines, f"tables and the figure in {folder}"])
