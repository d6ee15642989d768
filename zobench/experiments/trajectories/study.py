"""The lecture's two pictures of descent without gradients, with its own settings and put right, and the same in Rⁿ.

Its function x₁² + 3x₂² + 2x₁x₂ from (4, 4), 50 iterations of step 0.25 = 2/(L+μ): (a) forward differences with ε = 1.1;
(b) a normalised Gaussian direction, forward quotient with ε = 0.11, without the factor d = n: two points of the sphere
with the step 0.25/n. In Rⁿ the function of each pair of coordinates, from a start of the same f(x0), L and μ.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from zobench import estimators, floors, paths, sampling, theory
from zobench.decay import first_at_most
from zobench.methods import descent
from zobench.types import Estimator, Modes, Problem

HESSIAN = np.array([[2.0, 2.0], [2.0, 6.0]])
START = 4.0
STEP, LECTURE_K, LECTURE_A, LECTURE_B = 0.25, 50, 1.1, 0.11
FEWEST, SHOWN, CLOUD = 16, 6, 300
LATE = 200  # iterations after which the lecture's two-point run is at its floor: (1 − 0.25 μ)²⁰⁰ is 1e-30


class Run(NamedTuple):
    """An estimator with its step, and where they come from."""

    name: str
    estimator: Estimator
    step: float


def trajectories(
    *, dim: int, samples: int, iterations: int, eps: Sequence[float], target: float, seed: int, dtype: str
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """A study in Rⁿ, n = `dim`: `samples`/n runs (16 at least) of `iterations`·n steps of 1/(nL).

    At n = 2 the lecture's runs besides, at the difference steps `eps` too. `target`: f/f(x0) whose first iteration is
    told. Raises ValueError for an odd `dim`, for numbers out of range, and for what does not fit the memory.
    """
    if dim < 2 or dim % 2:
        raise ValueError(f"dim={dim}: pairs of coordinates need an even number from 2 on")
    sampling.require_count("samples", samples, 2)
    sampling.require_count("iterations", iterations, 1)
    sampling.require_positive("eps", eps)
    sampling.require_positive("target", [target])
    runs = max(FEWEST, samples // dim)
    sampling.require_memory("samples", samples, 8 * runs * (4 * dim + 4 * 3 * iterations + 64))
    return partial(_measure, dim, runs, iterations, eps, target, seed, dtype)


def pairs(n: int) -> Problem:
    """The lecture's function of each pair of coordinates, from 4√(2/n) each: f(x0) = 96, L, μ as for n = 2."""
    eigenvalue, vector = np.linalg.eigh(HESSIAN)
    x0 = np.full(n, START * (2 / n) ** 0.5)
    energy = (x0.reshape(-1, 2) @ vector) ** 2

    def f(x):
        a, b = x[::2], x[1::2]
        return jnp.sum(a * a + 3 * b * b + 2 * a * b)

    return Problem(
        f=f,
        x0=jnp.asarray(x0),
        f_star=0.0,
        x_star=jnp.zeros(n),
        L=float(eigenvalue[-1]),
        mu=float(eigenvalue[0]),
        hessian_trace=float(eigenvalue.sum() * n / 2),
        modes=Modes(np.tile(eigenvalue, n // 2), energy.ravel(), False),
    )


def _measure(dim, runs, iterations, eps, target, seed, dtype) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    problem = pairs(dim)
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    right = estimators.two_point()
    step = theory.theory_step(problem, right)
    (run,) = floors.descend(floors.compiled(problem, right), [step], runs, seed, iterations * dim)
    exact = floors.exact(problem, right, step, run.k)
    arrays = {"growth/k": run.k, "growth/mean": run.gap.mean(0), "growth/exact": exact}
    arrays["growth/error"] = run.gap.std(0, ddof=1) / runs**0.5
    start = float(problem.f(problem.x0))
    at = {name: first_at_most(run.k, arrays[f"growth/{name}"], target * start) for name in ("mean", "exact")}
    meta = {"n": dim, "runs": runs, "step": step, "start": start, "target": target, "reached": at}
    if dim == 2:
        more, lecture = _lecture(problem, runs, LECTURE_K, eps, seed)
        arrays, meta = arrays | more, meta | lecture
    return arrays, meta


def lecture_runs(problem: Problem) -> list[Run]:
    """Gradient descent, the lecture's (a) and (b), each of these put right, and (b) with its factor d as printed."""
    n, L = problem.n, problem.L
    return [
        Run("gradient", estimators.autodiff(), STEP),
        Run("a", estimators.finite_difference("forward", LECTURE_A), STEP),
        Run("a, central", estimators.finite_difference("central"), STEP),
        Run("b", estimators.two_point(quotient="forward", eps=LECTURE_B), STEP / n),
        Run("b, central", estimators.two_point(), 1 / (n * L)),
        Run("b, factor d", estimators.two_point(), STEP),
    ]


def _lecture(problem, runs, iterations, eps, seed) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays: dict[str, np.ndarray] = {}
    ends = {}
    for run in lecture_runs(problem):
        path = iterates(problem, run, runs if run.estimator.draw else 1, iterations, seed)
        gap = np.asarray(jax.jit(jax.vmap(jax.vmap(problem.f)))(path), np.float64)
        arrays[f"{run.name}/paths"] = path[:SHOWN]
        arrays |= {f"{run.name}/{name}": curve for name, curve in _summary(gap).items()}
        ends[run.name] = {"x": path[:, -1].mean(0).tolist(), "f": float(gap[:, -1].mean())}
        if run.estimator.excess:
            arrays[f"{run.name}/exact"] = floors.exact(problem, run.estimator, run.step, np.arange(iterations + 1))
    arrays |= {f"cloud/{name}": cloud for name, cloud in _clouds(problem, seed).items()}
    return arrays, {"iterations": iterations, "ends": ends, "eps": _steps(problem, runs, iterations, eps, seed)}


def iterates(problem: Problem, run: Run, runs: int, iterations: int, seed: int) -> np.ndarray:
    """x_0 ... x_K of each run, [runs, K + 1, n]."""
    starts, seeds, k = np.tile(np.asarray(problem.x0), (runs, 1)), range(seed, seed + runs), np.arange(iterations + 1)
    method = lambda step: descent(run.estimator, optax.sgd(step))  # noqa: E731
    found = paths.descend(problem, method, [run.step], starts, seeds, iterations, k=k, keep=True)
    return np.asarray(found.kept, np.float64)


def _summary(gap: np.ndarray) -> dict[str, np.ndarray]:
    low, median, high = np.quantile(gap, [0.1, 0.5, 0.9], axis=0)
    error = gap.std(0, ddof=1) / len(gap) ** 0.5 if len(gap) > 1 else np.zeros(gap.shape[1])
    return {"mean": gap.mean(0), "error": error, "low": low, "median": median, "high": high}


def _clouds(problem: Problem, seed: int) -> dict[str, np.ndarray]:
    """Estimates of the gradient at the start, each [estimates, n]: the lecture's (b), it with the factor d, central."""
    lecture, right = estimators.two_point(quotient="forward", eps=LECTURE_B), estimators.two_point()
    drawn = sampling.draws(right, problem.x0, CLOUD, seed)
    forward, central = sampling.estimates(problem, [lecture, right], problem.x0, drawn, CLOUD, seed)
    gradient = np.asarray(jax.grad(problem.f)(problem.x0), np.float64)
    return {"b": forward / problem.n, "central": central, "gradient": gradient[None]}


def _steps(problem: Problem, runs: int, iterations: int, eps: Sequence[float], seed: int) -> list[dict[str, Any]]:
    """At each ε: where (a) ends and how far it strays from gradient descent; the floor of (b), drawn and exact."""
    straight = iterates(problem, lecture_runs(problem)[0], 1, iterations, seed)[0]
    found = []
    for step in eps:
        a = Run("a", estimators.finite_difference("forward", step), STEP)
        path = iterates(problem, a, 1, iterations, seed)[0]
        b, own, few = estimators.two_point(quotient="forward", eps=step), STEP / problem.n, max(FEWEST, runs // 20)
        (run,) = floors.descend(floors.compiled(problem, b), [own], few, seed, 2 * LATE)
        exact = floors.exact(problem, b, own, run.k)
        apart = np.linalg.norm(path - straight, axis=1)
        told = {"eps": step, "apart": float(apart.max()), "end": float(apart[-1]), "f": float(problem.f(path[-1]))}
        found.append({**told, "floor": list(run.floor(LATE)), "exact_floor": float(exact[-1])})
    return found
