"""COCO's data: an .info a function and .dat and .tdat files, in a folder for each algorithm, as cocopp reads them.

Hansen et al. (2021), "COCO: a platform for comparing continuous optimizers in a black-box setting". COCO counts values
alone. A method that asks gradients has a data set for each price of one: gradient = 1 is a value like any other, and
gradient = n what n differences would ask.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from zobench.errors import UsageError
from zobench.formats.series import Series, by_algorithm, functions, improved, spaced

PRECISION = 1e-8  # of COCO's last target
LEAST = 1e-16  # f − f_opt below it is written as it: cocopp takes logarithms
FUNCTIONS = 24
SUITES = {"bbob": (2, 3, 5, 10, 20, 40), "bbob-largescale": (20, 40, 80, 160, 320, 640)}
HEAD = "% function evaluation | noise-free fitness - Fopt ({:.12e}) | best noise-free fitness - Fopt | "
HEAD += "measured fitness | best measured fitness\n"


def write(series: Sequence[Series], folder: Path) -> list[str]:
    """Write a folder for each algorithm, of which `cocopp FOLDER/*` draws all; what there is to say about it.

    What is not of a dimension of the suite is left out. UsageError for more than 24 problems, and where none is.
    """
    suite, numbered = suite_of(series), functions(series)
    kept = [one for one in series if one.n in SUITES[suite]]
    for name, own in by_algorithm(kept).items():
        for function in sorted({one.function for one in own}):
            place = folder / name
            (place / f"data_f{function}").mkdir(parents=True)
            lines = [line for one in own if one.function == function for line in _data_set(one, suite, place)]
            (place / f"bbobexp_f{function}.info").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    own_suite = all(problem == f"f{number}" for number, problem in numbered.items())
    names = ", ".join(f"f{number} is {problem}" for number, problem in numbered.items())
    said = (
        [] if own_suite else [f"in cocopp {names}; the names that it draws and its best 2009 are of BBOB's functions"]
    )
    others = sorted({one.n for one in series} - {*SUITES[suite]})
    return [*said, *([f"not in it: n = {', '.join(map(str, others))}, of which {suite} has none"] if others else [])]


def suite_of(series: Sequence[Series]) -> str:
    """The suite that has the dimensions of the most series."""
    problems = functions(series)
    if len(problems) > FUNCTIONS:
        few = "give sweep=NAME, or format=ioh"
        raise UsageError(f"export format=coco: {len(problems)} problems, and COCO has {FUNCTIONS} functions; {few}")
    counts = {suite: sum(one.n in dims for one in series) for suite, dims in SUITES.items()}
    suite = max(counts, key=lambda suite: counts[suite])
    if not counts[suite]:
        there = "; ".join(f"{suite} has {', '.join(map(str, dims))}" for suite, dims in SUITES.items())
        sizes = ", ".join(map(str, sorted({one.n for one in series})))
        raise UsageError(f"export format=coco: n = {sizes}, and {there}; run those, or give format=ioh")
    return suite


def _data_set(one: Series, suite: str, place: Path) -> Iterator[str]:
    """The three lines of a series in the .info; writes its .dat and .tdat."""
    stem = f"data_f{one.function}/bbobexp_f{one.function}_i{one.instance}_DIM{one.n}"
    values = np.maximum(np.where(np.isfinite(one.values), one.values, one.values[:, :1]), LEAST)
    for ending in ("dat", "tdat"):
        with (place / f"{stem}.{ending}").open("w", encoding="utf-8") as file:
            for run in values:
                shown = improved(run) if ending == "dat" else spaced(one.evaluations)
                file.write(HEAD.format(one.f_opt))
                file.writelines(
                    f"{asked} {gap:+.9e} {gap:+.9e} {gap + one.f_opt:+.9e} {gap + one.f_opt:+.9e}\n"
                    for asked, gap in zip(one.evaluations[shown].tolist(), run[shown].tolist(), strict=True)
                )
    yield (
        f"suite = '{suite}', funcId = {one.function}, DIM = {one.n}, Precision = {PRECISION:.3e}, "
        f"algId = '{_plain(one.algorithm)}'"
    )
    least = "" if one.known else "; the minimum is not known: Fopt is the least value seen"
    seeds = f"a trial for each of the seeds {one.seeds[0]} to {one.seeds[-1]}"
    yield f"% {_plain(one.problem)}{least}; {seeds}"
    last = one.evaluations[-1]
    gaps = (values[:, -1] - PRECISION).tolist()
    yield ", ".join([f"{stem}.dat", *(f"{one.instance}:{last}|{gap:.1e}" for gap in gaps)])


def _plain(text: str) -> str:
    """Text without what a header is split at."""
    return " ".join(re.sub(r"['\"=,]", " ", text).split())
