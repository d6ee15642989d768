"""A language model's slowdown without gradients, against n and against what its measured curvature predicts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zobench import statistics
from zobench.advising.forecast import SHARES
from zobench.experiments.finetuning_rank.study import CHOSEN_ON
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record

LAST = len(SHARES) - 1


def case(record: Record) -> str:
    """Which parameters move, a key of the study's CASES."""
    return record.meta["config"]["study"]["case"]


def best(record: Record) -> int:
    """Which of the steps that were tried met the last loss first."""
    return int(np.argmin(np.median(record.arrays["two_point"][..., LAST], axis=1)))


def slowdown(record: Record, loss: int, ruled: bool = False) -> Estimate:
    """Two-point iterations over those of gradient descent, each at its best step; `ruled`: each at the spectrum's."""
    iterations = record.arrays["two_point"][0 if ruled else best(record), :, loss]
    gradient = record.arrays["gd_ruled" if ruled else "gd"][loss]
    return statistics.median(iterations, np.random.default_rng(record.meta["n"])).times(1 / gradient)


def rank(record: Record, loss: int) -> float:
    """r + 2 = tr H/λ₁ + 2 where gradient descent meets the loss."""
    return float(record.arrays["trace"][loss + 1] / record.arrays["largest"][loss + 1] + 2)


def stepped(record: Record) -> float:
    """a(T + 2L): gradient descent's best step a over 1/(T + 2L), that of the two-point method by the rule."""
    return record.meta["gd_step"] / record.meta["rule"]


def told(record: Record, loss: int) -> float:
    """K/K_SGD as `advising.forecast` says it before the runs."""
    iterations = record.arrays["told"]
    return float(iterations[int(np.argmin(iterations[:, LAST])), loss] / record.arrays["gd"][loss])


def over_told(record: Record, loss: int) -> Estimate:
    """What was found over what was told."""
    return slowdown(record, loss).times(1 / told(record, loss))


def by_flow(record: Record, loss: int) -> float:
    """2τT/K_SGD: τ what gradient flow takes to the loss, T the largest tr H on the way of gradient descent."""
    return float(2 * record.arrays["flow"][loss] * record.meta["T"] / record.arrays["gd"][loss])


def growth(record: Record) -> float:
    """tr H where the two-point method ends at its best step over that where gradient descent meets the last loss."""
    trace, last = record.arrays["trace"], record.meta["on_the_way"]
    return float(trace[last + best(record)] / trace[last - 1])


def growth_told(record: Record) -> float:
    """tr H where the two-point method ends at its best step over that where the forecast of it ends."""
    trace = record.arrays["trace"]
    return float(trace[record.meta["on_the_way"] + best(record)] / trace[-1])


def held(record: Record) -> list[float]:
    """a tr H/2 where the first run ends of each step a that is longer than the best and misses the last loss."""
    arrays, longer = record.arrays, range(best(record))
    traces, steps = arrays["trace"][record.meta["on_the_way"] : -1], arrays["multiples"] * record.meta["rule"]
    return [float(steps[i] * traces[i] / 2) for i in longer if arrays["two_point"][i, 0, LAST] == np.inf]


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a case and loss."""
    return [_row(record, i) for record in found for i in range(len(SHARES))]


def _row(record: Record, i: int) -> dict[str, Any]:
    meta, arrays = record.meta, record.arrays
    return {
        "case": case(record),
        "n": meta["n"],
        "share": SHARES[i],
        "loss": arrays["losses"][i],
        "r_plus_2": rank(record, i),
        "r_plus_2_by_rule": meta["r_plus_2"],
        "steps": stepped(record),
        "told": told(record, i),
        "by_flow": by_flow(record, i),
        "chosen_on": case(record) in CHOSEN_ON,
        "iterations_gd": arrays["gd"][i],
        "iterations_two_point": np.median(arrays["two_point"][best(record), :, i]),
        **files.ends("slowdown", slowdown(record, i)),
        "over": slowdown(record, i).value / rank(record, i),
        "over_steps": slowdown(record, i).value / stepped(record),
        **files.ends("over_told", over_told(record, i)),
        "told_step": arrays["told_steps"][int(np.argmin(arrays["told"][:, LAST]))],
        "iterations_gd_by_rule": arrays["gd_ruled"][i],
        "iterations_two_point_by_rule": np.median(arrays["two_point"][0, :, i]),
        "slowdown_by_rule": slowdown(record, i, ruled=True).value,
        "gd_step": meta["gd_step"],
        "gd_rule": 1 / meta["L"],
        "two_point_step": meta["rule"] * arrays["multiples"][best(record)],
        "two_point_rule": meta["rule"],
    }


def curvature(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a point: the start, where gradient descent meets each loss, and where each step of two points ends."""
    return [line for record in found for line in _points(record)]


def _points(record: Record) -> list[dict[str, Any]]:
    arrays, way = record.arrays, record.meta["on_the_way"]
    steps = arrays["multiples"] * record.meta["rule"]
    at = ["start", *["SGD"] * (way - 1), *(f"two points, a = {step:.2g}" for step in steps), "forecast"]
    steps = np.append(steps, arrays["told_steps"][int(np.argmin(arrays["told"][:, LAST]))])
    share = [None] * way + list(steps * arrays["trace"][way:] / 2)
    names = ("f", "trace", "error", "largest", "along")
    return [
        {"case": case(record), "n": record.meta["n"], "at": at[i], **{name: arrays[name][i] for name in names}}
        | {"half_step_trace": share[i]}
        | {f"ritz_{j + 1}": value for j, value in enumerate(arrays["ritz"][i])}
        for i in range(len(at))
    ]


def shown(rows: Sequence[tables.Row], points: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a case and loss, and a line a point of the way."""
    columns: dict[str, tables.Cell] = {
        "": "case",
        "n": lambda row: f"{int(row['n']):,}",
        "loss": fixed("loss"),
        "K of SGD": fixed("iterations_gd", 1),
        "K of two points": fixed("iterations_two_point", 0),
        "K/K_SGD": rounded("slowdown"),
        "told": rounded("told"),
        "over told": tables.spread("over_told"),
        "2τT/K_SGD": rounded("by_flow"),
        "r + 2": rounded("r_plus_2"),
        "a(tr H + 2L)": rounded("steps"),
        "K/K_SGD, by rule": rounded("slowdown_by_rule"),
        "r + 2, by rule": rounded("r_plus_2_by_rule"),
    }
    note = (
        "Iterations to a loss, all sequences in each evaluation, each method at the best step of a grid; r = tr H/λ₁ "
    )
    note += "where SGD meets that loss; a: its step. By rule: steps 1/L and "
    note += "1/(tr H + 2L), of the largest L and tr H on the way of SGD; inf: not met. Medians over runs."
    low = "tr H by Hutchinson's estimator ± its standard error; λ₁, λ₅ by Lanczos' method; the curvature along the "
    low += "gradient. Two points: where the first run of each step a ends, at the last loss or later; a tr H/2 = 1 is "
    low += "the limit of a quadratic."
    curved: dict[str, tables.Cell] = {
        "": "case",
        "at": "at",
        "loss": fixed("f"),
        "tr H": lambda row: f"{tables.value(row, 'trace'):.3g} ± {tables.value(row, 'error'):.1g}",
        "λ₁": rounded("largest"),
        "λ₅": rounded("ritz_5"),
        "along g": rounded("along"),
        "tr H/λ₁": lambda row: f"{tables.value(row, 'trace') / tables.value(row, 'largest'):.3g}",
        "a tr H/2": rounded("half_step_trace", 2),
    }
    return [
        tables.table("A language model without gradients", note, rows, columns),
        tables.table("Its curvature on the way", low, points, curved),
    ]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Slowdowns over r + 2 and over n, how the trace grows, and where steps that are too long end."""
    n, ends = [record.meta["n"] for record in found], [slowdown(record, LAST) for record in found]
    losses = range(len(SHARES))
    tuned = [slowdown(record, i).times(1 / rank(record, i)) for record in found for i in losses]
    steps = [slowdown(record, i).times(1 / stepped(record)) for record in found for i in losses]
    halves = [[over_told(r, i) for r in found if (case(r) in CHOSEN_ON) is on for i in losses] for on in (True, False)]
    flows = [slowdown(record, i).times(1 / by_flow(record, i)) for record in found for i in losses]
    long = [record.meta["gd_step"] * record.arrays["largest"][record.meta["on_the_way"] - 1] for record in found]
    start = [record.arrays["trace"][0] / max(record.arrays["trace"]) for record in found]
    return {
        **lines.extremes("slowdown over r + 2", tuned),
        **lines.extremes("slowdown over a(tr H + 2L), a the best step of SGD", steps),
        **lines.extremes("slowdown over what was told, sets it was chosen on", halves[0]),
        **lines.extremes("slowdown over what was told, other sets", halves[1]),
        **lines.extremes("slowdown over 2τT/K_SGD, T the largest tr H on SGD's way", flows),
        **lines.extremes("tr H where two points end over where the forecast does", map(growth_told, found)),
        **lines.extremes("aλ₁ of SGD at its best step, last loss", long),
        **lines.extremes("slowdown over n", [one.times(1 / size) for one, size in zip(ends, n, strict=True)]),
        "slowdown: slope in n": statistics.exponent(n, ends),
        **lines.extremes("tr H where two points end over SGD's", map(growth, found)),
        **lines.extremes("tr H at the start over its largest", start),
        **lines.extremes(
            "a tr H/2 where a step missed the last loss", [share for record in found for share in held(record)]
        ),
    }


EXPERIMENT = Experiment(
    question="Does the curvature of a language model, not its size, say what training without gradients costs?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: (record.meta["n"], case(record))),
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("rank",),
    more={"curvature.csv": curvature},
)
