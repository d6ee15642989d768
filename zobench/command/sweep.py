"""A sweep: which cells are missing, are they all possible, run them by Hydra's launcher, and what became of each."""

from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from zobench import build, store, sweeps
from zobench.command import compose, terminal
from zobench.command.compose import Cell
from zobench.command.job import job
from zobench.errors import UsageError

NOT_NUMERIC = ("runs_dir", "report_dir", "force", "sweep", "trust")


def run(overrides: Sequence[Override], cfg: DictConfig) -> tuple[list[tuple[str, Path]], list[tuple[str, str]]]:
    """Run the cells that have no record, all checked first; nothing is composed where the same sweep has ended well.

    The cells in order, label and record of each; label and reason of those that failed.
    """
    markers = sweeps.sweep(cfg.runs_dir, f"{cfg.report or 'sweep'}-{_identity(overrides, cfg)}")
    paths = [store.path(cfg.runs_dir, key) for key in markers.members()]
    if _is_known_by_name(overrides, cfg) and markers.complete.exists() and all(map(store.is_done, paths)):
        markers.renew()  # the latest sweep is the one that `zobench report` draws
        return [(label, store.path(cfg.runs_dir, key)) for key, label in markers.plan().cells.items()], []
    cells = compose.cells(overrides, cfg)
    missing = [cell for cell in cells if cfg.force or not store.is_done(store.path(cfg.runs_dir, cell.key))]
    _check(missing, cfg)
    labels = {cell.key: cell.label for cell in cells}
    markers.begin(labels, [str(each.input_line) for each in overrides], labels.keys() - {cell.key for cell in missing})
    if missing:
        with terminal.sweep_progress(markers, labels):
            _launch(missing, cfg, markers)
    markers.end()
    ended = [(cell.label, store.path(cfg.runs_dir, cell.key)) for cell in cells]
    metas = [store.read_meta(path) or {"status": "failed", "reason": "its record is missing"} for _, path in ended]
    failed = [(label, meta["reason"]) for (label, _), meta in zip(ended, metas, strict=True) if meta["status"] != "ok"]
    return ended, failed


def _is_known_by_name(overrides: Sequence[Override], cfg: DictConfig) -> bool:
    """Whether `_identity` sees all that decides the cells: not the user's own configs and problems."""
    own = cfg.hydra.searchpath or any("_target_" in override.key_or_group for override in overrides)
    return bool(cfg.report) and not cfg.force and not own


def _identity(overrides: Sequence[Override], cfg: DictConfig) -> str:
    """What decides the cells: the command line, the configs, the code, the libraries."""
    lines = [override.input_line for override in overrides if override.key_or_group not in NOT_NUMERIC]
    texts = [file.read_text() for file in sorted(Path(str(files("zobench.conf"))).rglob("*.yaml"))]
    names = [f"zobench.problems.{file.stem}" for file in sorted(Path(str(files("zobench.problems"))).glob("*.py"))]
    names += [cfg.study._target_.rpartition(".")[0]] if cfg.study else []
    return store.digest(lines, texts, store.code_hash(["zobench.build", "zobench.cell", *names]), store.versions())


def _check(cells: Sequence[Cell], cfg: DictConfig) -> None:
    """Refuse the whole sweep if any of its problems or estimators cannot be made.

    Under joblib the workers that will run the cells do this, so that the import of jax is not paid twice.
    """
    groups: dict[str, list[build.Config]] = {}
    for cell in cells:
        groups.setdefault(store.digest(cell.config["problem"], cell.config.get("study")), []).append(cell.config)
    check, launcher = partial(build.check_factories, trusted=list(cfg.trust)), cfg.hydra.launcher
    if "joblib" in launcher._target_:
        from joblib import Parallel, delayed

        # joblib keeps its workers for the launcher only if these are the same
        same = {name: launcher[name] for name in ("n_jobs", "timeout", "temp_folder", "max_nbytes", "mmap_mode")}
        complaints = Parallel(**same, backend="loky")(delayed(check)(group) for group in groups.values())
    else:
        complaints = [check([config for group in groups.values() for config in group])]
    for complaint in complaints:
        if complaint:
            raise UsageError(complaint)


def _launch(cells: Sequence[Cell], cfg: DictConfig, markers: sweeps.Sweep) -> None:
    """Hydra's launcher without its sweeper and its loader, which would compose every job twice more."""
    cfg.sweep = markers.folder.name
    cfg.hydra.mode = RunMode.MULTIRUN
    jobs = [[*cell.overrides, f"sweep={markers.folder.name}"] for cell in cells]
    context = HydraContext(compose.loader(jobs, cfg), Callbacks(cfg))  # type: ignore[arg-type]
    launcher = Plugins.instance().instantiate_launcher(context, job, cfg)
    for result in launcher.launch(jobs, initial_job_idx=0):
        result.return_value  # noqa: B018  raises what a job raised
