"""Launchers that come with an extra: what they need, how they begin, and where their jobs are."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from zobench.accelerators import cards
from zobench.errors import UsageError, one_line
from zobench.surroundings import VARIABLES, usable_cores

EXTRAS = {"hydra_submitit_launcher": "slurm", "hydra_ray_launcher": "ray"}
REAP = "cat; kill -9 $0 $@ 2> /dev/null"  # when the input ends, that is, when the command is no more


def check_installed(target: str) -> None:
    """Raise UsageError where a launcher comes with an extra that is not installed."""
    for package, extra in EXTRAS.items():
        if package in target and (find_spec("hydra_plugins") is None or not find_spec(f"hydra_plugins.{package}")):
            raise UsageError(f'hydra/launcher={extra}: it comes with an extra; pip install "zobench[{extra}]"')


def advise(overrides: Sequence[Override], cfg: DictConfig, cells: int) -> None:
    """Say in a line that cells go one after the other where cores are idle, unless that launcher was asked for.

    Not where JAX computes on an accelerator: there more processes than cards are no faster.
    To take all cores unasked would take a cell's memory on each of them, and ask a black box at several points at once.
    """
    is_basic = "basic_launcher" in cfg.hydra.launcher._target_
    is_named = any(override.key_or_group == "hydra/launcher" for override in overrides)
    is_apart = os.environ.get("ZOBENCH_ISOLATE") != "0"  # else a debugger is to see them here
    is_on_cpu = not cards().visible
    if cells > 1 and usable_cores() > 1 and is_basic and is_apart and is_on_cpu and not is_named:
        said = f"{cells} cells, one after the other on one of {usable_cores()} cores"
        print(f"zobench: {said}; hydra/launcher=joblib runs as many at once as there are cores", file=sys.stderr)


def begin(cfg: DictConfig) -> None:
    """Start or join Ray before its launcher does, which would take SIGTERM from the command.

    Of a Ray of the command's own nothing outlives the command, even if that is killed: its agents would, for a minute.
    Raises UsageError where there is no Ray to join.
    """
    if "hydra_ray_launcher" not in cfg.hydra.launcher._target_:
        return
    if (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # Ray does it too, of an address too late
    import ray  # pyright: ignore[reportMissingImports]

    if ray.is_initialized():  # by a try in which a worker died: what still runs of it is not to run twice
        ray.shutdown()
    init: Any = OmegaConf.to_container(cfg.hydra.launcher.ray.init, resolve=True)
    passed = {name: os.environ[name] for name in (*VARIABLES, "PYTHONPATH") if name in os.environ}
    given = init.get("runtime_env") or {}
    more = {name: str(value) for name, value in (given.get("env_vars") or {}).items()}
    init["runtime_env"] = {**given, "env_vars": passed | more}
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**init)
    except (ConnectionError, ValueError, TypeError, RuntimeError) as error:
        raise UsageError(f"hydra/launcher=ray: {one_line(error)}") from error
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)
    if not cfg.hydra.launcher.ray.init.address:
        import psutil

        own = psutil.Process().children(recursive=True)
        agents = [str(each.pid) for each in own if "agent" in " ".join(each.cmdline()).lower()]  # as long-lived as Ray
        subprocess.Popen(["sh", "-c", REAP, *agents], stdin=subprocess.PIPE, start_new_session=True)


def enter() -> None:
    """Go where the command was given, on whatever machine a job runs: Ray's workers are elsewhere, paths are relative.

    Raises FileNotFoundError where that folder is not there.
    """
    if HydraConfig.initialized():
        os.chdir(HydraConfig.get().runtime.cwd)
