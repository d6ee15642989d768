"""Estimates of one gradient along more and more directions, descent with q queries a step, and values with noise.

f = gᵀx, ‖g‖ = 1, so that slopes are exact for every ε: what is measured is what directions do. Descent: ½‖x‖² with the
step 1/B, every run recorded at every iteration. Noise: independent in each value, σ/ε as given.
"""

from collections.abc import Callable
from functools import partial
from math import ceil, log, sqrt
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench import estimators, sampling
from zobench.experiments.randomize_or_not import law
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.rollouts import GROUP, rollout
from zobench.types import Estimator, Key, Problem, Vector, oracle

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)  # of n: numbers of Gaussian directions
FEWER = (1, 4, 16)  # of n: numbers of other independent directions
SIGNS = (8, 64)  # values whose standard deviation is taken
REPEATS = (1, 4, 16)  # of central differences along all axes
MORE = 1.6  # iterations over those by which E f arrives


def randomize_or_not(
    *, dim: int, draws: int, theta: float, delta: float, target: float, runs: int, noise: float, seed: int, dtype: str
) -> Callable[[], Measured]:
    """The study at n = `dim`: so many `draws` of an estimate, `runs` runs to f ≤ `target` f(x0), noise σ/ε.

    `theta`, `delta`: the accuracy and the chance to miss it at which the law's number of directions is tried. Raises
    ValueError for numbers out of range.
    """
    sampling.require_count("dim", dim, 4)
    sampling.require_count("draws", draws, 20)
    sampling.require_count("runs", runs, GROUP)
    sampling.require_positive("noise", [noise])
    for name, value in {"theta": theta, "delta": delta, "target": target}.items():
        if not 0 < value < 1:
            raise ValueError(f"{name}={value}: a number between 0 and 1")
    return partial(_measure, dim, draws, theta, delta, target, runs, noise, seed, dtype)


def _measure(n, draws, theta, delta, target, runs, noise, seed, dtype) -> Measured:
    g = np.random.default_rng(n).standard_normal(n)
    linear = slope(g / np.linalg.norm(g), dtype)
    arrays: dict[str, np.ndarray] = {}
    for way, q, made in ways(n, law.gaussian_directions(theta, delta, n)):
        arrays[f"error/{way}/{q}"] = errors(linear, made, draws, seed)
    arrays |= {f"signs/{q}": _deviations(linear, q, 4 * draws, seed) for q in SIGNS}
    arrays["pairs"] = _pairs(linear, noise, 16 * draws, seed)
    for way, q, made in noisy_ways(n):
        repeats = q // n if way == "axes" else 1
        arrays[f"noise/{way}/{q}"] = _with_noise(linear, made, noise, draws, repeats, seed)
    for quotient in ("central", "forward"):
        for q in queries(n):
            arrays[f"hits/{quotient}/{q}"] = _hits(n, q, quotient, target, runs, seed, dtype)
    return arrays, {"n": n, "theta": theta, "delta": delta, "target": target, "noise": noise}


def slope(g: np.ndarray, dtype: str) -> Problem:
    """f(x) = gᵀx at x0 = 0."""
    along = jnp.asarray(g, dtype)
    return Problem(f=lambda x: along @ x, x0=jnp.zeros_like(along))


def ways(n: int, chosen: int) -> list[tuple[str, int, Estimator]]:
    """What is compared without noise: its name, its number of directions, the estimator."""
    two_point = partial(estimators.two_point, eps=1.0)
    many, fewer = ([n // 2, *(k * n for k in multiples)] for multiples in (MULTIPLES, FEWER))
    found = [("gaussian", q, two_point("gaussian", q)) for q in [*many, chosen]]
    for way, direction in (("sphere", "sphere"), ("signs", "rademacher")):
        found += [(way, q, two_point(direction, q)) for q in fewer]  # type: ignore[arg-type]
    found += [("orthogonal", q, two_point("sphere", q, orthogonal=True)) for q in (n // 4, n // 2, 3 * n // 4, n)]
    return found + [("interpolation", q, estimators.regression(q, eps=1.0)) for q in (n // 2, n, 2 * n)]


def noisy_ways(n: int) -> list[tuple[str, int, Estimator]]:
    """What is compared with noise in each value; of `axes` q = n · repeats."""
    difference = partial(estimators.finite_difference, eps=1.0)
    found = [("axes", n * k, difference("central")) for k in REPEATS]
    found += [("sphere", n * k, estimators.two_point("sphere", n * k, eps=1.0)) for k in REPEATS]
    return [
        *found,
        ("interpolation", 4 * n, estimators.regression(4 * n, eps=1.0)),
        ("forward axes", n, difference("forward")),
    ]


def queries(n: int) -> list[int]:
    """Numbers of queries a step: 1, 2, the one next to √(n−1), n."""
    return [1, 2, round(sqrt(n - 1)), n]


def estimate(problem: Problem, made: Estimator, x: Vector, key: Key) -> Vector:
    """One G at x."""
    draw = made.draw(key, x.size, x.dtype) if made.draw else None
    return made.estimate(oracle(problem, key), x, draw, made.init(x))[0]


def estimates(problem: Problem, made: Estimator, draws: int, seed: int) -> np.ndarray:
    """G at x0 of so many draws, [draws, n], one after the other, as many directions fill the memory."""
    x = problem.x0

    def one(step):
        return estimate(problem, made, x, Key(jnp.uint32(seed), step))

    return np.asarray(jax.jit(lambda steps: jax.lax.map(one, steps))(jnp.arange(draws, dtype=jnp.uint32)), np.float64)


def errors(problem: Problem, made: Estimator, draws: int, seed: int) -> np.ndarray:
    """‖G−g‖² and gᵀG of each draw, [2, draws]: all that another factor of G needs."""
    g = np.asarray(jax.grad(problem.f)(problem.x0), np.float64)
    found = estimates(problem, made, draws, seed)
    return np.array([((found - g) ** 2).sum(1), found @ g])


def _with_noise(problem: Problem, made: Estimator, noise: float, draws: int, repeats: int, seed: int) -> np.ndarray:
    """‖G−g‖² of each draw, G the mean of `repeats` estimates from noisy values."""
    found = estimates(noisy(problem, noise), made, draws * repeats, seed)
    return ((found.reshape(draws, repeats, -1).mean(1) - np.asarray(jax.grad(problem.f)(problem.x0))) ** 2).sum(1)


def _deviations(problem: Problem, q: int, draws: int, seed: int) -> np.ndarray:
    """The standard deviation of q values f(x+v) along signs v, over ‖g‖, of each draw."""
    f, rng = jax.vmap(problem.f), np.random.default_rng(seed)
    v = [rng.choice([-1.0, 1.0], (q, problem.n)) for _ in range(draws)]
    return np.array([np.std(f(jnp.asarray(part, problem.x0.dtype)), ddof=1) for part in v])


def _pairs(problem: Problem, noise: float, draws: int, seed: int) -> np.ndarray:
    """‖G‖² of an estimate from a pair of values with common noise hᵀx, h = g + noise ξ, and ‖h‖², [2, draws]."""
    n, x, made = problem.n, problem.x0, estimators.two_point(eps=1.0)
    g = jax.grad(problem.f)(x)

    def one(step):
        h = g + noise * jax.random.normal(jax.random.fold_in(jax.random.key(seed), step), (n,), x.dtype)
        found = estimate(Problem(f=lambda y: h @ y, x0=x), made, x, Key(jnp.uint32(seed), step))
        return jnp.array([found @ found, h @ h])

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(draws, dtype=jnp.uint32)), np.float64).T


def _hits(n: int, q: int, quotient: str, target: float, runs: int, seed: int, dtype: str) -> np.ndarray:
    """The first k of each run with f ≤ target f(x0), [runs]; 0 where it is not among those recorded."""
    problem = quadratic(n, "isotropic")
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    made = estimators.two_point("sphere", q, quotient=quotient)  # type: ignore[arg-type]
    second = 1 + (n - 1) / q
    last = ceil(MORE * log(1 / target) * second) + 20
    run, found = rollout(problem, made, last), []
    for i in range(ceil(runs / GROUP)):
        f = run(1 / second, seed + i * GROUP).f
        found.append((f <= target * f[:, :1]).argmax(axis=1))
    return np.concatenate(found).astype(np.int32)
