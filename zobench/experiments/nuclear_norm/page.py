"""experiment=nuclear_norm: its gradient at delicate matrices, and the rank of what it regularises."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics, store
from zobench.report import files, page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate

EXPERIMENT = "nuclear_norm"
FILES = page.names("completion")
SOLVERS = {
    "proximal": "nuclear norm, proximal gradient",
    "subgradient": "nuclear norm, subgradient",
    "frobenius": "Frobenius norm",
}
REGULAR = ("full rank, n × 2n", "full rank, n × n", "all singular values 2", "W = I")
DEFICIENT = ("rank n/2", "rank 1", "W = 0")
JAX, OWN = "sum of svd(W, compute_uv=False)", "nuclear_norm"
SHOWN = 0.1  # the λ, of the largest, whose singular values are drawn

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.nuclear_norm import figures

    found = read(records)
    files.write_csv(folder / "table.csv", rows(found))
    page.write(folder, EXPERIMENT, records, rows(found), summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[store.Record]:
    """The records by seed: the page does not depend on the order in which they were made."""
    return sorted(page.read(records), key=lambda record: record.meta["config"].get("seed", 0))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Gradients: largest over the matrices of a kind and over seeds. Completion: means over seeds, with intervals."""
    found = read(records)
    measured = {}
    for name in REGULAR:
        measured[f"{name}: ∇R by jax, relative difference from UVᵀ"] = Estimate(gradient(found, name, JAX, 0))
    for way, words in ((JAX, "jax"), (OWN, "nuclear_norm")):
        outside = max(gradient(found, name, way, 1) for name in DEFICIENT)
        measured[f"rank-deficient W: distance of ∇R by {words} from ∂R"] = Estimate(outside)
        apart = [gradient(found, name, way, 0) for name in DEFICIENT]
        measured[f"rank-deficient W: ∇R by {words}, least relative difference from U₁V₁ᵀ"] = Estimate(min(apart))
        measured[f"rank-deficient W: ∇R by {words}, largest relative difference from U₁V₁ᵀ"] = Estimate(max(apart))
    fourth = max(float(np.max(record.arrays["fourth"])) for record in found)
    measured["∇ Σσ⁴/4 by jax: largest relative difference from WWᵀW"] = Estimate(fourth)
    through = min(gradient(found, name, "sum of √eigvalsh(WᵀW)", 0) for name in DEFICIENT)
    measured["rank-deficient W: ∇R through √eigvalsh(WᵀW), least difference"] = Estimate(through)
    return measured | _completion(found)


def gradient(found: Sequence[store.Record], point: str, way: str, which: int) -> float:
    """The largest over seeds of a number of `judged`; inf where the gradient is no number."""
    values = [
        record.arrays["gradients"][record.meta["points"].index(point), record.meta["ways"].index(way), which]
        for record in found
    ]
    return float(np.max(np.nan_to_num(values, nan=inf)))


def _completion(found: Sequence[store.Record]) -> dict[str, Estimate]:
    ranks = {name: np.array([record.arrays[f"{name}/rank"] for record in found]) for name in SOLVERS}
    errors = {name: np.array([record.arrays[f"{name}/error"] for record in found]) for name in SOLVERS}
    n, rank = found[0].meta["n"], found[0].meta["rank"]
    weights = found[0].arrays["weights"]
    inside = weights < 1  # at 1 the solution is 0
    rising = np.mean(np.diff(ranks["proximal"], axis=1) > 0, axis=1)
    middle = int(np.argmin(np.abs(np.log(weights / SHOWN))))
    best = {name: errors[name].min(axis=1) for name in SOLVERS}
    return {
        "proximal gradient: share of the steps up in λ at which the rank rises": mean(rising),
        "proximal gradient: share of matrices whose rank is found at some λ": mean(
            np.any(ranks["proximal"] == rank, 1)
        ),
        "proximal gradient: rank at λ = 0.1 λ_max": mean(ranks["proximal"][:, middle]),
        "proximal gradient: rank at the smallest λ": mean(ranks["proximal"][:, 0]),
        "Frobenius norm: least rank over λ, of n": mean(ranks["frobenius"].min(axis=1) / n),
        "subgradient: least rank over λ < λ_max, of n": mean(ranks["subgradient"][:, inside].min(axis=1) / n),
        "proximal gradient: least error over λ": mean(best["proximal"]),
        "subgradient: least error over λ": mean(best["subgradient"]),
        "Frobenius norm: least error over λ": mean(best["frobenius"]),
        "least error, proximal gradient/Frobenius norm": mean(best["proximal"] / best["frobenius"]),
    }


def mean(values: np.ndarray) -> Estimate:
    """Over seeds, with a bootstrap interval."""
    values = np.asarray(values, float)
    if not values.size:
        return Estimate(nan)
    chosen = statistics.resamples(values.size, np.random.default_rng(0))
    draws = values[chosen].mean(axis=1) if values.size > 1 else np.empty(0)
    return Estimate(float(values.mean()), *statistics.interval(draws, values.size), draws, nan, values.size)


def rows(found: Sequence[store.Record]) -> list[dict[str, Any]]:
    """A line for each way to write R at each matrix, and for each solver and λ."""
    lines: list[dict[str, Any]] = []
    for point in found[0].meta["points"]:
        for way in found[0].meta["ways"]:
            names = ("difference", "outside", "size_of_z")
            values = {name: gradient(found, point, way, i) for i, name in enumerate(names)}
            lines.append({"kind": "gradient", "name": way, "matrix": point, **values})
    for solver, name in SOLVERS.items():
        for i, weight in enumerate(found[0].arrays["weights"]):
            values = {
                what: mean(np.array([record.arrays[f"{solver}/{what}"][i] for record in found])).value
                for what in ("rank", "error", "residual")
            }
            lines.append({"kind": "completion", "name": name, "weight": float(weight), **values})
    return [{**dict.fromkeys(_COLUMNS), **line} for line in lines]


_COLUMNS = ("kind", "name", "matrix", "difference", "outside", "size_of_z", "weight", "rank", "error", "residual")


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    lines = files.read_csv(folder / "table.csv")
    gradients = [line for line in lines if line["kind"] == "gradient"]
    ways = list(dict.fromkeys(line["name"] for line in gradients))
    cell = {(line["name"], line["matrix"]): line for line in gradients}
    body = [
        [way, *(f"{_text(cell[way, point]['difference'])} | {_text(cell[way, point]['outside'])}" for point in chosen)]
        for way in ways
        for chosen in (("full rank, n × n", "W = I", "rank 1", "W = 0"),)
    ]
    note = "‖G − U₁V₁ᵀ‖/√rank | distance of G from the subdifferential; inf: not a number. Largest over the seeds."
    shown = [tables.Table("The gradient G of the nuclear norm as JAX gives it", note,
                          ["R written as", "full rank", "W = I", "rank 1", "W = 0"], body)]  # fmt: skip
    completion = [line for line in lines if line["kind"] == "completion"]
    weights = list(dict.fromkeys(line["weight"] for line in completion))[::2]
    of = {(line["name"], line["weight"]): line for line in completion}
    body = [
        [name if what == "rank" else "", what, *(_text(of[name, weight][what]) for weight in weights)]
        for name in SOLVERS.values()
        for what in ("rank", "error")
    ]
    note = "Mean over seeds; error ‖X − M‖/‖M‖, M without noise. λ: share of the one above which X = 0, every second."
    return [*shown, tables.Table("Completion of a matrix of low rank", note, ["", "λ", *weights], body, 2)]


def _text(value: str) -> str:
    return tables.significant(float(value), 2) if value else ""
