"""Tuning a step size: a search that refines, the same for every method, on seeds that are never reported."""

import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from math import ceil, inf, isfinite
from typing import NamedTuple

import numpy as np

from zobench import states, store, together
from zobench.loop import Stop, advance, events, hitting_times
from zobench.runs import Program
from zobench.states import Family

TUNING_SEEDS_FROM = 1_000_000
AHEAD = 8  # tries that are made at once, at most
GOES_ON, REFINED = 0.8, 0.3  # how often a larger step is taken to be better at first, and any one later

Score = tuple[float, ...]


class Tuning(NamedTuple):
    """Every try: multiples of the theory step [m], hitting times and outcomes [m, seeds]; the best multiple.

    `bracketed`: a smaller and a larger multiple were tried and are no better. `iterations` and `seconds`: of all tries
    together, with those of the `reused` runs, which had been made before.
    """

    multiples: np.ndarray
    hits: np.ndarray
    outcome: np.ndarray
    best: float
    bracketed: bool
    iterations: int
    seconds: float
    reused: int


class Run(NamedTuple):
    """A run of a try: hitting time and outcome, the metric at its end, iterations, seconds; whether it is known."""

    hit: float
    outcome: str
    metric: float
    iterations: int
    seconds: float
    is_known: bool = False


Longer = dict[tuple[float, int], tuple[int, Run]]  # runs of several tries, by step and seed; where each has ended


def search(
    score: Callable[[float], Score], tries: int, prepare: Callable[[list[float]], None] | None = None
) -> list[tuple[float, Score]]:
    """So many multiples and their scores, less is better, in the order in which they are tried.

    From 1, the neighbours of the best at a factor of 2, the larger first, as far as it goes on to improve; where
    neither is better the factor becomes its square root. So the best is bracketed first and then approached from both
    sides, which finds an optimum just below a cliff as well as a flat one. A tie is no improvement. What it finds is an
    optimum among its neighbours: of a response with several valleys it finds one.

    `prepare` is told before each try which ones may follow, that one first: what they need may be made together.
    """
    found: dict[float, Score] = {}
    best, apart = 0.0, 1.0  # logarithms to base 2, which stay exact
    while len(found) < tries:
        if prepare:
            prepare([2.0**place for place in likely({*found}, best, apart, min(AHEAD, tries - len(found)))])
        place, apart = _next(found, best, apart)
        found[place] = score(2.0**place)
        best = place if found[place] < found[best] else best
    return [(2.0**place, value) for place, value in found.items()]


def _next(found: Container[float], best: float, apart: float) -> tuple[float, float]:
    """Where `search` looks next, and how far apart neighbours are then."""
    while True:
        for place in (best, best + apart, best - apart):
            if place not in found:
                return place, apart
        apart /= 2


def likely(found: set[float], best: float, apart: float, many: int) -> list[float]:
    """So many places at which `search` may look next, whatever is found there, the likeliest first."""
    ways, count, places = [(-1.0, 0, frozenset(found), best, apart)], 0, []
    while len(places) < many:
        odds, _, known, best, apart = heappop(ways)
        place, apart = _next(known, best, apart)
        places += [] if place in places else [place]
        better = 1.0 if not known else GOES_ON if place > best and apart == 1 else REFINED
        for share, then in ((better, place), (1 - better, best)):
            count += 1
            heappush(ways, (odds * share, count, known | {place}, then, apart))
    return places


def penalised(hits: np.ndarray, cap: float) -> np.ndarray:
    """Mean hitting time over the last axis, a run that did not arrive counted as twice the cap; inf where none did.

    (PAR2, Hutter et al. 2009.) A median would take a step at the edge of a cliff, where nearly half of the runs fail.
    """
    mean = np.where(np.isfinite(hits), hits, 2 * cap).mean(axis=-1)
    return np.where(np.isfinite(hits).any(axis=-1), mean, inf)


def tune(
    program: Program,
    base: float,
    tries: int,
    seeds: Sequence[int],
    stop: Stop,
    progress: Callable[[int], None],
    family: Family | None = None,
) -> Tuning:
    """`search` for the least penalised mean hitting time, all tries on the same seeds.

    Where none arrives, for the least median metric at the end, and for a smaller step where runs diverge. A seed is
    given up at twice the best time so far, and a multiple where the first half of its seeds and one more are: they
    count as censored (inf), those not tried with the outcome "not run". Runs that are saved are not made again.
    `progress` is told 0 all the time: it is where the user may put an end to it.
    """
    known, number = _load(family, base, stop, seeds), program.problem.x0.dtype.type
    longer: Longer = {}
    many = program.size // len(seeds)  # tries that go together at no more cost than one, as there is room for them
    hits, outcome, least, used, begun = [], [], inf, [], len(known)
    save = partial(_save, family, base, stop, seeds, known)
    look = states.now_and_then(save)

    def capped_now() -> Stop:
        return stop._replace(cap=min(stop.cap, ceil(2 * least)) if isfinite(least) else stop.cap)

    def prepare(multiples: list[float]) -> None:
        steps = [multiple * base for multiple in multiples[: max(many, 1)]]
        _run_all(program, steps, seeds, capped_now(), known, longer, lambda k: progress(0))

    def score(multiple: float) -> Score:
        nonlocal least
        capped = capped_now()
        times, ends, metrics = np.full(len(seeds), inf), np.full(len(seeds), "not run", object), []
        for i, seed in enumerate(seeds):
            if i > len(seeds) / 2 and np.isinf(times[:i]).all():
                break
            run = _run(program, multiple * base, seed, capped, known, longer, lambda k: progress(0))
            look()
            times[i], ends[i] = run.hit, run.outcome
            metrics.append(inf if ends[i] in ("diverged", "nan") else number(run.metric))
            used.append(run)
        hits.append(times)
        outcome.append(ends.astype(str))
        mean = float(penalised(times, capped.cap))
        least = min(least, mean)
        return (mean,) if isfinite(mean) else (inf, float(np.median(metrics)), multiple)

    try:
        found = search(score, tries, prepare if program.size else None)
    finally:
        if len(known) > begun:
            save()
    multiples = np.array([multiple for multiple, _ in found])
    best, _ = min(found, key=lambda tried: tried[1])  # of equal ones the first, which `search` has gone on from
    bracketed = bool(multiples.min() < best < multiples.max())
    iterations, seconds = sum(run.iterations for run in used), sum(run.seconds for run in used)
    reused = sum(run.is_known for run in used)
    return Tuning(multiples, np.array(hits), np.array(outcome), best, bracketed, iterations, seconds, reused)


def _run_all(
    program: Program,
    steps: Sequence[float],
    seeds: Sequence[int],
    stop: Stop,
    known: dict[str, Run],
    longer: Longer,
    progress: Callable[[int], None],
) -> None:
    """The runs of several tries together, unless those of the first are known; also runs that are then given up."""

    def is_told(step: float, seed: int) -> bool:
        made = longer.get((step, seed))
        return _name(step, seed, stop) in known or (bool(made) and _can_be_cut(made[0], stop.cap, program.every))

    is_made = {step: all(is_told(step, seed) for seed in seeds) for step in steps}
    if is_made[steps[0]]:
        return
    asked = [(step, seed) for step in steps if not is_made[step] for seed in seeds]
    curves = together.advance(program, [step for step, _ in asked], [s for _, s in asked], stop, progress, stays=True)
    (hits, outcomes), lost, section = hitting_times(curves, stop), events(curves, stop)[1], program.records
    for i, one in enumerate(asked):
        made = (lost[i].argmax() // section + 1) * section * program.every if lost[i].any() else stop.cap
        iterations = int(hits[i] if isfinite(hits[i]) else min(made, stop.cap))
        metric = float(getattr(curves, stop.metric)[i, -1])
        seconds = curves.seconds / len(seeds) if one[0] == steps[0] else 0.0  # which may be the only try that is used
        ended = hits[i] if isfinite(hits[i]) else curves.k[lost[i].argmax()] if lost[i].any() else stop.cap
        longer[one] = int(ended), Run(float(hits[i]), str(outcomes[i]), metric, iterations, seconds)


def _can_be_cut(ended: int, cap: int, every: int) -> bool:
    """Whether a run to the cap ends as the longer one says: it has a record there, which may be between two of that."""
    return ended <= cap or ended - every >= cap or cap % every == 0


def _cut(ended: int, run: Run, cap: int) -> Run:
    """The same run to a cap that may be smaller, as some other may have arrived since (`_can_be_cut`).

    Where f − f* is not monotone a run to the cap may also arrive there and no longer have arrived a record later.
    """
    if ended <= cap:
        return run._replace(iterations=min(run.iterations, cap))
    return run._replace(hit=inf, outcome="not reached", iterations=cap)


def _name(step: float, seed: int, stop: Stop) -> str:
    return f"{step.hex()} {seed} {stop.cap}"


def _run(
    program: Program,
    step: float,
    seed: int,
    stop: Stop,
    known: dict[str, Run],
    longer: Longer,
    progress: Callable[[int], None],
) -> Run:
    """A run of a try, made and added unless it is known."""
    name = _name(step, seed, stop)
    if name not in known and (step, seed) in longer:
        known[name] = _cut(*longer[step, seed], stop.cap)
    if name in known:
        return known[name]
    start = time.perf_counter()
    curves = advance(program, [step], [seed], stop, progress, stays=True)
    (hit,), (outcome,) = hitting_times(curves, stop)
    iterations = int(hit) if isfinite(hit) else curves.iterations
    metric = float(getattr(curves, stop.metric)[0, -1])
    run = Run(float(hit), str(outcome), metric, iterations, time.perf_counter() - start)
    if not curves.failure:
        known[name] = run._replace(is_known=True)
    return run


def _load(family: Family | None, base: float, stop: Stop, seeds: Sequence[int]) -> dict[str, Run]:
    """The runs that are saved of these tries, by step, seed and cap."""
    found: dict[str, Run] = {}
    for saved in states.load(family, _decided_by(base, stop), seeds):
        with suppress(KeyError, TypeError, AttributeError):  # of another version
            found |= {name: Run(*run, is_known=True) for name, run in saved.meta["runs"].items()}
    return found


def _save(family: Family | None, base: float, stop: Stop, seeds: Sequence[int], known: dict[str, Run]) -> None:
    runs = {name: run[:-1] for name, run in known.items()}
    states.save(family, _decided_by(base, stop), seeds, {}, {"runs": runs})


def _decided_by(base: float, stop: Stop) -> str:
    """What tries have in common, but for their seeds."""
    return store.digest("tuning", *(float(number).hex() for number in (base, stop.target, stop.ceiling)), stop.metric)
