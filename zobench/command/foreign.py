"""What the hydra node of a cfg may say, and config files that are not zobench's: neither starts programs.

Hydra makes objects of whatever `_target_`, a logger or a launcher's config name; some launchers run shell commands of
their config. So its own launchers alone are taken, and their config from zobench's files and the command line alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.resolvers import oc

from zobench import trust
from zobench.errors import UsageError

PLUGINS = ("hydra_plugins.", "hydra._internal.core_plugins.")
LOGGING, CALLED = ("job_logging.", "hydra_logging."), ("()", "class")  # keys whose values logging imports
HARMLESS = ("logging.", "colorlog.")


def check_hydra(hydra: DictConfig) -> None:
    """Refuse a hydra node that makes other things than Hydra's launchers and sweepers. UsageError."""
    node: Any = OmegaConf.to_container(hydra)
    for name in ("launcher", "sweeper"):
        found = node[name].pop("_target_", None) if isinstance(node.get(name), dict) else None
        if not str(found).startswith(PLUGINS):
            raise UsageError(f"hydra.{name}: there is none of Hydra's; choose one, as in hydra/{name}=basic")
    params = node["sweeper"].pop("params", None)
    if not isinstance(params, dict | None):
        raise UsageError(f"hydra.sweeper.params={params}: give {{problem.dim: '8,16'}}, or problem.dim=8,16")
    for key, value in _leaves(node):
        word, (first, _, last) = str(value), key.rpartition(".")
        named = last == "_target_" or (first.startswith(LOGGING) and last in CALLED and not word.startswith(HARMLESS))
        if (named or (word.startswith("ext://") and not word.startswith("ext://sys.std"))) and not _trusts_hydra():
            raise UsageError(f"hydra.{key}={word}: Hydra is not to call it; trust=[hydra] allows it")


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
