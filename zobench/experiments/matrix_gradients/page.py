"""experiment=matrix_gradients: printed formulas against differentiation by machine, and the points where they break."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics, store
from zobench.decay import log_slope
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

EXPERIMENT = "matrix_gradients"
FILES = page.names("differences")
FORMULAS = (
    "½xᵀAx + bᵀx + c", "½‖Ax − b‖²", "xᵀx·xᵀx", "‖x‖³/3", "ln(1 + exp⟨a, x⟩)", "exp(−(sin x − cos y)²)", "tanh″",
    "10 steps of descent", "tr(AXB)", "tr(AX⁻¹B)", "−ln det X",
)  # fmt: skip
POINTS = (
    "‖x‖³/3 at 0: norm(x)**3/3", "‖x‖³/3 at 0: dot(x, x)**1.5/3", "‖x‖³/3 at 0: cubic_norm",
    "ln(1 + eᶻ) at 1000: log(1 + exp(z))", "ln(1 + eᶻ) at 1000: logaddexp(0, z)",
)  # fmt: skip
ORDERS = ("gradient", "second derivative")
WAYS = ("by machine", "by the formula")
CONDITIONS = 1e2  # from here on the condition number decides
SHAPES = ("share of layers where ∂L/∂v_k is b × n_k", "share of layers where ∂L/∂w_k is n_{k−1} × n_k",
          "share of layers where ∂L/∂w_k of each sample is b × n_{k−1} × n_k",
          "sum over the batch of ∂L/∂w_k of each sample: relative difference from ∂L/∂w_k")  # fmt: skip

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.matrix_gradients import figures

    found = read(records)
    files.write_csv(folder / "table.csv", rows(found))
    page.write(folder, EXPERIMENT, records, rows(found), summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[store.Record]:
    """The records by size: the page does not depend on the order in which they were made."""
    return sorted(page.read(records), key=lambda record: (record.meta["n"], record.meta["config"].get("seed", 0)))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Largest relative differences over all sizes and instances, and how they grow with the condition number."""
    found = read(records)
    measured = {}
    for name in FORMULAS:
        worst = np.array([_worst(record, name) for record in found])
        for order, value in zip(ORDERS, worst.max(axis=0), strict=True):
            measured[f"{name}: {order}, largest relative difference"] = Estimate(float(value))
    for name in POINTS:
        for order, value in zip(ORDERS, _at_point(found, name), strict=True):
            measured[f"{name}: error of the {order}"] = Estimate(value)
    for i, way in enumerate(WAYS):
        measured[f"tr(AX⁻¹B): error of the gradient {way}, exponent of the condition number"] = growth(found, i)
    for name, value in zip(SHAPES, _shapes(found), strict=True):
        measured[name] = Estimate(value)
    return measured


def _worst(record: store.Record, name: str) -> np.ndarray:
    if name not in record.meta["names"]:
        return np.full(2, nan)
    return record.arrays["difference"][:, record.meta["names"].index(name)].max(axis=0)


def _at_point(found: Sequence[store.Record], name: str) -> list[float]:
    """Errors of gradient and Hessian; what is no number is infinitely wrong."""
    values = [r.arrays["singular"][r.meta["points"].index(name)] for r in found if name in r.meta["points"]]
    return [inf if value != value else float(value) for value in np.max(values, axis=0)] if values else [nan, nan]


def growth(found: Sequence[store.Record], way: int) -> Estimate:
    """Exponent of the error in the condition number: least squares on its mean; instances are resampled."""
    conditions = found[0].arrays["condition"]
    inside = conditions >= CONDITIONS
    curves = ill_conditioned(found)[:, inside, way]
    if inside.sum() < statistics.POINTS_NEEDED or not (curves > 0).all():
        return Estimate(nan)
    return log_slope(np.log(conditions[inside]), curves, np.random.default_rng(0))


def ill_conditioned(found: Sequence[store.Record]) -> np.ndarray:
    """Errors of all instances, [instances, conditions, by machine or by formula]."""
    return np.concatenate([record.arrays["ill_conditioned"] for record in found])


def _shapes(found: Sequence[store.Record]) -> list[float]:
    batch = found[0].meta["config"]["study"]["batch"]
    layers = [layer for record in found for layer in record.meta["layers"]]
    pairs = [(layer, [layer["inputs"], layer["outputs"]]) for layer in layers]
    return [
        float(np.mean([layer["layer"] == [batch, pair[1]] for layer, pair in pairs])),
        float(np.mean([layer["weight"] == pair for layer, pair in pairs])),
        float(np.mean([layer["weight_of_each"] == [batch, *pair] for layer, pair in pairs])),
        float(np.max([layer["difference"] for layer in layers])),
    ]


def rows(found: Sequence[store.Record]) -> list[dict[str, Any]]:
    """A line for each function and size, each condition number, each delicate point and each layer."""
    lines = []
    for record in found:
        for name in record.meta["names"]:
            lines.append(_line("formula", name, record.meta["n"], None, *_worst(record, name)))
    worst = ill_conditioned(found).max(axis=0)
    for condition, values in zip(found[0].arrays["condition"], worst, strict=True):
        for way, value in zip(WAYS, values, strict=True):
            lines.append(_line("condition", f"tr(AX⁻¹B) {way}", None, float(condition), value, None))
    for name in POINTS:
        lines.append(_line("point", name, None, None, *_at_point(found, name)))
    for k, layer in enumerate(found[0].meta["layers"], 1):
        shape = {name: "×".join(map(str, layer[name])) for name in ("layer", "weight", "weight_of_each")}
        lines.append(_line("layer", f"layer {k}", None, None, layer["difference"], None) | shape)
    return [{**dict.fromkeys(_COLUMNS), **line} for line in lines]


_COLUMNS = (
    "kind", "name", "n", "condition", "gradient", "second_derivative", "layer", "weight", "weight_of_each",
)  # fmt: skip


def _line(kind: str, name: str, n: int | None, condition: float | None, gradient: Any, second: Any) -> dict[str, Any]:
    values = {"gradient": gradient, "second_derivative": second}
    return {"kind": kind, "name": name, "n": n, "condition": condition} | {
        key: None if value is None else float(value) for key, value in values.items()
    }


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    formulas = [line for line in lines if line["kind"] == "formula"]
    sizes = sorted({int(line["n"]) for line in formulas})
    body = []
    for name in dict.fromkeys(line["name"] for line in formulas):
        own = [line for line in formulas if line["name"] == name]
        body.append(
            [name, *(_text(max(float(line[key]) for line in own)) for key in ("gradient", "second_derivative"))]
        )
    note = (
        f"Largest ‖AD − formula‖/‖formula‖ over n = {', '.join(map(str, sizes))}; matrices to invert have condition 3."
    )
    points = [line for line in lines if line["kind"] == "point"]
    at = [[line["name"], _text(line["gradient"]), _text(line["second_derivative"])] for line in points]
    layers = [line for line in lines if line["kind"] == "layer"]
    shaped = [[line["name"], line["layer"], line["weight"], line["weight_of_each"]] for line in layers]
    return [
        tables.Table("Formulas of matrix calculus", note, ["f", "gradient", "second derivative"], body),
        tables.Table(
            "Delicate points", "Largest error; inf: not a number, or infinite.", ["", "gradient", "Hessian"], at
        ),
        tables.Table(
            "Shapes in the backward pass",
            "∂L/∂w_k is the sum over the batch of what each sample gives.",
            ["", "∂L/∂v_k", "∂L/∂w_k", "∂L/∂w_k of each sample"],
            shaped,
        ),
    ]


def _text(value: float | str) -> str:
    return tables.significant(float(value), 2) if value != "" else ""
