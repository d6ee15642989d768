"""The lecture's table, measured: the page, and what the lectures say of each class and method."""

from collections.abc import Sequence

from zobench import statistics
from zobench.experiments.slowdown import numbers, tables
from zobench.report import cell_rows, groups, measured
from zobench.report.groups import CLASSES, MEMBERS, Cells, Group
from zobench.report.page import Experiment
from zobench.report.tables import Row, Table
from zobench.statistics import Estimate

METHODS = {"autodiff": "gradient descent", "finite_difference": "finite differences", "two_point": "two points"}


def shown(rows: Sequence[Row], cells: Sequence[Row]) -> list[Table]:
    """The lecture's table and the step rules; in the files all entries and contractions too."""
    return [tables.main_table(rows), tables.rules_table(rows), tables.details(rows), tables.contractions(cells)]


def measures(cells: Cells) -> dict[str, Estimate]:
    """What the lecture's table says of each class and method, measured under the theory step.

    The error's decay is its exponent in k, or where it is geometric the c of (1 − c μ/(LB))ᵏ.
    """
    found = {}
    for metric, kind in CLASSES.items():
        for estimator, method in METHODS.items():
            for group in _of(cells.groups, metric, estimator, "theory"):
                found |= {f"{kind}, {method}: {quantity}": value for quantity, value in _measured(group).items()}
        for rule, words in (("theory", ""), ("tuned", ", tuned step")):
            for group in _of(cells.groups, metric, "two_point", rule):
                paid = groups.constant(group, groups.reference(cells.groups, group))
                found[f"{kind}, two points{words}: K/(n K_GD)"] = paid
    for estimator in ("two_point", "autodiff"):
        for group in _of(cells.groups, "distance", estimator, "theory"):
            name = f"strongly convex, {METHODS[estimator]}: measured over exact ln-contraction"
            known = [cell for cell in group.cells if cell.exact_decay == cell.exact_decay != 0]
            found[name] = statistics.pooled([cell.decay.times(1 / cell.exact_decay) for cell in known])
    return found


def _of(entries: Sequence[Group], metric: str, estimator: str, rule: str) -> list[Group]:
    """The entry of the plain method under a step rule on a problem of the lecture's class: one, or none."""
    own = (g for g in entries if (g.metric, g.estimator, g.rule) == (metric, estimator, rule) and g.plain)
    return [group for group in own if group.cells[0].record.family in MEMBERS[metric]][:1]


def _measured(group: Group) -> dict[str, Estimate]:
    strongly = group.metric == "distance"
    decay = statistics.pooled([measured.rate(cell) if strongly else cell.decay for cell in group.cells])
    found = {"largest mean/bound": Estimate(max(cell.tightness for cell in group.cells))}
    found["contraction c" if strongly else "exponent in k of the error"] = decay
    for of in ("iterations", "calls"):
        fit = groups.exponent(group, of)[0]
        found |= {f"exponent in n of the {of}": fit.slope} if fit else {}
    return found


EXPERIMENT = Experiment(
    question="Is a missing gradient paid by the factor n that the lectures give, in each class of functions?",
    read=groups.read,
    rows=numbers.rows,
    tables=shown,
    measures=measures,
    figures=("convergence", "scaling", "collapse"),
    more={"cells.csv": cell_rows.rows},
)
