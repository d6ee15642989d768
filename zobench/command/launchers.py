"""Launchers that come with an extra: what they need, how they begin, and where their jobs are."""

import os
import signal
import subprocess
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from zobench.errors import UsageError, one_line
from zobench.surroundings import VARIABLES

EXTRAS = {"hydra_submitit_launcher": "slurm", "hydra_ray_launcher": "ray"}
REAP = "cat; kill -9 $0 $@ 2> /dev/null"  # when the input ends, that is, when the command is no more


def check_installed(target: str) -> None:
    """Raise UsageError where a launcher comes with an extra that is not installed."""
    for package, extra in EXTRAS.items():
        if package in target and (find_spec("hydra_plugins") is None or not find_spec(f"hydra_plugins.{package}")):
            raise UsageError(f'hydra/launcher={extra}: it comes with an extra; pip install "zobench[{extra}]"')


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
