"""Microseconds a step of a run: zobench's compiled block beside NumPy, C, and JAX as one first writes it.

`python benchmarks/loop.py [--quick] [--out DIR]` takes about two minutes. A step is two values along one sphere
direction and descent with α = 1/n, on f(x) = ½ Σ hᵢxᵢ². All is measured in one process on one core, one implementation
after the other and then again, without compiling: quote ratios, not times.
"""

import os

if __name__ == "__main__":  # before jax and NumPy: one thread, on one core where the system allows to choose it
    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import run
from zobench.differences import best_eps
from zobench.estimators import two_point
from zobench.methods import descent
from zobench.problems.quadratic import quadratic
from zobench.report import figures, files
from zobench.types import Problem

ROOT = Path(__file__).parent.parent
REPEATS = 5
DTYPES = ("float32", "float64")
CACHED = 1 << 14  # coordinates that NumPy works on at a time
Run = Callable[[int], np.ndarray]


class Setting(NamedTuple):
    """What is measured: dimension, number of runs, dtype."""

    n: int
    runs: int
    dtype: str


class Implementation(NamedTuple):
    """`make(problem, setting, steps)` gives a function of a seed that makes the steps and returns x of shape [runs, n].

    Microseconds a step of all runs and nanoseconds a coordinate are guesses, which set the number of steps.
    """

    name: str
    make: Callable[[Problem, Setting, int], Run]
    microseconds: float
    nanoseconds: float
    colour: str
    marker: str
    most: int = 1 << 62  # coordinates of all runs up to which it is measured


class Measurement(NamedTuple):
    """Microseconds a step of a run: one for each repeat."""

    setting: Setting
    name: str
    steps: int
    microseconds: list[float]


def problem_of(setting: Setting) -> Problem:
    """The log-uniform quadratic; call it, and whatever runs it, under the setting's precision."""
    return quadratic(setting.n)


def precision(setting: Setting) -> Any:
    """JAX's switch between float32 and float64, as a context."""
    return jax.enable_x64(setting.dtype == "float64")


def zobench_block(problem: Problem, setting: Setting, steps: int) -> Run:
    """One call of the block: 64 records however many the steps."""
    program = _compiled(problem)
    return _advance(program._replace(every=steps // program.records + 1), setting, steps)


def zobench_run(problem: Problem, setting: Setting, steps: int) -> Run:
    """As `zobench run` goes: a record every n/4 steps, and a look by the host every 64 records."""
    return _advance(_compiled(problem), setting, steps)


def _compiled(problem: Problem) -> run.Program:
    return run.compile_block(problem, lambda step: descent(two_point(), optax.sgd(step)))


def _advance(program: run.Program, setting: Setting, steps: int) -> Run:
    stop = run.Stop("gap", -1.0, np.inf, steps)

    def go(seed: int) -> np.ndarray:
        seeds = range(seed * setting.runs, (seed + 1) * setting.runs)
        return run.advance(program, [1 / setting.n] * setting.runs, seeds, stop, lambda k: None).x_end

    return go


def jax_plain(problem: Problem, setting: Setting, steps: int) -> Run:
    """`random.normal` in a scan, and vmap over the runs."""
    n, f, x0 = setting.n, problem.f, problem.x0
    eps = best_eps("central", x0.dtype)

    def step(x, key):
        v = jax.random.normal(key, (n,), x.dtype)
        v = v / jnp.linalg.norm(v)
        slope = (f(x + eps * v) - f(x - eps * v)) / (2 * eps)
        return x - 1 / n * (n * slope * v), None

    def one(key):
        return jax.lax.scan(step, x0, jax.random.split(key, steps))[0]

    keys = jax.random.split(jax.random.key(0), setting.runs)
    whole = jax.jit(jax.vmap(one) if setting.runs > 1 else lambda keys: one(keys[0])[None]).lower(keys).compile()
    return lambda seed: np.asarray(whole(jax.random.split(jax.random.key(seed), setting.runs)))


def numpy_tuned(problem: Problem, setting: Setting, steps: int) -> Run:
    """No allocation in the loop, both values in one product, as many runs at a time as stay in the cache."""
    x0 = np.asarray(problem.x0)
    n, dtype, eps = setting.n, x0.dtype, best_eps("central", x0.dtype)
    half = (np.asarray(_eigenvalues(problem)) / 2).astype(dtype)
    size = max(1, min(setting.runs, CACHED // n))

    def group(rng: np.random.Generator, x: np.ndarray) -> None:
        v, both = np.empty_like(x), np.empty((2, *x.shape), dtype)
        ahead, behind = both
        for _ in range(steps):
            rng.standard_normal(dtype=dtype.type, out=v)
            reach = eps / np.sqrt(np.einsum("ij,ij->i", v, v))
            np.multiply(v, reach[:, None].astype(dtype), out=v)  # εv
            np.add(x, v, out=ahead)
            np.subtract(x, v, out=behind)
            np.multiply(both, both, out=both)
            up, down = both @ half
            np.multiply(v, ((up - down) / (2 * eps**2))[:, None].astype(dtype), out=v)  # αn D v, αn = 1
            np.subtract(x, v, out=x)

    def go(seed: int) -> np.ndarray:
        rng = np.random.Generator(np.random.SFC64(seed))
        x = np.tile(x0, (setting.runs, 1))
        for first in range(0, setting.runs, size):
            group(rng, x[first : first + size])
        return x

    return go


def fused(library: ctypes.CDLL) -> Callable[[Problem, Setting, int], Run]:
    """The loop of fused.c, run after run."""

    def make(problem: Problem, setting: Setting, steps: int) -> Run:
        x0 = np.asarray(problem.x0)
        h, buffer = np.asarray(_eigenvalues(problem)).astype(x0.dtype), np.empty(setting.n, np.float32)
        kernel = getattr(library, f"fused_{x0.dtype}")
        long, real = ctypes.c_long, ctypes.c_double
        kernel.argtypes = [long, long, long, *[ctypes.c_void_p] * 3, real, real, ctypes.c_uint64]
        kernel.restype = None
        eps = best_eps("central", x0.dtype)

        def go(seed: int) -> np.ndarray:
            x = np.tile(x0, (setting.runs, 1))
            pointers = (part.ctypes.data for part in (h, x, buffer))
            kernel(setting.n, setting.runs, steps, *pointers, eps, 1 / setting.n, seed)
            return x

        return go

    return make


def _eigenvalues(problem: Problem) -> np.ndarray:
    assert problem.modes is not None
    return problem.modes.eigenvalue


def compiled_kernel() -> ctypes.CDLL | None:
    """fused.c for this machine, or None where there is no C compiler or it refuses."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder) / "fused.o", Path(folder) / "fused.so"
        fast = ["-O3", "-march=native", "-ffast-math", "-fPIC", "-c"]
        try:  # linked without -ffast-math, which would turn off subnormal numbers in the whole process
            for arguments in ([*fast, str(Path(__file__).with_name("fused.c"))], ["-shared", "-lm", str(code)]):
                made = library if "-shared" in arguments else code
                subprocess.run([compiler, *arguments, "-o", str(made)], check=True, capture_output=True)
            return ctypes.CDLL(str(library))
        except (subprocess.CalledProcessError, OSError):
            return None


def implementations() -> list[Implementation]:
    """Those that are compared, zobench first; C where there is a compiler."""
    library = compiled_kernel()
    limit = [] if library is None else [Implementation("fused C", fused(library), 0.02, 1.5, figures.BLACK, "s")]
    return [
        Implementation("zobench", zobench_block, 0.1, 4, figures.VERMILLION, "^"),
        Implementation("zobench, records", zobench_run, 1, 6, figures.ORANGE, "v", most=4000),
        Implementation("JAX, plain", jax_plain, 1, 14, figures.BLUE, "o"),
        Implementation("NumPy", numpy_tuned, 16, 12, figures.GREEN, "D"),
        *limit,
    ]


def steps_of(each: Implementation, setting: Setting, seconds: float) -> int:
    """About so many seconds of steps; for zobench, whole blocks less a step, after which it stops."""
    size = setting.n * setting.runs
    steps = max(2, int(seconds / (each.microseconds * 1e-6 + each.nanoseconds * 1e-9 * size)))
    if each.make is zobench_block:  # so many steps that records weigh little
        least = 16 if size <= 10**5 else 8 if size <= 4 * 10**5 else 2
        return max(least, steps // run.RECORDS) * run.RECORDS - 1
    if each.make is zobench_run:
        block = run.RECORDS * max(1, round(setting.n / run.RECORDS_PER_GRADIENT_STEP))
        return max(1, steps // block) * block - 1
    return steps


def measure(setting: Setting, those: Sequence[Implementation], seconds: float, repeats: int) -> list[Measurement]:
    """Each implementation in turn, so many times over; about so many seconds for each."""
    with precision(setting):
        problem = problem_of(setting)
        ready = []
        for each in those:
            if setting.n * setting.runs > each.most:
                continue
            steps = steps_of(each, setting, seconds)
            ready.append((each.name, steps, each.make(problem, setting, steps), []))
        for repeat in range(repeats + 1):
            for _, steps, go, times in ready:
                start = time.perf_counter()
                go(repeat)
                times.append((time.perf_counter() - start) * 1e6 / (steps * setting.runs))
    return [Measurement(setting, name, steps, times[1:]) for name, steps, _, times in ready]  # the first one warms up


def settings(quick: bool) -> list[Setting]:
    """Dimensions, runs and precisions; 10⁶ for one run only."""
    sizes = (10, 1000) if quick else (10, 100, 1000, 10**4, 10**5, 10**6)
    return [Setting(n, runs, dtype) for dtype in DTYPES for runs in (1, 32) for n in sizes if n * runs < 10**7]


def table(measured: Sequence[Measurement], names: Sequence[str]) -> str:
    """Microseconds as median (least-most), then zobench's median over that of each: below 1, zobench is faster."""
    cells = {(m.setting, m.name): m.microseconds for m in measured}
    others = [name for name in names if name != "zobench"]
    lines = [
        "# A two-point step: microseconds a step of a run",
        "",
        f"Median (least to most) of {len(measured[0].microseconds)} on one core, without compiling; f(x) = ½ Σ hᵢxᵢ². "
        "Other work disturbs the times: read the ratios.",
        "",
        "- zobench: the compiled block, one call a group of min(32, 512/n) runs: a single run pays for a whole group. "
        "A record every 16 steps or more; every 8 or 2 above 10⁵ and 4·10⁵ coordinates of all runs.",
        "- zobench, records: as a run goes, a record every n/4 steps and a look by the host every 64 of them.",
        "- JAX, plain: `random.normal` in `lax.scan`, `vmap` over runs.",
        "- NumPy: tuned, `out=`, nothing allocated in the loop, runs in groups that stay in the cache.",
        "- fused C: `fused.c`, xoshiro128+ and Box-Muller in 16 lanes, three passes; the limit."
        if "fused C" in names
        else "- fused C: left out, as no C compiler was found.",
    ]
    for shown, columns in (("time", list(names)), ("zobench's time over that of", others)):
        lines += ["", f"| {shown} |  |  | {' | '.join(columns)} |", f"| --- | ---: | ---: |{' ---: |' * len(columns)}"]
        for setting in dict.fromkeys(m.setting for m in measured):
            own = np.median(cells[setting, "zobench"])
            texts = []
            for name in columns:
                times = cells.get((setting, name))
                if times is None:
                    texts.append("")
                elif shown == "time":
                    texts.append(f"{_digits(np.median(times))} ({_digits(min(times))} to {_digits(max(times))})")
                else:
                    texts.append(f"{own / np.median(times):.2f}")
            runs = "1 run" if setting.runs == 1 else f"{setting.runs} runs"
            lines.append(f"| {setting.dtype}, {runs} | n = | {setting.n} | {' | '.join(texts)} |")
    return "\n".join(lines).replace("|  |  |", "|  | n |").replace("| n = |", "|  |") + "\n"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def rows(measured: Sequence[Measurement]) -> list[dict[str, Any]]:
    """The table's numbers, one line for each measurement."""
    own = {m.setting: np.median(m.microseconds) for m in measured if m.name == "zobench"}
    return [
        {
            **m.setting._asdict(),
            "implementation": m.name,
            "steps": m.steps,
            "microseconds": float(np.median(m.microseconds)),
            "least": min(m.microseconds),
            "most": max(m.microseconds),
            "zobench_over_this": float(own[m.setting] / np.median(m.microseconds)),
        }
        for m in measured
    ]


def draw(measured: Sequence[Measurement], those: Sequence[Implementation], folder: Path) -> None:
    """loop.png and loop.svg: a panel for each precision and number of runs."""
    kinds = dict.fromkeys((m.setting.dtype, m.setting.runs) for m in measured)
    with figures.context():
        figure, grid = figures.panels(2, 2, wide=3.1, high=2.5, foot=1.0, head=0.65)
        for axes, (dtype, runs) in zip(chain(*grid), kinds, strict=True):
            ends = []
            for each in those:
                inside = [m for m in measured if m.name == each.name and m.setting[1:] == (runs, dtype)]
                n, times = [m.setting.n for m in inside], np.array([m.microseconds for m in inside])
                middle = np.median(times, axis=1)
                axes.fill_between(n, times.min(axis=1), times.max(axis=1), color=each.colour, alpha=0.2, lw=0)
                axes.plot(n, middle, color=each.colour, marker=each.marker, label=each.name)
                ends.append((middle[0], each))
            axes.set(xscale="log", yscale="log", title=f"{dtype}, {runs} run{'s' * (runs > 1)}")
            axes.set(xlabel="dimension n", ylabel="µs a step of a run")
            _label(axes, ends, min(m.setting.n for m in measured))
        figures.legend(figure, grid[0][0].lines, "median of repeats, band from least to most; one core", columns=5)
        figures.save(figure, folder, "loop")


def _label(axes: Any, ends: list[tuple[float, Implementation]], n: int) -> None:
    """Names left of the curves' first points, moved apart where they would touch."""
    low, high = np.log(axes.get_ylim())
    apart, below = 0.055 * (high - low), -np.inf
    for y, each in sorted(ends, key=lambda end: end[0]):
        below = max(np.log(y), below + apart)
        axes.annotate(
            each.name,
            (n, np.exp(below)),
            xytext=(-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=6.5,
            color=each.colour,
        )
    left, right = axes.get_xlim()
    axes.set_xlim(n * (left / right) ** 0.4, right)
    axes.set_xticks([tick for tick in axes.get_xticks() if n <= tick <= right])
    axes.tick_params(axis="x", which="minor", length=0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write table.md, table.csv, loop.png and loop.svg."""
    parser = argparse.ArgumentParser(description="Time of a two-point step: zobench, JAX, NumPy, C.")
    parser.add_argument("--quick", action="store_true", help="n = 10 and 1000, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    asked = parser.parse_args(arguments)
    those = implementations()
    names = [each.name for each in those]
    if "fused C" not in names:
        print("no C compiler: the fused loop is left out")
    measured = []
    for setting in settings(asked.quick):
        new = measure(setting, those, 0.01 if asked.quick else 0.08, 3 if asked.quick else REPEATS)
        measured += new
        shown = ", ".join(f"{m.name} {np.median(m.microseconds):.3g}" for m in new)
        print(f"{setting.dtype} n={setting.n} runs={setting.runs}: {shown}", flush=True)
    files.write(asked.out / "table.md", table(measured, names))
    files.write_csv(asked.out / "table.csv", rows(measured))
    draw(measured, those, asked.out)


if __name__ == "__main__":
    main()
