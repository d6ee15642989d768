"""What the hydra node of a cfg may say, and config files that are not zobench's: neither starts programs.

Hydra makes objects of whatever `_target_`, a logger or a launcher's config name; some launchers run shell commands of
their config. So its own launchers alone are taken, and their config from zobench's files and the command line alone.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.resolvers import oc

from zobench import trust
from zobench.command import launchers
from zobench.errors import UsageError

PLUGINS = ("hydra_plugins.", "hydra._internal.core_plugins.")
TYPED = ("hydra/launcher", "hydra.launcher", "hydra.sweeper.params", "hydra.searchpath", "hydra.output_subdir")
TYPED += ("hydra.verbose", *(f"hydra.job.{name}" for name in ("name", "chdir", "config")))
TYPED += ("hydra.job.env_set", "hydra.job.env_copy")
DICTS = ("launcher", "sweeper", "callbacks", "job_logging", "hydra_logging")  # what the node has Hydra make
LOGGING, CALLED = ("job_logging.", "hydra_logging."), ("()", "class")  # keys whose values logging imports
HARMLESS = ("logging.", "colorlog.")


def check_hydra(hydra: DictConfig) -> None:
    """Refuse a hydra node that makes other things than Hydra's launchers and sweepers, or that no cell could use."""
    node: Any = {name: _plain(hydra, name) for name in DICTS}
    for name in DICTS:
        if not isinstance(node[name], dict):
            raise UsageError(f"hydra.{name}={node[name]}: Hydra needs more of it; leave it out")
    params = node["sweeper"].pop("params", None)
    if not isinstance(params, dict | None):
        raise UsageError(f"hydra.sweeper.params={params}: give {{problem.dim: '8,16'}}, or problem.dim=8,16")
    for name in ("launcher", "sweeper"):
        _check_plugin(name, node[name])
    for key, value in node["callbacks"].items():
        if not isinstance(value, dict) or "_target_" not in value:
            raise UsageError(f"hydra.callbacks.{key}={value}: give {{_target_: module.Class}}")
    for key, value in _leaves(node):
        if value == "???":
            raise UsageError(f"hydra.{key}=???: it stands for a value; give one")
        word, (first, _, last) = str(value), key.rpartition(".")
        named = last == "_target_" or (first.startswith(LOGGING) and last in CALLED and not word.startswith(HARMLESS))
        if (named or (word.startswith("ext://") and not word.startswith("ext://sys.std"))) and not _trusts_hydra():
            raise UsageError(f"hydra.{key}={word}: Hydra is not to call it; trust=[hydra] allows it")
    if hydra.job.chdir:
        raise UsageError(f"hydra.job.chdir={hydra.job.chdir}: cells run where the command is given; leave it out")
    verbose: Any = _plain(hydra, "verbose")
    names = verbose if isinstance(verbose, list) else [verbose]
    if not isinstance(verbose, bool) and not all(isinstance(name, str) for name in names):
        raise UsageError(f"hydra.verbose={hydra.verbose}: true, false, or names of loggers")
    if not isinstance(hydra.output_subdir, str | None):
        raise UsageError(f"hydra.output_subdir={hydra.output_subdir}: the name of a folder, or null")


def _plain(hydra: DictConfig, name: str) -> Any:
    """A part of the node, resolved."""
    found = hydra[name]
    return OmegaConf.to_container(found, resolve=True) if OmegaConf.is_config(found) else found


def _check_plugin(name: str, node: dict[str, Any]) -> None:
    """Refuse what is no launcher or sweeper of Hydra's, and values that it does not take; drop its `_target_`."""
    target = str(node.pop("_target_", None))
    made = Plugins.instance().class_name_to_class.get(target)
    launchers.check_installed(target)
    if made is None or not target.startswith(PLUGINS):
        raise UsageError(f"hydra.{name}: there is none of Hydra's; choose one, as in hydra/{name}=basic")
    taken = inspect.signature(made).parameters
    for key in node:
        if (
            not key.startswith("_")
            and key not in taken
            and not any(each.kind == each.VAR_KEYWORD for each in taken.values())
        ):
            raise UsageError(f"hydra.{name}.{key}: {made.__name__} takes {', '.join(taken) or 'nothing'}")


def check_typed(overrides: Sequence[Override]) -> None:
    """Refuse overrides of what zobench sets itself in the hydra node, and of what would start programs. UsageError."""
    for override in overrides:
        key = override.key_or_group
        is_hydra = override.is_hydra_override() or key == "hydra"
        if is_hydra and not _trusts_hydra() and not any(key == one or key.startswith(f"{one}.") for one in TYPED):
            raise UsageError(f"{override.input_line}: zobench leaves {key} as it is; trust=[hydra] allows it")
        if key == "hydra.searchpath":
            check_searchpath(override.value())


def check_files(loader: ConfigLoaderImpl, overrides: Sequence[str]) -> None:
    """Refuse config files beside zobench's that say more of Hydra than what is swept. UsageError."""
    found = loader.compute_defaults_list("config", list(overrides), RunMode.RUN)
    _, repository = loader._parse_overrides_and_create_caching_repo("config", list(overrides))
    for default in found.defaults:
        result = repository.load_config(str(default.config_path))
        if result is None or not result.provider.startswith("hydra.searchpath"):
            continue
        package = default.package or ""
        said: Any = OmegaConf.to_container(result.config)
        prefix = f"{package}." if package else ""
        for key, value in _leaves(said, prefix):
            is_number = key.startswith("hydra.launcher.") and isinstance(value, int | float | None)
            is_sweep = key.startswith("hydra.sweeper.params")
            if key.startswith("hydra.") and not (is_number or is_sweep or _trusts_hydra()):
                where = f"{result.path.removeprefix('file://')}/{default.config_path}.yaml"
                raise UsageError(f"{where}: a config file may not set {key}; trust=[hydra] allows it")


def check_searchpath(value: Any) -> None:
    """Refuse places of configs that would be imported to be found."""
    for place in value if isinstance(value, list) else [value]:
        if str(place).startswith("pkg://"):
            trust.check_module("hydra.searchpath", str(place).removeprefix("pkg://"), "give --config-dir a folder")


def _trusts_hydra() -> bool:
    return "hydra" in trust.allowed()


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All values by their full keys."""
    if isinstance(value, dict) and value:
        for name, inside in value.items():
            yield from _leaves(inside, f"{prefix}{name}.")
    elif isinstance(value, list) and value:
        for inside in value:
            yield from _leaves(inside, prefix)
    else:
        yield prefix.removesuffix("."), value


@contextmanager
def no_environment() -> Iterator[None]:
    """Refuse `${oc.env:NAME}` outside of the hydra node: what decides the numbers stands in records for all to read."""

    def environment(key: str, *default: Any, _node_: Any) -> Any:
        if str(_node_._get_full_key(None)).startswith("hydra."):
            return oc.env(key, *default)
        raise UsageError(f"${{oc.env:{key}}}: a config does not read the environment; give the value itself")

    OmegaConf.register_new_resolver("oc.env", environment, replace=True)
    try:
        yield
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
