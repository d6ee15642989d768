"""Microseconds a step of a run: zobench beside tuned NumPy, C, PyTorch, evosax, nevergrad, pypop7 and plain JAX.

`python benchmarks/peers.py [--quick] [--out DIR]` takes some minutes. A step is two values along one random
direction, and descent, on f(x) = ½ Σ hᵢxᵢ². All is measured in one process on one core, one implementation after the
other and then again, without compiling: quote ratios, not times.
"""

import os

if __name__ == "__main__":  # before jax and NumPy: one thread, on one core where the system allows to choose it
    from zobench.surroundings import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
from collections.abc import Sequence
from pathlib import Path

import harness
import numpy as np
import others
import steps
from harness import Implementation, Setting

from zobench.report import drawing, files

ROOT = Path(__file__).parent.parent
NOTES = [
    "Median (least to most) of 5 on one core, without compiling; f(x) = ½ Σ hᵢxᵢ². Other work disturbs the times: read "
    "the ratios.",
    "",
    "- zobench: the compiled block, run after run, few records; f is a sum of terms (`separable`).",
    "- zobench, any f: the same with f as a function that nothing is known about.",
    "- zobench, records: as a run goes, a record every n/2 steps and a look by the host at those of each block.",
    "- JAX, plain: `random.normal` in `lax.scan`, `vmap` over runs.",
    "- NumPy: tuned, `out=`, nothing allocated in the loop, runs in groups that stay in the cache.",
    "- fused C: `fused.c`, Box-Muller in 16 lanes, three passes; xoshiro128+ is the limit, Philox-4x32-10 what a "
    "counter-based generator costs there.",
    "- PyTorch: MeZO's step in place, its direction drawn four times from its seed (MeZO) or once (stored).",
    "- evosax: Open_ES, population 2, in `lax.scan`. nevergrad: SPSA. pypop7: Gaussian smoothing.",
]


def implementations() -> list[Implementation]:
    """Those that are compared, zobench first; what is not installed is left out."""
    f = drawing
    library = steps.compiled_kernel()
    found = [
        Implementation("zobench", steps.zobench_block, 0.1, 1.5, f.VERMILLION, "^"),
        Implementation("zobench, any f", steps.zobench_any, 0.1, 2.5, f.PURPLE, "^"),
        Implementation("zobench, records", steps.zobench_run, 0.5, 2.5, f.ORANGE, "v", most=40_000),
        Implementation("JAX, plain", steps.jax_plain, 1, 14, f.BLUE, "o"),
        Implementation("NumPy", steps.numpy_tuned, 16, 12, f.GREEN, "D"),
    ]
    if library is not None:
        found += [
            Implementation("fused C, xoshiro", steps.fused(library, "xoshiro"), 0.02, 1.2, f.BLACK, "s"),
            Implementation("fused C, Philox", steps.fused(library, "philox"), 0.05, 2.5, f.GREY, "s"),
        ]
    if others.installed("torch"):
        found += [
            Implementation("PyTorch, MeZO", others.torch_mezo(False), 50, 20, f.SKY, "P"),
            Implementation("PyTorch, stored", others.torch_mezo(True), 40, 10, f.SKY, "X"),
        ]
    if others.installed("evosax"):
        found.append(Implementation("evosax", others.evosax_open_es, 2, 15, f.PURPLE, "h"))
    if others.installed("nevergrad"):
        found.append(Implementation("nevergrad", others.nevergrad_spsa, 600, 100, f.ORANGE, "<", 10**6, 1))
    if others.installed("pypop7"):
        found.append(Implementation("pypop7", others.pypop7_gs, 40, 60, f.GREEN, ">", 10**6, 1))
    return found


def settings(quick: bool) -> list[Setting]:
    """Dimensions, runs and precisions; 10⁶ for one run only."""
    sizes = (10, 1000) if quick else (10, 100, 1000, 10**4, 10**5, 10**6)
    return [Setting(n, runs, dtype) for dtype in harness.DTYPES for runs in (1, 32) for n in sizes if n * runs < 10**7]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write peers.md, peers.csv, peers.png and peers.svg."""
    parser = argparse.ArgumentParser(description="Time of a two-point step: zobench and its peers.")
    parser.add_argument("--quick", action="store_true", help="n = 10 and 1000, in seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance", help="folder of the report")
    asked = parser.parse_args(arguments)
    those = implementations()
    names = [each.name for each in those]
    measured = []
    for setting in settings(asked.quick):
        seconds, repeats = (0.01, 3) if asked.quick else (0.08, harness.REPEATS)
        new = harness.measure(steps.problem_of, setting, those, seconds, repeats)
        measured += new
        shown = ", ".join(f"{m.name} {np.median(m.microseconds):.3g}" for m in new)
        print(f"{setting.dtype} n={setting.n} runs={setting.runs}: {shown}", flush=True)
    files.write(asked.out / "peers.md", harness.table("A two-point step", NOTES, measured, names))
    files.write_csv(asked.out / "peers.csv", harness.rows(measured))
    harness.draw(measured, those, asked.out, "peers")


if __name__ == "__main__":
    main()
