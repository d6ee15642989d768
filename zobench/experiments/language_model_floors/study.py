"""Where descent without gradients ends on a language model: floors by minibatch, by difference step, by precision."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy import ndarray
from scipy.optimize import minimize

from zobench import floors, sampling, theory
from zobench.estimators import two_point
from zobench.problems.language_model import Task, task
from zobench.types import Estimator, Modes, Moment, Problem

CASES: tuple[str, ...] = ("common minibatches", "fresh minibatches", "float32", "bfloat16", "float16")
MOVED = ["norm_f"]  # the gains of the last norm: f is convex in them, and its Hessian fits
PROBES = 64  # directions of third derivatives
ROUNDED = 64  # points at which rounding is measured


class Bottom(NamedTuple):
    """The minimum, in double precision: x*, f*, H by eigenvalues [n] and vectors [n, n]; what errors are made of.

    `gradients`: E ξξᵀ of a sequence's gradient ξ by eigenvectors [n]; `spread`: the variance of its loss. `third`: the
    gradient of tr H by eigenvectors [n], and the mean of D³f[v, v, v]² over normal v. `truncated`: of a difference step
    h, the mean square of quotients along them, which are 0 but for truncation.
    """

    x: ndarray
    f: float
    eigenvalues: ndarray
    vectors: ndarray
    gradients: ndarray
    spread: float
    third: tuple[ndarray, float]
    truncated: Callable[[float], float]


class Rung(NamedTuple):
    """What is run: an estimator on a problem with a step, and the theory of it.

    `excess` [n]: what errors of values add to the diagonal of E GGᵀ by eigenvectors; `bias` [n]: to the mean of G.
    """

    problem: Problem
    estimator: Estimator
    excess: ndarray
    bias: ndarray


def language_model_floors(
    case: str,
    text: str,
    sequences: int,
    length: int,
    batches: list[int],
    eps: dict[str, list[float]],
    level: float,
    iterations: int,
    runs: int,
    seed: int,
) -> Callable[[], tuple[dict[str, ndarray], dict[str, Any]]]:
    """The study of one of CASES: runs of two-point descent (normals) that begin at the minimum, and how far they leave.

    On a quadratic E f − f* follows `theory.expectation` with, in each diagonal term of E GGᵀ beside that of the exact
    quotient,

        minibatches of b sequences    (tr C + 2C)/b'                 C: of a sequence's gradient, b' = b (N−1)/(N−b)
        fresh ones in each value      half of it, and s²/(2h² b')    s²: the variance of a sequence's loss
        rounding                      σ²/(2h²)                       σ: of the difference from double precision
        a long difference step h      E D²                           D: a quotient at x*; and the bias (h²/2) ∇tr H

    so that the floor of a step α is about α/4 times their sum. Minibatches have the step at which `level` nats are
    expected after the last iteration, and 1/(tr H + 2λ₁) at most; the others have the latter. Raises ValueError for a
    case that is not there, numbers below 2, and what `problems.language_model` refuses.
    """
    if case not in CASES:
        raise ValueError(f"case={case}: there are {'; '.join(CASES)}")
    for name, value in {"iterations": iterations, "runs": runs}.items():
        sampling.require_count(name, value, 2)
    made = task(text=text, sequences=sequences, length=length, batch=None, only=MOVED)
    kinds = {"common minibatches": True, "fresh minibatches": False}
    asked = {"text": text, "sequences": sequences, "length": length, "only": MOVED}

    def rungs(bottom: Bottom) -> tuple[Sequence[float], list[Rung]]:
        if case in kinds:
            shown = [task(**asked, batch=batch, common=kinds[case]).problem for batch in batches]
            return batches, [
                minibatch(one, bottom, b, sequences, kinds[case]) for one, b in zip(shown, batches, strict=True)
            ]
        return eps[case], [rounded(made.problem, bottom, case, h) for h in eps[case]]

    return partial(measured, made, rungs, level if case in kinds else np.inf, iterations, runs, seed)


def measured(
    made: Task, rungs: Callable[[Bottom], Any], level: float, iterations: int, runs: int, seed: int
) -> tuple[dict[str, ndarray], dict[str, Any]]:
    """Gaps of runs [rungs, runs, records] and what is expected of them [rungs, records]."""
    bottom = lowest(made)
    values, ladder = rungs(bottom)
    T, L = bottom.eigenvalues.sum(), bottom.eigenvalues.max()
    best = 1 / (T + 2 * L)
    gap, expected, steps, floor = [], [], [], []
    for rung in ladder:
        sized = np.sqrt(2 * level / (iterations * float(bottom.eigenvalues @ rung.excess)))
        step = float(min(best, sized))
        start = jnp.asarray(bottom.x, rung.problem.x0.dtype)
        f_star = bottom.f if np.isnan(rung.problem.f_star) else rung.problem.f_star
        problem = rung.problem._replace(x0=start, f_star=f_star)
        (found,) = floors.descend(floors.compiled(problem, rung.estimator), [step], runs, seed, iterations)
        moved = bottom.vectors.T @ (np.asarray(start, float) - bottom.x)
        gap.append(found.gap)
        expected.append(predicted(bottom, rung, moved, step, found.k))
        steps.append(step)
        floor.append(best / 4 * rung.excess.sum() / (1 - best * (T + 2 * L) / 2))
    arrays = {"rung": np.array(values, float), "k": found.k, "gap": np.array(gap), "expected": np.array(expected)}
    arrays |= {"step": np.array(steps), "floor": np.array(floor), "eigenvalues": bottom.eigenvalues}
    about = {"n": bottom.x.size, "T": T, "L": L, "f_star": bottom.f, "spread": bottom.spread, "best": best}
    return arrays, about | {"gradients": float(bottom.gradients.sum())}


def predicted(bottom: Bottom, rung: Rung, moved: ndarray, step: float, k: ndarray) -> ndarray:
    """E f − f* at the recorded k where f is a quadratic and the bias is constant."""
    modes = Modes(bottom.eigenvalues, moved**2)
    every, last = int(k[1] - k[0]), int(k[-1] - k[-2])
    mean = theory.expectation(modes, Moment(1, 2), rung.excess, step, every, len(k), last).gap
    h = bottom.eigenvalues
    drift = (1 - (1 - step * h) ** k[:, None]) * rung.bias / h
    return mean + drift**2 @ h / 2


def lowest(made: Task) -> Bottom:
    """Newton's method in a trust region, in double precision, and the derivatives at its end."""
    with jax.enable_x64(True):
        f, x0 = made.problem.f, jnp.asarray(made.problem.x0, jnp.float64)
        curved, slope = jax.jit(jax.hessian(f)), jax.jit(jax.value_and_grad(f))
        options: dict[str, Any] = {"jac": True, "hess": curved, "method": "trust-exact", "options": {"gtol": 1e-8}}
        end = minimize(lambda x: [np.asarray(part) for part in slope(x)], np.asarray(x0), **options)
        values, vectors = np.linalg.eigh(np.asarray(curved(end.x)))
        about = *_each(made, end.x, vectors), _third(f, end.x, vectors), _truncated(f, end.x)
        return Bottom(end.x, float(end.fun), values, vectors, *about)


def _each(made: Task, x: ndarray, vectors: ndarray) -> tuple[ndarray, float]:
    """The second moments of a sequence's gradient by eigenvectors, and the variance of its loss."""
    one = jax.value_and_grad(lambda x, row: made.some(x, row[None]))
    losses, slopes = jax.jit(lambda x: jax.lax.map(lambda row: one(x, row), jnp.arange(len(made.train))))(
        jnp.asarray(x)
    )
    return np.mean((np.asarray(slopes) @ vectors) ** 2, axis=0), float(np.var(losses))


def _third(f: Callable[[Any], Any], x: ndarray, vectors: ndarray) -> tuple[ndarray, float]:
    """∇tr H by eigenvectors, from vᵀHv of random signs, and the mean square of D³f[v, v, v] of normals."""
    random = np.random.default_rng(0)

    def curvature(x: Any, v: Any) -> Any:
        return jax.jvp(lambda y: jax.jvp(f, (y,), (v,))[1], (x,), (v,))[1]

    bends = jax.jit(lambda x, v: jax.lax.map(lambda one: jax.grad(curvature)(x, one), v))
    signs = random.choice([-1.0, 1.0], size=(PROBES, x.size))
    normals = random.standard_normal((PROBES, x.size))
    thirds = np.sum(np.asarray(bends(x, normals)) * normals, axis=1)
    return np.asarray(bends(x, signs)).mean(axis=0) @ vectors, float(np.mean(thirds**2))


def _truncated(f: Callable[[Any], Any], x: ndarray) -> Callable[[float], float]:
    """The mean square of central quotients along normals, in double precision."""
    v = np.random.default_rng(1).standard_normal((PROBES, x.size))

    @jax.jit
    def square(h: Any) -> Any:
        along = jax.lax.map(lambda one: f(jnp.asarray(x) + h * one) - f(jnp.asarray(x) - h * one), jnp.asarray(v))
        return jnp.mean(along**2) / (4 * h**2)

    def of(h: float) -> float:
        with jax.enable_x64(True):
            return float(square(h))

    return of


def minibatch(problem: Problem, bottom: Bottom, batch: int, sequences: int, common: bool) -> Rung:
    """Batches without replacement in double precision; of fresh ones h makes the two errors of their values equal."""
    share = (sequences - batch) / (sequences - 1) / batch
    noise = share * (bottom.gradients.sum() + 2 * bottom.gradients)
    if common:
        return Rung(problem, two_point("gaussian"), noise, np.zeros_like(noise))
    h = (18 * share * bottom.spread / bottom.third[1]) ** (1 / 6)
    shaken = share * bottom.spread / (2 * h**2) + bottom.truncated(h)
    return Rung(problem, two_point("gaussian", eps=h), noise / 2 + shaken, h**2 / 2 * bottom.third[0])


def rounded(problem: Problem, bottom: Bottom, dtype: str, h: float) -> Rung:
    """All sequences in a precision, with the difference step h; directions are replayed, so that values are float32."""
    random, x = np.random.default_rng(0), bottom.x
    points = x + h * random.standard_normal((ROUNDED, x.size))
    given = jnp.asarray(points, dtype)
    short = np.asarray(jax.jit(lambda x: jax.lax.map(problem.f, x))(given), float)
    with jax.enable_x64(True):
        exact = np.asarray(jax.jit(lambda x: jax.lax.map(problem.f, x))(jnp.asarray(points)))
    error = float(np.var(short - exact))
    problem = apart(problem, bottom.f)._replace(x0=jnp.asarray(x, dtype))
    excess = error / (2 * h**2) + bottom.truncated(h)
    return Rung(problem, two_point("gaussian", eps=h, replay=True), np.full(x.size, excess), h**2 / 2 * bottom.third[0])


def apart(problem: Problem, f_star: float) -> Problem:
    """What is asked for stays in the precision of x; what is measured is the gap, made in double precision."""
    f = problem.f

    def F(x: Any, key: Any) -> Any:
        return f(x)

    if hasattr(f, "along"):
        F.along = lambda x, move, key: f.along(x, move)  # type: ignore[attr-defined]
    return problem._replace(F=F, f=lambda x: (f(x.astype(jnp.float64)) - f_star).astype(x.dtype), f_star=0.0)
