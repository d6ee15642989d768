"""The board: every claim of the lectures, what the experiments measured of it, and one verdict for each number.

An experiment that has claims is judged by the records of its latest sweep in which a cell has ended. A claim that
several experiments measure has the worst verdict of those that could measure it: one that refutes it is enough, and
one that was not run says nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from zobench import claims, store
from zobench.statistics import Estimate

LECTURES = "lectures"  # the file of all statements stands beside those of the experiments
NOT_MEASURED = "not measured"
WORST_FIRST = ("refuted", "holds with qualification", "holds")
PREDICTIONS = "Predictions of the theory"


class Statement(NamedTuple):
    """What a lecture says, where, the verdict that was expected; `untestable` says why nothing can measure it."""

    number: int
    topic: str
    short: str
    lecture: str
    place: str
    statement: str
    expected: str
    untestable: str = ""


class Evidence(NamedTuple):
    """What an experiment has to say: its measured quantities, of how many cells, and why it has none.

    `unread`: records that are absent or broken; `finished`: the sweep has ended; `broken`: its report raised.
    """

    experiment: str
    measures: Mapping[str, Estimate]
    ended: int = 0
    failed: int = 0
    unread: int = 0
    finished: bool = False
    reason: str = ""
    broken: bool = False

    @property
    def said(self) -> str:
        """Its cells in words."""
        parts = [f"{self.ended} ended well", self.failed and f"{self.failed} failed"]
        parts += [self.unread and f"{self.unread} without a record", not self.finished and "the sweep has not ended"]
        return ", ".join(part for part in parts if part) if self.ended or self.failed or self.unread else "none"


def statements() -> list[Statement]:
    """All statements of the lectures, in order."""
    topics = yaml.safe_load(files(claims).joinpath(f"{LECTURES}.yaml").read_text(encoding="utf-8"))
    return [Statement(topic=topic, **entry) for topic, entries in topics.items() for entry in entries]


def experiments() -> list[str]:
    """The experiments that have claims."""
    return [name for name in claims.experiments() if name != LECTURES]


def latest(runs_dir: str | Path) -> dict[str, store.Sweep]:
    """The latest sweep of each experiment that has claims; one in which no cell has ended counts for nothing."""
    found = store.sweeps(runs_dir)
    ended = {name: [sweep for sweep in found.get(name, []) if sweep.members()] for name in experiments()}
    return {name: sweeps[-1] for name, sweeps in ended.items() if sweeps}


def evidence(runs_dir: str | Path, sweeps: Mapping[str, store.Sweep]) -> list[Evidence]:
    """What each experiment measured, those that were not run included."""
    return [_evidence(name, runs_dir, sweeps.get(name)) for name in experiments()]


def _evidence(name: str, runs_dir: str | Path, sweep: store.Sweep | None) -> Evidence:
    command = f"zobench experiment={name}"
    if sweep is None:
        return Evidence(name, {}, reason=command)
    paths = [store.path(runs_dir, key) for key in sweep.members()]
    metas = [(path, meta) for path in paths if (meta := store.read_meta(path)) is not None]
    ended = sum(meta.get("status") == "ok" for _, meta in metas)
    counts = (ended, len(metas) - ended, len(paths) - len(metas), sweep.complete.exists())
    if not ended:
        return Evidence(name, {}, *counts, reason=f"no cell ended well: {command}")
    try:
        measures = import_module(f"zobench.report.{name}_report").measures([path for path, _ in metas])
    except Exception as error:  # one experiment's fault is said on the board, and hides nothing of the others
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Evidence(name, {}, *counts, reason=reason, broken=True)
    return Evidence(name, measures, *counts)


def rows(found: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Every claim of every experiment, judged, with the reason where it was not measured."""
    lines = []
    for each in found:
        for claim in claims.of(each.experiment):
            entry = claims.judged(claim, each.measures)
            lines.append({**entry, "reason": _reason(entry, each) if entry["verdict"] == NOT_MEASURED else ""})
    return lines


def _reason(entry: dict[str, Any], each: Evidence) -> str:
    if each.reason:
        return each.reason
    lacking = [check for check in entry["checks"] if check["verdict"] == NOT_MEASURED]
    if not lacking:
        return "no check"
    measured = lacking[0]["measured"]
    vague = measured is not None and measured == measured
    why = "its interval reaches the claimed range" if vague else f"not to be had from these cells ({each.said})"
    return f"{lacking[0]['quantity']}: {why}"


def board(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements by number with their rows and one verdict each, then the predictions of the theory.

    ValueError where an experiment measures a number that the lectures have not.
    """
    known = statements()
    numbers = {statement.number for statement in known}
    for line in lines:
        if line["number"] is not None and line["number"] not in numbers:
            name = f"claims/{line['experiment']}.yaml"
            raise ValueError(f"{name}: {line['statement']!r}: number {line['number']}, but there are {len(numbers)}")
    found = [
        _numbered(statement, [line for line in lines if line["number"] == statement.number]) for statement in known
    ]
    return found + [_predicted(line) for line in lines if line["number"] is None]


def combined(verdicts: Iterable[str]) -> str:
    """The worst of those that were measured."""
    return min((v for v in verdicts if v != NOT_MEASURED), key=WORST_FIRST.index, default=NOT_MEASURED)


def _numbered(statement: Statement, own: list[dict[str, Any]]) -> dict[str, Any]:
    verdict = combined(line["verdict"] for line in own)
    reasons = [statement.untestable] if statement.untestable else [line["reason"] for line in own]
    reasons = reasons or ["no experiment measures it"]
    reason = "; ".join(dict.fromkeys(reasons)) if verdict == NOT_MEASURED else ""
    about = {name: value for name, value in statement._asdict().items() if name != "untestable"}
    return {**about, "verdict": verdict, "reason": reason, "rows": own}


def _predicted(line: dict[str, Any]) -> dict[str, Any]:
    kept = {name: line[name] for name in ("statement", "expected", "verdict", "reason")}
    return {"number": None, "topic": PREDICTIONS, "short": line["experiment"], "lecture": "", "place": "", **kept} | {
        "rows": [line]
    }


def topics(entries: Sequence[dict[str, Any]]) -> list[str]:
    """The topics of the board in order."""
    return list(dict.fromkeys(entry["topic"] for entry in entries))


def counts(entries: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many entries have each verdict."""
    counted = Counter(entry["verdict"] for entry in entries)
    return {verdict: counted[verdict] for verdict in claims.VERDICTS}
