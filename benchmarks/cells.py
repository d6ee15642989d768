"""Seconds a cell costs, all that a command does included: sweeps of zobench's, and the same cells by benchopt.

`python benchmarks/cells.py [--out DIR] [--repeats 2]`. Processor time of whole commands on one core, each from an empty
folder, with the compiled programs in the cache. In `two_point_benchopt` a cell is a dataset and a solver, which calls
the block that zobench compiles.
"""

import os

if __name__ == "__main__":
    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import others

from zobench import store
from zobench.report import drawing, files
from zobench.surroundings import SMALL_LOOPS

ROOT = Path(__file__).parent.parent
COUNTS = (1, 8, 64)
KINDS = ("dimensions", "data", "seeds")
Groups = dict[tuple[str, str], list[dict[str, Any]]]
GD_ITERATIONS = 10
NOTES = [
    "Processor time of whole commands, their processes included, on one core, each from an empty folder, with compiled",
    "programs in the cache: the least of the repeats (and the most), as other work on the machine only adds. Lines",
    "seconds = start + cells × a cell, fitted to the least, relative errors counting the same.",
    "",
    "- A cell: one run of 10n steps of the two-point method on the log-uniform quadratic, float64, by the block that",
    "  zobench compiles. Dimensions: each cell its own, n = 8, 10, 12, ... Data: n = 8, each cell its own rotation",
    "  (problem.seed). Seeds: n = 8, each cell its own seed.",
    "- zobench: `-m hydra/launcher=basic report=null problem.dim=8,10,...`. It checks every cell, names it by its",
    "  config and code, runs it in a process that is watched, writes a record of its own (curves, the exact",
    "  expectation, constants, config), and prints a table.",
    "- benchopt: `run --no-plot -r 1`, run_once, the cache of results on (its default). It keeps a value and the",
    "  machine of each run in one table; no curves and no theory: less a cell.",
]


class Grid(NamedTuple):
    """Cells: all dimensions with all rotations (none: the eigenvectors are the axes) and all seeds."""

    dims: Sequence[int] = (8,)
    data: Sequence[int] = ()
    seeds: Sequence[int] = (0,)

    @property
    def cells(self) -> int:
        """How many."""
        return len(self.dims) * max(len(self.data), 1) * len(self.seeds)


class Pass(NamedTuple):
    """Processor seconds of a whole command; the mean of f at the end of its cells."""

    seconds: float
    gap: float


class Harness(NamedTuple):
    """`go(folder, grid)` runs the cells from that folder, which is empty."""

    name: str
    go: Callable[[Path, Grid], Pass]
    colour: str
    marker: str


def by_zobench(folder: Path, grid: Grid) -> Pass:
    """The command."""
    values = [f"problem.dim={_list(grid.dims)}", f"seed={_list(grid.seeds)}", f"stop.gd_iterations={GD_ITERATIONS}"]
    values += [f"problem.seed={_list(grid.data)}", "problem.rotated=true"] if grid.data else []
    own = ["hydra/launcher=basic", "report=null", "seeds=1", "runs_dir=runs"]
    seconds = _command(folder, ["zobench", "-m", *own, *values])
    records = [record for path in (folder / "runs").glob("*.npz") if (record := store.read(path))]
    return _whole(grid, seconds, [record.arrays["theory/gap"][0, -1] for record in records])


def by_benchopt(folder: Path, grid: Grid) -> Pass:
    """`benchopt run` of a copy of the benchmark."""
    shutil.copytree(ROOT / "benchmarks" / "two_point_benchopt", folder / "benchmark")
    solver = f"two_point[seed=[{_list(grid.seeds)}],gd_iterations={GD_ITERATIONS}]"
    data = f"quadratic[dim=[{_list(grid.dims)}],rotation=[{_list(grid.data) or -1}]]"
    values = ["-d", data, "-s", solver, "--output", "cells.csv"]
    seconds = _command(folder, ["benchopt", "run", "benchmark", "--no-plot", "--no-display", "-r", "1", *values])
    table = files.read_csv(folder / "benchmark" / "outputs" / "cells.csv")
    return _whole(grid, seconds, [float(row["objective_value"]) for row in table])


def _list(values: Sequence[int]) -> str:
    return ",".join(map(str, values))


def _command(folder: Path, module: Sequence[str]) -> float:
    """Seconds of `python -m ...` in that folder; compiled programs are beside it, and jax is as zobench prepares it."""
    cache = folder.parent / "cache"
    own = {"PYTHONPATH": str(ROOT), "XLA_FLAGS": SMALL_LOOPS, "JAX_COMPILATION_CACHE_DIR": str(cache)}
    environment = os.environ | own | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05"}
    before = _spent()
    subprocess.run([sys.executable, "-m", *module], cwd=folder, env=environment, check=True, capture_output=True)
    return _spent() - before


def _spent() -> float:
    """Processor time of all processes that have been waited for, and of those that they have waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _whole(grid: Grid, seconds: float, ends: Sequence[float]) -> Pass:
    if len(ends) != grid.cells:
        raise RuntimeError(f"{len(ends)} of {grid.cells} cells were run")
    return Pass(seconds, float(np.mean(ends)))


def harnesses() -> list[Harness]:
    """Ours, and benchopt where it is installed."""
    found = [Harness("zobench", by_zobench, drawing.VERMILLION, "^")]
    return found + [Harness("benchopt", by_benchopt, drawing.BLUE, "o")] * others.installed("benchopt")


def grid_of(kind: str, cells: int) -> Grid:
    """So many cells that differ in that."""
    values = range(cells)
    if kind == "dimensions":
        return Grid(dims=range(8, 8 + 2 * cells, 2))
    return Grid(data=values) if kind == "data" else Grid(seeds=values)


def measure(those: Sequence[Harness], repeats: int) -> Groups:
    """A row for each number of cells, by sweep and harness; each harness first compiles all its programs."""
    found: dict[tuple[str, str, int], list[Pass]] = {}
    with tempfile.TemporaryDirectory() as room:
        turns = [(repeat, kind, cells) for repeat in range(repeats) for kind in KINDS for cells in COUNTS]
        for repeat, kind, cells in [*((-1, kind, 1) for kind in KINDS), (-1, KINDS[0], max(COUNTS)), *turns]:
            for each in those:
                made = each.go(Path(tempfile.mkdtemp(dir=room)), grid_of(kind, cells))
                print(f"{each.name}, {cells} {kind}: {made.seconds:.2f} s", flush=True)
                if repeat >= 0:
                    found.setdefault((kind, each.name, cells), []).append(made)
    groups: Groups = {}
    for (kind, harness, cells), passes in found.items():
        groups.setdefault((kind, harness), []).append(_row(kind, harness, cells, passes))
    return groups


def _row(kind: str, harness: str, cells: int, passes: Sequence[Pass]) -> dict[str, Any]:
    times = [p.seconds for p in passes]
    row = {"sweep": kind, "harness": harness, "cells": cells, "seconds": min(times), "most": max(times)}
    return row | {"mean_value_at_the_end": passes[0].gap}


def line(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Start and seconds a cell of the line through the rows of `measure`."""
    seconds = np.array([row["seconds"] for row in rows])
    slope, start = np.polyfit([row["cells"] for row in rows], seconds, 1, w=1 / seconds)
    return float(start), float(slope)


def page(groups: Groups) -> str:
    """The numbers, and what they compare."""
    left_out = [] if any("benchopt" in key for key in groups) else ["- benchopt is not installed, and left out."]
    lines = ["# Seconds a cell", "", *NOTES, *left_out, ""]
    lines += [f"| cells differ in their | {' | '.join(map(str, COUNTS))} | start | a cell |"]
    lines += [f"| --- |{' ---: |' * (len(COUNTS) + 2)}"]
    for (kind, harness), rows in groups.items():
        spread, (start, a_cell) = [f"{row['seconds']:.2f} ({row['most']:.2f})" for row in rows], line(rows)
        lines.append(f"| {kind}, {harness} | {' | '.join(spread)} | {start:.2f} | {a_cell:.3f} |")
    return "\n".join(lines) + "\n"


def draw(groups: Groups, those: Sequence[Harness], folder: Path) -> None:
    """Seconds of whole commands, and the fitted lines."""
    with drawing.context():
        figure, (grid,) = drawing.panels(1, len(KINDS), wide=2.4)
        for axes, kind in zip(grid, KINDS, strict=True):
            for each in those:
                rows, fine = groups[kind, each.name], np.geomspace(COUNTS[0], COUNTS[-1])
                start, a_cell = line(rows)
                axes.plot(
                    fine, start + a_cell * fine, color=each.colour, label=f"{each.name}, start + cells × seconds a cell"
                )
                axes.plot(COUNTS, [row["seconds"] for row in rows], each.marker, color=each.colour, label=each.name)
            axes.set(xscale="log", yscale="log", title=f"cells differ in their {kind}", xlabel="cells")
            drawing.sizes(axes, COUNTS)
        ends = [end for axes in grid for end in axes.get_ylim()]
        for axes in grid:
            axes.set_ylim(min(ends), max(ends))
        grid[0].set(ylabel="processor seconds")
        drawing.legend(
            figure,
            grid[0].lines,
            "processor time of whole commands, least of the repeats; compiled programs in the cache",
            columns=2,
        )
        drawing.save(figure, folder, "cells")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write cells.md, cells.csv, cells.png and cells.svg."""
    parser = argparse.ArgumentParser(description="Seconds a cell: zobench and benchopt.")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    parser.add_argument("--repeats", type=int, default=2)
    asked = parser.parse_args(arguments)
    those = harnesses()
    groups = measure(those, asked.repeats)
    files.write(asked.out / "cells.md", page(groups))
    files.write_csv(asked.out / "cells.csv", [row for rows in groups.values() for row in rows])
    draw(groups, those, asked.out)
    print(page(groups))


if __name__ == "__main__":
    main()
