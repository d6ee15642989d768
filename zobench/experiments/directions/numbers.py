"""What q directions a step cost: medians of the runs, the exact recursion, and B(q) K_GD.

A step 1/(LB) along q directions does the work of 1/B steps of gradient descent, so it takes about B K_GD iterations and
(q+1) B K_GD calls where f(x) is shared. B = 1 + (n−1)/q for independent directions on the sphere: n + q + (n−1)/q calls
for one gradient step, least at q = √(n−1). B = n/q for orthogonal ones: n + n/q, least at q = n, which are finite
differences in a random basis.
"""

from collections.abc import Callable, Sequence
from math import inf, nan, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from zobench import build, statistics, theory
from zobench.decay import first_at_most
from zobench.report import files, measured, naming
from zobench.report.measured import Measured
from zobench.report.records import RULES, Record, load, rank
from zobench.statistics import Estimate
from zobench.types import Moment, Problem

LINE_POINTS = 48
KIND = {False: "independent", True: "orthogonal"}
GRADIENT = Moment(A=0.0, C=1.0, D=0.0)


class Entry(NamedTuple):
    """A number of directions of one kind under one step rule; B = 1/(αL), and the exact recursion's iterations."""

    q: int
    orthogonal: bool
    rule: str
    cell: Measured
    B: float
    exact: float

    @property
    def price(self) -> int:
        """Oracle calls a step."""
        return self.cell.record.calls


class Study(NamedTuple):
    """All entries on one problem at one dimension; K_GD: iterations of gradient descent with step 1/L, exactly."""

    problem: str
    n: int
    K_GD: float
    entries: list[Entry]

    def series(self, orthogonal: bool, rule: str) -> list[Entry]:
        """The entries of one kind and step rule by q."""
        return [e for e in self.entries if (e.orthogonal, e.rule) == (orthogonal, rule)]

    @property
    def rules(self) -> list[str]:
        """Step rules that ran."""
        return list(dict.fromkeys(entry.rule for entry in self.entries))

    @property
    def best_q(self) -> float:
        """√(n−1): where independent directions ask the fewest calls."""
        return sqrt(self.n - 1)


class Found(NamedTuple):
    """All records, and the studies that they make."""

    records: list[Record]
    studies: list[Study]


def read(paths: Sequence[Path]) -> Found:
    """The records of a sweep and what they make."""
    records = load(paths)
    return Found(records, studies(records))


def studies(records: Sequence[Record]) -> list[Study]:
    """Every problem and dimension for which numbers of directions ran, the largest dimension last.

    Methods that differ in more than these numbers are studies of their own, the method said with the problem.
    """
    ran = [record for record in records if not record.failed and "q" in record.config["estimator"]]
    several = len({record.kind for record in ran}) > 1
    found: dict[tuple[str, int], list[Record]] = {}
    for record in ran:
        rest = [key for key in record.telling if key not in ("estimator.q", "estimator.orthogonal")]
        name = ", ".join([record.problem, *[record.kind] * several, *naming.told(record.config, rest)])
        found.setdefault((name, record.n), []).append(record)
    return [_study(*place, found[place]) for place in sorted(found, key=lambda place: (place[1], place[0]))]


def _study(name: str, n: int, records: Sequence[Record]) -> Study:
    entries = [_entry(record, rule) for record in records for rule in record.rules]
    first = records[0]
    K_GD = _exact_time(first, GRADIENT, 1 / first.meta["L"], int(first.meta["config"]["stop"]["gd_iterations"]))
    return Study(name, n, K_GD, sorted(entries, key=lambda e: (rank(RULES, e.rule), e.rule, e.orthogonal, e.q)))


def _entry(record: Record, rule: str) -> Entry:
    config, step = record.meta["config"]["estimator"], float(record.meta["rules"][rule]["step"])
    moment = _made("estimator", config, record).second_moment(record.n)
    exact = _exact_time(record, moment, step, 2 * int(record.k(rule)[-1])) if moment else nan
    B = 1 / (step * record.meta["L"])
    return Entry(config["q"], bool(config.get("orthogonal")), rule, measured.measure(record, rule), B, exact)


def _made(group: str, values: dict[str, Any], record: Record) -> Any:
    with jax.enable_x64(record.meta["config"]["dtype"] == "float64"):
        return build.make(group, values)


def _exact_time(record: Record, moment: Moment, step: float, last: int) -> float:
    """First k at which the exact mean of the metric meets the target, for a difference step that tends to 0.

    nan where no recursion is known: the problem is no quadratic, or the runs stop on the gradient.
    """
    problem: Problem = _made("problem", record.meta["config"]["problem"], record)
    if problem.modes is None or record.metric == "gradient" or (moment.D and not problem.modes.axes):
        return nan
    size = 2 ** int(np.ceil(np.log2(last + 1)))  # some way beyond `last`, where the mean may arrive
    with np.errstate(over="ignore"):
        means = theory.expectation(problem.modes, moment, np.zeros(record.n), step, 1, size)
    return first_at_most(np.arange(size), getattr(means, record.metric), record.meta["target"])


def line(study: Study, orthogonal: bool, rule: str) -> tuple[np.ndarray, np.ndarray]:
    """B(q) K_GD at whole q over the range that ran, under the theory or trace step; empty for other rules."""
    series = study.series(orthogonal, rule)
    if rule not in ("theory", "trace") or not series or not np.isfinite(study.K_GD):
        return np.empty(0), np.empty(0)
    q = np.unique(np.round(np.geomspace(series[0].q, series[-1].q, LINE_POINTS)).astype(int))
    record = series[0].cell.record
    config, meta = record.meta["config"]["estimator"], record.meta
    made = [_made("estimator", {**config, "q": int(one)}, record) for one in q]
    if rule == "trace":
        B = [theory.trace_factor(one, study.n, meta["hessian_trace"] / meta["L"]) for one in made]
    else:
        B = [theory.variance_factor(one, study.n) for one in made]
    return q, np.array(B) * study.K_GD


def rows(found: Found) -> list[dict[str, Any]]:
    """table.csv: a line for each number of directions, kind and rule, then the two references of each study."""
    lines = [_row(study, entry) for study in found.studies for entry in study.entries]
    empty = dict.fromkeys(lines[0] if lines else (), "")
    for study in found.studies:
        for name, price in (("GD (autodiff)", 1), ("forward differences", study.n + 1)):
            known = {"exact_iterations": study.K_GD, "exact_calls": price * study.K_GD}
            about = {"problem": study.problem, "n": study.n, "directions": name, "rule": "theory", "B": 1.0}
            lines.append({**empty, **about, "calls_a_step": price, **known})
    return lines


def _row(study: Study, entry: Entry) -> dict[str, Any]:
    cell, price = entry.cell, entry.price
    return {
        "problem": study.problem,
        "n": study.n,
        "directions": KIND[entry.orthogonal],
        "rule": entry.rule,
        "q": entry.q,
        "B": entry.B,
        "calls_a_step": price,
        **files.ends("iterations", cell.time),
        **files.ends("calls", cell.calls),
        "exact_iterations": entry.exact,
        "exact_calls": entry.exact * price,
        "theory_iterations": entry.B * study.K_GD,
        "theory_calls": entry.B * study.K_GD * price,
        "runs": cell.hits.size,
        "reached": cell.ended("reached"),
    }


def fewest(study: Study) -> Estimate:
    """The q of the fewest calls along independent directions over √(n−1); nan where one q ran."""
    series = study.series(False, "theory")
    q = np.array([entry.q for entry in series])
    found = _along(series, lambda calls: q[calls.argmin(axis=0)] * (1 / study.best_q))
    return found if any(np.isfinite(entry.cell.calls.value) for entry in series) else found._replace(value=nan)


def falls(study: Study) -> Estimate:
    """The largest calls(next q)/calls(q) of orthogonal directions: below 1 where calls fall all the way."""
    return _along(study.series(True, "theory"), lambda calls: (calls[1:] / calls[:-1]).max(axis=0))


def of_exact(study: Study) -> list[Estimate]:
    """Median calls over those of the exact recursion, of every entry."""
    known = [entry for entry in study.entries if 0 < entry.exact < inf]
    return [entry.cell.calls.times(1 / (entry.exact * entry.price)) for entry in known]


def _along(series: Sequence[Entry], of: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """What `of` gives of the median calls [entries, resamples], resample b the same seeds; nan where one q ran."""
    if len(series) < 2:
        return Estimate(nan)
    parts = [entry.cell.calls for entry in series]
    draws = np.array([p.draws for p in parts]) if len({p.draws.size for p in parts}) == 1 else np.empty(0)
    with np.errstate(invalid="ignore"):
        value = float(of(np.array([[p.value] for p in parts]))[0])
        drawn = of(draws) if draws.size else np.empty(0)
    runs = min(p.runs for p in parts)
    return Estimate(value, *statistics.interval(drawn, runs), drawn, runs=runs)
