"""The lectures' examples node by node, and their derivatives in five ways."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zobench.report import files, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import Row, rounded
from zobench.statistics import Estimate
from zobench.store import Record

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
DTYPES = ("float64", "float32")
SIGNS = {
    "mul": "×", "add": "+", "add_any": "+", "sub": "−", "div": "÷", "neg": "−", "log": "ln", "sqrt": "√",
    "logistic": "σ", "dot_general": "·", "reduce_sum": "Σ", "integer_pow": "power", "input": "",
}  # fmt: skip
DERIVATIVES = {
    "sum_product": ("lecture 000: derivative in x1", "lecture 000: derivative in x2"),
    "log_root": ("lecture 001: derivative in w1", "lecture 001: derivative in w2"),
    "sine_exponential": ("lecture 003: derivative in x1",),
    "line_and_sine": ("lecture 003: derivative of kx + sin x",),
    "taylor_sine": ("Taylor sine: derivative at pi",),
    **{f"tanh_{i}": (f"tanh at 2: derivative {i}",) for i in (1, 2, 3)},
}  # what the lectures call the derivatives of an example, of as many arguments as they print


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """What the lectures print of each example, and the worst over all that were run."""
    values: dict[str, float] = {}
    for record in found:
        for way, derivative in zip(record.meta["ways"], record.arrays["derivative_float64"], strict=True):
            named = zip(DERIVATIVES.get(record.meta["example"], ()), derivative, strict=False)
            values |= {f"{name}, {way}": value for name, value in named}
        values |= _printed(record)
    return {name: Estimate(float(value)) for name, value in (values | _over_all(found)).items()}


def _printed(record: Record) -> dict[str, float]:
    """Lines of the lectures, and what they should be: ratios, the local derivative of z = wx + b in b."""
    value, adjoint, tangent = (record.arrays[name] for name in ("value", "adjoint", "tangent"))
    match record.meta["example"]:
        case "sine_exponential":  # x1 x2 u1 ... u6
            found = {f"u{i}": value[1 + i] for i in range(1, 7)}
            found |= {f"tangent of u{i} in x1": tangent[0, 1 + i] for i in range(1, 7)}
            found |= {f"adjoint of u{i}": adjoint[1 + i] for i in range(1, 7)}
            return {f"lecture 003: {name}": number for name, number in found.items()}
        case "log_root":  # w1 w2 v1 v2 v3 L
            ratios = {i: adjoint[1 + i] * value[2] / adjoint[1] for i in (1, 2)}
            return {f"lecture 001: (dL/dv{i}) v1 over dL/dw2": ratio for i, ratio in ratios.items()}
        case "neuron":  # w x b t wx z
            return {"lecture 002: dz/db": adjoint[2] / adjoint[5]}
        case "toy_logistic":
            return {f"toy logistic, float32: {name}": number for name, number in _toy(record.meta["quotients"]).items()}
    return {}


def _toy(told: dict[str, float]) -> dict[str, float]:
    """The notebook's float32 numbers, and its quotients' errors in distances of neighbouring quotients."""
    found = dict(told)
    for name in ("bias", "direction"):
        error = abs(told[f"{name} quotient"] - told[name])
        found[f"relative error of the {name} quotient"] = error / abs(told[name])
        found[f"error of the {name} quotient, in distances"] = error / told["lattice"]
    return found


def _over_all(found: Sequence[Record]) -> dict[str, float]:
    most = {name: max(r.arrays[name].max() for r in found) for name in ("evaluations", "pullbacks", "paths")}
    values = {
        "all graphs: most evaluations of a node": most["evaluations"],
        "all graphs: most pullbacks of a node": most["pullbacks"],
        "all graphs: most evaluations of a node without sharing": most["paths"],
        "all graphs: largest relative difference of dual numbers and jax.jvp": max(map(_apart, found)),
    }
    for dtype in DTYPES:
        worst = np.nanmax([_in_units(record, dtype) for record in found], axis=0)
        for way, error in zip(found[0].meta["ways"], worst, strict=True):
            values[f"{dtype}, {way}: largest error in units of rounding x condition"] = error
    return values


def _apart(record: Record) -> float:
    forward, _, duals, *_ = record.arrays["derivative_float64"]
    return float(np.abs((duals - forward) / record.arrays["exact"]).max())


def relative_errors(record: Record, dtype: str) -> np.ndarray:
    """max over the inputs of |found − exact| over the largest derivative, of each way; nan where there is none."""
    exact = record.arrays["exact"]
    return np.abs(record.arrays[f"derivative_{dtype}"] - exact).max(1) / np.abs(exact).max()


def _in_units(record: Record, dtype: str) -> np.ndarray:
    """Errors over the rounding unit times the condition of the graph, the largest over the inputs, of each way."""
    exact, condition = record.arrays["exact"], record.arrays["condition"]
    scale = np.abs(exact) * condition * np.finfo(dtype).eps / 2
    return (np.abs(record.arrays[f"derivative_{dtype}"] - exact) / scale).max(1)


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
    operands = [names[j] for j, child in record.arrays["edges"] if child == i]
    for place, value in record.meta["constants"][i]:  # by place, so that each comes to stand where it was
        operands.insert(place, "c" if value is None else f"{value:g}")
    if len(operands) == 2:
        return f" {sign(operation)} ".join(operands)
    return f"{sign(operation)}{'' if operation in ('neg', 'sqrt') else ' '}{''.join(operands)}" if operands else ""


def by_node(record: Record, name: str) -> list[np.ndarray]:
    """The numbers of each node, of an array [..., places]."""
    return np.split(record.arrays[name], np.cumsum(record.arrays["size"])[:-1], axis=-1)


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each node and for each way of each example."""
    return files.aligned([line for record in found for line in [*_nodes(record), *_ways(record)]])


def _nodes(record: Record) -> list[dict[str, Any]]:
    value, adjoint, tangent = (by_node(record, name) for name in ("value", "adjoint", "tangent"))
    return [
        {"kind": "node", **_head(record), "name": label, "operation": formula(record, i)}
        | {"value": _several(value[i]), "adjoint": _several(adjoint[i])}
        | {f"tangent_{k}": _several(along) for k, along in enumerate(tangent[i], 1)}
        | {name: int(record.arrays[name][i]) for name in ("evaluations", "pullbacks", "paths")}
        for i, label in enumerate(labels(record))
    ]


def _ways(record: Record) -> list[dict[str, Any]]:
    errors = {dtype: relative_errors(record, dtype) for dtype in DTYPES}
    return [
        {"kind": "derivative", **_head(record), "name": way}
        | {"value": _several(record.arrays["derivative_float64"][i])}
        | {dtype: float(errors[dtype][i]) for dtype in DTYPES}
        | {f"step_{dtype}": float(record.arrays[f"step_{dtype}"][i]) for dtype in DTYPES}
        for i, way in enumerate(record.meta["ways"])
    ]


def _head(record: Record) -> dict[str, str]:
    return {name: record.meta[name] for name in ("example", "lecture", "formula")}


def _several(values: np.ndarray) -> str:
    return "" if np.isnan(values).any() else " ".join(f"{value:.6g}" for value in values)


def shown(rows: Sequence[Row]) -> list[tables.Table]:
    """In the files the graphs node by node; the errors of the five ways."""
    nodes = [row for row in rows if row["kind"] == "node"]
    columns: dict[str, tables.Cell] = {
        "": "formula",
        "node": "name",
        "operation": lambda row: row["operation"] or "input",
        "value": lambda row: _one(row["value"]),
        "tangents": lambda row: ", ".join(_one(row[name]) for name in row if "tangent_" in name and row[name]),
        "adjoint": lambda row: _one(row["adjoint"]),
        "evaluations": "evaluations",
        "paths": "paths",
    }
    note = "Tangents with respect to each input in turn; adjoints of the result. Evaluations: of each node for the "
    note += "value and all derivatives in reverse mode; paths: evaluations without any sharing."
    graphs = tables.table("The graphs, node by node", note, nodes, columns, words=2, aside=True)
    derivatives = [row for row in rows if row["kind"] == "derivative"]
    lines = [
        {"formula": one, "dtype": dtype} | {row["name"]: row[dtype] for row in derivatives if row["formula"] == one}
        for one in dict.fromkeys(row["formula"] for row in derivatives)
        for dtype in DTYPES
    ]
    columns = {"": "formula", "arithmetic": "dtype"} | {row["name"]: rounded(row["name"], 2) for row in derivatives}
    note = "Largest error over the inputs relative to the largest derivative, against 50 digits. Differences at the "
    note += "best step of a grid; the complex step gives first derivatives."
    return [graphs, tables.table("The derivative in five ways", note, lines, columns, words=2)]


def _one(text: str) -> str:
    """A number as it is; arrays of more than one are left to table.csv."""
    return f"{text.count(' ') + 1} numbers" if " " in text else text.replace("-", "−")


EXPERIMENT = Experiment(
    question="Do the lectures' worked examples have the values, tangents and adjoints that they print?",
    read=records.ended,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("graphs", "loops", "errors"),
)
