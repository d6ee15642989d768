"""Microseconds a step against the dimension and the number of runs, on the device that JAX finds, beside its ceilings.

`python benchmarks/accelerator.py [--quick] [--seconds 240] [--out DIR]` ends within these seconds: what no longer fits
is left out, and the page says so; what does not fit into the device's memory and what is not installed, too. One
process, all that is compared in turn. On a CPU: one thread on one core, and processor time.
"""

import os

if __name__ == "__main__":  # before jax and NumPy
    from zobench.accelerators import cards
    from zobench.surroundings import prepare_jax

    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch is to have memory too
    if not cards().kind:
        os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    prepare_jax()

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import accelerator_page as page
import accelerator_steps as ways
import jax
import numpy as np
from accelerator_page import Found, LeftOut
from accelerator_steps import AXES, FRAME, TWO, Made, Task
from others import installed

from zobench.types import Problem

ROOT = Path(__file__).parent.parent
BEGUN = time.perf_counter()
SECONDS, ENDING = 240, 20  # of the whole command; of these the last ones are for the page
REPEATS, TURN = 5, 0.06  # of each, about so many seconds of steps
LONGEST = 5.0  # seconds of a call at most
NEEDED = 40  # bytes a coordinate of all runs that some of what is measured needs at most


class Way(NamedTuple):
    """How it is made, the package that it needs, and how much shorter its calls are than others'."""

    make: Callable[[Problem, Task], Made]
    package: str = ""
    shorter: int = 1


def implementations() -> dict[str, Way]:
    """By name, what is measured wherever a task has it."""
    return {
        page.OURS: Way(ways.zobench("sphere")),
        page.GAUSSIAN: Way(ways.zobench("gaussian")),
        page.APART: Way(ways.zobench("sphere", beside=False)),
        page.MEZO: Way(ways.torch_mezo, "torch", ways.SHORTER),
        page.EVOSAX: Way(ways.evosax, "evosax"),
        page.PLAIN: Way(ways.jax_plain),
        page.COPY: Way(ways.copy),
        page.GENERATOR: Way(ways.generator),
    }


def tasks(quick: bool) -> list[Task]:
    """Those that say most first, on a CPU short ones; short before long, as their times foretell those of long ones."""
    if quick:
        return [Task(TWO, 1000, 1), Task(TWO, 10, 200), Task(AXES, 16, 20), Task(FRAME, 16, 20)]
    first = [(10**6, 1), (100, 20_000), (1000, 1000), (10**8, 1), (10**9, 1)]
    frames = [Task(AXES, 512, 20), Task(FRAME, 512, 20)]
    lines = [(1000, 1), (10**4, 1), (10**5, 1), (10**7, 1), (1000, 10), (1000, 100), (1000, 10**4)]
    lines += [(10, 10**5), (1000, 10**5)]
    every = [Task(TWO, *each) for each in first] + frames + [Task(TWO, *each) for each in lines]
    return every if jax.default_backend() != "cpu" else sorted(every, key=lambda task: task.n * task.runs)


def room() -> float:
    """Bytes that may be taken: what JAX may have of a card's memory, or half of what is free beside a CPU."""
    stats = jax.devices()[0].memory_stats() or {}
    if limit := stats.get("bytes_limit"):
        return float(limit)
    try:
        free = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        return int(free.split()[1]) * 1024 / 2
    except (OSError, StopIteration):
        return 2.0**32


class Ready(NamedTuple):
    """Something compiled, how many calls a turn has, and the seconds that a turn takes."""

    name: str
    made: Made
    calls: int
    times: list[float]


def clock() -> float:
    """Processor time where the processor computes: other work on it disturbs that less."""
    return time.process_time() if jax.default_backend() == "cpu" else time.perf_counter()


def turn(made: Made, calls: int) -> float:
    """Seconds of so many calls; what they begin from is made before."""
    state = made.start()
    made.wait(state)
    begun = clock()
    for _ in range(calls):
        state = made.go(state)
    made.wait(state)
    return clock() - begun


class Clock(NamedTuple):
    """When all has to be done, and how long things take: seconds a coordinate by name and kind, and of each compiling.

    A compiler that has begun is not stopped: nothing is compiled where there is less time than it once took.
    """

    deadline: float
    known: dict[tuple[str, str], float]
    compiling: list[float]

    def left(self) -> float:
        """Seconds."""
        return self.deadline - time.perf_counter()


def prepared(name: str, way: Way, problem: Problem, task: Task, about: Clock) -> Ready | str:
    """It, compiled and warm; or why it is left out."""
    if way.package and not installed(way.package):
        return f"{way.package} is not installed"
    foretold = about.known.get((name, task.kind), 0.0) * task.n * task.runs * ways.steps_of(task) / way.shorter
    if foretold > LONGEST:
        return "a call would take too long"
    if about.left() < max(about.compiling, default=2.0) + 3 * foretold:
        return "no time left"
    begun = time.perf_counter()
    try:
        made = way.make(problem, task)
        about.compiling.append(time.perf_counter() - begun)
        turn(made, 1)  # what is compiled or allocated in a first call is not counted
        if about.left() <= 0:
            return "no time left"
        once = max(turn(made, 1), 1e-6)
    except Exception as error:  # of a peer's library, of the device's memory: the rest is measured
        return _said(error)
    if once * REPEATS > about.left():
        return "no time left"
    return Ready(name, made, max(1, round(TURN / once)), [])


def measure(task: Task, about: Clock) -> tuple[list[Found], list[LeftOut]]:
    """All that there is for a task in turn, so many times over, and what is left out and why."""
    if NEEDED * task.n * task.runs > (memory := room()):
        why = f"{NEEDED} bytes a coordinate are more than the {memory / 2**30:.0f} GiB that may be taken"
        return [], [LeftOut(task, "all", why)]
    if about.left() < 5:
        return [], [LeftOut(task, "all", "no time left")]
    problem, ready, left = ways.problem_of(task.n), [], []
    beside = ways.is_together(problem, task)
    for name, way in _those(task, beside).items():
        found = prepared(name, way, problem, task, about)
        if isinstance(found, Ready):
            ready.append(found)
        else:
            left.append(LeftOut(task, name, found))
    left += [LeftOut(task, name, why) for name, why in in_turn(ready, about)]
    for each in ready:
        about.known[each.name, task.kind] = float(np.median(each.times)) / task.n
    layout = "together" if beside else "apart"
    return [_found(task, each, layout if each.name.startswith(page.OURS) else "") for each in ready], left


def in_turn(ready: list[Ready], about: Clock) -> list[tuple[str, str]]:
    """Time each, and again, while there is time; what fails leaves the list, with the reason."""
    failed = []
    for i in range(REPEATS):
        for each in [*ready]:
            if i and about.left() <= 0:
                return failed
            try:
                each.times.append(turn(each.made, each.calls) / (each.calls * each.made.steps * each.made.moved))
            except Exception as error:  # such as of the device's memory
                ready.remove(each)
                failed.append((each.name, _said(error)))
    return failed


def _said(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def _those(task: Task, beside: bool) -> dict[str, Way]:
    """All of them for two points, else zobench's alone; apart only where that is not what auto takes."""
    every = implementations()
    names = [*every] if task.kind == TWO else [page.OURS, page.APART]
    return {name: every[name] for name in names if beside or name != page.APART}


def _found(task: Task, each: Ready, layout: str) -> Found:
    layout = "apart" if each.name == page.APART else layout
    held = each.made.bytes / (task.n * each.made.moved)
    return Found(task, each.name, layout, [second * 1e6 for second in each.times], held)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write accelerator.md, accelerator.csv, accelerator_memory.csv and the figure."""
    begun = BEGUN if arguments is None else time.perf_counter()
    parser = argparse.ArgumentParser(description="Steps on the device that JAX finds, and what it can do at most.")
    parser.add_argument("--quick", action="store_true", help="small sizes, in seconds")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="what the whole command may take")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    asked = parser.parse_args(arguments)
    memory = page.memory(10**4 if asked.quick else 10**6)
    about = Clock(begun + asked.seconds - ENDING, {}, [])
    found, left = [], []
    for task in tasks(asked.quick):
        new, out = measure(task, about)
        found, left = found + new, left + out
        shown = ", ".join(f"{each.name} {np.median(each.microseconds):.3g}" for each in new)
        print(f"{task.kind}, n = {task.n:,}, runs = {task.runs:,}: {shown or out[0].why}", flush=True)
    page.write(asked.out, found, left, memory, asked.seconds)
    print(f"{time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
