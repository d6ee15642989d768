"""From configuration to numbers: the only file that sees a cfg. jax is imported when there is something to run."""

import inspect
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from math import isfinite
from pathlib import Path
from types import NoneType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from zobench import reads, store
from zobench.annotations import annotations, fits, in_words
from zobench.errors import UsageError, one_line
from zobench.latest import latest
from zobench.states import Family, merged, states_of

Config = dict[str, Any]
Progress = Callable[[str, int, int], None]
Study = Callable[[], tuple[dict[str, Any], dict[str, Any]]]

FACTORIES = ("problem", "estimator", "optimizer", "method")
NUMERIC = (*FACTORIES, "step", "tuning", "stop", "seeds", "seed", "dtype")
RUNS = ("step", "tuning", "stop", "seeds", "seed")  # which cells of a family may differ in
OFFERED = (*FACTORIES, "seeds", "seed", "dtype")  # what a study may take by the names of its arguments
RULES = ("theory", "trace", "tuned")


def numeric(cfg: DictConfig) -> Config:
    """The part of a cfg that decides the numbers, as plain values; `step` always a list."""
    plain: Any = OmegaConf.to_container(cfg, resolve=True)
    if plain["study"]:
        return {name: plain[name] for name in OFFERED} | {"study": plain["study"]}
    config: Config = {name: plain[name] for name in NUMERIC}
    if not isinstance(config["step"], list):
        config["step"] = [config["step"]]
    return config


def key(config: Config) -> str:
    """The name of the cell's record."""
    core = [] if "study" in config else ["zobench.cell"]
    return store.key(config, core + _modules(config))


def family(config: Config) -> str:
    """What a cell has in common with those that differ in seeds, seed, stop, tuning and step alone: 16 hex digits."""
    return key(
        {name: value for name, value in config.items() if name not in ("step", "tuning", "stop", "seeds", "seed")}
    )


def _modules(config: Config) -> list[str]:
    """The modules of the functions that make the cell, without those of the libraries."""
    made = ("study", *FACTORIES) if "study" in config else FACTORIES
    words = [word for name in made for key, word in _words(config[name]) if key == "_target_"]
    modules = [target.rpartition(".")[0] for target in words]
    return [name for name in modules if name.split(".")[0] not in store.LIBRARIES]


def _words(values: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every word of a config with its key."""
    if isinstance(values, str):
        yield key, values
    elif isinstance(values, dict):
        for name, value in values.items():
            yield from _words(value, name)
    elif isinstance(values, list):
        for value in values:
            yield from _words(value)


def run(config: Config, progress: Progress, states: Path | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the cell of a config: the record's arrays, and what is to be known about them. ValueError for bad input.

    `files`, where there are any: the hashes of the files that the cell read. `states`: the folder of the saved states
    of all families, from which runs go on; None to begin from nothing and save nothing.
    """
    is_own = any(name.split(".")[0] != "zobench" for name in _modules(config))  # not zobench's code makes the cell
    named = {word: state for _, word in _words(config) if (state := reads.state(word))}

    def hashes(opened: reads.Files) -> dict[str, str]:
        return reads.hashes(opened, (word for word, state in named.items() if reads.state(word) == state))

    saved = states and states_of(states / family(config), lambda: hashes(reads.so_far(is_own)))
    alike = "" if is_own or named or "study" in config else family(config)
    (arrays, meta), opened = reads.watched(lambda: _run(config, progress, saved, alike), is_own)
    files = merged(hashes(opened), saved.inherited if saved else {})
    return arrays, {**meta, "files": files} if files else meta


def _run(
    config: Config, progress: Progress, states: Family | None, alike: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`alike`: the name under which what is made may serve the next cell; none where it may not."""
    import jax

    if "study" in config:
        with jax.enable_x64(config["dtype"] == "float64"):
            return study(config)()

    from zobench.cell import run_cell

    logging.getLogger("jax._src.callback").setLevel(logging.CRITICAL)  # a black box that raises is told in our words

    with jax.enable_x64(config["dtype"] == "float64"):
        parts, programs = latest(alike, lambda: ([make(name, config[name]) for name in FACTORIES], []))
        problem, estimator, optimizer, method = parts
        asked = settings(config)
        return run_cell(problem, estimator, optimizer, method, asked, progress, family=states, programs=programs)


def settings(config: Config) -> Any:
    """How a cell is run: plan.Settings of a config."""
    from zobench.plan import Settings

    plain = {name: config[name] for name in ("step", "seeds", "seed", "dtype")}
    return Settings(**plain, **config["stop"], **{f"tuning_{name}": value for name, value in config["tuning"].items()})


def study(config: Config) -> Study:
    """The measurement that a study's factory makes of its own keys and of what it takes of the config by name.

    UsageError for what the factory refuses, such as a size that does not fit the memory.
    """
    call = factory("study", config["study"])
    taken = inspect.signature(call).parameters.keys() & set(OFFERED) - config["study"].keys()
    offered = {name: make(name, config[name]) if name in FACTORIES else config[name] for name in taken}
    own = _arguments("study", config["study"])
    check_arguments("study", call, own)
    return _product("study", call, own, offered)


def check_values(config: Config) -> None:
    """Refuse what can be seen without jax: step rules, counts, stop. Raises UsageError."""
    for name, (is_good, meaning) in _MEANINGS.items():
        group, _, leaf = name.rpartition(".")
        if (group or leaf) not in config:
            continue
        value = config[group][leaf] if group else config[leaf]
        if not is_good(value):
            raise UsageError(f"{name}={_shown(value)}: {name} is {meaning}")
    stop = config.get("stop", {})
    if stop.get("relative_to") == "start" and stop["target"] >= 1:
        given = _shown(stop["target"])
        raise UsageError(f"stop.target={given}: with stop.relative_to=start it is less than 1, else it is met at x0")


def check_factories(configs: Sequence[Config]) -> str | None:
    """Make each factory's product once, and check each cell: the first complaint in one line, or None.

    Anything but a ValueError is a fault of that cell alone, and is found again and recorded when it runs.
    """
    return reads.watched(lambda: _complaint(configs), remembers=False)[0]


def _complaint(configs: Sequence[Config]) -> str | None:
    import jax

    from zobench.plan import check_cell, plan_cell

    made: dict[str, Any] = {}
    for config in configs:
        if "study" in config:
            try:
                with jax.enable_x64(config["dtype"] == "float64"):
                    study(config)
            except ValueError as error:
                return one_line(error)
            continue
        keys = {name: store.digest(name, config[name], config["dtype"]) for name in FACTORIES}
        new = {name for name in FACTORIES if keys[name] not in made}
        try:
            with jax.enable_x64(config["dtype"] == "float64"):
                made |= {keys[name]: make(name, config[name]) for name in new}
                problem, estimator, optimizer, method = (made[keys[name]] for name in FACTORIES)
                check_cell(plan_cell(problem, estimator, optimizer, method, settings(config)))
        except ValueError as error:
            return one_line(error)
        except Exception:
            continue
    return None


def make(group: str, values: Config) -> Any:
    """Call a group's factory, or keep it for later where `_partial_` says so; an argument may have a factory itself.

    UsageError for what a factory does not take.
    """
    call = factory(group, values)
    arguments = _arguments(group, values)
    check_arguments(group, call, arguments)
    if values.get("_partial_"):
        return _rule(values["_target_"], call, arguments) if group == "optimizer" else partial(call, **arguments)
    return _product(group, call, arguments)


def _product(group: str, call: Callable[..., Any], arguments: Config, offered: Config | None = None) -> Any:
    """What a factory gives; UsageError, which names the argument where the factory does, for what it refuses."""
    try:
        return call(**arguments, **(offered or {}))
    except ValueError as error:
        text = one_line(error).removeprefix(group.rpartition(".")[2] + ".")
        raise UsageError(f"{group}{'.' if text.partition('=')[0] in arguments else ': '}{text}") from error


def _rule(target: str, call: Callable[..., Any], arguments: Config) -> Callable[[Any], Any]:
    """An update rule that waits for its step size, whichever of its arguments that is. UsageError for what is none."""
    parameters = inspect.signature(call).parameters.values()
    if "learning_rate" not in {each.name for each in parameters}:
        raise UsageError(f"optimizer._target_={target}: no update rule, as it takes no learning_rate; try optax.adam")
    if "learning_rate" in arguments:
        given = _shown(arguments["learning_rate"])
        raise UsageError(f"optimizer.learning_rate={given}: the cell gives it; use step={given}")
    needed = [each.name for each in parameters if each.default is each.empty and each.kind not in (2, 4)]
    for name in needed:
        if name != "learning_rate" and name not in arguments:
            raise UsageError(f"optimizer.{name}: {target} needs it")
    return lambda learning_rate: call(learning_rate=learning_rate, **arguments)


def _arguments(group: str, values: Config) -> Config:
    """What a config gives a factory, inner factories called."""
    return {
        name: make(f"{group}.{name}", value) if isinstance(value, dict) and "_target_" in value else value
        for name, value in values.items()
        if name not in ("_target_", "_partial_")
    }


def factory(group: str, values: Config) -> Callable[..., Any]:
    """The function that `_target_` names. UsageError where there is none."""
    target = str(values.get("_target_"))
    module, _, name = target.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"{group}._target_={target}: {one_line(error)}; give module.function") from error


def check_arguments(group: str, factory: Callable[..., Any], arguments: Config) -> None:
    """Compare a group's keys and values with the factory's signature and annotations. Raises UsageError."""
    parameters = inspect.signature(factory).parameters
    hints = annotations(factory)
    for name, value in arguments.items():
        if name not in parameters:
            raise UsageError(f"{group}.{name}: {factory.__name__} has {', '.join(parameters) or 'no arguments'}")
        if name in hints and not fits(value, hints[name]):
            raise UsageError(f"{group}.{name}={_shown(value)}: {name} is {in_words(hints[name])}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return _shown(value[0]) if len(value) == 1 else f"[{','.join(map(_shown, value))}]"
    return json.dumps(value) if isinstance(value, bool | NoneType) else str(value)


def _is_number(value: Any) -> bool:
    return fits(value, float) and isfinite(value) and value > 0


def _is_count(value: Any) -> bool:
    return fits(value, int) and 1 <= value <= 1_000_000


def _is_step(value: Any) -> bool:
    return value in RULES if isinstance(value, str) else _is_number(value)


_MEANINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "step": (
        lambda value: bool(value) and all(map(_is_step, value)) and len({*map(str, value)}) == len(value),
        "theory, trace, tuned, a positive number, or a list of different ones of these",
    ),
    "seeds": (_is_count, "a whole number from 1 to 1000000"),
    "seed": (lambda value: fits(value, int) and 0 <= value < 2**31, "a whole number from 0 to 2147483647"),
    "dtype": (lambda value: value in ("float64", "float32"), "float64 or float32"),
    "stop.metric": (lambda value: value in ("gap", "gradient", "distance"), "gap, gradient or distance"),
    "stop.target": (_is_number, "a positive number"),
    "stop.relative_to": (lambda value: value in ("unit", "start", "minimum"), "unit, start or minimum"),
    "stop.gd_iterations": (_is_number, "a positive number"),
    "stop.calls": (
        lambda value: value is None or (fits(value, int) and value > 0),
        "a whole number from 1 on, or null",
    ),
    "tuning.tries": (lambda value: fits(value, int) and 1 <= value <= 100, "a whole number from 1 to 100"),
    "tuning.seeds": (_is_count, "a whole number from 1 to 1000000"),
}
