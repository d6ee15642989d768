"""What a worker runs: one cell, to its record."""

import os
import traceback
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from zobench import build, store, sweeps
from zobench.build import Config
from zobench.errors import one_line


def job(cfg: DictConfig) -> str:
    """A cell of a sweep: make its record unless there is one; a cell that raises is recorded as failed."""
    config = build.numeric(cfg)
    key = build.key(config)
    path = store.path(cfg.runs_dir, key)
    if cfg.force or not store.is_done(path):
        try:
            measure(path, config, lambda rule, k, cap: None)
        except Exception as error:
            record_failure(path, config, error)
            if os.environ.get("HYDRA_FULL_ERROR") == "1":
                traceback.print_exc()
    if cfg.sweep:
        sweeps.sweep(cfg.runs_dir, cfg.sweep).mark(key)
    return key


def measure(path: Path, config: Config, progress: build.Progress) -> None:
    """Run a cell and write its record."""
    arrays, meta = build.run(config, progress, path.parent / "states")
    failure = meta.get("failure", "")  # a black box may raise midway: what was recorded until then is kept
    _write(path, arrays, config, failure, meta)


def record_failure(path: Path, config: Config, error: Exception) -> str:
    """Record that a cell raised; what it said, in one line."""
    reason = f"{type(error).__name__}: {one_line(error)}"
    _write(path, {}, config, reason, {})
    return reason


def _write(path: Path, arrays: dict[str, Any], config: Config, reason: str, meta: dict[str, Any]) -> None:
    about = {"status": "failed" if reason else "ok", "reason": reason, "key": path.stem, "config": config}
    store.write(path, arrays, {**about, "versions": store.versions(), "machine": store.machine(), **meta})
