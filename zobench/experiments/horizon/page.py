"""What a target costs at dimensions that nobody can run: the page."""

from collections.abc import Sequence

from zobench.experiments.horizon import numbers
from zobench.report import ratios
from zobench.report.page import Experiment
from zobench.report.tables import Cell, Row, Table, rounded, significant, spread, table

KINDS = (
    ("far", "Oracle calls far away", "exact recursion", "The recursion is of the mean, the fit of medians."),
    ("held out", "Largest dimensions, held out", "measured", "Measured: the median that the fit did not see."),
)


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """Far away, then what was held out."""
    return [_table([row for row in rows if row["kind"] == kind], *words) for kind, *words in KINDS]


def _table(rows: Sequence[Row], title: str, known: str, words: str) -> Table:
    calls = spread("calls", shown=significant)
    columns: dict[str, Cell] = {
        "": lambda row: f"{row['spectrum']}, {row['rule']} step",
        "n": lambda row: f"{float(row['n']):.2g}" if row["kind"] == "far" else row["n"],
        "law": "law",
        "fitted to n": "fitted_to",
        "calls": lambda row: calls(row) or "needs >= 4 dimensions",
        known: rounded("known_calls"),
        "inside": lambda row: {"True": "yes", "False": "no"}.get(row["inside"], ""),
        "calls/K_GD": rounded("calls_a_gradient"),
    }
    note = "Calls to the target by the fitted law [95 % prediction interval]. Laws: a n^p with p free; a n (theory "
    note += f"step) or a n(r+2)/(n+2) (trace-aware step) with a free. {words}"
    return table(title, note, rows, columns, words=2)


EXPERIMENT = Experiment(
    question="What would a target cost without gradients at the dimensions of today's models, and how sure is that?",
    read=ratios.read,
    rows=numbers.rows,
    tables=shown,
    measures=numbers.measures,
    figures=("horizon",),
    more={"cells.csv": ratios.cells},
)
