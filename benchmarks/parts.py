"""Where the time of a step goes: the loop, its directions alone, and the rest with one direction over and over.

`python benchmarks/parts.py [--out DIR]`. float32, one run, one core; the separable quadratic; ns a coordinate.
"""

import os

if __name__ == "__main__":
    from zobench.surroundings import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import directions
from zobench import loop as run
from zobench.estimators import two_point
from zobench.methods import descent
from zobench.problems.quadratics import quadratic
from zobench.report import files
from zobench.types import Draw, Key, Method, Scalar

ROOT = Path(__file__).parent.parent
PARTS = ("whole", "directions", "rest")


def method(part: str, drawn: Draw, step: Scalar) -> Method:
    """Descent by two_point, or what of it is asked for; `drawn` is the direction of all steps of the rest."""
    whole = descent(two_point(), optax.sgd(step))
    if part == "whole":
        return whole
    if part == "directions":
        return whole._replace(step=lambda oracle, x, state, draw: (x.at[0].add(_first(draw)), state))
    return whole._replace(draw=None, step=lambda oracle, x, state, draw: whole.step(oracle, x, state, drawn))


def _first(draw: Draw) -> Scalar:
    return jnp.real(jax.tree.leaves(draw.source)[0].reshape(-1)[0])


def loop(n: int, part: str, steps: int) -> Callable[[int], np.ndarray]:
    """So many steps of it, in the loop of a run."""
    problem = quadratic(n)
    zero, one = jnp.uint32(0), jnp.uint32(1)
    drawn = Draw(directions.gaussian_draw(Key(zero, zero), n).source, one)
    program = run.compile_block(problem._replace(x0=jnp.asarray(problem.x0, jnp.float32)), partial(method, part, drawn))
    program, stop = program._replace(every=steps // program.records + 1), run.Stop("gap", -1.0, np.inf, steps)
    return lambda seed: run.advance(program, [1 / n], [seed], stop, lambda k: None).x_end


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write parts.csv."""
    parser = argparse.ArgumentParser(description="Where the time of a step goes.")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100, 1000, 10**4, 10**5, 10**6])
    asked = parser.parse_args(arguments)
    rows = []
    for n in asked.sizes:
        steps = max(8, int(3e7 / n))
        loops = [loop(n, part, steps) for part in PARTS]
        times = np.empty((6, len(loops)))
        for repeat, i in np.ndindex(times.shape):
            start = time.perf_counter()
            loops[i](repeat)
            times[repeat, i] = (time.perf_counter() - start) / steps / n * 1e9
        middle = np.median(times[1:], axis=0)
        rows.append({"n": n, **dict(zip(PARTS, map(float, middle), strict=True))})
        print({name: round(value, 2) for name, value in rows[-1].items()}, flush=True)
    files.write_csv(asked.out / "parts.csv", rows)


if __name__ == "__main__":
    main()
