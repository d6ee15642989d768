"""The cells of a sweep by Hydra's launcher: checked first, then run until each of them has ended."""

import os
import pickle
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from functools import partial
from itertools import chain
from multiprocessing import resource_tracker
from typing import Any, NamedTuple

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from zobench import store, sweeps
from zobench.command import cards, launchers, signals, slurm, supervise, worker
from zobench.command.compose import Cell
from zobench.command.job import job
from zobench.errors import UsageError, one_line
from zobench.surroundings import usable_cores

QUIET = "ignore:resource_tracker:UserWarning"  # what joblib's helper says when the command was killed
FRUITLESS = 3  # times that workers may be killed before one cell has ended
JOBS_PER_CORE = 32  # at most, on one machine: what Hydra does for a job takes as long as some three small cells


def check(cells: Sequence[Cell], cfg: DictConfig) -> list[tuple[Cell, str]]:
    """The cells whose parts do not go together, and why: they cost themselves, and no other.

    Refuses the whole sweep if any of its problems or estimators cannot be made, or no cell can be run.

    Under joblib the workers that will run the cells do this, so that the import of jax is not paid twice.
    """
    cards.fit(cfg)
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(store.digest(cell.config["problem"], cell.config.get("study")), []).append(cell)
    own = [*groups.values()] if "joblib" in cfg.hydra.launcher._target_ else [[*chain(*groups.values())]]
    configs = [[cell.config for cell in group] for group in own]
    limits, launcher = supervise.limits(**cfg.limit), cfg.hydra.launcher
    look = partial(supervise.check, limits=limits, trusted=list(cfg.trust))
    if "joblib" in launcher._target_:
        from joblib import delayed

        try:
            complaints = _started(cfg)(delayed(look)(group) for group in configs)
        except (ValueError, TypeError) as error:  # what it has no use for
            raise UsageError(f"hydra.launcher: {one_line(error)}") from error
        except BrokenExecutor:  # a worker was killed; what cannot be run is found again when it runs
            complaints = []
    else:
        complaints = [look(group) for group in configs]
    for complaint in complaints:
        if complaint.fatal:
            raise UsageError(complaint.fatal)
    found = zip(own, complaints, strict=False)
    unfit = [(group[place], why) for group, complaint in found for place, why in complaint.unfit.items()]
    if unfit and len(unfit) == len(cells):
        raise UsageError(unfit[0][1])
    return unfit


def _started(cfg: DictConfig) -> Any:
    """Joblib's workers, which it keeps for its launcher as that asks for them in the same words."""
    from hydra_plugins.hydra_joblib_launcher._core import process_joblib_cfg
    from joblib import Parallel, delayed

    same: Any = {name: value for name, value in cfg.hydra.launcher.items() if name != "_target_"} | {"verbose": 0}
    process_joblib_cfg(same)
    os.environ.setdefault("PYTHONWARNINGS", QUIET)
    workers = Parallel(**{**same, "backend": "loky"}, **signals.attended())
    resource_tracker.ensure_running()  # as it starts it would have them hear again
    with signals.deaf():
        workers([delayed(os.getpid)()])
    return workers


def run(cells: Sequence[Cell], cfg: DictConfig, markers: sweeps.Sweep) -> None:
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
        except BrokenExecutor:
            reason = "by a signal"
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
        path = store.path(cfg.runs_dir, cell.key)
        if store.is_done(path, cell.config):  # by the same command beside this one
            continue
        why = f"its worker was killed {FRUITLESS} times, {reason}" if reason else "its worker made no record"
        ending = endings.get(cell.key, slurm.Ending("killed", why))
        worker.record(path, {}, cell.config, ending.reason, {"died": ending.died})
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


def _cells_a_job(launcher: str, cells: int) -> int:
    """All where they go one after the other anyway, some where workers share them, else one."""
    if "basic_launcher" in launcher:
        return cells
    return -(-cells // (JOBS_PER_CORE * usable_cores())) if "joblib" in launcher else 1


def _launch(cells: Sequence[Cell], cfg: DictConfig, markers: sweeps.Sweep) -> dict[str, slurm.Ending]:
    """Hydra's launcher without its sweeper and its loader; how those cells ended that Slurm has ended."""
    cards.fit(cfg)
    cfg.sweep = markers.folder.name
    cfg.hydra.sweep.dir = str(markers.folder.absolute())  # a worker may be in another folder
    cfg.hydra.mode = RunMode.MULTIRUN
    keys = [cell.key for cell in cells]
    many = _cells_a_job(cfg.hydra.launcher._target_, len(keys))
    jobs = [[f"cells=[{','.join(keys[i : i + many])}]"] for i in range(0, len(keys), many)]
    context = HydraContext(Loader(pickle.dumps(cfg)), Callbacks(cfg))  # type: ignore[arg-type]
    launcher: Any = Plugins.instance().instantiate_launcher(context, job, cfg)
    if "joblib" in cfg.hydra.launcher._target_:
        _started(cfg)
        launcher.joblib |= signals.attended()
    if slurm.is_chosen(cfg):
        found = slurm.launch(launcher, jobs, markers.folder, lambda place: (markers.folder / keys[place]).exists())
        return {keys[place]: ending for place, ending in found.items()}
    launchers.begin(cfg)
    for result in launcher.launch(jobs, initial_job_idx=0):
        result.return_value  # noqa: B018  raises what a job raised
    return {}
