"""How a report was made, from its records and the plan beside them: command, seeds, versions, machines, dates."""

import re
import shlex
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from zobench import store
from zobench.sweeps import Plan, Sweep

DAY = re.compile(r"\d{4}-\d\d-\d\d")
NO_PLAN = "not known: no plan of a sweep lies beside the records"
LOCAL = ("runs_dir=", "report_dir=")  # where it was made, which decides no number


def made(name: str, records: Sequence[Path]) -> list[tuple[str, list[str]]]:
    """Terms and what is to be said of each, a line a kind with how many cells are of it."""
    metas = [meta for path in records if (meta := store.read_meta(path)) is not None]
    configs = [meta["config"] for meta in metas if isinstance(meta.get("config"), dict)]
    statuses = [str(meta["status"]) for meta in metas] + ["missing"] * (len(records) - len(metas))
    plan = _plan(records)
    lines = {
        "command": [_command(plan) if plan else NO_PLAN if records else f"zobench report {name}"],
        "cells": [f"{count} {status}" for status, count in sorted(Counter(statuses).items())],
        "seeds": _counted(map(_seeds, configs), len(configs)),
        "precision": _counted([str(config["dtype"]) for config in configs if "dtype" in config], len(configs)),
        "prices": [*filter(None, [prices(metas)])],
        **by(metas),
    }
    if "dates" not in lines and plan and plan.begun:
        lines["dates"] = [f"begun {time.strftime('%Y-%m-%d', time.gmtime(plan.begun))}"]
    return [(term, said) for term, said in lines.items() if said]


def by(metas: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Versions, machines and, where records keep them, the days on which cells ended, UTC."""
    lines = {
        "versions": _counted(map(_versions, metas), len(metas)),
        "machines": _counted(map(_machine, metas), len(metas)),
    }
    days = sorted({day for meta in metas if isinstance(day := meta.get("date"), str) and DAY.fullmatch(day)})
    return {**lines, "dates": [" to ".join(dict.fromkeys((days[0], days[-1])))]} if days else lines


def prices(metas: Iterable[dict[str, Any]]) -> str:
    """What a derivative costs in values of f, and how that was found; "" where no record says so."""
    known = [found for meta in metas if isinstance(found := meta.get("prices"), dict)]
    said = []
    for kind, name in {"grad": "a gradient", "jvp": "a directional derivative"}.items():
        values = [float(each[kind]) for each in known if isinstance(each.get(kind), float | int)]
        if values:
            ends = dict.fromkeys(f"{end:.3g}" for end in (min(values), max(values)))
            said.append(f"{name} with its value counts as {' to '.join(ends)} values of f")
    how = ": operations, which XLA counts before it compiles; an elementary function is one."
    return f"{', '.join(said).capitalize()}{how}" if said else ""


def _counted(texts: Iterable[str], total: int) -> list[str]:
    """Each text once, the most frequent first, with its number of cells where it is not that of all."""
    counts = Counter(filter(None, texts))
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [text if count == total else f"{text} ({count} cell{'s' * (count > 1)})" for text, count in order]


def _seeds(config: dict[str, Any]) -> str:
    first, seeds = config.get("seed", 0), config.get("seeds")
    if not isinstance(seeds, int) or not isinstance(first, int):
        return ""
    return f"{first}" if seeds == 1 else f"{first} to {first + seeds - 1}"


def _versions(meta: dict[str, Any]) -> str:
    known = meta.get("versions")
    return ", ".join(f"{name} {version}" for name, version in known.items()) if isinstance(known, dict) else ""


def _machine(meta: dict[str, Any]) -> str:
    known = meta.get("machine")
    return ", ".join(f"{name} {value}" for name, value in known.items()) if isinstance(known, dict) else ""


def _plan(records: Sequence[Path]) -> Plan | None:
    """That of the smallest sweep beside the records that has all of them; None where there is none."""
    keys = {path.stem for path in records}
    beside = sorted({folder for path in records[:1] for folder in path.parent.glob("sweeps/*-*")})
    plans = [plan for folder in beside if keys <= (plan := Sweep(folder).plan()).cells.keys() and plan.command]
    return min(plans, key=lambda plan: (len(plan.cells), list(plan.command)), default=None)


def _command(plan: Plan) -> str:
    own = [word for word in plan.command if not word.startswith(LOCAL)]
    return shlex.join(["zobench", *([] if any(word.startswith("experiment=") for word in own) else ["-m"]), *own])
