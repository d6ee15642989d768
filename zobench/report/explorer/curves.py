"""The curves of the cells of a report as data of its page: thinned, rounded to four digits, each array once."""

from collections.abc import Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import decay, store
from zobench.report import drawing, measured, records, styles
from zobench.report.compare import found as best
from zobench.report.records import Record
from zobench.report.tables import Table, significant
from zobench.report.wording import Wording

METRICS = {"gap": "f − f*", "gradient": "‖∇f‖², the least so far", "distance": "‖x − x*‖²"}
NUMBERS = 160_000  # of all curves together: at five letters each well under a megabyte
FEWEST = 24  # points of a curve, however many there are
ENOUGH = 64  # points that a curve must be able to have before room is given to single runs
RUNS = 20  # single runs of a cell
DASHES: dict[str, list[int]] = {"theory": [], "trace": [8, 4], "tuned": [2, 3]}
MORE_DASHES = [[10, 3, 2, 3], [5, 2], [16, 4], [10, 3, 2, 3, 2, 3]]
CELLS = ["problem", "method", "stops on", "n", "target", "at the end, median", "runs"]
FIXED = ("L", "B", "mu", "delta", "radius2")  # constants of the proven bounds


def found(paths: Sequence[Path], wording: Wording | None = None) -> dict[str, Any]:
    """`curves`, their arrays in a `pool`, a table of the `cells`. No series where the records are of a study."""
    known = (wording or Wording()).apply(records.load(_with_runs(paths)))
    ran = best.above_best([record for record in known if not record.failed])
    drawn = [(record, rule) for record in ran for rule in record.rules if _has_curves(record, rule)]
    points, single = _room(drawn)
    pool: dict[tuple[int | None, ...], int] = {}
    looks = styles.looks(ran)  # pyright: ignore[reportArgumentType]  a record says of itself what a group does
    dashes = _dashes(drawn, looks)
    series = [_series(record, rule, looks, points, single, pool) for record, rule in drawn]
    series = [{**one, "dash": dashes[record.method, rule]} for one, (record, rule) in zip(series, drawn, strict=True)]
    note = "" if single or not any(_runs(record, rule) > 1 for record, rule in drawn) else "Too many for single runs. "
    note += f"Curves are thinned to at most {points} points and rounded to four digits; the records have all of them. "
    note += "A value that is not positive, or no number, is left out."
    cells = Table("Every cell", "How its runs ended; a line a step rule.", CELLS, [*map(_cell, series, drawn)], 3)
    of = {best.is_open(record) for record in ran if record.metric == "gap"}
    gap = {True: best.BEST, False: METRICS["gap"]}
    metrics = {**METRICS, "gap": " or ".join(gap[is_open] for is_open in sorted(of)) or METRICS["gap"]}
    curves = {"metrics": metrics, "series": series, "note": note}
    return {"curves": curves, "pool": [[*array] for array in pool], "cells": cells}


def _cell(series: dict[str, Any], of: tuple[Record, str]) -> list[str]:
    """A line of the table of all cells."""
    record, rule = of
    stops = "its budget" if best.is_open(record) else METRICS[record.metric]
    about = series["problem"], series["name"], stops, str(series["n"])
    end = decay.median_end(record.metric, record.curve(rule))
    return [*about, *map(significant, (series["target"] or nan, end)), series["ended"]]


def _with_runs(paths: Sequence[Path]) -> list[Path]:
    """Those whose records are of runs: a study has its own arrays, and may have no stop."""
    metas = [(path, store.read_meta(path)) for path in paths]
    asked = [(path, meta["config"]) for path, meta in metas if meta and isinstance(meta.get("config"), dict)]
    return [path for path, config in asked if {"stop", "problem", "estimator"} <= config.keys()]


def _has_curves(record: Record, rule: str) -> bool:
    return record.arrays.keys() >= {f"{rule}/{name}" for name in ("k", "outcome", record.metric)}


def _runs(record: Record, rule: str) -> int:
    return len(record.arrays[f"{rule}/{record.metric}"])


def _room(drawn: Sequence[tuple[Record, str]]) -> tuple[int, bool]:
    """Points a curve, and whether single runs have room."""
    several = [_runs(record, rule) for record, rule in drawn]
    arrays = sum(4 if runs == 1 else 10 for runs in several)
    with_runs = arrays + sum(min(runs, RUNS) for runs in several if runs > 1)
    single = NUMBERS // max(1, with_runs) >= ENOUGH
    return int(np.clip(NUMBERS // max(1, with_runs if single else arrays), FEWEST, drawing.CURVE_POINTS)), single


def _series(
    record: Record, rule: str, looks: dict[str, dict[str, Any]], points: int, single: bool, pool: dict
) -> dict[str, Any]:
    def put(array: list[int | None]) -> int:
        return pool.setdefault(tuple(array), len(pool))

    k = record.k(rule)
    shown = drawing.thin(k, points=points)
    shown = np.concatenate([np.flatnonzero(k[:1] == 0), shown])
    of = {}
    for metric in METRICS:
        curves = record.array(rule, metric)
        if curves is not None and np.isfinite(curves).any():
            of[metric] = {name: put(array) for name, array in _arrays(record, rule, metric, shown).items()}
            if single and metric == record.metric and len(curves) > 1:
                ran = decay.so_far(metric, curves.astype(float))[:RUNS, shown]
                of[metric]["runs"] = [put(encoded(run)) for run in ran]
    steps = np.diff(k[shown].astype(int), prepend=0).tolist()
    name = record.method if rule == "own" else f"{record.method}, {rule} step"
    own, ended = looks[record.method], record.arrays[f"{rule}/outcome"]
    about = {"name": name, "problem": record.problem, "n": record.n, "metric": record.metric}
    about |= {"target": _number(record.meta.get("target")), "seeds": len(ended), "ended": _ended(record, ended)}
    about |= {"asks": record.calls, "price": _number(record.price), "seconds": _seconds(record, rule)}
    return {**about, "color": own["color"], "k": put(steps), "of": of}


def _arrays(record: Record, rule: str, metric: str, shown: np.ndarray) -> dict[str, list[int | None]]:
    """The median over runs and the band of 10 to 90 %, the exact mean and the proven bound where they are known."""
    curves = decay.so_far(metric, record.curve(rule, metric))[:, shown]
    low, middle, high = np.quantile(np.where(np.isnan(curves), np.inf, curves), [0.1, 0.5, 0.9], axis=0, method="lower")
    arrays = {"mid": middle, **({"low": low, "high": high} if len(curves) > 1 else {})}
    exact = record.array(rule, f"exact_{metric}")
    arrays |= {} if exact is None else {"exact": exact[shown]}
    if metric == record.metric and rule == "theory" and record.plain and {*FIXED} <= record.meta.keys():
        k = record.k(rule)[shown].astype(float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            arrays["bound"] = np.where(k > 0, measured.bound(record, np.where(k > 0, k, 1.0)), np.nan)
    return {name: encoded(array) for name, array in arrays.items() if (np.isfinite(array) & (array > 0)).any()}


def encoded(values: np.ndarray) -> list[int | None]:
    """10⁴·log10 as whole numbers, each less the one before: four digits. None where not positive and finite."""
    fine = np.isfinite(values) & (values > 0)
    steps = np.diff(np.rint(1e4 * np.log10(values[fine])).astype(int), prepend=0)
    array: list[int | None] = [None] * len(values)
    for i, step in zip(np.flatnonzero(fine), steps.tolist(), strict=True):
        array[i] = step
    return array


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def _seconds(record: Record, rule: str) -> float | None:
    run = record.meta["rules"][rule]
    seconds, steps = _number(run.get("run_seconds")), _number(run.get("steps_run"))
    return float(f"{seconds / steps:.4g}") if seconds and steps else None


def _ended(record: Record, outcomes: np.ndarray) -> str:
    """How the runs ended: "18 of 20 runs reached the target, 2 diverged"."""
    counts = {str(how): int((outcomes == how).sum()) for how in sorted(set(outcomes.tolist()))}
    if best.is_open(record):
        counts = {how: count for how, count in counts.items() if how not in ("reached", "not reached")}
        reached = f"{len(outcomes)} runs without a target"
    else:
        reached = f"{counts.pop('reached', 0)} of {len(outcomes)} runs reached the target"
    return ", ".join([reached, *(f"{count} {how}" for how, count in counts.items())])


def _dashes(drawn: Sequence[tuple[Record, str]], looks: dict[str, dict[str, Any]]) -> dict[tuple[str, str], list[int]]:
    """The line by the step rule; where a method of the same colour has it, the first that none of the colour has."""
    found: dict[tuple[str, str], list[int]] = {}
    for method, rule in dict.fromkeys((record.method, rule) for record, rule in drawn):
        color, usual = looks[method]["color"], DASHES.get(rule, [])
        taken = [dash for (other, _), dash in found.items() if looks[other]["color"] == color]
        left = (dash for dash in (usual, *DASHES.values(), *MORE_DASHES) if dash not in taken)
        found[method, rule] = next(left, usual)
    return found
