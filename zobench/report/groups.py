"""Groups of cells: a class of functions, a method and a step rule, in order of n; exponents in n, constants."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zobench import statistics
from zobench.report.measured import Measured, measure
from zobench.report.records import Record, load
from zobench.report.wording import Wording
from zobench.statistics import Estimate, Fit

COLUMNS = {
    "gradient": "smooth: min ‖∇f‖²",
    "gap": "convex: f − f*",
    "distance": "strongly convex: ‖x − x*‖²",
}
CLASSES = {"gradient": "smooth", "gap": "convex", "distance": "strongly convex"}
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
    def kind(self) -> str:
        """The method's usual name, whatever its arguments."""
        return self.cells[0].record.kind

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
    if record.family not in MEMBERS[record.metric] or record.is_labelled:
        return f"{record.problem}: {title.partition(': ')[2]}"
    several = len({other.problem for other in records if other.metric == record.metric}) > 1
    return f"{title} ({record.problem})" if several else title


def groups(records: Sequence[Record]) -> list[Group]:
    """Cells that ran, by column, method and rule: those of one entry are equal in everything but the dimension."""
    found: dict[tuple[str, str, str], list[Measured]] = {}
    apart = [*{(record.metric, record.problem): record for record in records}.values()]  # what decides a column
    for record in records:
        column = column_of(record, apart)
        for rule in record.rules:
            found.setdefault((column, record.method, rule), []).append(measure(record, rule))
    return [Group(*place, cells) for place, cells in found.items()]


class Cells(NamedTuple):
    """What ran and what did not: all records, and the groups of those that ran."""

    records: list[Record]
    groups: list[Group]

    @property
    def measured(self) -> list[Measured]:
        """The cells of all groups."""
        return [cell for group in self.groups for cell in group.cells]

    @property
    def columns(self) -> list[str]:
        """Classes of functions, or problems, in order."""
        return list(dict.fromkeys(group.column for group in self.groups))

    @property
    def rule(self) -> str:
        """The step rule that pictures show: theory where it was run, else the first."""
        rules = [group.rule for group in self.groups]
        return "theory" if "theory" in rules else rules[0]

    @property
    def seeds(self) -> int:
        """Runs a cell, the most."""
        return max((group.seeds for group in self.groups), default=0)

    @property
    def sizes(self) -> str:
        """The dimensions that ran, in words."""
        return "n = " + ", ".join(map(str, sorted({n for group in self.groups for n in group.n})))


def read(paths: Sequence[Path], wording: Wording | None = None) -> Cells:
    """The records of a sweep and their groups, in the user's words where there are such."""
    records = (wording or Wording()).apply(load(paths))
    return Cells(records, groups(records))


def find(entries: Sequence[Group], column: str, estimator: str, rule: str) -> Group | None:
    """The entry of a column with this estimator and rule: the plain one, or where there is none the first."""
    matching = [g for g in entries if (g.column, g.estimator, g.rule) == (column, estimator, rule)]
    return next((g for g in matching if g.plain), next(iter(matching), None))


def reference(entries: Sequence[Group], group: Group) -> Group | None:
    """Gradient descent of the same column and rule: what the constant K/(n K_GD) is measured against.

    It has the same optimizer, method, dtype and stop, and if it was tuned, was so in the same way; None: there is none.
    """

    def alike(one: Group, names: Sequence[str]) -> bool:
        configs = (one.cells[0].record.config, group.cells[0].record.config)
        return all(configs[0].get(name) == configs[1].get(name) for name in names)

    names = ["optimizer", "method", "dtype", "stop"] + ["tuning"] * (group.rule == "tuned")
    own = [g for g in entries if (g.column, g.estimator, g.rule) == (group.column, "autodiff", group.rule)]
    matching = [g for g in own if alike(g, names)]
    return next((g for g in matching if alike(g, ("seed", "seeds"))), next(iter(matching), None))


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
