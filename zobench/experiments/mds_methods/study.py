"""Maps from distances by every method: f after each so many calls, from several starts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zobench import paths
from zobench.derivatives.counted import price
from zobench.map_methods import NAMES, SOLVERS, made
from zobench.problems.maps import Cities, Stress, check, curvature, distances, mds
from zobench.sampling import require_count
from zobench.types import Problem

START = 42  # seed of the first start, that of the lecture's notebook


def mds_methods(
    methods: list[str],
    cities: Cities,
    points: int | None,
    stress: Stress,
    starts: int,
    calls: int,
    solver_calls: int,
    seed: int,
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of one map: `starts` uniform starts, at most `calls`·n oracle calls a run, `solver_calls`·n of solvers.

    Descent takes the step 1/(L B_eff) of its estimator, L the largest curvature at the starts and at the minimum.
    Raises ValueError for a method that there is not, and for what `problems.mds` refuses.
    """
    check(cities, points, stress=stress)
    for name in methods:
        if name not in NAMES:
            raise ValueError(f"methods={name}: there are {'; '.join(NAMES)}")
    for name, value in (("starts", starts), ("calls", calls), ("solver_calls", solver_calls)):
        require_count(name, value, 1)

    def measure() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        problem, first = starting(cities, points, stress, starts)
        target = 1.01 * problem.f_star
        arrays: dict[str, np.ndarray] = {"starts": first}
        seeds, meta = [seed + i for i in range(starts)], {}
        for name in methods:
            most = (solver_calls if name in SOLVERS else calls) * problem.n
            kept, meta[name] = one_method(name, problem, first, seeds, most, target)
            arrays |= {f"{name}/{what}": value for what, value in kept.items()}
        about = {"n": problem.n, "f_star": problem.f_star, "target": target, "L": problem.L}
        return arrays, {**about, "r": problem.effective_dim, "price": price(problem), "methods": meta}

    return measure


def starting(cities: Cities, points: int | None, stress: Stress, starts: int) -> tuple[Problem, np.ndarray]:
    """The problem, L and trace the largest at all starts [starts, n] and at the minimum, and those starts."""
    problem = mds(cities, points, stress=stress, seed=START)
    first = np.array([np.random.RandomState(START + i).rand(problem.n) for i in range(starts)])
    d = distances(cities, points)
    target = (d / d.max()) ** (2 if stress == "sstress" else 1)
    ends = [curvature(x.reshape(-1, 2), target, stress) for x in first]
    L = max(problem.L, *(end[0] for end in ends)) if stress == "sstress" else problem.L
    return problem._replace(L=L, hessian_trace=max(problem.hessian_trace, *(end[1] for end in ends))), first


def one_method(
    name: str, problem: Problem, starts: np.ndarray, seeds: Sequence[int], most: int, target: float
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Oracle calls [records], f [runs, records] and ends [runs, n] of one method, and what a step of it asks."""
    if name in SOLVERS:
        solver = SOLVERS[name]()
        each = solver.calls(problem.n)
        found, asked = paths.solve(problem, solver, starts, seeds, most // each.total)
        more: dict[str, Any] = {"asked": (asked * each.total).tolist()}
    else:
        method_of, step = made(name, problem)
        each = method_of(1.0).calls(problem.n)
        found = paths.descend(problem, method_of, [step], starts, seeds, max(1, most // each.total), target)
        more = {"step": step}
    arrays = {"calls": found.k * each.total, "f": found.f.astype(np.float32), "x": found.x}
    return arrays, {"each": each._asdict(), "most": most, **more}
