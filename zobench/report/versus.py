"""Two sides of the same cells, A and B: what B needs and reaches, seed by seed, over what A does.

Cells are paired by their config, their runs by seed. A ratio is that of medians over the seeds, its 95 % interval a
bootstrap that draws the same seeds on both sides (`zobench.statistics`); where values are not positive it is 1 + their
difference over the larger of them. One rule for all verdicts. The same: all runs
are equal, or the interval is within 1 % of 1. B is ahead or behind: the interval is wholly on one side of 1, also when
it is widened for the number of comparisons that chance has a part in (Bonferroni). Undecided: neither. What is not
random has no interval, and its value decides; a single run of what is random decides nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite, isinf, log, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import store
from zobench.errors import one_line
from zobench.report import claims, records, runs
from zobench.report.records import Record
from zobench.statistics import Estimate, interval, resamples

AHEAD, BEHIND, SAME, UNDECIDED = VERDICTS = ("ahead", "behind", "same", "undecided")
NOT_JUDGED = ""
MARGIN = log(1.01)  # of a logarithm of a ratio that is called the same
FEWEST = 4  # runs from which on targets that one side never reaches decide
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


class Side(NamedTuple):
    """The records of a side by the digest of their config, and what is left out of it, in words."""

    name: str
    cells: dict[str, Record]
    left_out: list[str]
    replaced: int = 0


class Change(NamedTuple):
    """A quantity on both sides, median over the seeds; ln of the ratio B/A; the verdict on B.

    Where values are not positive, the difference over the larger of them stands for ln of the ratio (`signed`).
    `sampled`: its interval is one of chance.
    """

    a: float
    b: float
    log_ratio: Estimate
    verdict: str = NOT_JUDGED
    sampled: bool = False
    signed: bool = False

    @property
    def ratio(self) -> Estimate:
        """B/A with its interval."""
        with np.errstate(over="ignore"):
            ends = np.array(self.log_ratio[:3])
            return Estimate(*(1 + ends if self.signed else np.exp(ends)).tolist())


class Pair(NamedTuple):
    """A cell under a step rule on both sides. `final` is judged where not every run arrived."""

    a: Record
    b: Record
    rule: str
    count: int
    arrived: tuple[int, int]
    iterations: Change
    calls: Change
    final: Change
    seconds: Change


class Alone(NamedTuple):
    """A cell, or a step rule of it, that cannot be paired: in which side it is, and why."""

    cell: str
    key: str
    side: str
    why: str


class Versus(NamedTuple):
    """Both sides, their pairs, what cannot be paired, and how many comparisons chance has a part in."""

    a: Side
    b: Side
    pairs: list[Pair]
    alone: list[Alone]
    comparisons: int


def side(name: str, paths: Iterable[Path], versions: Mapping[str, str] | None = None, before: bool = False) -> Side:
    """The latest record of each config, of those made with these versions; or the one `before` it, where there is one.

    What is damaged, failed or has no runs is named.
    """
    found: dict[str, list[Record]] = {}
    left_out: list[str] = []
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name)):
        stored = store.read_some(path, lambda array: array.rpartition("/")[2] in runs.ARRAYS)
        if stored is None:
            left_out.append(f"damaged: {path.name} {store.fault(path)}")
        elif not _is_of(stored.meta, versions):
            continue
        elif not isinstance(config := stored.meta.get("config"), dict) or "stop" not in config:
            left_out.append(f"without runs: {path.name}")
        elif wrong := _fault(record := Record(path.stem, stored.meta, stored.arrays)):
            left_out.append(f"no record of runs: {path.name} ({wrong})")
        else:
            found.setdefault(store.digest(config), []).append(record)
    place = -2 if before else -1
    cells = {asked: own[place] for asked, own in found.items() if len(own) >= -place}
    return Side(name, cells, left_out, sum(len(own) > 1 for own in found.values()))


def _fault(record: Record) -> str:
    """What keeps a record, which may be a stranger's, from being called by its name."""
    try:
        (told,) = records.tell([record])
        _place(told)
    except UNREADABLE as error:
        return type(error).__name__
    return ""


def _place(record: Record) -> tuple:
    """Where it stands among others."""
    return record.metric, record.problem, records.row(record), record.n, record.rules, record.key


def _is_of(meta: Mapping[str, Any], versions: Mapping[str, str] | None) -> bool:
    made = meta.get("versions")
    return not versions or (isinstance(made, dict) and all(made.get(name) == want for name, want in versions.items()))


def compare(a: Side, b: Side) -> Versus:
    """All pairs in the order of a report, judged together, and what cannot be paired."""
    pairs: list[Pair] = []
    alone: list[Alone] = []
    for asked, told in _told(a, b).items():
        own, others = _paired(asked, told, a.cells.get(asked), b.cells.get(asked))
        pairs += own
        alone += others
    family = sum(change.sampled for pair in pairs for change in (pair.calls, pair.final))
    return Versus(a, b, [_judged(pair, family) for pair in pairs], alone, family)


def _paired(asked: str, told: Record, a: Record | None, b: Record | None) -> tuple[list[Pair], list[Alone]]:
    """The pairs of a config, one for each rule that both sides have, and what has no pair."""
    label = f"{told.problem}, n = {told.n}, {told.method}"
    if a is None or b is None:
        there, gone = ("B", "A") if a is None else ("A", "B")
        return [], [Alone(label, told.key, there, f"no record in {gone}")]
    sides = {"A": a._replace(telling=told.telling), "B": b._replace(telling=told.telling)}
    failed = [letter for letter, one in sides.items() if one.meta["status"] != "ok"]
    if failed:
        return [], [Alone(label, sides[failed[0]].key, "A and B", f"failed in {' and '.join(failed)}")]
    shared = [rule for rule in a.rules if rule in b.rules]
    lost = [
        Alone(f"{label}, step {rule}", one.key, letter, "the other side has not this step rule")
        for letter, one in sides.items()
        for rule in one.rules
        if rule not in shared
    ]
    try:
        return [_pair(asked, sides["A"], sides["B"], rule) for rule in shared], lost
    except UNREADABLE as error:
        why = f"cannot be read as runs ({type(error).__name__}: {one_line(error)})"
        return [], [*lost, Alone(label, told.key, "A and B", why)]


def _told(a: Side, b: Side) -> dict[str, Record]:
    """A record of each config by its digest, called so that it can be told from the others, in order."""
    every = {**b.cells, **a.cells}
    found = dict(zip(every, records.tell([*every.values()]), strict=True))
    return {asked: found[asked] for asked in sorted(found, key=lambda asked: _place(found[asked]))}


def _pair(asked: str, a: Record, b: Record, rule: str) -> Pair:
    found = [runs.outcomes(rule, one.arrays, one.meta, one.calls) for one in (a, b)]
    seeds = sorted({*found[0]["seed"]} & {*found[1]["seed"]})
    if not seeds:
        raise ValueError("no seed that both sides have")
    at = [[own["seed"].index(seed) for seed in seeds] for own in found]
    values = {
        name: [np.array(own[name], float)[place] for own, place in zip(found, at, strict=True)]
        for name in ("hit", "calls", "final")
    }
    arrived = [int(np.isfinite(hits).sum()) for hits in values["hit"]]
    fixed = len(found[0]["seed"]) < int(a.config.get("seeds", 1))  # what is not random runs once
    draw = resamples(len(seeds), np.random.default_rng(int(asked, 16)))
    iterations, calls, final = (_change(values[name], draw, fixed) for name in values)
    if min(arrived) == len(seeds):
        final = final._replace(verdict=NOT_JUDGED, sampled=False)
    seconds = _seconds(*(float(one.meta["rules"][rule].get("run_seconds", nan)) for one in (a, b)))
    return Pair(a, b, rule, len(seeds), (arrived[0], arrived[1]), iterations, calls, final, seconds)


def _change(sides: Sequence[np.ndarray], draw: np.ndarray, fixed: bool) -> Change:
    """Medians and the ratio; judged at once where chance has no part in it."""
    a, b = (np.where(np.isnan(values), inf, values) for values in sides)  # nan is the worst end of a run
    middle = float(np.median(a)), float(np.median(b))
    if isinf(middle[0]) and isinf(middle[1]):
        return Change(*middle, Estimate(nan))
    if np.array_equal(a, b):
        return Change(*middle, Estimate(0.0, 0.0, 0.0, runs=a.size), SAME)
    signed = min(*a, *b) <= 0
    of = _difference if signed else _log_ratio
    draws = of(np.median(a[draw], axis=1), np.median(b[draw], axis=1)) if a.size > 1 else np.empty(0)
    value = float(of(*np.array(middle)[:, None])[0])
    estimate = Estimate(value, *interval(draws, a.size), draws, nan, a.size)
    if a.size > 1:
        return Change(*middle, estimate, UNDECIDED, True, signed)
    by_value = SAME if abs(value) <= MARGIN else AHEAD if value < 0 else BEHIND
    return Change(*middle, estimate, by_value if fixed else UNDECIDED, False, signed)


def _log_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """ln b − ln a; 0 where neither side arrives, of which nothing can be said."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(a) & np.isinf(b), 0.0, np.log(b) - np.log(a))


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(b − a)/max(|a|, |b|), infinite where one of them is; 0 where both are the same."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (b - a) / np.maximum(np.abs(a), np.abs(b))
    found = np.where(np.isinf(b), inf, np.where(np.isinf(a), -inf, found))
    return np.where(a == b, 0.0, found)


def _seconds(a: float, b: float) -> Change:
    known = isfinite(a) and isfinite(b) and a > 0 and b > 0
    return Change(a, b, Estimate(log(b / a) if known else nan))


def _judged(pair: Pair, family: int) -> Pair:
    calls, final = (_verdict(change, family) if change.sampled else change for change in (pair.calls, pair.final))
    return pair._replace(calls=calls, final=final)


def _verdict(change: Change, family: int) -> Change:
    """By the rule of the module."""
    estimate = change.log_ratio
    if estimate.low >= -MARGIN and estimate.high <= MARGIN:
        return change._replace(verdict=SAME)
    low, high = estimate.low, estimate.high
    if isfinite(low) and isfinite(high) and isfinite(estimate.value):
        low, high = claims.widened(estimate, family)
    elif estimate.runs < FEWEST:
        return change
    return change._replace(verdict=AHEAD if high < 0 else BEHIND if low > 0 else UNDECIDED)


def overall(changes: Sequence[Change]) -> Change:
    """The geometric mean of ratios over cells, its interval a bootstrap over the cells; not judged."""
    logs = np.array([change.log_ratio.value for change in changes])
    logs = logs[np.isfinite(logs)]
    if not logs.size:
        return Change(nan, nan, Estimate(nan))
    draw = resamples(logs.size, np.random.default_rng(logs.size))
    draws = logs[draw].mean(axis=1) if logs.size > 1 else np.empty(0)
    return Change(nan, nan, Estimate(float(logs.mean()), *interval(draws, logs.size), draws, nan, logs.size))
