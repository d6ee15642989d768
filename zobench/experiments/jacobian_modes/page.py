"""experiment=jacobian_modes: what forward and reverse mode cost for a whole Jacobian, and where a split beats both."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import files, fitted, page, tables
from zobench.report.lines import asymptotic
from zobench.statistics import Estimate

FILES = page.names("jacobian", "winners", "hourglass")
LECTURE_M = 31_623  # the largest m of the lecture's figure
MODES = ("forward", "reverse", "split")
APART = 4  # inputs over outputs from which a random graph must decide for the mode of the fewer
SWEEPS = {
    "forward, inputs n of R^n -> R^8": 0,
    "forward, outputs m of R -> R^m": 1,
    "reverse, outputs m of R^8 -> R^m": 2,
    "reverse, inputs n of R^n -> R": 3,
}
Parts = dict[str, dict[str, np.ndarray]]
closing = page.closing

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the page."""
    from zobench.experiments.jacobian_modes import figures

    parts, config = _parts(records)
    rows = _rows(parts, config["study"]["n"])
    page.write(folder, "jacobian_modes", records, rows, _tables(rows), measures(records))
    figures.draw(parts, config, folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return _tables(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Slopes, crossovers, ratios; nan where their part did not run."""
    parts, config = _parts(records)
    n = config["study"]["n"]
    return {**_linear(parts, n), **_largest(parts), **_winners(parts), **_hourglass(parts), **_others(parts)}


def _parts(records: Sequence[Path]) -> tuple[Parts, dict[str, Any]]:
    read = page.read(records)
    return {record.meta["part"]: record.arrays for record in read}, read[0].meta["config"]


def _linear(parts: Parts, n: int) -> dict[str, Estimate]:
    names = [
        f"Ax, {what}, {mode} mode: slope in m" for what in ("operations", "time") for mode in ("forward", "reverse")
    ]
    names += ["Ax, operations: m/n of the crossover", "Ax, time: m/n of the crossover"]
    names += ["Ax, m = 31,623: time, reverse over forward mode", "Ax, largest deviation of operations from 2mn², 2m²n"]
    found = dict.fromkeys(names, Estimate(nan))
    if "linear" not in parts:
        return found
    a = parts["linear"]
    m, wide, long = a["m"], a["m"] >= n, a["m"] >= 10 * n
    median = fitted.median(a["seconds"])
    values = [asymptotic(m[wide], a["operations"][i][wide]) for i in range(2)]
    values += [fitted.timed_slope(m[long], a["seconds"][i][long]) for i in range(2)]
    for ratio in (a["operations"][1] / a["operations"][0], median[1] / median[0]):
        values.append(fitted.crossing(m, ratio).times(1 / n))
    last = a["seconds"][:, -1]
    values.append(fitted.timed_ratio(last[1], last[0]) if m[-1] == LECTURE_M else Estimate(nan))
    exact = np.array([2.0 * m * n**2 + 2 * n**2, 2.0 * m**2 * n + 2 * m**2])
    values.append(Estimate(float(np.max(np.abs(a["operations"] / exact - 1)[:, m > 1]))))
    return dict(zip(names, values, strict=True))


def _largest(parts: Parts) -> dict[str, Estimate]:
    if "largest" not in parts:
        return dict.fromkeys(
            [f"max_i (Ax)_i, {what}: least forward over reverse mode" for what in ("operations", "time")], Estimate(nan)
        )
    a = parts["largest"]
    times = [fitted.timed_ratio(*pair) for pair in zip(*a["seconds"], strict=True)]
    return {
        "max_i (Ax)_i, operations: least forward over reverse mode": Estimate(
            float((a["operations"][0] / a["operations"][1]).min())
        ),
        "max_i (Ax)_i, time: least forward over reverse mode": min(times, key=lambda one: one.value),
    }


def _winners(parts: Parts) -> dict[str, Estimate]:
    """The share of places (n ≠ m, or n and m apart) at which the mode of the fewer directions is the cheaper one."""
    found = {}
    for name, part, array, apart in (
        ("Ax, operations: share of n, m with the expected mode ahead", "grid", "operations", 1),
        ("Ax, time: share of n, m (4 apart, both 64 or more) with the expected mode ahead", "grid", "seconds", APART),
        ("random graphs, operations: share of n < m with forward ahead", "graphs", "operations", 1),
        (
            "random graphs, operations: share of n, m (4 apart) with the expected mode ahead",
            "graphs",
            "operations",
            APART,
        ),
    ):
        found[name] = Estimate(nan)
        if part not in parts:
            continue
        cost = parts[part][array]
        cost = fitted.median(cost) if array == "seconds" else cost
        n, m = np.meshgrid(parts[part]["n"], parts[part]["m"], indexing="ij")
        place = (np.maximum(n / m, m / n) >= apart) & (n != m)
        place &= (np.minimum(n, m) >= 64) if array == "seconds" else True
        place &= (n < m) if "n < m" in name else True
        ahead = np.where(n < m, cost[0] < cost[1], cost[1] < cost[0])
        found[name] = Estimate(float(ahead[place].mean())) if place.any() else Estimate(nan)
    return found


def _hourglass(parts: Parts) -> dict[str, Estimate]:
    names = ["hourglass, narrowest waist: operations, best pure mode over split"]
    names += [
        "hourglass, narrowest waist: time, best pure mode over split",
        "hourglass: q/n up to which split is ahead",
    ]
    if "hourglass" not in parts:
        return dict.fromkeys(names, Estimate(nan))
    a = parts["hourglass"]
    pure = a["operations"][:2].min(axis=0)
    best = a["seconds"][:2, 0][fitted.median(a["seconds"][:2, 0]).argmin()]
    values = [Estimate(float(pure[0] / a["operations"][2, 0])), fitted.timed_ratio(best, a["seconds"][2, 0])]
    values.append(fitted.crossing(a["q"], a["operations"][2] / pure).times(1 / a["q"][-1]))
    return dict(zip(names, values, strict=True))


def _others(parts: Parts) -> dict[str, Estimate]:
    """Cost over that of f, and the bytes of exp's derivative."""
    found = {}
    for name, i in SWEEPS.items():
        slope, most = f"{name}: operations over f, slope", f"{name}: operations over f, largest"
        own = f"{name}: operations, slope"
        found |= dict.fromkeys([slope, most, own], Estimate(nan))
        if "multiples" in parts:
            a = parts["multiples"]
            size, over = a["size"].astype(float), a["operations"][i, 0] / a["operations"][i, 1]
            found[slope], found[most] = asymptotic(size, over), Estimate(float(over.max()))
            found[own] = asymptotic(size, a["operations"][i, 0])
    for i, name in enumerate(("vjp of exp", "whole Jacobian of exp")):
        found[f"{name}: bytes, slope in n"] = Estimate(nan)
        if "elementwise" in parts:
            a = parts["elementwise"]
            large = a["n"] >= 16
            found[f"{name}: bytes, slope in n"] = asymptotic(a["n"][large], a["bytes"][i][large])
    return found


def _rows(parts: Parts, n: int) -> list[dict[str, Any]]:
    lines = []
    for part, axis in (("linear", "m"), ("largest", "m"), ("hourglass", "q")):
        if part not in parts:
            continue
        a = parts[part]
        modes = MODES[: len(a["operations"])]
        for j, size in enumerate(a[axis]):
            for i, mode in enumerate(modes):
                low, middle, high = fitted.quartiles(a["seconds"][i, j])
                lines.append(
                    {
                        "part": part,
                        "n": a["q"][-1] if part == "hourglass" else n,
                        "m": a["q"][-1] if part == "hourglass" else size,
                        "q": size if part == "hourglass" else "",
                        "mode": mode,
                        "operations": float(a["operations"][i, j]),
                        "temporary": float(a["temporary"][i, j]),
                        "seconds": float(middle),
                        "low": float(low),
                        "high": float(high),
                        "batch": a["batch"][j] if part == "linear" and mode == "reverse" else "",
                    }
                )
    return lines or [{"part": name} for name in parts]


def _tables(rows: Sequence[dict[str, Any]]) -> list[tables.Table]:
    titles = {"linear": "f(x) = Ax", "largest": "f(x) = max_i (Ax)_i", "hourglass": "hourglass n -> q -> n"}
    header = ["", "m or q", *(f"{mode}: {what}" for what in ("operations", "seconds") for mode in MODES)]
    places: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for line in rows:
        if str(line["part"]) in titles:
            title = f"{titles[str(line['part'])]}, n = {line['n']}"
            places.setdefault((title, str(line["q"] or line["m"])), {})[str(line["mode"])] = line
    body, last = [], ""
    for (title, size), lines in places.items():
        operations = [_count(float(lines[mode]["operations"])) if mode in lines else "" for mode in MODES]
        seconds = [_seconds(lines[mode]) if mode in lines else "" for mode in MODES]
        body.append(["" if title == last else title, size, *operations, *seconds])
        last = title
    note = "Operations as compiled; medians of the times, quartiles in table.csv. *: rows in batches, as the m×m "
    note += "identity that jax.jacrev pulls back is too large."
    return [tables.Table("Jacobians by forward and reverse mode", note, header, body, 2)] if body else []


def _count(value: float) -> str:
    return f"{value:,.0f}" if value < 1e6 else tables.significant(value)


def _seconds(line: dict[str, Any]) -> str:
    batched = str(line["batch"]) not in ("", str(line["m"]))
    return tables.significant(float(line["seconds"])) + "*" * batched
