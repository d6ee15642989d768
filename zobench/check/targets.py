"""What `zobench check` is asked to look at: problems and estimators of somebody's file, or of the configuration."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from zobench import build
from zobench.check.verdict import said
from zobench.command.listing import names
from zobench.errors import UsageError
from zobench.types import Estimator, Problem

GROUPS = ("problem", "estimator")


class Thing(NamedTuple):
    """A problem or an estimator with its name, or why there is none."""

    name: str
    value: Problem | Estimator | None
    complaint: str = ""


@contextmanager
def opened(path: Path) -> Iterator[list[Thing]]:
    """The things of a file; while they are in use, its folder is where imports are found.

    Everything of the module that is a Problem or an Estimator, and what its functions give that can be called without
    arguments (not `main`, no private ones, no imported ones, and none that is annotated to give something else).
    Nothing stays behind: no bytecode beside the file, none of the folder's modules. Raises UsageError.
    """
    before, bytecode = set(sys.modules), sys.dont_write_bytecode
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        yield _things(path, _load(path))
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = bytecode
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(folder):
                del sys.modules[name]


def _load(path: Path) -> ModuleType:
    name = f"checked_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise UsageError(f"{path}: no Python file; check takes a .py file, or a name such as quadratic")
    module = importlib.util.module_from_spec(spec)
    try:
        code = compile(path.read_bytes(), str(path), "exec")  # never from bytecode that an older version left
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else str(path)
        raise UsageError(f"{where}: syntax error: {getattr(error, 'msg', error)}") from error
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{_where(path, error)}: importing it {said(error)}") from error
    return module


def _where(path: Path, error: BaseException) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def _things(path: Path, module: ModuleType) -> list[Thing]:
    found, other = [], []
    for name, value in vars(module).items():
        if name.startswith("_") or name == "main":
            continue
        if isinstance(value, Problem | Estimator):
            found.append(Thing(name, value))
        elif inspect.isfunction(value) and value.__module__ == module.__name__:
            if thing := _called(path, name, value):
                found.append(thing)
            else:
                other.append(name)
    if not found:
        there = f"; its functions {', '.join(other)} give none when called without arguments" if other else ""
        raise UsageError(
            f"{path}: no Problem and no Estimator in it{there}; write a function without required arguments "
            "that returns zobench.types.Problem(f=..., x0=...), or such a value"
        )
    return found


def _called(path: Path, name: str, function: Callable[..., Any]) -> Thing | None:
    """What a function gives that is called without arguments; None where it is not to be called, or gives another."""
    signature = inspect.signature(function)
    if any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature.parameters.values()
    ):
        return None
    promised = signature.return_annotation
    wanted = (Problem, Estimator, "Problem", "Estimator", "types.Problem", "types.Estimator")
    if promised is not signature.empty and promised not in wanted:
        return None
    try:
        value = function()
    except (Exception, SystemExit) as error:
        return Thing(name, None, f"{_where(path, error)}: {name}() {said(error)}")
    if isinstance(value, Problem | Estimator):
        return Thing(name, value)
    return Thing(name, None, f"{name}() gives a {type(value).__name__}") if promised in wanted else None


def configured(arguments: Sequence[str]) -> list[Thing]:
    """The things that a command line names: `two_point`, `problem=quadratic problem.dim=8`, or both. UsageError.

    A bare name chooses for its group; several of one group are checked one after the other.
    """
    from zobench.command import compose

    options: list[str] = []
    chosen: dict[str, list[str]] = {group: [] for group in GROUPS}
    for argument in arguments:
        group, _, name = argument.rpartition("=")
        if not group or group in GROUPS:
            chosen[group or _group(name)].append(name)
        else:
            options.append(argument)
    said = {option.lstrip("+").partition("=")[0].partition(".")[0] for option in options}
    shared = [f"{group}={found[0]}" for group, found in chosen.items() if len(found) == 1] + options
    things = []
    with compose.session():
        for group in GROUPS:
            for name in chosen[group] or [group] * (group in said):
                own = [f"{group}={name}"] if len(chosen[group]) > 1 else []
                values = build.numeric(compose.single(compose.parse(shared + own)))[group]
                things.append(Thing(name, build.make(group, values)))
    if not things:
        raise UsageError(f"check {' '.join(arguments)}: names no problem and no estimator; {_known()}")
    return things


def _group(name: str) -> str:
    for group in GROUPS:
        if name in names(group):
            return group
    raise UsageError(f"check {name}: no file and no name; {_known()}")


def _known() -> str:
    return "; ".join(f"{group}s: {', '.join(names(group))}" for group in GROUPS) + "; or a path to a .py file"
