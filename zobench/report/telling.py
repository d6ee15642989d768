"""What tells configs apart: their leaves that are not the same in all of them, and how a value is said.

A leaf is a value of a config by its key on the command line, such as "estimator.q". It is compared among the configs
whose factories around it are the same, so that q of one estimator is not held against an estimator without q.
"""

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from zobench import store

Config = dict[str, Any]
LONG = 40  # characters of a value that is said in full
WORD = re.compile(r"[A-Za-z_][\w.+/-]*")


class Leaf(NamedTuple):
    """A key, the factories that it is inside of (the outermost first), and its value."""

    key: str
    inside: tuple[Hashable, ...]
    value: Any


def leaves(config: Config) -> Iterator[Leaf]:
    """All leaves of a config. A `_target_` is inside of the factories around its own."""
    for prefix, inside, group in _groups(config):
        for name, value in group.items():
            if not (isinstance(value, dict) and value):
                yield Leaf(prefix + name, inside[:-1] if name == "_target_" else inside, value)


def _groups(config: Config, prefix: str = "", around: tuple = ()) -> Iterator[tuple[str, tuple, Config]]:
    """Each group of a config with the prefix of its keys and the factories around it, its own the last."""
    inside = (*around, config.get("_target_"))
    yield prefix, inside, config
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from _groups(value, f"{prefix}{name}.", inside)


def differing_within(configs: Sequence[Config], places: Sequence[Hashable]) -> list[set[str]]:
    """For each config the keys of its leaves that others of its place do not have with this value.

    Linear in the leaves.
    """
    values: dict[tuple, dict[int, str]] = {}
    groups: dict[tuple, set[int]] = {}
    for i, (config, place) in enumerate(zip(configs, places, strict=True)):
        for key, inside, value in leaves(config):
            values.setdefault((place, key, inside), {})[i] = text(value)
        for prefix, inside, _ in _groups(config):
            for factories in (inside[:-1], inside):  # around a `_target_`, and around what is beside it
                groups.setdefault((place, prefix, factories), set()).add(i)
    found: list[set[str]] = [set() for _ in configs]
    for (place, key, inside), said in values.items():
        there = groups[place, key[: key.rfind(".") + 1], inside]
        if len(set(said.values())) > 1 or len(said) < len(there):
            for i in said:
                found[i].add(key)
    return found


def at(config: Config, keys: Iterable[str]) -> Config:
    """The values of those of the keys that a config has."""
    found = {}
    for key in keys:
        value: Any = config
        *path, last = key.split(".")
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, dict) and last in value:
            found[key] = value[last]
    return found


def said(config: Config, keys: Iterable[str], strip: str = "") -> str:
    """The leaves in words, "q=4 orthogonal=true", in order of the keys; `strip` is left off them.

    A factory is said by the key of what it makes.
    """
    known = at(config, sorted(keys)).items()
    return " ".join(f"{key.removeprefix(strip).removesuffix('._target_')}={text(value)}" for key, value in known)


def text(value: Any) -> str:
    """A value as YAML has it; different values give different texts, long ones with a part of their hash."""
    if isinstance(value, str) and WORD.fullmatch(value) and value not in ("true", "false", "null", "NaN", "Infinity"):
        return value
    whole = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return whole if len(whole) <= LONG else f"{whole[: LONG - 15]}…({store.digest(value)[:6]})"


def word(target: str) -> str:
    """The last word of a factory's path."""
    return target.rpartition(".")[2]
