"""experiment=acceleration: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = page.names("acceleration")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.report import acceleration, acceleration_plots
    from zobench.report import records as reading

    found = acceleration.entries(reading.load(records))
    files.write_csv(folder / "table.csv", acceleration.rows(found))
    page.write(folder, "acceleration", records, acceleration.rows(found), summary(folder), acceleration.measures(found))
    acceleration_plots.draw(found, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Exponents, bounds and iterations by name; nan where nothing, or too little, ran."""
    from zobench.report import acceleration
    from zobench.report import records as reading

    return acceleration.measures(acceleration.entries(reading.load(records)))


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    header = ["method", "n", "iterations", "exact", "over n K of gradient", "exponent in k", "fitted k", "mean/bound"]
    body, last = [], ""
    for line in lines:
        body.append([line["method"] if line["method"] != last else "", *_line(line)])
        last = line["method"]
    note = "Median over seeds [95 % interval, bootstrap]. Exact: the mean's, by recursion. Exponent in k: of the mean, "
    note += "on 1 + k/(2B) (accelerated), 1 + 2k (gradient descent) or k, over the k given. Mean/bound: the largest."
    return [tables.Table("Iterations to the target", note, header, body, 2)] if body else []


def _line(line: dict[str, str]) -> list[str]:
    value = {name: float(text) if text else nan for name, text in line.items() if name != "method"}
    low = value["iterations_low"]
    spread = f" [{low:.0f}, {value['iterations_high']:.0f}]" if low == low else ""
    fitted = f"{value['fitted_from_k']:.0f} to {value['fitted_to_k']:.0f}" if line["exponent_in_k"] else ""
    return [
        line["n"],
        f"{value['iterations']:.0f}{spread}",
        tables.number(value["exact_iterations"], 0),
        tables.number(value["over_gradient_over_n"]),
        tables.number(value["exponent_in_k"]),
        fitted,
        tables.number(value["largest_mean_over_bound"]),
    ]
