"""Every run of every record of a store as one tidy table: what `zobench export` writes and `zobench.load` gives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import decay, store
from zobench.report import naming, telling

COLUMNS = {
    "key": "the record's name; its file is KEY.npz",
    "status": "ok or failed: how the cell ended",
    "reason": "why it failed",
    "latest": "false where the store has a newer record of the same config, made by other code or libraries",
    "problem": "the problem's name",
    "n": "dimension; of a failed cell the one asked for",
    "method": "the method's usual name",
    "estimator": "the factory of the gradient estimator, empty where the method takes none",
    "optimizer": "the factory of the update rule",
    "dtype": "float64, float32, bfloat16 or float16",
    "metric": "what runs stop on: gap, gradient (squared, the least along a run) or distance (squared)",
    "target": "the value of the metric that a run has to reach",
    "calls_per_step": "oracle calls an iteration, each kind counted as one",
    "seconds": "of all runs of this record and step rule together, without compiling and tuning",
    "compile_seconds": "of the record",
    "instructions": "vector instruction set of the processor: avx512, avx2, avx, sse4, neon",
    "threads": "of XLA on the processor",
    "device": "what jax ran on: cpu, or gpu and its kind",
    "jax": "version of jax",
    "rule": "step rule: theory, trace, tuned, a number, or own where the method has no step size",
    "step": "step size",
    "run": "number of the run within the record and rule, from 0; -1: the cell failed",
    "seed": "of the run",
    "hit": "iterations to the target; inf: never",
    "calls": "oracle calls to the target; inf: never",
    "outcome": "reached, not reached, diverged, nan; failed",
    "final": "the metric at the end of the run; of the gradient the least along it",
}
OWN = ("run", "seed", "hit", "calls", "outcome", "final")  # of a run; the others are those of a record and rule
ARRAYS = ("k", "hits", "outcome", "gap", "gradient", "distance")
SAID = ("step", "dtype", "stop.metric")  # leaves of a config that have a column already


class Part(NamedTuple):
    """A part of the table, by columns: `shared` has a value for each record and step rule, `runs` for each run.

    For each record and rule: the `leaves` of its config, how many runs it has, and what was `asked`, as hash of the
    config, time and key. `without_runs` and `damaged` name records that are left out.
    """

    shared: dict[str, list[Any]]
    leaves: list[dict[str, Any]]
    counts: list[int]
    runs: dict[str, list[Any]]
    asked: list[tuple[str, float, str]]
    without_runs: list[str]
    damaged: list[str]


class Table(NamedTuple):
    """The columns, numbers as arrays of numbers and texts as objects; names of the records that are not in it."""

    columns: dict[str, np.ndarray]
    without_runs: list[str]
    damaged: list[str]


def table(paths: Sequence[Path], each: Callable[..., Iterable[Part]] = map, size: int = 500) -> Table:
    """The runs of these records, in their order; after COLUMNS one for each leaf of the configs that differs.

    `each` is map, or that of a pool of processes, which gets `size` records at a time.
    """
    parts = [*each(read, [paths[i : i + size] for i in range(0, len(paths), size)])]
    newest: dict[str, tuple[float, str]] = {}
    for config, age, key in (asked for part in parts for asked in part.asked):
        newest[config] = max(newest.get(config, (0.0, "")), (age, key))
    latest = [newest[config][1] == key for part in parts for config, _, key in part.asked]
    counts = np.array([count for part in parts for count in part.counts], int)
    shared = {name: [value for part in parts for value in part.shared[name]] for name in COLUMNS if name not in OWN}
    shared["latest"] = latest
    found = {name: np.repeat(_array(values), counts) for name, values in shared.items()}
    found |= {name: _array([value for part in parts for value in part.runs[name]]) for name in OWN}
    columns = {name: found[name] for name in COLUMNS}
    for name, values in _differing([leaves for part in parts for leaves in part.leaves]):
        columns[name] = np.repeat(_array(values), counts)
    without, damaged = (
        [name for part in parts for name in getattr(part, kind)] for kind in ("without_runs", "damaged")
    )
    return Table(columns, without, damaged)


def read(paths: Sequence[Path]) -> Part:
    """The part of the table that some records make."""
    part = Part({name: [] for name in COLUMNS if name not in OWN}, [], [], {name: [] for name in OWN}, [], [], [])
    for path in paths:
        record = store.read_some(path, lambda name: name.rpartition("/")[2] in ARRAYS)
        if record is None:
            part.damaged.extend([f"{path.name} {wrong}"] if (wrong := store.fault(path)) else [])
        elif "stop" not in record.meta.get("config", {}):
            part.without_runs.append(path.name)
        else:
            _add(part, path, record)
    return part


def _add(part: Part, path: Path, record: store.Record) -> None:
    """A line for each rule of a record, or for its failure."""
    arrays, meta = record
    about = _about(path.stem, meta)
    leaves = dict(_leaves(meta["config"]))
    asked = store.digest(meta["config"]), _age(path), path.stem
    for rule in [rule for rule in meta.get("rules", {}) if f"{rule}/outcome" in arrays] or [""]:
        own = meta["rules"][rule] if rule else {}
        line = about | {"rule": rule, "step": own.get("step", nan), "seconds": own.get("run_seconds", nan)}
        for name, values in part.shared.items():
            values.append(line.get(name))
        runs = outcomes(rule, arrays, meta, about["calls_per_step"]) if rule else _FAILED
        for name, values in part.runs.items():
            values.extend(runs[name])
        part.counts.append(len(runs["run"]))
        part.leaves.append(leaves)
        part.asked.append(asked)


_FAILED = {"run": [-1], "seed": [-1], "hit": [nan], "calls": [nan], "outcome": ["failed"], "final": [nan]}


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it has been moved meanwhile
        return 0.0


def _leaves(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        elif prefix + name not in SAID:
            yield prefix + name, value


def _about(key: str, meta: dict[str, Any]) -> dict[str, Any]:
    config, machine = meta["config"], meta.get("machine")
    machine = machine if isinstance(machine, dict) else {}
    return {
        "key": key,
        "status": meta["status"],
        "reason": meta.get("reason", ""),
        "problem": naming.problem(config),
        "n": naming.size(config, meta),
        "method": naming.kind(config),
        "estimator": naming.own("estimators", config["estimator"]) if naming.takes_estimator(config) else "",
        "optimizer": telling.word(naming.target(config.get("optimizer", {}))),
        "dtype": config.get("dtype", ""),
        "metric": config["stop"]["metric"],
        "target": meta.get("target", nan),
        "calls_per_step": sum(meta.get("calls", {}).values()),
        "compile_seconds": meta.get("compile_seconds", nan),
        "jax": meta.get("versions", {}).get("jax", ""),
        **{
            name: machine.get(name, default) for name, default in (("instructions", ""), ("threads", 0), ("device", ""))
        },
    }


def outcomes(rule: str, arrays: dict[str, np.ndarray], meta: dict[str, Any], calls: int) -> dict[str, list[Any]]:
    """The columns OWN of the runs of a record under a rule, `calls` being those of a step."""
    metric = meta["config"]["stop"]["metric"]
    curves, hits = arrays[f"{rule}/{metric}"].astype(float), arrays[f"{rule}/hits"].astype(float)
    hits = decay.arrivals(arrays[f"{rule}/k"], curves, hits, float(meta["target"]))
    first = meta["config"].get("seed", 0)
    return {
        "run": [*range(len(hits))],
        "seed": [*range(first, first + len(hits))],
        "hit": hits.tolist(),
        "calls": (hits * calls).tolist(),
        "outcome": arrays[f"{rule}/outcome"].tolist(),
        "final": decay.so_far(metric, curves)[:, -1].tolist(),
    }


def _differing(lines: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """The leaves that are not the same in all records, in the order of their keys; None where a config has not one."""
    for key in sorted({key for leaves in lines for key in leaves}):
        values = [leaves.get(key) for leaves in lines]
        if any(value != values[0] for value in values):
            yield key if "." in key else f"config.{key}", values


def _array(values: list[Any]) -> np.ndarray:
    """Numbers as numbers, nan for what is not known among them; anything else as texts, which are objects."""
    kinds = {type(value) for value in values}
    if kinds <= {bool} or kinds <= {int}:
        return np.array(values, int if int in kinds else bool)
    if kinds <= {int, float, type(None)}:
        return np.array([nan if value is None else value for value in values], float)
    found = np.empty(len(values), object)
    found[:] = values if kinds <= {str} else ["" if value is None else telling.text(value) for value in values]
    return found
