"""experiment=exponents: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

FILES = (*page.names("exponents", "two_exponents"), "cells.csv")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.exponents import figures, numbers
    from zobench.report import ratios
    from zobench.report import records as reading

    found = ratios.points(reading.load(records))
    lines = numbers.lines(found)
    files.write_csv(folder / "cells.csv", ratios.cells(found))
    files.write_csv(folder / "table.csv", numbers.rows(lines))
    page.write(folder, "exponents", records, numbers.rows(lines), summary(folder), numbers.measures(lines))
    figures.draw(lines, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every exponent by name; nan where fewer than four dimensions ran."""
    from zobench.experiments.exponents import numbers
    from zobench.report import ratios
    from zobench.report import records as reading

    return numbers.measures(numbers.lines(ratios.points(reading.load(records))))


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    header = ["spectrum", "step", "n", "K_GD", "measured", "exact", "local", "exact, larger n", "n(r+2)/(n+2)"]
    body, last = [], ""
    for line in lines:
        body.append([line["spectrum"] if line["spectrum"] != last else "", line["rule"], *_line(line)])
        last = line["spectrum"]
    note = (
        "Slope of ln(K/K_GD) on ln n over n [95 % interval: seeds, misfit, choice of n]. Exact: the exact recursion at "
    )
    note += (
        "the same n, steps and weights; larger n: from 8 to the n in brackets, equal weights. Local: least and largest "
    )
    note += "exact exponent between neighbouring n, where the measured times are no power law. K_GD: gradient descent, "
    note += "tuned where the rule is. Last: the slope of n(r+2)/(n+2), r = tr(H)/L, same weights."
    return [tables.Table("Exponent of the slowdown in n", note, header, body, 2)] if body else []


def _line(line: dict[str, str]) -> list[str]:
    low, high = float(line["K_GD_least"]), float(line["K_GD_most"])
    spread = f" [{_two(line['exponent_low'])}, {_two(line['exponent_high'])}]" if line["exponent_low"] else ""
    long = _two(line["exact_exponent_all_n"])
    return [
        f"{line['n_min']} to {line['n_max']}",
        f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}",
        _two(line["exponent"]) + spread if line["exponent"] else "needs >= 4 dimensions",
        _two(line["exact_exponent"]),
        f"{_two(line['local_least'])} … {_two(line['local_most'])}" if line["power_law"] == "no" else "",
        f"{long} ({line['exact_n_max']})" if long else "",
        _two(line["exponent_of_r_plus_2"]),
    ]


def _two(text: str) -> str:
    return tables.number(float(text) if text else nan, 3)
