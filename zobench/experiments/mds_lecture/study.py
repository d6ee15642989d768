"""The lecture's animation of maps, run again as its notebook does it, and as one run of each method.

Raw stress of the first N European cities; the notebook's gradient is half of the true one. Its frame i starts
Nelder-Mead afresh from the last result with i+1 iterations, and its axis shows the evaluations of that last call alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform

from zobench import map_methods, paths
from zobench.derivatives import counted
from zobench.problems.maps import distances, gradient, mds, true_map
from zobench.sampling import require_count

SEED = 42  # of the notebook's start, uniform in [0, 1]²
SINGLE = ("gradient", "sphere", "Nelder-Mead", "Nelder-Mead, adaptive")
# the notebook's step size and iterations of gradient descent, and its frames of Nelder-Mead, by number of cities
NOTEBOOK = {6: (0.12, 75, 75), 15: (0.03, 130, 300), 34: (0.01, 200, 400)}


def mds_lecture(
    points: int, frames: int | None, calls: int, stills: int, seed: int
) -> Callable[[], tuple[dict[str, ndarray], dict[str, Any]]]:
    """The study of 6, 15 or 34 cities: `frames` of the notebook's (null: all), then single runs of `calls` values.

    A gradient costs what it costs in values (compiled operations); iterates are kept at `stills` such costs, evenly in
    their logarithm. Raises ValueError for other numbers of points.
    """
    if points not in NOTEBOOK:
        raise ValueError(f"points={points}: the notebook has {', '.join(map(str, NOTEBOOK))}")
    for name, value in (("calls", calls), ("stills", stills)):
        require_count(name, value, 2)
    step, iterations, every = NOTEBOOK[points]

    def measure() -> tuple[dict[str, ndarray], dict[str, Any]]:
        d = distances("europe", points)
        target, start = d / d.max(), np.random.RandomState(SEED).rand(points, 2)
        plotted, asked, loss = notebook(target, start, frames or every)
        arrays = {"notebook/plotted": plotted, "notebook/asked": asked, "notebook/f": loss}
        arrays["descent/f"] = descent(target, start, step, iterations)
        arrays["true"] = true_map("europe", points)[1] / d.max()
        problem = mds("europe", points, stress="stress")
        price = counted.price(problem)
        worth = np.unique(np.geomspace(1, calls, stills).round())
        for name in SINGLE:
            kept = single(name, problem, worth / (price if name == "gradient" else 1), calls, seed)
            arrays |= {f"{name}/{what}": value for what, value in kept.items()}
        about = {"points": points, "f_star": problem.f_star, "price": price, "frames": frames or every}
        return {**arrays, "worth": worth}, {**about, "step": step, "seed": seed}

    return measure


def notebook(target: ndarray, start: ndarray, frames: int) -> tuple[ndarray, ndarray, ndarray]:
    """Frame by frame [frames]: evaluations as the notebook plots them, all of them so far, and the loss."""
    apart = squareform(target, checks=False)
    x, plotted, loss = start.ravel(), [], []
    for i in range(frames):
        found = minimize(lambda x: stress(x, apart), x, method="Nelder-Mead", options={"maxiter": i + 1})
        x = found.x
        plotted.append(found.nfev)
        loss.append(found.fun)
    return np.array(plotted), np.cumsum(plotted), np.array(loss)


def stress(x: ndarray, apart: ndarray) -> float:
    """Σ over ordered pairs of (‖Wᵢ−Wⱼ‖ − dᵢⱼ)², dᵢⱼ in the order of scipy's pdist."""
    return 2 * float(np.sum((pdist(x.reshape(-1, 2)) - apart) ** 2))


def descent(target: ndarray, start: ndarray, step: float, iterations: int) -> ndarray:
    """The notebook's gradient descent, half a gradient a step: loss [iterations + 1]."""
    w, apart, loss = start, squareform(target, checks=False), []
    for _ in range(iterations + 1):
        loss.append(stress(w.ravel(), apart))
        w = w - step * gradient(w, target, "stress") / 2
    return np.array(loss)


def single(name: str, problem: Any, calls: ndarray, most: int, seed: int) -> dict[str, ndarray]:
    """One run from the notebook's start: f and iterates after so many calls of its kind [stills], and f after each."""
    start = np.asarray(problem.x0)[None]
    if name in map_methods.SOLVERS:
        each = 1
        k = np.union1d(calls.astype(int), paths.recorded(most))
        found, _ = paths.solve(problem, map_methods.SOLVERS[name](), start, [seed], most, k, keep=True)
    else:
        method_of, step = map_methods.made(name, problem)
        each = method_of(1.0).calls(problem.n).total
        last = max(1, int(calls[-1]) // each)
        k = np.union1d((calls // each).astype(int), paths.recorded(last))
        found = paths.descend(problem, method_of, [step], start, [seed], last, k=k, keep=True)
    kept: Any = found.kept
    at = np.searchsorted(found.k, (calls // each).astype(int))
    return {"calls": found.k * each, "f": found.f[0], "still": kept[0, at]}
