"""Methods side by side on one function, each with the same few values: which would reach a target with the fewest."""

from collections.abc import Callable, Sequence
from math import inf, isfinite, isnan, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np

from zobench.advising.probe import Facts, Function
from zobench.asking import minimizer
from zobench.errors import one_line, printable
from zobench.estimators import two_point
from zobench.methods import one_plus_one, random_pursuit
from zobench.results import What
from zobench.solvers import cma, scipy

LARGE = 1000  # coordinates beyond which nothing is begun that cannot come to an end, or asks for n² numbers
AGAIN = 9  # values at the best point of each, where values are random


class Contender(NamedTuple):
    """A method, the overrides of a command that runs it, up to which n it takes part, its step, and its quotient."""

    name: str
    make: Callable[[Facts], What]
    overrides: str
    most: int = 10**9
    step: Callable[[Facts], Any] = lambda facts: "theory"
    quotient: Literal["central", "forward", "second"] | None = None


def two_point_step(facts: Facts) -> float:
    """α = (n+2)/(n (tr H + 2L)) of two-point descent along the sphere, with ‖H‖_F = tr H/√rank for L ≤ ‖H‖_F.

    It makes the bound f₊ ≤ f − α‖g‖² + ½α² n/(n+2) (tr H + 2L) ‖g‖² least. A curvature that is not positive counts by
    its size: it is the scale at which f bends.
    """
    rank = facts.rank.value if isfinite(facts.rank.value) else 1.0
    return (facts.n + 2) / (facts.n * abs(facts.trace.value) * (1 + 2 / sqrt(rank)))


def _overrides(contender: Contender, facts: Facts) -> str:
    """The contender's, with the step size that it took, and the difference step where values are random."""
    eps, step = facts.eps_of(contender.quotient) if contender.quotient else None, contender.step(facts)
    group = contender.overrides.partition("=")[0]
    return (
        contender.overrides
        + (f" {group}.eps={eps:.3g}" if eps else "")
        + ("" if step == "theory" else f" step={step:.3g}")
    )


CONTENDERS = (
    Contender(
        "L-BFGS, differences",
        lambda facts: scipy("L-BFGS-B", "forward", eps=facts.eps_of("forward")),
        "method=lbfgs method.gradient=forward",
        quotient="forward",
    ),
    Contender(
        "BFGS, differences",
        lambda facts: scipy("BFGS", "forward", eps=facts.eps_of("forward")),
        "method=bfgs method.gradient=forward",
        1000,
        quotient="forward",
    ),
    Contender("COBYQA", lambda facts: scipy("COBYQA", "none"), "method=cobyqa", 100),
    Contender("Powell", lambda facts: scipy("Powell", "none"), "method=powell", 3000),  # it keeps n² numbers
    Contender("CMA-ES", lambda facts: cma(), "method=cma", 1000),
    Contender("(1+1)-ES", lambda facts: one_plus_one(), "method=one_plus_one"),
    Contender(
        "random pursuit",
        lambda facts: random_pursuit(eps=facts.eps_of("second")),
        "method=random_pursuit",
        quotient="second",
    ),
    Contender(
        "two-point descent",
        lambda facts: two_point(eps=facts.eps_of("central")),
        "estimator=two_point",
        step=two_point_step,
        quotient="central",
    ),
)


class Entry(NamedTuple):
    """What a contender did: `values` in the order asked, the lowest of them, where it is; why it is not in.

    `reached`: after how many values it was at the level of the race, inf if it was not. `shown`: its value at the best
    point, asked again where values are random, as the lowest of many random values is lower than the function.
    """

    name: str
    overrides: str
    values: np.ndarray = np.empty(0)
    lowest: float = inf
    x: np.ndarray = np.empty(0)
    shown: float = inf
    reached: float = inf
    left_out: str = ""


def race(f: Function, x0: np.ndarray, facts: Facts, each: int, target: float, seed: int = 0) -> list[Entry]:
    """Every contender from x0 with `each` values, those first that reach the level with the fewest.

    Contenders that do not reach the level (`level_of`) follow by their value. One that cannot run here is left out,
    with the reason. Asks at most `each` values for each contender, and AGAIN more where values are random.
    """
    entries = [run(contender, f, x0, facts, each, seed) for contender in CONTENDERS]
    level = level_of(entries, facts, target)
    placed = [entry._replace(reached=_reached(entry, level)) for entry in entries]
    return sorted(placed, key=lambda entry: (entry.reached, entry.shown))


def level_of(entries: Sequence[Entry], facts: Facts, target: float) -> float:
    """f_low + target·(f(x0) − f_low), f_low the lowest value that any of them found.

    Where values are random it is at least two standard deviations above f_low: what is nearer is luck.
    """
    low = min(entry.shown for entry in entries)
    return low + max(target * max(facts.value - low, 0.0), 0.0 if facts.repeats else 2 * facts.noise)


def _reached(entry: Entry, level: float) -> float:
    under = np.flatnonzero(entry.values <= level)
    return float(under[0] + 1) if under.size and entry.shown <= level else inf


def run(contender: Contender, f: Function, x0: np.ndarray, facts: Facts, each: int, seed: int) -> Entry:
    """A contender's run, until its values are used up."""
    entry = Entry(contender.name, _overrides(contender, facts))
    if facts.n > contender.most:
        return entry._replace(left_out=f"it takes too long beyond n = {contender.most}")
    if contender.quotient == "forward" and facts.n > LARGE and each <= facts.n:
        return entry._replace(left_out=f"no gradient by differences fits into {each} values")
    try:
        asks = minimizer(contender.make(facts), x0, step=contender.step(facts), seed=seed)
    except ValueError as error:
        return entry._replace(left_out=printable(one_line(error)))
    values: list[float] = []
    try:
        while not asks.done and len(values) + len(points := asks.ask()) <= each:
            if not np.isfinite(points).all():  # a value that was none took it there
                entry = entry._replace(left_out="it ended: its next point is no number")
                break
            told = [inf if isnan(value := float(f(x))) else value for x in points]
            values += told
            asks.tell(told)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:  # of the solver's own
        entry = entry._replace(left_out=printable(f"it ended: {one_line(error)}"))
    finally:
        asks.close()
    finite = np.where(np.isfinite(values), values, inf)
    if facts.repeats or not np.isfinite(asks.value):
        return entry._replace(values=finite, lowest=asks.value, x=asks.x, shown=asks.value)
    again = [value for value in (f(asks.x) for _ in range(AGAIN)) if isfinite(value)]
    shown = float(np.mean(again)) if again else inf
    return entry._replace(values=finite, lowest=asks.value, x=asks.x, shown=shown)
