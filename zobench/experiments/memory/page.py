"""What every way to a descent direction keeps and computes again, and what the claims make of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import statistics
from zobench.experiments.memory.study import WAYS
from zobench.report import fitted, lines, records, tables
from zobench.report.lines import asymptotic
from zobench.report.page import Experiment
from zobench.statistics import Estimate

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


class Depth(NamedTuple):
    """One depth: the arrays of its record, by way; bytes of one activation; how many weights there are."""

    depth: int
    arrays: dict[str, np.ndarray]
    activation: float
    n: int
    dtype: str

    def of(self, name: str, way: str) -> Any:
        """A number (or the seconds) of one way."""
        return self.arrays[name][WAYS.index(way)]


def read(paths: Sequence[Path]) -> list[Depth]:
    """A record a depth, the shallowest first."""
    found = [(record.meta, record.arrays) for record in records.ended(paths)]
    depths = [Depth(m["depth"], a, float(m["activation"]), m["n"], m["config"]["dtype"]) for m, a in found]
    return sorted(depths, key=lambda one: one.depth)


def by_way(found: Sequence[Depth], name: str) -> dict[str, np.ndarray]:
    """The numbers of each way, [depths]."""
    return dict(zip(WAYS, np.array([one.arrays[name] for one in found]).T, strict=True))


def measures(found: Sequence[Depth]) -> dict[str, Estimate]:
    """Slopes in depth, counts over their formulas, ratios at the largest depth."""
    l = np.array([one.depth for one in found])  # noqa: E741
    deep = l >= SHALLOW
    bytes, work, evaluations, kept = (by_way(found, name) for name in ("bytes", "work", "evaluations", "kept"))
    measured = {}
    for way, words in WORDS.items():
        for name, numbers in (("temporary bytes", bytes), ("layer evaluations", evaluations), ("states kept", kept)):
            measured[f"{name}, {words}: slope in depth"] = asymptotic(l[deep], numbers[way][deep])
        measured |= lines.extremes(f"operations over f, {words}", work[way])
        measured |= lines.extremes(f"layer evaluations over l, {words}", evaluations[way] / l)
        measured |= lines.extremes(f"states kept, {words}", kept[way])
        measured |= lines.extremes(f"states kept over log2 l, {words}", kept[way][deep] / np.log2(l[deep]))
    for name, ratio in {
        "binomial over recursive checkpoints": evaluations["binomial"] / evaluations["recursive"],
        "memory-poor over l(l-1)/2 + l": evaluations["memory_poor"] / (l * (l + 1) / 2),
        "reverse mode over l": evaluations["reverse"] / l,
    }.items():
        measured |= lines.extremes(f"layer evaluations, {name}", ratio)
    errors = np.concatenate([one.arrays["error"] for one in found])
    measured |= lines.extremes("relative difference of a gradient from jax.grad", errors)
    if len(found) >= statistics.POINTS_NEEDED:  # the deepest chain whose segments fit in what reverse mode needs
        fits = bytes["segments"][:, None] <= bytes["reverse"]
        name = f"depth in the same bytes, {WORDS['segments']} over reverse mode, at least"
        measured[name] = Estimate(float(np.max((l[:, None] / l)[fits], initial=1.0)))
    return {**measured, **_segments(found[-1]), **(_ratios(found[-1]) if deep[-1] else {})}


def _segments(last: Depth) -> dict[str, Estimate]:
    """The U-curve at the largest depth."""
    s, kept, l = last.arrays["segments"], last.arrays["segments_kept"], last.depth  # noqa: E741
    best, lean = s[kept.argmin()], s[last.arrays["segments_bytes"].argmin()]
    return {
        **lines.extremes("segments: states kept over s + l/s - 1", kept / (s + l / s - 1)),
        **lines.extremes("segments: layer evaluations over l", last.arrays["segments_evaluations"] / l),
        "segments: the number that keeps fewest states, over sqrt(l)": Estimate(float(best / l**0.5)),
        "segments: the number that needs fewest bytes, over sqrt(l)": Estimate(float(lean / l**0.5)),
    }


def _ratios(last: Depth) -> dict[str, Estimate]:
    """Bytes and seconds of one way over another at the largest depth."""

    def over(name: str, above: str, below: str) -> Estimate:
        return Estimate(float(last.of(name, above) / last.of(name, below)))

    measured = {}
    for way in ("per_layer", "segments", "recursive", "binomial"):
        saved = f"temporary bytes, reverse mode over {WORDS[way]}, largest depth"
        measured[saved] = over("bytes", "reverse", way)
        time = fitted.timed_ratio(last.of("seconds", way), last.of("seconds", "reverse"))
        measured[f"seconds, {WORDS[way]} over reverse mode, largest depth"] = time
    for above, below in (("jvp", "reverse"), ("zero_order", "reverse"), ("zero_order", "value")):
        used = f"temporary bytes, {WORDS[above]} over {WORDS[below]}, largest depth"
        measured[used] = over("bytes", above, below)
    whole = "operations, whole gradient by forward mode over reverse mode, largest depth"
    return measured | {whole: over("work", "jvp", "reverse").times(last.n)}


def rows(found: Sequence[Depth]) -> list[dict[str, Any]]:
    """A line a depth and way."""
    return [_row(one, way) for one in found for way in WAYS]


def _row(one: Depth, way: str) -> dict[str, Any]:
    low, middle, high = fitted.quartiles(one.of("seconds", way) / one.of("seconds", "value"))
    return {
        "depth": one.depth,
        "way": WORDS[way],
        "bytes": one.of("bytes", way),
        "activations": one.of("bytes", way) / one.activation,
        "kept": one.of("kept", way),
        "evaluations": one.of("evaluations", way),
        "operations_over_f": one.of("work", way),
        "operations_modelled": one.of("modelled", way),
        "seconds_over_f": middle,
        "seconds_q1": low,
        "seconds_q3": high,
        "difference_from_grad": one.of("error", way),
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """All ways at the largest depth, which is the last."""
    depth = rows[-1]["depth"]
    columns: dict[str, tables.Cell] = {
        f"depth {depth}": "way",
        "temporary bytes": lambda row: f"{tables.value(row, 'bytes'):,.0f}",
        "in activations": tables.fixed("activations", 1),
        "states kept": "kept",
        "layer evaluations": lambda row: f"{int(row['evaluations']):,}",
        "operations/f": tables.fixed("operations_over_f"),
        "seconds/f": tables.spread("seconds", "_q1", "_q3", middle="_over_f"),
    }
    note = "Temporary bytes: XLA's peak, weights and results apart; forward mode and the zero-order step give one "
    note += "direction. Evaluations and states kept: counted as the schedule runs. Seconds: median [quartiles]."
    deepest = [row for row in rows if row["depth"] == depth]
    return [tables.table("What does a gradient keep in memory?", note, deepest, columns)]


EXPERIMENT = Experiment(
    question="What does a gradient keep in memory?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("memory_work", "depth", "segments"),
)
