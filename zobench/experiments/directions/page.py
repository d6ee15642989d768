"""How many directions a step: the page."""

from collections.abc import Callable, Sequence
from typing import Any

from zobench.experiments.directions import numbers
from zobench.experiments.directions.numbers import Found
from zobench.report import cell_rows
from zobench.report.page import Experiment
from zobench.report.tables import Cell, Row, Table, fixed, rounded, spread, table
from zobench.statistics import Estimate


def cells(found: Found) -> list[dict[str, Any]]:
    """cells.csv as in the other reports, with the directions first."""
    ran = [entry.cell for study in found.studies for entry in study.entries]
    sources = [cell.record for cell in ran] + [record for record in found.records if record.failed]
    asked = [record.config["estimator"] for record in sources]
    lines = zip(asked, cell_rows.lines(found.records, ran), strict=True)
    return [{"q": own.get("q"), "orthogonal": own.get("orthogonal"), **line} for own, line in lines]


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """A block for each kind of directions and step rule."""
    several = len({(row["problem"], row["n"]) for row in rows}) > 1
    iterations = _spread("iterations")

    def title(row: Row) -> str:
        place = f"{row['problem']}, n = {row['n']}: " if several else ""
        return place + (f"{row['directions']}, {row['rule']} step" if row["q"] else row["directions"])

    columns: dict[str, Cell] = {
        "": title,
        "q": lambda row: row["q"] or "–",
        "B": rounded("B"),
        "iterations": lambda row: iterations(row) or fixed("exact_iterations", 0)(row),
        "oracle calls": _spread("calls"),
        "calls: exact": fixed("exact_calls", 0),
        "calls: (q+1) B K_GD": fixed("theory_calls", 0),
    }
    note = "Median over seeds [95 % interval, bootstrap]; B = 1/(αL). Exact: the exact recursion of the mean, for a "
    note += "difference step that tends to 0. K_GD: iterations of gradient descent with step 1/L. "
    note += "GD asks gradients, all others values."
    return [table("How many directions a step?", note, rows, columns, words=2)]


def _spread(column: str) -> Callable[[Row], str]:
    text = spread(column, shown=lambda x: f"{x:.0f}")
    return lambda row: row[column] if row[column] in ("", "inf") else text(row)


def measures(found: Found) -> dict[str, Estimate]:
    """What q directions cost at the largest dimension, under the theory step."""
    if not found.studies:
        return {}
    study = found.studies[-1]
    entries, n, K_GD = [entry for entry in study.entries if entry.rule == "theory"], study.n, study.K_GD
    of_B = [entry.cell.time.times(1 / (entry.B * K_GD)) for entry in entries]
    whole = [e.cell.calls.times(1 / ((n + 1) * K_GD)) for e in entries if e.orthogonal and e.q == n]
    extremes = {
        "iterations/(n K_GD), most over q": (max, [entry.cell.time.times(1 / (n * K_GD)) for entry in entries]),
        "iterations/(B K_GD), least over q": (min, of_B),
        "iterations/(B K_GD), most over q": (max, of_B),
        "median calls over the exact recursion, least": (min, numbers.of_exact(study)),
        "median calls over the exact recursion, most": (max, numbers.of_exact(study)),
        "n orthogonal directions: calls/calls of forward differences": (max, whole),
    }
    return {
        **{name: choose(of, key=lambda one: one.value) for name, (choose, of) in extremes.items() if of},
        "independent directions: q of the fewest calls/√(n−1)": numbers.fewest(study),
        "orthogonal directions: largest calls(next q)/calls(q)": numbers.falls(study),
    }


EXPERIMENT = Experiment(
    question="How many directions should a step of a zero-order method take, independent or orthogonal?",
    read=numbers.read,
    rows=numbers.rows,
    tables=shown,
    measures=measures,
    figures=("directions",),
    more={"cells.csv": cells},
)
