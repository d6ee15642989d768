"""`zobench list`: what there is, one sentence each, read from the sources without importing them (or jax)."""

import ast
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zobench.errors import UsageError

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
    """`zobench list [problems|estimators|methods|experiments ...]`: all of them where none is named. UsageError."""
    for name in arguments:
        if name not in GROUPS:
            raise UsageError(f"list {name}: there are {', '.join(GROUPS)}; zobench list alone prints them all")
    for name in arguments or GROUPS:
        table = Table(title=name, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for group in GROUPS[name]:
            for entry in entries(group):
                table.add_row(escape(entry.choice), escape(entry.sentence))
                if entry.keys:
                    table.add_row("", escape(entry.keys), style="dim")
        console.print(table, "")
    return 0


def names(group: str) -> list[str]:
    """The YAML files in conf/<group>, without their endings."""
    folder = files("zobench.conf").joinpath(group)
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".yaml"))


def entries(group: str) -> list[Entry]:
    """Everything in conf/<group>."""
    return [_entry(group, name) for name in names(group)]


def _entry(group: str, name: str) -> Entry:
    text = files("zobench.conf").joinpath(group, f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.BaseLoader) or {}  # BaseLoader: every number as it is written
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
    """The first lines of the docstrings of a module's functions, by name; none where it is not zobench's."""
    spec = find_spec(module) if module.partition(".")[0] == "zobench" else None
    if spec is None or spec.origin is None:
        return {}
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: (ast.get_docstring(node) or "").partition("\n")[0] for node in functions}
