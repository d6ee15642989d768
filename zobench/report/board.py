"""The board: every claim of the lectures and of papers, what was measured of it, and one verdict for each number.

An experiment that has claims is judged by the records of its latest sweep that is large enough to judge, so that a
quick one never replaces a full one. A claim that several experiments state and measure has the worst of their verdicts;
one that was not run says nothing. Stronger readings of ours stand among the predictions; those that do not hold are
named beside the claim.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from zobench import store, sweeps
from zobench.report import claims, needed, page
from zobench.statistics import Estimate
from zobench.survey import survey

NOT_MEASURED = claims.NOT_MEASURED
PREDICTIONS = "Predictions of ours"
PAPERS_FROM = 101  # the numbers of the papers' claims; those of the lectures are below
NOT_QUOTED = {"quotation": "", "paper": "", "scope": "", "not_by": []}
SOURCES = ("lectures.yaml", "literature.yaml")


class Statement(NamedTuple):
    """What a lecture or a paper says, where, in its own words, and the verdict that was expected.

    `scope`: of what a paper says it, and of what it is judged here. `untestable` says why nothing can measure it.
    """

    number: int
    topic: str
    short: str
    place: str
    statement: str
    expected: str
    lecture: str = ""
    paper: str = ""
    scope: str = ""
    quotation: str = ""
    untestable: str = ""


class Evidence(NamedTuple):
    """What an experiment has to say: its measured quantities, of how many cells, and why it has none.

    `absent`: cells without a record; `damaged`: those whose record is, and how; `finished`: the sweep has ended;
    `broken`: its report raised; `metas` are those of its records, None where there are none.
    """

    experiment: str
    measures: Mapping[str, Estimate]
    ended: int = 0
    failed: int = 0
    absent: int = 0
    damaged: Sequence[str] = ()
    finished: bool = False
    reason: str = ""
    broken: bool = False
    metas: Sequence[Mapping[str, Any]] | None = None

    @property
    def said(self) -> str:
        """Its cells in words."""
        parts = [f"{self.ended} ended well", self.failed and f"{self.failed} failed"]
        parts += [self.absent and f"{self.absent} without a record"]
        parts += [self.damaged and f"{len(self.damaged)} damaged: {', '.join(self.damaged)}"]
        parts += [not self.finished and "the sweep has not ended"]
        return ", ".join(part for part in parts if part) if any(parts[:-1]) or self.ended else "none"


def statements() -> list[Statement]:
    """All statements, those of the lectures and then those of papers, in order."""
    files = [yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8")) for name in SOURCES]
    return [Statement(topic=topic, **entry) for each in files for topic, own in each.items() for entry in own]


def of_lectures(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of the lectures' claims."""
    return [entry for entry in entries if entry["number"] is not None and entry["number"] < PAPERS_FROM]


def of_papers(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of the papers' claims."""
    return [entry for entry in entries if entry["number"] is not None and entry["number"] >= PAPERS_FROM]


def latest(runs_dir: str | Path) -> dict[str, sweeps.Sweep]:
    """The latest sweep of each experiment that can judge its claims; where none can, the latest with an ended cell."""
    found = sweeps.sweeps(runs_dir)
    ended = {name: [sweep for sweep in found.get(name, []) if sweep.ended()] for name in claims.experiments()}
    return {name: _judging(name, runs_dir, own) for name, own in ended.items() if own}


def _judging(name: str, runs_dir: str | Path, own: Sequence[sweeps.Sweep]) -> sweeps.Sweep:
    least = claims.needs(name)
    able = (s for s in reversed(own) if not needed.lacking(least, needed.sizes(_metas(runs_dir, s))))
    return next(able, own[-1])


def _metas(runs_dir: str | Path, sweep: sweeps.Sweep) -> list[dict[str, Any]]:
    read = (store.read_meta(store.path(runs_dir, key)) for key in sweep.members())
    return [meta for meta in read if meta is not None]


def evidence(runs_dir: str | Path, chosen: Mapping[str, sweeps.Sweep]) -> list[Evidence]:
    """What each experiment measured, those that were not run included."""
    return [_evidence(name, runs_dir, chosen.get(name)) for name in claims.experiments()]


def _evidence(name: str, runs_dir: str | Path, sweep: sweeps.Sweep | None) -> Evidence:
    command = f"zobench experiment={name}"
    if sweep is None:
        return Evidence(name, {}, reason=command)
    cells = sweep.cells()
    metas = [(path, meta) for _, path in cells if (meta := store.read_meta(path)) is not None]
    ended = sum(meta.get("status") == "ok" for _, meta in metas)
    gaps = survey(cells).gaps
    damaged = [gap.named for gap in gaps if gap.kind == "damaged"]
    absent = sum(gap.kind == "missing" for gap in gaps)
    counts = (ended, len(metas) - ended, absent, damaged, sweep.complete.exists())
    if not ended:
        return Evidence(name, {}, *counts, reason=f"no cell ended well: {command}")
    try:
        measures = page.measured(name, [path for path, _ in metas])
    except Exception as error:  # one experiment's fault is said on the board, and hides nothing of the others
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Evidence(name, {}, *counts, reason=reason, broken=True)
    return Evidence(name, measures, *counts, metas=[meta for _, meta in metas])


def rows(found: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Every claim of every experiment, judged, with the reason where it was not measured."""
    lines = []
    for each in found:
        for entry in claims.judged(each.experiment, each.measures, each.metas):
            if entry["verdict"] == NOT_MEASURED:
                said = entry["reason"].replace("from these records", f"from these cells ({each.said})")
                entry["reason"] = each.reason or said
            lines.append(entry)
    return lines


def board(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements by number with their rows and one verdict each, then the predictions of the theory.

    ValueError where an experiment measures a number that neither the lectures nor the papers have.
    """
    known = statements()
    numbers = {statement.number for statement in known}
    for line in lines:
        if line["number"] is not None and line["number"] not in numbers:
            name = f"{line['experiment']}/claims.yaml"
            raise ValueError(f"{name}: {line['statement']!r}: number {line['number']}, which no claim has")
    return [_numbered(statement, lines) for statement in known] + [
        {**line, "topic": PREDICTIONS, "short": line["experiment"], **NOT_QUOTED}
        for line in lines
        if line["number"] is None
    ]


def _numbered(statement: Statement, lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One entry of a number: all checks of the rows that state it, their combined verdict."""
    own = [line for line in lines if line["number"] == statement.number]
    verdict = claims.worst([line["verdict"] for line in own])
    said = statement._asdict()
    untestable = said.pop("untestable")
    reasons = [untestable] if untestable else [line["reason"] for line in own] or ["no experiment measures it"]
    missing = [line["experiment"] for line in own if line["verdict"] == NOT_MEASURED]
    return {
        **said,
        "beyond": None,
        "experiment": ", ".join(dict.fromkeys(line["experiment"] for line in own)),
        "not_by": missing if verdict != NOT_MEASURED else [],
        "checks": [check for line in own for check in line["checks"]],
        "where": "; ".join(dict.fromkeys(line["where"] for line in own if line["where"])) or None,
        "and_not": claims.and_not(statement.number, lines),
        "verdict": verdict,
        "reason": "; ".join(dict.fromkeys(reasons)) if verdict == NOT_MEASURED else "",
    }


def topics(entries: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The entries of each topic of the board, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry["topic"], []).append(entry)
    return found
