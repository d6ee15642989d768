"""Acceleration with and without a gradient: the page."""

from collections.abc import Sequence
from pathlib import Path

from zobench.experiments.acceleration import numbers
from zobench.experiments.acceleration.numbers import Entry
from zobench.report import records, tables
from zobench.report.page import Experiment
from zobench.report.tables import fixed


def read(paths: Sequence[Path]) -> list[Entry]:
    """The cells of the four kinds."""
    return numbers.entries(records.load(paths))


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A block for each method."""
    columns: dict[str, tables.Cell] = {
        "method": "method",
        "n": "n",
        "iterations": tables.spread("iterations", shown=lambda x: f"{x:.0f}"),
        "exact": fixed("exact_iterations", 0),
        "over n K of gradient": fixed("over_gradient_over_n"),
        "exponent in k": fixed("exponent_in_k"),
        "fitted k": lambda row: "{} to {}".format(*map(_whole, _window(row))) if row["exponent_in_k"] else "",
        "mean/bound": fixed("largest_mean_over_bound"),
    }
    note = "Median over seeds [95 % interval, bootstrap]. Exact: the mean's, by recursion. Exponent in k: of the mean, "
    note += "on 1 + k/(2B) (accelerated), 1 + 2k (gradient descent) or k, over the k given. Mean/bound: the largest."
    return [tables.table("Iterations to the target", note, rows, columns, words=2)]


def _window(row: tables.Row) -> tuple[str, str]:
    return row["fitted_from_k"], row["fitted_to_k"]


def _whole(text: str) -> str:
    return f"{float(text or 'nan'):.0f}"


EXPERIMENT = Experiment(
    question="Does acceleration gain without a gradient what it gains with one, and is its O(n²/k²) bound met?",
    read=read,
    rows=numbers.rows,
    tables=shown,
    measures=numbers.measures,
    figures=("acceleration",),
)
