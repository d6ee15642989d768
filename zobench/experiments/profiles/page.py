"""experiment=profiles: which files there are, and how they come about."""

from collections.abc import Sequence
from itertools import combinations
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.experiments.profiles import numbers
from zobench.experiments.profiles.numbers import Runs
from zobench.report import files, page, profiles, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

TAU = (1e-1, 1e-3, 1e-5)
KAPPA = (10.0, 30.0, 100.0)
ECDF_TAU = np.geomspace(1e-1, 1e-6, 26)
WITHIN = 30  # (n + 1) calls: where claims compare two methods, before the budget lets most of them arrive
TESTED = 1e-3  # the accuracy at which methods are compared in pairs
LEVEL = 0.05
FILES = (*page.names("profiles", "ecdf"), "pairs.csv")
PAIRS = {
    "L-BFGS less L-BFGS, differences": ("L-BFGS", "L-BFGS, differences"),
    "COBYQA less Nelder-Mead": ("COBYQA", "Nelder-Mead"),
    "L-BFGS, differences less difference descent": ("L-BFGS, differences", "difference descent"),
    "COBYQA less two-point descent": ("COBYQA", "two-point descent"),
}

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.profiles import figures

    page.read(records)  # refuses where nothing ended well
    runs = numbers.read(records)
    rows, pairs = _rows(runs), _pairs(runs)
    files.write_csv(folder / "pairs.csv", pairs)
    page.write(folder, "profiles", records, rows, [*_tables(rows), _pair_table(pairs)], measures(records))
    figures.draw(runs, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Shares of problems solved by one method less those by another, over the same problems; nan: not measured."""
    runs = numbers.read(records)
    found = {}
    times = numbers.times(runs, np.array(TAU)) if runs.problems else None
    for name, (first, second) in PAIRS.items():
        for i, tau in enumerate(TAU):
            known = times is not None and {first, second} <= set(runs.methods)
            found[f"{name}: share solved to {tau:g} within {WITHIN} (n + 1) calls"] = (
                _difference(runs, times[..., i], runs.methods.index(first), runs.methods.index(second))
                if known and times is not None
                else Estimate(nan)
            )
    return found


def _difference(runs: Runs, times: np.ndarray, first: int, second: int) -> Estimate:
    solved = profiles.data(times, runs.n, np.array([WITHIN]))
    both = profiles.profile(solved[first : first + 1] - solved[second : second + 1])
    value, low, high = (float(part[0, 0]) for part in both)
    return Estimate(value, low, high, runs=times.shape[1])


def _rows(runs: Runs) -> list[dict[str, Any]]:
    """table.csv: a line for each method and accuracy."""
    times = numbers.times(runs, np.array(TAU))
    fractions = profiles.profile(profiles.ecdf(numbers.times(runs, ECDF_TAU), runs.n, _budgets(runs)))
    areas = profiles.area(fractions, _budgets(runs))
    rows = []
    for i, tau in enumerate(TAU):
        solved = profiles.profile(profiles.data(times[..., i], runs.n, np.array(KAPPA)))
        first = profiles.profile(profiles.performance(times[..., i], np.array([1.0, 2.0])))
        for m, method in enumerate(runs.methods):
            row: dict[str, Any] = {"method": method, "tau": tau, "problems": len(runs.problems), "runs": runs.runs}
            row |= {"budget": runs.budget, "dropped": runs.dropped}
            for j, kappa in enumerate(KAPPA):
                value, low, high = (float(part[m, j]) for part in solved)
                row |= {f"solved_{kappa:g}": value, f"solved_{kappa:g}_low": low, f"solved_{kappa:g}_high": high}
            rows.append(row | {"first": float(first.value[m, 0]), "within_2": float(first.value[m, 1])})
            rows[-1] |= {"ecdf_area": float(areas[m])}
    return rows


def _budgets(runs: Runs) -> np.ndarray:
    return np.geomspace(1, runs.budget / runs.n.max(), 80)


def _pairs(runs: Runs) -> list[dict[str, Any]]:
    """pairs.csv: sign tests of the median times of all pairs of methods, with Holm's adjustment over all of them."""
    times = np.median(numbers.times(runs, np.array([TESTED]))[..., 0], axis=2)
    names = list(combinations(range(len(runs.methods)), 2))
    found = [profiles.compare(times[i], times[j]) for i, j in names]
    adjusted = profiles.holm([pair.p for pair in found]) if found else []
    return [
        {"first": runs.methods[i], "second": runs.methods[j], **pair._asdict(), "p_holm": float(p)}
        for (i, j), pair, p in zip(names, found, adjusted, strict=True)
    ]


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return _tables(files.read_csv(folder / "table.csv"))


def _tables(rows: Sequence[dict[str, Any]]) -> list[tables.Table]:
    """Shares of the problems solved: a block for each accuracy."""
    header = ["", "", *(f"{kappa:g} (n+1)" for kappa in KAPPA), "first", "within 2 ×", "area"]
    lines, last = [], ""
    for row in rows:
        title = f"f ≤ f_L + τ (f(x0) − f_L), τ = {float(row['tau']):g}"
        lines.append([title if title != last else "", str(row["method"]), *_line(row)])
        last = title
    some = rows[0] if rows else {"problems": 0, "runs": 0, "budget": 0, "dropped": 0}
    note = f"Share of {some['problems']} problems solved [95 % interval, bootstrap over problems], {some['runs']} runs "
    note += (
        f"each, at most {some['budget']} calls. First: needed the fewest calls. Within 2 ×: at most twice the fewest. "
    )
    note += (
        "Area: of the ECDF, from 1e-1 to 1e-6. An exact gradient counts as a call; a descent tries several steps side "
    )
    note += "by side and pays for all. "
    note += f"Left out, as not all methods ran: {some['dropped']}." if int(some["dropped"]) else ""
    return [tables.Table("Moré and Wild's problems: share solved within so many calls", note.strip(), header, lines, 2)]


def _line(row: dict[str, Any]) -> list[str]:
    shares = []
    for kappa in KAPPA:
        value, low, high = (_float(row[f"solved_{kappa:g}{end}"]) for end in ("", "_low", "_high"))
        spread = f" [{tables.number(low)}, {tables.number(high)}]" if low == low and kappa == KAPPA[-1] else ""
        shares.append(tables.number(value) + spread)
    return [*shares, *(tables.number(_float(row[name])) for name in ("first", "within_2", "ecdf_area"))]


def _pair_table(pairs: Sequence[dict[str, Any]]) -> tables.Table:
    """The pairs that differ."""
    kept = [pair for pair in pairs if pair["p_holm"] <= LEVEL]
    lines = [
        [pair["first"], pair["second"], *(str(pair[name]) for name in ("wins", "losses", "ties")), *_p(pair)]
        for pair in kept
    ]
    note = f"To τ = {TESTED:g}: on how many problems the first, the second or neither came first. Sign tests of "
    note += f"{len(pairs)} pairs, p adjusted by Holm (1979), at {LEVEL:g}; the others are in pairs.csv."
    header = ["first", "second", "first is first", "second is first", "ties", "p", "p, Holm"]
    return tables.Table("Pairs that differ", note, header, lines, 1)


def _p(pair: dict[str, Any]) -> list[str]:
    return [tables.significant(pair[name], 2) for name in ("p", "p_holm")]


def _float(value: Any) -> float:
    return float(value) if value != "" else nan
