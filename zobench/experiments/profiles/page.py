"""Methods on Moré and Wild's problems: hitting times in calls, shares solved within so many, pairs that differ.

A run has solved a problem to τ at the first recorded call with f ≤ f_L + τ (f(x0) − f_L), f_L the least value that any
method reached within the budget (Moré & Wild 2009). A method with several steps runs them side by side and pays for
all of them: its time is the least one times their number.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from zobench.report import contenders, files, profiles, records, tables
from zobench.report.page import Experiment
from zobench.report.records import Record
from zobench.report.tables import Row, fixed, rounded, value
from zobench.statistics import Estimate

TAU = np.array([1e-1, 1e-3, 1e-5])
KAPPA = np.array([10.0, 30.0, 100.0])
ECDF_TAU = np.geomspace(1e-1, 1e-6, 26)
WITHIN = 30  # (n + 1) calls: where claims compare two methods, before the budget lets most of them arrive
TESTED = 1e-3  # the accuracy at which methods are compared in pairs
LEVEL = 0.05
PAIRS = (
    ("L-BFGS", "L-BFGS, differences"),
    ("COBYQA", "Nelder-Mead"),
    ("L-BFGS, differences", "difference descent"),
    ("COBYQA", "two-point descent"),
)


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

    ValueError where there are none, or one differs in more than its instance: a profile is of one set of problems.
    """
    found: dict[tuple[str, int], Record] = {}
    for record in records.load(paths):
        if "instance" in record.config["problem"]:
            place = contenders.name(record), int(record.config["problem"]["instance"])
            if place in found:
                both = f"{found[place].problem} and {record.problem}"
                raise ValueError(f"{both}: a profile is of one set of problems; run them apart")
            found[place] = record
    methods = sorted({method for method, _ in found}, key=contenders.order)
    asked = sorted({problem for _, problem in found})
    shared = [one for one in asked if all((method, one) in found for method in methods)]
    n = {one: record.n for (_, one), record in found.items() if record.rules and one in shared}
    if not n:
        raise ValueError("no problem that every method was run on: run it again")
    budget = max(record.config["stop"]["calls"] or 0 for record in found.values())
    runs = max(len(record.curve(record.rules[0], "gap")) for record in found.values() if record.rules)
    return Runs(methods, sorted(n), np.array([n[one] for one in sorted(n)]), found, budget, runs, len(asked) - len(n))


def times(runs: Runs, tau: ndarray) -> ndarray:
    """Calls until f ≤ f_L + τ (f(x0) − f_L): [methods, problems, runs, targets], inf where it never was."""
    found = np.full((len(runs.methods), len(runs.problems), runs.runs, len(tau)), np.inf)
    for j, problem in enumerate(runs.problems):
        cells = [runs.records[method, problem] for method in runs.methods]
        ran = {i: record for i, record in enumerate(cells) if record.rules}
        start, least = float(next(iter(ran.values())).meta["delta"]), min(map(_least, ran.values()))
        for i, record in ran.items():
            found[i, j] = _paid(record, least + tau * (start - least))
    return found


def _paid(record: Record, targets: ndarray) -> ndarray:
    """Calls of one record, [runs, targets] or [1, targets]; all its steps are paid for."""
    each = [
        profiles.hitting_times(record.k(rule) * record.calls, record.curve(rule, "gap"), targets)
        for rule in record.rules
    ]
    return np.min(each, axis=0) * len(each)


def ends(runs: Runs) -> tuple[ndarray, ndarray]:
    """f − f* at the end of the budget [methods, problems, runs], nan for no record, and at x0 [problems].

    A method with several steps has the best of them, each after its share of the budget.
    """
    found = np.full((len(runs.methods), len(runs.problems), runs.runs), np.nan)
    start = np.full(len(runs.problems), np.nan)
    for j, problem in enumerate(runs.problems):
        for i, record in ((i, runs.records[method, problem]) for i, method in enumerate(runs.methods)):
            if record.rules:
                start[j], share = float(record.meta["delta"]), runs.budget / len(record.rules)
                within = [record.curve(rule, "gap")[:, record.k(rule) * record.calls <= share] for rule in record.rules]
                found[i, j] = np.min([np.fmin.reduce(curve, axis=1) for curve in within], axis=0)
    return found, start


def _least(record: Record) -> float:
    gaps = np.concatenate([record.curve(rule, "gap").ravel() for rule in record.rules])
    return float(gaps[np.isfinite(gaps)].min(initial=np.inf))


def measures(runs: Runs) -> dict[str, Estimate]:
    """Shares of problems solved by one method less those by another, over the same problems."""
    found, all_times = {}, times(runs, TAU)
    for i, tau in enumerate(TAU):
        solved = dict(zip(runs.methods, profiles.data(all_times[..., i], runs.n, np.array([WITHIN])), strict=True))
        for first, second in PAIRS:
            if {first, second} <= solved.keys():
                difference = profiles.profile((solved[first] - solved[second])[None]).at(0, 0)
                name = f"{first} less {second}: share solved to {tau:g} within {WITHIN} (n + 1) calls"
                found[name] = difference._replace(runs=len(runs.problems))
    return found


def rows(runs: Runs) -> list[dict[str, Any]]:
    """table.csv: a line for each method and accuracy."""
    all_times, budgets = times(runs, TAU), np.geomspace(1, runs.budget / runs.n.max(), 80)
    areas = profiles.area(profiles.profile(profiles.ecdf(times(runs, ECDF_TAU), runs.n, budgets)), budgets)
    about = {"problems": len(runs.problems), "runs": runs.runs, "budget": runs.budget, "dropped": runs.dropped}
    lines = []
    for i, tau in enumerate(TAU):
        solved = profiles.profile(profiles.data(all_times[..., i], runs.n, KAPPA))
        first = profiles.performance(all_times[..., i], np.array([1.0, 2.0])).mean(axis=1)
        for m, method in enumerate(runs.methods):
            line = {"method": method, "tau": float(tau), **about}
            for j, kappa in enumerate(KAPPA):
                line |= files.ends(f"solved_{kappa:g}", solved.at(m, j))
            line |= {"first": float(first[m, 0]), "within_2": float(first[m, 1])}
            lines.append(line | {"ecdf_area": float(areas[m])})
    return lines


def pairs(runs: Runs) -> list[dict[str, Any]]:
    """pairs.csv: sign tests of the median times of all pairs of methods, with Holm's adjustment over all of them."""
    medians = np.median(times(runs, np.array([TESTED]))[..., 0], axis=2)
    both = list(combinations(zip(runs.methods, medians, strict=True), 2))
    found = [profiles.compare(one, other) for (_, one), (_, other) in both]
    return [
        {"first": first, "second": second, **pair._asdict(), "p_holm": float(p)}
        for ((first, _), (second, _)), pair, p in zip(
            both, found, profiles.holm([pair.p for pair in found]), strict=True
        )
    ]


def shown(rows: Sequence[Row], pairs: Sequence[Row]) -> list[tables.Table]:
    """Shares of the problems solved, a block for each accuracy; the pairs that differ."""
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"f ≤ f_L + τ (f(x0) − f_L), τ = {value(row, 'tau'):g}",
        "method": "method",
        **{f"{kappa:g} (n+1)": fixed(f"solved_{kappa:g}") for kappa in KAPPA[:-1]},
        f"{KAPPA[-1]:g} (n+1)": tables.spread(f"solved_{KAPPA[-1]:g}"),
        "first": fixed("first"),
        "within 2 ×": fixed("within_2"),
        "area": fixed("ecdf_area"),
    }
    note = "Share of {problems} problems solved [95 % interval, bootstrap over problems], {runs} runs each, at most "
    note += "{budget} calls. First: needed the fewest calls. Within 2 ×: at most twice the fewest. Area: of the ECDF, "
    note += "from 1e-1 to 1e-6. An exact gradient counts as a call; a descent tries several steps side by side and "
    note += "pays for all." + " Left out, as not all methods ran: {dropped}." * (rows[0]["dropped"] != "0")
    title = "Moré and Wild's problems: share solved within so many calls"
    shares = tables.table(title, note.format_map(rows[0]), rows, columns, words=2)
    columns = {"first": "first", "second": "second", "first is first": "wins", "second is first": "losses"}
    columns |= {"ties": "ties", "p": rounded("p", 2), "p, Holm": rounded("p_holm", 2)}
    note = f"To τ = {TESTED:g}: on how many problems the first, the second or neither came first. Sign tests of "
    note += f"{len(pairs)} pairs, p adjusted by Holm (1979), at {LEVEL:g}; the others are in pairs.csv."
    differ = [row for row in pairs if value(row, "p_holm") <= LEVEL]
    return [
        shares._replace(header=["", "", *shares.header[2:]]),  # what stands in a column of methods needs no head
        tables.table("Pairs that differ", note, differ, columns, aside=True),
    ]


EXPERIMENT = Experiment(
    question="Which methods solve the most of Moré and Wild's problems within so many calls?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("profiles", "ecdf", "quality"),
    more={"pairs.csv": pairs},
)
