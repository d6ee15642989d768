"""Every contender of `zobench advise` run to a budget far beyond a race: what a shorter race would have chosen.

A race of r (n + 1) values a method is the beginning of these runs, as a method asks the same points whatever its
budget. So one run of each tells the choice at every length, and whether it was right.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.advising.advise import Asked
from zobench.advising.probe import probe
from zobench.advising.race import CONTENDERS, run
from zobench.problems.landscapes import landscape
from zobench.problems.more_wild_set import more_wild
from zobench.problems.wrappers import rotated
from zobench.sampling import require_positive
from zobench.types import Problem

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]


def advice_study(function: str, budget: int = 100, seeds: int = 3, seed: int = 0) -> Callable[[], Measured]:
    """The lowest value so far of every contender after each of budget·(n + 1) values, for so many seeds.

    `function`: more_wild-7 is that instance of Moré and Wild's, rosenbrock-5 that landscape of five coordinates; turned
    off the axes by the seed, as nothing says that a user's coordinates are those of the structure. Asks seeds ·
    contenders · budget · (n + 1) values and those of the probe. Raises ValueError where an argument is out of range.
    """
    require_positive("budget", (budget,))
    require_positive("seeds", (seeds,))
    name, _, number = function.rpartition("-")
    if not number.isdecimal():
        raise ValueError(f"function={function}: a name and a number, as in more_wild-7 or rosenbrock-5")
    problem = more_wild(int(number)) if name == "more_wild" else landscape(name, int(number))  # type: ignore[arg-type]
    return partial(_measure, rotated(problem, seed), budget, range(seed, seed + seeds))


def _measure(problem: Problem, budget: int, seeds: range) -> Measured:
    n, each = problem.n, budget * (problem.n + 1)
    lowest = np.full((len(CONTENDERS), len(seeds), each), np.nan)
    left_out = {}
    with jax.enable_x64(True):
        problem = problem._replace(x0=jnp.asarray(problem.x0, float))
        for j, seed in enumerate(seeds):
            f, x0 = Asked(problem, seed), np.asarray(problem.x0)
            facts = probe(f, x0, seed)
            for i, contender in enumerate(CONTENDERS):
                entry = run(contender, f, x0, facts, each, seed)
                if not len(entry.values):
                    left_out[contender.name] = entry.left_out
                    continue
                lowest[i, j] = np.minimum.accumulate(np.pad(entry.values, (0, each - len(entry.values)), mode="edge"))
    names = [contender.name for contender in CONTENDERS]
    return {"lowest": lowest}, {"n": n, "methods": names, "start": facts.value, "left_out": left_out}
