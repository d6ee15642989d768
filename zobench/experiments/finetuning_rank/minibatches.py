"""The slowdown with minibatches in both methods, beside that with all sequences and what was told of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zobench import statistics
from zobench.advising.forecast import SHARES
from zobench.experiments.finetuning_rank.readings import best, case, iterations, over, slowdown, told
from zobench.experiments.finetuning_rank.study import FEW, SAMPLED
from zobench.report import files, lines, tables
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record


def sampled(record: Record, loss: int) -> Estimate:
    """`slowdown` where both have minibatches: over the median of gradient descent with them."""
    times = record.arrays["two_point"][best(record), :, loss], record.arrays["sampled_gd"][:, loss]
    return over(*(statistics.median(one, np.random.default_rng([1, i])) for i, one in enumerate(times)))


def minibatches(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line a loss: what minibatches change, where the same set of parameters is there with all sequences."""
    by = {case(record): record for record in found}
    few, every = by.get(FEW), by.get("norms")
    return [_beside(few, every, i) for i in range(len(SHARES))] if few and every else []


def _beside(few: Record, every: Record, i: int) -> dict[str, Any]:
    one = sampled(few, i)
    return {
        "case": case(few),
        "n": few.meta["n"],
        "share": SHARES[i],
        "loss": few.arrays["losses"][i],
        "iterations_gd": np.median(few.arrays["sampled_gd"][:, i]),
        "iterations_two_point": np.median(few.arrays["two_point"][best(few), :, i]),
        **files.ends("slowdown", one),
        "slowdown_of_all": slowdown(every, i).value,
        **files.ends("over_all", over(one, slowdown(every, i))),
        "told": told(few, i),
        **files.ends("over_told", one.times(1 / told(few, i))),
        "squares": few.arrays["squares"][i],
        "two_point_over_all": iterations(few, i).value / iterations(every, i).value,
    }


def beside(few: Sequence[tables.Row]) -> tables.Table:
    """The table of `minibatches`."""
    columns: dict[str, tables.Cell] = {
        "": "case",
        "loss": fixed("loss"),
        "K of SGD": fixed("iterations_gd", 1),
        "K of two points": fixed("iterations_two_point", 0),
        "K/K_SGD": tables.spread("slowdown"),
        "of all sequences": rounded("slowdown_of_all"),
        "over that": tables.spread("over_all"),
        "over told": tables.spread("over_told"),
        "K over K of all": rounded("two_point_over_all"),
        "‖∇F‖²/‖∇f‖²": rounded("squares"),
    }
    note = "Both methods with the same number of sequences an evaluation, drawn afresh for each step and common to its "
    note += f"values; the loss is that of all. SGD: medians of {SAMPLED} runs. Told: from gradients of all. "
    note += (
        "‖∇F‖²: the mean of squared gradients of minibatches, where gradient descent with all sequences meets the loss."
    )
    return tables.table("With minibatches", note, few, columns)


def by_minibatch(found: Sequence[Record]) -> dict[str, Estimate]:
    """Slowdowns with minibatches over those without, and over what was told."""
    by = {case(record): record for record in found}
    few, every = by.get(FEW), by.get("norms")
    if not (few and every):
        return {}
    losses = range(len(SHARES))
    ratios = [over(sampled(few, i), slowdown(every, i)) for i in losses]
    against = [sampled(few, i).times(1 / told(few, i)) for i in losses]
    return {
        **lines.extremes("slowdown with 4 of 8 sequences over that with all", ratios),
        **lines.extremes("slowdown with 4 of 8 sequences over what was told", against),
    }
