"""Microseconds a step of a run: zobench beside tuned NumPy, C, PyTorch, evosax, nevergrad, pypop7 and plain JAX.

`python benchmarks/peers.py [--quick] [--page] [--out DIR]` takes some minutes. A step is two values along one random
direction, and descent, on f(x) = ½ Σ hᵢxᵢ². All is measured in one process on one core, one implementation after the
other and then again, without compiling: quote ratios, not times, and the processor with them. `--page` writes the
ratios into the two tables of docs/performance.md too.
"""

import os

if __name__ == "__main__":  # before jax and NumPy: one thread, on one core where the system allows to choose it
    from zobench.surroundings import prepare_jax

    os.environ |= dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    prepare_jax()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import harness
import numpy as np
import others
import steps
from harness import Implementation, Measurement, Setting

from zobench.report import drawing, files

ROOT = Path(__file__).parent.parent
HEAD = "f(x) = ½ Σ hᵢxᵢ², float32, one run"  # of a table of the page
PAGE = (1, "float32")  # its runs and precision
NOTES = [
    "Median (least to most) of 5 on one core, without compiling; f(x) = ½ Σ hᵢxᵢ². Other work disturbs the times: read "
    "the ratios.",
    "",
    "- zobench: as a run goes, with all its records, a look by the host between blocks; f is a sum of terms "
    "(`separable`).",
    "- zobench, block: the compiled block alone, with the records of one call.",
    "- zobench, any f: as a run goes, with f as a function that nothing is known about.",
    "- JAX, plain: `random.normal` in `lax.scan`, `vmap` over runs.",
    "- NumPy: tuned, `out=`, nothing allocated in the loop, the directions of many steps drawn at once, runs in groups "
    "that stay in the cache.",
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
        Implementation("zobench", steps.zobench_run, 0.3, 1.5, f.VERMILLION, "^"),
        Implementation("zobench, block", steps.zobench_block, 0.1, 1.5, f.ORANGE, "v"),
        Implementation("zobench, any f", steps.zobench_any, 0.3, 2.5, f.PURPLE, "^"),
        Implementation("JAX, plain", steps.jax_plain, 1, 14, f.BLUE, "o"),
        Implementation("NumPy", steps.numpy_tuned, 4, 10, f.GREEN, "D"),
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


TABLES = (("zobench", "as a run goes, with its records"), ("zobench, block", "the bare block"))


def page(measured: Sequence[Measurement]) -> list[str]:
    """The tables of docs/performance.md: float32, one run; times over those of a run, then over those of its block."""
    found = {(m.name, m.setting.n): float(np.median(m.microseconds)) for m in measured if m.setting[1:] == PAGE}
    names, sizes = list(dict.fromkeys(name for name, _ in found)), list(dict.fromkeys(n for _, n in found))
    tables = []
    for own, what in TABLES:
        head = f"| {HEAD}: time over zobench's, {what} | {' | '.join(f'n = {n:,}' for n in sizes)} |"
        lines = [head, "| --- |" + " ---: |" * len(sizes)]
        for name in names:
            both = [(found.get((name, n)), found.get((own, n))) for n in sizes]
            shown = [harness.digits(time / least) if time and least else "" for time, least in both]
            lines += [f"| {name} | {' | '.join(shown)} |"] * (name != own)
        tables.append("\n".join(lines))
    return tables


def write_page(path: Path, tables: Sequence[str]) -> None:
    """Put the tables in the place of those that the page has, the first of them first."""
    old = re.findall(rf"^\| {re.escape(HEAD)}.*(?:\n\|.*)*", text := path.read_text(), re.M)
    for before, table in zip(old, tables, strict=True):
        text = text.replace(before, table)
    path.write_text(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write peers.md, peers.csv, peers.png and peers.svg."""
    parser = argparse.ArgumentParser(description="Time of a two-point step: zobench and its peers.")
    parser.add_argument("--quick", action="store_true", help="n = 10 and 1000, in seconds")
    parser.add_argument("--page", action="store_true", help="write the ratios into docs/performance.md too")
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
    files.write(
        asked.out / "peers.md", harness.table("A two-point step", [harness.machine(), "", *NOTES], measured, names)
    )
    files.write_csv(asked.out / "peers.csv", harness.rows(measured))
    harness.draw(measured, those, asked.out, "peers")
    if asked.page:
        write_page(ROOT / "docs" / "performance.md", page(measured))


if __name__ == "__main__":
    main()
