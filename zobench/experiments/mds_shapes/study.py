"""Maps of many points in many dimensions, from near the solution: gradient descent against two points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optax

from zobench import estimators, methods, paths, theory
from zobench.problems.maps import curvature, distances, mds, true_map
from zobench.types import Problem

OFF = 0.15  # the start is the solution, scaled to largest distance 1, plus normal noise of so much its spread
SPHERE, GRADIENT = estimators.two_point(), estimators.autodiff()


def mds_shapes(
    points: int, embedding: int, target: float, work: float, runs: int, seed: int
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of exact distances of normal points in `embedding` dimensions, to f ≤ `target`·f(x0), by s-stress.

    Gradient descent with 1/L; two values along the sphere with 1/(nL) and with the trace-aware step, `runs` each.
    At most `work` terms N²p·calls a run. Raises ValueError where N ≤ p, or where the work is below one step.
    """
    if points <= embedding:
        raise ValueError(f"points={points}: embedding={embedding} needs at least {embedding + 1} points")
    most = int(work // (points**2 * embedding))
    if most < 2 or not 0 < target < 1 or runs < 1:
        raise ValueError(f"work={work:g}: a run of {points} points needs {2.0 * points**2 * embedding:g} at least")

    def measure() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        problem = near(points, embedding, seed)
        goal = target * float(problem.f(problem.x0))
        arrays, meta = {}, {}
        ways = {
            "gradient": (GRADIENT, 1 / problem.L, 1),
            "two points, 1/(nL)": (SPHERE, theory.theory_step(problem, SPHERE), runs),
            "two points, trace": (SPHERE, theory.trace_step(problem, SPHERE), runs),
        }
        for name, (estimator, step, repeats) in ways.items():
            each = estimator.calls(problem.n).total
            starts, seeds = np.repeat(np.asarray(problem.x0)[None], repeats, axis=0), range(seed, seed + repeats)

            def method_of(step, estimator=estimator):
                return methods.descent(estimator, optax.sgd(step))

            found = paths.descend(problem, method_of, [step], starts, list(seeds), max(1, most // each), goal)
            arrays |= {f"{name}/calls": found.k * each, f"{name}/f": found.f}
            meta[name] = {"step": step, "each": each, "most": most}
        about = {"n": problem.n, "target": goal, "L": problem.L, "r": problem.effective_dim, "methods": meta}
        return arrays, about

    return measure


def near(points: int, embedding: int, seed: int) -> Problem:
    """The problem with a start near its solution; L and the trace the larger of both ends. f* = 0."""
    d = distances("synthetic", points, embedding, seed)
    solution = true_map("synthetic", points, embedding, seed)[1] / d.max()
    solution = solution - solution.mean(axis=0)
    noise = np.random.default_rng([seed, points, embedding]).standard_normal(solution.shape)
    start = solution + OFF * solution.std() * noise
    ends = [curvature(w, (d / d.max()) ** 2, "sstress") for w in (start, solution)]
    problem = mds("synthetic", points, embedding, start="classical", seed=seed)
    L, trace = (max(end[i] for end in ends) for i in range(2))
    return problem._replace(x0=problem.x0 * 0 + start.ravel(), L=L, hessian_trace=trace)
