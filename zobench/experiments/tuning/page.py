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
from zobench.report import contenders, files, groups, measured, records, tables
from zobench.report.groups import CLASSES
from zobench.report.page import Experiment
from zobench.report.records import Record
from zobench.report.tables import Row, rounded, value
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
    """The cells that were tuned, by column and method. ValueError where there are none."""
    loaded = records.load(paths)
    found = [_response(record, loaded) for record in loaded if record.array("tuning", "hits") is not None]
    if not found:
        raise ValueError("no cell of this experiment was tuned: run it again")
    places = list(dict.fromkeys(each.column for each in found))
    return sorted(found, key=lambda each: (places.index(each.column), each.record.n, contenders.order(each.method)))


def _response(record: Record, loaded: Sequence[Record]) -> Response:
    order = np.argsort(record.arrays["tuning/multiples"])
    multiples, hits, outcome = (record.arrays[f"tuning/{name}"][order] for name in ("multiples", "hits", "outcome"))
    gone = np.isin(outcome, ("diverged", "nan")).sum(axis=1) / (outcome != "not run").sum(axis=1)
    times, rng = np.median(hits, axis=1), np.random.default_rng(record.n)
    best = int(np.argmin(np.abs(multiples - record.meta["tuning"]["best"])))
    return Response(
        record=record,
        column=groups.column_of(record, loaded),
        method=contenders.name(record),
        multiples=multiples,
        hits=hits,
        diverged=gone,
        best=float(multiples[best]) if np.isfinite(times[best]) else nan,
        good=_good(multiples, times),
        width=_width(multiples, hits, rng),
        tested=measured.hitting_time(record, RULE, rng),
        theory=next(iter(times[multiples == 1].tolist()), nan),
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


def measures(found: Sequence[Response]) -> dict[str, Estimate]:
    """Of each class and method: the best multiple, what it gains, how wide the range of good ones is."""
    named: dict[str, Estimate] = {}
    best = {(CLASSES[each.record.metric], each.method): each.best for each in found}
    for each in found:
        name, arrived = f"{CLASSES[each.record.metric]}, {each.method}", each.multiples[np.isfinite(each.times)]
        if each.bracketed:
            named[f"{name}: best multiple of the theory step"] = Estimate(each.best)
        if arrived.size:
            named[f"{name}: largest multiple that arrives"] = Estimate(float(arrived.max()))
            named[f"{name}: theory step's time over the best one's"] = Estimate(each.theory / each.times.min())
        named[f"{name}: width of the good range"] = each.width
    for kind in CLASSES.values():
        momentum, plain = ((kind, method) for method in ("two points, momentum", "two-point descent"))
        if momentum in best and plain in best:
            name = f"{kind}: best multiple with momentum over the one without"
            named[name] = Estimate(best[momentum] / best[plain])
    return named


def line(each: Response) -> dict[str, Any]:
    """table.csv: a line for each class and method."""
    fewest = float(each.times.min())
    gain = each.theory / fewest if fewest < inf else nan
    return {
        **winner(each),
        "tries": each.multiples.size,
        "tries_calls": each.record.meta["tuning"].get("calls", nan),
        "tuning_seeds": each.hits.shape[1],
        "tried_low": float(each.multiples[0]),
        "tried_high": float(each.multiples[-1]),
        **files.ends("width", each.width),
        "theory_over_best": gain if gain < inf else nan,
        "tuning_iterations": fewest,
        "tuning_calls": fewest * each.record.calls,
        "runs": len(each.record.arrays[f"{RULE}/hits"]),
    }


def winner(each: Response) -> dict[str, Any]:
    """winners.csv: the best step, the range of good ones, and what it gives on fresh seeds."""
    record = each.record
    return {
        "column": each.column,
        "problem": record.problem,
        "n": record.n,
        "method": each.method,
        "estimator": record.estimator,
        "optimizer": records.target(record.config["optimizer"]),
        "best_multiple": each.best,
        "best_step": each.best * each.step,
        "good_multiple_low": each.good[0],
        "good_multiple_high": each.good[1],
        "good_step_low": each.good[0] * each.step,
        "good_step_high": each.good[1] * each.step,
        "bracketed": "yes" if each.bracketed else "no",
        **files.ends("iterations", each.tested),
        "calls_a_step": record.calls,
        **files.ends("calls", each.tested.times(record.calls)),
    }


def surface(each: Response) -> list[dict[str, Any]]:
    """surface.csv: the whole response, a line for each multiple."""
    low, high = np.quantile(each.hits, [0.25, 0.75], axis=1, method="inverted_cdf")
    columns = {
        "multiple": each.multiples,
        "step": each.multiples * each.step,
        "iterations": each.times,
        "iterations_quartile_1": low,
        "iterations_quartile_3": high,
        "calls": each.times * each.record.calls,
        "arrived": np.isfinite(each.hits).mean(axis=1),
        "diverged": each.diverged,
    }
    about = {"column": each.column, "n": each.record.n, "method": each.method}
    lines = np.stack(list(columns.values()), axis=1).tolist()
    return [about | dict(zip(columns, line, strict=True)) for line in lines]


def shown(rows: Sequence[Row], *_: Sequence[Row]) -> list[tables.Table]:
    """A block for each class."""
    columns: dict[str, tables.Cell] = {
        "": lambda row: f"{row['column']}, n = {row['n']}",
        "method": "method",
        "best multiple": lambda row: rounded("best_multiple")(row) + " (no bracket)" * (row["bracketed"] == "no"),
        "good multiples": _good_multiples,
        "width": rounded("width"),
        "theory/best": rounded("theory_over_best"),
        "oracle calls": _calls,
        "tuning": rounded("tries_calls"),
    }
    tries, seeds = (max(int(row[name]) for row in rows) for name in ("tries", "tuning_seeds"))
    note = f"Every method tries {tries} multiples of its theory step 1/(LB) on {seeds} held-out seeds (one where "
    note += "nothing is random): factors of 2 until the best is bracketed, then their square roots. Good: at most "
    note += "twice the time of the best, of those tried; ≤ and ≥ where no smaller or larger one was. Tuning: calls of "
    note += "all tries. Calls: to the target with the best step, on other seeds, median [95 % interval, tuning "
    note += "included]. Theory/best: time with the theory step over that with the best."
    found = tables.table("What a step size is worth", note, rows, columns, words=2)
    return [found._replace(header=["", "", *found.header[2:]])]  # a column of methods needs no head


def _good_multiples(row: Row) -> str:
    low, high = (value(row, f"good_multiple_{end}") for end in ("low", "high"))
    if low != low:
        return "none"
    below, above = "≤ " * (low == value(row, "tried_low")), "≥ " * (high == value(row, "tried_high"))
    return f"{below}{tables.significant(low)} to {above}{tables.significant(high)}"


def _calls(row: Row) -> str:
    return "not reached" if row["calls"] == "inf" else tables.spread("calls", shown=lambda x: f"{x:.0f}")(row)


EXPERIMENT = Experiment(
    question="Which step is the best for each method, and how well does one have to know it?",
    read=read,
    rows=lambda found: [line(each) for each in found],
    tables=shown,
    measures=measures,
    figures=("tuning",),
    more={
        "winners.csv": lambda found: [winner(each) for each in found],
        "surface.csv": lambda found: [one for each in found for one in surface(each)],
    },
)
