"""What the settings of a cell may be: step rules, counts, stop, seen without jax. Bad ones are refused in one line."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from zobench.annotations import fits
from zobench.errors import UsageError
from zobench.factories import shown

DTYPES = ("float64", "float32", "bfloat16", "float16")
LAYOUTS = ("auto", "apart", "together")
USUAL: dict[str, Any] = {"layout": "auto", "records": 2}  # named in a record where it is something else
RULES = ("theory", "trace", "tuned", "probe")


def check(config: dict[str, Any]) -> None:
    """Refuse what can be seen without jax: step rules, counts, stop. Raises UsageError."""
    for name, (is_good, meaning) in _MEANINGS.items():
        group, _, leaf = name.rpartition(".")
        if (group or leaf) not in config:
            continue
        value = config[group][leaf] if group else config[leaf]
        if not is_good(value):
            raise UsageError(f"{name}={shown(value)}: {name} is {meaning}")
    stop = config.get("stop", {})
    targets = stop.get("target")
    largest = targets[0] if isinstance(targets, list) else targets
    if stop.get("relative_to") == "start" and largest >= 1:
        given = shown(largest)
        raise UsageError(f"stop.target={given}: with stop.relative_to=start it is less than 1, else it is met at x0")


def is_number(value: Any) -> bool:
    """Whether it is a positive number."""
    return fits(value, float) and isfinite(value) and value > 0


def _is_count(value: Any) -> bool:
    return fits(value, int) and 1 <= value <= 1_000_000


def _is_step(value: Any) -> bool:
    return value in RULES if isinstance(value, str) else is_number(value)


_MEANINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "step": (
        lambda value: bool(value) and all(map(_is_step, value)) and len({*map(str, value)}) == len(value),
        "theory, trace, tuned, probe, a positive number, or a list of different ones of these",
    ),
    "seeds": (_is_count, "a whole number from 1 to 1000000"),
    "seed": (lambda value: fits(value, int) and 0 <= value < 2**31, "a whole number from 0 to 2147483647"),
    "dtype": (lambda value: value in DTYPES, "float64, float32, bfloat16 or float16"),
    "layout": (lambda value: value in LAYOUTS, "auto, apart or together"),
    "records": (is_number, "a positive number"),
    "stop.metric": (lambda value: value in ("gap", "gradient", "distance"), "gap, gradient or distance"),
    "stop.target": (
        lambda value: bool(value) and all(map(is_number, value if isinstance(value, list) else [value])),
        "a positive number, or a list of them",
    ),
    "stop.relative_to": (lambda value: value in ("unit", "start", "minimum"), "unit, start or minimum"),
    "stop.gd_iterations": (is_number, "a positive number"),
    "stop.calls": (
        lambda value: value is None or (fits(value, int) and value > 0),
        "a whole number from 1 on, or null",
    ),
    "tuning.tries": (lambda value: fits(value, int) and 1 <= value <= 100, "a whole number from 1 to 100"),
    "tuning.seeds": (_is_count, "a whole number from 1 to 1000000"),
}
