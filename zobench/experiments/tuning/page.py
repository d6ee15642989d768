"""experiment=tuning: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

import numpy as np

from zobench.experiments.tuning import numbers
from zobench.experiments.tuning.numbers import Response
from zobench.report import files, page, tables
from zobench.report.groups import CLASSES
from zobench.report.page import closing
from zobench.statistics import Estimate

METHODS = (
    "gradient descent",
    "difference descent",
    "two-point descent",
    "SPSA",
    "two points, momentum",
    "two points, Adam",
)
FILES = (*page.names("tuning"), "winners.csv", "surface.csv")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.tuning import figures

    page.read(records)  # refuses where nothing ended well
    found = numbers.read(records)
    files.write_csv(folder / "winners.csv", [numbers.winner(each) for each in found])
    files.write_csv(folder / "surface.csv", [line for each in found for line in _surface(each)])
    rows = numbers.rows(found)
    files.write_csv(folder / "table.csv", rows)
    page.write(folder, "tuning", records, rows, summary(folder), measures(records))
    figures.draw(found, folder)


def _surface(each: Response) -> list[dict[str, object]]:
    """surface.csv: the whole response, a line for each multiple."""
    about = {"column": each.column, "n": each.record.n, "method": each.method}
    low, high = np.quantile(each.hits, [0.25, 0.75], axis=1, method="inverted_cdf")
    return [
        {
            **about,
            "multiple": float(multiple),
            "step": float(multiple) * each.step,
            "iterations": float(each.times[i]),
            "iterations_quartile_1": float(low[i]),
            "iterations_quartile_3": float(high[i]),
            "calls": float(each.times[i]) * each.record.calls,
            "arrived": float(np.isfinite(each.hits[i]).mean()),
            "diverged": float(each.diverged[i]),
        }
        for i, multiple in enumerate(each.multiples)
    ]


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Of each class and method: the best multiple, what it gains, how wide the range of good ones is; nan: unknown."""
    found = {(CLASSES[each.record.metric], each.method): each for each in numbers.read(records)}
    measured = {}
    for kind in CLASSES.values():
        for method in METHODS:
            each = found.get((kind, method))
            gain = each.theory / each.times.min() if each and np.isfinite(each.times.min()) else nan
            name = f"{kind}, {method}"
            measured[f"{name}: best multiple of the theory step"] = Estimate(
                each.best if each and each.bracketed else nan
            )
            measured[f"{name}: largest multiple that arrives"] = Estimate(_largest(each))
            measured[f"{name}: theory step's time over the best one's"] = Estimate(gain)
            measured[f"{name}: width of the good range"] = each.width if each else Estimate(nan)
            measured[f"{name}: calls over those of two-point descent"] = _over(each, found.get((kind, METHODS[2])))
        pair = [found.get((kind, method)) for method in (METHODS[4], METHODS[2])]
        ratio = pair[0].best / pair[1].best if pair[0] and pair[1] else nan
        measured[f"{kind}: best multiple with momentum over the one without"] = Estimate(ratio)
    return measured


def _largest(each: Response | None) -> float:
    arrived = each.multiples[np.isfinite(each.times)] if each else np.empty(0)
    return float(arrived.max()) if arrived.size else nan


def _over(each: Response | None, base: Response | None) -> Estimate:
    """Median calls on the reported seeds over those of another method, which are fresh draws of their own."""
    if each is None or base is None or not np.isfinite([each.tested.value, base.tested.value]).all():
        return Estimate(nan)
    ratio = each.tested.times(each.record.calls / base.record.calls / base.tested.value)
    if each.method == base.method or not (ratio.draws.size and base.tested.draws.size):
        return Estimate(ratio.value)
    draws = ratio.draws * base.tested.value / base.tested.draws[: ratio.draws.size]
    low, high = (float(end) for end in np.quantile(draws, [0.025, 0.975]))
    return Estimate(ratio.value, low, high, draws, runs=min(each.tested.runs, base.tested.runs))


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: a block for each class."""
    lines, last = [], ""
    rows = files.read_csv(folder / "table.csv")
    header = ["", "", "best multiple", "good multiples", "width", "theory/best", "oracle calls", "tuning"]
    for row in rows:
        title = f"{row['column']}, n = {row['n']}"
        lines.append([title if title != last else "", row["method"], *_line(row)])
        last = title
    tries, seeds = (max((int(row[name]) for row in rows), default=0) for name in ("tries", "tuning_seeds"))
    note = f"Every method tries {tries} multiples of its theory step 1/(LB) on {seeds} held-out seeds (one where "
    note += (
        "nothing is random): factors of 2 until the best is bracketed, then their square roots. Good: at most twice "
    )
    note += "the time of the best, of those tried; ≤ and ≥ where no smaller or larger one was. Tuning: calls of all "
    note += "tries. Calls: to the target with the best step, on other seeds, median [95 % interval, tuning included]. "
    note += "Theory/best: time with the theory step over that with the best."
    return [tables.Table("What a step size is worth", note, header, lines, 2)] if rows else []


def _line(row: dict[str, str]) -> list[str]:
    low, high = row["good_multiple_low"], row["good_multiple_high"]
    below = "≤ " if low and low == row["tried_low"] else ""
    above = "≥ " if high and high == row["tried_high"] else ""
    ends = [tables.significant(files.number(end)) for end in (low, high)]
    good = f"{below}{ends[0]} to {above}{ends[1]}" if low else "none"
    best = tables.significant(files.number(row["best_multiple"])) + (
        " (no bracket)" if row["bracketed"] == "no" else ""
    )
    width, gain = (tables.significant(files.number(row[name])) for name in ("width", "theory_over_best"))
    return [best, good, width, gain, _calls(row), tables.significant(files.number(row["tries_calls"]))]


def _calls(row: dict[str, str]) -> str:
    value, low, high = (files.number(row[f"calls{end}"]) for end in ("", "_low", "_high"))
    if not np.isfinite(value):
        return "not reached" if value == value else ""
    return f"{value:.0f}" + (f" [{low:.0f}, {high:.0f}]" if low == low else "")
