"""What a config may call. It is read from files that others wrote, so it may not name just any function.

Its `_target_` may name the factories of zobench and what optax has, and of all else what the user of the command
allows: `trust=[my_package]`, or a function of a file of theirs that is named on the command line itself. What may not
be called is not imported either. The command says what is allowed; a process that was told nothing allows nothing else.
"""

import importlib
import json
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zobench.code import INSTALLED
from zobench.errors import UsageError, one_line, printable

NAME = re.compile(r"(?!__)[^\W\d]\w*(\.(?!__)[^\W\d]\w*)*")  # of a module, or of what is in it
FACTORIES = re.compile(
    r"zobench\.(problems(\.\w+)?|estimators|methods|solvers|optimizers|experiments\.\w+\.(study|chain)"
    r"|hadamard_directions|block_directions|baselines|robust_estimates|kernel_estimates|gradientless|adaptive_rules"
    r"|guided_directions|scalar_adaptation|telescoping_quotients|momentum_directions|candidate_pools"
    r"|subspace_directions|matrix_directions|old_values|curvature_directions|bayesian_directions|parameter_free"
    r"|noise_aware|variance_reduction|adaptive_sampling)"
)
OPTAX = re.compile(r"optax(\.[^\W_]\w*)*")
EXAMPLE = "scipy.optimize.rosen"  # the function of conf/problem/black_box.yaml

COMMAND = re.compile(r"zobench\.problems(\.black_boxes)?\.command")  # the factory that runs a program
PROGRAM = "program"  # trust=[program]: config files may name programs

_allowed: list[str] = []


def allow(names: Iterable[str]) -> None:
    """Let this process call what is in these modules and packages, and these functions, in place of earlier ones."""
    _allowed[:] = names


def allowed() -> list[str]:
    """What `allow` was told last; for another process that is to run the same configs."""
    return list(_allowed)


def check(asked: str, target: object) -> None:
    """Refuse a `_target_` that may not be called, by its name alone: UsageError that begins with `asked`."""
    name = str(target)
    if not isinstance(target, str) or not NAME.fullmatch(name) or "." not in name:
        raise UsageError(f"{asked}={printable(name)}: no function; give module.function")
    if not _is_trusted(name) and not _is_known(name) and name != EXAMPLE:
        raise _refusal(asked, name)


def check_program(asked: str, words: object) -> None:
    """Refuse a program that a config file names: UsageError. One that the command line names itself is allowed."""
    if PROGRAM not in _allowed and program(words) not in _allowed:
        way_out = f"name it on the command line, {asked}=..., or trust=[{PROGRAM}]"
        raise UsageError(f"{asked}: a config file may not name what is to be run; {way_out}")


def program(words: object) -> str:
    """How a program that the command line names is told to `allow`."""
    return f"{PROGRAM} {json.dumps([words] if isinstance(words, str) else words)}"


def check_module(asked: str, name: str, there: str) -> None:
    """Refuse a module that may not be imported: UsageError, with what there is besides."""
    if not NAME.fullmatch(name) or not _is_trusted(name):
        top = name.partition(".")[0]
        way_out = f"{there}; trust=[{top}] allows one of yours" if is_own(top) else there
        raise UsageError(f"{asked}={printable(name)}: {way_out}")


def function(asked: str, target: object) -> Callable[..., Any]:
    """The function that a `_target_` names, imported. UsageError where there is none or it may not be called."""
    check(asked, target)
    module, _, name = str(target).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # one's own module may raise anything
        kind = "" if isinstance(error, (ImportError, AttributeError)) else f"importing {module} raised {_kind(error)}: "
        raise UsageError(f"{asked}={target}: {kind}{one_line(error)}{_here(module)}; give module.function") from error
    if not callable(found):
        raise UsageError(f"{asked}={target}: a {type(found).__name__}, no function; give module.function")
    if not _is_trusted(str(target)) and target != EXAMPLE:  # not what a module of zobench or optax has only imported
        made = getattr(found, "func", found)  # optax.nadam is a functools.partial of optax's adam
        home = f"{getattr(made, '__module__', None)}.{getattr(made, '__qualname__', None)}"
        if not (_is_known(home) or home.startswith("optax.")):
            raise _refusal(asked, str(target))
    return found


def is_own(name: str) -> bool:
    """Whether a module is a file of the user's: not of the standard library, not installed. Nothing is imported."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "zobench":
        return False
    try:
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    places = [Path(place) for place in (spec.origin, *(spec.submodule_search_locations or ())) if place] if spec else []
    library = {Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib")}
    return bool(places) and not any({*place.parents} & library or {*place.parts} & {*INSTALLED} for place in places)


def _is_known(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return bool(FACTORIES.fullmatch(module) or OPTAX.fullmatch(module)) and not last.startswith("_")


def _is_trusted(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in _allowed)


def _refusal(asked: str, name: str) -> UsageError:
    top = name.partition(".")[0]
    if top in ("zobench", "optax"):
        return UsageError(f"{asked}={name}: no factory of {top}; zobench list shows what there is")
    if is_own(top):
        way_out = f"trust=[{top}] allows it, or {asked}={name} on the command line"
        return UsageError(f"{asked}={name}: a config file may not name what is to be called; {way_out}")
    if not _is_there(top):
        return UsageError(f"{asked}={name}: there is no module {top}{_here(top)}; give module.function")
    return UsageError(f"{asked}={name}: neither zobench's, optax's nor a file of yours; trust=[{top}] allows it")


def _is_there(top: str) -> bool:
    try:
        return find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _here(module: str) -> str:
    """A hint where the file is there and Python does not look for it."""
    top = module.partition(".")[0]
    there = Path(f"{top}.py").is_file() or Path(top, "__init__.py").is_file()
    return f" ({top} is in this folder: begin with PYTHONPATH=.)" if there and not _is_there(top) else ""


def _kind(error: BaseException) -> str:
    return type(error).__name__
