"""A sweep: which of its cells are missing, and what became of each."""

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib.resources import files
from pathlib import Path

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from zobench import store, sweeps
from zobench.command import compose, keys, launch, launchers, slurm, terminal, worker
from zobench.command.compose import Cell
from zobench.command.folders import require_writable
from zobench.command.job import is_settled
from zobench.surroundings import bound_programs
from zobench.survey import LEFT_OUT

NOT_NUMERIC = ("runs_dir", "report_dir", "report_formats", "report_labels", "report_order", "force", "sweep", "retry")
NOT_NUMERIC += ("trust", "limit.seconds", "limit.gigabytes")
NO_RECORD = {"status": "failed", "reason": "no record could be written, or it has gone; is the disk full?"}


def run(overrides: Sequence[Override], cfg: DictConfig) -> tuple[list[tuple[str, Path]], list[tuple[str, str]]]:
    """Run the cells that have no record, all checked first; nothing is composed where the same sweep has ended well.

    The cells in order, label and record of each; label and reason of those that failed.
    """
    if slurm.is_chosen(cfg):
        slurm.check_commands()
    markers = sweeps.sweep(cfg.runs_dir, f"{cfg.report or 'sweep'}-{_identity(overrides, cfg)}")
    paths = [store.path(cfg.runs_dir, key) for key in markers.members()]
    if _is_known_by_name(overrides, cfg) and markers.complete.exists() and all(map(store.is_done, paths)):
        markers.renew(keys.page(cfg))  # the latest sweep is the one that `zobench report` draws
        return [(label, store.path(cfg.runs_dir, key)) for key, label in markers.plan().cells.items()], []
    cells = compose.cells(overrides, cfg)
    keys.wording(cfg).check(cell.config for cell in cells)
    slurm.adopt(cfg.runs_dir, [cell.key for cell in cells])
    labels = {cell.key: cell.label for cell in cells}
    missing = [cell for cell in cells if cfg.force or not is_settled(_path(cell, cfg), cell.config, cfg)]
    if missing:
        require_writable("runs_dir", cfg.runs_dir)
        store.sweep_up(cfg.runs_dir)
    unfit = launch.check(missing, cfg)
    for cell, why in unfit:
        worker.record(_path(cell, cfg), {}, cell.config, why, {"died": LEFT_OUT})
    missing = [cell for cell in missing if cell.key not in {one.key for one, _ in unfit}]
    command = [str(override.input_line) for override in overrides]
    ended = labels.keys() - {cell.key for cell in missing}
    with nullcontext() if missing else suppress(OSError):  # a store that may not be written is read all the same
        markers.begin(labels, command, ended, {cell.key: cell.config for cell in cells}, keys.page(cfg))
        if missing:
            launchers.advise(overrides, cfg, len(missing))
            with terminal.sweep_progress(markers, labels):
                launch.run(missing, cfg, markers)
                bound_programs()
        markers.end()
    return [(cell.label, _path(cell, cfg)) for cell in cells], _failed(cells, cfg)


def _path(cell: Cell, cfg: DictConfig) -> Path:
    return store.path(cfg.runs_dir, cell.key)


def _failed(cells: Sequence[Cell], cfg: DictConfig) -> list[tuple[str, str]]:
    """Label and reason of the cells that failed; those that were left out are told here."""
    metas = [(cell.label, store.read_meta(_path(cell, cfg)) or NO_RECORD) for cell in cells]
    terminal.left_out([(label, meta["reason"]) for label, meta in metas if meta.get("died") == LEFT_OUT])
    return [(label, meta["reason"]) for label, meta in metas if meta["status"] != "ok" and meta.get("died") != LEFT_OUT]


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
