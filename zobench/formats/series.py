"""Records as the field's formats have them: the best value so far against evaluations, by algorithm and function."""

import re
from collections.abc import Iterable, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import store
from zobench.errors import UsageError
from zobench.report import records
from zobench.report.records import Record

DECLARED = "declared"  # the price of a gradient that its record has


class Series(NamedTuple):
    """The runs of one algorithm on one function in n dimensions.

    evaluations [records] rise from 1, which is f(x0); each call of the oracle counts one more, a gradient as many as
    its `price`. values [runs, records]: the least f − f_opt among the recorded iterates so far. `f_opt` is f*, or where
    nobody knows it the least value of all series of the function, and then not `known`. `function` counts the problems
    from 1, or is that of BBOB, which has instances too. `price` is "" where no gradient is asked. `fields`: what else a
    format may tell.
    """

    algorithm: str
    problem: str
    function: int
    instance: int
    n: int
    seeds: list[int]
    evaluations: np.ndarray
    values: np.ndarray
    f_opt: float
    known: bool
    price: str
    fields: dict[str, Any]


class Found(NamedTuple):
    """All series, by algorithm, function and n; how many records failed or have no runs; names of damaged ones."""

    series: list[Series]
    left_out: int
    damaged: list[str]


def read(paths: Sequence[Path], prices: Sequence[str] = ("1", "n")) -> Found:
    """The series of these records, one for each step rule and, where gradients are asked, for each of their prices.

    A price is a number of evaluations, n, 2n or declared; a Jacobian-vector product counts one. Of one config the
    latest record is taken.
    """
    kept, left_out, damaged = [], 0, []
    for path in paths:
        meta = store.read_meta(path)
        if meta is None:
            damaged.extend([f"{path.name} {wrong}"] if (wrong := store.fault(path)) else [])
        elif meta.get("rules") and "stop" in meta.get("config", {}):
            kept.append(path)
        else:
            left_out += 1
    loaded = records.load(kept)
    numbers = _numbers(loaded)
    rules: dict[str, set[str]] = {}
    for record in loaded:
        rules.setdefault(record.method, set()).update(record.rules)
    found = [
        one
        for record in loaded
        for rule in record.rules
        for one in _priced(record, rule, len(rules[record.method]) > 1, numbers[record.problem], prices)
    ]
    found = sorted(_to_the_best(found), key=lambda one: (_natural(one.algorithm), one.function, one.n))
    return Found(found, left_out, damaged)


def cost(price: str, n: int) -> float:
    """A price in evaluations, `4`, `n` or `2n`. ValueError where it is none."""
    return float(price[:-1] or 1) * n if price.endswith("n") else float(price)


def _numbers(loaded: Sequence[Record]) -> dict[str, tuple[str, int, int]]:
    """The problem, the number of its function and its instance: BBOB's own where all are of it, else by name from 1."""
    asked = {record.problem: record.config["problem"] for record in loaded}
    if loaded and all(record.family == "bbob" for record in loaded):
        places = {name: (int(own["function"]), int(own.get("instance", 1))) for name, own in asked.items()}
        return {name: (f"f{function}", function, instance) for name, (function, instance) in places.items()}
    return {name: (name, i, 1) for i, name in enumerate(sorted(asked, key=_natural), 1)}


def _priced(record: Record, rule: str, tells: bool, place: tuple[str, int, int], prices: Iterable[str]) -> list[Series]:
    """The series of a record and rule, for each price of a gradient where it asks for any."""
    values = np.fmin.accumulate(record.curve(rule, "gap"), axis=1)
    first, seeds = int(record.config.get("seed", 0)), int(record.config.get("seeds") or len(values))
    if len(values) < seeds:  # what is not random has one run, which stands for each seed
        values = np.repeat(values[:1], seeds, axis=0)
    about, f_star = record.meta["rules"][rule], float(record.meta.get("f_star", nan))
    took = float(about.get("run_seconds") or nan) / float(about.get("steps_run") or nan)
    fields = {"rule": rule, "k": record.k(rule), "seconds": record.k(rule) * took, "dtype": record.config.get("dtype")}
    name, numbers = record.method + (f", {rule}" if tells else ""), list(range(first, first + len(values)))
    made = []
    for price, each in _costs(record, prices).items():
        told = name + (f", gradient = {price}" if price else "")
        evaluations = 1 + np.ceil(record.k(rule) * each).astype(np.int64)
        known = not isnan(f_star)
        made.append(Series(told, *place, record.n, numbers, evaluations, values, f_star, known, price, fields))
    return made


def _costs(record: Record, prices: Iterable[str]) -> dict[str, float]:
    """Evaluations that a step counts by each price of a gradient; by none where it asks for no gradient.

    UsageError where a record does not have the price that it is to declare.
    """
    asked = {"value": 0, "jvp": 0, "grad": 0, **record.meta["calls"]}
    if not asked["grad"]:
        return {"": float(asked["value"] + asked["jvp"])}
    declared, made = record.meta.get("prices") or {}, {}
    for price in prices:
        if price == DECLARED and "grad" not in declared:
            raise UsageError(f"gradient={price}: record {record.key} has no price of its gradient; give a number or n")
        gradient = float(declared["grad"]) if price == DECLARED else cost(price, record.n)
        made[price] = asked["value"] + asked["jvp"] + asked["grad"] * gradient
    return made


def _to_the_best(series: Sequence[Series]) -> list[Series]:
    """The same, f − the least value seen by any of a function where f* is not known."""
    least: dict[tuple[int, int], float] = {}
    for one in series:
        finite = one.values[np.isfinite(one.values)]
        if not one.known and finite.size:
            place = one.function, one.n
            least[place] = min(least.get(place, np.inf), float(finite.min()))
    made = []
    for one in series:
        f_opt = one.f_opt if one.known else least.get((one.function, one.n), nan)
        made.append(one._replace(f_opt=f_opt, values=one.values if one.known else one.values - f_opt))
    return made


def functions(series: Iterable[Series]) -> dict[int, str]:
    """The problems by their numbers."""
    return dict(sorted({one.function: one.problem for one in series}.items()))


def by_algorithm(series: Iterable[Series]) -> dict[str, list[Series]]:
    """The series of each algorithm, under a name that a folder may have and no other algorithm has."""
    made: dict[str, list[Series]] = {}
    names: dict[str, str] = {}
    for one in series:
        if one.algorithm not in names:
            plain = "-".join(re.findall(r"[A-Za-z0-9.]+", one.algorithm)) or "algorithm"
            taken = sum(known == plain or known.startswith(f"{plain}.") for known in names.values())
            names[one.algorithm] = f"{plain}.{taken + 1}" if plain in names.values() else plain
        made.setdefault(names[one.algorithm], []).append(one)
    return made


def improved(values: np.ndarray, per_decade: int = 20) -> np.ndarray:
    """Indices of a run's records [records]: its first, its last, and each that crosses one more level of 10^(i/20)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(values > 0, np.ceil(np.log10(values) * per_decade), -np.inf)
    level = np.where(np.isnan(level), np.inf, level)
    return np.unique(np.array([0, *(np.flatnonzero(level[1:] < level[:-1]) + 1), len(values) - 1]))


def spaced(evaluations: np.ndarray, per_decade: int = 20) -> np.ndarray:
    """Indices of records [records] about evenly apart in ln of evaluations, the first and the last among them."""
    wanted = np.geomspace(1, evaluations[-1], max(2, int(per_decade * np.log10(max(evaluations[-1], 10)))))
    return np.unique(np.array([0, *np.searchsorted(evaluations, wanted - 1e-9), len(evaluations) - 1]))


def _natural(text: str) -> list[Any]:
    """Sorts q=4 before q=16."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]
