"""experiment=worked_graphs: the lectures' examples node by node, and their derivatives in five ways."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import files, page, tables
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("graphs", "loops", "errors")
closing = page.closing

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
DTYPES = ("float64", "float32")
SIGNS = {
    "mul": "×", "add": "+", "add_any": "+", "sub": "−", "div": "÷", "neg": "−", "log": "ln", "sqrt": "√",
    "logistic": "σ", "dot_general": "·", "reduce_sum": "Σ", "integer_pow": "power", "input": "",
}  # fmt: skip
# What the lectures print: the example, what is read, of which node (counted from 1; an input: 0, −1, ...), along which.
QUOTED = {
    **{f"lecture 003: u{i}": ("sine_exponential", "value", i, 0) for i in range(1, 7)},
    **{f"lecture 003: tangent of u{i} in x1": ("sine_exponential", "tangent", i, 0) for i in range(1, 7)},
    **{f"lecture 003: adjoint of u{i}": ("sine_exponential", "adjoint", i, 0) for i in range(1, 7)},
    **{f"lecture 001: v{i}": ("log_root", "value", i, 0) for i in range(1, 5)},
    **{f"lecture 001: adjoint of v{i}": ("log_root", "adjoint", i, 0) for i in range(1, 4)},
    "lecture 000: f": ("sum_product", "value", 3, 0),
}
# Derivatives by name: the example, the way, which argument.
DERIVED = {
    f"{title}, {way}": (example, way, i)
    for title, example, i in (
        ("lecture 000: derivative in x1", "sum_product", 0),
        ("lecture 000: derivative in x2", "sum_product", 1),
        ("lecture 001: derivative in w1", "log_root", 0),
        ("lecture 001: derivative in w2", "log_root", 1),
        ("lecture 003: derivative in x1", "sine_exponential", 0),
        ("lecture 003: derivative in x2", "sine_exponential", 1),
        ("lecture 003: derivative of kx + sin x", "line_and_sine", 0),
        ("Taylor sine: derivative at pi", "taylor_sine", 0),
        ("tanh at 2: derivative 1", "tanh_1", 0),
        ("tanh at 2: derivative 2", "tanh_2", 0),
        ("tanh at 2: derivative 3", "tanh_3", 0),
        ("toy logistic: derivative in b", "toy_logistic", 3),
    )
    for way in ("forward mode", "reverse mode", "dual numbers")
}


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.worked_graphs import figures

    found = page.read(records)
    lines = [line for record in found for line in [*_nodes(record), *_derivatives(record)]]
    columns = {name: "" for line in lines for name in line}
    files.write_csv(folder / "table.csv", [columns | line for line in lines])
    shown = [_trace_table(files.read_csv(folder / "table.csv")), *summary(folder)]
    page.write(folder, "worked_graphs", records, [columns | line for line in lines], shown, _measures(found))
    figures.draw(found, folder)


def summary(folder: Path) -> list[tables.Table]:
    """The errors of the five ways, from table.csv: a block for each example."""
    lines = [line for line in files.read_csv(folder / "table.csv") if line["kind"] == "derivative"]
    body = []
    for formula in dict.fromkeys(line["formula"] for line in lines):
        own = [line for line in lines if line["formula"] == formula]
        for dtype in DTYPES:
            errors = [tables.significant(float(line[dtype] or nan), 2) for line in own]
            body.append([formula if dtype == DTYPES[0] else "", dtype, *errors])
    header = ["", "arithmetic", *dict.fromkeys(line["name"] for line in lines)]
    note = "Largest error over the inputs relative to the largest derivative, against 50 digits. Differences at the "
    note += "best step of a grid; the complex step gives first derivatives."
    return [tables.Table("The derivative in five ways", note, header, body, 2)] if body else []


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the claims ask for; nan where the example was not run."""
    return _measures(page.read(records))


def labels(record: Record) -> list[str]:
    """The names of the nodes: inputs as in the lecture, then v₁, v₂, ..."""
    inputs = record.meta["inputs"]
    rest = len(record.meta["operations"]) - len(inputs)
    return [*inputs, *(f"{record.meta['node']}{i}".translate(SUBSCRIPTS) for i in range(1, rest + 1))]


def sign(operation: str) -> str:
    """An operation as one writes it."""
    return SIGNS.get(operation, operation.replace("_", " "))


def formula(record: Record, i: int) -> str:
    """How node i comes from others: "u₁ − u₃", "sin u₁"; empty for an input. A fixed array is called c."""
    names, operation = labels(record), record.meta["operations"][i]
    given = iter(names[j] for j, child in record.arrays["edges"] if child == i)
    fixed = {k: "c" if value is None else f"{value:g}" for k, value in record.meta["constants"][i]}
    count = len(fixed) + int((record.arrays["edges"][:, 1] == i).sum())
    operands = [fixed[k] if k in fixed else next(given) for k in range(count)]
    if len(operands) == 2:
        return f" {sign(operation)} ".join(operands)
    return f"{sign(operation)}{'' if operation in ('neg', 'sqrt') else ' '}{''.join(operands)}" if operands else ""


def places(record: Record) -> list[slice]:
    """Where the numbers of each node are."""
    ends = np.cumsum(record.arrays["size"])
    return [slice(end - size, end) for end, size in zip(ends, record.arrays["size"], strict=True)]


def relative_errors(record: Record, dtype: str) -> np.ndarray:
    """max over the inputs of |found − exact| over the largest derivative, of each way; nan where there is none."""
    exact = record.arrays["exact"]
    return np.abs(record.arrays[f"derivative_{dtype}"] - exact).max(1) / np.abs(exact).max()


def in_units(record: Record, dtype: str) -> np.ndarray:
    """Errors over the rounding unit times the condition of the graph, the largest over the inputs, of each way."""
    exact, condition = record.arrays["exact"], record.arrays["condition"]
    scale = np.abs(exact) * condition * np.finfo(dtype).eps / 2
    return (np.abs(record.arrays[f"derivative_{dtype}"] - exact) / scale).max(1)


def _nodes(record: Record) -> list[dict[str, Any]]:
    arrays, meta, where = record.arrays, record.meta, places(record)
    lines = []
    for i, label in enumerate(labels(record)):
        line: dict[str, Any] = {"kind": "node", **_head(meta), "name": label, "operation": formula(record, i)}
        line["value"] = _several(arrays["value"][where[i]])
        line["adjoint"] = _several(arrays["adjoint"][where[i]])
        for k, tangent in enumerate(arrays["tangent"]):
            line[f"tangent_{k + 1}"] = _several(tangent[where[i]])
        line |= {name: int(arrays[name][i]) for name in ("evaluations", "pullbacks", "paths")}
        lines.append(line)
    return lines


def _derivatives(record: Record) -> list[dict[str, Any]]:
    arrays, meta = record.arrays, record.meta
    errors = {dtype: relative_errors(record, dtype) for dtype in DTYPES}
    return [
        {"kind": "derivative", **_head(meta), "name": way}
        | {"value": _several(arrays["derivative_float64"][i])}
        | {dtype: float(errors[dtype][i]) for dtype in DTYPES}
        | {f"step_{dtype}": float(arrays[f"step_{dtype}"][i]) for dtype in DTYPES}
        for i, way in enumerate(meta["ways"])
    ]


def _head(meta: dict[str, Any]) -> dict[str, Any]:
    return {name: meta[name] for name in ("example", "lecture", "formula")}


def _several(values: np.ndarray) -> str:
    return "" if np.isnan(values).any() else " ".join(f"{value:.6g}" for value in values)


def _trace_table(lines: list[dict[str, str]]) -> tables.Table:
    """Node by node; arrays of more than one number are left to table.csv."""
    body, last = [], ""
    for line in (line for line in lines if line["kind"] == "node"):
        tangents = [_one(line[name]) for name in line if name.startswith("tangent_") and line[name]]
        head = line["formula"] if line["formula"] != last else ""
        counts = [line["evaluations"], line["paths"]]
        body.append(
            [
                head,
                line["name"],
                line["operation"] or "input",
                _one(line["value"]),
                ", ".join(tangents),
                _one(line["adjoint"]),
                *counts,
            ]
        )
        last = line["formula"]
    note = "Tangents with respect to each input in turn; adjoints of the result. Evaluations: of each node for the "
    note += "value and all derivatives in reverse mode; paths: evaluations without any sharing."
    header = ["", "node", "operation", "value", "tangents", "adjoint", "evaluations", "paths"]
    return tables.Table("The graphs, node by node", note, header, body, 2)


def _one(text: str) -> str:
    return "" if not text else f"{text.count(' ') + 1} numbers" if " " in text else text.replace("-", "−")


def _measures(found: Sequence[Record]) -> dict[str, Estimate]:
    by_name = {record.meta["example"]: record for record in found}
    values = {name: _quoted(by_name.get(entry[0]), *entry[1:]) for name, entry in QUOTED.items()}
    for name, (example, way, i) in DERIVED.items():
        record = by_name.get(example)
        values[name] = record.arrays["derivative_float64"][record.meta["ways"].index(way), i] if record else nan
    values |= _defects(by_name) | _toy(by_name.get("toy_logistic")) | _over_all(found)
    return {name: Estimate(float(value)) for name, value in values.items()}


def _quoted(record: Record | None, array: str, node: int, along: int) -> float:
    if record is None:
        return nan
    numbers = record.arrays[array]
    return (numbers[along] if numbers.ndim == 2 else numbers)[node + len(record.meta["inputs"]) - 1]


def _defects(by_name: dict[str, Record]) -> dict[str, float]:
    """Lines of the lectures against what they should be: ratios, and the local derivative of z = wx + b in b."""
    found = {"lecture 001: (dL/dv1) v1 over dL/dw2": nan, "lecture 001: (dL/dv2) v1 over dL/dw2": nan}
    found["lecture 002: dz/db"] = nan
    if record := by_name.get("log_root"):
        value, adjoint = record.arrays["value"], record.arrays["adjoint"]  # w1 w2 v1 v2 v3 L
        for i in (1, 2):
            found[f"lecture 001: (dL/dv{i}) v1 over dL/dw2"] = adjoint[1 + i] * value[2] / adjoint[1]
    if record := by_name.get("neuron"):
        adjoint = record.arrays["adjoint"]  # w x b t wx z
        found["lecture 002: dz/db"] = adjoint[2] / adjoint[5]
    return found


def _toy(record: Record | None) -> dict[str, float]:
    """The notebook's float32 numbers, and its quotients' errors in distances of neighbouring quotients."""
    told = record.meta["quotients"] if record else {}
    names = ("loss", "bias", "bias quotient", "direction", "direction quotient", "lattice")
    found = {f"toy logistic, float32: {name}": told.get(name, nan) for name in names}
    for name in ("bias", "direction"):
        error = abs(told.get(f"{name} quotient", nan) - told.get(name, nan))
        found[f"toy logistic, float32: relative error of the {name} quotient"] = error / abs(told.get(name, nan))
        found[f"toy logistic, float32: error of the {name} quotient, in distances"] = error / told.get("lattice", nan)
    return found


def _over_all(found: Sequence[Record]) -> dict[str, float]:
    """Over all examples that were run."""
    ways = list(found[0].meta["ways"])

    def most(array: str) -> float:
        return max(int(record.arrays[array].max()) for record in found)

    def apart(record: Record) -> float:
        mine, theirs = (
            record.arrays["derivative_float64"][ways.index(way)] for way in ("dual numbers", "forward mode")
        )
        return float(np.abs((mine - theirs) / record.arrays["exact"]).max())

    values = {
        "all graphs: most evaluations of a node": most("evaluations"),
        "all graphs: most pullbacks of a node": most("pullbacks"),
        "all graphs: most evaluations of a node without sharing": most("paths"),
        "all graphs: largest relative difference of dual numbers and jax.jvp": max(map(apart, found)),
    }
    for dtype in DTYPES:
        for way in ways:
            all_errors = [relative_errors(record, dtype)[ways.index(way)] for record in found]
            all_units = [in_units(record, dtype)[ways.index(way)] for record in found]
            values[f"{dtype}, {way}: largest relative error"] = float(np.nanmax(all_errors))
            values[f"{dtype}, {way}: largest error in units of rounding x condition"] = float(np.nanmax(all_units))
    return values
