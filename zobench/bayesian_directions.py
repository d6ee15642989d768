"""Slopes as measurements of a random gradient, whose posterior mean is the estimate."""

from math import isfinite

import jax.numpy as jnp

from zobench import directions
from zobench.around import long_step, values
from zobench.differences import require_eps
from zobench.subspace_directions import require_counts
from zobench.types import Calls, Draw, Estimator, Oracle, State, Vector


def bayesian_subspace(
    q: int = 2, samples: int = 3, prior: float = 1.0, scatter: float = 1.0, forgetting: float = 0.1,
    eps: float | None = None, noise: float = 0.0,
) -> Estimator:  # fmt: skip
    """The posterior mean of slopes along q directions (BSZO: Feng & Huang 2026), by Kalman's formulas.

    G = Σᵢ μᵢ zᵢ, zᵢ from N(0, I), yᵢ = (f(x+εzᵢ) − f(x))/ε. Each slope has the prior N(0, σ_p²), σ_p = `prior`, and is
    measured with variance s: r = yᵢ − μᵢ, ω ← (1−φ)ω + φr², s = max(0.1σ, √ω)², K = Σᵢ/(Σᵢ+s), μᵢ += Kr, Σᵢ −= KΣᵢ, for
    each i in turn, and for `samples` − q more times for the i of the largest Σᵢ, whose yᵢ is used again. ω is kept over
    steps, σ² = `scatter`² at first, φ = `forgetting`; all in the units of slopes. What remains is q slopes, each shrunk
    by a factor below 1 that falls where slopes are large: no estimate of g in length (`zobench check
    estimator=bayesian_subspace unbiased=false`), no second moment. "Robust and efficient zeroth-order LLM fine-tuning
    via adaptive Bayesian subspace optimizer", arXiv:2601.01452, as the authors' program (version 3) has it.

    `eps=None`: that of the forward quotient, over √n. Asks q+1 values a step. Raises ValueError for q < 1, for
    samples < q, where prior or scatter is not positive, for forgetting outside [0, 1], for eps as `two_point`.

    >>> bayesian_subspace().calls(10).value
    3
    """
    require_eps(eps, noise)
    require_counts(q=q)
    _require(q, samples, prior, scatter, forgetting)

    def estimate(oracle: Oracle, x: Vector, draw: Draw, state: State) -> tuple[Vector, State]:
        z, h = directions.rows(draw, (q, x.size), x.dtype), long_step(eps, "forward", x, noise, oracle)
        f = values(oracle, x, jnp.concatenate([jnp.zeros_like(x)[None], h * z]))
        y, mean, variance, square = (f[1:] - f[0]) / h, jnp.zeros(q, x.dtype), jnp.full(q, prior**2, x.dtype), state
        for sample in range(samples):
            i = sample if sample < q else jnp.argmax(variance)
            rest = y[i] - mean[i]
            square = (1 - forgetting) * square + forgetting * rest**2
            gain = variance[i] / (variance[i] + jnp.maximum(0.01 * scatter**2, square))
            mean, variance = mean.at[i].add(gain * rest), variance.at[i].multiply(1 - gain)
        return mean @ z, square

    return Estimator(
        estimate=estimate,
        calls=lambda n: Calls(value=q + 1),
        second_moment=lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n, dtype, q),
        init=lambda x: jnp.full((), scatter**2, x.dtype),
        period=lambda n: directions.period(q * n),
    )


def _require(q: int, samples: int, prior: float, scatter: float, forgetting: float) -> None:
    if samples < q:
        raise ValueError(f"samples={samples}: each of the q={q} slopes is used once or more; use samples >= {q}")
    for name, value in (("prior", prior), ("scatter", scatter)):
        if not (isfinite(value) and value > 0):
            raise ValueError(f"{name}={value}: a standard deviation of slopes is a positive number")
    if not 0 <= forgetting <= 1:
        raise ValueError(f"forgetting={forgetting}: the share of the newest residual is in [0, 1]")
