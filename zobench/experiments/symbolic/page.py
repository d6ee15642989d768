"""experiment=symbolic: formulas that swell, differences in many digits, and one gradient in all ways."""

from collections.abc import Mapping, Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.experiments.symbolic.numbers import FAMILIES, relative_errors, swell_rows_fits
from zobench.experiments.symbolic.numbers import of as measured
from zobench.report import files, page, tables
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("swell", "precision", "ways")
closing = page.closing


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.symbolic import figures

    found = page.read(records)
    lines = [line for record in found for line in _lines(record)]
    columns = {name: "" for line in lines for name in line}
    rows = [columns | line for line in lines]
    files.write_csv(folder / "table.csv", rows)
    page.write(folder, "symbolic", records, rows, summary(folder), measured(found))
    figures.draw(found, folder)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the claims ask for; nan where the part was not run or has too few sizes."""
    return measured(page.read(records))


def summary(folder: Path) -> list[tables.Table]:
    """What automatic differentiation is not; how formulas swell; differences in many digits. From table.csv."""
    lines = files.read_csv(folder / "table.csv")
    kinds = {kind: [line for line in lines if line["kind"] == kind] for kind in ("way", "swell", "digits")}
    found = [_ways(kinds["way"]), _swell(kinds["swell"]), _digits(kinds["digits"])]
    return [table for table in found if table.lines]


def _lines(record: Record) -> list[dict[str, Any]]:
    if record.meta["part"] in FAMILIES:
        return _family_lines(record)
    return _precision_lines(record) if record.meta["part"] == "precision" else _way_lines(record)


def _family_lines(record: Record) -> list[dict[str, Any]]:
    arrays, meta = record.arrays, record.meta
    return [
        {"kind": "swell", "part": meta["part"], "size": int(level)}
        | {f"operations: {name}": int(count) for name, count in zip(meta["counts"], counts, strict=True)}
        | {f"CPU seconds: {name}": float(np.median(t)) for name, t in zip(meta["times"], times, strict=True)}
        for level, counts, times in zip(arrays["levels"], arrays["counts"], arrays["times"], strict=True)
    ]


def _precision_lines(record: Record) -> list[dict[str, Any]]:
    arrays, kinds, errors = record.arrays, record.meta["kinds"], record.meta["errors"]
    lines: list[dict[str, Any]] = []
    for against in ("digits", "variables"):
        for i, size in enumerate(arrays[against]):
            line: dict[str, Any] = {"kind": against, "part": "precision", "size": int(size)}
            times = arrays[f"{against}_time"][:, i]
            line |= {f"CPU seconds: {kind}": float(np.median(t)) for kind, t in zip(kinds, times, strict=True)}
            if against == "digits":
                line |= {
                    f"log10 error: {kind}": float(e) for kind, e in zip(errors, arrays["error"][:, i], strict=True)
                }
            lines.append(line)
    return lines


def _way_lines(record: Record) -> list[dict[str, Any]]:
    arrays, ways = record.arrays, record.meta["ways"]
    errors, base = relative_errors(record), arrays["seconds"][ways.index("reverse mode")]
    return [
        {"kind": "way", "part": way, "size": arrays["exact"].size, "error": float(errors[i])}
        | {"calls": int(arrays["calls"][i]), "operations": float(arrays["operations"][i])}
        | {"operations / f": float(arrays["operations"][i]) / record.meta["f"], "memory": float(arrays["memory"][i])}
        | {"seconds to prepare": float(arrays["prepared"][i]), "seconds": float(np.median(arrays["seconds"][i]))}
        | {"quartile 1": float(np.quantile(arrays["seconds"][i], 0.25))}
        | {"quartile 3": float(np.quantile(arrays["seconds"][i], 0.75))}
        | {"time / reverse mode": float(np.median(arrays["seconds"][i] / base))}
        for i, way in enumerate(ways)
    ]


def _ways(lines: list[dict[str, str]]) -> tables.Table:
    header = [
        "one gradient",
        "error",
        "calls of f",
        "operations / f",
        "memory, bytes",
        "preparing, s",
        "time / reverse",
    ]
    names = ("error", "calls", "operations / f", "memory", "seconds to prepare", "time / reverse mode")
    digits = (2, 3, 3, 4, 2, 2)
    body = [[line["part"], *(_number(line, name, d) for name, d in zip(names, digits, strict=True))] for line in lines]
    n = lines[0]["size"] if lines else ""
    note = f"Helmholtz energy of {n} variables, float64. Error: largest, relative to the largest derivative, to 80 "
    note += "digits. Operations: of the compiled program (XLA), of formulas by count_ops. Memory: temporary bytes of "
    note += "the program; in Python (formulas, 50 digits) the peak of one call without the code. Calls 0: the formula "
    note += "is all. Formulas and 50 digits run in Python, the rest is compiled, one program for all directions. Time: "
    note += "CPU seconds, median of interleaved rounds."
    return tables.Table("What automatic differentiation is not", note, header, body)


def _swell(lines: list[dict[str, str]]) -> tables.Table:
    names = ("f", "derivative", "derivative, subexpressions shared", "grad in JAX")
    times = ("symbolic", "JAX: trace")
    body = []
    for family in FAMILIES:
        own = [line for line in lines if line["part"] == family]
        for i, line in enumerate(own):
            counts = [line[f"operations: {name}"] for name in names]
            ratio = _float(line[f"CPU seconds: {times[0]}"]) / _float(line[f"CPU seconds: {times[1]}"])
            body.append([FAMILIES[family] if not i else "", line["size"], *counts, tables.significant(ratio, 2)])
    header = ["", "n", "f", "derivative", "shared", "grad in JAX", "time / JAX"]
    note = "Operations of the derivative as a formula, with common subexpressions shared, and of the program of "
    note += "jax.grad. Time to derive: CPU seconds, sympy against JAX's trace. "
    note += "; ".join(swell_rows_fits(lines))
    return tables.Table("How formulas swell", note, header, body, 2)


def _digits(lines: list[dict[str, str]]) -> tables.Table:
    names = [name for name in (lines[0] if lines else {}) if name.startswith(("CPU seconds: ", "log10 error: "))]
    names = [name for name in names if any(line[name] for line in lines)]
    body = [[line["size"], *(_number(line, name, 4 if "error" in name else 3) for name in names)] for line in lines]
    note = "CPU seconds of a gradient of two variables by forward differences in mpmath; log10 of the largest relative "
    note += "error of lecture 003's example."
    return tables.Table("Differences in many digits", note, ["digits", *names], body)


def _number(line: Mapping[str, str], name: str, digits: int) -> str:
    return tables.significant(_float(line[name]), digits)


def _float(text: str) -> float:
    return inf if text == "inf" else float(text or nan)
