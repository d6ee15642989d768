"""Where the time of a step goes: the loop, its directions alone, and the rest with one direction over and over.

`python benchmarks/parts.py [--out DIR]`. float32, one run, one core; the separable quadratic; ns a coordinate.
"""

import os

if __name__ == "__main__":
    from zobench.__main__ import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from zobench import directions
from zobench.differences import best_eps
from zobench.problems.quadratic import quadratic
from zobench.report import files
from zobench.run import COMPILER_OPTIONS
from zobench.types import Draw, Key, oracle

ROOT = Path(__file__).parent.parent
PARTS = ("whole", "directions", "rest")


def loop(n: int, part: str, steps: int) -> Callable[[np.uint32], jax.Array]:
    """That part of a step, `steps` times, compiled."""
    problem = quadratic(n)
    x0, pair, eps = jnp.asarray(problem.x0, jnp.float32), oracle(problem).pair, best_eps("central", "float32")
    period = directions.period(n)

    def step(x, drawn):
        if part == "directions":
            return x.at[0].add(jnp.real(drawn.source[0]))
        v = directions.unit_rows(drawn, (1, n), x.dtype, paired=True)[0]
        ahead, behind = pair(x + eps * v, x - eps * v)  # type: ignore[misc]
        return x - (ahead - behind) / (2 * eps) * v

    def draw(seed, k):
        return directions.gaussian_draw(Key(seed, k.astype(jnp.uint32)), n)

    def whole(seed):
        def body(k, carry):
            x, drawn = carry
            x, turn = step(x, drawn), (k + 1).astype(jnp.uint32) % jnp.uint32(period)
            if part == "rest":
                return x, Draw(drawn.source, turn)
            return x, Draw(jax.lax.cond(turn == 0, lambda: draw(seed, k + 1).source, lambda: drawn.source), turn)

        return jax.lax.fori_loop(0, steps, body, (x0, draw(seed, jnp.int32(0))))[0]

    return jax.jit(whole, compiler_options=COMPILER_OPTIONS).lower(np.uint32(0)).compile()


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
            loops[i](np.uint32(repeat)).block_until_ready()
            times[repeat, i] = (time.perf_counter() - start) / steps / n * 1e9
        middle = np.median(times[1:], axis=0)
        rows.append({"n": n, **dict(zip(PARTS, map(float, middle), strict=True))})
        print({name: round(value, 2) for name, value in rows[-1].items()}, flush=True)
    files.write_csv(asked.out / "parts.csv", rows)


if __name__ == "__main__":
    main()
