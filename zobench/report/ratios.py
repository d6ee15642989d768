"""How many iterations of a zero-order method do the work of one of gradient descent: cells against exact recursions.

K_ZO/K_GD at each dimension and step rule. K_ZO is the median over seeds of the iteration at which f − f* meets the
target, the recorded curve interpolated in its logarithm between records (a run is recorded n/2 iterations apart, which
is coarse where the slowdown is far below n). K_GD comes from the exact recursion, which for gradient descent is the run
itself; under the tuned rule gradient descent is tuned too.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from zobench import build, recursion, theory
from zobench.report import files, naming, records, telling
from zobench.report.measured import hitting_time
from zobench.report.records import RULES, Record, rank, target
from zobench.statistics import Estimate
from zobench.types import Problem

SPECTRA = {
    "two_level": "two-level: half 0.01, half 1",
    "uniform": "uniform: 0.01 to 1",
    "log_uniform": "log-uniform: 0.01 to 1",
    "power": "power: (i/n)²",
    "one_large": "one large: 1, others 0.01",
    "harmonic": "harmonic: max(1/i, 0.01)",
    "fixed_rank": "fixed rank: tr(H)/L = 8",
}


class Point(NamedTuple):
    """A spectrum at one dimension under one rule: measured K_ZO, exact K_ZO, K_GD, and r = tr(H)/L.

    `exact` is of the step that ran; `target` is relative to the start.
    """

    spectrum: str
    n: int
    rule: str
    r: float
    time: Estimate
    exact: float
    K_GD: float
    record: Record
    known: "Known"

    @property
    def ratio(self) -> Estimate:
        """K_ZO/K_GD."""
        return self.time.times(1 / self.K_GD)

    @property
    def exact_ratio(self) -> float:
        """The same of the exact recursion."""
        return self.exact / self.K_GD

    @property
    def calls(self) -> Estimate:
        """Oracle calls to the target."""
        return self.time.times(self.record.calls)

    @property
    def reached(self) -> int:
        """Runs that met the target."""
        return int(np.isfinite(self.record.arrays[f"{self.rule}/hits"]).sum())


def read(paths: Sequence[Path]) -> list[Point]:
    """The points of the records."""
    return points(records.load(paths))


def points(found: Sequence[Record]) -> list[Point]:
    """All cells of descent on a quadratic that stop on f − f* relative to the start, by spectrum, rule and n.

    What cells of a spectrum differ in besides n and the rank is said with it: "two_level, q=4".
    """
    usable = [record for record in found if _usable(record)]
    made = [_point(r, rule, name) for r, name in zip(usable, _names(usable), strict=True) for rule in r.rules]
    return sorted(made, key=lambda p: (p.spectrum, rank(RULES, p.rule), p.rule, p.n, p.r))


def by_spectrum(found: Sequence[Point]) -> dict[tuple[str, str], list[Point]]:
    """The points by spectrum and rule, spectra in the order of SPECTRA."""
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in sorted(found, key=lambda p: rank(tuple(SPECTRA), p.spectrum)):
        groups.setdefault((point.spectrum, point.rule), []).append(point)
    return groups


def _usable(record: Record) -> bool:
    stop = record.config["stop"]
    asked = (record.family, stop["metric"], stop["relative_to"], target(record.config["method"]))
    plain = not record.failed and record.kind == "two-point GD"
    return plain and asked == ("quadratic", "gap", "start", "descent")


def _names(found: Sequence[Record]) -> list[str]:
    spectra = [str(record.config["problem"]["spectrum"]) for record in found]
    keys = telling.differing_within([{"problem": record.config["problem"]} for record in found], spectra)
    problems = [
        telling.said(record.config, {k for k in own if not naming.is_size(k)} - {"problem.rank"}, "problem.")
        for record, own in zip(found, keys, strict=True)
    ]
    methods = [naming.told(record.config, record.telling) for record in found]
    return [", ".join(filter(None, parts)) for parts in zip(spectra, problems, map(", ".join, methods), strict=True)]


def _point(record: Record, rule: str, name: str) -> Point:
    own = known(*_asked(record, record.n))
    return Point(
        spectrum=name,
        n=record.n,
        rule=rule,
        r=own.problem.effective_dim,
        time=hitting_time(record, rule, np.random.default_rng([record.n, rank(RULES, rule)])),
        exact=own.hitting_time(float(record.meta["rules"][rule]["step"])),
        K_GD=own.gradient(rule),
        record=record,
        known=own,
    )


class Known(NamedTuple):
    """A quadratic and an estimator for which the exact recursion holds, with the target relative to the start."""

    problem: Problem
    levels: recursion.Levels
    moment: Any
    steps: dict[str, float]
    target: float

    def hitting_time(self, step: float) -> float:
        """K of a step."""
        return recursion.hitting_time(self.levels, self.moment, step, self.target)

    def gradient(self, rule: str) -> float:
        """K_GD: step 1/L, or the best step under the tuned rule."""
        step = 1 / self.problem.L
        if rule == "tuned":
            step = recursion.best_step(self.levels, recursion.GRADIENT, self.target, step)
        return recursion.hitting_time(self.levels, recursion.GRADIENT, step, self.target)


@lru_cache(maxsize=512)
def known(problem: tuple, estimator: tuple, ratio: float) -> Known:
    """What the recursion needs, made from the configurations (sorted items). ValueError where none holds."""
    with jax.enable_x64(True):
        made: Problem = build.make("problem", dict(problem))
        by = build.make("estimator", dict(estimator))
        steps = {"theory": theory.theory_step(made, by), "trace": theory.trace_step(made, by)}
    modes, moment = made.modes, by.second_moment(made.n)
    if modes is None or moment is None or (moment.D and not modes.axes):
        raise ValueError(f"{dict(problem).get('_target_')}: no exact recursion holds for this cell")
    return Known(made, recursion.levels(modes), moment, steps, ratio)


def slowdown_at(record: Record, n: int, rule: str) -> float:
    """K_ZO/K_GD of the exact recursion for a record's problem at another dimension; for tuned the best step of all."""
    return _slowdown(*_asked(record, n), rule)


@lru_cache(maxsize=1024)  # a decomposition costs n³
def _slowdown(problem: tuple, estimator: tuple, ratio: float, rule: str) -> float:
    own = known(problem, estimator, ratio)
    if rule == "tuned":
        step = recursion.best_step(own.levels, own.moment, ratio, own.steps["trace"])
    else:
        step = own.steps[rule]
    return own.hitting_time(step) / own.gradient(rule)


def _asked(record: Record, n: int) -> tuple[tuple, tuple, float]:
    """Problem, estimator and target of a record at a dimension."""
    problem = frozen({**record.config["problem"], "dim": n})
    return problem, frozen(record.config["estimator"]), float(np.min(record.config["stop"]["target"]))


def frozen(config: dict[str, Any]) -> tuple:
    """A configuration that can be the key of a cache."""
    return tuple(sorted((name, tuple(value) if isinstance(value, list) else value) for name, value in config.items()))


def cells(found: Sequence[Point]) -> list[dict[str, Any]]:
    """Lines of cells.csv: what ran, what came out, what was known."""
    return [
        {
            "spectrum": p.spectrum,
            "rule": p.rule,
            "n": p.n,
            "r": p.r,
            "step": float(p.record.meta["rules"][p.rule]["step"]),
            **files.ends("iterations", p.time),
            "exact_iterations": p.exact,
            "K_GD": p.K_GD,
            **files.ends("slowdown", p.ratio),
            "exact_slowdown": p.exact_ratio,
            "runs": p.time.runs,
            "reached": p.reached,
        }
        for p in found
    ]
