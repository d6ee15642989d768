"""The lecture's two pictures of descent without gradients in numbers, as drawn and put right, and the same in Rⁿ."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded
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
CURVES = {"f": "mean", "f_error": "error", "median": "median", "exact": "exact"}
ABOVE = 1e-3  # ε from here on: below, rounding is of the same size
GROWN = "two points to f(x0)/100"


def lecture(found: Sequence[Record]) -> list[Record]:
    """The record with the lecture's own runs, n = 2; none where it is missing."""
    return [record for record in found if "ends" in record.meta]


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Where the lecture's runs end, how that depends on ε, and how iterations grow with n."""
    grown = [record.arrays["growth/mean"][-1] / record.meta["start"] for record in found]
    measured = {
        "two points, iterations to f(x0)/100: exponent in n": exponent(found),
        "two points, largest mean f at the end over f(x0)": lines.largest(grown),
        "two points, largest distance from the exact curve in standard errors": lines.largest(list(map(apart, found))),
    }
    for record in lecture(found):
        measured |= _ends(record) | _steps(record.meta["eps"])
    return measured


def exponent(found: Sequence[Record]) -> Estimate:
    """The exponent in n of the iterations to f(x0)/100; nan for fewer than four dimensions."""
    return lines.log_slope([r.meta["n"] for r in found], [r.meta["reached"]["mean"] for r in found])


def apart(record: Record) -> float:
    """Largest |mean − exact| in standard errors, over the recorded iterations from the second on."""
    mean, exact, error = (record.arrays[f"growth/{name}"][1:] for name in ("mean", "exact", "error"))
    return float((np.abs(mean - exact) / error).max())


def _ends(record: Record) -> dict[str, Estimate]:
    ends, curves = record.meta["ends"], record.arrays
    found = {
        "(a) first coordinate at k = 50": ends["a"]["x"][0],
        "(a) second coordinate at k = 50": ends["a"]["x"][1],
        "(a) f at k = 50": ends["a"]["f"],
        "(a) central: distance from the optimum at k = 50": np.linalg.norm(ends["a, central"]["x"]),
        "(b) exact E f at k = 50": curves["b/exact"][50],
        "(b) with factor d exact E f at k = 50": curves["b, factor d/exact"][50],
        "(b) with factor d median f at k = 50": curves["b, factor d/median"][50],
    }
    for k in K:
        off = abs(curves["b/mean"][k] - curves["b/exact"][k]) / curves["b/error"][k]
        found[f"(b) mean from the exact curve at k = {k} in standard errors"] = off
    return {name: Estimate(float(value)) for name, value in found.items()}


def _steps(told: Sequence[dict[str, Any]]) -> dict[str, Estimate]:
    """What the difference step does to where (a) ends and to the floor of (b)."""
    above = [one for one in told if one["eps"] >= ABOVE]
    eps = [one["eps"] for one in above]
    by_eps = sorted(told, key=lambda one: one["eps"])
    return {
        "(a) distance from gradient descent at k = 50: exponent in ε": lines.log_slope(eps, [o["end"] for o in above]),
        "(a) f at k = 50: exponent in ε": lines.log_slope(eps, [one["f"] for one in above]),
        "(a) largest distance between the paths, ε = 1.1, over ‖x0 − x*‖": Estimate(by_eps[-1]["apart"] / 32**0.5),
        "(a) largest distance between the paths, smallest ε, over ‖x0 − x*‖": Estimate(by_eps[0]["apart"] / 32**0.5),
        "(b) floor: exponent in ε": lines.log_slope(eps, [one["floor"][0] for one in above]),
        "(b) floor: measured/exact": lines.pooled((one["floor"], one["exact_floor"]) for one in above),
    }


def rows(found: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """The lecture's runs at two iterations, its difference steps, then each dimension."""
    for record in lecture(found):
        for name, words in NAMES.items():
            curves = {column: record.arrays.get(f"{name}/{part}") for column, part in CURVES.items()}
            for k in K:
                known = {column: curve[k] for column, curve in curves.items() if curve is not None}
                yield {"what": words, "n": 2, "eps": None, "k": k, **known}
        for one in record.meta["eps"]:
            (value, error), about = one["floor"], {"n": 2, "eps": one["eps"]}
            yield {"what": "(a) at this ε", **about, "k": 50, "f": one["f"], "distance": one["end"]}
            yield {"what": "(b) floor at this ε", **about, "f": value, "f_error": error, "exact": one["exact_floor"]}
    for record in found:
        reached = {"k": record.meta["reached"]["mean"], "exact": record.meta["reached"]["exact"]}
        yield {"what": GROWN, "n": record.meta["n"], **reached, "distance": apart(record)}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """The lecture's runs and the dimensions."""
    runs = [row for row in rows if row["what"] in NAMES.values()]
    body = [[early["what"], *_cells(early), *_cells(late)] for early, late in zip(runs[::2], runs[1::2], strict=True)]
    header = ["", "mean f, k = 10", "median", "mean f, k = 50", "median"]
    note = "f(x0) = 96 at (4, 4). In brackets: the exact recursion of the mean."
    low = "The lecture's function of each pair of coordinates; the mean over runs, step 1/(nL)."
    columns: dict[str, tables.Cell] = {
        "n": "n",
        "iterations to f(x0)/100": "k",
        "exact": "exact",
        "largest distance of the curves, standard errors": rounded("distance", 2),
    }
    grown = [row for row in rows if row["what"] == GROWN]
    return [
        tables.Table("The lecture's function", note, header, body),
        tables.table("The same in n dimensions", low, grown, columns),
    ]


def _cells(row: tables.Row) -> tuple[str, str]:
    exact = f" ({rounded('exact', 4)(row)})" if row["exact"] else ""
    return rounded("f", 4)(row) + exact, rounded("median")(row)


EXPERIMENT = Experiment(
    question="Do the lecture's two pictures of descent without gradients show what they say, and how fast is it in Rⁿ?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=lambda found: files.aligned(list(rows(found))),
    tables=shown,
    measures=measures,
    figures=("trajectories", "convergence"),
)
