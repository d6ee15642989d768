"""The rows of experiment=estimator_error, what is read from them, and its table."""

from collections.abc import Callable, Sequence
from math import nan, sqrt
from typing import Any

import numpy as np

from zobench.report import lines, tables
from zobench.report.records import target
from zobench.statistics import Estimate
from zobench.store import Record

NUMBERS = ("along", "second", "error", "captured", "bias")
KNOWN = 1e-9  # below this a standard error is that of rounding
Row = dict[str, Any]


def rows(records: Sequence[Record]) -> list[Row]:
    """All rows of all records, with n and the problem; the smallest n first."""
    found = []
    for record in records:
        meta = record.meta
        about = {"problem": target(meta["config"]["problem"]), "n": meta["n"], "samples": meta["samples"]}
        about |= {
            "quadratic": meta["quadratic"],
            "norm2": meta["norm2"],
            "M": meta["M"],
            "seed": meta["config"]["seed"],
        }
        found += [about | row for row in meta["rows"]]
    return sorted(found, key=lambda row: (not row["quadratic"], row["n"]))  # stable: the order of the sweep within


def name(row: Row) -> str:
    """The estimator as a reader calls it."""
    words = [row["factory"].replace("_", " ")]
    if row["direction"]:
        words.append(("orthogonal " if row["orthogonal"] else "") + row["direction"])
    words += [f"q = {row['q']}"] if row["q"] else []
    return ", ".join(words)


def pick(found: Sequence[Row], **wanted: Any) -> list[Row]:
    """The rows whose fields are as wanted."""
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def z(row: Row, of: str) -> float:
    """Standard errors between a number and what is expected; nan where nothing is, or the number does not vary."""
    value, error = row[of]
    return (value - row[f"{of}_theory"]) / error if error > KNOWN else nan


def added(row: Row) -> tuple[float, float]:
    """What noise adds to E‖G‖², with its standard error: the rest is known exactly."""
    value, error = row["second"]
    rest = row["second_theory"] - inflation(row) / row["norm2"]
    return (value - rest) * row["norm2"], error * row["norm2"]


def inflation(row: Row) -> float:
    """n²σ²/(2qε²), 4 times that for the forward quotient; n for n² where all axes are taken."""
    from zobench.experiments.estimator_error import expected

    return expected.inflation(row["n"], row["q"] or 1, row["quotient"], row["family"], row["eps"], row["sigma"])


def measures(found: Sequence[Row]) -> dict[str, Estimate]:
    """Every quantity of the claims; nan where it cannot be measured."""
    moments = [row for row in pick(found, kind="moments", dtype="float64") if row["quadratic"]]
    return {**_formulas(found), **_moments(moments), **_angles(moments), **_biases(found), **_noise(found)}


def _formulas(found: Sequence[Row]) -> dict[str, Estimate]:
    """The lecture's formula: how long its mean is along g, in the unit that is expected of it."""
    kinds = {
        "sphere with the factor d: E gᵀG/‖g‖²": ("sphere", "d", lambda n: 1),
        "Gaussian with the factor d: E gᵀG/(n‖g‖²)": ("gaussian", "d", lambda n: n),
        "signs with the factor d: E gᵀG/(n‖g‖²)": ("rademacher", "d", lambda n: n),
        "Gaussian without the factor d: E gᵀG/‖g‖²": ("gaussian", "1", lambda n: 1),
        "sphere without the factor d: n E gᵀG/‖g‖²": ("sphere", "1", lambda n: 1 / n),
    }
    measured = {}
    for words, (direction, factor, unit) in kinds.items():
        some = pick(found, kind="formula", direction=direction, factor=factor)
        parts = [[value / unit(row["n"]) for value in row["along"]] for row in some]
        measured[words] = lines.pooled([part[0] for part in parts], [part[1] for part in parts])
    return measured


def _moments(moments: Sequence[Row]) -> dict[str, Estimate]:
    measured = {}
    for direction, words in (("sphere", "sphere"), ("rademacher", "signs"), ("coordinate", "coordinate")):
        some = pick(moments, factory="two_point", direction=direction, q=1, orthogonal=False)
        measured[f"{words}, E‖G‖²/‖g‖²: exponent in n"] = _slope(some, lambda row: row["second"][0])
    some = pick(moments, factory="two_point", direction="gaussian", q=1)
    measured["Gaussian, E‖G‖²/((n+2)‖g‖²)"] = _ratio(some, "second")
    measured |= _prices(moments)
    apart = [abs(z(row, of)) for row in moments for of in ("along", "second")]
    measured["mean and second moment: largest distance from the theory in standard errors"] = lines.largest(apart)
    return measured


def _prices(moments: Sequence[Row]) -> dict[str, Estimate]:
    """Values asked by an estimate times how many of them make a gradient, over 2n: central quotients."""
    kinds = {
        "one direction": pick(moments, factory="two_point", direction="sphere", q=1, orthogonal=False),
        "orthogonal directions": pick(moments, factory="two_point", direction="sphere", orthogonal=True),
        "all axes": pick(moments, factory="finite_difference"),
    }
    measured = {}
    for words, some in kinds.items():
        parts = [[value * row["calls"] / (2 * row["n"]) for value in row["second"]] for row in some]
        measured[f"{words}: values times E‖G‖²/‖g‖² over 2n"] = lines.pooled(*_columns(parts))
    axes = [row["second"][0] for row in kinds["all axes"]]
    return measured | {"all axes, largest E‖G‖²/‖g‖²": lines.largest(axes)}


def _angles(moments: Sequence[Row]) -> dict[str, Estimate]:
    some = pick(moments, factory="two_point", direction="sphere", q=1)
    many = [row for row in moments if row["orthogonal"] and row["direction"] == "sphere"]
    independent = [row for row in moments if row["direction"] and not row["orthogonal"] and (row["q"] or 0) > 1]
    share = [(row["captured"][0] - 3 * row["captured"][1]) * row["n"] / row["q"] for row in independent]
    return {
        "sphere, E cos²(G, g): exponent in n": _slope(some, lambda row: row["captured"][0]),
        "orthogonal directions, E cos²(G, g)·n/q": _ratio(many, "captured"),
        "independent directions, largest E cos²(G, g)·n/q (less 3 standard errors)": lines.largest(share),
    }


def _biases(found: Sequence[Row]) -> dict[str, Estimate]:
    general = [row for row in pick(found, kind="quotient", quotient="central") if not row["quadratic"]]
    measured = {}
    for direction, words in (("sphere", "sphere"), ("gaussian", "Gaussian")):
        some = pick(general, direction=direction)
        largest = max((row["n"] for row in some), default=0)
        last = pick(some, n=largest)
        measured[f"{words}, bias: exponent in ε"] = lines.log_slope(
            [row["eps"] for row in last], [row["bias"][0] for row in last]
        )
        smallest = [row for row in some if row["eps"] == min(row["eps"] for row in some)]
        measured[f"{words}, bias/leading term at the smallest ε"] = _ratio(smallest, "bias")
    sphere = pick(general, direction="sphere")
    shares = [(row["bias"][0] - 3 * row["bias"][1]) * sqrt(row["norm2"]) / _bound(row) for row in sphere]
    measured["sphere, largest bias/((M/2)ε²n/(n+2)) (less 3 standard errors)"] = lines.largest(shares)
    exact = [row for row in pick(found, kind="quotient", quotient="central") if row["quadratic"]]
    measured["central quotient on quadratics: largest bias/‖g‖"] = lines.largest([row["bias"][0] for row in exact])
    axes = [row for row in pick(found, kind="quotient", quotient="forward", family="axes") if row["quadratic"]]
    measured["forward differences on quadratics: bias/(½ε‖diag H‖)"] = _ratio(axes, "bias")
    return measured


def _bound(row: Row) -> float:
    return row["M"] / 2 * row["eps"] ** 2 * row["n"] / (row["n"] + 2)


def _noise(found: Sequence[Row]) -> dict[str, Estimate]:
    noise = pick(found, kind="noise", family="sphere", q=1)
    central, forward = pick(noise, quotient="central"), pick(noise, quotient="forward")
    steps = sorted({row["eps"] for row in central})
    one = pick(central, eps=steps[0]) if steps else []
    parts = [[value / inflation(row) for value in added(row)] for row in central]
    fourfold = [[4 * value / inflation(row) for value in added(row)] for row in forward]
    return {
        "noise, what it adds to E‖G‖²: exponent in n": _slope(one, lambda row: added(row)[0]),
        "noise, central: what it adds over n²σ²/(2ε²)": lines.pooled(*_columns(parts)),
        "noise, forward: what it adds over n²σ²/(2ε²)": lines.pooled(*_columns(fourfold)),
    }


def _columns(parts: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [part[0] for part in parts], [part[1] for part in parts]


def _slope(some: Sequence[Row], of: Callable[[Row], float]) -> Estimate:
    return lines.log_slope([row["n"] for row in some], [of(row) for row in some])


def _ratio(some: Sequence[Row], of: str) -> Estimate:
    """Measured over expected, pooled."""
    good = [row for row in some if row[f"{of}_theory"]]
    parts = [[value / row[f"{of}_theory"] for value in row[of]] for row in good]
    return lines.pooled(*_columns(parts))


def flat(found: Sequence[Row]) -> list[dict[str, Any]]:
    """table.csv: every row, each number with its standard error and what is expected of it."""
    out = []
    for row in found:
        about = {key: row[key] for key in ("problem", "n", "kind", "factory", "direction", "q", "orthogonal")}
        about |= {key: row[key] for key in ("quotient", "eps", "sigma", "dtype", "factor", "samples", "calls")}
        for of in NUMBERS:
            value, error = row.get(of, (nan, nan))
            about |= {of: value, f"{of}_error": error, f"{of}_theory": row[f"{of}_theory"] if of in row else nan}
        out.append(about)
    return out


def table(lines_of_csv: Sequence[dict[str, str]]) -> list[tables.Table]:
    """E‖G‖²/‖g‖² by estimator and n, measured and expected, from table.csv."""
    shown = [line for line in lines_of_csv if line["kind"] == "moments" and line["dtype"] == "float64"]
    shown = [line for line in shown if line["problem"] == shown[0]["problem"]]
    sizes = sorted({int(line["n"]) for line in shown})
    body: dict[str, dict[int, str]] = {}
    for line in shown:
        about: Row = {key: line[key] for key in ("factory", "direction", "q")}
        label = name({**about, "orthogonal": line["orthogonal"] == "True"})
        value, error, theory = (float(line[key] or nan) for key in ("second", "second_error", "second_theory"))
        spread = f" ± {tables.significant(error, 2)}" if error > KNOWN else ""
        text = f"{tables.significant(value, 4)}{spread} ({tables.significant(theory, 4)})"
        body.setdefault(label, {})[int(line["n"])] = text
    note = "Measured ± standard error (expected). 1 is the gradient itself; n of it must be averaged for one."
    text = [[label, *(cells.get(n, "") for n in sizes)] for label, cells in body.items()]
    return [tables.Table("E‖G‖²/‖g‖² of one estimate", note, ["estimator", *(f"n = {n}" for n in sizes)], text)]


def array(some: Sequence[Row], of: str) -> tuple[np.ndarray, np.ndarray]:
    """Values and standard errors."""
    return np.array([row[of][0] for row in some]), np.array([row[of][1] for row in some])
