"""The exponent of the slowdown in n: the page."""

from collections.abc import Sequence

from zobench.experiments.exponents import numbers
from zobench.report import ratios
from zobench.report.page import Experiment
from zobench.report.tables import Cell, Row, Table, fixed, spread, table, value


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """A block for each spectrum."""
    exponent, longer = spread("exponent", digits=3), fixed("exact_exponent_all_n", 3)
    local = [fixed(f"local_{end}", 3) for end in ("least", "most")]
    columns: dict[str, Cell] = {
        "spectrum": "spectrum",
        "step": "rule",
        "n": lambda row: f"{row['n_min']} to {row['n_max']}",
        "K_GD": lambda row: " to ".join(dict.fromkeys(f"{value(row, f'K_GD_{end}'):.0f}" for end in ("least", "most"))),
        "measured": lambda row: exponent(row) or "needs >= 4 dimensions",
        "exact": fixed("exact_exponent", 3),
        "local": lambda row: " … ".join(end(row) for end in local) if row["power_law"] == "no" else "",
        "exact, larger n": lambda row: longer(row) and f"{longer(row)} ({row['exact_n_max']})",
        "n(r+2)/(n+2)": fixed("exponent_of_r_plus_2", 3),
    }
    note = "Slope of ln(K/K_GD) on ln n over n [95 % interval: seeds, misfit, choice of n]. Exact: the exact recursion "
    note += "at the same n, steps and weights; larger n: from 8 to the n in brackets, equal weights. Local: least and "
    note += "largest exact exponent between neighbouring n, where the measured times are no power law. K_GD: gradient "
    note += "descent, tuned where the rule is. Last: the slope of n(r+2)/(n+2), r = tr(H)/L, same weights."
    return [table("Exponent of the slowdown in n", note, rows, columns, words=2)]


EXPERIMENT = Experiment(
    question="Is the slowdown n, or does its exponent depend on the spectrum and the step?",
    read=ratios.read,
    rows=numbers.rows,
    tables=shown,
    measures=numbers.measures,
    figures=("exponents", "two_exponents"),
    more={"cells.csv": ratios.cells},
)
