"""experiment=memory: what every way to a descent direction keeps and computes again, and what the claims make of it."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics
from zobench.experiments.memory.study import WAYS
from zobench.report import files, page, tables
from zobench.report.lines import asymptotic
from zobench.statistics import Estimate

FIGURES = ("memory_work", "depth", "segments")
FILES = page.names(*FIGURES)
SHALLOW = 16  # layers below which the few states that every way holds blur a slope
WORDS = {
    "value": "value",
    "jvp": "forward mode",
    "zero_order": "zero-order step",
    "reverse": "reverse mode",
    "per_layer": "checkpoint each layer",
    "segments": "checkpoint sqrt(l) segments",
    "recursive": "recursive checkpoints",
    "binomial": "binomial checkpoints",
    "memory_poor": "memory-poor",
}

__all__ = ["FILES", "closing", "measures", "summary", "write"]
closing = page.closing


class Depth(NamedTuple):
    """One depth: the arrays of its record, by way; bytes of one activation; how many weights there are."""

    depth: int
    arrays: dict[str, np.ndarray]
    activation: float
    n: int

    def of(self, name: str, way: str) -> Any:
        """A number (or the seconds) of one way."""
        return self.arrays[name][WAYS.index(way)]


def depths(records: Sequence[Path]) -> list[Depth]:
    """A record a depth, the shallowest first."""
    found = [Depth(r.meta["depth"], r.arrays, float(r.meta["activation"]), r.meta["n"]) for r in page.read(records)]
    return sorted(found, key=lambda one: one.depth)


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Every measured quantity: slopes in depth, counts over their formulas, ratios at the largest depth."""
    found = depths(records)
    result: dict[str, Estimate] = {}
    for way, words in WORDS.items():
        result[f"temporary bytes, {words}: slope in depth"] = _slope(found, "bytes", way)
        result[f"layer evaluations, {words}: slope in depth"] = _slope(found, "evaluations", way)
        result[f"operations over f, {words}: largest"] = _largest([float(one.of("work", way)) for one in found])
    for way in ("recursive", "binomial", "segments"):
        result[f"states kept, {WORDS[way]}: slope in depth"] = _slope(found, "kept", way)
        spent = [one.of("evaluations", way) / one.depth for one in found]
        result[f"layer evaluations over l, {WORDS[way]}: largest"] = _largest(spent)
        per = [one.of("kept", way) / np.log2(one.depth) for one in found if one.depth >= SHALLOW]
        result[f"states kept over log2 l, {WORDS[way]}: largest"] = _largest(per)
    ahead = [one.of("evaluations", "binomial") / one.of("evaluations", "recursive") for one in found]
    result["layer evaluations, binomial over recursive checkpoints: largest"] = _largest(ahead)
    poor = [one.of("evaluations", "memory_poor") / (one.depth * (one.depth + 1) / 2) for one in found]
    once = [one.of("evaluations", "reverse") / one.depth for one in found]
    for name, values in (("memory-poor over l(l-1)/2 + l", poor), ("reverse mode over l", once)):
        result[f"layer evaluations, {name}: smallest"] = _smallest(values)
        result[f"layer evaluations, {name}: largest"] = _largest(values)
    result["states kept, memory-poor: largest"] = _largest([float(one.of("kept", "memory_poor")) for one in found])
    errors = np.concatenate([one.arrays["error"] for one in found])
    result["relative difference of a gradient from jax.grad: largest"] = _largest(list(errors))
    return {**result, **_segments(found[-1]), **_ratios(found)}


def _segments(last: Depth) -> dict[str, Estimate]:
    """The U-curve at the largest depth."""
    s, kept, l = last.arrays["segments"], last.arrays["segments_kept"], last.depth  # noqa: E741
    off = kept / (s + l / s - 1)
    best, lean = float(s[kept.argmin()]), float(s[last.arrays["segments_bytes"].argmin()])
    again = last.arrays["segments_evaluations"] / l
    return {
        "segments: states kept over s + l/s - 1: smallest": _smallest(list(off)),
        "segments: states kept over s + l/s - 1: largest": _largest(list(off)),
        "segments: the number that keeps fewest states, over sqrt(l)": Estimate(best / l**0.5),
        "segments: the number that needs fewest bytes, over sqrt(l)": Estimate(lean / l**0.5),
        "segments: layer evaluations over l: largest": _largest(list(again)),
    }


def _ratios(found: Sequence[Depth]) -> dict[str, Estimate]:
    """Bytes and seconds of one way over another at the largest depth; nan where all are shallow."""
    last = found[-1]
    result: dict[str, Estimate] = {}
    for way in ("per_layer", "segments", "recursive", "binomial"):
        saved = float(last.of("bytes", "reverse") / last.of("bytes", way))
        result[f"temporary bytes, reverse mode over {WORDS[way]}, largest depth"] = Estimate(saved)
        result[f"seconds, {WORDS[way]} over reverse mode, largest depth"] = _time(last, way)
    for way in ("jvp", "zero_order"):
        used = float(last.of("bytes", way) / last.of("bytes", "reverse"))
        result[f"temporary bytes, {WORDS[way]} over reverse mode, largest depth"] = Estimate(used)
    over = float(last.of("bytes", "zero_order") / last.of("bytes", "value"))
    result["temporary bytes, zero-order step over value, largest depth"] = Estimate(over)
    whole = last.n * float(last.of("work", "jvp") / last.of("work", "reverse"))
    result["operations, whole gradient by forward mode over reverse mode, largest depth"] = Estimate(whole)
    result = result if last.depth >= SHALLOW else dict.fromkeys(result, Estimate(nan))
    return {**result, **_reach(found)}


def _reach(found: Sequence[Depth]) -> dict[str, Estimate]:
    """The deepest measured chain that segments fit in what reverse mode needs at some depth, over that depth."""
    factors = [
        deep.depth / one.depth
        for one in found
        for deep in found
        if deep.of("bytes", "segments") <= one.of("bytes", "reverse")
    ]
    enough = len(found) >= statistics.POINTS_NEEDED
    name = f"depth in the same bytes, {WORDS['segments']} over reverse mode, at least"
    return {name: Estimate(max(factors, default=1.0) if enough else nan)}


def _slope(found: Sequence[Depth], name: str, way: str) -> Estimate:
    deep = [one for one in found if one.depth >= SHALLOW]
    return asymptotic(np.array([one.depth for one in deep]), np.array([float(one.of(name, way)) for one in deep]))


def _time(one: Depth, way: str) -> Estimate:
    ratio = one.of("seconds", way) / one.of("seconds", "reverse")
    return statistics.median(ratio, np.random.default_rng(0)) if np.isfinite(ratio).all() else Estimate(nan)


def _largest(values: Sequence[float]) -> Estimate:
    kept = [float(value) for value in values if np.isfinite(value)]
    return Estimate(max(kept, default=nan))


def _smallest(values: Sequence[float]) -> Estimate:
    kept = [float(value) for value in values if np.isfinite(value)]
    return Estimate(min(kept, default=nan))


def rows(found: Sequence[Depth]) -> list[dict[str, Any]]:
    """table.csv: a line a depth and way."""
    result = []
    for one in found:
        for way, words in WORDS.items():
            ratio = one.of("seconds", way) / one.of("seconds", "value")
            low, middle, high = np.quantile(ratio, [0.25, 0.5, 0.75])
            result.append(
                {
                    "depth": one.depth,
                    "way": words,
                    "bytes": float(one.of("bytes", way)),
                    "activations": float(one.of("bytes", way) / one.activation),
                    "kept": int(one.of("kept", way)),
                    "evaluations": int(one.of("evaluations", way)),
                    "operations_over_f": float(one.of("work", way)),
                    "operations_modelled": float(one.of("modelled", way)),
                    "seconds_over_f": float(middle),
                    "seconds_q1": float(low),
                    "seconds_q3": float(high),
                    "difference_from_grad": float(one.of("error", way)),
                }
            )
    return result


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.memory import figures

    found = depths(records)
    files.write_csv(folder / "table.csv", rows(found))
    page.write(folder, "memory", records, rows(found), summary(folder), measures(records))
    figures.draw(found, page.read(records)[0].meta["config"]["dtype"], folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv: all ways at the largest depth."""
    every = files.read_csv(folder / "table.csv")
    depth = max(int(line["depth"]) for line in every)
    header = [f"depth {depth}", "temporary bytes", "in activations", "states kept", "layer evaluations"]
    header += ["operations/f", "seconds/f"]
    body = [
        [
            line["way"],
            f"{float(line['bytes'] or nan):,.0f}",
            tables.number(float(line["activations"] or nan), 1),
            line["kept"],
            f"{int(line['evaluations']):,}",
            tables.number(float(line["operations_over_f"] or nan)),
            _quartiles(line),
        ]
        for line in every
        if int(line["depth"]) == depth
    ]
    note = "Temporary bytes: XLA's peak, weights and results apart; forward mode and the zero-order step give one "
    note += "direction. Evaluations and states kept: counted as the schedule runs. Seconds: median [quartiles]."
    return [tables.Table("What does a gradient keep in memory?", note, header, body)]


def _quartiles(line: dict[str, str]) -> str:
    if not line["seconds_over_f"]:
        return ""
    middle, low, high = (tables.number(float(line[f"seconds_{part}"])) for part in ("over_f", "q1", "q3"))
    return f"{middle} [{low}, {high}]"
