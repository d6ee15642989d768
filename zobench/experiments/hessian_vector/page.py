"""experiment=hessian_vector: what products with the Hessian cost and are good for, problem by problem."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import store
from zobench.experiments.hessian_vector.newton_paths import METHODS
from zobench.experiments.hessian_vector.study import FUNCTIONS, STEPS
from zobench.report import files, fitted, page, tables
from zobench.report.lines import asymptotic, local, log_slope
from zobench.statistics import Estimate

FILES = page.names("products", "steps", "newton")
PRODUCTS = slice(2, 5)  # of FUNCTIONS
HESSIAN = FUNCTIONS.index("Hessian")
FAMILIES = ("quadratic", "wide_logistic_regression", "tanh_network", "newton_example")
MANY = 30_000  # coordinates from which the exponents are fitted: below, what does not grow with n still shows
GIVEN = 100_000  # the n of the lecture's numbers of bytes
LARGE = 512  # the n at which a Newton step is compared with a gradient step
TARGET = 1e-6  # of the first gap
SHOWN = ("over_f", "bytes", "exponent_bytes", "seconds", "exponent_seconds", "error")
closing = page.closing

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the page."""
    from zobench.experiments.hessian_vector import figures

    found = named(records)
    rows = [line for name, record in found.items() for line in _rows(name, record.arrays)]
    page.write(folder, "hessian_vector", records, rows, _tables(rows), measures(records))
    figures.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return _tables(files.read_csv(folder / "table.csv"))


def named(records: Sequence[Path]) -> dict[str, store.Record]:
    """The records by the name of their problem's function; of several of one name, by its size too."""
    found = {}
    for record in page.read(records):
        name = record.meta["config"]["problem"]["_target_"].rpartition(".")[2]
        found[name if name not in found else f"{name}, n = {record.arrays['n'][-1]}"] = record
    return found


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Of each problem, and for the families of the experiment also where they did not run (nan)."""
    found = named(records)
    measured = {}
    for name in dict.fromkeys([*FAMILIES, *found]):
        arrays = found[name].arrays if name in found else {}
        measured |= {f"{name}, {what}": value for what, value in _of_one(arrays).items()}
    return measured


def _of_one(a: dict[str, np.ndarray]) -> dict[str, Estimate]:
    return {**_products(a), **_differences(a), **_steps(a), **_paths(a)}


def _products(a: dict[str, np.ndarray]) -> dict[str, Estimate]:
    names = ["product against the Hessian: largest relative error", "product: operations over f, largest"]
    names += ["product: operations over f, slope in n", "product: bytes, slope in n", "Hessian: bytes, slope in n"]
    names += ["Hessian: bytes at n = 10^5", "product: bytes at n = 10^5", "product: time over gradient, median"]
    found = dict.fromkeys(names, Estimate(nan))
    if not a:
        return found
    n, over = a["n"], a["operations"][PRODUCTS] / a["operations"][0]
    many = n >= MANY
    errors = a["errors"][np.isfinite(a["errors"])]
    found[names[0]] = Estimate(float(errors.max())) if errors.size else Estimate(nan)
    found[names[1]] = Estimate(float(over.max()))
    found[names[2]] = asymptotic(n[many], over[0][many])
    found[names[3]] = asymptotic(n[many], a["bytes"][2][many])
    found[names[4]] = asymptotic(n[many], a["bytes"][HESSIAN][many])
    near = np.flatnonzero(np.abs(n / GIVEN - 1) < 0.02)  # a network has about so many weights
    if near.size:
        scale = GIVEN / n[near[0]]
        found[names[5]] = Estimate(float(a["bytes"][HESSIAN][near[0]] * scale**2))
        found[names[6]] = Estimate(float(a["bytes"][2][near[0]] * scale))
    ratios = a["seconds"][2] / a["seconds"][1]  # [n, repeats]
    found[names[7]] = fitted.timed(np.median(ratios[:, np.isfinite(ratios).all(axis=0)], axis=0))
    return found


def _differences(a: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """Both branches of the V; nan where the truncation error never shows, as for a quadratic."""
    names = ["differences: slope of the error, large eps", "differences: slope of the error, small eps"]
    names += ["differences: least relative error"]
    found = dict.fromkeys(names, Estimate(nan))
    if "curve" not in a:
        return found
    eps, error = a["eps"], a["curve"]
    best = int(error.argmin())
    right, left = (eps > 3 * eps[best]) & (error < 1e-2), eps < eps[best] / 3
    found[names[2]] = Estimate(float(error[best]))
    found[names[0]] = log_slope(eps[right], error[right])
    found[names[1]] = log_slope(eps[left], error[left])
    return found


def _steps(a: dict[str, np.ndarray]) -> dict[str, Estimate]:
    found = {}
    for i, step in enumerate(STEPS):
        found[f"{step} step: bytes, slope in n"] = Estimate(nan)
        found[f"{step} step: time, slope in n"] = Estimate(nan)
        if a and len(a["step_n"]) > 1:
            found[f"{step} step: bytes, slope in n"] = asymptotic(a["step_n"], a["step_bytes"][i])
            found[f"{step} step: time, slope in n"] = asymptotic(a["step_n"], fitted.median(a["step_seconds"][i]))
    found["time of a Newton step over a gradient step, n = 512"] = Estimate(nan)
    if a and LARGE in a["step_n"]:
        times = a["step_seconds"][:, a["step_n"].tolist().index(LARGE)]
        found["time of a Newton step over a gradient step, n = 512"] = fitted.timed_ratio(times[3], times[1])
    return found


def _paths(a: dict[str, np.ndarray]) -> dict[str, Estimate]:
    """What gradient descent takes over what Newton-CG takes to 1e-6 of the first gap: work in gradients, seconds."""
    names = [f"to 1e-6 of the first gap: {what}, gradient descent over Newton-CG" for what in ("gradients", "seconds")]
    found = dict.fromkeys(names, Estimate(nan))
    if "path_0_gap" not in a:
        return found
    reached = [np.flatnonzero(a[f"path_{i}_gap"] <= TARGET * a[f"path_{i}_gap"][0]) for i in range(2)]
    if all(one.size for one in reached):
        k, j = reached[0][0], reached[1][0]
        found[names[0]] = Estimate(float(a["path_0_work"][k] / a["path_1_work"][j]))
        found[names[1]] = fitted.timed_ratio(a["path_0_seconds"][:, k], a["path_1_seconds"][:, j])
    return found


def _rows(name: str, a: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """table.csv: costs of the functions, then of the steps, then what the ways to the minimum took."""
    lines = []
    for i, function in enumerate(FUNCTIONS):
        for j, n in enumerate(a["n"]):
            counts = {"operations": float(a["operations"][i, j]), "bytes": float(a["bytes"][i, j])}
            counts["over_f"] = counts["operations"] / float(a["operations"][0, j])
            error = float(a["errors"][i - 2, j]) if i in (2, 3, 4) else nan
            lines.append(_row(name, function, int(n), counts, a["seconds"][i, j], error))
    for i, step in enumerate(STEPS):
        steep = [local(a["step_n"], one) for one in (a["step_bytes"][i], fitted.median(a["step_seconds"][i]))]
        for j, n in enumerate(a["step_n"]):
            counts = {"bytes": float(a["step_bytes"][i, j]), "exponent_bytes": steep[0][j]}
            line = _row(name, f"step: {step}", int(n), counts, a["step_seconds"][i, j], nan)
            lines.append(line | {"exponent_seconds": steep[1][j]})
    for i, method in enumerate(METHODS):
        if f"path_{i}_gap" in a:
            gap, work = a[f"path_{i}_gap"], a[f"path_{i}_work"]
            line = _row(name, f"way: {method}", int(a["path_n"]), {}, a[f"path_{i}_seconds"][:, -1], nan)
            lines.append(
                line | {"iterations": gap.size - 1, "gradients": float(work[-1]), "gap": float(gap[-1] / gap[0])}
            )
    return lines


def _row(
    problem: str, what: str, n: int, counts: dict[str, float], seconds: np.ndarray, error: float
) -> dict[str, Any]:
    low, middle, high = map(float, fitted.quartiles(seconds))
    costs = {"operations": nan, "over_f": nan, "bytes": nan, "exponent_bytes": nan, "exponent_seconds": nan} | counts
    times = {"seconds": middle, "low": low, "high": high, "error": error}
    return {"problem": problem, "what": what, "n": n} | costs | times | {"iterations": "", "gradients": nan, "gap": nan}


def _tables(rows: Sequence[dict[str, Any]]) -> list[tables.Table]:
    costs, ways, last, end = [], [], "", ""
    for line in rows:
        what, values = str(line["what"]), {name: _number(line[name]) for name in SHOWN}
        place = f"{line['problem']}: {what}"
        if what.startswith("way: "):
            where = f"{line['problem']}, n = {line['n']}"
            shown = [tables.significant(_number(line[name])) for name in ("gradients", "seconds", "gap")]
            ways.append(["" if where == end else where, what[5:], str(line["iterations"]), *shown])
            end = where
        else:
            shown = [tables.significant(value) for value in values.values()]
            costs.append(["" if place == last else place, str(line["n"]), *shown])
            last = place
    note = "As compiled: operations over those of f, bytes beyond the arguments; medians of the times, quartiles in "
    note += "table.csv. Error: against the whole Hessian, relative. A Newton-CG step has 10 products. "
    note += "Exponents: in n, from the n before."
    header = ["", "n", "operations/f", "bytes", "exponent", "seconds", "exponent", "error"]
    found = [tables.Table("Products with the Hessian, and steps made of them", note, header, costs, 2)] if costs else []
    note = "Gradients: all that was asked, priced by operations. Gap: the last f - f* over the first."
    header = ["", "method", "iterations", "gradients", "seconds", "gap"]
    return found + ([tables.Table("The way to the minimum", note, header, ways, 2)] if ways else [])


def _number(text: Any) -> float:
    return float(text) if text != "" else nan
