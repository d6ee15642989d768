"""Bias, second moment, error and angle of one estimate of a gradient, measured and expected."""

from collections.abc import Sequence
from math import nan, sqrt
from pathlib import Path
from typing import Any

from zobench.experiments.estimator_error import recent
from zobench.report import lines, tables
from zobench.report.page import Experiment
from zobench.report.records import ended, target
from zobench.statistics import Estimate

KEYS = ("problem", "n", "kind", "factory", "direction", "q", "orthogonal", "quotient", "eps", "sigma", "dtype")
KNOWN = 1e-9  # below this a standard error is that of rounding
Row = dict[str, Any]


def read(paths: Sequence[Path]) -> list[Row]:
    """All rows of all records, with n and the problem; quadratics first, the smallest n first."""
    found = []
    for record in ended(paths):
        config, meta = record.meta["config"], record.meta
        about = {name: meta[name] for name in ("n", "samples", "quadratic", "norm2", "M")}
        about |= {"problem": target(config["problem"]), "seed": config["seed"]}
        found += [about | row for row in meta["rows"]]
    return sorted(found, key=lambda row: (not row["quadratic"], row["n"]))  # stable: the order of the sweep within


def pick(found: Sequence[Row], **wanted: Any) -> list[Row]:
    """The rows whose fields are as wanted."""
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def measures(found: Sequence[Row]) -> dict[str, Estimate]:
    """Of formulas, moments, angles, biases and noise; nan where they were not measured."""
    moments = pick(found, kind="moments", dtype="float64", quadratic=True)
    parts = [_formulas(found), _moments(moments), _angles(moments), _biases(found), _noise(found), _recent(found)]
    return {name: value for part in parts for name, value in part.items()}


def _formulas(found: Sequence[Row]) -> dict[str, Estimate]:
    """The lecture's formula: how long its mean is along g, over the power of n that is expected of it."""
    kinds = {
        "sphere with the factor d: E gᵀG/‖g‖²": ("sphere", "d", 0),
        "Gaussian with the factor d: E gᵀG/(n‖g‖²)": ("gaussian", "d", 1),
        "signs with the factor d: E gᵀG/(n‖g‖²)": ("rademacher", "d", 1),
        "Gaussian without the factor d: E gᵀG/‖g‖²": ("gaussian", "1", 0),
        "sphere without the factor d: n E gᵀG/‖g‖²": ("sphere", "1", -1),
    }
    measured = {}
    for words, (direction, factor, power) in kinds.items():
        some = pick(found, kind="formula", direction=direction, factor=factor)
        measured[words] = lines.pooled((row["along"], row["n"] ** power) for row in some)
    return measured


def _moments(moments: Sequence[Row]) -> dict[str, Estimate]:
    """Second moments, and values asked by an estimate times how many of them make a gradient, over 2n."""
    two = pick(moments, factory="two_point", orthogonal=False, q=1)
    measured = {"Gaussian, E‖G‖²/((n+2)‖g‖²)": _ratio(pick(two, direction="gaussian"), "second")}
    for direction, words in (("sphere", "sphere"), ("rademacher", "signs"), ("coordinate", "coordinate")):
        measured[f"{words}, E‖G‖²/‖g‖²: exponent in n"] = _exponent(pick(two, direction=direction), "second")
    kinds = {
        "one direction": pick(two, direction="sphere"),
        "orthogonal directions": pick(moments, factory="two_point", direction="sphere", orthogonal=True),
        "all axes": pick(moments, factory="finite_difference"),
    }
    for words, some in kinds.items():
        price = lines.pooled((row["second"], 2 * row["n"] / row["calls"]) for row in some)
        measured[f"{words}: values times E‖G‖²/‖g‖² over 2n"] = price
    apart = lines.largest([abs(_z(row, of)) for row in moments for of in ("along", "second")])
    return measured | {"mean and second moment: largest distance from the theory in standard errors": apart}


def _z(row: Row, of: str) -> float:
    """Standard errors between a number and what is expected; nan where nothing is, or the number does not vary."""
    value, error = row[of]
    return (value - row[f"{of}_theory"]) / error if error > KNOWN else nan


def _angles(moments: Sequence[Row]) -> dict[str, Estimate]:
    independent = [row for row in moments if row["direction"] and not row["orthogonal"] and (row["q"] or 0) > 1]
    share = [_clear(row, "captured") * row["n"] / row["q"] for row in independent]
    one = pick(moments, factory="two_point", direction="sphere", q=1)
    many = pick(moments, direction="sphere", orthogonal=True)
    return {
        "sphere, E cos²(G, g): exponent in n": _exponent(one, "captured"),
        "orthogonal directions, E cos²(G, g)·n/q": _ratio(many, "captured"),
        "independent directions, largest E cos²(G, g)·n/q (less 3 standard errors)": lines.largest(share),
    }


def _biases(found: Sequence[Row]) -> dict[str, Estimate]:
    sphere = pick(found, kind="quotient", quotient="central", quadratic=False, direction="sphere")
    widest = pick(sphere, n=max((row["n"] for row in sphere), default=0))
    closest = pick(sphere, eps=min((row["eps"] for row in sphere), default=0))
    shares = [_clear(row, "bias") * sqrt(row["norm2"]) / _bound(row) for row in sphere]
    exact = pick(found, kind="quotient", quotient="central", quadratic=True)
    axes = pick(found, kind="quotient", quotient="forward", quadratic=True, family="axes")
    return {
        "sphere, bias: exponent in ε": _exponent(widest, "bias", "eps"),
        "sphere, bias/leading term at the smallest ε": _ratio(closest, "bias"),
        "sphere, largest bias/((M/2)ε²n/(n+2)) (less 3 standard errors)": lines.largest(shares),
        "central quotient on quadratics: largest bias/‖g‖": lines.largest([row["bias"][0] for row in exact]),
        "forward differences on quadratics: bias/(½ε‖diag H‖)": _ratio(axes, "bias"),
    }


def _bound(row: Row) -> float:
    return row["M"] / 2 * row["eps"] ** 2 * row["n"] / (row["n"] + 2)


def _noise(found: Sequence[Row]) -> dict[str, Estimate]:
    noise = pick(found, kind="noise", family="sphere", q=1)
    central, forward = pick(noise, quotient="central"), pick(noise, quotient="forward")
    closest = pick(central, eps=min((row["eps"] for row in central), default=0))
    exponent = lines.log_slope([row["n"] for row in closest], [_added(row)[0] for row in closest])
    return {
        "noise, what it adds to E‖G‖²: exponent in n": exponent,
        "noise, central: what it adds over n²σ²/(2ε²)": lines.pooled((_added(row), _unit(row)) for row in central),
        "noise, forward: what it adds over n²σ²/(2ε²)": lines.pooled((_added(row), _unit(row)) for row in forward),
    }


def _recent(found: Sequence[Row]) -> dict[str, Estimate]:
    """Telescoping quotients beside forward ones and exact slopes; directions aligned with g, or of two lengths."""
    named: dict[str, Estimate] = {}
    rows = pick(found, kind="recent", factory="telescoping")
    for points in (3, 4):
        own = pick(rows, factor=f"{points} points")
        widest = pick(own, eps=max((row["eps"] for row in own), default=0))
        words = f"telescoping, {points} points"
        named[f"{words}: bias over that of a forward quotient at the largest ε"] = _ratio(widest, "bias")
        second = [lines.normal(*row["second"]).times(1 / (1 + (row["n"] - 1) / row["q"])) for row in own]
        named |= _ends(f"{words}: second moment over that of exact slopes along as many directions", second)
        over = [lines.normal(*recent.variance_times_values(row["error"], row["forward"], row["calls"])) for row in own]
        named |= _ends(f"{words}: variance times values over those of a forward quotient", over)
    kinds = {
        "along g": "aligned with the gradient: E‖G‖²/(n‖g‖²)",
        "across g": "aligned across the gradient: E‖G‖²/((n+2)‖g‖²)",
    }
    for kind, words in kinds.items():
        named[words] = _ratio(pick(found, kind="recent", factor=kind), "second")
    lengths = [
        lines.normal(*row["second"]).times(1 / row["n"]) for row in pick(found, kind="recent", factor="two lengths")
    ]
    return named | _ends("two lengths, along and across: E‖G‖²/(n‖g‖²)", lengths)


def _ends(name: str, values: Sequence[Estimate]) -> dict[str, Estimate]:
    """The smallest and the largest, nan where there are none."""
    return {f"{name}: {end}": Estimate(nan) for end in ("smallest", "largest")} | lines.extremes(name, values)


def _unit(row: Row) -> float:
    """n²σ²/(2ε²), which noise adds to E‖G‖² of a central quotient, and four times to that of a forward one."""
    return (row["n"] * row["sigma"] / row["eps"]) ** 2 / 2


def _added(row: Row) -> tuple[float, float]:
    """What noise adds to E‖G‖², with its standard error: the rest is known exactly."""
    value, error = row["second"]
    expected = _unit(row) * (4 if row["quotient"] == "forward" else 1)
    return (value - row["second_theory"]) * row["norm2"] + expected, error * row["norm2"]


def _clear(row: Row, of: str) -> float:
    """A mean less three of its standard errors."""
    return row[of][0] - 3 * row[of][1]


def _exponent(some: Sequence[Row], of: str, x: str = "n") -> Estimate:
    return lines.log_slope([row[x] for row in some], [row[of][0] for row in some])


def _ratio(some: Sequence[Row], of: str) -> Estimate:
    """Measured over expected, pooled."""
    return lines.pooled((row[of], row[f"{of}_theory"]) for row in some if row[f"{of}_theory"])


def rows(found: Sequence[Row]) -> list[dict[str, Any]]:
    """Every row, each number with its standard error and what is expected of it."""
    return [{key: row[key] for key in (*KEYS, "factor", "samples", "calls")} | _numbers(row) for row in found]


def _numbers(row: Row) -> dict[str, float]:
    columns = {}
    for of in ("along", "second", "error", "captured", "bias"):
        value, error = row.get(of, (nan, nan))
        columns |= {of: value, f"{of}_error": error, f"{of}_theory": row[f"{of}_theory"] if of in row else nan}
    return columns


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """E‖G‖²/‖g‖² by estimator and n, measured and expected."""
    moments = [row for row in rows if row["kind"] == "moments" and row["dtype"] == "float64"]
    some = [row for row in moments if row["problem"] == moments[0]["problem"]]
    note = "Measured ± standard error (expected). 1 is the gradient itself; n of it must be averaged for one."
    recent = [row for row in rows if row["kind"] == "recent"]
    return [
        tables.by_size("E‖G‖²/‖g‖² of one estimate", note, some, _name, _second, "estimator"),
        tables.table("Two recent papers' estimators", RECENT_NOTE, recent, RECENT, words=2),
    ]


RECENT_NOTE = "Bias over ‖g‖ along ∇Δf, measured ± standard error (that of a forward quotient at the same ε)."


def _name(row: tables.Row) -> str:
    """The estimator as a reader calls it."""
    words = [row["factory"].replace("_", " ")]
    if row["direction"]:
        words.append(("orthogonal " if row["orthogonal"] == "True" else "") + row["direction"])
    return ", ".join([*words, *([f"q = {row['q']}"] if row["q"] else [])])


def _second(row: tables.Row) -> str:
    value, error, theory = (tables.value(row, f"second{part}") for part in ("", "_error", "_theory"))
    spread = f" ± {tables.significant(error, 2)}" if error > KNOWN else ""
    return f"{tables.significant(value, 4)}{spread} ({tables.significant(theory, 4)})"


def _bias(row: tables.Row) -> str:
    if not row["bias"]:
        return ""
    value, error, theory = (tables.value(row, f"bias{part}") for part in ("", "_error", "_theory"))
    return f"{tables.significant(value, 2)} ± {tables.significant(error, 2)} ({tables.significant(theory, 2)})"


RECENT: dict[str, tables.Cell] = {
    "estimator": "factory",
    "": "factor",
    "n": "n",
    "ε": tables.rounded("eps"),
    "E‖G‖²/‖g‖²": _second,
    "bias": _bias,
}


EXPERIMENT = Experiment(
    question="How wrong is one estimate of a gradient: its mean, its length, its angle?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("estimator_error",),
)
