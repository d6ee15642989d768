"""The gradient of the nuclear norm at delicate matrices, and the rank of what it regularises."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import files, records, tables
from zobench.report.fitted import of_mean
from zobench.report.page import Experiment
from zobench.report.tables import rounded
from zobench.statistics import Estimate
from zobench.store import Record

SOLVERS = {
    "proximal": "nuclear norm, proximal gradient",
    "subgradient": "nuclear norm, subgradient",
    "frobenius": "Frobenius norm",
}
REGULAR = ("full rank, n × 2n", "full rank, n × n", "all singular values 2", "W = I")
DEFICIENT = ("rank n/2", "rank 1", "W = 0")
CHOSEN = {"full rank": "full rank, n × n", "W = I": "W = I", "rank 1": "rank 1", "W = 0": "W = 0"}
JAX, OWN, EIGEN = "sum of svd(W, compute_uv=False)", "nuclear_norm", "sum of √eigvalsh(WᵀW)"


def read(paths: Sequence[Path]) -> list[Record]:
    """The records by seed: the page does not depend on the order in which they were made."""
    return sorted(records.ended(paths), key=lambda record: record.meta["config"].get("seed", 0))


def stacked(found: Sequence[Record], name: str) -> np.ndarray:
    """An array of all records, [records, ...]."""
    return np.array([record.arrays[name] for record in found])


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Gradients: largest over the matrices of a kind and over seeds. Completion: means over seeds, with intervals."""
    regular = {f"{name}: ∇R by jax, relative difference from UVᵀ": _judged(found, name, JAX)[0] for name in REGULAR}
    deficient: dict[str, float] = {}
    for way, words in ((JAX, "jax"), (OWN, "nuclear_norm")):
        apart, outside, _ = zip(*(_judged(found, name, way) for name in DEFICIENT), strict=True)
        deficient |= {
            f"rank-deficient W: distance of ∇R by {words} from ∂R": max(outside),
            f"rank-deficient W: ∇R by {words}, least relative difference from U₁V₁ᵀ": min(apart),
            f"rank-deficient W: ∇R by {words}, largest relative difference from U₁V₁ᵀ": max(apart),
        }
    others = {
        "∇ Σσ⁴/4 by jax: largest relative difference from WWᵀW": stacked(found, "fourth").max(),
        "rank-deficient W: ∇R through √eigvalsh(WᵀW), least difference": min(
            _judged(found, name, EIGEN)[0] for name in DEFICIENT
        ),
    }
    exact = {name: Estimate(float(value)) for name, value in (regular | deficient | others).items()}
    return exact | {name: of_mean(values) for name, values in _completion(found).items()}


def _judged(found: Sequence[Record], point: str, way: str) -> list[float]:
    """The largest over seeds of what `judged` gives; inf where the gradient is no number."""
    meta = found[0].meta
    values = stacked(found, "gradients")[:, meta["points"].index(point), meta["ways"].index(way)]
    return np.nan_to_num(values, nan=inf).max(axis=0).tolist()


def _completion(found: Sequence[Record]) -> dict[str, np.ndarray]:
    """Values of each seed."""
    ranks = {name: stacked(found, f"{name}/rank") for name in SOLVERS}
    best = {name: stacked(found, f"{name}/error").min(axis=1) for name in ("proximal", "frobenius")}
    meta, weights = found[0].meta, found[0].arrays["weights"]
    rises, right = np.diff(ranks["proximal"], axis=1) > 0, ranks["proximal"] == meta["rank"]
    inside = ranks["subgradient"][:, weights < 1]  # at 1 the solution is 0
    return {
        "proximal gradient: share of the steps up in λ at which the rank rises": rises.mean(axis=1),
        "proximal gradient: share of matrices whose rank is found at some λ": right.any(axis=1),
        "Frobenius norm: least rank over λ, of n": ranks["frobenius"].min(axis=1) / meta["n"],
        "subgradient: least rank over λ < λ_max, of n": inside.min(axis=1) / meta["n"],
        "least error, proximal gradient/Frobenius norm": best["proximal"] / best["frobenius"],
    }


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each way to write R at each matrix, and for each solver and λ."""
    meta, weights = found[0].meta, found[0].arrays["weights"]
    lines = [
        {"kind": "gradient", "name": way, "matrix": point}
        | dict(zip(("difference", "outside", "size_of_z"), _judged(found, point, way), strict=True))
        for point in meta["points"]
        for way in meta["ways"]
    ]
    for solver, name in SOLVERS.items():
        means = {what: stacked(found, f"{solver}/{what}").mean(axis=0) for what in ("rank", "error", "residual")}
        for i, weight in enumerate(weights):
            line = {what: float(values[i]) for what, values in means.items()}
            lines.append({"kind": "completion", "name": name, "weight": float(weight), **line})
    return files.aligned(lines)


def summary(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """A line for each way to write R; a block for each solver."""
    cells = {(row["name"], row["matrix"]): row for row in rows if row["kind"] == "gradient"}
    ways = [{"name": way} for way in dict.fromkeys(way for way, _ in cells)]

    def both(point: str) -> tables.Cell:
        texts = [rounded(what, 2) for what in ("difference", "outside")]
        return lambda row: " | ".join(text(cells[row["name"], point]) for text in texts)

    note = "‖G − U₁V₁ᵀ‖/√rank | distance of G from the subdifferential; inf: not a number. Largest over the seeds."
    columns = {"R written as": "name"} | {head: both(point) for head, point in CHOSEN.items()}
    gradients = tables.table("The gradient G of the nuclear norm as JAX gives it", note, ways, columns)
    completion = [row for row in rows if row["kind"] == "completion"]
    lines = [
        {"name": name, "what": what} | {row["weight"]: row[what] for row in completion if row["name"] == name}
        for name in SOLVERS.values()
        for what in ("rank", "error")
    ]
    weights = list(dict.fromkeys(row["weight"] for row in completion))[::2]
    note = "Mean over seeds; error ‖X − M‖/‖M‖, M without noise. λ: share of the one above which X = 0, every second."
    columns = {"": "name", "λ": "what"} | {weight: rounded(weight, 2) for weight in weights}
    return [gradients, tables.table("Completion of a matrix of low rank", note, lines, columns, words=2)]


EXPERIMENT = Experiment(
    question="Has the nuclear norm the gradient UVᵀ, and does it lower the rank, where the Frobenius norm does not?",
    read=read,
    rows=rows,
    tables=summary,
    measures=measures,
    figures=("completion",),
)
