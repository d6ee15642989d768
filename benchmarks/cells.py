"""Seconds a cell costs beyond compiling and running it: sweeps of zobench's, and the same cells by benchopt.

`python benchmarks/cells.py [--out DIR] [--repeats 3]`. Whole commands on one core, each from an empty folder, with the
compiled programs in the cache. In `two_point_benchopt` a cell is a dataset and a solver, which calls the block that
zobench compiles. What is compiled and run is timed in both by zobench's clock around the same calls, and taken off.
"""

import os

if __name__ == "__main__":
    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import others

from zobench import store
from zobench.report import drawing, files
from zobench.surroundings import SMALL_LOOPS

ROOT = Path(__file__).parent.parent
COUNTS = (1, 4, 16, 64)
KINDS = ("dimensions", "seeds")
Groups = dict[tuple[str, str], list[dict[str, Any]]]
GD_ITERATIONS = 10
NOTES = [
    "Whole commands on one core, each from an empty folder, compiled programs in the cache: the least of the repeats",
    "(and the most), as other work on the core only adds. Lines seconds = start + cells × a cell, fitted to the least,",
    "relative errors counting the same.",
    "",
    "- A cell: one run of 10n steps of the two-point method on the log-uniform quadratic, float64, by the block that",
    "  zobench compiles. Dimensions: each cell its own, n = 8, 10, 12, ... Seeds: n = 8, each cell its own seed.",
    "- Beyond: less compile_seconds (lowering, reading the program from the cache) and run_seconds, by zobench's clock",
    "  around the same calls in both. Left are the start (Python, jax, the harness) and the work a cell. In that are",
    "  the small programs that JAX makes for single operations at a new n, which no cache on disk keeps. What JAX does",
    "  once falls where it comes first: in benchopt's first cell into the time that is taken off, 0.1 s.",
    "- zobench: `-m hydra/launcher=basic problem.dim=8,10,...`. It checks every cell, names it by its config and code,",
    "  writes a record of its own (curves, the exact expectation, constants, config), and prints a table.",
    "- benchopt: `run --no-plot -r 1`, run_once, the cache of results on (its default). It keeps a value, a time and",
    "  the machine of each run in one table; no curves and no theory: less a cell.",
]


class Pass(NamedTuple):
    """Seconds of a whole command and of what it compiled and ran; the mean of f at the end of its cells."""

    seconds: float
    inside: float
    gap: float


class Harness(NamedTuple):
    """`go(folder, dims, seeds)` runs the cells, all dimensions with all seeds, from that folder, which is empty."""

    name: str
    go: Callable[[Path, Sequence[int], Sequence[int]], Pass]
    colour: str
    marker: str


def by_zobench(folder: Path, dims: Sequence[int], seeds: Sequence[int]) -> Pass:
    """The command."""
    values = [f"problem.dim={_list(dims)}", f"seed={_list(seeds)}", f"stop.gd_iterations={GD_ITERATIONS}"]
    seconds = _command(folder, ["zobench", "-m", "hydra/launcher=basic", "seeds=1", "runs_dir=runs", *values])
    records = [record for path in (folder / "runs").glob("*.npz") if (record := store.read(path))]
    inside = [record.meta["compile_seconds"] + record.meta["run_seconds"] for record in records]
    return _whole(len(dims) * len(seeds), seconds, inside, [record.arrays["theory/gap"][0, -1] for record in records])


def by_benchopt(folder: Path, dims: Sequence[int], seeds: Sequence[int]) -> Pass:
    """`benchopt run` of a copy of the benchmark."""
    shutil.copytree(ROOT / "benchmarks" / "two_point_benchopt", folder / "benchmark")
    solver = f"two_point[seed=[{_list(seeds)}],gd_iterations={GD_ITERATIONS}]"
    values = ["-d", f"quadratic[dim=[{_list(dims)}]]", "-s", solver, "--output", "cells.csv"]
    seconds = _command(folder, ["benchopt", "run", "benchmark", "--no-plot", "--no-display", "-r", "1", *values])
    table = files.read_csv(folder / "benchmark" / "outputs" / "cells.csv")
    inside, ends = ([float(row[f"objective_{name}"]) for row in table] for name in ("inside", "value"))
    return _whole(len(dims) * len(seeds), seconds, inside, ends)


def _list(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def _command(folder: Path, module: Sequence[str]) -> float:
    """Seconds of `python -m ...` in that folder; compiled programs are beside it, and jax is as zobench prepares it."""
    cache = folder.parent / "cache"
    own = {"PYTHONPATH": str(ROOT), "XLA_FLAGS": SMALL_LOOPS, "JAX_COMPILATION_CACHE_DIR": str(cache)}
    environment = os.environ | own | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", *module], cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def _whole(cells: int, seconds: float, inside: Sequence[float], ends: Sequence[float]) -> Pass:
    if len(ends) != cells:
        raise RuntimeError(f"{len(ends)} of {cells} cells were run")
    return Pass(seconds, sum(inside), float(np.mean(ends)))


def harnesses() -> list[Harness]:
    """Ours, and benchopt where it is installed."""
    found = [Harness("zobench", by_zobench, drawing.VERMILLION, "^")]
    return found + [Harness("benchopt", by_benchopt, drawing.BLUE, "o")] * others.installed("benchopt")


def measure(those: Sequence[Harness], repeats: int) -> Groups:
    """A row for each number of cells, by sweep and harness; each harness first compiles all its programs."""
    found: dict[tuple[str, str, int], list[Pass]] = {}
    with tempfile.TemporaryDirectory() as room:
        turns = [(repeat, kind, cells) for repeat in range(repeats) for kind in KINDS for cells in COUNTS]
        for repeat, kind, cells in [(-1, "dimensions", max(COUNTS)), *turns]:
            dims, seeds = ([8], range(cells)) if kind == "seeds" else (range(8, 8 + 2 * cells, 2), [0])
            for each in those:
                made = each.go(Path(tempfile.mkdtemp(dir=room)), dims, seeds)
                print(f"{each.name}, {cells} {kind}: {made.seconds:.2f} s, inside {made.inside:.2f} s", flush=True)
                if repeat >= 0:
                    found.setdefault((kind, each.name, cells), []).append(made)
    groups: Groups = {}
    for (kind, harness, cells), passes in found.items():
        groups.setdefault((kind, harness), []).append(_row(kind, harness, cells, passes))
    return groups


def _row(kind: str, harness: str, cells: int, passes: Sequence[Pass]) -> dict[str, Any]:
    times, beyond = [p.seconds for p in passes], min(p.seconds - p.inside for p in passes)
    row = {"sweep": kind, "harness": harness, "cells": cells, "seconds": min(times), "most": max(times)}
    return row | {"beyond": beyond, "mean_value_at_the_end": passes[0].gap}


def line(rows: Sequence[dict[str, Any]], column: str) -> tuple[float, float]:
    """Start and seconds a cell of the line through a column of `measure`."""
    seconds = np.array([row[column] for row in rows])
    slope, start = np.polyfit([row["cells"] for row in rows], seconds, 1, w=1 / seconds)
    return float(start), float(slope)


def page(groups: Groups) -> str:
    """The numbers, and what they compare."""
    left_out = [] if any("benchopt" in key for key in groups) else ["- benchopt is not installed, and left out."]
    lines = ["# Seconds a cell", "", *NOTES, *left_out, ""]
    lines += [f"| cells differ in their | {' | '.join(map(str, COUNTS))} | start | a cell |"]
    lines += [f"| --- |{' ---: |' * (len(COUNTS) + 2)}"]
    for (kind, harness), rows in groups.items():
        spread = [f"{row['seconds']:.2f} ({row['most']:.2f})" for row in rows]
        for column, texts in (("seconds", spread), ("beyond", [f"{row['beyond']:.2f}" for row in rows])):
            start, a_cell = line(rows, column)
            lines.append(f"| {kind}, {harness}, {column} | {' | '.join(texts)} | {start:.2f} | {a_cell:.3f} |")
    return "\n".join(lines) + "\n"


def draw(groups: Groups, those: Sequence[Harness], folder: Path) -> None:
    """Seconds beyond compiling and running, and the fitted lines."""
    with drawing.context():
        figure, (grid,) = drawing.panels(1, len(KINDS), wide=3.1)
        for axes, kind in zip(grid, KINDS, strict=True):
            for each in those:
                rows, fine = groups[kind, each.name], np.geomspace(COUNTS[0], COUNTS[-1])
                start, a_cell = line(rows, "beyond")
                axes.plot(
                    fine, start + a_cell * fine, color=each.colour, label=f"{each.name}, start + cells × seconds a cell"
                )
                axes.plot(COUNTS, [row["beyond"] for row in rows], each.marker, color=each.colour, label=each.name)
            axes.set(xscale="log", yscale="log", title=f"cells differ in their {kind}", xlabel="cells")
            drawing.sizes(axes, COUNTS)
        ends = [end for axes in grid for end in axes.get_ylim()]
        for axes in grid:
            axes.set_ylim(min(ends), max(ends))
        grid[0].set(ylabel="seconds beyond compiling and running")
        drawing.legend(
            figure,
            grid[0].lines,
            "whole commands on one core, least of the repeats; compiled programs in the cache",
            columns=2,
        )
        drawing.save(figure, folder, "cells")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write cells.md, cells.csv, cells.png and cells.svg."""
    parser = argparse.ArgumentParser(description="Seconds a cell: zobench and benchopt.")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args(arguments)
    those = harnesses()
    groups = measure(those, asked.repeats)
    files.write(asked.out / "cells.md", page(groups))
    files.write_csv(asked.out / "cells.csv", [row for rows in groups.values() for row in rows])
    draw(groups, those, asked.out)
    print(page(groups))


if __name__ == "__main__":
    main()
