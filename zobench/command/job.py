"""What a launcher runs: one cell of a sweep, to its record."""

from collections.abc import Callable
from pathlib import Path

from omegaconf import DictConfig

from zobench import build, store, sweeps, trust
from zobench.build import Config
from zobench.command import launchers, supervise, worker
from zobench.surroundings import prepare_jax


def job(cfg: DictConfig) -> str:
    """A cell of a sweep: make its record unless there is one; a cell that raises or dies is recorded as failed."""
    prepare_jax()  # a launcher may start workers without the environment of the command
    trust.allow(cfg.trust)
    launchers.enter()
    config = build.numeric(cfg)
    key = build.key(config)
    path = store.path(cfg.runs_dir, key)
    sweep = sweeps.sweep(cfg.runs_dir, cfg.sweep) if cfg.sweep else None
    if sweep is None:
        _measure(path, config, cfg, lambda: True)
        return key

    def beat() -> bool:
        sweep.beat(key)
        return not sweep.is_ending()

    if beat():
        try:
            _measure(path, config, cfg, beat)
            sweep.mark(key)
        except KeyboardInterrupt:
            if not sweep.is_ending():
                raise
        finally:
            sweep.still(key)
    return key


def _measure(path: Path, config: Config, cfg: DictConfig, beat: Callable[[], bool]) -> None:
    if cfg.force or not is_settled(path, config, cfg):
        limits = supervise.limits(**cfg.limit)
        how, why = supervise.measure(path, config, limits, saves=not cfg.force, beat=beat)
        if how == "refused":  # of a single cell a mistake, of a sweep one cell that failed
            worker.record(path, {}, config, f"ValueError: {why}", {})


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
