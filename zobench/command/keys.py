"""The keys of a cfg that make no numbers: which there are, and what each may be. Bad ones are refused in one line."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from zobench import build, trust
from zobench.build import Config
from zobench.errors import UsageError

if TYPE_CHECKING:
    from zobench.report.wording import Wording

FORMATS = ("png", "svg", "pdf")  # of figures
PAGE = ("report_formats", "report_labels", "report_order")
FOLDERS = ("runs_dir", "report_dir")
LONGEST_NAME, LONGEST_PATH = 255, 4000  # bytes, of a part of a path and of the whole


def check(cfg: DictConfig, overrides: Sequence[Override]) -> None:
    """Refuse keys that nothing reads (Hydra lets `+nope=1` pass), and values of those here that mean nothing."""
    _check_names(cfg)
    for name, (is_good, meaning) in _MEANINGS.items():
        try:
            value = cfg[name]
            plain: Any = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        except Exception as error:  # OmegaConf raises what it likes
            raise build.unresolved(error) from error
        if not is_good(plain):
            raise UsageError(f"{name}={build.shown(plain)}: {name} is {meaning}")
    if cfg.trust != [] and not any(override.key_or_group == "trust" for override in overrides):
        raise UsageError("trust: it is for you to give, on the command line, and not for a config file")


def check_folder(name: str, value: str) -> None:
    """Refuse what is no name of a folder. UsageError."""
    if not _is_folder(value):
        raise UsageError(f"{name}={value}: {name} is {_FOLDER}")


def wording(cfg: DictConfig) -> "Wording":
    """The user's names and order of a sweep's page, of a cfg that is checked."""
    return wording_of(page(cfg))


def page(cfg: DictConfig) -> dict[str, Any]:
    """How a cfg asks for a page, as plain values."""
    return {name: OmegaConf.to_container(cfg)[name] for name in PAGE}  # type: ignore[index]


def page_of(options: dict[str, str]) -> dict[str, Any]:
    """How texts of a command ask for a page. UsageError where they mean nothing."""
    return {name: _value(name, options[name]) for name in PAGE if name in options}


def wording_of(asked: Mapping[str, Any]) -> "Wording":
    """The user's names and order, of what is asked of a page."""
    from zobench.report.wording import Wording

    return Wording(asked.get("report_labels") or {}, asked.get("report_order") or ())


def _value(name: str, text: str) -> Any:
    is_good, meaning = _MEANINGS[name]
    try:
        value = _plain(OverridesParser.create().parse_override(f"{name}={text}"))
    except Exception as error:  # the parser raises what it likes
        raise UsageError(f"{name}={text}: not understood; {name} is {meaning}") from error
    if not is_good(value):
        raise UsageError(f"{name}={text}: {name} is {meaning}")
    return value


def check_targets(values: Config, prefix: str = "") -> None:
    """Refuse a config that names a function that it may not call (`zobench.trust`), however deep it stands."""
    for name, value in values.items():
        inside = value if isinstance(value, list) else [value]
        for each in inside:
            if isinstance(each, dict):
                check_targets(each, f"{prefix}{name}.")
        if name == "_target_":
            trust.check(f"{prefix}{name}", value)
            if trust.COMMAND.fullmatch(str(value)) and values.get("program") is not None:
                trust.check_program(f"{prefix}program", values.get("program"))


def check_report(name: str | None) -> None:
    """Refuse a page that is neither zobench's nor trusted, before its package is looked for."""
    from zobench.report import places

    if name and name not in places.names():
        trust.check_module("report", name, f"there are {', '.join(places.names())}")


def granted(overrides: Sequence[Override]) -> list[str]:
    """What the user of a command lets it call: `trust`, and what it names itself of files of their own."""
    given = [name for override in overrides if override.key_or_group == "trust" for name in _trusted(override)]
    named = [word for override in overrides for word in _named(override.key_or_group, _plain(override))]
    programs = [_plain(override) for override in overrides if override.key_or_group.endswith(".program")]
    words = [one for value in programs for one in (value, *(value if isinstance(value, list) else ()))]
    return list(dict.fromkeys([*given, *filter(trust.is_own, named), *map(trust.program, words)]))


def _trusted(override: Override) -> list[str]:
    value = _plain(override)
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str) or not trust.NAME.fullmatch(name):
            raise UsageError(
                f"{override.input_line}: trust is a list of packages and modules, as in trust=[my_package]"
            )
    return names


def _plain(override: Override) -> Any:
    """The values of an override, those of a sweep as a list."""
    value: Any = override._value
    return Override._convert_value(getattr(value, "list", value))


def _named(key: str, value: Any) -> Iterator[str]:
    """All functions and pages that a value names."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _named(str(name), inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _named(key, inside)
    elif isinstance(value, str) and (key == "report" or key.rpartition(".")[2] == "_target_"):
        yield value


def _check_names(cfg: DictConfig) -> None:
    """The factories' own are held to their signatures."""
    known = _known()
    for name in cfg:
        if name not in known and name != "hydra":
            raise unknown(str(name), str(name), known)
    for name in known:
        node: Any = cfg._get_node(name) if name in cfg else None
        if node is None or (isinstance(known[name], DictConfig) and not _is_group(node)):
            raise UsageError(f"{name}: a cell needs it; leave it as it is in the defaults, or set what is in it")
    for group in ("stop", "tuning", "limit"):
        for name in {**known[group], **dict.fromkeys(cfg[group])}:
            if name not in known[group]:
                raise unknown(f"{group}.{name}", f"{group}.{name}", known)
            if name not in cfg[group]:
                raise UsageError(f"{group}.{name}: a cell needs it; leave it as it is in the defaults")


def _is_group(node: Any) -> bool:
    return isinstance(node, DictConfig) and not (node._is_none() or node._is_missing() or node._is_interpolation())


@cache
def _known() -> DictConfig:
    """The keys that there are: those of config.yaml and the groups that make a cell."""
    known = OmegaConf.load(str(files("zobench.conf").joinpath("config.yaml")))
    names = [str(name) for name in known if name not in ("defaults", "hydra")]
    return OmegaConf.merge({name: {} for name in build.FACTORIES}, OmegaConf.masked_copy(known, names))  # type: ignore


def unknown(asked: str, name: str, cfg: DictConfig) -> UsageError:
    """A key that there is not, with those that there are beside it."""
    parent, leaf, node = name, "", None
    while not isinstance(node, DictConfig):
        parent, _, leaf = parent.rpartition(".")
        node = OmegaConf.select(cfg, parent) if parent else cfg
    names = [str(key) for key in node if key not in ("hydra", "sweep", "cells", "_target_", "_partial_")]
    groups = [group for group in names if isinstance(node._get_node(group), DictConfig) and leaf in node[group]]
    inside = [f"{group}.{leaf}" for group in groups]
    close = [parent + "." * bool(parent) + match for match in get_close_matches(leaf, names, n=1)]
    hint = f"; did you mean {(inside + close)[0]}?" if inside + close else ""
    return UsageError(f"{asked}: no such key; {parent or 'the config'} has {', '.join(names) or 'none'}{hint}")


def _is_folder(value: Any) -> bool:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return False
    parts = [len(os.fsencode(part)) for part in Path(value).parts]  # a printable text can be encoded
    return max(parts, default=1) <= LONGEST_NAME and sum(parts) <= LONGEST_PATH


def _is_report(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(trust.NAME.fullmatch(value)))


def _are_formats(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(form in FORMATS for form in value)


def _are_labels(value: Any) -> bool:
    if value is None:
        return True
    words = [*value, *value.values()] if isinstance(value, dict) else []
    return bool(words) and all(isinstance(word, str) and word.strip() and word.isprintable() for word in words)


def _are_names(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value))


def _is_study(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("_target_"), str))


_FORMATS = f"a list of {', '.join(FORMATS)}, as in report_formats=[png,pdf]"
_FOLDER = f"the name of a folder, at most {LONGEST_NAME} bytes long"
_MEANINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "report": (_is_report, "null, sweep, an experiment, or a package of yours with a page.py"),
    "report_formats": (_are_formats, _FORMATS),
    "report_labels": (_are_labels, "names and what they are to be called, as in {two_point: my method}"),
    "report_order": (_are_names, "a list of names that come first, as in [two_point, autodiff]"),
    "runs_dir": (_is_folder, _FOLDER),
    "report_dir": (_is_folder, _FOLDER),
    "force": (lambda value: isinstance(value, bool), "true or false"),
    "retry": (lambda value: isinstance(value, bool), "true or false"),
    "sweep": (lambda value: value is None, "for zobench itself; leave it out"),
    "cells": (lambda value: value is None, "for zobench itself; leave it out"),
    "study": (_is_study, "null, or what an experiment gives: {_target_: module.function, ...}"),
    "trust": (lambda value: isinstance(value, list | str), "a list of packages and modules, as in trust=[my_package]"),
}
