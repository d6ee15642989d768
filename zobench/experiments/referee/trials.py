"""A method on a case: values to the target, what the exact recursion says of them, and the ratio to another method's.

Paired: the same seeds, and the same resamples of them on both sides. An interval includes the tuning of both steps
(`report.retuned`). A difference is called one where the sign test over seeds says so, adjusted by Holm over all that
are judged together, and the interval is beyond 5 % of 1 besides: by so much the same method may differ from itself when
it is tuned again from another first step (a slope that is never clipped is a control). A method of which half of the
runs or more did not arrive has no ratio.
"""

from collections.abc import Sequence
from math import inf, isfinite, log, log1p, nan
from typing import NamedTuple

import numpy as np

from zobench import recursion, statistics, store
from zobench.experiments.referee import names
from zobench.experiments.referee.names import Case
from zobench.report import measured, naming, profiles, ratios, retuned
from zobench.report.records import Record, target
from zobench.statistics import Estimate

LEVEL = 0.05
MARGIN = 1.05
FEWER, MORE, ALIKE, NEVER = "fewer", "more", "not shown to differ", "never reached"
TUNED, OWN = "tuned", "own"


class Trial(NamedTuple):
    """A method on a case: values to the target of each seed [seeds], inf where it is not met, and their median.

    `exact` is what the recursion of the mean says of the step that ran, `best` of the best of all steps; nan: no
    recursion holds. `grows`: a step asks more values where n is larger.
    """

    case: str
    about: Case
    method: str
    record: Record
    values: np.ndarray
    time: Estimate
    exact: float
    best: float
    grows: bool

    @property
    def tunes(self) -> bool:
        """Whether it has a step that was tuned."""
        return TUNED in self.record.rules

    @property
    def reached(self) -> int:
        """Runs that met the target."""
        return int(np.isfinite(self.values).sum())

    @property
    def multiple(self) -> float:
        """The best multiple of the step at which tuning began."""
        return float(self.record.meta["tuning"]["best"]) if self.tunes else nan

    @property
    def bracketed(self) -> bool:
        """Whether a smaller and a larger step were tried and are no better; True where there is none to tune."""
        return bool(self.record.meta["tuning"]["bracketed"]) if self.tunes else True


class Ratio(NamedTuple):
    """Values of a trial over those of another on its case; p of the sign test, adjusted by Holm; the verdict on it."""

    trial: Trial
    over: Trial
    ratio: Estimate
    p: float
    p_holm: float = nan
    verdict: str = ALIKE

    @property
    def best(self) -> float:
        """The exact ratio, both at the best of all steps."""
        return self.trial.best / self.over.best


def trial(record: Record, about: Case, case: str) -> Trial:
    """What a record says; `case` is the name of the case among others."""
    rule = rule_of(record)
    seeds = int(record.config["seeds"])
    values = measured.arrivals(record, rule) * record.calls
    values = np.repeat(values, seeds) if values.size == 1 else values  # what is not random runs once
    draw = statistics.resamples(values.size, np.random.default_rng(values.size))  # the same for all: pairs stay pairs
    draws = np.median(values[draw], axis=1) if values.size > 1 else np.empty(0)
    time = Estimate(float(np.median(values)), *statistics.interval(draws, values.size), draws, runs=values.size)
    if rule == TUNED:
        time = retuned.tuned(time, record, np.random.default_rng(int(store.digest(record.config), 16)))
    exact, best = _exact(record, rule)
    grows = record.calls > 1 and target(record.config["estimator"]) == "finite_difference"
    grows = grows or names.method(record).startswith("L-BFGS")
    return Trial(case, about, names.method(record), record, values, time, exact, best, grows)


def rule_of(record: Record) -> str:
    """The step rule that counts: tuned, or that of a method without a step."""
    return next((rule for rule in record.rules if rule in (TUNED, OWN)), record.rules[0])


def _exact(record: Record, rule: str) -> tuple[float, float]:
    """Values of the exact mean at the step that ran, and at the best step; (nan, nan) where none is known."""
    config, goal = record.config, float(record.meta["config"]["stop"]["target"])
    if record.family != "quadratic":
        return nan, nan
    if target(config["method"]) == "random_pursuit" and config["problem"]["spectrum"] == "isotropic":
        known = record.calls * np.ceil(log(goal) / log1p(-1 / record.n))  # the step is the best along its direction
        return float(known), float(known)
    if target(config["method"]) != "descent" or naming.normal(config)["optimizer"]["_target_"] != naming.GD:
        return nan, nan
    try:
        own = ratios.known(ratios.frozen(config["problem"]), ratios.frozen(config["estimator"]), goal)
    except ValueError:
        return nan, nan
    step = recursion.best_step(own.levels, own.moment, goal, own.steps["trace"])
    ran = own.hitting_time(float(record.meta["rules"][rule]["step"]))
    return ran * record.calls, own.hitting_time(step) * record.calls


def over(trial: Trial, other: Trial) -> Ratio:
    """Values of one over those of the other, seed by seed; not yet judged."""
    p = profiles.compare(trial.values, other.values).p
    if not (isfinite(trial.time.value) and isfinite(other.time.value)):
        return Ratio(trial, other, Estimate(inf if isfinite(other.time.value) else nan), p)
    with np.errstate(invalid="ignore"):
        draws = trial.time.draws / other.time.draws
    runs = min(trial.time.runs, other.time.runs)
    value = trial.time.value / other.time.value
    return Ratio(trial, other, Estimate(value, *statistics.interval(draws, runs), draws, runs=runs), p)


def judged(found: Sequence[Ratio]) -> list[Ratio]:
    """With p adjusted over all of these, and verdicts."""
    adjusted = profiles.holm([one.p for one in found]) if found else []
    return [
        one._replace(p_holm=float(p), verdict=_verdict(one, float(p))) for one, p in zip(found, adjusted, strict=True)
    ]


def _verdict(one: Ratio, p: float) -> str:
    if not isfinite(one.trial.time.value):
        return NEVER
    low, high = one.ratio.low, one.ratio.high
    if p > LEVEL or not (low > MARGIN or high < 1 / MARGIN):
        return ALIKE
    return FEWER if high < 1 else MORE
