"""Limits of the step by restarts over the exact ones, where a network's curvature settles, flatness against its law."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from zobench.experiments.stability import flatness
from zobench.experiments.stability.study import SLOPE
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded, spread
from zobench.statistics import Estimate
from zobench.store import Record

WORDS = {"sphere": "sphere", "gaussian": "Gaussian", "rademacher": "±1", "coordinate": "axes"}


def of(found: Sequence[Record], part: str) -> list[Record]:
    """The records of a part."""
    return [record for record in found if record.meta["part"] == part]


def student(sample: np.ndarray) -> Estimate:
    """A mean with Student's interval over independent populations."""
    mean, error = float(np.mean(sample)), float(np.std(sample, ddof=1)) / len(sample) ** 0.5
    half = float(stdtrit(len(sample) - 1, 0.975)) * error
    return Estimate(mean, mean - half, mean + half, stderr=error, runs=len(sample))


def limit(line: dict[str, Any], within: float) -> Estimate:
    """The step at which ρ = 1 over α*, on the line through the two measured ρ; Student's over the populations."""
    below, above = np.array(line["below"]), np.array(line["above"])
    return student(1 - within + 2 * within * (1 - below) / (above.mean() - below.mean()))


def is_bracketed(line: dict[str, Any]) -> bool:
    """Whether ρ < 1 below and ρ > 1 above, each by its 95 % interval."""
    return student(np.array(line["below"])).high < 1 < student(np.array(line["above"])).low


def limit_rows(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each spectrum and kind of direction."""
    for line in record.meta["lines"]:
        about = {"n": line["n"], "spectrum": line["spectrum"], "directions": WORDS[line["direction"]]}
        exact = {"limit": line["limit"], "of_trace": line["limit"] * line["trace"] / 2}
        rho = {name: value for side in ("below", "above") for name, value in _rho(line, side).items()}
        more = files.ends("measured", limit(line, record.meta["within"])), files.ends("alone", student(line["alone"]))
        yield {**about, **exact, **rho, **more[0], **more[1], "bracketed": is_bracketed(line)}


def _rho(line: dict[str, Any], side: str) -> dict[str, float]:
    return {**files.ends(side, student(np.array(line[side]))), f"{side}_exact": line[f"{side}_exact"]}


def late(record: Record, i: int, kind: str) -> Estimate:
    """Step times `kind` over the second half of a training: its mean, and the range in which it moves."""
    step, half = record.arrays["steps"][i], len(record.arrays["k"]) // 2
    curve = {"trace": record.arrays["trace"][i] * step / 2, "limit": step / record.arrays["limit"][i]}[kind][half:]
    return Estimate(float(curve.mean()), float(curve.min()), float(curve.max()))


def network_rows(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each step of a training."""
    for i, step in enumerate(record.arrays["steps"]):
        f, trace, largest = (record.arrays[name][i] for name in ("f", "trace", "largest"))
        yield {
            "loss": record.meta["loss"].replace("_", " "), "n": record.meta["n"], "step": step,
            "multiple": record.meta["multiples"][i], "f_end": f[-1],
            "trace_start": trace[0] * step / 2, **files.ends("trace_late", late(record, i, "trace")),
            **files.ends("over_limit", late(record, i, "limit")), "largest_end": largest[-1] * step,
        }  # fmt: skip


def fall(record: Record, eps: float) -> Estimate:
    """tr H at the end of each run over that at the record from which the law begins, over the same of the law."""
    trace, law = record.arrays[f"{eps}/trace"], record.arrays[f"{eps}/law"]
    return student(trace[:, -1] / trace[:, _first(record, eps)].mean()).times(law[0] / law[-1])


def _first(record: Record, eps: float | str) -> int:
    return flatness.late(record.arrays[f"{eps}/k"])


def flatness_rows(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each difference step."""
    for eps in (*record.meta["eps"], SLOPE):
        trace, first = record.arrays[f"{eps}/trace"], _first(record, eps)
        line = {
            "eps": eps,
            "runs": len(trace),
            "start": trace[:, first].mean(),
            **files.ends("end", student(trace[:, -1])),
        }
        if eps != SLOPE:
            law, one = record.arrays[f"{eps}/law"], record.arrays[f"{eps}/first_order"]
            line |= {"law": law[-1], "first_order": one[-1], **files.ends("ratio", fall(record, eps))}
        yield {**line, "f_end": record.arrays[f"{eps}/f"][:, -1].mean()}


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Limits measured over exact, of single runs over those; where curvature settles; tr H over its law."""
    named: dict[str, Estimate] = {}
    every = [
        (line, limit(line, record.meta["within"])) for record in of(found, "limits") for line in record.meta["lines"]
    ]
    if every:
        named |= _limits(every)
    named |= _trainings(of(found, "network"))
    for record in of(found, "flatness"):
        for eps in record.meta["eps"]:
            trace, one = record.arrays[f"{eps}/trace"], record.arrays[f"{eps}/first_order"]
            start = trace[:, _first(record, eps)].mean()
            named[f"ε = {eps:g}: tr H at the end over that at the minimum first reached"] = student(
                trace[:, -1] / start
            )
            named[f"ε = {eps:g}: tr H at the end, measured/law"] = fall(record, eps)
            named[f"ε = {eps:g}: tr H at the end, measured/first order"] = student(trace[:, -1] / one[-1])
        trace = record.arrays[f"{SLOPE}/trace"]
        named["slope: tr H at the end over that at the minimum first reached"] = student(
            trace[:, -1] / trace[:, _first(record, SLOPE)]
        )
    return named


def _trainings(found: Sequence[Record]) -> dict[str, Estimate]:
    """Of those that end: of each loss the one with the longest step, and the farthest beyond the edge of all."""
    named, every = {}, []
    for record in found:
        loss, ended = record.meta["loss"].replace("_", " "), np.isfinite(record.arrays["f"][:, -1])
        every += [late(record, int(i), "limit").high for i in np.flatnonzero(ended)]
        if ended.any():
            i = int(np.flatnonzero(ended)[np.argmax(record.arrays["steps"][ended])])
            named[f"{loss}, longest step that ends: step over α*, second half"] = late(record, i, "limit")
            named[f"{loss}, longest step that ends: tr H over 2/step, second half"] = late(record, i, "trace")
    return named | {"trainings that end: step over α*, second half, largest": lines.largest(every)}


def _limits(every: Sequence[tuple[dict[str, Any], Estimate]]) -> dict[str, Estimate]:
    named = {}
    for direction, word in WORDS.items():
        own = [one for line, one in every if line["direction"] == direction]
        mean, low, high = float(np.mean([o.value for o in own])), min(o.low for o in own), max(o.high for o in own)
        named[f"{word}: limit by restarts over the exact one, all spectra and n"] = Estimate(mean, low, high)
        alone = [student(line["alone"]) for line, _ in every if line["direction"] == direction]
        named |= lines.extremes(f"{word}: limit of a run by itself over that of the mean square", alone)
    held = [is_bracketed(line) for line, _ in every]
    named["share of cells in which the limit is bracketed"] = Estimate(sum(held) / len(held))
    last = max(line["n"] for line, _ in every)
    for word in ("Gaussian", "axes"):
        own = [
            one.times(line["limit"]) for line, one in every if line["n"] == last and WORDS[line["direction"]] == word
        ]
        most, least = max(own, key=lambda one: one.value), min(own, key=lambda one: one.value)
        ratio = Estimate(most.value / least.value, most.low / least.high, most.high / least.low)
        named[f"{word}, largest n: limits of spectra with one λ_max, largest over smallest"] = ratio
    return named


def shown(limit_lines, trainings, falls) -> list[tables.Table]:
    """Limits, trainings, flatness."""
    return [
        tables.table("The largest stable step", LIMIT_NOTE, limit_lines, LIMITS, words=2),
        tables.table("Where the curvature of a network settles", NETWORK_NOTE, trainings, NETWORK, words=2),
        tables.table("What the difference step does to flatness", FLAT_NOTE, falls, FLAT),
    ]


LIMIT_NOTE = (
    "α*: the step beyond which E‖x_k‖² grows, exact. ρ: growth of ‖x‖² a step, by restarts, 2 % below and above α* "
)
LIMIT_NOTE += (
    "[95 %] (exact). Limit/α*: where ρ = 1 between them. Alone: the step, over α*, from which a run by itself grows."
)
NETWORK_NOTE = (
    "Second half of a training: mean [range]. α/α*: the step over the largest that is stable in the mean square on "
)
NETWORK_NOTE += "the quadratic of the positive eigenvalues."
FLAT_NOTE = (
    "tr H on f = ½(yᵀz − 1)² at the minimum first reached and at the end [95 % over runs], by the law to second and to "
)
FLAT_NOTE += "first order in the step from there."


def _sharp(row: tables.Row, side: str) -> str:
    found = spread(side, shown=lambda value: tables.number(value, 4))(row)
    return f"{found} ({tables.number(tables.value(row, f'{side}_exact'), 4)})"


LIMITS: dict[str, tables.Cell] = {
    "spectrum": "spectrum",
    "directions": "directions",
    "n": "n",
    "α*": rounded("limit"),
    "α* tr H/2": rounded("of_trace"),
    "ρ below": lambda row: _sharp(row, "below"),
    "ρ above": lambda row: _sharp(row, "above"),
    "limit/α*": spread("measured", digits=3),
    "alone": spread("alone"),
}
NETWORK: dict[str, tables.Cell] = {
    "loss": "loss",
    "step": rounded("step"),
    "over α* at the start": rounded("multiple"),
    "tr H · step/2 at the start": rounded("trace_start"),
    "late": spread("trace_late"),
    "α/α* late": spread("over_limit"),
    "λ_max · step at the end": rounded("largest_end"),
    "f at the end": rounded("f_end"),
}
FLAT: dict[str, tables.Cell] = {
    "ε": "eps",
    "runs": "runs",
    "first": rounded("start", 4),
    "end": spread("end", digits=1),
    "law": rounded("law", 4),
    "first order": rounded("first_order", 4),
    "measured/law": spread("ratio", digits=3),
}


def _rows(part: str, make) -> Any:
    return lambda found: [row for record in of(found, part) for row in make(record)]


EXPERIMENT = Experiment(
    question="How long may a step be, in the mean square and for a single run, and which minima do long steps leave?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: (record.meta["part"], record.meta["n"])),
    rows=_rows("limits", limit_rows),
    tables=shown,
    measures=measures,
    figures=("limits", "networks", "flatness"),
    more={"networks.csv": _rows("network", network_rows), "flatness.csv": _rows("flatness", flatness_rows)},
)
