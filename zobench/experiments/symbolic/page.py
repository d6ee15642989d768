"""Formulas that swell, differences in many digits, and one gradient in all ways."""

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
from scipy.special import stdtrit
from scipy.stats import linregress

from zobench.report import files, fitted, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import Row, rounded, value
from zobench.statistics import POINTS_NEEDED, Estimate
from zobench.store import Record

FAMILIES = {
    "product": "product Πₖ sin kx",
    "composition": "logistic map, n times",
    "chain": "softplus chain",
    "network": "network of width 2",
}
STEEP = ("composition", "network")  # the derivative doubles with each level
SERIES = ("f", "derivative", "derivative, shared", "f in JAX", "grad in JAX")  # what is counted
LARGE_N = 8  # the ratios between the ways are told from here on
FROM_DIGITS = {"64 multiplications": 1024, "4 exponentials": 256}  # where the arithmetic outweighs Python
FROM_VARIABLES = 8
FROM_LEVEL = 3


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Exponents, rates of growth, ratios and errors of the parts that were run."""
    by_part: dict[str, Callable[[Record], dict[str, Estimate]]] = {"precision": _precision, "ways": _ways}
    values: dict[str, Estimate] = {}
    for record in found:
        values |= by_part.get(record.meta["part"], _swell)(record)
    counts = [record.arrays["counts"] for record in found if record.meta["part"] in FAMILIES]
    largest = max((float((own[:, 4] / own[:, 3]).max()) for own in counts), default=nan)
    return values | {"all families: grad over f in JAX, largest": Estimate(largest)}


def _swell(record: Record) -> dict[str, Estimate]:
    family, level, counts = record.meta["part"], record.arrays["levels"], record.arrays["counts"]
    kept = level >= FROM_LEVEL
    doubled = counts[:, 1] / 2.0**level
    values = {f"exponent of {title}": power(level[kept], counts[kept, i]) for i, title in enumerate(SERIES)}
    values["growth of derivative per level"] = growth(level[-POINTS_NEEDED:], counts[-POINTS_NEEDED:, 1])
    values["exponent of derivative over 2^n"] = power(level[kept][-POINTS_NEEDED:], doubled[kept][-POINTS_NEEDED:])
    if level[-1] >= LARGE_N or family == "network":
        times = record.arrays["times"][-1]
        values["seconds to derive, sympy over JAX's trace, last level"] = fitted.timed_ratio(times[0], times[2])
        over = Estimate(counts[-1, 1] / counts[-1, 4])
        values["operations of the derivative over grad in JAX, last level"] = over
    return {f"{family}: {name}": found for name, found in values.items()}


def _precision(record: Record) -> dict[str, Estimate]:
    a, values = record.arrays, {}
    for i, (kind, from_digits) in enumerate(FROM_DIGITS.items()):
        for against, least in (("digits", from_digits), ("variables", FROM_VARIABLES)):
            large = a[against] >= least
            seconds = np.median(a[f"{against}_time"][i], axis=1)
            values[f"{kind}: exponent of time in {against}"] = power(a[against][large], seconds[large])
    for kind, error in zip(record.meta["errors"], a["error"], strict=True):
        values[f"{kind}: decades of error per digit"] = _line(a["digits"], error)
    return values


def _ways(record: Record) -> dict[str, Estimate]:
    a, n, ways = record.arrays, record.arrays["exact"].size, record.meta["ways"]
    base, errors = ways.index("reverse mode"), relative_errors(record)
    known = np.maximum(errors, np.finfo(float).eps / 2)  # no error counts as a rounding
    told = {
        "relative error": errors,
        "calls of f over n": a["calls"] / n,
        "operations over reverse mode": a["operations"] / a["operations"][base],
        "error over reverse mode": known / known[base],
    }
    values = {f"{way}: {name}": own[i] for name, own in told.items() for i, way in enumerate(ways)}
    return {name: Estimate(float(own)) for name, own in values.items()} if n >= LARGE_N else {}


def relative_errors(record: Record) -> np.ndarray:
    """max |found − exact| over the largest derivative, of each way."""
    exact = record.arrays["exact"]
    return np.abs(record.arrays["gradient"] - exact).max(1) / np.abs(exact).max()


def power(x: np.ndarray, y: np.ndarray) -> Estimate:
    """The slope of ln y on ln x with its 95 % interval from the residuals; nan for fewer than four sizes."""
    return _line(np.log(x), np.log(y))


def growth(x: np.ndarray, y: np.ndarray) -> Estimate:
    """The factor of y per unit of x: exp of the slope of ln y on x; nan for fewer than four sizes."""
    return Estimate(*np.exp(_line(x, np.log(y))[:3]).tolist())


def _line(x: np.ndarray, y: np.ndarray) -> Estimate:
    known = np.isfinite(y)
    if known.sum() < POINTS_NEEDED:
        return Estimate(nan)
    fit: Any = linregress(x[known], y[known])
    half = float(stdtrit(known.sum() - 2, 0.975)) * fit.stderr
    return Estimate(float(fit.slope), float(fit.slope - half), float(fit.slope + half), stderr=float(fit.stderr))


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each level of a family, each number of digits and of variables, each way."""
    by_part = {"precision": _precision_lines, "ways": _way_lines}
    return files.aligned([line for r in found for line in by_part.get(r.meta["part"], _family_lines)(r)])


def _family_lines(record: Record) -> list[dict[str, Any]]:
    a, meta = record.arrays, record.meta
    return [
        {"kind": "swell", "part": meta["part"], "size": int(level)}
        | {f"operations: {name}": int(count) for name, count in zip(meta["counts"], counts, strict=True)}
        | _seconds(meta["times"], times)
        for level, counts, times in zip(a["levels"], a["counts"], a["times"], strict=True)
    ]


def _seconds(names: Sequence[str], times: np.ndarray) -> dict[str, float]:
    return dict(zip([f"CPU seconds: {name}" for name in names], np.median(times, axis=1).tolist(), strict=True))


def _precision_lines(record: Record) -> list[dict[str, Any]]:
    a, lines = record.arrays, []
    errors = [f"log10 error: {kind}" for kind in record.meta["errors"]]
    for against in ("digits", "variables"):
        for i, size in enumerate(a[against]):
            line = {"kind": against, "part": "precision", "size": int(size)}
            line |= _seconds(record.meta["kinds"], a[f"{against}_time"][:, i])
            lines.append(
                line | (dict(zip(errors, a["error"][:, i].tolist(), strict=True)) if against == "digits" else {})
            )
    return lines


def _way_lines(record: Record) -> list[dict[str, Any]]:
    a, ways = record.arrays, record.meta["ways"]
    low, middle, high = np.quantile(a["seconds"], [0.25, 0.5, 0.75], axis=1)
    columns = {
        "error": relative_errors(record),
        "calls": a["calls"],
        "operations": a["operations"],
        "operations / f": a["operations"] / record.meta["f"],
        "memory": a["memory"],
        "seconds to prepare": a["prepared"],
        "seconds": middle,
        "quartile 1": low,
        "quartile 3": high,
        "time / reverse mode": np.median(a["seconds"] / a["seconds"][ways.index("reverse mode")], axis=1),
    }
    return [
        {"kind": "way", "part": way, "size": a["exact"].size} | {name: own[i].item() for name, own in columns.items()}
        for i, way in enumerate(ways)
    ]


def shown(rows: Sequence[Row]) -> list[tables.Table]:
    """What automatic differentiation is not; how formulas swell; differences in many digits."""
    ways, digits = ([row for row in rows if row["kind"] == kind] for kind in ("way", "digits"))
    return [_ways_table(ways), _swell_table(rows), _digits_table(digits)]


def _ways_table(rows: Sequence[Row]) -> tables.Table:
    columns: dict[str, tables.Cell] = {
        "one gradient": "part",
        "error": rounded("error", 2),
        "calls of f": "calls",
        "operations / f": rounded("operations / f"),
        "memory, bytes": rounded("memory", 4),
        "preparing, s": rounded("seconds to prepare", 2),
        "time / reverse": rounded("time / reverse mode", 2),
    }
    n = "".join({row["size"] for row in rows})
    note = f"Helmholtz energy of {n} variables, float64. Error: largest, relative to the largest derivative, to 80 "
    note += "digits. Operations: of the compiled program (XLA), of formulas by count_ops. Memory: temporary bytes of "
    note += "the program; in Python (formulas, 50 digits) the peak of one call without the code. Calls 0: the formula "
    note += "is all. Formulas and 50 digits run in Python, the rest is compiled, one program for all directions. Time: "
    note += "CPU seconds, median of interleaved rounds."
    return tables.table("What automatic differentiation is not", note, rows, columns)


def _swell_table(rows: Sequence[Row]) -> tables.Table:
    families = {family: [row for row in rows if row["part"] == family] for family in FAMILIES}
    columns: dict[str, tables.Cell] = {
        "": lambda row: FAMILIES[row["part"]],
        "n": "size",
        "f": "operations: f",
        "derivative": "operations: derivative",
        "shared": "operations: derivative, subexpressions shared",
        "grad in JAX": "operations: grad in JAX",
        "time / JAX": lambda row: tables.significant(_time(row, "symbolic") / _time(row, "JAX: trace"), 2),
    }
    note = "Operations of the derivative as a formula, with common subexpressions shared, and of the program of "
    note += "jax.grad. Time to derive: CPU seconds, sympy against JAX's trace. "
    note += "; ".join(told for family, own in families.items() if (told := _order(family, own)))
    return tables.table("How formulas swell", note, [row for own in families.values() for row in own], columns, words=2)


def _time(row: Row, way: str) -> float:
    return value(row, f"CPU seconds: {way}")


def _order(family: str, rows: Sequence[Row]) -> str:
    """The order of a family's derivative, fitted to the last four levels, in words."""
    level, count = (np.array([value(row, name) for row in rows[-4:]]) for name in ("size", "operations: derivative"))
    found = (growth if family in STEEP else power)(level, count).value
    told = f"{found:.2f}ⁿ" if family in STEEP else f"n^{found:.2f}"
    return f"{FAMILIES[family]}: {told}" if found == found else ""


def _digits_table(rows: Sequence[Row]) -> tables.Table:
    digits = {"CPU seconds": 3, "log10 error": 4}
    names = [name for name in (rows[0] if rows else ()) if name.partition(": ")[0] in digits]
    columns: dict[str, tables.Cell] = {"digits": "size"}
    columns |= {n: rounded(n, digits[n.partition(": ")[0]]) for n in names if any(row[n] for row in rows)}
    note = "CPU seconds of a gradient of two variables by forward differences in mpmath; log10 of the largest relative "
    note += "error of lecture 003's example."
    return tables.table("Differences in many digits", note, rows, columns)


EXPERIMENT = Experiment(
    question="How do formulas, differences in many digits and automatic differentiation compare as ways to a gradient?",
    read=records.ended,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("swell", "precision", "ways"),
)
