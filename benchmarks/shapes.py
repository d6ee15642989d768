"""Microseconds a two-point step on problems that are no sum over coordinates: s-stress of a map, dense quadratics.

`python benchmarks/shapes.py [--quick] [--out DIR]`. float64, one run, one core, all in one process and in turn. The
broadcast form is s-stress as one first writes it, with an array [N, N, 2]; the Gram form takes
‖w_i‖² + ‖w_j‖² − 2 w_i·w_j.
"""

import os

if __name__ == "__main__":
    from zobench.surroundings import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import harness
import jax
import jax.numpy as jnp
import numpy as np
import steps
from harness import Implementation, Run, Setting

from zobench.differences import best_eps
from zobench.problems.maps import distances, mds
from zobench.problems.quadratics import quadratic
from zobench.report import drawing, files
from zobench.types import Problem

ROOT = Path(__file__).parent.parent


def stress(setting: Setting) -> Problem:
    """S-stress of N = n/2 synthetic points in the plane."""
    return harness.at(mds(cities="synthetic", points=setting.n // 2), setting)


def dense(setting: Setting) -> Problem:
    """A log-uniform spectrum in random axes."""
    return harness.at(quadratic(setting.n, rotated=True), setting)


def broadcast(problem: Problem, setting: Setting, steps_asked: int) -> Run:
    """The same loop, s-stress with a third axis."""
    goal = jnp.asarray(_goal(problem))

    def f(x):
        w = x.reshape(-1, 2)
        return jnp.sum((jnp.sum((w[:, None] - w[None]) ** 2, axis=-1) - goal) ** 2)

    return steps.zobench_block(problem._replace(f=f), setting, steps_asked)


def _goal(problem: Problem) -> np.ndarray:
    """The squared distances in the problem's unit, the largest of them."""
    d = distances("synthetic", problem.n // 2)
    return (d / d.max()) ** 2


def two_point(f: Callable[[np.ndarray], float], problem: Problem, setting: Setting, count: int) -> Run:
    """NumPy's loop around a value; the step size does not matter here."""
    x0, n, eps = np.asarray(problem.x0), setting.n, best_eps("central", "float64")

    def go(seed: int) -> np.ndarray:
        rng, x, v = np.random.Generator(np.random.SFC64(seed)), x0.copy(), np.empty(n)
        for _ in range(count):
            rng.standard_normal(out=v)
            v *= eps / np.sqrt(v @ v)
            slope = (f(x + v) - f(x - v)) / (2 * eps)
            v *= 1e-6 * slope / eps
            x -= v
        return x[None]

    return go


def numpy_gram(problem: Problem, setting: Setting, count: int) -> Run:
    """S-stress by the Gram form, no allocation of size N² in a value."""
    goal, n = _goal(problem), setting.n // 2
    room = np.empty((n, n))

    def f(x: np.ndarray) -> float:
        w = x.reshape(n, 2)
        square = np.einsum("ij,ij->i", w, w)
        np.matmul(w, w.T, out=room)
        np.multiply(room, -2, out=room)
        np.add(room, square, out=room)
        np.add(room, square[:, None], out=room)
        np.subtract(room, goal, out=room)
        flat = room.ravel()
        return float(flat @ flat)

    return two_point(f, problem, setting, count)


def numpy_dense(problem: Problem, setting: Setting, count: int) -> Run:
    """½ xᵀHx by BLAS."""
    matrix = np.asarray(jax.hessian(problem.f)(problem.x0))

    def f(x: np.ndarray) -> float:
        return float(x @ (matrix @ x)) / 2

    return two_point(f, problem, setting, count)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write shapes.md, shapes.csv."""
    parser = argparse.ArgumentParser(description="Time of a two-point step on a map and on dense quadratics.")
    parser.add_argument("--quick", action="store_true", help="small ones, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    asked = parser.parse_args(arguments)
    f = drawing
    kinds = {
        "s-stress in the plane, n = 2N": (
            stress,
            [
                Implementation("zobench", steps.zobench_block, 5, 100, f.VERMILLION, "^"),
                Implementation("broadcast", broadcast, 20, 1000, f.BLUE, "o"),
                Implementation("NumPy, Gram", numpy_gram, 40, 400, f.GREEN, "D"),
            ],
            (20, 100, 1000),
        ),
        "dense quadratic": (
            dense,
            [
                Implementation("zobench", steps.zobench_block, 2, 60, f.VERMILLION, "^"),
                Implementation("NumPy, BLAS", numpy_dense, 20, 40, f.GREEN, "D"),
            ],
            (32, 128, 512, 1024),
        ),
    }
    text, lines = [], []
    for name, (make, those, sizes) in kinds.items():
        measured = []
        for n in sizes[: 2 if asked.quick else None]:
            seconds = 0.02 if asked.quick else 0.3
            measured += harness.measure(make, Setting(n, 1, "float64"), those, seconds, 3 if asked.quick else 5)
        text.append(
            harness.table(f"A two-point step: {name}", [harness.machine()], measured, [each.name for each in those])
        )
        lines += [{"problem": name, **line} for line in harness.rows(measured)]
        print(text[-1])
    files.write(asked.out / "shapes.md", "\n".join(text))
    files.write_csv(asked.out / "shapes.csv", lines)


if __name__ == "__main__":
    main()
