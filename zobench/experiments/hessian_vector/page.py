"""What products with the Hessian cost and are good for, problem by problem."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zobench.experiments.hessian_vector.newton_paths import METHODS
from zobench.experiments.hessian_vector.second_order import EXACT
from zobench.experiments.hessian_vector.study import FUNCTIONS, STEPS
from zobench.report import fitted, lines, records, tables
from zobench.report.lines import asymptotic, local, log_slope
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

PRODUCT, HESSIAN = FUNCTIONS.index(EXACT[0]), FUNCTIONS.index("Hessian")
MANY = 30_000  # coordinates from which the exponents are fitted: below, what does not grow with n still shows
GIVEN = 100_000  # the n of the lecture's numbers of bytes
LARGE = 512  # the n at which a Newton step is compared with a gradient step
TARGET = 1e-6  # of the first gap
COLUMNS = (
    "problem", "what", "n", "operations", "over_f", "bytes", "exponent_bytes", "exponent_seconds", "seconds", "low",
    "high", "error", "iterations", "gradients", "gap",
)  # fmt: skip

Arrays = Mapping[str, np.ndarray]
Found = Mapping[str, Record]


def read(paths: Sequence[Path]) -> dict[str, Record]:
    """The records by the name of their problem's function; of several of one name, by its size too."""
    found = {}
    for record in records.ended(paths):
        name = records.target(record.meta["config"]["problem"])
        found[name if name not in found else f"{name}, n = {record.arrays['n'][-1]}"] = record
    return found


def measures(found: Found) -> dict[str, Estimate]:
    """What was measured of each problem."""
    measured = {}
    for name, record in found.items():
        a = record.arrays
        own = {**_products(a), **_differences(a), **_steps(a), **_paths(a)}
        measured |= {f"{name}, {what}": value for what, value in own.items()}
    return measured


def _products(a: Arrays) -> dict[str, Estimate]:
    n, over = a["n"], a["operations"][PRODUCT : PRODUCT + len(EXACT)] / a["operations"][0]
    product, hessian = a["bytes"][PRODUCT], a["bytes"][HESSIAN]
    many = n >= MANY
    ratios = a["seconds"][PRODUCT] / a["seconds"][1]  # [n, repeats]
    found = {
        "product against the Hessian: largest relative error": lines.largest(a["errors"].ravel().tolist()),
        "product: operations over f, largest": Estimate(float(over.max())),
        "product: operations over f, slope in n": asymptotic(n[many], over[0][many]),
        "product: bytes, slope in n": asymptotic(n[many], product[many]),
        "Hessian: bytes, slope in n": asymptotic(n[many], hessian[many]),
        "product: time over gradient, median": fitted.timed(np.median(ratios, axis=0)),
    }
    for i in np.flatnonzero(np.abs(n / GIVEN - 1) < 0.02)[:1]:  # a network has about so many weights
        scale = GIVEN / n[i]
        found["Hessian: bytes at n = 10^5"] = Estimate(float(hessian[i] * scale**2))
        found["product: bytes at n = 10^5"] = Estimate(float(product[i] * scale))
    return found


def _differences(a: Arrays) -> dict[str, Estimate]:
    """Both branches of the V; nan where the truncation error never shows, as for a quadratic."""
    if "curve" not in a:
        return {}
    eps, error = a["eps"], a["curve"]
    best = int(error.argmin())
    right, left = (eps > 3 * eps[best]) & (error < 1e-2), eps < eps[best] / 3
    return {
        "differences: slope of the error, large eps": log_slope(eps[right], error[right]),
        "differences: slope of the error, small eps": log_slope(eps[left], error[left]),
        "differences: least relative error": Estimate(float(error[best])),
    }


def _steps(a: Arrays) -> dict[str, Estimate]:
    n, found = a["step_n"], {}
    for step, bytes, seconds in zip(STEPS, a["step_bytes"], a["step_seconds"], strict=True):
        found[f"{step} step: bytes, slope in n"] = asymptotic(n, bytes)
        found[f"{step} step: time, slope in n"] = asymptotic(n, fitted.median(seconds))
    for i in np.flatnonzero(n == LARGE):
        of = dict(zip(STEPS, a["step_seconds"][:, i], strict=True))
        ratio = fitted.timed_ratio(of["Newton"], of["gradient descent"])
        found[f"time of a Newton step over a gradient step, n = {LARGE}"] = ratio
    return found


def _paths(a: Arrays) -> dict[str, Estimate]:
    """What gradient descent takes over what Newton-CG takes to 1e-6 of the first gap: work in gradients, seconds."""
    if "path_0_gap" not in a:
        return {}
    reached = [np.flatnonzero(a[f"path_{i}_gap"] <= TARGET * a[f"path_{i}_gap"][0]) for i in range(2)]
    if not all(one.size for one in reached):
        return {}
    k, j = reached[0][0], reached[1][0]
    work = Estimate(float(a["path_0_work"][k] / a["path_1_work"][j]))
    seconds = fitted.timed_ratio(a["path_0_seconds"][:, k], a["path_1_seconds"][:, j])
    name = "to 1e-6 of the first gap: {}, gradient descent over Newton-CG"
    return {name.format("gradients"): work, name.format("seconds"): seconds}


def rows(found: Found) -> list[dict[str, Any]]:
    """Costs of the functions, then of the steps, then what the ways to the minimum took."""
    every = [(name, row) for name, record in found.items() for row in _rows(record.arrays)]
    return [{**dict.fromkeys(COLUMNS), "problem": name, **row} for name, row in every]


def _rows(a: Arrays) -> Iterator[dict[str, Any]]:
    for i, function in enumerate(FUNCTIONS):
        for j, n in enumerate(a["n"]):
            operations = a["operations"][i, j]
            costs = {"operations": operations, "over_f": operations / a["operations"][0, j], "bytes": a["bytes"][i, j]}
            error = {"error": a["errors"][i - PRODUCT, j]} if function in EXACT else {}
            yield {"what": function, "n": n, **costs, **_seconds(a["seconds"][i, j]), **error}
    for step, bytes, seconds in zip(STEPS, a["step_bytes"], a["step_seconds"], strict=True):
        exponents = {"exponent_bytes": local(a["step_n"], bytes)}
        exponents |= {"exponent_seconds": local(a["step_n"], fitted.median(seconds))}
        for j, n in enumerate(a["step_n"]):
            own = {name: values[j] for name, values in exponents.items()}
            yield {"what": f"step: {step}", "n": n, "bytes": bytes[j], **own, **_seconds(seconds[j])}
    for i, method in enumerate(METHODS if "path_0_gap" in a else ()):
        gap, work, seconds = (a[f"path_{i}_{name}"] for name in ("gap", "work", "seconds"))
        reached = {"iterations": gap.size - 1, "gradients": work[-1], "gap": gap[-1] / gap[0]}
        yield {"what": f"way: {method}", "n": int(a["path_n"]), **_seconds(seconds[:, -1]), **reached}


def _seconds(seconds: np.ndarray) -> dict[str, Any]:
    return dict(zip(("low", "seconds", "high"), fitted.quartiles(seconds), strict=True))


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """Costs, and the ways to the minimum."""
    costs: dict[str, tables.Cell] = {
        "": lambda row: f"{row['problem']}: {row['what']}",
        "n": "n",
        "operations/f": tables.rounded("over_f"),
        "bytes": tables.rounded("bytes"),
        "exponent of bytes": tables.rounded("exponent_bytes"),
        "seconds": tables.rounded("seconds"),
        "exponent of seconds": tables.rounded("exponent_seconds"),
        "error": tables.rounded("error"),
    }
    ways: dict[str, tables.Cell] = {
        "": lambda row: f"{row['problem']}, n = {row['n']}",
        "method": lambda row: row["what"].removeprefix("way: "),
        "iterations": "iterations",
        **{name: tables.rounded(name) for name in ("gradients", "seconds", "gap")},
    }
    note = "As compiled: operations over those of f, bytes beyond the arguments; medians of the times, quartiles in "
    note += "table.csv. Error: against the whole Hessian, relative. A Newton-CG step has 10 products. "
    note += "Exponents: in n, from the n before."
    own = [row for row in rows if not row["iterations"]]
    first = tables.table("Products with the Hessian, and steps made of them", note, own, costs, words=2)
    first = first._replace(header=[head.partition(" of ")[0] for head in first.header])  # an exponent is of its left
    note = "Gradients: all that was asked, priced by operations. Gap: the last f - f* over the first."
    own = [row for row in rows if row["iterations"]]
    return [first, tables.table("The way to the minimum", note, own, ways, words=2)]


EXPERIMENT = Experiment(
    question="What does a product with the Hessian cost, and do methods that use it gain by it?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("products", "steps", "newton"),
)
