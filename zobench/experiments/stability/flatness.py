"""What the difference step does to flatness on f = ½(yᵀz − 1)², y and z of d variables each: a law with its constants.

n = 2d, x = (y, z), r = yᵀz − 1, J the swap of the two halves. tr ∇²f = ‖x‖² =: t everywhere, as yᵀz has a Hessian of
trace 0; at a minimum t ≥ 2. Along u = (a, b), with p = uᵀJx and m = aᵀb, yᵀz at x ± εu is yᵀz ± εp + ε²m, so that

    (f(x+εu) − f(x−εu))/(2ε) = (r + ε²m) p   exactly,   G = (r + ε²m) p u,   x₊ = x − αG,   r₊ = r − βp + β²m,

β = α(r + ε²m)p, while the slope itself, ε = 0, is r p. For u ~ N(0, I), by Wick's theorem (E m p xᵀu = t is the one
that matters: m is in step with p):

    E t₊ = t − 4α r(1+r) − 2αε² t + α²[(n+2) r² t + 4(n+4) ε² r(1+r) + ½(n+4)(n+6) ε⁴ t].

r is fast, of mean r̄ = −2ε²/t and variance v = O(αε⁴n): to first order in α, dt/dk = −2αε²(t − 4/t), or

    t(k)² = 4 + (t₀² − 4) e^(−4αε²k),

which ends at the flattest minima, t = 2. Where ε = 0, r goes to 0 and t stays where it is: a slope leads to no flatter
minimum. To second order `law` steps t, E r and E r² together.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import estimators
from zobench.types import Draw, Estimator, Key, Problem, oracle

RECORDS = 40
LATE = 0.05  # of the iterations, after which a minimum is reached


class Path(NamedTuple):
    """tr ∇²f and f of each run at the recorded iterations k [records], both of shape [runs, records]."""

    k: np.ndarray
    trace: np.ndarray
    f: np.ndarray


def product(d: int, seed: int) -> Problem:
    """f(y, z) = ½(yᵀz − 1)², n = 2d, from y, z ~ N(0, I) drawn by `seed`."""
    return Problem(
        f=lambda x: (x[:d] @ x[d:] - 1) ** 2 / 2,
        x0=jnp.asarray(np.random.default_rng(seed).standard_normal(2 * d)),
        f_star=0.0,
    )


def ways(eps: float | None) -> Estimator:
    """Two points at ±ε along a Gaussian direction; the slope itself where ε is None."""
    return estimators.forward_gradient("gaussian") if eps is None else estimators.two_point("gaussian", eps=eps)


def path(problem: Problem, estimator: Estimator, step: float, seeds: np.ndarray, records: int, every: int) -> Path:
    """x₊ = x − αG of each seed, side by side: ‖x‖² and f every so many iterations."""
    n, dtype, period = problem.n, problem.x0.dtype, estimator.period(problem.n)
    rounds = -(-every // period)  # whole rounds of a draw lie between records

    def run(seed):
        def iterate(source, turn, carry):
            x, k = carry
            g, _ = estimator.estimate(oracle(problem, Key(seed, k)), x, Draw(source, turn.astype(jnp.uint32)), ())
            return x - step * g, k + jnp.uint32(1)

        def one_round(_, carry):
            source = estimator.draw(Key(seed, carry[1]), n, dtype).source  # type: ignore[misc]
            return jax.lax.fori_loop(0, period, partial(iterate, source), carry)

        def record(carry, _):
            carry = jax.lax.fori_loop(0, rounds, one_round, carry)
            return carry, (carry[0] @ carry[0], problem.f(carry[0]))

        _, found = jax.lax.scan(record, (problem.x0, jnp.uint32(0)), length=records)
        return found

    trace, f = jax.jit(jax.vmap(run))(jnp.asarray(seeds, jnp.uint32))
    return Path(np.arange(1, records + 1) * rounds * period, np.asarray(trace), np.asarray(f))


def late(k: np.ndarray) -> int:
    """The first record from which the law is held to the runs."""
    return int(np.searchsorted(k, LATE * k[-1]))


def law(t: float, n: int, step: float, eps: float, k: np.ndarray) -> np.ndarray:
    """E tr ∇²f at the iterations k from t at k[0] on, r = 0: to second order in the step, with E r and E r².

    E r₊  = r − α(rt + 2ε²(1+r)) + α²(2v + ε²(n+4) r t),          v = E r², h = 2(1+r)/t,
    E r₊² = v − 2α(vt + 2ε²(r+v)) + α²(3t²v + 24ε² t(r+v) + ε⁴t²(3n/2 + 12 + 6h²)) + 2α²ε²(n+4) v t;

    left out are r³ and what is of order α³; the spread of t over runs is taken as 0.
    """
    r, v, found, e2, a2 = 0.0, 0.0, [t], eps**2, step**2
    for _ in range(int(k[0]), int(k[-1])):
        h, feed = 2 * (1 + r) / t, e2 * (n + 4) * t
        second = (n + 2) * v * t + 4 * (n + 4) * e2 * (r + v) + (n + 4) * (n + 6) * e2**2 * t / 2
        spread = 3 * t**2 * v + 24 * e2 * t * (r + v) + e2**2 * t**2 * (1.5 * n + 12 + 6 * h**2) + 2 * feed * v
        t, r, v = (
            t - 4 * step * (r + v) - 2 * step * e2 * t + a2 * second,
            r - step * (r * t + 2 * e2 * (1 + r)) + a2 * (2 * v + feed * r),
            v - 2 * step * (v * t + 2 * e2 * (r + v)) + a2 * spread,
        )
        found.append(t)
    return np.array(found)[k - k[0]]


def first_order(t: float, step: float, eps: float, k: np.ndarray) -> np.ndarray:
    """√(4 + (t₀² − 4) e^(−4αε²(k−k₀))): the law without its second order."""
    return np.sqrt(4 + (t**2 - 4) * np.exp(-4 * step * eps**2 * (k - k[0])))
