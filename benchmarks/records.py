"""What a run costs beyond its steps: records, the host's look at them, a loop of one's own, many seeds beside NumPy.

`python benchmarks/records.py [--out DIR]` takes two minutes. Processor time of one process on one core, all of a row in
turn: other work on the machine disturbs it less than a clock.
"""

import os

if __name__ == "__main__":  # before jax and NumPy
    from zobench.surroundings import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import harness
import jax
import jax.numpy as jnp
import numpy as np
import optax
import steps
from harness import Run, Setting

from zobench import loop, surroundings, together
from zobench.estimators import autodiff, two_point
from zobench.methods import descent
from zobench.report import files
from zobench.stepping import stepper
from zobench.training import as_optax
from zobench.types import Problem, sum_each

ROOT = Path(__file__).parent.parent
REPEATS = 7
A_CALL = 1000  # steps of one's own loop that are made at once
NOTES = [
    "Microseconds a step of a run, processor time: median (least to most) of 7 turns on one core, without compiling;",
    "f(x) = ½ Σ hᵢxᵢ². Ratios are to the first of each table.",
    "",
    "- block: the compiled block, few records. run: as a run goes, a record every n/2 steps. stepper: `zo.stepper`,",
    "  1000 steps a call. jit a step: `zo.as_optax` in a function that is compiled and called for each step.",
    "- gradient descent: a record each step; scan: the step and three sums in one pass, in `lax.scan`, nothing else.",
    "- 1,000 runs: together, as `layout=auto` takes them, and apart, all with their records; NumPy moves them all at",
    "  once and keeps no records. Below: the same for fewer runs and at other n, whatever `layout=auto` takes.",
]
SHORT = (  # n, runs, steps of each
    (10, 10, 50_000), (10, 100, 10_000), (10, 1000, 2000), (64, 10, 10_000), (64, 64, 5000), (100, 100, 5000),
    (1000, 100, 2000),
)  # fmt: skip
Make = Callable[[Problem, Setting, int], Run]


class Row(NamedTuple):
    """What is compared in one setting: by name what makes so many steps of each run, each its own number."""

    title: str
    setting: Setting
    those: dict[str, tuple[Make, int]]


def own_block(problem: Problem, setting: Setting, count: int) -> Run:
    """`zo.stepper`, A_CALL steps a call."""
    advance = stepper(problem, two_point(), optax.sgd(1 / setting.n))

    def go(seed: int) -> np.ndarray:
        x, position = problem.x0, None
        for _ in range(count // A_CALL):
            x, position = advance(x, A_CALL, position)
        return np.asarray(x)[None]

    return go


def jit_a_step(problem: Problem, setting: Setting, count: int) -> Run:
    """A compiled step, called from Python."""
    optimizer = optax.chain(as_optax(two_point()), optax.sgd(1 / setting.n))

    @jax.jit
    def step(x, state):
        update, state = optimizer.update(x, state, x, value_fn=problem.f)  # it takes no gradient
        return optax.apply_updates(x, update), state

    def go(seed: int) -> np.ndarray:
        x, state = problem.x0, optimizer.init(problem.x0)
        for _ in range(count):
            x, state = step(x, state)
        return np.asarray(x)[None]

    return go


def gradient_run(problem: Problem, setting: Setting, count: int) -> Run:
    """Gradient descent as a run goes: a record each step."""
    program = loop.compile_block(problem, lambda step: descent(autodiff(), optax.sgd(step)))
    stop = loop.Stop("gap", -1.0, np.inf, count)
    return lambda seed: loop.advance(program, [0.5], [seed], stop, lambda k: None).x_end


def gradient_scan(problem: Problem, setting: Setting, count: int) -> Run:
    """The same step and three sums, in a scan."""

    def one(x, _):
        g = jax.grad(problem.f)(x)
        return x - 0.5 * g, jnp.stack(sum_each(problem.f.terms(x), g * g, x * x))  # type: ignore[attr-defined]

    whole = jax.jit(lambda x: jax.lax.scan(one, x, length=count)).lower(problem.x0).compile()

    def go(seed: int) -> np.ndarray:
        return np.asarray(whole(problem.x0)[1])[-1:]

    return go


def grouped(problem: Problem, setting: Setting, count: int) -> Run:
    """Runs together, with their records."""
    size = together.size_of(setting.n, setting.runs)
    program = together.compile_group(problem, lambda step: descent(two_point(), optax.sgd(step)), size)
    stop = loop.Stop("gap", -1.0, np.inf, count)

    def go(seed: int) -> np.ndarray:
        return together.advance(program, 1 / setting.n, range(setting.runs), stop, lambda k: None).x_end

    return go


def rows() -> list[Row]:
    """What is measured; about as many steps of each as take a tenth of a second."""
    found = []
    for n, count in ((10, 400_000), (100, 100_000), (1000, 20_000)):
        those = {"block": (steps.zobench_block, count), "run": (steps.zobench_run, count)}
        own = {"stepper": (own_block, count), "jit a step": (jit_a_step, 1000)}
        found.append(Row("two points, one run", Setting(n, 1, "float32"), those | own))
    for n, count in ((10, 200_000), (1000, 50_000)):
        those = {"scan": (gradient_scan, count), "run": (gradient_run, count)}
        found.append(Row("gradient descent, a record each step", Setting(n, 1, "float64"), those))
    for dtype in harness.DTYPES:
        those = {"together": (grouped, 5000), "apart": (steps.zobench_run, 1000), "NumPy": (steps.numpy_tuned, 1000)}
        found.append(Row("two points, 1,000 runs", Setting(10, 1000, dtype), those))
    for n, runs, count in SHORT:
        those = {"together": (grouped, count), "apart": (steps.zobench_run, count)}
        found.append(Row("runs together and apart", Setting(n, runs, "float64"), those))
    return found


def measure(row: Row, repeats: int) -> dict[str, list[float]]:
    """Processor microseconds a step of a run, of each in turn."""
    with harness.precision(row.setting):
        problem = steps.problem_of(row.setting)
        problem = problem._replace(x_star=jnp.asarray(problem.x_star, row.setting.dtype))
        ready = {name: (make(problem, row.setting, count), count) for name, (make, count) in row.those.items()}
        times: dict[str, list[float]] = {name: [] for name in ready}
        for repeat in range(repeats + 1):
            for name, (go, count) in ready.items():
                start = time.process_time()
                go(repeat)
                times[name].append((time.process_time() - start) * 1e6 / count / row.setting.runs)
    return {name: found[1:] for name, found in times.items()}  # the first one warms up


def page(found: Sequence[dict[str, str | float]]) -> str:
    """The numbers, a table for each kind."""
    lines = ["# What a run costs beyond its steps", "", f"{surroundings.machine()['processor']}.", *NOTES]
    for title in dict.fromkeys(str(row["what"]) for row in found):
        lines += ["", f"| {title} | n | runs | | µs a step of a run | ratio |"]
        lines += ["| --- | ---: | ---: | --- | ---: | ---: |"]
        for row in (row for row in found if row["what"] == title):
            spread = f"{row['microseconds']:.3g} ({row['least']:.3g} to {row['most']:.3g})"
            about = f"{row['dtype']} | {row['n']} | {row['runs']} | {row['name']}"
            lines.append(f"| {about} | {spread} | {row['ratio']:.3g} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write records.md and records.csv."""
    parser = argparse.ArgumentParser(description="What a run costs beyond its steps.")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    asked = parser.parse_args(arguments)
    found = []
    for row in rows():
        times = measure(row, asked.repeats)
        first = float(np.median(next(iter(times.values()))))
        for name, each in times.items():
            middle = float(np.median(each))
            about = {"what": row.title, **row.setting._asdict(), "name": name, "microseconds": middle}
            found.append({**about, "least": min(each), "most": max(each), "ratio": middle / first})
            print(f"{row.title}, n = {row.setting.n}, {row.setting.dtype}: {name} {middle:.3g}", flush=True)
    files.write(asked.out / "records.md", page(found))
    files.write_csv(asked.out / "records.csv", found)


if __name__ == "__main__":
    main()
