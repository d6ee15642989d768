"""A sweep: which cells are missing, are they all possible, run them by Hydra's launcher, and what became of each."""

import os
import pickle
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.callbacks import Callbacks
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from zobench import build, store, sweeps
from zobench.command import compose, launchers, signals, slurm, supervise, terminal, worker
from zobench.command.compose import Cell
from zobench.command.folders import require_writable
from zobench.command.job import is_settled, job
from zobench.errors import UsageError, one_line

NOT_NUMERIC = ("runs_dir", "report_dir", "force", "sweep", "retry", "limit.seconds", "limit.gigabytes", "trust")
QUIET = "ignore:resource_tracker:UserWarning"  # what joblib's helper says when the command was killed
FRUITLESS = 3  # times that workers may be killed before one cell has ended
NO_RECORD = {"status": "failed", "reason": "its record has gone"}
JOBS_PER_CORE = 32  # at most: what Hydra does for a job takes as long as some three small cells


def run(overrides: Sequence[Override], cfg: DictConfig) -> tuple[list[tuple[str, Path]], list[tuple[str, str]]]:
    """Run the cells that have no record, all checked first; nothing is composed where the same sweep has ended well.

    The cells in order, label and record of each; label and reason of those that failed.
    """
    if slurm.is_chosen(cfg):
        slurm.check_commands()
    markers = sweeps.sweep(cfg.runs_dir, f"{cfg.report or 'sweep'}-{_identity(overrides, cfg)}")
    paths = [store.path(cfg.runs_dir, key) for key in markers.members()]
    if _is_known_by_name(overrides, cfg) and markers.complete.exists() and all(map(store.is_done, paths)):
        markers.renew()  # the latest sweep is the one that `zobench report` draws
        return [(label, store.path(cfg.runs_dir, key)) for key, label in markers.plan().cells.items()], []
    cells = compose.cells(overrides, cfg)
    slurm.adopt(cfg.runs_dir, [cell.key for cell in cells])
    labels = {cell.key: cell.label for cell in cells}
    missing = [cell for cell in cells if cfg.force or not is_settled(_path(cell, cfg), cell.config, cfg)]
    if missing:
        require_writable("runs_dir", cfg.runs_dir)
        store.sweep_up(cfg.runs_dir)
    _check(missing, cfg)
    command = [str(override.input_line) for override in overrides]
    ended = labels.keys() - {cell.key for cell in missing}
    if missing:
        markers.begin(labels, command, ended, {cell.key: cell.config for cell in missing})
        with terminal.sweep_progress(markers, labels):
            _run(missing, cfg, markers)
        markers.end()
    else:
        with suppress(OSError):  # a store that may not be written is read all the same
            markers.begin(labels, command, ended)
            markers.end()
    return [(cell.label, _path(cell, cfg)) for cell in cells], _failed(cells, cfg)


def _path(cell: Cell, cfg: DictConfig) -> Path:
    return store.path(cfg.runs_dir, cell.key)


def _failed(cells: Sequence[Cell], cfg: DictConfig) -> list[tuple[str, str]]:
    """Label and reason of the cells that failed."""
    metas = [(cell.label, store.read_meta(_path(cell, cfg)) or NO_RECORD) for cell in cells]
    return [(label, meta["reason"]) for label, meta in metas if meta["status"] != "ok"]


def _is_known_by_name(overrides: Sequence[Override], cfg: DictConfig) -> bool:
    """Whether `_identity` sees all that decides the cells: not the user's own configs and problems."""
    own = cfg.hydra.searchpath or any("_target_" in override.key_or_group for override in overrides)
    return bool(cfg.report) and not cfg.force and not own


def _identity(overrides: Sequence[Override], cfg: DictConfig) -> str:
    """What decides the cells: the command line, the configs, the code, the libraries, the environment."""
    lines = [override.input_line for override in overrides if override.key_or_group not in NOT_NUMERIC]
    texts = [file.read_text() for file in sorted(Path(str(files("zobench.conf"))).rglob("*.yaml"))]
    names = [f"zobench.problems.{file.stem}" for file in sorted(Path(str(files("zobench.problems"))).glob("*.py"))]
    names += [cfg.study._target_.rpartition(".")[0]] if cfg.study else []
    return store.key({"lines": lines, "configs": texts}, ["zobench.build", "zobench.cell", *names])


def _check(cells: Sequence[Cell], cfg: DictConfig) -> None:
    """Refuse the whole sweep if any of its problems or estimators cannot be made.

    Under joblib the workers that will run the cells do this, so that the import of jax is not paid twice.
    """
    groups: dict[str, list[build.Config]] = {}
    for cell in cells:
        groups.setdefault(store.digest(cell.config["problem"], cell.config.get("study")), []).append(cell.config)
    limits, launcher = supervise.limits(**cfg.limit), cfg.hydra.launcher
    check = partial(supervise.check, limits=limits, trusted=list(cfg.trust))
    if "joblib" in launcher._target_:
        from hydra_plugins.hydra_joblib_launcher._core import process_joblib_cfg
        from joblib import Parallel, delayed

        # joblib keeps its workers for the launcher only if these are the same
        same: Any = {name: value for name, value in launcher.items() if name != "_target_"} | {"verbose": 0}
        process_joblib_cfg(same)
        os.environ.setdefault("PYTHONWARNINGS", QUIET)
        try:
            run = Parallel(**{**same, "backend": "loky"}, **signals.attended())
            complaints = run(delayed(check)(group) for group in groups.values())
        except (ValueError, TypeError) as error:  # what it has no use for
            raise UsageError(f"hydra.launcher: {one_line(error)}") from error
    else:
        complaints = [check([config for group in groups.values() for config in group])]
    for complaint in complaints:
        if complaint:
            raise UsageError(complaint)


def _run(cells: Sequence[Cell], cfg: DictConfig, markers: sweeps.Sweep) -> None:
    """Launch until every cell has ended: a worker that is killed takes the others of its launcher with it.

    A cell with which nothing ever ends is recorded as failed. Raises what the launcher raises before any cell has run.
    """
    left, fruitless, endings = list(cells), 0, {}
    while left and fruitless < FRUITLESS:
        reason = ""
        try:
            with signals.gently(markers), signals.unstalled(markers, [cell.key for cell in left]):
                endings = _launch(left, cfg, markers)
        except UsageError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            if not any(markers.folder.glob("*.running")) and not any(cell.key in markers.ended() for cell in cells):
                raise
        ended = {*markers.ended()}
        fruitless = 0 if any(cell.key in ended for cell in left) else fruitless + 1
        left = [cell for cell in left if cell.key not in ended]
        if not reason:
            break
    for cell in left:
        why = f"its worker was killed {FRUITLESS} times: {reason}" if reason else "its worker made no record"
        ending = endings.get(cell.key, slurm.Ending("killed", why))
        worker.record(_path(cell, cfg), {}, cell.config, ending.reason, {"died": ending.died})
        markers.mark(cell.key)


class Loader(NamedTuple):
    """What launchers ask for a job's cfg: that of the sweep, pickled, with the cells of the job.

    Hydra's own would read and merge all files once a job.
    """

    pickled: bytes

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: list[str]) -> DictConfig:
        """The cfg of a job, whose only override names its cells; the name is Hydra's."""
        cfg = pickle.loads(self.pickled)
        cfg.cells = sweep_overrides[0].partition("=")[2].strip("[]").split(",")
        return cfg


def _launch(cells: Sequence[Cell], cfg: DictConfig, markers: sweeps.Sweep) -> dict[str, slurm.Ending]:
    """Hydra's launcher without its sweeper and its loader; how those cells ended that Slurm has ended."""
    cfg.sweep = markers.folder.name
    cfg.hydra.sweep.dir = str(markers.folder.absolute())  # a worker may be in another folder
    cfg.hydra.mode = RunMode.MULTIRUN
    keys = [cell.key for cell in cells]
    # a task of Slurm's has limits, which are to be a cell's
    many = 1 if slurm.is_chosen(cfg) else -(-len(keys) // (JOBS_PER_CORE * (os.cpu_count() or 1)))
    jobs = [[f"cells=[{','.join(keys[i : i + many])}]"] for i in range(0, len(keys), many)]
    context = HydraContext(Loader(pickle.dumps(cfg)), Callbacks(cfg))  # type: ignore[arg-type]
    launcher: Any = Plugins.instance().instantiate_launcher(context, job, cfg)
    if "joblib" in cfg.hydra.launcher._target_:
        launcher.joblib |= signals.attended()
    if slurm.is_chosen(cfg):
        found = slurm.launch(launcher, jobs, markers.folder, lambda place: (markers.folder / keys[place]).exists())
        return {keys[place]: ending for place, ending in found.items()}
    launchers.begin(cfg)
    for result in launcher.launch(jobs, initial_job_idx=0):
        result.return_value  # noqa: B018  raises what a job raised
    return {}
