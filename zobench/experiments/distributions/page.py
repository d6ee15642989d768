"""Quantiles of hitting times beside their law, what certainty costs, three steps by their means, noise by its tails."""

from collections.abc import Iterator, Sequence
from math import log, nan
from typing import Any

import numpy as np
from scipy.stats import binom

from zobench.experiments.distributions import averages, law
from zobench.experiments.distributions.study import STEPS, ways
from zobench.report import files, lines, records, tables
from zobench.report.page import Experiment
from zobench.report.tables import rounded, spread
from zobench.statistics import Estimate
from zobench.store import Record

SHARES = (0.01, 0.1, 0.5, 0.9, 0.99)
DELTAS = (0.5, 0.1, 0.01, 0.001, 0.0001)
RARE = 10  # runs that must be beyond a quantile for it to be told
TAIL = 1 / 32  # of the runs are the tail
BOOTSTRAP = 1000


def ranked(sample: np.ndarray, p: float) -> Estimate:
    """The p-quantile of a sample with its distribution-free 95 % interval, by the ranks that the binomial law gives."""
    s = np.sort(sample)
    low, high = (int(binom.ppf(tail, len(s), p)) for tail in (0.025, 0.975))
    at = max(int(np.ceil(p * len(s))) - 1, 0)
    return Estimate(float(s[at]), float(s[max(low - 1, 0)]), float(s[min(high, len(s) - 1)]), runs=len(s))


def hits(record: Record) -> np.ndarray:
    """Hitting times; of a run that was not there at the end of the recording, inf."""
    found = record.arrays["hits"].astype(float)
    return np.where(found > 0, found, np.inf)


def to_go(record: Record) -> float:
    """T = ln(f(x0)/target)."""
    return -log(record.meta["target"])


def quantiles(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each share of runs: the quantile, measured, by the law and by its normal approximation."""
    n, T, found = record.meta["n"], to_go(record), hits(record)
    for p in SHARES:
        k = law.quantile(p, T, n)
        exact = law.arrived(k, T, n)
        share = float((found <= k).mean())
        off = (share - exact) / (exact * (1 - exact) / len(found)) ** 0.5
        about = {"n": n, "runs": len(found), "share": p, **files.ends("k", ranked(found, p)), "law": k}
        yield {**about, "normal": law.normal_quantile(p, T, n), "by_law": exact, "by_then": share, "errors_off": off}


def certainty(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each δ: iterations after which a share 1 − δ of the runs has arrived, and what bounds would say."""
    n, T, found = record.meta["n"], to_go(record), hits(record)
    for delta in DELTAS:
        told = ranked(found, 1 - delta) if delta * len(found) >= RARE else Estimate(nan)
        bounds = {"adds": law.chernoff(delta, T, n), "multiplies": law.from_the_mean(delta, T, n)}
        yield {"n": n, "delta": delta, **files.ends("k", told), "law": law.quantile(1 - delta, T, n), **bounds}


def means(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each step s/L: the factors a step of E x, E f and of f in the middle, exact and measured.

    Measured: E x and E f after one iteration, which no rare run decides yet; the mean of ln f over all of them.
    """
    n = record.meta["n"]
    for name in STEPS:
        told, curve = record.meta[f"means {name}"], {key: record.arrays[f"{name}/{key}"] for key in CURVES}
        s = told["step"]
        _, f, middle = averages.rates(s, n)
        rate, error = told["log_rate"]
        yield {
            "n": n, "step": name, "runs": told["runs"], "x": 1 - s, "f": float(np.exp(f)), "middle": middle,
            "x_measured": curve["x"][1], "x_error": curve["x_error"][1],
            "f_measured": curve["f"][1], "f_error": curve["f_error"][1],
            "middle_measured": rate, "middle_error": error,
        }  # fmt: skip


CURVES = ("x", "x_error", "f", "f_error", "low", "median", "high")


def noise(record: Record) -> Iterator[dict[str, Any]]:
    """A line for each way and step under noise: quantiles of f when the values are spent, the index of its tail."""
    asked = record.meta.get("noise") or {}
    for name in ways(asked) if asked else ():
        gaps = record.arrays[f"gap/{name}"]
        best = chosen(gaps)
        for multiple, gap, taken in zip(asked["multiples"], gaps, range(len(gaps)), strict=True):
            about = {"way": name, "step": multiple, "iterations": record.meta["steps"][name]["iterations"]}
            shown = {f"q{100 * p:g}": ranked(gap, p).value for p in (0.5, 0.9, 0.99)}
            index = files.ends("index", tail_index(gap)) if multiple == 1 else files.ends("index", Estimate(nan))
            yield {**about, **shown, **index, "best": taken == best}


def chosen(gaps: np.ndarray, p: float = 0.99) -> int:
    """The step with the least p-quantile on the first half of the runs, which are not reported."""
    return int(np.argmin(np.quantile(gaps[:, : gaps.shape[1] // 2], p, axis=1)))


def held_out(gaps: np.ndarray, p: float = 0.99) -> np.ndarray:
    """f at the chosen step on the other half."""
    return gaps[chosen(gaps, p), gaps.shape[1] // 2 :]


def tail_index(sample: np.ndarray) -> Estimate:
    """a of P(f > t) ~ t^(−a) by the largest values (Hill 1975), with its normal interval."""
    s = np.sort(sample)
    count = max(int(TAIL * len(s)), 2)
    index = 1 / float(np.log(s[-count:] / s[-count - 1]).mean())
    return lines.normal(index, index / count**0.5)


def gain(record: Record, name: str, p: float) -> Estimate:
    """A quantile of f of plain slopes over that of another way, each at its own best step, bootstrapped over runs."""
    plain, other = (held_out(record.arrays[f"gap/{way}"], p) for way in ("plain", name))
    rng = np.random.default_rng(len(plain))
    drawn = [
        np.quantile(rng.choice(plain, plain.size), p) / np.quantile(rng.choice(other, other.size), p)
        for _ in range(BOOTSTRAP)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Estimate(float(np.quantile(plain, p) / np.quantile(other, p)), low, high, np.array(drawn), runs=len(plain))


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Quantiles over those of the law, what certainty adds, factors over their exact values, tails and gains."""
    named: dict[str, Estimate] = {}
    told = [row for record in found for row in quantiles(record)]
    for p in SHARES:
        own = [row for row in told if row["share"] == p]
        name = f"{100 * p:g} % quantile of K: measured/law"
        value = float(np.mean([row["k"] / row["law"] for row in own]))
        low, high = min(r["k_low"] / r["law"] for r in own), max(r["k_high"] / r["law"] for r in own)
        named[f"{name}, over all n"] = Estimate(value, low, high)
    off = [abs(row["errors_off"]) for row in told]
    named["share of runs by the law's quantiles: largest distance, in standard errors"] = lines.largest(off)
    return named | _certain(found) | _factors(found) | _noisy(found)


def _certain(found: Sequence[Record]) -> dict[str, Estimate]:
    sure = {(row["n"], row["delta"]): row for record in found for row in certainty(record)}
    sizes = sorted({n for n, _ in sure})
    known = [row for row in sure.values() if row["k"] == row["k"]]
    over = [row["k_high"] / row["adds"] for row in known]
    named = {"K at 1 − δ over the bound that adds ln(1/δ), all n and δ: largest": lines.largest(over)}
    parts = [(sure[n, 0.1], sure[n, 0.01]) for n in sizes]
    rise = [Estimate((b["k"] - a["k"]) / (n * log(10))) for n, (a, b) in zip(sizes, parts, strict=True)]
    named |= lines.extremes("(K at 99 % − K at 90 %)/(n ln 10)", rise)
    middle = [sure[n, 0.01]["k"] - sure[n, 0.5]["k"] for n in sizes]
    named["K at 99 % less K at 50 %: exponent in n"] = lines.log_slope(sizes, middle)
    return named


def _factors(found: Sequence[Record]) -> dict[str, Estimate]:
    rows = [row for record in found for row in means(record)]
    off = {kind: [abs(_off(row, kind)) for row in rows] for kind in ("x", "f", "middle")}
    words = {"x": "E x after a step", "f": "E f after a step", "middle": "E ln f"}
    named = {
        f"{words[kind]}, measured less exact: largest, in standard errors": lines.largest(each)
        for kind, each in off.items()
    }
    full = [row for row in rows if row["step"] == "1"]
    sizes = [record.meta["n"] for record in found]
    named |= lines.extremes("step 1/L, E f: factor a step", [lines.normal(r["f_measured"], r["f_error"]) for r in full])
    middle = [lines.normal(row["middle_measured"], row["middle_error"]) for row in full]
    named |= lines.extremes("step 1/L, E ln f: growth a step", middle)
    left = [((row["x_measured"], row["x_error"]), 1.0) for row in full]
    named["step 1/L: what a step leaves of E x"] = lines.pooled(left)
    T = to_go(found[0])
    best = {"E f": [T / -np.log1p(-1 / (n + 2)) for n in sizes]}
    best["ln f"] = [T / averages.best_rate(n) for n in sizes]
    for kind, k in best.items():
        named[f"iterations by {kind} at its best step: exponent in n"] = lines.log_slope(sizes, k)
    return named


def _off(row: dict[str, Any], kind: str) -> float:
    return (row[f"{kind}_measured"] - row[kind]) / row[f"{kind}_error"]


def _noisy(found: Sequence[Record]) -> dict[str, Estimate]:
    named: dict[str, Estimate] = {}
    for record in found:
        asked = record.meta.get("noise") or {}
        for name in ways(asked) if asked else ():
            first = record.arrays[f"gap/{name}"][asked["multiples"].index(1)]
            named[f"noise without variance, {name}: index of the tail of f"] = tail_index(first)
            if name != "plain":
                named[f"noise without variance: 99 % quantile of f, plain/{name}"] = gain(record, name, 0.99)
                named[f"noise without variance: median of f, plain/{name}"] = gain(record, name, 0.5)
    return named


def shown(rows, sure, averaged, noisy) -> list[tables.Table]:
    """Quantiles of K, what certainty costs, three steps, noise."""
    return [
        tables.by_size("Quantiles of the hitting time", HITS_NOTE, rows, _share, _quantile),
        tables.by_size("What certainty costs", SURE_NOTE, sure, lambda row: f"δ = {float(row['delta']):g}", _sure),
        tables.table("Three steps and three averages", MEANS_NOTE, averaged, MEANS),
        tables.table("Noise without variance", NOISE_NOTE, noisy, NOISE, words=2),
    ]


HITS_NOTE = "Iterations to f ≤ target f(x0), step 1/(nL) [95 %, by ranks] (law; normal)."
SURE_NOTE = (
    "Iterations by which all but a share δ of the runs have arrived (law; bound that adds ln 1/δ; bound that adds "
)
SURE_NOTE += "n ln 1/δ). Empty: too few runs."
MEANS_NOTE = "Gaussian directions: factor a step of E x and of E f, and E ln(f₊/f), exact (measured ± standard error)."
NOISE_NOTE = (
    "f when the values are spent. Tail index a: P(f > t) ~ t^(−a), by the largest 1/32 of the runs [95 %]; a ≤ 1 "
)
NOISE_NOTE += "is an infinite mean. Best: least 99 % quantile on half of the runs."


def _share(row: tables.Row) -> str:
    return f"{100 * float(row['share']):g} %"


def _quantile(row: tables.Row) -> str:
    number = spread("k", shown=lambda value: f"{value:.0f}")(row)
    return f"{number} ({row['law']}; {row['normal']})"


def _sure(row: tables.Row) -> str:
    bounds = f"({row['law']}; {float(row['adds']):.0f}; {float(row['multiplies']):.0f})"
    return f"{rounded('k', 6)(row)} {bounds}".strip()


def _pair(kind: str) -> tables.Cell:
    def cell(row: tables.Row) -> str:
        exact, measured = (rounded(name, 4)(row) for name in (kind, f"{kind}_measured"))
        return f"{exact} ({measured} ± {rounded(f'{kind}_error', 2)(row)})"

    return cell


MEANS: dict[str, tables.Cell] = {
    "n": "n",
    "step · L": "step",
    "E x": _pair("x"),
    "E f": _pair("f"),
    "E ln f": _pair("middle"),
}
NOISE: dict[str, tables.Cell] = {
    "slopes": "way",
    "step · nL": rounded("step"),
    "iterations": "iterations",
    "median f": rounded("q50"),
    "90 %": rounded("q90"),
    "99 %": rounded("q99"),
    "tail index": spread("index"),
    "best": lambda row: "yes" if row["best"] == "True" else "",
}


EXPERIMENT = Experiment(
    question="What is the law of the hitting time, and which averages of a run speak of the run?",
    read=lambda paths: sorted(records.ended(paths), key=lambda record: record.meta["n"]),
    rows=records.rows(quantiles),
    tables=shown,
    measures=measures,
    figures=("quantiles", "averages", "tails"),
    more={
        "certainty.csv": records.rows(certainty),
        "averages.csv": records.rows(means),
        "noise.csv": records.rows(noise),
    },
)
