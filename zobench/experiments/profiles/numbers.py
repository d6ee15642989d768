"""The runs of experiment=profiles as hitting times in calls: methods, problems, runs, targets.

A run has solved a problem to τ at the first recorded call with f ≤ f_L + τ (f(x0) − f_L), f_L the least value that any
method reached within the budget (Moré & Wild 2009). A method with several steps runs them side by side and pays for
all of them: its time is the least one times their number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from zobench.report import contenders, profiles
from zobench.report import records as reading
from zobench.report.records import Record


class Runs(NamedTuple):
    """What ran: methods, problems by number, their dimensions [problems]; the records, the budget, runs a problem.

    `dropped`: problems that some method has not been run on.
    """

    methods: list[str]
    problems: list[int]
    n: ndarray
    records: dict[tuple[str, int], Record]
    budget: int
    runs: int
    dropped: int


def read(paths: Sequence[Path]) -> Runs:
    """Problems that every method was run on; a run that failed counts, as one that never arrived.

    ValueError where a problem differs in more than its instance: a profile is of one set of problems.
    """
    found: dict[tuple[str, int], Record] = {}
    for record in reading.load(paths):
        if "instance" in record.config["problem"]:
            place = contenders.name(record), int(record.config["problem"]["instance"])
            if place in found:
                both = f"{found[place].problem} and {record.problem}"
                raise ValueError(f"{both}: a profile is of one set of problems; run them apart")
            found[place] = record
    methods = sorted({method for method, _ in found}, key=contenders.order)
    asked = sorted({problem for _, problem in found})
    problems = [one for one in asked if all((method, one) in found for method in methods)]
    ran = [[found[method, one] for method in methods if found[method, one].rules] for one in problems]
    known = [one for one, records in zip(problems, ran, strict=True) if records]
    n = np.array([records[0].n for records in ran if records])
    budget = max((record.meta["config"]["stop"]["calls"] or 0 for record in found.values()), default=0)
    runs = max((_runs(record) for record in found.values() if record.rules), default=1)
    return Runs(methods, known, n, found, budget, runs, len(asked) - len(known))


def times(runs: Runs, tau: ndarray) -> ndarray:
    """Calls until f ≤ f_L + τ (f(x0) − f_L): [methods, problems, runs, targets], inf where it never was."""
    found = np.full((len(runs.methods), len(runs.problems), runs.runs, len(tau)), np.inf)
    for j, problem in enumerate(runs.problems):
        records = [runs.records[method, problem] for method in runs.methods]
        start = next(float(record.meta["delta"]) for record in records if record.rules)
        least = min(_least(record) for record in records if record.rules)
        for i, record in enumerate(records):
            if record.rules:
                found[i, j] = _paid(record, least + tau * (start - least))
    return found


def _paid(record: Record, targets: ndarray) -> ndarray:
    """Calls of one record, [runs, targets] or [1, targets]; all its steps are paid for."""
    each = [
        profiles.hitting_times(record.k(rule) * record.calls, record.curve(rule, "gap"), targets)
        for rule in record.rules
    ]
    return np.min(each, axis=0) * len(each)


def _least(record: Record) -> float:
    curves = [record.curve(rule, "gap") for rule in record.rules]
    finite = [curve[np.isfinite(curve)].min() for curve in curves if np.isfinite(curve).any()]
    return float(min(finite, default=np.inf))


def _runs(record: Record) -> int:
    return len(record.curve(record.rules[0], "gap"))
