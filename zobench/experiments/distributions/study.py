"""Hitting times of two-point descent on ½‖x‖², means and medians at three steps, and what noise without variance does.

Every run is recorded at every iteration. Hitting times: sphere directions and the theory step 1/(nL). Means: Gaussian
directions at the steps s/L, s = 1/(n+2) (best for E f), 2/(n+2) (the last at which E f does not grow) and 1 (gradient
descent's). Noise: Student's of few degrees of freedom in each value, with plain, median and clipped slopes at equal
numbers of values, by steps of which the best is chosen on other runs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, log
from typing import Any

import jax.numpy as jnp
import numpy as np

from zobench import estimators, sampling
from zobench.experiments.distributions import law
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.robust_estimates import clipped_slope, median_slope
from zobench.rollouts import GROUP, rollout
from zobench.types import Estimator, Problem

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]

LAST = 1e-7  # the share of runs that the law has on the way when the recording ends
STEPS = {"1/(n+2)": lambda n: 1 / (n + 2), "2/(n+2)": lambda n: 2 / (n + 2), "1": lambda n: 1.0}
LONG, SHORT = 5, 6  # iterations: n + 2 of them so often; of the step 1/L, before ‖x‖² has no digit of a difference
MEANS, TAILS = 2**24, 2**25  # where seeds begin that no hitting time has seen


def distributions(
    *,
    dim: int,
    target: float,
    coordinates: float,
    most: int,
    noisy_dim: int,
    sigma: float,
    eps: float,
    freedom: float,
    clip: float,
    values: int,
    multiples: Sequence[float],
    runs: int,
    seed: int,
    dtype: str,
) -> Callable[[], Measured]:
    """The study at n = `dim`: as many runs as move `coordinates` in all (iterations · n · runs), `most` at most.

    `target`: f/f(x0) to be reached. At n = `noisy_dim` besides: `runs` runs of so many `values` with noise of scale
    `sigma`, difference step `eps`, at `multiples` of the theory step. Raises ValueError for numbers out of range.
    """
    sampling.require_count("dim", dim, 4)
    sampling.require_count("most", most, GROUP)
    sampling.require_count("runs", runs, 2 * GROUP)
    numbers = {"coordinates": coordinates, "sigma": sigma, "eps": eps, "freedom": freedom, "clip": clip}
    for name, value in numbers.items():
        sampling.require_positive(name, [value])
    sampling.require_positive("multiples", multiples)
    if not 0 < target < 1:
        raise ValueError(f"target={target}: a share of f(x0) between 0 and 1")
    asked = {"sigma": sigma, "eps": eps, "freedom": freedom, "clip": clip, "values": values, "runs": runs}
    noise = {**asked, "multiples": list(multiples)} if dim == noisy_dim else None
    return partial(_measure, dim, target, coordinates, most, noise, seed, dtype)


def _measure(n: int, target: float, coordinates: float, most: int, noise, seed: int, dtype: str) -> Measured:
    problem = quadratic(n, "isotropic")
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    last = law.quantile(1 - LAST, -log(target), n)
    arrays = {"hits": _hits(problem, target, last, groups(coordinates / (n * last), most), seed)}
    meta: dict[str, Any] = {"n": n, "target": target, "last": last}
    many = groups(coordinates / 10 / (n * LONG * (n + 2)), most)
    for name, step in STEPS.items():
        found, told = _means(problem, step(n), SHORT if name == "1" else LONG * (n + 2), many, MEANS + seed)
        arrays |= {f"{name}/{key}": value for key, value in found.items()}
        meta |= {f"means {name}": told}
    if noise:
        gaps, steps = _tails(problem, noise, TAILS + seed)
        arrays |= gaps
        meta |= {"noise": noise, "steps": steps}
    return arrays, meta


def groups(runs: float, most: int) -> int:
    """How many groups of runs, one at least."""
    return max(1, int(min(runs, most)) // GROUP)


def _hits(problem: Problem, target: float, last: int, many: int, seed: int) -> np.ndarray:
    """The first k of each run with f ≤ target f(x0), [runs]; 0 where it is not among the first `last`."""
    runs, found = rollout(problem, estimators.two_point(), last), []
    for i in range(many):
        f = runs(1 / (problem.n * problem.L), seed + i * GROUP).f
        found.append((f <= target * f[:, :1]).argmax(axis=1))
    return np.concatenate(found).astype(np.int32)


def _means(problem: Problem, step: float, iterations: int, many: int, seed: int) -> tuple[dict, dict]:
    """By iteration: the mean of xᵀx0/‖x0‖² and of f/f(x0) with their errors, quartiles of f; ln f at the end."""
    runs = rollout(problem, estimators.two_point("gaussian", eps=1.0), iterations)  # on a quadratic exact for every ε
    parts = [runs(step, seed + i * GROUP) for i in range(many)]
    with np.errstate(over="ignore", invalid="ignore"):
        f = np.concatenate([part.f / part.f[:, :1] for part in parts])
        along = np.concatenate([part.along for part in parts])
        low, median, high = np.quantile(f, [0.25, 0.5, 0.75], axis=0)
        root = len(f) ** 0.5
        curves = {"x": along.mean(0), "x_error": along.std(0, ddof=1) / root}
        curves |= {"f": f.mean(0), "f_error": f.std(0, ddof=1) / root, "low": low, "median": median, "high": high}
        rate = sampling.mean(np.log(f[:, -1]) / iterations)
    return curves, {"step": step, "runs": len(f), "iterations": iterations, "log_rate": list(rate)}


def ways(noise: dict[str, Any]) -> dict[str, Estimator]:
    """The estimates compared, all along sphere directions."""
    eps = noise["eps"]
    return {
        "plain": estimators.two_point(eps=eps),
        "median of 3": median_slope(repeats=3, eps=eps),
        "median of 5": median_slope(repeats=5, eps=eps),
        "clipped": clipped_slope(clip=noise["clip"], eps=eps),
    }


def _tails(problem: Problem, noise: dict[str, Any], seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """f of each run when the values are spent, [multiples, runs] of each way."""
    asked, found, told = noisy(problem, noise["sigma"], "student", freedom=noise["freedom"]), {}, {}
    for name, estimator in ways(noise).items():
        iterations = noise["values"] // estimator.calls(problem.n).total
        runs, many = rollout(asked, estimator, iterations), ceil(noise["runs"] / GROUP)
        gaps = []
        for multiple in noise["multiples"]:
            step = multiple / (problem.n * problem.L)
            gaps.append(np.concatenate([runs(step, seed + i * GROUP).f[:, -1] for i in range(many)]))
        found[f"gap/{name}"] = np.array(gaps)
        told[name] = {"iterations": iterations, "calls": estimator.calls(problem.n).total}
    return found, told
