"""`zobench list`: what there is, one sentence each, read from the sources without importing them (or jax)."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
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


def entries(group: str) -> Iterator[Entry]:
    """Everything in conf/<group>."""
    folder = files("zobench.conf").joinpath(group)
    for file in sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else ():
        if file.name.endswith(".yaml"):
            yield _entry(group, file)


def _entry(group: str, file: Traversable) -> Entry:
    text = file.read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.BaseLoader) or {}  # BaseLoader: every number as it is written
    sentence = _comment(text) or docstring(values.get("_target_", "")) or values.get("_target_", "")
    swept = values.pop("hydra", {}).get("sweeper", {}).get("params", {}) if group == "experiment" else {}
    keys = {name: value for name, value in values.items() if name not in ("_target_", "_partial_", "defaults")}
    return Entry(
        f"{group}={file.name[:-5]}",
        sentence,
        "  ".join(f"{name}={_flow(value)}" for name, value in {**keys, **swept}.items()),
    )


def _flow(value: Any) -> str:
    """A value as one would write it on the command line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_flow(inside)}" for name, inside in value.items()) + "}"
    return f"[{','.join(map(_flow, value))}]" if isinstance(value, list) else value


def _comment(text: str) -> str:
    """The comment that a YAML file begins with, its first line; Hydra's own left out."""
    for line in text.splitlines():
        if not line.startswith("#"):
            return ""
        if not line.startswith("# @"):
            return line.lstrip("# ")
    return ""


def docstring(target: str) -> str:
    """The first line of the docstring of zobench's function `module.name`; "" where it is not ours or has none."""
    module, _, name = target.rpartition(".")
    return _docstrings(module).get(name, "") if module.partition(".")[0] == "zobench" else ""


@cache
def _docstrings(module: str) -> dict[str, str]:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return {}
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: (ast.get_docstring(node) or "").partition("\n")[0] for node in functions}
