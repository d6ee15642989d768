"""The largest stable step of descent on quadratics: in the mean square, exactly and by restarts, and of single runs.

With E GGᵀ = A‖g‖² I + C ggᵀ + D diag(gᵢ²) the second moments sᵢ = E zᵢ² go on as s₊ = Ms (zobench.recursion). M has an
eigenvalue 1 where αA Σ λᵢ/(2 − α(C+D)λᵢ) = 1; below that step and 2/((C+D)λ_max) all are less. So the limit α* is

    2/tr H (A = 1, C+D = 0: ±1),   2/(nλ_max) (A = 0: axes),   2/(tr H + 2λ_max) ≤ α* ≤ 2/tr H (Gaussian),

and n/(n+2) in the place of 1 makes α* on the sphere (n+2)/n times that of Gaussian directions.

E‖x_k‖² is decided by runs that are rare beyond any number of seeds: after k steps its share of a sample of runs falls
exponentially. Restarts in proportion to ‖x‖² keep them: of N runs each step has E w = ρ, w = ‖x₊‖²/‖x‖², in the
stationary law of the directions of x that are so weighted, and the mean of w over runs and steps is ρ, the largest
eigenvalue of M, but for O(1/N) (a branching estimate of a Perron root; begun with the moments that keep their
proportions at α*, as slow modes would take long to come to them). A run by itself grows like e^(γk) with
γ = E ln w without restarts: γ ≤ ln ρ, so it is stable for longer steps.
"""

from collections.abc import Callable
from functools import partial
from math import inf, log
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from zobench import estimators, recursion
from zobench.problems.quadratics import quadratic
from zobench.types import Draw, Estimator, Key, Moment, Problem, oracle

SPECTRA: dict[str, dict[str, Any]] = {
    "isotropic": {},
    "two_level": {"mu": 0.1},
    "log_uniform": {"mu": 0.05},
    "harmonic": {"mu": 0.05},
    "one_large": {"mu": 0.1},
}  # λ_max = 1, and no mode so slow that its own decay hides that of the mean
DIRECTIONS = ("sphere", "gaussian", "rademacher", "coordinate")
BURN = 0.25  # of the steps, in which the directions of x become stationary
HALVINGS = 9
FARTHEST = 16.0  # times α*: the longest step at which a run by itself is sought to be stable


class Growth(NamedTuple):
    """Of each of several populations: mean w a step, mean ln w a step; both [populations]."""

    mean: np.ndarray
    log: np.ndarray


def eigenvalues(spectrum: str, n: int) -> np.ndarray:
    """The spectrum at n, λ_max = 1."""
    modes: Any = quadratic(n, spectrum, **SPECTRA[spectrum]).modes  # type: ignore[arg-type]
    return modes.eigenvalue


def largest_step(eigenvalue: np.ndarray, moment: Moment) -> float:
    """α*, the step beyond which E‖x_k‖² grows."""
    both, last = moment.C + moment.D, 2 / ((moment.C + moment.D) * eigenvalue.max()) if moment.C + moment.D else inf
    if moment.A == 0:
        return last

    def excess(step: float) -> float:
        return step * moment.A * float(np.sum(eigenvalue / (2 - step * both * eigenvalue))) - 1

    most = min(2 / (moment.A * float(eigenvalue.sum())), last)
    found: Any = most if both == 0 else brentq(excess, 0.0, min(most, last * (1 - 1e-12)), xtol=1e-14)
    return float(found)


def stationary(eigenvalue: np.ndarray, moment: Moment, step: float) -> np.ndarray:
    """√sᵢ of the second moments that stay in proportion at α*: sᵢ ~ 1/(λᵢ(2 − α(C+D)λᵢ)); of λ_max alone for A = 0."""
    if moment.A == 0:
        return (eigenvalue == eigenvalue.max()).astype(float)
    return 1 / np.sqrt(eigenvalue * (2 - step * (moment.C + moment.D) * eigenvalue))


def rate(eigenvalue: np.ndarray, moment: Moment, step: float) -> float:
    """ρ, the largest eigenvalue of M, from the recursion."""
    n = eigenvalue.size
    spectrum = recursion.levels(quadratic(n, eigenvalue.tolist()).modes)  # type: ignore[arg-type]
    return float(np.exp(-recursion.decay(spectrum, moment, step).rate.min()))


def populations(estimator: Estimator, n: int, runs: int, steps: int, restarts: bool) -> Callable[..., Growth]:
    """Compiled: (eigenvalues, spread, step, keys) -> growth of populations of so many runs, one a key.

    `spread` [n]: the standard deviation of each xᵢ at the start.
    """
    period = estimator.period(n)
    rounds = -(-steps // period)

    def population(eigenvalue, spread, step, key):
        problem = Problem(f=lambda x: jnp.sum(eigenvalue * x * x) / 2, x0=jnp.ones(n))
        seeds = jax.random.bits(key, (runs,), jnp.uint32)

        def moved(x, seed, source, k):
            draw = Draw(source, k % jnp.uint32(period)) if period > 1 else source
            g, _ = estimator.estimate(oracle(problem, Key(seed, k)), x, draw, ())
            return x - step * g

        def iterate(source, x, k):
            x = jax.vmap(moved, in_axes=(0, 0, 0, None))(x, seeds, source, k)
            w = jnp.sum(x * x, axis=1)
            chosen = _in_proportion(w, jax.random.fold_in(key, k)) if restarts else jnp.arange(runs)
            return (x / jnp.sqrt(w)[:, None])[chosen], (jnp.mean(w), jnp.mean(jnp.log(w)))

        def one_round(x, i):
            first = i * jnp.uint32(period)
            source = jax.vmap(lambda seed: _source(estimator, Key(seed, first), n, x.dtype, period))(seeds)
            return jax.lax.scan(partial(iterate, source), x, first + jnp.arange(period, dtype=jnp.uint32))

        start = spread * jax.random.normal(key, (runs, n))
        start = start / jnp.linalg.norm(start, axis=1, keepdims=True)
        _, found = jax.lax.scan(one_round, start, jnp.arange(rounds, dtype=jnp.uint32))
        return tuple(jnp.mean(part.ravel()[int(BURN * steps) :]) for part in found)

    many = jax.jit(jax.vmap(population, in_axes=(None, None, None, 0)))
    return lambda eigenvalue, spread, step, keys: Growth(*map(np.asarray, many(eigenvalue, spread, step, keys)))


def _source(estimator: Estimator, key: Key, n: int, dtype: Any, period: int) -> Any:
    """What the steps of a round share; of an estimator whose rounds have one step, the draw itself."""
    drawn: Any = estimator.draw(key, n, dtype)  # type: ignore[misc]
    return drawn.source if period > 1 else drawn


def _in_proportion(weight, key):
    """Indices of a systematic sample: each run as often as its weight says, to less than one."""
    share = jnp.cumsum(weight) / jnp.sum(weight)
    at = (jnp.arange(weight.size) + jax.random.uniform(key)) / weight.size
    return jnp.minimum(jnp.searchsorted(share, at), weight.size - 1)


def measure(n: int, coordinates: int, count: int, within: float, seed: int) -> list[dict[str, Any]]:
    """A line for each spectrum and kind of direction at n.

    ρ of `count` populations of `coordinates`/n runs over 10 n steps (300 at least) at (1 ± within) α*, exact and with
    restarts; and the step at which runs by themselves stop falling, of populations of an eighth as many.
    """
    runs, steps = max(coordinates // n, 16), max(10 * n, 300)
    found = []
    for direction in DIRECTIONS:
        estimator = estimators.two_point(direction)  # type: ignore[arg-type]
        moment: Any = estimator.second_moment(n)
        branching = populations(estimator, n, runs, steps, True)
        alone = populations(estimator, n, max(runs // 8, 2), steps, False)
        keys = jax.random.split(jax.random.key(seed), (len(SPECTRA), 2, count))
        for spectrum, (own, other) in zip(SPECTRA, keys, strict=True):
            eigenvalue = eigenvalues(spectrum, n)
            limit = largest_step(eigenvalue, moment)
            spread = stationary(eigenvalue, moment, limit)
            line: dict[str, Any] = {"n": n, "spectrum": spectrum, "direction": direction, "limit": limit}
            for word, multiple in (("below", 1 - within), ("above", 1 + within)):
                line[word] = branching(eigenvalue, spread, multiple * limit, own).mean.tolist()
                line[f"{word}_exact"] = rate(eigenvalue, moment, multiple * limit)
            steady = _zero(partial(alone, eigenvalue, spread), limit, other)
            found.append({**line, "trace": float(eigenvalue.sum()), "alone": steady})
    return found


def _zero(grows: Callable[..., Growth], limit: float, keys) -> list[float]:
    """The step over α* at which each population's mean of ln w is 0; the last one tried where it never is."""
    low, high = np.full(len(keys), log(0.9)), np.full(len(keys), log(FARTHEST))
    coarse = np.log([1.1, 1.3, 1.6, 2.0, 3.0, 5.0, 9.0])
    for at in coarse:  # upwards, as beyond the first zero there may be others
        grew = grows(limit * np.exp(at), keys).log > 0
        open_ = high == log(FARTHEST)
        low, high = np.where(~grew & open_, at, low), np.where(grew & open_, at, high)
        if not (high == log(FARTHEST)).any():
            break
    left, right = float(low.min()), float(high.max())
    if right == log(FARTHEST):
        return [FARTHEST] * len(keys)
    grid = np.linspace(left, right, HALVINGS)
    curves = np.array([grows(limit * np.exp(at), keys).log for at in grid])
    return [float(np.exp(_crossing(grid, curve))) for curve in curves.T]


def _crossing(x: np.ndarray, y: np.ndarray) -> float:
    """Where the line through the points first rises through 0; the nearer end where it does not."""
    up = np.flatnonzero((y[:-1] <= 0) & (y[1:] > 0))
    if not up.size:
        return float(x[0] if y[0] > 0 else x[-1])
    i = int(up[0])
    return float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))
