"""experiment=mds: which files there are, and how they come about."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from zobench.experiments.slowdown.page import TABLES, closing
from zobench.report import files, page, tables
from zobench.statistics import Estimate

FIGURES = ("convergence", "map", "scaling")
FILES = (*TABLES, *(f"{name}.{form}" for name in FIGURES for form in ("png", "svg")))

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.mds import figures, numbers
    from zobench.report import cells, groups
    from zobench.report import records as reading

    loaded = reading.load(records)
    entries = groups.groups(loaded)
    files.write_csv(folder / "table.csv", numbers.rows(entries))
    files.write_csv(folder / "cells.csv", cells.rows(loaded, [cell for group in entries for cell in group.cells]))
    page.judge(folder, "mds", records, measures(records))
    every = _table("All step rules", files.read_csv(folder / "table.csv"))
    full = [*summary(folder), every, page.verdict_table(folder)]
    files.write(folder / "table.md", tables.markdown(full))
    files.write(folder / "table.tex", tables.latex(summary(folder)))
    figures.draw(entries, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: all methods under the theory step, and two points under the others."""
    lines = files.read_csv(folder / "table.csv")
    short = [x for x in lines if x["rule"] == "theory" or x["estimator"] == "two_point"] or lines
    return [_table("A map from distances", short)]


def _table(title: str, lines: Sequence[dict[str, str]]) -> tables.Table:
    """A column a map, a block a method and step rule."""
    places = list(dict.fromkeys((line["problem"], line["points"], line["n"]) for line in lines))
    several = len({place[0] for place in places}) > 1
    header = [f"{problem + ' ' if several else ''}{N} points: n = {n}" for problem, N, n in places]
    body = []
    for method, rule in dict.fromkeys((line["method"], line["rule"]) for line in lines):
        own = {(x["problem"], x["points"], x["n"]): x for x in lines if (x["method"], x["rule"]) == (method, rule)}
        block = _block([own.get(place) for place in places])
        body += [[f"{method}, {rule} step" if i == 0 else "", *line] for i, line in enumerate(block)]
    note = "To 1 % above the minimum" if _is_one_percent(lines) else "To the target"
    note += ", median over seeds [95 % interval, bootstrap]. Map error: root mean square distance from the "
    note += "true places (km for cities), after Procrustes."
    return tables.Table(title, note, ["", "", *header], body, 2)


def _is_one_percent(lines: Sequence[dict[str, str]]) -> bool:
    return all(abs(float(x["target"]) - 0.01 * float(x["f_star"])) <= 1e-5 * float(x["target"]) for x in lines)


def _block(cells: Sequence[dict[str, str] | None]) -> list[list[str]]:
    entries = {
        "iterations": lambda x: _with_interval(x, "iterations", 0),
        "oracle calls": lambda x: _with_interval(x, "calls", 0),
        "seconds": lambda x: tables.significant(files.number(x["seconds"]), 2),
        "K/(n K_GD)": lambda x: _with_interval(x, "constant", 2),
        "runs arrived": lambda x: (
            f"{x['reached']} of {x['runs']}" + (f", {x['diverged']} diverged" * (x["diverged"] != "0"))
        ),
        "map error": lambda x: tables.significant(files.number(x["map_error"])),
    }
    lines = [[name, *(entry(cell) if cell else "" for cell in cells)] for name, entry in entries.items()]
    return [line for line in lines if any(line[1:])]


def _with_interval(line: dict[str, str], name: str, digits: int) -> str:
    if not line[name]:
        return ""
    value, low, high = (files.number(line[key]) for key in (name, f"{name}_low", f"{name}_high"))
    spread = f" [{tables.number(low, digits)}, {tables.number(high, digits)}]" if low == low else ""
    return tables.number(value, digits) + spread


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What two points pay on the maps under the theory step, against gradient descent; nan: not measured."""
    from zobench.experiments.mds import numbers
    from zobench.report import groups
    from zobench.report import records as reading

    entries = groups.groups(reading.load(records))
    two = next((g for g in numbers.two_point_groups(entries) if g.rule == "theory" and g.plain), None)
    gd = groups.reference(entries, two) if two else None
    calls = []
    if two and gd:
        price = two.cells[0].record.calls / gd.cells[0].record.calls
        calls = [groups.ratio(cell, gd).times(cell.record.n * price) for cell in two.cells]
    least = min((c for c in calls if c.value == c.value), key=lambda c: c.value, default=Estimate(nan))
    return {
        "two points: calls over those of gradient descent, least over the maps": least,
        "two points: exponent in n of K/K_GD": numbers.slowdown_exponent(entries, two)[0] if two else Estimate(nan),
        "two points: K/(n K_GD)": numbers.constants(entries, two) if two else Estimate(nan),
    }
