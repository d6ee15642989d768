"""The response of each method to its step: the hitting time at each multiple that was tried, on held-out seeds.

All methods are tuned by the same search, with as many tries and the same seeds. A step is good where it needs at most
twice the time of the best one: the range of good steps says how well one has to know it. Its ends are steps that were
tried, so that the range is at least that wide.
"""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from zobench import statistics
from zobench.report import contenders, groups, measured
from zobench.report import records as reading
from zobench.report.records import Record
from zobench.statistics import Estimate

GOOD = 2.0  # times the best hitting time
RULE = "tuned"


class Response(NamedTuple):
    """A method on a problem: multiples [m] rising, hits [m, seeds] in iterations, diverged [m] of the seeds tried.

    `best` is the multiple that was taken, `good` the least and largest of those around it within twice its time.
    `tested` is the time with it on the reported seeds, `theory` the time of the multiple 1, `width` good[1]/good[0].
    """

    record: Record
    column: str
    method: str
    multiples: ndarray
    hits: ndarray
    diverged: ndarray
    best: float
    good: tuple[float, float]
    width: Estimate
    tested: Estimate
    theory: float

    @property
    def times(self) -> ndarray:
        """Median over the held-out seeds, [m]; inf where half of them never arrived, or were given up."""
        return np.median(self.hits, axis=1)

    @property
    def step(self) -> float:
        """The step of the multiple 1."""
        return float(self.record.meta["rules"][RULE]["step"]) / self.best

    @property
    def bracketed(self) -> bool:
        """Whether a smaller and a larger step were tried and are no better."""
        return bool(self.multiples[0] < self.best < self.multiples[-1])


def read(paths: Sequence[Path]) -> list[Response]:
    """The cells that were tuned, by column and method."""
    records = reading.load(paths)
    found = [_response(record, records) for record in records if record.array("tuning", "hits") is not None]
    places = list(dict.fromkeys(each.column for each in found))
    return sorted(found, key=lambda each: (places.index(each.column), each.record.n, contenders.order(each.method)))


def _response(record: Record, records: Sequence[Record]) -> Response:
    arrays = {name: record.arrays[f"tuning/{name}"] for name in ("multiples", "hits", "outcome")}
    order = np.argsort(arrays["multiples"])
    multiples, hits = arrays["multiples"][order], arrays["hits"][order]
    outcome = arrays["outcome"][order]
    gone = np.isin(outcome, ("diverged", "nan")).sum(axis=1) / (outcome != "not run").sum(axis=1)
    times = np.median(hits, axis=1)
    best = int(np.argmin(np.abs(multiples - record.meta["tuning"]["best"])))
    rng = np.random.default_rng(record.n)
    known = np.isfinite(times[best])
    return Response(
        record=record,
        column=groups.column_of(record, records),
        method=contenders.name(record),
        multiples=multiples,
        hits=hits,
        diverged=gone,
        best=float(multiples[best]) if known else nan,
        good=_good(multiples, times),
        width=_width(multiples, hits, rng),
        tested=measured.hitting_time(record, RULE, rng),
        theory=float(times[multiples == 1][0]) if (multiples == 1).any() else nan,
    )


def _good(multiples: ndarray, times: ndarray) -> tuple[float, float]:
    """The multiples next to the best one, all within twice its time; (nan, nan) where none arrived."""
    best = int(np.argmin(times))
    if not np.isfinite(times[best]):
        return nan, nan
    bad = np.flatnonzero(~(times <= GOOD * times[best]))
    below, above = bad[bad < best], bad[bad > best]
    first = below[-1] + 1 if below.size else 0
    last = above[0] - 1 if above.size else len(times) - 1
    return float(multiples[first]), float(multiples[last])


def _width(multiples: ndarray, hits: ndarray, rng: np.random.Generator) -> Estimate:
    """good[1]/good[0], resampled over the held-out seeds."""
    seeds = hits.shape[1]
    low, high = _good(multiples, np.median(hits, axis=1))
    drawn = [_good(multiples, np.median(hits[:, chosen], axis=1)) for chosen in statistics.resamples(seeds, rng)[:500]]
    draws = np.array([above / below for below, above in drawn])
    return Estimate(high / low, *statistics.interval(draws, seeds), draws, runs=seeds)


def rows(found: Sequence[Response]) -> list[dict[str, Any]]:
    """table.csv: a line for each class and method."""
    return [_row(each) for each in found]


def _row(each: Response) -> dict[str, Any]:
    calls, times = each.record.calls, each.times
    known = np.isfinite(times.min())
    gain = each.theory / times.min() if known else nan
    return {
        **winner(each),
        "tries": each.multiples.size,
        "tries_calls": each.record.meta.get("tuning", {}).get("calls", nan),
        "tuning_seeds": each.hits.shape[1],
        "tried_low": float(each.multiples[0]),
        "tried_high": float(each.multiples[-1]),
        "width": each.width.value,
        "width_low": each.width.low,
        "width_high": each.width.high,
        "theory_over_best": gain if gain < inf else nan,
        "tuning_iterations": float(times.min()),
        "tuning_calls": float(times.min()) * calls,
        "runs": len(each.record.arrays[f"{RULE}/hits"]),
    }


def winner(each: Response) -> dict[str, Any]:
    """A line of winners.csv: the best step, the range of good ones, and what it gives on fresh seeds."""
    record, config = each.record, each.record.meta["config"]
    return {
        "column": each.column,
        "problem": record.problem,
        "n": record.n,
        "method": each.method,
        "estimator": record.estimator,
        "optimizer": reading.target(config["optimizer"]),
        "best_multiple": each.best,
        "best_step": each.best * each.step,
        "good_multiple_low": each.good[0],
        "good_multiple_high": each.good[1],
        "good_step_low": each.good[0] * each.step,
        "good_step_high": each.good[1] * each.step,
        "bracketed": "yes" if each.bracketed else "no",
        "iterations": each.tested.value,
        "iterations_low": each.tested.low,
        "iterations_high": each.tested.high,
        "calls_a_step": record.calls,
        "calls": each.tested.value * record.calls,
        "calls_low": each.tested.low * record.calls,
        "calls_high": each.tested.high * record.calls,
    }
