"""Printed formulas against differentiation by machine, and the points where they break."""

from collections.abc import Callable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.decay import log_slope
from zobench.report import records, tables
from zobench.report.page import Experiment
from zobench.statistics import Estimate
from zobench.store import Record

ORDERS = ("gradient", "second derivative")
WAYS = ("by machine", "by the formula")
CONDITIONS = 1e2  # from here on the condition number decides
COLUMNS = (
    "kind", "name", "n", "condition", "gradient", "second_derivative", "layer", "weight", "weight_of_each",
)  # fmt: skip


def read(paths: Sequence[Path]) -> list[Record]:
    """The records by size: the page does not depend on the order in which they were made."""
    ended = records.ended(paths)
    return sorted(ended, key=lambda record: (record.meta["n"], record.meta["config"].get("seed", 0)))


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Largest relative differences over all sizes and instances, and how they grow with the condition number."""
    measured = {}
    worst = np.max([worst_of(record) for record in found], axis=0)
    for name, values in zip(found[0].meta["names"], worst, strict=True):
        for order, value in zip(ORDERS, values, strict=True):
            measured[f"{name}: {order}, largest relative difference"] = Estimate(float(value))
    for name, values in _points(found).items():
        for order, value in zip(ORDERS, values, strict=True):
            measured[f"{name}: error of the {order}"] = Estimate(float(value))
    for i, way in enumerate(WAYS):
        measured[f"tr(AX⁻¹B): error of the gradient {way}, exponent of the condition number"] = growth(found, i)
    return measured | _shapes(found)


def worst_of(record: Record) -> np.ndarray:
    """The largest difference over the instances, [formulas, orders]."""
    return record.arrays["difference"].max(axis=0)


def _points(found: Sequence[Record]) -> dict[str, np.ndarray]:
    """Largest errors of gradient and Hessian at the delicate points; what is no number is infinitely wrong."""
    worst = np.max([record.arrays["singular"] for record in found], axis=0)
    return dict(zip(found[0].meta["points"], np.where(np.isnan(worst), inf, worst), strict=True))


def growth(found: Sequence[Record], way: int) -> Estimate:
    """Exponent of the error in the condition number: least squares on its mean; instances are resampled."""
    conditions = found[0].arrays["condition"]
    inside = conditions >= CONDITIONS
    curves = ill_conditioned(found)[:, inside, way]
    if inside.sum() < statistics.POINTS_NEEDED or not (curves > 0).all():
        return Estimate(np.nan)
    return log_slope(np.log(conditions[inside]), curves, np.random.default_rng(0))


def ill_conditioned(found: Sequence[Record]) -> np.ndarray:
    """Errors of all instances, [instances, conditions, by machine or by formula]."""
    return np.concatenate([record.arrays["ill_conditioned"] for record in found])


def _shapes(found: Sequence[Record]) -> dict[str, Estimate]:
    batch = found[0].meta["config"]["study"]["batch"]
    layers = [layer for record in found for layer in record.meta["layers"]]

    def share(name: str, shape: Callable[[int, int], list[int]]) -> Estimate:
        return Estimate(float(np.mean([layer[name] == shape(layer["inputs"], layer["outputs"]) for layer in layers])))

    return {
        "share of layers where ∂L/∂v_k is b × n_k": share("layer", lambda i, o: [batch, o]),
        "share of layers where ∂L/∂w_k is n_{k−1} × n_k": share("weight", lambda i, o: [i, o]),
        "share of layers where ∂L/∂w_k of each sample is b × n_{k−1} × n_k": share(
            "weight_of_each", lambda i, o: [batch, i, o]
        ),
        "sum over the batch of ∂L/∂w_k of each sample: relative difference from ∂L/∂w_k": Estimate(
            max(layer["difference"] for layer in layers)
        ),
    }


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each function and size, each condition number, each delicate point and each layer."""
    return [{**dict.fromkeys(COLUMNS), **row} for row in _rows(found)]


def _rows(found: Sequence[Record]) -> Iterator[dict[str, Any]]:
    for record in found:
        for name, (first, second) in zip(record.meta["names"], worst_of(record), strict=True):
            formula = {"kind": "formula", "name": name, "n": record.meta["n"]}
            yield {**formula, "gradient": first, "second_derivative": second}
    for condition, values in zip(found[0].arrays["condition"], ill_conditioned(found).max(axis=0), strict=True):
        for way, value in zip(WAYS, values, strict=True):
            name = f"tr(AX⁻¹B) {way}"
            yield {"kind": "condition", "name": name, "condition": float(condition), "gradient": value}
    for name, (first, second) in _points(found).items():
        yield {"kind": "point", "name": name, "gradient": first, "second_derivative": second}
    for k, layer in enumerate(found[0].meta["layers"], 1):
        shapes = {name: "×".join(map(str, layer[name])) for name in ("layer", "weight", "weight_of_each")}
        yield {"kind": "layer", "name": f"layer {k}", "gradient": layer["difference"], **shapes}


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """The formulas, the delicate points and the shapes."""
    formulas, points, layers = ([row for row in rows if row["kind"] == kind] for kind in ("formula", "point", "layer"))

    worst = [
        [name, *(tables.significant(max(tables.value(row, order) for row in own), 2) for order in COLUMNS[4:6])]
        for name in dict.fromkeys(row["name"] for row in formulas)
        for own in [[row for row in formulas if row["name"] == name]]
    ]
    sizes = ", ".join(map(str, sorted({int(row["n"]) for row in formulas})))
    errors: dict[str, tables.Cell] = {"": "name", "gradient": tables.rounded("gradient", 2)}
    errors |= {"Hessian": tables.rounded("second_derivative", 2)}
    shapes = {"": "name", "∂L/∂v_k": "layer", "∂L/∂w_k": "weight", "∂L/∂w_k of each sample": "weight_of_each"}
    note = f"Largest ‖AD − formula‖/‖formula‖ over n = {sizes}; matrices to invert have condition 3."
    summed = "∂L/∂w_k is the sum over the batch of what each sample gives."
    return [
        tables.Table("Formulas of matrix calculus", note, ["f", *ORDERS], worst),
        tables.table("Delicate points", "Largest error; inf: not a number, or infinite.", points, errors),
        tables.table("Shapes in the backward pass", summed, layers, shapes),
    ]


EXPERIMENT = Experiment(
    question="Do printed formulas of matrix calculus and differentiation by machine agree, and where do they break?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("differences",),
)
