"""From configuration to numbers: the only file that sees a cfg. jax is imported when there is something to run."""

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from zobench import code, factories, reads, store
from zobench.errors import UsageError, one_line
from zobench.factories import check_arguments, factory, make, part, require_memory, shown
from zobench.latest import latest
from zobench.meanings import USUAL, is_number
from zobench.states import Family, merged, states_of

Config = dict[str, Any]
Progress = Callable[[str, int, int], None]
Study = Callable[[], tuple[dict[str, Any], dict[str, Any]]]

FACTORIES = ("problem", "estimator", "optimizer", "method")
NUMERIC = (*FACTORIES, "step", "tuning", "stop", "seeds", "seed", "dtype")
RUNS = ("step", "tuning", "stop", "seeds", "seed")  # which cells of a family may differ in
OFFERED = (*FACTORIES, "seeds", "seed", "dtype")  # what a study may take by the names of its arguments


def numeric(cfg: DictConfig) -> Config:
    """The part of a cfg that decides the numbers, as plain values; `step` always a list."""
    return chosen(plain(cfg))


def plain(cfg: DictConfig) -> Config:
    """All of a cfg as plain values, those that stand for others replaced by these. UsageError."""
    try:
        return OmegaConf.to_container(cfg, resolve=True)  # type: ignore[return-value]
    except Exception as error:  # OmegaConf raises what it likes
        raise unresolved(error) from error


def chosen(plain: Config) -> Config:
    """The part of the plain values of a cfg that decides the numbers; `step` always a list. UsageError."""
    names = (*OFFERED, "study") if plain["study"] else NUMERIC
    config: Config = {name: plain[name] for name in names}
    if not plain["study"]:
        config |= {name: plain[name] for name, usual in USUAL.items() if plain.get(name, usual) != usual}
    _check_plain(config)
    if "step" in config and not isinstance(config["step"], list):
        config["step"] = [config["step"]]
    if "stop" in config and isinstance(config["stop"]["target"], list):
        config["stop"] = {**config["stop"], "target": targets(config["stop"]["target"])}
    return config


def targets(given: list[Any]) -> Any:
    """Several targets, the largest first and each once; one of them by itself."""
    if not all(map(is_number, given)):
        return given
    targets = sorted({float(target) for target in given}, reverse=True)
    return targets if len(targets) != 1 else targets[0]


def unresolved(error: Exception) -> UsageError:
    """A value that stands for another one that there is not."""
    key, said = getattr(error, "full_key", None), one_line(error).partition(" full_key:")[0]
    return UsageError(
        f"{key or 'a value'}: {said.partition('UsageError raised while resolving interpolation: ')[2] or said}"
    )


def _check_plain(value: Any, key: str = "") -> None:
    """Refuse what has no place in a record: names that are no words, values that are no numbers, words or lists."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if not isinstance(name, str):
                raise UsageError(f"{key}.{name}: the name of a key is a word")
            _check_plain(inside, f"{key}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for inside in value:
            _check_plain(inside, key)
    elif not isinstance(value, str | int | float | None):
        raise UsageError(f"{key}={shown(value)}: a number, a word, true, false, null, or a list of these")


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
        unchanged = [word for word, state in named.items() if reads.state(word) == state]
        return reads.hashes(opened, [*unchanged, *(code.unseen(_modules(config), reads.imported()) if is_own else ())])

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
    from zobench.derivatives.priced import prices

    logging.getLogger("jax._src.callback").setLevel(logging.CRITICAL)  # a black box that raises is told in our words

    with jax.enable_x64(config["dtype"] == "float64"):
        parts, programs, known = latest(alike, lambda: (_parts(config), [], {}))
        problem, estimator, optimizer, method = parts
        asked = settings(config)
        arrays, meta = run_cell(
            problem, estimator, optimizer, method, asked, progress, family=states, programs=programs
        )
        if "prices" not in known:  # they take longer than a small cell
            known["prices"] = prices(problem, meta["calls"])
        return arrays, {**meta, **known}


def _parts(config: Config) -> list[Any]:
    parts = [part(name, config[name]) for name in FACTORIES]
    require_memory(parts[0], config)
    return parts


def settings(config: Config) -> Any:
    """How a cell is run: plan.Settings of a config."""
    from zobench.plan import Settings

    plain = {name: config[name] for name in ("step", "seeds", "seed", "dtype")}
    plain |= {name: config.get(name, usual) for name, usual in USUAL.items()}
    return Settings(**plain, **config["stop"], **{f"tuning_{name}": value for name, value in config["tuning"].items()})


def study(config: Config) -> Study:
    """The measurement that a study's factory makes of its own keys and of what it takes of the config by name.

    UsageError for what the factory refuses, such as a size that does not fit the memory.
    """
    call = factory("study", config["study"])
    taken = inspect.signature(call).parameters.keys() & set(OFFERED) - config["study"].keys()
    offered = {name: make(name, config[name]) if name in FACTORIES else config[name] for name in taken}
    own = factories.arguments("study", config["study"])
    check_arguments("study", call, own, offered)
    made: Any = factories.product("study", call, own, offered)
    if not callable(made):
        raise UsageError(
            f"study._target_={config['study']['_target_']}: it gives a {type(made).__name__}, no measurement"
        )
    return made  # pyright: ignore[reportReturnType]


class Complaints(NamedTuple):
    """What is wrong with cells: of the first that cannot be made, else ""; with others, by their places."""

    fatal: str
    unfit: dict[int, str]


def check_factories(configs: Sequence[Config]) -> Complaints:
    """Make each factory's product once, and check each cell, each complaint in one line.

    Parts that can be made and do not go together are a fault of that cell alone. Anything but a ValueError too: it is
    found again and recorded when it runs.
    """
    return reads.watched(lambda: _complaints(configs), remembers=False)[0]


def _complaints(configs: Sequence[Config]) -> Complaints:
    import jax

    made: dict[str, Any] = {}
    traced: set[tuple[str, ...]] = set()
    unfit: dict[int, str] = {}
    for place, config in enumerate(configs):
        try:
            with jax.enable_x64(config["dtype"] == "float64"):
                if "study" in config:
                    study(config)
                    continue
                keys = {name: store.digest(name, config[name], config["dtype"]) for name in FACTORIES}
                made |= {keys[name]: part(name, config[name]) for name in FACTORIES if keys[name] not in made}
                parts: list[Any] = [made[keys[name]] for name in FACTORIES]
                require_memory(parts[0], config)
                if complaint := _misfit(parts, config, tuple(keys.values()), traced):
                    unfit[place] = complaint
        except ValueError as error:
            return Complaints(one_line(error), unfit)
        except Exception:
            continue
    return Complaints("", unfit)


def _misfit(parts: Sequence[Any], config: Config, keys: tuple[str, ...], traced: set[tuple[str, ...]]) -> str:
    """Why these parts do not go together; each choice of them is traced once."""
    from zobench.plan import check_cell, plan_cell

    try:
        problem, estimator, optimizer, method = parts
        plan = plan_cell(problem, estimator, optimizer, method, settings(config))
        if keys not in traced:
            check_cell(plan)
            traced.add(keys)
    except ValueError as error:
        return one_line(error)
    return ""
