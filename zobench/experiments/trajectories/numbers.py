"""What is read from the records of experiment=trajectories: the lecture's pictures in numbers, and the same in Rⁿ."""

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np

from zobench.report import files, lines, tables
from zobench.statistics import Estimate
from zobench.store import Record

NAMES = {
    "gradient": "gradient descent, step 0.25",
    "a": "(a) forward differences, ε = 1.1, step 0.25",
    "a, central": "(a) put right: central differences",
    "b": "(b) two points, ε = 0.11, forward, no factor d, step 0.25",
    "b, central": "(b) put right: central, factor d, step 1/(nL)",
    "b, factor d": "(b) as printed, factor d, with the step 0.25",
}
K = (10, 50)
ABOVE = 1e-3  # ε from here on: below, rounding is of the same size


class Cell(NamedTuple):
    """One dimension: what the record knows, and its arrays."""

    n: int
    meta: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def distance(self) -> float:
        """Largest |mean − exact| in standard errors, over the recorded iterations from the second on."""
        mean, exact, error = (self.arrays[f"growth/{name}"][1:] for name in ("mean", "exact", "error"))
        return float((np.abs(mean - exact) / error).max())


def cells(records: Sequence[Record]) -> list[Cell]:
    """The dimensions that ran, smallest first."""
    found = [Cell(int(record.meta["n"]), record.meta, record.arrays) for record in records]
    return sorted(found, key=lambda cell: cell.n)


def lecture(found: Sequence[Cell]) -> Cell | None:
    """The cell with the lecture's own runs, n = 2; None where it is missing."""
    return next((cell for cell in found if "ends" in cell.meta), None)


def measures(found: Sequence[Cell]) -> dict[str, Estimate]:
    """Every quantity of the claims; nan where it cannot be measured."""
    return {**_lecture(lecture(found)), **_steps(lecture(found)), **_growth(found)}


def _lecture(cell: Cell | None) -> dict[str, Estimate]:
    end = cell.meta["ends"] if cell else {}
    x = end.get("a", {}).get("x", [nan, nan])
    measured = {
        "gradient descent, distance from the optimum at k = 50": Estimate(_length(end.get("gradient"))),
        "(a) first coordinate at k = 50": Estimate(x[0]),
        "(a) second coordinate at k = 50": Estimate(x[1]),
        "(a) f at k = 50": Estimate(end.get("a", {}).get("f", nan)),
        "(a) central: distance from the optimum at k = 50": Estimate(_length(end.get("a, central"))),
    }
    for name, words in (("b", "(b)"), ("b, central", "(b) put right"), ("b, factor d", "(b) with factor d")):
        for k in K:
            mean, error, exact = (_at(cell, f"{name}/{part}", k) for part in ("mean", "error", "exact"))
            measured[f"{words} E f at k = {k}"] = lines.normal(mean, error)
            measured[f"{words} exact E f at k = {k}"] = Estimate(exact)
            apart = abs(mean - exact) / error if error else nan
            measured[f"{words} mean from the exact curve at k = {k} in standard errors"] = Estimate(apart)
        measured[f"{words} median f at k = 50"] = Estimate(_at(cell, f"{name}/median", 50))
    return measured


def _length(end: dict[str, Any] | None) -> float:
    return float(np.linalg.norm(end["x"])) if end else nan


def _at(cell: Cell | None, name: str, k: int) -> float:
    curve = cell.arrays.get(name) if cell else None
    return float(curve[k]) if curve is not None and len(curve) > k else nan


def _steps(cell: Cell | None) -> dict[str, Estimate]:
    told = cell.meta["eps"] if cell else []
    above = [one for one in told if one["eps"] >= ABOVE]
    eps = [one["eps"] for one in above]
    worst = max(told, key=lambda one: one["eps"], default=None)
    least = min(told, key=lambda one: one["eps"], default=None)
    start = 32**0.5
    return {
        "(a) distance from gradient descent at k = 50: exponent in ε": _log_slope(eps, above, "end"),
        "(a) distance from gradient descent at k = 50, ε = 1.1": Estimate(worst["end"] if worst else nan),
        "(a) largest distance between the paths, ε = 1.1, over ‖x0 − x*‖": _share(worst, start),
        "(a) largest distance between the paths, smallest ε, over ‖x0 − x*‖": _share(least, start),
        "(a) f at k = 50: exponent in ε": _log_slope(eps, above, "f"),
        "(b) floor: exponent in ε": lines.log_slope(eps, [one["floor"][0] for one in above]),
        "(b) floor: measured/exact": lines.pooled(
            [one["floor"][0] / one["exact_floor"] for one in above],
            [one["floor"][1] / one["exact_floor"] for one in above],
        ),
    }


def _log_slope(eps: Sequence[float], told: Sequence[dict[str, Any]], name: str) -> Estimate:
    return lines.log_slope(eps, [one[name] for one in told])


def _share(one: dict[str, Any] | None, start: float) -> Estimate:
    return Estimate(one["apart"] / start if one else nan)


def _growth(found: Sequence[Cell]) -> dict[str, Estimate]:
    n = [cell.n for cell in found]
    end = [cell.arrays["growth/mean"][-1] / cell.meta["start"] for cell in found]
    return {
        "two points, iterations to f(x0)/100: exponent in n": lines.log_slope(n, [_reached(cell) for cell in found]),
        "two points, largest mean f at the end over f(x0)": lines.largest(end),
        "two points, largest distance from the exact curve in standard errors": lines.largest(
            [cell.distance for cell in found]
        ),
    }


def _reached(cell: Cell) -> float:
    value = cell.meta["reached"]["mean"]
    return float(value) if value is not None and isfinite(float(value)) else nan


def rows(found: Sequence[Cell]) -> list[dict[str, Any]]:
    """table.csv: the lecture's runs at two iterations, its difference steps, then each dimension."""
    empty = dict.fromkeys(("what", "n", "eps", "k", "f", "f_error", "median", "exact", "distance"), nan)
    cell, out = lecture(found), []
    for name, words in NAMES.items() if cell else ():
        for k in K:
            parts = [_at(cell, f"{name}/{part}", k) for part in ("mean", "error", "median", "exact")]
            known = dict(zip(("f", "f_error", "median", "exact"), parts, strict=True))
            out.append({**empty, "what": words, "n": 2, "k": k, **known})
    for one in cell.meta["eps"] if cell else ():
        about = {**empty, "n": 2, "eps": one["eps"]}
        out.append({**about, "what": "(a) at this ε", "k": 50, "f": one["f"], "distance": one["end"]})
        floor = {"f": one["floor"][0], "f_error": one["floor"][1], "exact": one["exact_floor"]}
        out.append({**about, "what": "(b) floor at this ε", **floor})
    for one in found:
        known = {"k": _reached(one), "exact": float(one.meta["reached"]["exact"] or nan), "distance": one.distance}
        out.append({**empty, "what": "two points to f(x0)/100", "n": one.n, **known})
    return out


def table(lines_of_csv: Sequence[dict[str, str]]) -> list[tables.Table]:
    """The lecture's runs and the dimensions, from table.csv."""
    runs = [line for line in lines_of_csv if line["what"] in NAMES.values()]
    body = []
    for words in dict.fromkeys(line["what"] for line in runs):
        cells = [words]
        for line in (line for line in runs if line["what"] == words):
            exact = tables.significant(files.number(line["exact"]), 4)
            cells += [tables.significant(files.number(line["f"]), 4) + (f" ({exact})" if exact else "")]
            cells += [tables.significant(files.number(line["median"]), 3)]
        body.append(cells)
    header = ["", "mean f, k = 10", "median", "mean f, k = 50", "median"]
    note = "f(x0) = 96 at (4, 4). In brackets: the exact recursion of the mean."
    grown = [line for line in lines_of_csv if line["what"].startswith("two points to")]
    text = [
        [line["n"], line["k"], line["exact"], tables.significant(files.number(line["distance"]), 2)] for line in grown
    ]
    low = "The lecture's function of each pair of coordinates; the mean over runs, step 1/(nL)."
    columns = ["n", "iterations to f(x0)/100", "exact", "largest distance of the curves, standard errors"]
    return [
        *([tables.Table("The lecture's function", note, header, body)] if body else []),
        tables.Table("The same in n dimensions", low, columns, text),
    ]


def exponent(found: Sequence[Cell]) -> float:
    """The exponent in n of the iterations to f(x0)/100; nan for fewer than four dimensions."""
    return measures(found)["two points, iterations to f(x0)/100: exponent in n"].value
