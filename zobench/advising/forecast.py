"""How many steps without gradients do what a few with gradients did: told by gradients before they are made."""

from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from zobench.derivatives.spectrum import hessian_product, hutchinson, lanczos

ITERATIONS = 6  # of gradient descent
PROBES, KRYLOV = 24, 12  # products with the Hessian for its trace, and for its largest eigenvalue
TINY = 1e-12  # for λ₁ where no curvature is positive
SHARES = (0.5, 0.75, 1.0)  # of what gradient descent at its best step learns: the losses
ROUNDING = 1e-5
MULTIPLES = tuple(2 ** (i / 2) for i in range(-4, 9))  # of 1/λ₁ at the start: the steps of gradient descent
FINE = 24  # steps of the diffusion for one of gradient descent
TRIES = 5  # steps without gradients at most, each half of the one before
RUNS = 2  # of the diffusion
LONGEST = 6  # times what it takes without noise
MOST = 2000  # steps of a diffusion
WITHIN = 2.2  # the factor between what was told and what came out, reports/finetuning_rank/verdicts.json
BY_SAMPLES = (1.3, 3.2)  # that factor with 4 of 8 sequences a step, reports/finetuning_rank/verdicts.json
FAR = 0.5  # times the first loss, or what is learnt where that is more, above it: a run that is there has left


class Forecast(NamedTuple):
    """Iterations to each of `losses`: of gradient descent at its best step, found, and of two-point descent, told.

    `steps` [tried] are the steps of two-point descent and `told` [tried, losses] what is told of them, medians over
    runs; `flow` [losses]: how long gradient flow takes; `ends` [tried]: where the first run of each ended.
    """

    losses: ndarray
    step: float
    gradient: ndarray
    steps: ndarray
    told: ndarray
    flow: ndarray
    ends: list[Any]

    @property
    def best(self) -> int:
        """Which of the steps meets the last loss first; the shortest where none does."""
        last = self.told[:, -1]
        return int(np.argmin(last)) if np.isfinite(last).any() else len(last) - 1

    @property
    def slowdown(self) -> ndarray:
        """Two-point iterations for one of gradient descent, to each loss."""
        return self.told[self.best] / self.gradient


def foretell(f: Callable[[Any], Any], x0: Any, iterations: int = ITERATIONS, seed: int = 0) -> Forecast:
    """What a few iterations of gradient descent learn, and how many of two-point descent that will take: no run of it.

    Gradient descent has the step of a grid with the lowest end; the losses are SHARES of what it learns. tr H and λ₁
    where it ends give the longest step of two-point descent that is looked at, 1/(tr H + 2λ₁); `diffused` the rest. A
    pure function of x0's dtype and the seed. Costs about 80 gradients, 48 products with the Hessian (5 values each),
    and a few hundred gradients for the diffusion. Raises ValueError where gradient descent does not descend.
    """
    random = np.random.default_rng(seed)
    largest = float(lanczos(hessian_product(f, x0), x0.size, KRYLOV, random)[0])
    step, values, x = best_descent(f, x0, iterations, max(largest, TINY))
    if not values.min() < values[0]:
        raise ValueError("gradient descent does not descend from x0")
    losses, product = losses_of(values), hessian_product(f, x)
    trace = hutchinson(product, x0.size, PROBES, random).value
    first = 1 / (max(trace, 0.0) + 2 * max(float(lanczos(product, x0.size, KRYLOV, random)[0]), TINY))
    gradient = met(np.arange(values.size), values, losses)
    return Forecast(losses, step, gradient, *diffused(f, x0, losses, step, first, seed))


def best_descent(f: Callable[[Any], Any], x0: Any, iterations: int, largest: float) -> tuple[float, ndarray, Any]:
    """Gradient descent at the step of a grid, MULTIPLES/λ₁, with the lowest end: step, its values [iterations + 1], x.

    Costs len(MULTIPLES)·iterations gradients.
    """

    def go(size: Any) -> Any:
        def one(x: Any, _: Any) -> Any:
            value, g = jax.value_and_grad(f)(x)
            return x - size * g, value

        x, values = jax.lax.scan(one, x0, length=iterations)
        return jnp.append(values, f(x)), x

    run = jax.jit(go)
    tried: list[Any] = [(float(size), *run(jnp.asarray(size, x0.dtype))) for size in np.array(MULTIPLES) / largest]
    step, values, x = min(tried, key=lambda one: float(one[1][-1]) if isfinite(one[1][-1]) else inf)
    return step, np.asarray(values, float), x


def losses_of(values: ndarray) -> ndarray:
    """SHARES of what was learnt; less by rounding, so that another program of the same steps is there, too."""
    return values[0] - (1 - ROUNDING) * np.array(SHARES) * (values[0] - values.min())


def met(k: ndarray, values: ndarray, losses: Sequence[float] | ndarray) -> ndarray:
    """Iterations to each loss, on a straight line between records; inf where it is not met."""
    found = []
    for loss in losses:
        under = np.flatnonzero(values <= loss)
        if not under.size:
            found.append(inf)
            continue
        i = int(under[0])
        share = (values[i - 1] - loss) / (values[i - 1] - values[i]) if i else 1.0
        found.append(float(k[i] - (1 - share) * (k[i] - k[max(i - 1, 0)])))
    return np.array(found)


def diffused(
    f: Callable[[Any], Any], x0: Any, losses: Sequence[float] | ndarray, step: float, first: float, seed: int
) -> tuple[ndarray, ndarray, ndarray, list[Any]]:
    """Steps, iterations of two-point descent (signs, normals) to the losses, which fall, flow, ends: `Forecast`'s.

    m steps x₊ = x − α v vᵀg along the same g add up to x − δg with δ = mα, and to noise of the covariance
    αδ(‖g‖² I + ggᵀ), whatever n is (signs: less a diagonal that is small beside it). The diffusion makes m of them with
    one gradient, with δ a small part of `step`, gradient descent's, for α = first, first/2, ... until it is no faster.
    What the noise costs, (α/2) tr H‖g‖² a step, is that of the points to which it leads, where the trace is not that of
    the way of gradient descent. No value is asked along a random direction.
    """
    go, delta = _diffusion(f, x0, losses), step / FINE
    flow, _ = go(0.0, delta, seed, inf)
    steps, told, ends = [], [], []
    for i in range(TRIES):
        steps.append(first * 0.5**i)
        runs = [go(steps[-1], delta, seed + j, LONGEST * flow[-1]) for j in range(RUNS)]
        told.append(np.median([time for time, _ in runs], axis=0) / steps[-1])
        ends.append(runs[0][1])
        if i and told[-1][-1] >= told[-2][-1] < inf:
            break
    return np.array(steps), np.array(told), flow, ends


def _diffusion(f: Callable[[Any], Any], x0: Any, losses: Sequence[float] | ndarray) -> Callable[..., Any]:
    """Times to the losses and the last x, as a function of a step α, δ, a seed and the longest time."""

    @jax.jit
    def move(x: Any, key: Any, alpha: Any, delta: Any) -> Any:
        value, g = jax.value_and_grad(f)(x)
        own, along = jax.random.split(key)
        square = g @ g
        noise = jnp.sqrt(square) * jax.random.normal(own, x.shape, x.dtype) + g * jax.random.normal(along, (), x.dtype)
        return x - delta * g + jnp.sqrt(alpha * delta) * noise, value

    def go(alpha: float, delta: float, seed: int, longest: float) -> tuple[ndarray, Any]:
        x, key, values = x0, jax.random.key(seed), []
        size, by = jnp.asarray(delta, x0.dtype), jnp.asarray(alpha, x0.dtype)
        while len(values) * delta <= longest and len(values) < MOST:
            after, value = move(x, jax.random.fold_in(key, len(values)), by, size)
            values.append(float(value) if isfinite(value) else inf)
            far = values[0] + FAR * max(abs(values[0]), values[0] - losses[-1])
            if values[-1] <= losses[-1] or values[-1] > far:
                break
            x = after
        return met(delta * np.arange(len(values)), np.array(values), losses), x

    return go
