"""Errors of estimates beside their law, values for a gradient, queries a step, noise beside what is possible."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from zobench import sampling
from zobench.experiments.randomize_or_not import law
from zobench.experiments.randomize_or_not.study import SIGNS
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded, spread
from zobench.statistics import Estimate
from zobench.store import Record

THETAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def parts(record: Record, kind: str) -> Iterator[tuple[str, int, np.ndarray]]:
    """The arrays `kind/way/q` of a record: way, q and what was measured, by way and q."""
    named = [name.split("/") for name in record.arrays if name.startswith(f"{kind}/")]
    for _, way, q in sorted(named, key=lambda one: (one[1], int(one[2]))):
        yield way, int(q), record.arrays[f"{kind}/{way}/{q}"]


def errors(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each way and number of directions: mean square errors, of G and of G times its best factor."""
    n, p = record.meta["n"], 1 - record.meta["delta"]
    for way, q, (square, along) in parts(record, "error"):
        exact = law.mean_square(way, n, q)
        factor = 1 / (1 + exact)
        best = factor**2 * square + 2 * factor * (factor - 1) * (along - 1) + (1 - factor) ** 2  # ‖βG−g‖²
        known = law.quantile(p, n, q) if way == "gaussian" else None
        yield {
            "n": n, "way": way, "q": q, "draws": len(square), **_mean("error", square), "law": exact,
            **_mean("scaled", best), "scaled_law": law.scaled(exact),
            "quantile": float(np.quantile(square, p)) ** 0.5, "quantile_law": known,
        }  # fmt: skip


def _mean(name: str, sample: np.ndarray) -> dict[str, float]:
    mean, error = sampling.mean(sample)
    return {name: mean, f"{name}_error": error}


def values(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each θ: values (forward, exact slopes) for an error of at most θ‖g‖ with probability 1 − δ, by law."""
    n, delta = record.meta["n"], record.meta["delta"]
    for theta in THETAS:
        gaussian = law.gaussian_directions(theta, delta, n) + 1
        projection = law.orthogonal_directions(theta, delta, n) + 1
        yield {"n": n, "theta": theta, "delta": delta, "gaussian": gaussian, "orthogonal": projection, "axes": n + 1}


def queries(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each quotient and q: values to the target, measured and exact, over those of q = 1."""
    n, target = record.meta["n"], record.meta["target"]
    found = {(quotient, q): hits for quotient, q, hits in parts(record, "hits")}
    for (quotient, q), hits in found.items():
        one = asked(found[quotient, 1], _price(quotient, 1))
        told, exact = asked(hits, _price(quotient, q)), _exact(n, q, quotient, target)
        ratio = _ratio(told, one) if q > 1 else Estimate(1.0)
        yield {
            "n": n, "quotient": quotient, "q": q, "runs": len(hits), **files.ends("values", told), "law": exact,
            **files.ends("ratio", ratio), "ratio_law": exact / _exact(n, 1, quotient, target),
        }  # fmt: skip


def _price(quotient: str, q: int) -> int:
    return 2 * q if quotient == "central" else q + 1


def _exact(n: int, q: int, quotient: str, target: float) -> float:
    return law.values_to(target, 1 + (n - 1) / q, _price(quotient, q))


def asked(hits: np.ndarray, price: int) -> Estimate:
    """Values of a mean run; nan where one did not arrive."""
    if (hits == 0).any():
        return Estimate(np.nan)
    mean, error = sampling.mean(hits.astype(float))
    return lines.normal(mean, error).times(price)


def _ratio(a: Estimate, b: Estimate) -> Estimate:
    """By the errors of both, which are small and independent."""
    value = a.value / b.value
    return lines.normal(value, value * float(np.hypot(a.stderr / a.value, b.stderr / b.value)))


def noise(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each way and number of values with noise: the mean square error, over what is possible."""
    n, sigma = record.meta["n"], record.meta["noise"]
    for way, q, square in parts(record, "noise"):
        count = q + 1 if way == "forward axes" else 2 * q
        bound = law.possible(n, count, sigma)
        told = lines.normal(*sampling.mean(square)).times(1 / bound)
        exact = law.noisy_mean_square(way, n, q, sigma)
        yield {"n": n, "way": way, "values": count, **_mean("error", square), "law": exact, "bound": bound,
               **files.ends("over", told), "over_law": exact / bound}  # fmt: skip


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Errors over their laws, shares of draws, ratios of values, errors over what is possible, exponents."""
    told = [row for record in found for row in errors(record)]
    named: dict[str, Estimate] = {}
    for way in ("gaussian", "sphere", "signs"):
        own = [row for row in told if row["way"] == way]
        named[f"{way}: mean square error over its law"] = lines.pooled(
            ((r["error"], r["error_error"]), r["law"]) for r in own
        )
        best = [((row["scaled"], row["scaled_error"]), row["scaled_law"]) for row in own]
        named[f"{way}, times the best factor: mean square error over its law"] = lines.pooled(best)
    whole = [row["error"] ** 0.5 for row in told if row["law"] == 0]
    named["orthogonal directions and interpolation, q = n and more: largest relative error"] = lines.largest(whole)
    half = {(row["n"], row["way"]): row for row in told if 2 * row["q"] == row["n"]}
    sizes = sorted({row["n"] for row in told})
    gain = [half[n, "orthogonal"]["error"] / half[n, "sphere"]["error"] for n in sizes]
    off = [
        ratio * half[n, "sphere"]["error_error"] / half[n, "sphere"]["error"]
        for n, ratio in zip(sizes, gain, strict=True)
    ]
    named |= lines.extremes("q = n/2: mean square error, orthogonal over independent", map(lines.normal, gain, off))
    return named | _accuracy(found) | _descent(found) | _noisy(found)


def _accuracy(found: Sequence[Record]) -> dict[str, Estimate]:
    """What the law's number of Gaussian directions costs, and what it and 2n of them reach."""
    over, hit, few = [], [], []
    for record in found:
        n, theta, delta = (record.meta[name] for name in ("n", "theta", "delta"))
        q = law.gaussian_directions(theta, delta, n)
        over.append((q + 1) / (n + 1))
        hit.append(record.arrays[f"error/gaussian/{q}"][0] <= theta**2)
        few.append(record.arrays[f"error/gaussian/{2 * n}"][0] <= theta**2)
    theta, delta = found[0].meta["theta"], found[0].meta["delta"]
    words = f"relative error {theta:g} with probability {1 - delta:g}"
    named = lines.extremes(f"{words}: values along Gaussian directions over those of forward differences", over)
    named[f"{words}: share of draws that reach it with the law's number of Gaussian directions"] = share(hit)
    named[f"{words}: share of draws that reach it with 2n Gaussian directions"] = share(few)
    for q in SIGNS:
        wide = 3 / (2 * q) ** 0.5
        near = [abs(record.arrays[f"signs/{q}"] - 1) <= wide for record in found]
        named[f"deviation of {q} values along signs within 1 ± 3/√(2q) of ε‖g‖: share of draws"] = share(near)
    return named


def share(found: Sequence[np.ndarray]) -> Estimate:
    """The share of all draws, with Agresti and Coull's 95 % interval."""
    each = np.concatenate(found)
    count = len(each) + 4
    centre = (each.sum() + 2) / count
    width = 1.96 * (centre * (1 - centre) / count) ** 0.5
    return Estimate(
        float(each.mean()), max(float(centre - width), 0.0), min(float(centre + width), 1.0), runs=len(each)
    )


def _descent(found: Sequence[Record]) -> dict[str, Estimate]:
    rows = [row for record in found for row in queries(record)]
    named = lines.extremes("values of descent, measured over exact", [row["values"] / row["law"] for row in rows])
    for quotient in ("central", "forward"):
        own = [row for row in rows if row["quotient"] == quotient and row["q"] > 1]
        named |= lines.extremes(f"{quotient}, exact: values with q queries over one", [row["ratio_law"] for row in own])
        root = [row for row in own if row["q"] == round((row["n"] - 1) ** 0.5)]
        ratios = [Estimate(row["ratio"], row["ratio_low"], row["ratio_high"], runs=row["runs"]) for row in root]
        named |= lines.extremes(f"{quotient}, measured: values with √(n−1) queries over one", ratios)
    return named


def _noisy(found: Sequence[Record]) -> dict[str, Estimate]:
    rows = [row for record in found for row in noise(record)]
    named: dict[str, Estimate] = {}
    for way in ("axes", "sphere", "interpolation", "forward axes"):
        own = [row for row in rows if row["way"] == way]
        named[f"noise, {way}: mean square error over its law"] = lines.pooled(
            ((row["error"], row["error_error"]), row["law"]) for row in own
        )
        over = [Estimate(row["over"], row["over_low"], row["over_high"], runs=2) for row in own]
        named |= lines.extremes(f"noise, {way}: mean square error over what is possible", over)
    sizes = [record.meta["n"] for record in found]
    second = [float(record.arrays["pairs"][0].mean() / record.arrays["pairs"][1].mean()) for record in found]
    named["pairs with common noise: second moment over that of a stochastic gradient: exponent in n"] = lines.log_slope(
        sizes, second
    )
    return named


def shown(rows, costs, descent, noisy) -> list[tables.Table]:
    """Values for a gradient, queries a step, noise, errors beside their law."""
    return [
        tables.by_size("Values for a gradient", COSTS_NOTE, costs, lambda row: f"θ = {row['theta']}", _costs),
        tables.table("Queries a step", DESCENT_NOTE, descent, DESCENT, words=2),
        tables.table("With noise in each value", NOISE_NOTE, noisy, NOISE, words=2),
        tables.table("Errors beside their law", ERRORS_NOTE, rows, ERRORS, words=2),
    ]


COSTS_NOTE = "Values for ‖G−g‖ ≤ θ‖g‖ with probability 1 − δ, by law: Gaussian directions averaged; q orthogonal ones, "
COSTS_NOTE += "projected; n + 1 of forward differences, whatever θ. Exact slopes, f(x) shared."
DESCENT_NOTE = "Values to the target on ½‖x‖² with the step 1/B, mean run [95 %] (exact mean), over those of q = 1."
NOISE_NOTE = "Mean square error over n²σ²/(Tε²), below which no unbiased estimate from T values within ε can be "
NOISE_NOTE += "(Cramér & Rao) [95 %] (law; for interpolation that of Gaussian directions)."
ERRORS_NOTE = (
    "E‖G−g‖²/‖g‖² measured ± standard error (law), of G and of G times its best factor; the 1 − δ quantile of "
)
ERRORS_NOTE += "‖G−g‖/‖g‖ (law)."


def _costs(row: tables.Row) -> str:
    return f"{row['gaussian']}; {row['orthogonal']}; {row['axes']}"


def _beside(name: str, exact: str) -> tables.Cell:
    def cell(row: tables.Row) -> str:
        return f"{spread(name)(row)} ({rounded(exact)(row)})"

    return cell


def _plain(name: str, exact: str) -> tables.Cell:
    def cell(row: tables.Row) -> str:
        error = f" ± {rounded(f'{name}_error', 2)(row)}" if f"{name}_error" in row else ""
        known = f" ({rounded(exact)(row)})" if row[exact] else ""
        return f"{rounded(name)(row)}{error}{known}"

    return cell


DESCENT: dict[str, tables.Cell] = {
    "n": "n",
    "quotient": "quotient",
    "q": "q",
    "values": _beside("values", "law"),
    "over q = 1": _beside("ratio", "ratio_law"),
}
NOISE: dict[str, tables.Cell] = {
    "n": "n",
    "way": "way",
    "values T": "values",
    "over possible": _beside("over", "over_law"),
}
ERRORS: dict[str, tables.Cell] = {
    "n": "n",
    "way": "way",
    "q": "q",
    "error": _plain("error", "law"),
    "best factor": _plain("scaled", "scaled_law"),
    "quantile": _plain("quantile", "quantile_law"),
}


EXPERIMENT = Experiment(
    question="For a gradient of a given accuracy: differences along axes, or random directions, and how many?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=records.rows(errors),
    tables=shown,
    measures=measures,
    figures=("accuracy", "queries", "noise"),
    more={"values.csv": records.rows(values), "queries.csv": records.rows(queries), "noise.csv": records.rows(noise)},
)
