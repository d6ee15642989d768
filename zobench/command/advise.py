"""`zobench advise`: which method to take for a problem, and what a gradient would save."""

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zobench import atomic, build
from zobench.errors import UsageError, one_line, printable

OPTIONS = ("calls", "target", "seed", "json")
HELP = """\
zobench advise problem=NAME [problem.KEY=VALUE ...] [calls=N] [target=1e-3] [seed=0] [json=FILE]

  Asks f at most `calls` values (8 methods, 10 (n + 1) each and at least 100, if not given): first around x0, for noise,
  slope and curvature, then every method in turn from x0, as in a race. Says in sentences which method reaches
  f_low + target (f(x0) - f_low) with the fewest values, how sure that is, and what a gradient would save.
  Neither the minimum nor a curvature has to be known. json=FILE: the numbers, too."""


def advise(arguments: Sequence[str], console: Console) -> int:
    """`zobench advise problem=... [calls=...] [target=...] [seed=...] [json=...]`. UsageError for bad input."""
    from zobench.command import compose

    if not arguments or {"-h", "--help", "help"} & {*arguments}:
        console.print(HELP, markup=False, highlight=False, soft_wrap=True)
        return 0 if arguments else 2
    options = dict(word.split("=", 1) for word in arguments if word.partition("=")[0] in OPTIONS)
    given = [word for word in arguments if word.partition("=")[0] not in OPTIONS]
    _check(given)
    numbers: dict[str, Any] = {name: _number(name, options[name]) for name in OPTIONS[:3] if name in options}
    place = Path(options["json"]) if "json" in options else None
    if place and (place.is_dir() or not place.parent.is_dir()):
        raise UsageError(f"json={place}: give the name of a file in a folder that is there")
    with compose.session():
        config = build.numeric(compose.single(compose.parse(given)))["problem"]
    from zobench.advising.advise import advise as advice_on

    try:
        found = advice_on(build.part("problem", config), **numbers)
    except ValueError as error:
        raise UsageError(f"advise: {one_line(error)}") from error
    _show(found, given, console)
    if place:
        atomic.write(place, json.dumps(_plain(found), indent=1).encode() + b"\n")
        console.print(f"numbers: {place}", soft_wrap=True, markup=False)
    return 0


def _check(given: Sequence[str]) -> None:
    """Only a problem is chosen: methods run all."""
    for word in given:
        name = word.lstrip("+").partition("=")[0].partition(".")[0].partition("@")[0]
        if name not in ("problem", "trust", "hydra"):
            options = ", ".join(f"{option}=..." for option in OPTIONS)
            raise UsageError(f"{word}: zobench advise takes problem=..., problem.KEY=..., {options}")
    if not any(word.lstrip("+").startswith("problem") for word in given):
        raise UsageError("zobench advise takes a problem, as in: zobench advise problem=landscape problem.dim=10")


def _number(name: str, text: str) -> float | int:
    try:
        return float(text) if name == "target" else int(float(text)) if float(text).is_integer() else int(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{name}={text}: a {'number' if name == 'target' else 'whole number'}") from None


def _show(found: Any, given: Sequence[str], console: Console) -> None:
    """The race as a table, the sentences, and the command that runs the first of the race."""
    from zobench.advising.advice import sentences

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("method")
    table.add_column("values to the level", justify="right")
    table.add_column("best value", justify="right")
    table.add_column("")
    for entry in found.entries:
        asked = len(entry.values)
        reached = f"{entry.reached:.0f}" if isfinite(entry.reached) else f"> {asked}"
        table.add_row(entry.name, reached * bool(asked), f"{entry.shown:.6g}" * bool(asked), escape(entry.left_out))
    console.print(table)
    for sentence in sentences(found):
        console.print(printable(sentence), soft_wrap=True, markup=False, highlight=False)
    command = " ".join(["zobench", *given, found.overrides, f"stop.calls={found.each}"])
    console.print(printable(f"To run it: {command}"), soft_wrap=True, markup=False, highlight=False)


def _plain(found: Any) -> dict[str, Any]:
    """The advice as what JSON can hold: no arrays beyond the best point, no infinities."""
    facts = {name: _value(value) for name, value in found.facts._asdict().items()}
    race = [
        {
            **{name: _value(value) for name, value in entry._asdict().items() if name != "values"},
            "asked": len(entry.values),
        }
        for entry in found.entries
    ]
    rest = {name: _value(getattr(found, name)) for name in ("each", "target", "level", "calls")}
    gradient = {name: _value(value) for name, value in found.gradient._asdict().items()}
    curvature = {name: _value(value) for name, value in found.curvature._asdict().items()} if found.curvature else None
    about = {"facts": facts, "curvature": curvature, "race": race, "gradient": gradient}
    return {"take": found.best.name, **about, **rest}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):  # an estimate and its interval
        return [_value(number) for number in value[:3]]
    if isinstance(value, np.ndarray):
        return [_value(number) for number in value.tolist()]
    return value if not isinstance(value, float) or isfinite(value) else None
