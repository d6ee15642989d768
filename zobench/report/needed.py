"""How large the records of an experiment are, and whether that is enough to judge its claims."""

from collections.abc import Iterable, Mapping
from typing import Any

from zobench.report.telling import leaves


def sizes(metas: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The largest of each number in the configs of records that ended well, by its key; a list counts by its largest.

    Besides: `n`, `dimensions` (different ones) and `cells`; the length of a list is `len(key)`, of different words and
    numbers over the records `kinds(key)`.
    """
    found: dict[str, float] = {}
    kinds: dict[str, set[str]] = {}
    ended = [meta for meta in metas if meta.get("status") == "ok"]
    for key, _, value in (leaf for meta in ended for leaf in leaves(meta.get("config", {}))):
        many = value if isinstance(value, list) else [value]
        kinds.setdefault(key, set()).update(map(str, many))
        found[f"len({key})"] = max(found.get(f"len({key})", 0), len(many))
        for one in many:
            if isinstance(one, (int, float)) and not isinstance(one, bool):
                found[key] = max(found.get(key, one), one)
    dimensions = {meta["n"] for meta in ended if meta.get("n")}
    different = {f"kinds({key})": len(values) for key, values in kinds.items()}
    return {**found, **different, "n": max(dimensions, default=0), "dimensions": len(dimensions), "cells": len(ended)}


def lacking(needs: Mapping[str, float], found: Mapping[str, float]) -> str:
    """What is too small, in words: "needs n >= 256 (here 64)"; empty where nothing is."""
    short = [
        f"{key} >= {least:g} (here {found.get(key, 0):g})" for key, least in needs.items() if found.get(key, 0) < least
    ]
    return f"needs {', '.join(short)}" if short else ""
