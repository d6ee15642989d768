"""Sweeps: a folder each, which says what was planned, which cells are running and which have ended.

`plan.json` names all cells in order before the first of them runs; `cells.json` has their configs. An empty file named
like its record stands for each cell that has ended, one with the suffix .running for each that runs; `complete` for the
whole, `ending` for one that is to go no further. The order of sweeps is that of the times in their plans, so a copy
keeps it.
"""

import json
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from zobench import atomic

Config = dict[str, Any]

SILENT = 60.0  # seconds without a sign of life, after which a cell that was running has died


class Plan(NamedTuple):
    """What a sweep is to run: labels by key, in order; the command; when it was begun last, seconds of Unix time.

    `page`: how its page was asked for, as keys of the command have it.
    """

    cells: dict[str, str]
    command: Sequence[str] = ()
    begun: float = 0.0
    page: Mapping[str, Any] = {}


class Sweep(NamedTuple):
    """The folder of a sweep."""

    folder: Path

    @property
    def complete(self) -> Path:
        """The file that says that every cell has ended."""
        return self.folder / "complete"

    def begin(
        self,
        cells: Mapping[str, str],
        command: Sequence[str] = (),
        ended: Iterable[str] = (),
        configs: Mapping[str, Config] | None = None,
        page: Mapping[str, Any] | None = None,
    ) -> None:
        """Plan these cells, labels by key; forget the markers of an earlier run but for cells that have ended well.

        `configs`: of all cells by key, for the workers. `page`: how that of the sweep is asked for.
        """
        old = [file for file in self.folder.glob("*") if len(file.stem) == 16 or file.name in ("complete", "ending")]
        for file in old:
            file.unlink(missing_ok=True)
        self._write(Plan(dict(cells), command, _after(self.folder), page or {}))
        atomic.write(self.folder / "cells.json", json.dumps(configs or {}).encode())
        for key in ended:
            self.mark(key)

    def renew(self, page: Mapping[str, Any] | None = None) -> None:
        """Make it the latest, its `page` as it is asked for now; where it may not be written it stays where it is."""
        plan = self.plan()
        try:
            self._write(plan._replace(begun=_after(self.folder), page=plan.page if page is None else page))
        except OSError:
            return

    def _write(self, plan: Plan) -> None:
        atomic.write(self.folder / "plan.json", json.dumps(plan._asdict(), indent=1).encode())

    def configs(self) -> dict[str, Config]:
        """The configs of the cells, by key."""
        file = self.folder / "cells.json"
        return _configs(file, file.stat().st_mtime_ns)

    def plan(self) -> Plan:
        """What is planned; where no plan can be read, the cells that have ended."""
        try:
            found = Plan(**json.loads((self.folder / "plan.json").read_text()))
            return found._replace(cells=dict(found.cells), begun=float(found.begun), page=dict(found.page))
        except (OSError, ValueError, TypeError):
            return Plan({key: key for key in self.ended()})

    def mark(self, key: str) -> None:
        """Count a cell as ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / key).touch()
        self.still(key)

    def beat(self, key: str) -> None:
        """Say that a cell is running; to be said again before `SILENT` is over."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{key}.running").touch()

    def ask_to_end(self) -> None:
        """Ask the cells that are running, wherever they do, to save what they have and to go no further."""
        (self.folder / "ending").touch()

    def is_ending(self) -> bool:
        """Whether its cells are to go no further."""
        return (self.folder / "ending").exists()

    def still(self, key: str) -> None:
        """Say that a cell is not running any more."""
        (self.folder / f"{key}.running").unlink(missing_ok=True)

    def running(self) -> list[str]:
        """Keys of the cells that have given a sign of life of late."""
        since = time.time() - SILENT
        return sorted(file.stem for file in self.folder.glob("*.running") if _modified(file) > since)

    def ended(self) -> list[str]:
        """Keys of the cells that have ended, oldest first."""
        if not self.folder.is_dir():
            return []
        found = [file for file in self.folder.iterdir() if len(file.name) == 16 and "." not in file.name]
        return [file.name for file in sorted(found, key=lambda file: (_modified(file), file.name))]

    def end(self) -> None:
        """Say that every cell has ended."""
        self.complete.touch()

    def cells(self) -> list[tuple[str, Path]]:
        """All cells in order: label, and where the record is or would be."""
        runs_dir = self.folder.parents[1]
        return [(label, runs_dir / f"{key}.npz") for key, label in self.plan().cells.items()]

    def again(self) -> str:
        """The command that goes on with this sweep, to be pasted into a shell; "" where the plan does not say."""
        return command(self.plan().command, self.folder.parents[1])

    def members(self) -> list[str]:
        """All cells of the sweep in order, whether they have ended or not."""
        return [*self.plan().cells]


def command(overrides: Sequence[str], runs_dir: str | Path) -> str:
    """The command of a sweep with these overrides, to be pasted into a shell; "" where there are none."""
    own = [word for word in overrides if not word.startswith("runs_dir=")]
    if not own:
        return ""
    multirun = [] if any(word.startswith("experiment=") for word in own) else ["-m"]
    return shlex.join(["zobench", *multirun, *own, *([] if str(runs_dir) == "runs" else [f"runs_dir={runs_dir}"])])


@lru_cache(maxsize=1)
def _configs(file: Path, written: int) -> dict[str, Config]:
    return json.loads(file.read_text())


def _modified(file: Path) -> float:
    """When; 0 where it has gone meanwhile."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _after(folder: Path) -> float:
    """Now, and in any case after all sweeps of the store: clocks may be set back."""
    others = [Sweep(other).plan().begun for other in folder.parent.glob("*-*")]
    return max([time.time(), *(begun + 1e-3 for begun in others)])


def sweeps(runs_dir: str | Path) -> dict[str, list[Sweep]]:
    """All sweeps by name, the latest last."""
    folders = [folder for folder in Path(runs_dir).glob("sweeps/*-*") if folder.is_dir()]
    found: dict[str, list[Sweep]] = {}
    for folder in sorted(folders, key=lambda folder: (Sweep(folder).plan().begun, folder.name)):
        found.setdefault(folder.name.rpartition("-")[0], []).append(Sweep(folder))
    return found


def sweep(runs_dir: str | Path, name: str) -> Sweep:
    """The sweep of that folder name (<experiment>-<id>)."""
    return Sweep(Path(runs_dir) / "sweeps" / name)
