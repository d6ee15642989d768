"""experiment=slowdown: which files there are, and how they come about."""

import json
from collections import Counter
from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.report import files, slowdown_tables, tables
from zobench.statistics import Estimate

FIGURES = ("convergence", "scaling", "collapse")
CLASSES = {"gradient": "smooth", "gap": "convex", "distance": "strongly convex"}
METHODS = {"autodiff": "gradient descent", "finite_difference": "finite differences", "two_point": "two points"}
TABLES = ("table.md", "table.csv", "table.tex", "cells.csv", "verdicts.json")
FILES = (*TABLES, *(f"{name}.{form}" for name in FIGURES for form in ("png", "svg")))


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import cells, slowdown, slowdown_plots, verdicts
    from zobench.report import records as reading

    loaded = reading.load(records)
    entries = slowdown.groups(loaded)
    files.write_csv(folder / "table.csv", slowdown.rows(entries, loaded))
    files.write_csv(folder / "cells.csv", cells.rows(loaded, [cell for group in entries for cell in group.cells]))
    files.write_json(folder / "verdicts.json", verdicts.verdicts(entries))
    lines, each = files.read_csv(folder / "table.csv"), files.read_csv(folder / "cells.csv")
    contractions = slowdown_tables.contractions(each)
    files.write(folder / "table.md", tables.markdown([*summary(folder), slowdown_tables.details(lines), contractions]))
    files.write(
        folder / "table.tex", tables.latex([*summary(folder), contractions])
    )  # the details are too wide for a page
    slowdown_plots.draw(entries, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows: the lecture's table and the step rules, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    return [slowdown_tables.main_table(lines), slowdown_tables.rules_table(lines)]


def closing(folder: Path) -> str:
    """How the claims fare, how many cells failed and why, and where the rest is."""
    counted = Counter(entry["verdict"] for entry in json.loads((folder / "verdicts.json").read_text()))
    words = {"holds": "hold", "fails": "fail", "not measured": "not measured"}
    claims = ", ".join(f"{counted[key]} {word}" for key, word in words.items() if counted[key])
    failed = [line for line in files.read_csv(folder / "cells.csv") if line["status"] == "failed"]
    lost = f"failed cells: {len(failed)} (cells.csv), the first: {_cell(failed[0])}\n" if failed else ""
    return f"{lost}claims: {claims or 'none'} (verdicts.json); tables and figures in {folder}"


def _cell(line: dict[str, str]) -> str:
    return f"{line['problem']}, {line['method']}, n = {line['n']}: {line['reason']}"


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the lecture's table says of each class and method, measured under the theory step; nan: not measured.

    The error's decay is its exponent in k, or where it is geometric the c of (1 − c μ/(LB))ᵏ.
    """
    from zobench.report import records as reading
    from zobench.report import slowdown

    entries = slowdown.groups(reading.load(records))
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
        paid = slowdown.constant(zero[0], slowdown.reference(entries, zero[0])) if zero else Estimate(nan)
        found[f"{kind}, two points: K/(n K_GD)"] = paid
    return found


def _of(entries: Sequence, metric: str, estimator: str) -> list:
    """The entry of the plain method under the theory step on a problem of the lecture's class: one, or none."""
    from zobench.report.slowdown import MEMBERS

    own = (g for g in entries if (g.metric, g.estimator, g.rule) == (metric, estimator, "theory") and g.plain)
    return [group for group in own if group.cells[0].record.family in MEMBERS[metric]][:1]


def _measured(group) -> tuple[Estimate, ...]:
    from zobench import statistics
    from zobench.report import measured, slowdown

    strongly = group.metric == "distance"
    fits = [slowdown.exponent(group, of)[0] for of in ("iterations", "calls")]
    return (
        Estimate(max(cell.tightness for cell in group.cells)),
        statistics.pooled([measured.rate(cell) if strongly else cell.decay for cell in group.cells]),
        *(fit.slope if fit else Estimate(nan) for fit in fits),
    )
