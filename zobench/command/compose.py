"""From the command line to the cells it names, all composed before anything runs: Hydra's rules, our sentences."""

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple
from warnings import catch_warnings, filterwarnings, simplefilter

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from zobench import build, meanings, trust
from zobench.build import Config
from zobench.command import alike, foreign, keys
from zobench.errors import UsageError, one_line

ONE_PER_SWEEP = (
    "experiment",
    "runs_dir",
    "report_dir",
    "report",
    "report_formats",
    "report_labels",
    "report_order",
    "force",
    "sweep",
    "retry",
    "limit",
    "trust",
)


class Cell(NamedTuple):
    """What tells it from its neighbours, its numeric config, and the key of its record."""

    label: str
    config: Config
    key: str


@contextmanager
def session() -> Iterator[None]:
    """Hydra, looking into zobench.conf."""
    with initialize_config_module("zobench.conf", job_name="zobench", version_base="1.3"), foreign.no_environment():
        try:
            yield
        finally:
            _compose.cache_clear()
            _parse.cache_clear()


def parse(arguments: Sequence[str]) -> list[Override]:
    """Overrides as Hydra reads them."""
    return [_parse(argument) for argument in arguments]


@cache
def _parse(argument: str) -> Override:
    try:
        loader = GlobalHydra.instance().config_loader()
        found = OverridesParser.create(config_loader=loader).parse_overrides([argument])[0]
    except OverrideParseException as error:
        raise UsageError(f"{error.override}: not understood; write key=value, as in problem.dim=8") from error
    except Exception as error:  # the parser raises what it likes
        raise UsageError(f"{argument}: not understood ({one_line(error)}); write key=value") from error
    text = found.get_value_string() if "=" in argument else ""
    is_year = isinstance(found.value(), int | float) and not isinstance(found.value(), bool) and text[:1].isdigit()
    if found.key_or_group in keys.FOLDERS and is_year:  # a folder may be called 2024
        return _parse(f"{argument.removesuffix(text)}'{text}'")
    return found


def shared(overrides: Sequence[Override]) -> DictConfig:
    """The cfg that all cells of a command share, with its hydra node: overrides with several values left out.

    From here on this process may call what the command allows; cfg.trust says what, for others.
    """
    trust.allow(keys.granted(overrides))
    cfg = _cfg([override for override in overrides if not override.is_sweep_override()], keep_hydra=True)
    cfg.report = None if cfg.report == "none" else cfg.report
    keys.check_report(cfg.report)
    cfg.trust = trust.allowed()
    return cfg


def single(overrides: Sequence[Override]) -> DictConfig:
    """The cfg of a command that runs one cell."""
    for override in overrides:
        if override.is_sweep_override():
            hint = " (or give a list to one cell: step=[theory,trace])" if override.key_or_group == "step" else ""
            raise UsageError(f"{override.input_line}: several values are a sweep; add -m{hint}")
    trust.allow(keys.granted(overrides))
    cfg = _cfg(overrides)
    if cfg.report not in (None, "none") and any(override.key_or_group == "report" for override in overrides):
        raise UsageError(f"report={cfg.report}: one cell has no report; a sweep has, add -m")
    cfg.report = None
    _checked(build.plain(cfg))
    cfg.trust = trust.allowed()
    return cfg


def check_shown(overrides: Sequence[Override]) -> None:
    """Refuse what Hydra's flags could not show."""
    trust.allow(keys.granted(overrides))
    for override in overrides:
        if override.is_sweep_override():
            raise UsageError(f"{override.input_line}: one config is shown; give one value")
    build.numeric(_cfg(overrides))


def _checked(plain: Config) -> Config:
    config = build.chosen(plain)
    meanings.check(config)
    keys.check_targets(config)
    return config


def cells(overrides: Sequence[Override], cfg: DictConfig) -> list[Cell]:
    """All cells of a sweep, in Hydra's order; those that differ in nothing numeric come once."""
    defaults = parse([f"{name}={value}" for name, value in (cfg.hydra.sweeper.params or {}).items()])
    for override in defaults:
        if override.is_hydra_override() or override.key_or_group in ONE_PER_SWEEP:
            raise UsageError(f"hydra.sweeper.params: {override.input_line}: an experiment sweeps what makes a cell")
    given = {override.key_or_group for override in overrides}
    replaced = {group for group in build.FACTORIES if f"{group}._target_" in given}
    dicts = {override.key_or_group for override in defaults if "{" in str(override.input_line)}  # would be merged
    replaced |= dicts & given
    defaults = [override for override in defaults if override.key_or_group not in replaced]
    hydras = [override for override in overrides if override.is_hydra_override()]
    everything = [*defaults, *(override for override in overrides if not override.is_hydra_override())]
    for override in everything:
        if override.is_sweep_override() and override.key_or_group.partition(".")[0] in ONE_PER_SWEEP:
            raise UsageError(f"{override.input_line}: a sweep has one {override.key_or_group}; run the command twice")
    try:
        jobs = BasicSweeper.split_arguments(everything, None)[0]
    except HydraException as error:
        raise UsageError(one_line(error)) from error
    parsed = {text: _parse(text) for job in jobs for text in job}
    swept = {*parsed}.difference(set(parsed).intersection(*jobs))
    words = Counter(_last(key) for key in {parsed[text].key_or_group for text in swept})
    found: dict[str, Cell] = {}
    composed = _configs([[parsed[text] for text in job] for job in jobs], hydras)
    for job, config in zip(jobs, composed, strict=True):
        label = " ".join(_label(parsed[text], words) for text in job if text in swept)
        cell = Cell(label, config, build.key(config))
        found.setdefault(cell.key, cell)
    if not found:
        raise UsageError(f"{' '.join(str(override.input_line) for override in overrides)}: a sweep over nothing")
    return list(found.values())


def _configs(jobs: Sequence[Sequence[Override]], hydras: Sequence[Override]) -> Iterator[Config]:
    """The numeric config of each job; of jobs that differ in single values alone the first is composed."""
    models: dict[alike.Kind, Config | None] = {}
    for job in jobs:
        kind, values = alike.split(job)
        if same := models.get(kind):
            plain = alike.changed(same, values)
        else:
            cfg = _cfg([*hydras, *job])
            plain = build.plain(cfg)
            models.setdefault(kind, alike.model(cfg, plain, job))
        yield _checked(plain)


def _label(override: Override, words: Counter[str]) -> str:
    """The value of a group, or key=value; of a key its last word where no other swept one has that too."""
    key, value = override.key_or_group, override.get_value_element_as_str()
    if _is_group(override):
        return value if words[_last(key)] < 2 else f"{key}={value}"
    return f"{_last(key) if words[_last(key)] < 2 else key.removesuffix('._target_')}={value}"


def _last(key: str) -> str:
    """The last word of a key; of a factory that of what it makes."""
    return key.removesuffix("._target_").rpartition(".")[2]


def _is_group(override: Override) -> bool:
    return override.key_or_group.split("/")[0] in (*build.FACTORIES, *_groups())


@cache
def _groups() -> tuple[str, ...]:
    return tuple(GlobalHydra.instance().config_loader().list_groups(""))


def _cfg(overrides: Sequence[Override], keep_hydra: bool = False) -> DictConfig:
    """Compose groups by Hydra (once for each choice of them), then set values, which costs little."""
    foreign.check_typed(overrides)
    overrides = _replaced(overrides)
    whole, task = _compose(_choice(overrides))
    cfg = _with_values(whole if keep_hydra else task, overrides)
    keys.check(cfg, overrides)
    return cfg


def _with_values(composed: bytes, overrides: Sequence[Override]) -> DictConfig:
    cfg = pickle.loads(composed)
    for override in overrides:
        if not _by_hydra(override):
            try:
                ConfigLoaderImpl._apply_overrides_to_config([override], cfg)
            except Exception as error:  # Hydra and OmegaConf raise what they like
                name, given = override.key_or_group, str(override.input_line)
                if override.is_add() or OmegaConf.select(cfg, name, default="absent") != "absent":
                    raise UsageError(f"{given}: {one_line(error)}") from error
                raise keys.unknown(given, name, cfg) from error
    return cfg


@cache
def _compose(overrides: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The composed cfg, with and without its large hydra node; pickled, as deepcopy would take five times longer."""
    for override in parse(overrides):
        values = str | dict | None if override.key_or_group in build.FACTORIES else str | None  # {cities:synthetic}
        if _is_group(override) and not isinstance(override.value(), values):
            raise _no_choice(override)
    try:
        with catch_warnings():
            simplefilter("error", UserWarning)
            filterwarnings("ignore", "\n'hydra/launcher/ray'")  # the name of the plugin's own, too
            cfg = hydra_compose("config", list(overrides), return_hydra_config=True)
        if cfg.hydra.searchpath:
            foreign.check_files(GlobalHydra.instance().config_loader(), overrides)  # type: ignore[arg-type]
        foreign.check_hydra(cfg.hydra)
    except UsageError:
        raise
    except MissingConfigException as error:
        group, _, asked = str(error.missing_cfg_file).rpartition("/")
        raise UsageError(f"{group}={asked}: there are {', '.join(error.options or ['none'])}") from error
    except Exception as error:  # Hydra, OmegaConf and YAML raise what they like
        cause = f" {one_line(error.__cause__)}" if error.__cause__ else ""
        said = getattr(error, "strerror", None) or one_line(error)
        raise UsageError(f"{' '.join(overrides)}: {said}{cause}") from error
    task = OmegaConf.masked_copy(cfg, [str(name) for name in cfg if name != "hydra"])
    OmegaConf.set_struct(task, True)
    return pickle.dumps(cfg), pickle.dumps(task)


def _no_choice(override: Override) -> UsageError:
    there = GlobalHydra.instance().config_loader().get_group_options(override.key_or_group)
    return UsageError(f"{override.input_line}: the name of a choice; there are {', '.join(there)}")


def _replaced(overrides: Sequence[Override]) -> list[Override]:
    """The same in Hydra's grammar where a group's `_target_` is given: none of the values of the group it replaces.

    They are another factory's. What is given besides is added, whatever its name.
    """
    given = {override.key_or_group for override in overrides}
    groups = [group for group in build.FACTORIES if f"{group}._target_" in given]
    if not groups:
        return list(overrides)
    task = pickle.loads(_compose(_choice(overrides))[1])
    foreign = {
        f"{group}.{name}": value for group in groups for name, value in task.get(group, {}).items() if name[0] != "_"
    }
    foreign = {name: value for name, value in foreign.items() if name not in given}
    texts = [str(override.input_line) for override in overrides]
    texts = [f"++{text}" if text.startswith(tuple(f"{group}." for group in groups)) else text for text in texts]
    nulls = [f"{name}=0" for name, value in foreign.items() if value is None]  # Hydra deletes no null
    return parse([*texts, *nulls, *(f"~{name}" for name in foreign)])


def _choice(overrides: Sequence[Override]) -> tuple[str, ...]:
    """What only Hydra can compose."""
    return tuple(str(override.input_line) for override in overrides if _by_hydra(override))


def _by_hydra(override: Override) -> bool:
    return _is_group(override) or override.is_hydra_override()
