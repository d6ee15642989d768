"""The types that a factory's arguments are annotated with, and whether a value from YAML is of one."""

import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import isnan
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def annotations(factory: Callable[..., Any]) -> dict[str, Any]:
    """The types of a factory's arguments, as far as they are known: of a name that does not resolve nothing is."""
    plain, found = inspect.unwrap(factory), {}
    scope = getattr(plain, "__globals__", None) or vars(sys.modules.get(plain.__module__, object))
    for name, parameter in inspect.signature(factory).parameters.items():
        one = SimpleNamespace(__annotations__={name: parameter.annotation})
        with suppress(Exception):  # evaluated, an annotation may raise anything; mostly NameError
            found |= {} if parameter.annotation is parameter.empty else get_type_hints(one, scope)
    return found


def fits(value: Any, hint: Any) -> bool:
    """Whether a value from YAML is of an annotated type; an annotation beyond the plain ones accepts anything."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in inside)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in inside)
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and not isinstance(value, bool)
    if origin in (list, tuple, Sequence):
        return isinstance(value, list) and all(fits(item, *inside[:1] or [Any]) for item in value)
    if Callable in (hint, origin):
        return callable(value)
    is_ours = isinstance(hint, type) and hint.__module__ == "zobench.types" and not origin  # Problem, Estimator
    return isinstance(value, hint) if is_ours or hint in (str, bool, NoneType) else True


def meant(value: Any, hint: Any) -> Any:
    """The word nan where that is one of the choices: on a command line it is read as a number."""
    is_nan = isinstance(value, float) and isnan(value)
    return "nan" if is_nan and get_origin(hint) is Literal and "nan" in get_args(hint) else value


def in_words(hint: Any) -> str:
    """An annotation for the reader of an error."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(str, inside))
    if origin in (Union, UnionType):
        return " or ".join(map(in_words, inside))
    if origin in (list, tuple, Sequence):
        return f"a list [{in_words(inside[0])}, ...]" if inside else "a list"
    if Callable in (hint, origin):
        return "a function"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", NoneType: "null"}
    return names.get(hint, f"a {hint.__name__}" if isinstance(hint, type) else str(hint))
