"""From the values of a group to what its factory makes of them, or a refusal in the words of the config."""

import inspect
import json
from collections.abc import Callable
from functools import partial
from types import NoneType
from typing import Any

from zobench import trust
from zobench.annotations import annotations, fits, in_words, meant
from zobench.derivatives.fits import require
from zobench.errors import UsageError, one_line

Config = dict[str, Any]

VECTORS = 8  # of n numbers: start, minimum, spectrum and what is made on the way
NO_SIZES = ("seed",)
OF_A_CELL = ("problem", "estimator", "optimizer", "step")  # what a method may ask of its cell by the name


def part(group: str, values: Config) -> Any:
    """What a cell takes of a group: a problem, an estimator, an update rule of its step, a method of its parts.

    UsageError for what a factory does not take, and where it gives something else.
    """
    from zobench.types import Estimator, Problem

    target, later = values.get("_target_"), values.get("_partial_")
    if group in ("optimizer", "method") and not later:
        raise UsageError(f"{group}._partial_={shown(later)}: the cell calls {target} itself; it is true")
    made = make(group, values)
    kinds = {"problem": Problem, "estimator": Estimator}
    if group in kinds and not isinstance(made, kinds[group]):
        given = "a function" if later else f"a {type(made).__name__}"
        raise UsageError(f"{group}._target_={target}: it gives {given}, no {kinds[group].__name__}")
    if group == "method":
        has_step = bool({"step", "optimizer"} & _parameters(group, made).keys())  # as zobench.plan offers them
        _require_all(group, made, dict.fromkeys((*made.keywords, *(OF_A_CELL if has_step else ()))))
    return made


def make(group: str, values: Config) -> Any:
    """Call a group's factory, or keep it for later where `_partial_` says so; an argument may have a factory itself.

    UsageError for what a factory does not take.
    """
    call, later = factory(group, values), values.get("_partial_", False)
    if not isinstance(later, bool):
        raise UsageError(f"{group}._partial_={shown(later)}: _partial_ is true or false")
    hints = annotations(call)
    given = {name: meant(value, hints.get(name)) for name, value in arguments(group, values).items()}
    check_arguments(group, call, given, None if later else {})
    if later:
        return _rule(values["_target_"], call, given) if group == "optimizer" else partial(call, **given)
    return product(group, call, given)


def product(group: str, call: Callable[..., Any], given: Config, offered: Config | None = None) -> Any:
    """What a factory gives; UsageError, which names the argument where the factory does, for what it refuses."""
    try:
        return call(**given, **(offered or {}))
    except (ValueError, MemoryError) as error:
        text = one_line(error).removeprefix(group.rpartition(".")[2] + ".")
        raise UsageError(f"{group}{'.' if text.partition('=')[0] in given else ': '}{text}") from error
    except (TypeError, ArithmeticError, LookupError, AttributeError) as error:
        if not str(getattr(call, "__module__", None)).startswith(("zobench.", "optax.")):
            raise  # a fault of one's own, to be found
        said = " ".join(f"{name}={shown(value)}" for name, value in given.items())
        raise UsageError(f"{group}: {_name(call)} takes no {said}: {one_line(error)}") from error


def _rule(target: str, call: Callable[..., Any], given: Config) -> Callable[[Any], Any]:
    """An update rule that waits for its step size, whichever of its arguments that is. UsageError for what is none."""
    parameters = _parameters("optimizer", call)
    if "max_learning_rate" in parameters:
        said = "its step is made of f(x), which would be calls that none counts; try optax.adam"
        raise UsageError(f"optimizer._target_={target}: {said}")
    if "learning_rate" not in parameters:
        raise UsageError(f"optimizer._target_={target}: no update rule, as it takes no learning_rate; try optax.adam")
    if "learning_rate" in given:
        step = shown(given["learning_rate"])
        raise UsageError(f"optimizer.learning_rate={step}: the cell gives it; use step={step}")
    _require_all("optimizer", call, {**given, "learning_rate": 1.0})

    def rule(learning_rate: Any) -> Any:
        made = product("optimizer", call, given, {"learning_rate": learning_rate})
        if not (callable(getattr(made, "init", None)) and callable(getattr(made, "update", None))):
            raise UsageError(f"optimizer._target_={target}: it gives a {type(made).__name__}, no update rule")
        return made

    return rule


def arguments(group: str, values: Config) -> Config:
    """What a config gives a factory, inner factories called."""
    return {
        name: make(f"{group}.{name}", value) if isinstance(value, dict) and "_target_" in value else value
        for name, value in values.items()
        if name not in ("_target_", "_partial_")
    }


def factory(group: str, values: Config) -> Callable[..., Any]:
    """The function that `_target_` names. UsageError where there is none, or where it may not be called."""
    return trust.function(f"{group}._target_", values.get("_target_"))


def check_arguments(group: str, factory: Callable[..., Any], given: Config, offered: Config | None = None) -> None:
    """Compare a group's keys and values with the factory's signature and annotations. Raises UsageError.

    With `offered`, what it is called with besides, all that it needs has to be there.
    """
    parameters = _parameters(group, factory)
    hints = annotations(factory)
    for name, value in given.items():
        if name not in parameters:
            raise UsageError(f"{group}.{name}: {_name(factory)} has {', '.join(parameters) or 'no arguments'}")
        if name in hints and not fits(value, hints[name]):
            raise UsageError(f"{group}.{name}={shown(value)}: {name} is {in_words(hints[name])}")
        if hints.get(name) is int and name not in NO_SIZES:
            _require(f"{group}.{name}={value}", value)
    if offered is not None:
        _require_all(group, factory, {**given, **offered})


def _parameters(group: str, factory: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(factory).parameters)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{group}._target_: {_name(factory)} does not say what it takes; wrap it") from error


def _require_all(group: str, factory: Callable[..., Any], given: Config) -> None:
    for name, each in _parameters(group, factory).items():
        if (
            each.default is each.empty
            and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
            and name not in given
        ):
            raise UsageError(f"{group}.{name}: {_name(factory)} needs it")


def require_memory(problem: Any, config: Config) -> None:
    """Refuse a cell whose points do not fit the memory: where all runs are, and where they end. UsageError."""
    _require(f"problem: n={problem.n}, seeds={config['seeds']}", problem.n, 2 * config["seeds"])


def _require(asked: str, size: int, more: int = 0) -> None:
    try:
        require(8 * size * (VECTORS + more), f"{asked}: a cell with vectors of this length")
    except ValueError as error:
        raise UsageError(one_line(error)) from error


def _name(factory: Callable[..., Any]) -> str:
    return getattr(getattr(factory, "func", factory), "__name__", type(factory).__name__)  # inside a functools.partial


def shown(value: Any) -> str:
    """A value as one would write it on the command line."""
    if isinstance(value, list):
        return shown(value[0]) if len(value) == 1 else f"[{','.join(map(shown, value))}]"
    return json.dumps(value) if isinstance(value, bool | NoneType) else str(value)
