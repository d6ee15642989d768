"""An advice: what was measured, and what it says in sentences, none of them stronger than that."""

import csv
from collections.abc import Iterator
from importlib.resources import files
from math import isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np

from zobench.advising.forecast import BY_SAMPLES, WITHIN, Forecast
from zobench.advising.probe import Facts
from zobench.advising.race import Entry
from zobench.statistics import Estimate

HELD_OUT = "held_out.csv"  # how often a race of so many values was right: reports/advice/table.csv


class WithGradient(NamedTuple):
    """L-BFGS with exact gradients to the level of the race: how many gradients, and what one costs in values.

    `price`: of the value and its gradient together (`derivatives.price`). `reached` is inf where it was not there.
    """

    reached: float = nan
    price: float = nan
    why: str = ""


class Curvature(NamedTuple):
    """Of ∇²f(x0), by products with it: its trace with a standard error, its largest eigenvalue (from below)."""

    trace: float
    error: float
    largest: float

    @property
    def rank(self) -> float:
        """r = tr H/λ₁."""
        return self.trace / self.largest


class Advice(NamedTuple):
    """What was measured of a function with `calls` values: facts, the race from its first to its last, the level.

    >>> import zobench as zo
    >>> advice = zo.advise(zo.problems.quadratic(4), calls=400)
    >>> advice.facts.n, advice.calls <= 400, advice.best == advice.entries[0]
    (4, True, True)
    """

    facts: Facts
    entries: tuple[Entry, ...]
    each: int
    target: float
    level: float
    gradient: WithGradient
    calls: int
    curvature: Curvature | None = None
    forecast: Forecast | None = None

    @property
    def best(self) -> Entry:
        """The first of the race."""
        return self.entries[0]

    @property
    def overrides(self) -> str:
        """Those of a command that runs it; two-point descent with the step that is told, if it raced with a longer one.

        A step that is best for a few values may raise f after them: the told one is for all that comes.
        """
        before, _, step = self.best.overrides.partition(" step=")
        if self.forecast is None or self.best.name != "two-point descent" or not step:
            return self.best.overrides
        if not isfinite(self.forecast.slowdown[-1]):
            return self.best.overrides  # no step was told to get there
        return f"{before} step={min(float(step), float(self.forecast.steps[self.forecast.best])):.3g}"

    def columns(self) -> dict[str, np.ndarray]:
        """A line a contender, the first of the race first: method, values to the level, lowest value, why left out."""
        lines = [(e.name, e.reached, e.shown, len(e.values), e.left_out) for e in self.entries]
        names = ("method", "values_to_level", "value", "asked", "left_out")
        return {name: np.array(column) for name, column in zip(names, zip(*lines, strict=True), strict=True)}

    def __repr__(self) -> str:
        """The advice in sentences."""
        return "\n".join(sentences(self))


def sentences(advice: Advice) -> Iterator[str]:
    """What was measured, what to take, how sure that is, what a gradient would save; a sentence each."""
    yield from _facts(advice.facts, advice.calls)
    if advice.curvature:
        yield _spectrum(advice.curvature, advice.facts.n)
    if advice.forecast:
        yield _told(advice.forecast)
        if not advice.facts.repeats and isfinite(advice.forecast.slowdown[-1]):
            few, many = BY_SAMPLES
            yield (
                "That is told of f itself, and values of yours do not repeat: where each step saw 4 of 8 sequences,"
                f" {few:g} to {many:g} times as many as told were found in that report."
            )
    yield from _choice(advice)
    yield _certainty(advice)
    yield _gradient(advice)


def _facts(facts: Facts, calls: int) -> Iterator[str]:
    yield f"n = {facts.n}, f(x0) = {facts.value:.6g}; {calls} values were asked, {_seconds(facts.seconds)} each."
    if facts.repeats:
        yield f"The same x gives the same value; along a line values are smooth down to {facts.noise:.1e}."
    else:
        yield f"The same x gives other values: their standard deviation is {facts.noise:.2g}."
    if not facts.trace.value > 0:
        yield f"Around x0 the slope is {_with(facts.slope)} and curvature is negative on average: x0 lies in no valley."
        return
    yield f"Around x0 the slope is {_with(facts.slope)}, the trace of the Hessian {_with(facts.trace)}."
    low, high = sqrt(facts.rank.low), facts.rank.high
    if isfinite(facts.rank.value) and high < facts.n:
        yield (
            f"Its effective dimension is between {low:.2g} and {high:.2g}, of n = {facts.n}, were f a convex quadratic:"
            f" two-point descent then takes about {low + 2:.2g} to {high + 2:.2g} times the steps of gradient descent."
        )


def _spectrum(found: Curvature, n: int) -> str:
    """What the Hessian at x0 predicts for small steps, for which f is like a quadratic."""
    said = (
        f"By products with the Hessian at x0 its trace is {found.trace:.3g} ± {found.error:.1g}, its largest eigenvalue"
    )
    said += f" {found.largest:.3g}"
    if not found.trace > 0 < found.largest:
        return f"{said}: x0 lies in no valley, and nothing follows."
    low, high = (max(found.trace + side * 2 * found.error, 0) / found.largest + 2 for side in (-1, 1))
    return (
        f"{said}, so that r = {found.rank:.3g}: where f is like a quadratic, two-point descent takes about r + 2 ="
        f" {found.rank + 2:.3g} [{low:.3g}, {high:.3g}] steps for one of gradient descent, not n = {n}."
    )


def _told(found: Forecast) -> str:
    """What gradients alone say of two-point descent."""
    to, with_g, without, times = (
        ", ".join(f"{number:.3g}" for number in numbers)
        for numbers in (found.losses, found.gradient, found.told[found.best], found.slowdown)
    )
    last = float(found.slowdown[-1])
    if not isfinite(last):
        return (
            f"Told by gradients alone: to f = {to} gradient descent takes {with_g} steps of {found.step:.2g}, and"
            f" two-point descent does not get to the last with any step from {found.steps[0]:.2g} to"
            f" {found.steps[-1]:.2g}."
        )
    return (
        f"Told by gradients alone: to f = {to} gradient descent takes {with_g} steps of {found.step:.2g}, and two-point"
        f" descent with signs or normals about {without} of {found.steps[found.best]:.2g}: {times} times as many, the"
        f" last of them in [{last / WITHIN:.3g}, {last * WITHIN:.3g}] if f is like the language models of the"
        f" finetuning_rank report, where that held within a factor of {WITHIN:g}."
    )


def _choice(advice: Advice) -> Iterator[str]:
    first, *others = [entry for entry in advice.entries if len(entry.values)]
    share = f"within {100 * advice.target:.3g} % of the way from f(x0) to the lowest value seen"
    if not advice.facts.repeats and advice.target * (advice.facts.value - first.shown) < 2 * advice.facts.noise:
        share = f"within {2 * advice.facts.noise:.2g}, twice the standard deviation, of the lowest value seen"
    yield f"Take {first.name}: it was {share} after {first.reached:.0f} values."
    there = [f"{entry.name} after {entry.reached:.0f}" for entry in others if isfinite(entry.reached)]
    yield f"Also there: {', '.join(there)}." if there else f"None of the others was there after {advice.each} values."
    if advice.overrides != advice.best.overrides:
        raced, told = (text.rpartition("=")[2] for text in (advice.best.overrides, advice.overrides))
        yield f"It raced with the step {raced}, which may be too long for more values than those: go on with {told}."
    if advice.each <= advice.facts.n:
        yield f"No gradient by differences fits into {advice.each} values: it takes n + 1 = {advice.facts.n + 1}."
    if first.name == "two-point descent":
        yield "One direction a step: q of them cost (n + q + 1)/(n + 2) as much; take q > 1 to ask values in parallel."


def _certainty(advice: Advice) -> str:
    """How often races of that length picked well on functions that the rule had not seen."""
    length = advice.each / (advice.facts.n + 1)
    lines = [*csv.DictReader((files("zobench.advising") / HELD_OUT).read_text().splitlines())]
    near = [line for line in lines if 0 < float(line["length"]) <= length and advice.facts.repeats]
    if not near:
        return "How sure: a race this short, or of random values, was not tested; look at the others too."
    line = min(near, key=lambda line: (abs(float(line["target"]) / advice.target - 1), -float(line["length"])))
    share, low, high = (100 * float(line[name]) for name in ("right", "low", "high"))
    return (
        f"How sure: on {share:.0f} % [{low:.0f}, {high:.0f}] of {line['problems']} smooth test functions of 2 to 20"
        f" coordinates a race of {line['length']} (n + 1) values a method chose one that took at most 20 % more values"
        f" than the best one to the target {float(line['target']):g}."
    )


def _gradient(advice: Advice) -> str:
    found, first = advice.gradient, advice.best
    if found.why:
        n = advice.facts.n
        return (
            f"With a gradient: {found.why}. By reverse mode one would cost at most 5 values (Baur & Strassen 1983), by"
            f" differences it costs {n + 1}."
        )
    if not isfinite(found.reached):
        return f"With a gradient: L-BFGS was not there after {advice.each} of them; it is in another valley, or slower."
    worth = found.reached * found.price
    return (
        f"With a gradient: L-BFGS is there after {found.reached:.0f} values with gradients, worth {worth:.0f} values at"
        f" {found.price:.2g} each; {first.name} took {first.reached:.0f}."
    )


def _with(found: Estimate) -> str:
    return f"{found.value:.2g} [{found.low:.2g}, {found.high:.2g}]"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1e-3 else f"{1e6 * seconds:.0f} µs"
