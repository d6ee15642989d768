"""experiment=networks_rank: the slowdown without gradients against the width of a network, and its Hessian's rank."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.lines import asymptotic, local
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = (*page.names("rank"), "memory.csv")
SHAPE = ("width", "n")
SIZES = ("value", "gradient", "product", "hessian")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.networks_rank import figures

    found = read(records)
    lines = [row(record) for record in found]
    writing.write_csv(folder / "table.csv", lines)
    writing.write_csv(folder / "memory.csv", memory(found))
    page.write(folder, "networks_rank", records, lines, summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records, the narrowest network first."""
    return sorted(page.read(records), key=lambda record: record.meta["n"])


def memory(found: Sequence[Record]) -> list[dict[str, int]]:
    """Width, n and bytes of the networks that ran and of those that were only compiled, the narrowest first."""
    own = [{name: record.meta[name] for name in (*SHAPE, *(f"{x}_bytes" for x in SIZES))} for record in found]
    every = {one["n"]: one for one in [*(record.meta["wide"] for record in found), *own]}
    return [every[n] for n in sorted(every)]


def iterations(record: Record, name: str) -> Estimate:
    """Median over runs of the iterations to the target, at the best step size of the grid."""
    hits = record.arrays[name]
    best = hits[np.argmin(np.median(hits, axis=1))]
    return statistics.median(best, np.random.default_rng(record.meta["n"]))


def best_multiple(record: Record, name: str) -> float:
    """The step size of the fewest iterations, in its unit."""
    return float(record.arrays["multiples"][np.argmin(np.median(record.arrays[name], axis=1))])


def slowdown(record: Record) -> Estimate:
    """Iterations without gradients over those of gradient descent, each at its best step."""
    gd = iterations(record, "gradient").value
    return iterations(record, "sphere").times(1 / gd) if np.isfinite(gd) and gd > 0 else Estimate(nan)


def by_rule(record: Record) -> Estimate:
    """The same with the steps of the theory: 1/L for gradient descent, 1/(L B_eff) without gradients."""
    at = int(np.argmin(abs(record.arrays["multiples"] - 1)))
    gd = float(np.median(record.arrays["gradient"][at]))
    zo = statistics.median(record.arrays["sphere"][at], np.random.default_rng(record.meta["n"]))
    return zo.times(1 / gd) if np.isfinite(gd) and gd > 0 else Estimate(nan)


def predicted(record: Record) -> float:
    """r + 2 by the larger trace and the larger eigenvalue of start and end, which made the steps."""
    ends = record.meta["start"], record.meta["end"]
    return max(end["trace"] for end in ends) / max(end["largest"] for end in ends) + 2


def row(record: Record) -> dict[str, Any]:
    """One line of table.csv."""
    meta, paid, ruled = record.meta, slowdown(record), by_rule(record)
    gd, zo = iterations(record, "gradient"), iterations(record, "sphere")
    return {
        "width": meta["width"],
        "n": meta["n"],
        "largest_eigenvalue_start": meta["start"]["largest"],
        "largest_eigenvalue_end": meta["end"]["largest"],
        "trace_start": meta["start"]["trace"],
        "trace_error_start": meta["start"]["error"],
        "trace_end": meta["end"]["trace"],
        "trace_error_end": meta["end"]["error"],
        "r_start": meta["start"]["rank"],
        "r_end": meta["end"]["rank"],
        "iterations_gd": gd.value,
        "iterations_two_points": zo.value,
        "iterations_two_points_low": zo.low,
        "iterations_two_points_high": zo.high,
        "slowdown": paid.value,
        "slowdown_low": paid.low,
        "slowdown_high": paid.high,
        "slowdown_by_rule": ruled.value,
        "r_plus_2": predicted(record),
        "step_gd": best_multiple(record, "gradient"),
        "step_two_points": best_multiple(record, "sphere"),
        **{f"{name}_bytes": meta[f"{name}_bytes"] for name in SIZES},
    }


def summary(folder: Path) -> list[tables.Table]:
    """A line a width; then the bytes."""
    lines = writing.read_csv(folder / "table.csv")
    body = [
        [
            line["width"],
            line["n"],
            *(f"{float(line[f'r_{end}']):.2f}" for end in ("start", "end")),
            f"{float(line['iterations_gd']):.0f}",
            f"{float(line['iterations_two_points']):.0f}",
            tables.significant(float(line["slowdown"] or nan)) + _spread(line),
            tables.significant(float(line["slowdown_by_rule"] or nan)),
            f"{float(line['r_plus_2']):.1f}",
        ]
        for line in lines
    ]
    header = ["width", "n", "r at start", "r at end", "K of GD", "K of two points", "K/K_GD"]
    header += ["K/K_GD, steps by rule", "r + 2"]
    note = "Iterations to the target loss, each method at the best step of a grid; r = tr H/λ_max by Hutchinson and "
    note += (
        "Lanczos; median over runs [95 % interval]. By rule: steps 1/L and 1/(L B_eff), L and tr H the larger of start "
    )
    note += "and end, and r + 2 from these."
    wide = writing.read_csv(folder / "memory.csv")
    sizes = [[line["width"], line["n"], *(_bytes(line[f"{name}_bytes"]) for name in SIZES)] for line in wide]
    steep = local(*([float(line[name]) for line in wide] for name in ("n", "hessian_bytes")))
    sizes = [[*size, tables.number(exponent)] for size, exponent in zip(sizes, steep, strict=True)]
    return [
        tables.Table("A wider network without gradients", note, header, body),
        tables.Table(
            "Memory",
            "Bytes of a compiled program: its result and its temporary arrays; the widest are not run. Exponent: of "
            "the Hessian's bytes in n, from the width before.",
            ["width", "n", "value", "gradient", "Hessian-vector product", "Hessian", "exponent"],
            sizes,
        ),
    ]


def _spread(line: dict[str, str]) -> str:
    if not line["slowdown_low"]:
        return ""
    return f" [{float(line['slowdown_low']):.1f}, {float(line['slowdown_high']):.1f}]"


def _bytes(text: str) -> str:
    return f"{float(text) / 1e6:.3g} MB"


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Slopes in n of slowdown, iterations and bytes; the slowdown over r + 2 and over n; nan for few widths."""
    found = read(records)
    n = [record.meta["n"] for record in found]
    paid = [slowdown(record) for record in found]
    over = [p.times(1 / predicted(r)) for p, r in zip(paid, found, strict=True)]
    ruled = [by_rule(r).times(1 / predicted(r)) for r in found]
    of_n = [p.times(1 / r.meta["n"]) for p, r in zip(paid, found, strict=True)]
    measured = {
        "slowdown: slope in n": _slope(n, paid),
        "iterations of gradient descent: slope in n": _slope(n, [iterations(r, "gradient") for r in found]),
        "iterations of two points: slope in n": _slope(n, [iterations(r, "sphere") for r in found]),
        "slowdown over r + 2, mean over widths": _mean(over),
        "slowdown with steps by rule over r + 2, mean over widths": _mean(ruled),
        "slowdown, widest network": paid[-1] if paid else Estimate(nan),
        "slowdown over n, widest network": of_n[-1] if of_n else Estimate(nan),
        "r at the end over n, widest network": Estimate(found[-1].meta["end"]["rank"] / n[-1]),
        "bytes of the Hessian over bytes of a product, widest network": Estimate(
            found[-1].meta["hessian_bytes"] / found[-1].meta["product_bytes"]
        ),
    }
    sizes = [one["n"] for one in memory(found)]
    for name in SIZES:
        measured[f"bytes of the {name}: slope in n"] = asymptotic(
            sizes, [one[f"{name}_bytes"] for one in memory(found)]
        )
    return measured


def _mean(parts: Sequence[Estimate]) -> Estimate:
    return statistics.geometric_mean(parts) if any(np.isfinite(part.value) for part in parts) else Estimate(nan)


def _slope(n: Sequence[float], values: Sequence[Estimate]) -> Estimate:
    try:
        return statistics.power_law(n, values).slope
    except ValueError:
        return Estimate(nan)
