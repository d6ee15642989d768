"""The lecture's table, measured: exponents in n and k, constants and bounds, from records alone."""

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics
from zobench.report.measured import (
    Measured,
    censored,
    exact_rate,
    measure,
    rate,
)
from zobench.report.records import RULES, Record, rank
from zobench.statistics import Estimate, Fit

COLUMNS = {
    "gradient": "smooth: min ‖∇f‖²",
    "gap": "convex: f − f*",
    "distance": "strongly convex: ‖x − x*‖²",
}
MEMBERS = {
    "gradient": ("quadratic", "logistic", "welsch", "mds"),
    "gap": ("quadratic", "logistic"),
    "distance": ("quadratic",),
}


class Group(NamedTuple):
    """One entry of the table: a column, a method, a step rule, and its cells in order of n."""

    column: str
    method: str
    rule: str
    cells: list[Measured]

    @property
    def metric(self) -> str:
        """What the runs stopped on."""
        return self.cells[0].record.metric

    @property
    def estimator(self) -> str:
        """The estimator's factory."""
        return self.cells[0].record.estimator

    @property
    def plain(self) -> bool:
        """Whether the lectures speak of it: plain descent along an estimator with its defaults."""
        return self.cells[0].record.plain

    @property
    def n(self) -> list[int]:
        """Dimensions of the cells."""
        return [cell.record.n for cell in self.cells]

    @property
    def seeds(self) -> int:
        """Runs a cell."""
        return max(cell.hits.size for cell in self.cells)


def column_of(record: Record, records: Sequence[Record]) -> str:
    """The column's title: the class of functions, or the problem where its class is not the lecture's.

    The problem is named where two of them share a metric.
    """
    title = COLUMNS[record.metric]
    if record.family not in MEMBERS[record.metric]:
        return f"{record.problem}: {title.partition(': ')[2]}"
    several = len({other.problem for other in records if other.metric == record.metric}) > 1
    return f"{title} ({record.problem})" if several else title


def groups(records: Sequence[Record]) -> list[Group]:
    """Cells that ran, by column, method and rule: those of one entry are equal in everything but the dimension."""
    found: dict[tuple[str, str, str], list[Measured]] = {}
    for record in records:
        for rule in record.rules:
            place = found.setdefault((column_of(record, records), record.method, rule), [])
            place.append(measure(record, rule))
    return [Group(*place, cells) for place, cells in found.items()]


def find(entries: Sequence[Group], column: str, estimator: str, rule: str) -> Group | None:
    """The entry of a column with this estimator and rule: the plain one, or where there is none the first."""
    matching = [g for g in entries if (g.column, g.estimator, g.rule) == (column, estimator, rule)]
    return next((g for g in matching if g.plain), next(iter(matching), None))


def reference(entries: Sequence[Group], group: Group) -> Group | None:
    """Gradient descent of the same column and rule: what the constant K/(n K_GD) is measured against.

    It has the same optimizer, method, dtype and stop, and if it was tuned, was so in the same way; None: there is none.
    """
    matching = [
        g
        for g in entries
        if (g.column, g.estimator, g.rule) == (group.column, "autodiff", group.rule) and _ran_alike(g, group)
    ]
    return next((g for g in matching if _seeds(g) == _seeds(group)), next(iter(matching), None))


def _ran_alike(one: Group, other: Group) -> bool:
    names = ["optimizer", "method", "dtype", "stop"] + ["tuning"] * (one.rule == "tuned")
    configs = (one.cells[0].record.config, other.cells[0].record.config)
    return all(configs[0].get(name) == configs[1].get(name) for name in names)


def _seeds(group: Group) -> list[Any]:
    return [group.cells[0].record.config.get(name) for name in ("seed", "seeds")]


def exponent(group: Group, of: str) -> tuple[Fit | None, str]:
    """Power law in n of "iterations" or "calls" to the target, or why there is none."""
    values = [cell.time if of == "iterations" else cell.calls for cell in group.cells]
    try:
        return statistics.power_law(group.n, values), ""
    except ValueError as reason:
        return None, str(reason)


def constant(group: Group, gd: Group | None) -> Estimate:
    """K/(n K_GD), pooled over the dimensions that both have."""
    if gd is None or group.estimator != "two_point":
        return Estimate(nan)
    return statistics.geometric_mean([ratio(cell, gd) for cell in group.cells])


def ratio(cell: Measured, gd: Group) -> Estimate:
    """K/(n K_GD) of one cell; nan where gradient descent was not run at this n, or did not arrive."""
    base = next((other.time.value for other in gd.cells if other.record.n == cell.record.n), nan)
    unit = cell.record.n * base
    return cell.time.times(1 / unit) if np.isfinite(unit) and unit > 0 else Estimate(nan)


def table_row(entries: Sequence[Group], group: Group, failed: Sequence[str]) -> dict[str, Any]:
    """One line of table.csv: everything the tables say about one entry, in numbers."""
    iterations, reason = exponent(group, "iterations")
    calls, _ = exponent(group, "calls")
    strongly = group.metric == "distance"
    decay = statistics.pooled([cell.decay for cell in group.cells]) if not strongly else Estimate(nan)
    speed = statistics.pooled([rate(cell) for cell in group.cells]) if strongly else Estimate(nan)
    exact = [exact_rate(cell) if strongly else cell.exact_decay for cell in group.cells]
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
        **_named("k_exponent", decay),
        **_named("contraction_rate", speed),
        "exact": exact_mean(group, exact),
        **_named("constant", constant(group, reference(entries, group))),
        "tightness": tightness,
        "bound_crossed": "unknown" if tightness != tightness else "yes" if tightness > 1 + 1e-6 else "no",
        "note": "; ".join([*([reason] if reason else []), *failed]),
    }


def exact_mean(group: Group, exact: Sequence[float]) -> float:
    """The exact recursion's values pooled with the weights of the measured ones, so that the two can be compared."""
    parts = [rate(cell) if group.metric == "distance" else cell.decay for cell in group.cells]
    return statistics.pooled([p._replace(value=v) for p, v in zip(parts, exact, strict=True)]).value


def rows(entries: Sequence[Group], records: Sequence[Record]) -> list[dict[str, Any]]:
    """table.csv, the theory rule first, then by column and method.

    Last are columns that are there only where they tell rows apart: whether the lectures speak of the method, and each
    key of the configs that differs.
    """
    order = sorted(entries, key=lambda g: rank(RULES, g.rule))
    plain = all(group.plain for group in order)
    return [
        table_row(entries, group, failures(group, records))
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
    local = fit.local if fit else ()
    return {
        "power_law": "" if fit is None else "no" if fit.curved else "yes",
        "misfit": fit.misfit if fit else nan,
        "local_exponent_least": min(local, default=nan),
        "local_exponent_most": max(local, default=nan),
    }


def _named(name: str, value: Estimate) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high, f"{name}_se": value.stderr}
