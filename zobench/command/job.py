"""What a launcher runs: cells of a sweep, each to its record."""

from pathlib import Path

from omegaconf import DictConfig

from zobench import accelerators, build, store, sweeps, trust
from zobench.build import Config
from zobench.command import launchers, supervise, worker
from zobench.surroundings import prepare_jax
from zobench.sweeps import Sweep

OTHER = "its worker has other code, libraries, flags of XLA or no accelerator: its record would have another name"


def job(cfg: DictConfig) -> None:
    """Some cells of a sweep, one after another, each to its record; one that raises or dies is recorded as failed.

    Each is run from the config that the command has composed. A cell that has another key here, where code, libraries
    or flags are not those of the command, or the accelerator is missing, is recorded as failed.
    """
    prepare_jax()  # a launcher may start workers without the environment of the command
    trust.allow(cfg.trust)
    launchers.enter()
    sweep = sweeps.sweep(cfg.runs_dir, cfg.sweep)
    for key in cfg.cells:
        if sweep.is_ending():
            return
        _run(key, sweep.configs()[key], sweep, cfg)


def _run(key: str, config: Config, sweep: Sweep, cfg: DictConfig) -> None:
    path = store.path(cfg.runs_dir, key)

    def beat() -> bool:
        sweep.beat(key)
        return not sweep.is_ending()

    beat()
    try:
        if not _is_name(key, config):
            worker.record(path, {}, config, OTHER, {})
        elif cfg.force or not is_settled(path, config, cfg):
            how, why = supervise.measure(path, config, supervise.limits(**cfg.limit), saves=not cfg.force, beat=beat)
            if how == "refused":  # of a single cell a mistake, of a sweep one cell that failed
                worker.record(path, {}, config, f"ValueError: {why}", {})
        sweep.mark(key)
    except KeyboardInterrupt:
        if not sweep.is_ending():
            raise
    finally:
        sweep.still(key)


def _is_name(key: str, config: Config) -> bool:
    """Whether that is the cell's key here, or was where the sweep was planned, on a machine without an accelerator.

    Which one it is made on stands in its record.
    """
    if build.key(config) == key:
        return True
    with accelerators.unseen():
        return build.key(config) == key


def is_settled(path: Path, config: Config, cfg: DictConfig) -> bool:
    """Whether a cell is not to be run: it has its record; or it died of itself, and `retry` does not ask for it again.

    One that went over a limit is run again under a wider one.
    """
    if store.is_done(path, config):
        return True
    meta = store.read_meta(path)
    if cfg.retry or meta is None or meta.get("died", "killed") == "killed":
        return False
    name = {"timeout": "seconds", "memory": "gigabytes"}.get(meta["died"], "")
    had, now = meta.get("limit", {}).get(name), cfg.limit.get(name)
    return had is None or (now is not None and now <= had)
