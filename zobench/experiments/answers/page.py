"""How far methods with noisy values are from what is possible, what search by comparisons asks, one value a step."""

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

import numpy as np

from zobench import statistics
from zobench.experiments.answers import law, noisy
from zobench.experiments.answers.search import TRANSFORMS
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded, spread
from zobench.statistics import Estimate
from zobench.store import Record

TENTH = 0.1  # of f(x0), at which values are counted
STEP, RADIUS = 2.0, 0.2  # of one value a step where it is the same for all n
LATE = 1 / 8  # of the values: from there on the exponent in T


def curve(record: Record, way: str) -> Iterator[dict[str, Any]]:
    """A line for each number of values T: E f, over the least that any method with its queries could have."""
    n, start, sigma, eps = (record.meta[name] for name in ("n", "start", "sigma", "eps"))
    for i, count in enumerate(record.arrays["values"]):
        f, asked = (record.arrays[f"{of}/{way}"][:, i] for of in ("f", "asked"))
        least = float(law.possible(n, asked.mean(), start, sigma))
        told = Estimate(float(f.mean()), *statistics.interval(_means(f, n), len(f)), _means(f, n), runs=len(f))
        over = told.times(1 / least)
        signs = told.times(1 / float(law.compared(n, count, start, sigma, eps)))
        yield {"n": n, "way": way, "values": int(count), **files.ends("f", told), "least": least,
               **files.ends("over", over), "told": told, "ratio": over, "signs": signs}  # fmt: skip


def _means(sample: np.ndarray, n: int) -> np.ndarray:
    """Means of resampled runs, the same resamples for all ways at one n."""
    return sample[statistics.resamples(len(sample), np.random.default_rng(n))].mean(axis=1)


def noise(record: Record) -> Iterator[dict[str, Any]]:
    """The lines of all ways; nothing where n had no noise."""
    for way in noisy.WAYS if "values" in record.arrays else ():
        for row in curve(record, way):
            yield {name: value for name, value in row.items() if name not in ("told", "ratio", "signs")}


def searches(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each search: values to the target (median), to its square, over log n."""
    n = record.meta["n"]
    for name, found in record.arrays.items():
        if name.startswith("search/"):
            _, k, condition, kind = name.split("/")
            told = [_median(part, n) for part in found]
            yield {"n": n, "k": int(k), "condition": float(condition), "kind": kind, **files.ends("values", told[0]),
                   "square": told[1].value, "over_log": told[0].value / log(n), "told": told[0],
                   "same": _same(record, name)}  # fmt: skip


def _median(values: np.ndarray, n: int) -> Estimate:
    """Of values, 0 where the target was not reached."""
    return statistics.median(np.where(values > 0, values, np.inf).astype(float), np.random.default_rng(n))


def _same(record: Record, name: str) -> float:
    """The share of runs that ask as many values as those of f itself."""
    plain = name.rpartition("/")[0] + "/f"
    return float((record.arrays[name] == record.arrays[plain]).all(axis=0).mean()) if plain in record.arrays else np.nan


def feedback(record: Record) -> Iterator[dict[str, Any]]:
    """A line for one value a step and for two points: values to the gradient's target at the best step and ε."""
    n = record.meta["n"]
    for kind, words in (("one", "residual, one value"), ("two", "two points")):
        if f"feedback/{kind}" in record.arrays:
            found = record.arrays[f"feedback/{kind}"]
            told, at = tuned(found, n)
            place = np.unravel_index(at, found.shape[:-1])
            eps = record.meta["radii"][place[0]] if kind == "one" else None
            yield {"n": n, "kind": words, "runs": told.runs, "step": record.meta["steps"][place[-1]], "eps": eps,
                   **files.ends("values", told), "told": told}  # fmt: skip


def fixed(record: Record) -> Estimate:
    """Values of one value a step at the step 2/(nL) and ε = 0.2, whatever n; nan where these were not tried."""
    steps, radii = record.meta["steps"], record.meta["radii"]
    if STEP not in steps or RADIUS not in radii:
        return Estimate(np.nan)
    return _median(record.arrays["feedback/one"][radii.index(RADIUS), steps.index(STEP)], record.meta["n"])


def tuned(found: np.ndarray, n: int) -> tuple[Estimate, int]:
    """The median of the second half of the runs at the choice that is best on the first; its draws choose anew."""
    flat = np.where(found > 0, found, np.inf).reshape(-1, found.shape[-1]).astype(float)
    half = flat.shape[1] // 2
    chosen, kept = flat[:, :half], flat[:, half:]
    best = int(np.median(chosen, axis=1).argmin())
    rng = np.random.default_rng(n)
    again = np.array([np.median(chosen[:, each], axis=1).argmin() for each in statistics.resamples(half, rng)])
    runs = statistics.resamples(kept.shape[1], rng)
    draws = np.median(np.take_along_axis(kept[again], runs, axis=1), axis=1)
    return Estimate(float(np.median(kept[best])), *statistics.interval(draws, half), draws, runs=half), best


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Errors over what is possible, exponents in T and n; of searches and of one value a step, exponents and ratios."""
    return _noisy([record for record in found if "values" in record.arrays]) | _searched(found) | _fed(found)


def _noisy(found: Sequence[Record]) -> dict[str, Estimate]:
    named: dict[str, Estimate] = {}
    rows = {(record.meta["n"], way): list(curve(record, way)) for record in found for way in noisy.WAYS}
    for way in noisy.WAYS:
        own = [rows[key] for key in rows if key[1] == way]
        words = "f over the least that is possible"
        named |= lines.extremes(f"{words}: {way}", [row["ratio"] for part in own for row in part])
        named |= lines.extremes(f"{words}, at the end: {way}", [part[-1]["ratio"] for part in own])
        if way == "comparisons":
            words = "f by comparisons over the least that comparisons leave"
            named |= lines.extremes(words, [row["signs"] for part in own for row in part])
            named |= lines.extremes(f"{words}, at the end", [part[-1]["signs"] for part in own])
        sizes = [part[0]["n"] for part in own]
        named[f"values to a tenth of f(x0), {way}: exponent in n"] = _slope(sizes, [_tenth(r, way) for r in found])
    last, apart = [], []
    for record in found:
        values, compared = (rows[record.meta["n"], way] for way in ("values", "comparisons"))
        last.append(_ratio(compared[-1]["told"], values[-1]["told"]))
        one, two = (_exponent(part) for part in (compared, values))
        draws = one.draws - two.draws
        apart.append(Estimate(one.value - two.value, *statistics.interval(draws, one.runs), draws, runs=one.runs))
    named |= lines.extremes("f by comparisons over f by values, at the end", last)
    return named | lines.extremes("f by comparisons less f by values: exponent in T", apart)


def _exponent(rows: Sequence[dict[str, Any]]) -> Estimate:
    """−d ln f/d ln T over the last part of the values, with that of each resample."""
    late = [row for row in rows if row["values"] >= LATE * rows[-1]["values"]]
    x = np.log([row["values"] for row in late])
    x = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    draws = -x @ np.log([row["told"].draws for row in late])
    runs = late[0]["told"].runs
    return Estimate(float(-x @ np.log([row["f"] for row in late])), *statistics.interval(draws, runs), draws, runs=runs)


def _tenth(record: Record, way: str) -> Estimate:
    """Values until E f is a tenth of E f(x0) = R²/2, between those at which it was read, linearly in logarithms."""
    f, x = record.arrays[f"f/{way}"], np.log(record.arrays["values"].astype(float))
    goal = np.log(TENTH * record.meta["start"] ** 2 / 2)
    draw = statistics.resamples(len(f), np.random.default_rng(record.meta["n"]))

    def crossing(mean: np.ndarray) -> float:
        y = np.minimum.accumulate(np.log(mean))
        return float(np.exp(np.interp(-goal, -y, x))) if y[-1] <= goal else np.inf

    draws = np.array([crossing(f[each].mean(axis=0)) for each in draw])
    return Estimate(crossing(f.mean(axis=0)), *statistics.interval(draws, len(f)), draws, runs=len(f))


def _ratio(one: Estimate, other: Estimate) -> Estimate:
    draws = one.draws / other.draws
    return Estimate(one.value / other.value, *statistics.interval(draws, one.runs), draws, runs=one.runs)


def _slope(x: Sequence[float], y: Sequence[Estimate]) -> Estimate:
    """The exponent in x of numbers with errors, misfit and choice of a range; nan below four of them."""
    known = len({at for at, value in zip(x, y, strict=True) if np.isfinite(value.value)})
    return statistics.power_law(x, y).slope if known >= statistics.POINTS_NEEDED else Estimate(np.nan)


def _searched(found: Sequence[Record]) -> dict[str, Estimate]:
    rows = [row for record in found for row in searches(record)]
    k, condition = found[0].meta["latent"], found[0].meta["condition"]
    usual = [row for row in rows if (row["k"], row["condition"]) == (k, condition)]
    plain, narrow = ([row for row in usual if row["kind"] == kind] for kind in ("f", "narrow"))
    name, named = "gradientless descent", {}
    for words, own in ((name, plain), (f"{name}, radii of any n", narrow)):
        over = [row["told"].times(1 / log(row["n"])) for row in own]
        named[f"{words}: values over log n: exponent in n"] = _slope([row["n"] for row in own], over)
    one = [row for row in rows if row["kind"] == "f" and row["condition"] == condition and row["n"] == _varied(rows)]
    two = [row for row in rows if row["kind"] == "f" and row["k"] == k and row["n"] == _varied(rows)]
    named[f"{name}: values: exponent in k"] = _slope([row["k"] for row in one], [row["told"] for row in one])
    named[f"{name}: values: exponent in the condition number"] = _slope(
        [row["condition"] for row in two], [row["told"] for row in two]
    )
    squares = [row["square"] / row["values"] for row in rows if row["kind"] == "f"]
    named |= lines.extremes(f"{name}: values to the square of the target over those to it", squares)
    same = [row["same"] for row in usual if row["kind"] in TRANSFORMS]
    return named | {f"{name}: share of runs that are the same for √f and f³": Estimate(min(same, default=np.nan))}


def _varied(rows: Sequence[dict[str, Any]]) -> int:
    """The n at which most was searched."""
    sizes = [row["n"] for row in rows]
    return max(set(sizes), key=sizes.count)


def _fed(found: Sequence[Record]) -> dict[str, Estimate]:
    rows = [row for record in found for row in feedback(record)]
    one, two = ([row for row in rows if row["kind"] == kind] for kind in ("residual, one value", "two points"))
    exponent = _slope([row["n"] for row in one], [row["told"] for row in one])
    ratios = [_ratio(a["told"], b["told"]) for a, b in zip(one, two, strict=True)]
    named = lines.extremes("residual feedback over two points: values", ratios)
    own = [record for record in found if "feedback/one" in record.arrays]
    words = "residual feedback, step 2/(nL), ε = 0.2: values to the gradient's target: exponent in n"
    named[words] = _slope([record.meta["n"] for record in own], [fixed(record) for record in own])
    return named | {"residual feedback: values to the gradient's target: exponent in n": exponent}


def _rows(of):
    """The lines of all records, for a file: numbers alone."""
    every = records.rows(of)
    return lambda found: [{name: v for name, v in row.items() if name != "told"} for row in every(found)]


def shown(rows, searched, fed) -> list[tables.Table]:
    """Noise at the end of each curve, searches, one value a step."""
    last = {(row["n"], row["way"]): row for row in rows}  # the last line of each
    return [
        tables.table("Noisy values and comparisons", NOISE_NOTE, list(last.values()), NOISE, words=2),
        tables.table("Search by comparisons", SEARCH_NOTE, searched, SEARCH),
        tables.table("One value a step", FED_NOTE, fed, FED, words=2),
    ]


NOISE_NOTE = (
    "½‖x‖², σ/(εLR) = 1, after the most values: E f [95 %], and over what van Trees's inequality leaves to any "
)
NOISE_NOTE += "method whose queries are as far from the minimum."
SEARCH_NOTE = (
    "Gradientless descent, k of n coordinates act: median values to the target [95 %], and to its square; same: "
)
SEARCH_NOTE += "share of runs with the values of f itself; narrow: radii that do not grow with n."
FED_NOTE = "Welsch function: median values to the gradient's target [95 %, choice included] at the best step and ε."

NOISE: dict[str, tables.Cell] = {
    "n": "n", "way": "way", "values T": "values", "E f": spread("f", digits=4), "over possible": spread("over"),
}  # fmt: skip
SEARCH: dict[str, tables.Cell] = {
    "n": "n", "k": "k", "condition": "condition", "seen": "kind", "values": spread("values"), "over log n":
    rounded("over_log"), "to the square": rounded("square", 4), "same": rounded("same"),
}  # fmt: skip
FED: dict[str, tables.Cell] = {
    "n": "n", "method": "kind", "step · nL": rounded("step"), "ε": rounded("eps"), "values": spread("values"),
}  # fmt: skip


EXPERIMENT = Experiment(
    question="What are answers worth: noisy values, comparisons of them, one value a step, beside what is possible?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=records.rows(noise),
    tables=shown,
    measures=measures,
    figures=("possible", "little"),
    more={"searches.csv": _rows(searches), "feedback.csv": _rows(feedback)},
)
