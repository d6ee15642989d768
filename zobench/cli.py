"""What a command does: one cell, a sweep of cells, or a report drawn again from records."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from zobench import build, store, terminal
from zobench.build import Config, UsageError, one_line


def job(cfg: DictConfig) -> str:
    """A cell of a sweep: make its record unless there is one; a cell that raises is recorded as failed."""
    config = build.numeric(cfg)
    key = build.key(config)
    path = store.path(cfg.runs_dir, key)
    if cfg.force or not store.is_done(path):
        try:
            measure(path, config, lambda rule, k, cap: None)
        except Exception as error:
            _record_failure(path, config, error)
            if os.environ.get("HYDRA_FULL_ERROR") == "1":
                traceback.print_exc()
    if cfg.sweep:
        store.sweep(cfg.runs_dir, cfg.sweep).mark(key)
    return key


def measure(path: Path, config: Config, progress: build.Progress) -> None:
    """Run a cell and write its record."""
    arrays, meta = build.run(config, progress)
    failure = meta.get("failure", "")  # a black box may raise midway: what was recorded until then is kept
    about = {"status": "failed" if failure else "ok", "reason": failure, **_about(path.stem, config)}
    store.write(path, arrays, {**about, **meta})


def _record_failure(path: Path, config: Config, error: Exception) -> str:
    reason = f"{type(error).__name__}: {one_line(error)}"
    store.write(path, {}, {"status": "failed", "reason": reason, **_about(path.stem, config)})
    return reason


def _about(key: str, config: Config) -> dict[str, Any]:
    return {"key": key, "config": config, "versions": store.versions(), "machine": store.machine()}


def run_single(arguments: Sequence[str], console: Console) -> int:
    """`zobench problem=... estimator=...`: one cell, a bar, a short table."""
    from zobench import compose

    with compose.session():
        overrides = compose.parse(arguments)
        cfg = compose.single(overrides)
    _require_folders(cfg, overrides)
    config = build.numeric(cfg)
    path = store.path(cfg.runs_dir, build.key(config))
    if cfg.force or not store.is_done(path):
        try:
            with terminal.cell_progress() as progress:
                measure(path, config, progress)
        except ValueError as error:
            raise UsageError(one_line(error)) from error
        except Exception as error:
            reason = _record_failure(path, config, error)
            if os.environ.get("HYDRA_FULL_ERROR") == "1":
                raise
            return terminal.failures([("the cell", reason)])
    terminal.table([("", path)], console)
    terminal.warnings([("", path)])
    console.print(f"record: {path}", soft_wrap=True)
    record = store.read(path)
    return terminal.failures([("the cell", record.meta["reason"])] if record and record.meta["status"] != "ok" else [])


def run_sweep(arguments: Sequence[str], console: Console) -> int:
    """`zobench -m ...` or `zobench experiment=...`: all cells that have no record yet, then the report or a table."""
    from zobench import compose, sweep

    with compose.session():
        overrides = compose.parse(arguments)
        cfg = compose.shared(overrides)
        _require_folders(cfg, overrides)
        _require_report(cfg)
        ended = sweep.run(overrides, cfg)
    try:
        if cfg.report:
            report(cfg.report, ended.paths, cfg.report_dir, console)
        else:
            terminal.table(list(zip(ended.labels, ended.paths, strict=True)), console)
            console.print(f"records: {cfg.runs_dir}", soft_wrap=True)
    finally:  # what failed is said last, also where too little is left to draw from
        terminal.warnings(list(zip(ended.labels, ended.paths, strict=True)))
        code = terminal.failures(ended.failed)
    return code


def report_again(arguments: Sequence[str], console: Console) -> int:
    """`zobench report slowdown [report_dir=...] [runs_dir=...]`: from the records of the latest sweep alone.

    `zobench report claims` judges the claims of all experiments.
    """
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    names = [argument for argument in arguments if "=" not in argument]
    if len(names) != 1 or options.keys() - {"report_dir", "runs_dir"}:
        raise UsageError("zobench report takes a name, report_dir=... and runs_dir=..., as in: zobench report slowdown")
    runs_dir = options.get("runs_dir", "runs")
    if names[0] == "claims":
        return _report_claims(runs_dir, options.get("report_dir", "reports/claims"), console)
    found = {name: sweeps[-1] for name, sweeps in store.sweeps(runs_dir).items()}
    if names[0] not in found:
        there = ", ".join(f"{name} ({len(sweep.members())} cells)" for name, sweep in found.items()) or "none"
        raise UsageError(
            f"report {names[0]}: no records in {runs_dir} (there: {there}); make them by: zobench experiment={names[0]}"
        )
    report_dir = options.get("report_dir", f"reports/{names[0]}")
    require_writable("report_dir", report_dir)
    report(names[0], [store.path(runs_dir, key) for key in found[names[0]].members()], report_dir, console)
    return 0


def _report_claims(runs_dir: str, report_dir: str, console: Console) -> int:
    from zobench.report import draw_board

    require_writable("report_dir", report_dir)
    failed = draw_board(Path(runs_dir), Path(report_dir), console)
    console.print(f"report: {report_dir}", soft_wrap=True)
    for name, reason in failed:
        print(f"zobench: {name} raised: {reason}", file=sys.stderr)
    return 1 if failed else 0


def report(name: str, records: Sequence[Path], report_dir: str, console: Console) -> None:
    """Draw a report from records and name its folder."""
    from zobench import report

    report.draw(name, list(records), Path(report_dir), console)
    console.print(f"report: {report_dir}", soft_wrap=True)


def _require_folders(cfg: DictConfig, overrides: Sequence[Any]) -> None:
    require_writable("runs_dir", cfg.runs_dir)
    if cfg.report or any(override.key_or_group == "report_dir" for override in overrides):
        require_writable("report_dir", cfg.report_dir)


def _require_report(cfg: DictConfig) -> None:
    from zobench.report import REPORTS

    if cfg.report and cfg.report not in REPORTS:
        raise UsageError(f"report={cfg.report}: there are {', '.join(REPORTS)}, or null for none")


def require_writable(name: str, folder: str) -> None:
    """Refuse a folder that could not be made or written, by a trial that leaves nothing."""
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    try:
        with TemporaryDirectory(dir=place):
            return
    except OSError:
        why = "may not be written" if place.is_dir() else "is no folder"
    raise UsageError(f"{name}={folder}: {place} {why}; give {name}=<a folder that can be written>")
