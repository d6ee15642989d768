"""A language model's slowdown without gradients, against n and against what its measured curvature predicts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zobench import statistics
from zobench.advising.forecast import SHARES
from zobench.experiments.finetuning_rank import minibatches
from zobench.experiments.finetuning_rank.readings import (
    LAST,
    best,
    by_flow,
    case,
    growth,
    growth_told,
    held,
    over,
    over_told,
    rank,
    slowdown,
    stepped,
    told,
    whole,
)
from zobench.experiments.finetuning_rank.study import CHOSEN_ON
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a case and loss, with all sequences in each evaluation."""
    return [_row(record, i) for record in whole(found) for i in range(len(SHARES))]


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
    return [line for record in whole(found) for line in _points(record)]


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


def shown(rows: Sequence[tables.Row], points: Sequence[tables.Row], few: Sequence[tables.Row]) -> list[tables.Table]:
    """A line a case and loss, a line a loss with minibatches, and a line a point of the way."""
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
    note += "where SGD meets that loss, 0 where tr H is below; a: its step. By rule: steps 1/L and "
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
        minibatches.beside(few),
        tables.table("Its curvature on the way", low, points, curved),
    ]


def by_width(found: Sequence[Record]) -> dict[str, Estimate]:
    """How the slowdown of random weights at the last loss grows from the narrowest to the widest, over how n does."""
    random = [record for record in found if "random weights" in case(record)]
    if len(random) < 2:
        return {}
    narrow, wide = random[0], random[-1]
    grown = over(slowdown(wide, LAST), slowdown(narrow, LAST))
    return {"random weights: growth of slowdown over that of n": grown.times(narrow.meta["n"] / wide.meta["n"])}


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Slowdowns over r + 2 and over n, how the trace grows, and where steps that are too long end."""
    return {**minibatches.by_minibatch(found), **by_width(whole(found)), **_measures(whole(found))}


def _measures(found: Sequence[Record]) -> dict[str, Estimate]:
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
    more={"curvature.csv": curvature, "minibatches.csv": minibatches.minibatches},
)
