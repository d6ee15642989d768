"""Sweeps on Slurm: their cells are submitted as arrays by submitit, and the queue says what has become of them.

Hydra's launcher would wait for results: for ever where a task has died and no accounting tells of it, and for none of
the others once it does. Here what has left the queue has ended, with a record or without; that needs squeue alone.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from zobench.errors import UsageError
from zobench.sweeps import Sweep

COMMON = ("name", "timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes")
OURS = ("submitit_folder", "max_num_timeout", "stderr_to_stdout")
COMMANDS = ("sbatch", "squeue", "scancel", "scontrol")
TIME_OVER = 124  # the exit code of a task whose time is over
DIED = {"TIMEOUT": "timeout", "DEADLINE": "timeout", "OUT_OF_MEMORY": "memory"}  # what is the cell's own doing
CHATTER = ("submitit ", "srun: ")  # lines of a log that say nothing of a cell
USUAL = ("None", "Resources", "Priority", "JobArrayTaskLimit", "BeginTime", "Cleaning")  # reasons to wait that pass
SLOW_STORE = 15.0  # seconds until a file that a node has written is seen here


class Ending(NamedTuple):
    """How a cell ended that left no record: by timeout, memory or, where it is not its own doing, killed; in words."""

    died: str
    reason: str


class TimeOver(KeyboardInterrupt):
    """A cell's time on Slurm is over: what it has done is saved, and it goes no further."""


def check_commands() -> None:
    """Raise UsageError where Slurm's commands are not."""
    absent = [name for name in COMMANDS if not shutil.which(name)]
    if absent:
        raise UsageError(f"hydra/launcher=slurm: no {absent[0]} on this machine; go where Slurm's commands are")


def is_chosen(cfg: DictConfig) -> bool:
    """Whether a sweep is to run on Slurm."""
    return cfg.hydra.launcher._target_.endswith("SlurmLauncher")


def launch(
    launcher: Any, jobs: Sequence[Sequence[str]], folder: Path, is_there: Callable[[int], bool]
) -> dict[int, Ending]:
    """Run jobs (overrides of each) as arrays of Slurm, one after another where one may not be that long.

    How those ended that are not there then, by their places. If it is interrupted, what is in the queue is cancelled.
    Raises UsageError where sbatch refuses.
    """
    endings: dict[int, Ending] = {}
    size = _longest_array()
    try:
        for start in range(0, len(jobs), size):
            places = range(start, min(start + size, len(jobs)))
            tasks = _submit(launcher, [jobs[place] for place in places], start, folder)
            ids = {task.job_id.partition("_")[0] for task in tasks}
            states = _wait(ids)
            absent = {place: tasks[place - start] for place in places if not is_there(place)}
            endings |= _endings(absent, states, is_there)
            _tidy(folder, ids)
    except BaseException:
        cancel(folder)
        raise
    return endings


def jobs_of(folder: Path) -> set[str]:
    """Ids of the arrays that a sweep has submitted and not seen end: those whose pickles are in its folder."""
    return {file.name.partition("_")[0] for file in _files(folder).glob("*_submitted.pkl")}


def active(ids: Iterable[str]) -> dict[str, str]:
    """Which tasks of arrays are in the queue, each with the reason why it waits, or ""; none where there is no Slurm.

    Raises UsageError if Slurm does not answer.
    """
    ids = sorted(ids)
    if not ids or not shutil.which("squeue"):
        return {}
    asked = ["squeue", "--noheader", "--array", f"--jobs={','.join(ids)}", "--format=%i|%T|%r"]
    answer = subprocess.run(asked, capture_output=True, text=True)
    if answer.returncode and "Invalid job id" not in answer.stderr:  # which it says of those that it has forgotten
        raise UsageError(f"Slurm does not answer, and arrays {', '.join(ids)} may run: {_line(answer.stderr)}")
    rows = (row.split("|", 2) for row in answer.stdout.splitlines())
    return {task: reason if state == "PENDING" else "" for task, state, reason in rows}


def cancel(folder: Path) -> None:
    """Take what this sweep has in the queue out of it."""
    ids = jobs_of(folder)
    if ids and shutil.which("scancel"):
        subprocess.run(["scancel", "--quiet", *sorted(ids)], capture_output=True)


def adopt(runs_dir: str | Path, cells: Iterable[str]) -> None:
    """Wait for arrays that earlier commands have in the queue with any of these cells, so that none runs twice at once.

    Which cells have no record is to be asked after it. Raises UsageError if Slurm does not answer.
    """
    wanted = {*cells}
    pickles = Path(runs_dir).glob("sweeps/*/.submitit/*_submitted.pkl")
    folders = {file.parent.parent for file in pickles}
    for folder in sorted(each for each in folders if wanted & {*Sweep(each).members()}):
        ids = jobs_of(folder)
        which = f"array {', '.join(sorted(ids))}"
        if not shutil.which("squeue"):
            print(f"zobench: {which} of {folder} was given to a Slurm that cannot be asked from here", file=sys.stderr)
            continue
        left = len(active(ids))
        if left:
            end = f"scancel {' '.join(sorted(ids))}"
            words = f"{left} tasks with these cells are in Slurm's queue, {which}: waiting for them ({end} ends them)"
            print(f"zobench: {words}", file=sys.stderr)
            _wait(ids)
        _tidy(folder, ids)


def run(launcher: Any, overrides: Sequence[str], place: int, state: Any, minutes: int) -> None:
    """What a task does: one job of Hydra's launcher, ended as Ctrl-C ends it when Slurm says so.

    submitit would let SIGTERM pass, so that a cancelled cell runs for another half minute until it is killed.
    """

    def end(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    def stop(signum: int, frame: Any) -> None:
        raise TimeOver

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGUSR2, stop)
    try:
        launcher(overrides, "hydra.sweep.dir", place, f"job_id_for_{place}", state)
    except TimeOver:
        print(f"timeout: its {minutes} minutes are over; hydra.launcher.timeout_min=<minutes> retry=true gives it more")
        sys.exit(TIME_OVER)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGTERM)


def _files(folder: Path) -> Path:
    return folder / ".submitit"


def _longest_array() -> int:
    """How many tasks an array may have."""
    answer = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True)
    found = [line.partition("=")[2] for line in answer.stdout.splitlines() if line.startswith("MaxArraySize")]
    return int(found[0]) if found else 1001  # Slurm's default


def _submit(launcher: Any, jobs: Sequence[Sequence[str]], start: int, folder: Path) -> list[Any]:
    """Submitit's tasks, one a job."""
    import submitit  # pyright: ignore[reportMissingImports]
    from hydra.core.singleton import Singleton

    executor = submitit.AutoExecutor(folder=_files(folder), cluster="slurm", slurm_max_num_timeout=0)
    given = {name: value for name, value in launcher.params.items() if name not in OURS}
    named = {name if name in COMMON else f"slurm_{name}": value for name, value in given.items()}
    places, states, minutes = range(start, start + len(jobs)), repeat(Singleton.get_state()), given["timeout_min"]
    try:
        executor.update_parameters(**named, stderr_to_stdout=True)
        with redirect_stderr(StringIO()):  # submitit would say it too
            return executor.map_array(run, repeat(launcher), map(list, jobs), places, states, repeat(minutes))
    except (AssertionError, ValueError, RuntimeError) as error:  # of submitit itself, and what sbatch says
        raise UsageError(f"Slurm refuses the sweep: {_line(str(error))}") from error


def _wait(ids: set[str]) -> dict[str, str]:
    """How tasks ended, once the queue has none of them any more; a reason to wait that may never pass is said once.

    Slurm forgets how a task ended after a few minutes: it is asked whenever tasks have gone.
    """
    began, said, before, states = time.monotonic(), {*USUAL, ""}, 0, {}
    while True:
        try:
            left = active(ids)
        except UsageError as error:  # the controller is restarted, say: what runs goes on
            left = {"": str(error)}
        for task, reason in left.items():
            if reason not in said:
                print(f"zobench: {task + ' ' if task else ''}waits: {reason}", file=sys.stderr)
                said.add(reason)
        if len(left) < before or not left:
            states |= _states(ids)
        if not left:
            return states
        before = len(left)
        time.sleep(min(5.0, max(0.5, (time.monotonic() - began) / 10)))


def _endings(tasks: dict[int, Any], states: dict[str, str], is_there: Callable[[int], bool]) -> dict[int, Ending]:
    """How tasks ended whose cells are not there, once it is sure that they are not."""
    ends = {place: states.get(task.job_id, "") for place, task in tasks.items()}
    last = time.monotonic() + SLOW_STORE
    while any(ends[place] in ("", "COMPLETED") and not is_there(place) for place in ends) and time.monotonic() < last:
        time.sleep(0.5)
        for task in tasks.values():
            os.listdir(task.paths.folder)  # has a network's file system look again
    return {place: _ending(task, ends[place]) for place, task in tasks.items() if not is_there(place)}


def _states(ids: Iterable[str]) -> dict[str, str]:
    """How tasks ended, as far as Slurm remembers."""
    found = {}
    for each in ids:
        answer = subprocess.run(["scontrol", "--oneliner", "show", "job", each], capture_output=True, text=True)
        for line in answer.stdout.splitlines():
            about = dict(word.split("=", 1) for word in line.split() if "=" in word)
            task = f"{each}_{about['ArrayTaskId']}" if "ArrayTaskId" in about else each
            is_over = about.get("ExitCode") == f"{TIME_OVER}:0"
            found[task] = "TIMEOUT" if is_over else about.get("JobState", "")
    return found


def _ending(task: Any, state: str) -> Ending:
    log = task.paths.stdout
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    said = [line.strip() for line in lines if line.strip() and not line.startswith(CHATTER)]
    last = f": {said[-1]}" if said else ""
    words = f"Slurm's task {task.job_id} ended without a record, {state or 'and is forgotten'}{last} ({log})"
    return Ending(DIED.get(state, "killed"), words)


def _tidy(folder: Path, ids: Iterable[str]) -> None:
    """Remove the pickles of arrays that have ended; logs stay."""
    for each in ids:
        for file in [*_files(folder).glob(f"{each}_*.pkl")]:
            with suppress(OSError):  # another command does the same, or the store may not be written
                file.unlink()


def _line(text: str) -> str:
    """Several lines in one."""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
