"""Cells that differ in single values alone: one of them is composed, the others are its values with these set.

To compose a cell takes milliseconds, to set a value in plain dicts microseconds. Where the outcome might not be what
Hydra and OmegaConf make of the same words, there is no model, and each cell is composed.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from zobench import build
from zobench.build import Config

KEY = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")  # no place in a list, nothing that begins with _
SINGLE = ("step", "seeds", "seed", "dtype", "layout", "records")
WITHIN = (*build.FACTORIES, "tuning", "stop", "study")
SPECIAL = re.compile(r"[$\\]|\?\?\?")  # of OmegaConf, in a word
DEFAULT_FOLDER = "reports/${report}"  # no number depends on it

Setting = tuple[str, Any]
Kind = tuple[Any, ...]


class Split(NamedTuple):
    """The overrides of a cell: what it has in common with its like, and the single values, by their keys."""

    kind: Kind
    values: dict[str, Any]


def split(overrides: Sequence[Override]) -> Split:
    """Cells of one kind have the same overrides in the same order but for the values of these keys."""
    settings = [_setting(override) for override in overrides]
    kind = tuple(
        str(override.input_line) if setting is None else setting[:1]
        for override, setting in zip(overrides, settings, strict=True)
    )
    return Split(kind, dict(setting for setting in settings if setting))


def model(cfg: DictConfig, plain: Config, overrides: Sequence[Override]) -> Config | None:
    """The plain values of a composed cell, of which others of its kind can be made; None where they cannot.

    They can where no value stands for another, and no other override speaks of what a single one sets.
    """
    raw: Any = OmegaConf.to_container(cfg)
    if raw.get("report_dir") == DEFAULT_FOLDER:
        raw = {**raw, "report_dir": plain["report_dir"]}
    if raw != plain:
        return None
    settings = [_setting(override) for override in overrides]
    others = [override.key_or_group for override, setting in zip(overrides, settings, strict=True) if not setting]
    for key, value in filter(None, settings):
        there = _at(plain, key)
        if type(there) is not type(value) or there != value or any(_meet(key, other) for other in others):
            return None
    return plain


def changed(model: Config, values: dict[str, Any]) -> Config:
    """A copy of the model with these values at these keys."""
    made = deepcopy(model)
    for key, value in values.items():
        *above, last = key.split(".")
        node = made
        for name in above:
            node = node[name]
        node[last] = value
    return made


def _setting(override: Override) -> Setting | None:
    """The key and value of an override that sets a single number or word of a cell; None of any other."""
    key, value = override.key_or_group, override.value()
    first, _, rest = key.partition(".")
    if override.type != OverrideType.CHANGE or override.package is not None or not KEY.fullmatch(key):
        return None
    if first not in (WITHIN if rest else SINGLE) or key.endswith("_target_"):
        return None
    is_word = isinstance(value, str) and not SPECIAL.search(value)
    return (key, value) if is_word or value is None or type(value) in (int, float, bool) else None


def _at(plain: Any, key: str) -> Any:
    """The value at a key; what is no single value where there is none."""
    for name in key.split("."):
        if not isinstance(plain, dict) or name not in plain:
            return ()
        plain = plain[name]
    return plain


def _meet(key: str, other: str) -> bool:
    """Whether another override may speak of a key, of what holds it or of what is in it."""
    if "/" in other or other in (*build.FACTORIES, "class", "experiment"):  # groups, which are composed before
        return False
    other = other.replace("[", ".")
    return f"{key}.".startswith(f"{other}.") or other.startswith(f"{key}.")
