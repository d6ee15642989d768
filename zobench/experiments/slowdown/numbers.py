"""The lecture's table, measured: exponents in n and k, constants and bounds, from records alone."""

from collections.abc import Sequence
from math import nan
from typing import Any

from zobench import statistics
from zobench.report import files
from zobench.report.groups import Cells, Group, column_of, constant, exponent, reference
from zobench.report.measured import censored, exact_rate, rate
from zobench.report.records import RULES, Record, rank
from zobench.statistics import Estimate, Fit


def table_row(entries: Sequence[Group], group: Group, failed: Sequence[str]) -> dict[str, Any]:
    """One line of table.csv: everything the tables say about one entry, in numbers."""
    iterations, reason = exponent(group, "iterations")
    calls, _ = exponent(group, "calls")
    strongly = group.metric == "distance"
    parts = [rate(cell) if strongly else cell.decay for cell in group.cells]
    exact = [exact_rate(cell) if strongly else cell.exact_decay for cell in group.cells]
    # with the weights of the measured ones, so that the two can be compared
    exact_mean = statistics.pooled([p._replace(value=v) for p, v in zip(parts, exact, strict=True)]).value
    tightness = max(cell.tightness for cell in group.cells)
    return {
        "column": group.column,
        "metric": group.metric,
        "problem": group.cells[0].record.problem,
        "method": group.method,
        "estimator": group.estimator,
        "rule": group.rule,
        "n_min": min(group.n),
        "n_max": max(group.n),
        "dimensions": len(set(group.n)),
        "seeds": group.seeds,
        "runs": sum(cell.hits.size for cell in group.cells),
        "censored": sum(censored(cell) for cell in group.cells),
        "diverged": sum(cell.ended("diverged") + cell.ended("nan") for cell in group.cells),
        **_named("iterations_n_exponent", iterations.slope if iterations else Estimate(nan)),
        **_bent(iterations),
        **_named("calls_n_exponent", calls.slope if calls else Estimate(nan)),
        **_named("k_exponent", Estimate(nan) if strongly else statistics.pooled(parts)),
        **_named("contraction_rate", statistics.pooled(parts) if strongly else Estimate(nan)),
        "exact": exact_mean,
        **_named("constant", constant(group, reference(entries, group))),
        "tightness": tightness,
        "bound_crossed": "unknown" if tightness != tightness else "yes" if tightness > 1 + 1e-6 else "no",
        "note": "; ".join([*([reason] if reason else []), *failed]),
    }


def rows(found: Cells) -> list[dict[str, Any]]:
    """table.csv, the theory rule first, then by column and method.

    Last are columns that are there only where they tell rows apart: whether the lectures speak of the method, and each
    key of the configs that differs.
    """
    order = sorted(found.groups, key=lambda g: rank(RULES, g.rule))
    plain = all(group.plain for group in order)
    return [
        table_row(found.groups, group, failures(group, found.records))
        | ({} if plain else {"plain": "yes" if group.plain else "no"})
        | dict(group.cells[0].record.columns)
        for group in order
    ]


def failures(group: Group, records: Sequence[Record]) -> list[str]:
    """Failed cells that belong to an entry, with their reason, and earlier records that a cell takes the place of."""
    several = [
        f"n={cell.record.n}: the latest of {cell.record.replaced + 1} records that differ in nothing asked for"
        for cell in group.cells
        if cell.record.replaced
    ]
    return several + [
        f"n={r.n} failed: {r.meta.get('reason', '')}"
        for r in records
        if r.failed and column_of(r, records) == group.column and r.method == group.method
    ]


def _bent(fit: Fit | None) -> dict[str, Any]:
    """How far the hitting times are from a power law: χ² over its degrees of freedom, exponents between neighbours."""
    return {
        "power_law": "" if fit is None else "no" if fit.curved else "yes",
        "misfit": fit.misfit if fit else nan,
        "local_exponent_least": min(fit.local, default=nan) if fit else nan,
        "local_exponent_most": max(fit.local, default=nan) if fit else nan,
    }


def _named(name: str, found: Estimate) -> dict[str, float]:
    return {**files.ends(name, found), f"{name}_se": found.stderr}
