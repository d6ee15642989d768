"""experiment=slowdown: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.experiments.slowdown import tables as slowdown_tables
from zobench.report import files, page, tables
from zobench.statistics import Estimate

FIGURES = ("convergence", "scaling", "collapse")
CLASSES = {"gradient": "smooth", "gap": "convex", "distance": "strongly convex"}
METHODS = {"autodiff": "gradient descent", "finite_difference": "finite differences", "two_point": "two points"}
TABLES = (*page.TABLES, "cells.csv")
FILES = (*TABLES, *(f"{name}.{form}" for name in FIGURES for form in ("png", "svg")))


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.slowdown import figures
    from zobench.report import cells, groups
    from zobench.report import records as reading

    loaded = reading.load(records)
    entries = groups.groups(loaded)
    files.write_csv(folder / "table.csv", groups.rows(entries, loaded))
    files.write_csv(folder / "cells.csv", cells.rows(loaded, [cell for group in entries for cell in group.cells]))
    page.judge(folder, "slowdown", records, measures(records))
    lines, each = files.read_csv(folder / "table.csv"), files.read_csv(folder / "cells.csv")
    contractions = slowdown_tables.contractions(each)
    shown = [*summary(folder), slowdown_tables.details(lines), contractions, page.verdict_table(folder)]
    files.write(folder / "table.md", tables.markdown(shown))
    files.write(
        folder / "table.tex", tables.latex([*summary(folder), contractions])
    )  # the details are too wide for a page
    figures.draw(entries, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows: the lecture's table and the step rules, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    return [slowdown_tables.main_table(lines), slowdown_tables.rules_table(lines)]


def closing(folder: Path) -> str:
    """How many cells failed and why, how the claims fare, and where the rest is."""
    failed = [line for line in files.read_csv(folder / "cells.csv") if line["status"] == "failed"]
    lost = f"failed cells: {len(failed)} (cells.csv), the first: {_cell(failed[0])}\n" if failed else ""
    return lost + page.closing(folder)


def _cell(line: dict[str, str]) -> str:
    return f"{line['problem']}, {line['method']}, n = {line['n']}: {line['reason']}"


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the lecture's table says of each class and method, measured under the theory step; nan: not measured.

    The error's decay is its exponent in k, or where it is geometric the c of (1 − c μ/(LB))ᵏ.
    """
    from zobench.report import groups
    from zobench.report import records as reading

    entries = groups.groups(reading.load(records))
    found = {}
    for metric, kind in CLASSES.items():
        decay = "contraction c" if metric == "distance" else "exponent in k of the error"
        for estimator, method in METHODS.items():
            name = f"{kind}, {method}"
            quantities = ("largest mean/bound", decay, "exponent in n of the iterations", "exponent in n of the calls")
            found |= dict.fromkeys((f"{name}: {quantity}" for quantity in quantities), Estimate(nan))
            for group in _of(entries, metric, estimator):
                values = _measured(group)
                found |= {f"{name}: {quantity}": value for quantity, value in zip(quantities, values, strict=True)}
        zero = _of(entries, metric, "two_point")
        paid = groups.constant(zero[0], groups.reference(entries, zero[0])) if zero else Estimate(nan)
        found[f"{kind}, two points: K/(n K_GD)"] = paid
        best = _of(entries, metric, "two_point", "tuned")
        paid = groups.constant(best[0], groups.reference(entries, best[0])) if best else Estimate(nan)
        found[f"{kind}, two points, tuned step: K/(n K_GD)"] = paid
    for estimator in ("two_point", "autodiff"):
        strongly = _of(entries, "distance", estimator)
        name = f"strongly convex, {METHODS[estimator]}: measured over exact ln-contraction"
        found[name] = _of_exact(strongly[0]) if strongly else Estimate(nan)
    return found


def _of_exact(group) -> Estimate:
    """The simulated contraction over that of the exact recursion, both as logarithms, pooled over n."""
    from zobench import statistics

    known = [cell for cell in group.cells if cell.exact_decay == cell.exact_decay != 0]
    return statistics.pooled([cell.decay.times(1 / cell.exact_decay) for cell in known])


def _of(entries: Sequence, metric: str, estimator: str, rule: str = "theory") -> list:
    """The entry of the plain method under a step rule on a problem of the lecture's class: one, or none."""
    from zobench.report.groups import MEMBERS

    own = (g for g in entries if (g.metric, g.estimator, g.rule) == (metric, estimator, rule) and g.plain)
    return [group for group in own if group.cells[0].record.family in MEMBERS[metric]][:1]


def _measured(group) -> tuple[Estimate, ...]:
    from zobench import statistics
    from zobench.report import groups, measured

    strongly = group.metric == "distance"
    fits = [groups.exponent(group, of)[0] for of in ("iterations", "calls")]
    return (
        Estimate(max(cell.tightness for cell in group.cells)),
        statistics.pooled([measured.rate(cell) if strongly else cell.decay for cell in group.cells]),
        *(fit.slope if fit else Estimate(nan) for fit in fits),
    )
