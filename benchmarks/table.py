"""Processor time of the whole default slowdown table: zobench, cold and warm, beside a tuned NumPy loop.

`python benchmarks/table.py [--out DIR] [overrides ...]`, as in `table.py problem.dim=8,16`. NumPy does the same cells
with the same steps, the same tuning and the same early stop, all seeds of a cell at once, and finite differences by
blocks of points that stay in the cache; it keeps no records and draws no report. zobench is the command, from an empty
folder: everything counts, in all its processes. Warm: the compiled programs are in the cache, the records are not.
"""

import os

if __name__ == "__main__":
    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from math import ceil, inf, isfinite
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from zobench import build, store, theory
from zobench.command import compose
from zobench.differences import best_eps
from zobench.report import files
from zobench.tuning import TUNING_SEEDS_FROM, penalised, search
from zobench.types import Estimator, Problem

ROOT = Path(__file__).parent.parent
EPS = best_eps("central", "float64")
ROWS = 1 << 13  # coordinates of the points of a finite difference that stay in the cache


class Functions(NamedTuple):
    """f of shape [..., n] → [...], its gradient, and the metric of the runs' stop."""

    f: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    metric: Callable[[np.ndarray], np.ndarray]


def functions(config: dict[str, Any], problem: Problem) -> Functions:
    """A cell's problem in NumPy: the diagonal quadratics and Welsch."""
    if problem.modes is not None:
        h = np.asarray(problem.modes.eigenvalue)
        f, gradient = lambda x: (x * x) @ (h / 2), lambda x: x * h
    else:
        curvature = np.geomspace(config["problem"]["smallest"], 1, problem.n)
        weight = np.full(problem.n, 1 / (problem.n - 1))
        weight[[0, -1]] /= 2
        scale = np.sqrt(curvature / weight)
        f = lambda x: -np.expm1(-((x * scale) ** 2) / 2) @ weight  # noqa: E731
        gradient = lambda x: np.exp(-((x * scale) ** 2) / 2) * (weight * scale**2) * x  # noqa: E731
    metrics = {"gap": f, "gradient": lambda x: (gradient(x) ** 2).sum(-1), "distance": lambda x: (x * x).sum(-1)}
    return Functions(f, gradient, metrics[config["stop"]["metric"]])


def advance(own: Functions, kind: str, x0: np.ndarray, step: float, seeds: Sequence[int], every: int, target, cap):
    """Iterations to the target of each run [runs], looked at every `every` of them; inf beyond the cap."""
    runs, n = (len(seeds) if kind == "two_point" else 1), x0.size
    rng, x, hits = np.random.Generator(np.random.SFC64(list(seeds))), np.tile(x0, (runs, 1)), np.full(runs, inf)
    v, both, axes = np.empty_like(x), np.empty((2, runs, n)), EPS * np.eye(n if kind == "finite_difference" else 0)
    parts = [slice(i, i + max(1, ROWS // n)) for i in range(0, len(axes), max(1, ROWS // n))]
    points = np.empty((2, max(1, ROWS // n), n))
    k = 0
    while True:
        hits[(hits == inf) & (own.metric(x) <= target)] = k
        if k >= cap or np.isfinite(hits).all() or not (own.f(x) < 1e6 * own.f(x0)).all():
            return hits
        for _ in range(min(every, cap - k)):
            if kind == "autodiff":
                x -= step * own.gradient(x)
            elif kind == "finite_difference":
                for part in parts:
                    moves = axes[part]
                    near = points[:, : len(moves)]
                    np.add(x, moves, out=near[0])
                    np.subtract(x, moves, out=near[1])
                    ahead, behind = own.f(near)
                    np.subtract(ahead, behind, out=v[0, part])
                v *= step / (2 * EPS)
                x -= v
            else:
                rng.standard_normal(out=v)
                v *= (EPS / np.sqrt(np.einsum("ij,ij->i", v, v)))[:, None]  # εv
                np.add(x, v, out=both[0])
                np.subtract(x, v, out=both[1])
                ahead, behind = own.f(both)
                v *= (step * n * (ahead - behind) / (2 * EPS**2))[:, None]
                x -= v
        k += every


def tuned(reach: Callable[..., np.ndarray], base: float, cap: int, tries: int, seeds: int) -> float:
    """The best step by the search of zobench, all held-out seeds of a try at once."""
    least, held_out = inf, range(TUNING_SEEDS_FROM, TUNING_SEEDS_FROM + seeds)

    def score(multiple: float) -> tuple[float]:
        nonlocal least
        allowed = min(cap, ceil(2 * least)) if isfinite(least) else cap
        mean = float(penalised(reach(multiple * base, held_out, allowed), allowed))
        least = min(least, mean)
        return (mean,)

    return base * min(search(score, tries), key=lambda found: found[1])[0]


def numpy_cell(config: dict[str, Any]) -> int:
    """All step rules of a cell; how many runs arrived."""
    with jax.enable_x64(True):
        problem: Problem = build.make("problem", config["problem"])
        estimator: Estimator = build.make("estimator", config["estimator"])
    kind, stop, x0 = config["estimator"]["_target_"].rsplit(".", 1)[-1], config["stop"], np.asarray(problem.x0)
    own, scale = functions(config, problem), theory.time_scale(estimator, problem.n)
    every = max(1, round(scale / 2))
    cap, target = ceil(stop["gd_iterations"] * scale), stop["target"]
    target *= float(own.metric(x0)) if stop["relative_to"] == "start" else 1.0
    base = theory.theory_step(problem, estimator)
    reach = lambda size, seeds, cap: advance(own, kind, x0, size, seeds, every, target, cap)  # noqa: E731
    arrived = 0
    for rule in config["step"]:
        if rule == "tuned" and stop["metric"] == "gradient":  # as the command: a small gradient is no sign of arrival
            continue
        size = theory.trace_step(problem, estimator) if rule == "trace" else base
        if rule == "tuned":
            size = tuned(reach, base, cap, **config["tuning"])
        arrived += int(np.isfinite(reach(size, range(config["seeds"]), cap)).sum())
    return arrived


def configs(overrides: Sequence[str]) -> list[dict[str, Any]]:
    """The cells of the default table."""
    with compose.session():
        parsed = compose.parse(["experiment=slowdown", *overrides])
        return [cell.config for cell in compose.cells(parsed, compose.shared(parsed))]


def command(folder: Path, overrides: Sequence[str], runs: str) -> tuple[float, int]:
    """Processor seconds of the whole command, and how many runs arrived."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    asked = ["experiment=slowdown", "hydra/launcher=basic", f"runs_dir={runs}", f"report_dir={runs}-report", *overrides]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "zobench", *asked], cwd=folder, env=environment, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    records = [store.read(path) for path in (folder / runs).glob("*.npz")]
    arrived = [np.sum(r.arrays[f"{rule}/outcome"] == "reached") for r in records if r for rule in r.meta["rules"]]
    spent = [r.meta["compile_seconds"] + r.meta["run_seconds"] for r in records if r]
    print(f"  {runs}: {seconds:.1f} s, of it {sum(spent):.1f} s in compiling and running {len(records)} cells")
    return seconds, int(sum(arrived))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write slowdown.csv."""
    parser = argparse.ArgumentParser(description="The whole slowdown table: zobench and NumPy.")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    parser.add_argument("--repeats", type=int, default=3)
    asked, overrides = parser.parse_known_args(arguments)
    cells = configs(overrides)
    found: dict[str, list[tuple[float, int]]] = {"NumPy": [], "zobench, cold": [], "zobench, warm cache": []}
    for repeat in range(asked.repeats):
        start = time.process_time()
        arrived = sum(numpy_cell(config) for config in cells)
        found["NumPy"].append((time.process_time() - start, arrived))
        with tempfile.TemporaryDirectory() as folder:
            for name, runs in (("zobench, cold", "cold"), ("zobench, warm cache", "warm")):
                found[name].append(command(Path(folder), overrides, f"{runs}{repeat}"))
        print({name: f"{times[-1][0]:.1f} s" for name, times in found.items()}, flush=True)
    own = np.median([seconds for seconds, _ in found["NumPy"]])
    rows = [
        {
            "implementation": name,
            "cells": len(cells),
            "runs_that_arrived": times[-1][1],
            "seconds": float(np.median([seconds for seconds, _ in times])),
            "least": min(times)[0],
            "most": max(times)[0],
            "numpy_over_this": float(own / np.median([seconds for seconds, _ in times])),
        }
        for name, times in found.items()
    ]
    files.write_csv(asked.out / "slowdown.csv", rows)


if __name__ == "__main__":
    main()
