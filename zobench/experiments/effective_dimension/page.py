"""What the slowdown follows: the page."""

from collections.abc import Sequence

from zobench.experiments.effective_dimension import numbers
from zobench.report import ratios
from zobench.report.page import Experiment
from zobench.report.tables import Cell, Row, Table, fixed, spread, table, value


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """A block for each step rule, the best law first."""
    p, s = fixed("p"), fixed("s")

    def name(row: Row) -> str:
        if not row["law"]:
            return f"{row['cells']} cells are too few"
        return f"a n^{p(row)} (r+2)^{s(row)}" if row["p"] else row["law"]

    columns: dict[str, Cell] = {
        "step": lambda row: f"{row['rule']} step",
        "law, the best first": name,
        "a": _known(spread("a", digits=3)),
        "residual": _known(lambda row: f"{100 * value(row, 'relative_residual'):.1f} %"),
        "AICc above best": _known(fixed("aicc_above_best", 1)),
        "support": _known(lambda row: row["support"]),
        "resamples won": _known(lambda row: f"{100 * value(row, WON):.0f} %" if row[WON] else ""),
    }
    note = "Laws for K/K_GD, each with a free constant a [95 % interval: seeds and misfit], on all cells of a rule. "
    note += "Residual: rms of ln K, left out by the law. Support: as good (AICc within 2 of the best), "
    note += "some (4), little (10), none. Resamples won: of the seeds, of laws without free exponents; the cells "
    note += "stay the same."
    return [table("What the slowdown follows", note, rows, columns, words=2)]


WON = "share_of_resamples_won"


def _known(text: Cell) -> Cell:
    """Nothing where too few cells ran to fit a law."""
    return lambda row: text(row) if row["law"] and callable(text) else ""


EXPERIMENT = Experiment(
    question="Is it the dimension n or the effective dimension r = tr(H)/L that a missing gradient costs?",
    read=ratios.read,
    rows=numbers.rows,
    tables=shown,
    measures=numbers.measures,
    figures=("effective_dimension",),
    more={"cells.csv": ratios.cells},
)
