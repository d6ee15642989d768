"""`zobench list`: what there is, one sentence each, read from the sources without importing them (or jax)."""

import ast
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zobench import code
from zobench.errors import UsageError, one_line

SEARCHPATH = re.compile(r"hydra\.searchpath=\['file://(.*)'\]")  # what --config-dir has been made
GROUPS = {
    "problems": ("problem",),
    "estimators": ("estimator",),
    "methods": ("method", "optimizer"),
    "experiments": ("experiment",),
}


class Entry(NamedTuple):
    """A choice: how it is asked for, its sentence, its keys with their defaults as the YAML file spells them."""

    choice: str
    sentence: str
    keys: str


def show(arguments: Sequence[str], console: Console) -> int:
    """`zobench list [problems|estimators|methods|experiments ...] [--config-dir FOLDER]`: all where none is named.

    Those of one's own folder come after zobench's. UsageError for another name.
    """
    own = [
        Path(found[1].replace("\\'", "'").replace("\\\\", "\\"))
        for found in map(SEARCHPATH.fullmatch, arguments)
        if found
    ]
    arguments = [argument for argument in arguments if not SEARCHPATH.fullmatch(argument)]
    for name in arguments:
        if name not in GROUPS:
            raise UsageError(f"list {name}: there are {', '.join(GROUPS)}; zobench list alone prints them all")
    for name in arguments or GROUPS:
        table = Table(title=name, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for group in GROUPS[name]:
            for entry in [*entries(group), *(one for folder in own for one in entries(group, folder))]:
                table.add_row(escape(entry.choice), escape(entry.sentence))
                if entry.keys:
                    table.add_row("", escape(entry.keys), style="dim")
        console.print(table, "")
    return 0


def names(group: str, conf: Path | None = None) -> list[str]:
    """The YAML files in <conf>/<group>, zobench's where none is named, without their endings."""
    folder = (conf or files("zobench.conf")).joinpath(group)
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".yaml")) if folder.is_dir() else []


def entries(group: str, conf: Path | None = None) -> list[Entry]:
    """Everything in <conf>/<group>. UsageError for a file that is no YAML."""
    return [_entry(group, name, conf) for name in names(group, conf)]


def _entry(group: str, name: str, conf: Path | None) -> Entry:
    file = (conf or files("zobench.conf")).joinpath(group, f"{name}.yaml")
    text = file.read_text(encoding="utf-8")
    try:
        values: dict[str, Any] = yaml.load(text, yaml.BaseLoader) or {}  # BaseLoader: every number as it is written
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: {one_line(error)}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file}: no keys; give key: value")
    target = values.get("_target_", "")
    module, _, function = target.rpartition(".")
    sentence = _comment(text) or _docstrings(module).get(function) or target
    swept = values.pop("hydra", {}).get("sweeper", {}).get("params", {}) if group == "experiment" else {}
    keys = {key: value for key, value in values.items() if key not in ("_target_", "_partial_", "defaults")}
    told = "  ".join(f"{key}={_flow(value)}" for key, value in {**keys, **swept}.items())
    return Entry(f"{group}={name}", sentence, told)


def _flow(value: Any) -> str:
    """A value as one would write it on the command line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_flow(inside)}" for name, inside in value.items()) + "}"
    return f"[{','.join(map(_flow, value))}]" if isinstance(value, list) else value


def _comment(text: str) -> str:
    """The comment that a YAML file begins with, its first line; Hydra's own left out."""
    comments = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return next((line.lstrip("# ") for line in comments if not line.startswith("# @")), "")


@cache
def _docstrings(module: str) -> dict[str, str]:
    """The first lines of the docstrings of a module's functions, by name; none where it has no source."""
    spec = code._spec(module) if module else None
    if spec is None or not str(spec.origin).endswith(".py"):
        return {}
    assert spec.origin
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: (ast.get_docstring(node) or "").partition("\n")[0] for node in functions}
