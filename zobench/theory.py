"""What is known beforehand: step rules, worst-case bounds, and the exact expectation on quadratics."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Estimator, Modes, Moment, Problem

SLOTS = 4096  # records of the exact recursion that are made at once, compiled for each n alone


def variance_factor(estimator: Estimator, n: int) -> float:
    """B = E‖G‖²/‖∇f‖² = nA + C + D (types.Moment): n for a sphere direction, 1 for ∇f. ValueError if unknown."""
    moment = _moment(estimator, n, "theory")
    return n * moment.A + moment.C + moment.D


def trace_factor(estimator: Estimator, n: int, effective_dim: float) -> float:
    """B_eff = Ar + C + max(D, 0), so that tr(H E GGᵀ) ≤ L B_eff ‖g‖² with r = tr(H)/L: n(r+2)/(n+2) for the sphere."""
    moment = _moment(estimator, n, "trace")
    return moment.A * effective_dim + moment.C + max(moment.D, 0)


def _moment(estimator: Estimator, n: int, rule: str) -> Moment:
    moment = estimator.second_moment(n)
    if moment is None:
        raise ValueError(
            f"step={rule}: this estimator's second moment has no factor B to derive it from; use step=<number>"
        )
    return moment


def time_scale(estimator: Estimator, n: int) -> float:
    """How many iterations do the work of one with the gradient: B, or n where no B is known."""
    return n if estimator.second_moment(n) is None else variance_factor(estimator, n)


def theory_step(problem: Problem, estimator: Estimator) -> float:
    """α = 1/(LB): what the worst-case bounds below are proven for. Raises ValueError if the problem does not know L."""
    _require(problem.L, "L", "theory")
    return 1 / (problem.L * variance_factor(estimator, problem.n))


def trace_step(problem: Problem, estimator: Estimator) -> float:
    """α = 1/(L B_eff), r from the problem's Hessian trace. Raises ValueError if L or the trace is not known."""
    _require(problem.L, "L", "trace")
    _require(problem.hessian_trace, "hessian_trace", "trace")
    return 1 / (problem.L * trace_factor(estimator, problem.n, problem.effective_dim))


def smooth_bound(k: np.ndarray, L: float, B: float, delta: float) -> np.ndarray:
    """min_{j<k} E‖∇f(x_j)‖² ≤ 2LBΔ/k for L-smooth f, Δ = f(x0) − f*, α = 1/(LB) (Ghadimi & Lan 2013)."""
    return 2 * L * B * delta / k


def convex_bound(k: np.ndarray, L: float, B: float, radius2: float) -> np.ndarray:
    """E f(x_k) − f* ≤ B L R²/(2k) for convex f, R² = ‖x0 − x*‖², α = 1/(LB) (Nesterov & Spokoiny 2017, sharper)."""
    return B * L * radius2 / (2 * k)


def strongly_convex_bound(k: np.ndarray, L: float, B: float, mu: float, radius2: float) -> np.ndarray:
    """E‖x_k − x*‖² ≤ (1 − μ/(BL))ᵏ R² for μ-strongly convex f, α = 1/(LB)."""
    return (1 - mu / (B * L)) ** k * radius2


class Expectation(NamedTuple):
    """Exact means at the recorded iterations, each of shape [records]: E f − f* and E‖x − x*‖²."""

    gap: np.ndarray
    distance: np.ndarray


def expectation(
    modes: Modes, moment: Moment, excess: np.ndarray, step: float, every: int, records: int, last: int | None = None
) -> Expectation:
    """E f(x_k) and E‖x_k − x*‖² of descent on a quadratic with a fixed step α, at k = 0, every, 2·every, ...

    Of so many records; the last one is `last` iterations behind the one before it, every if that is None.

    s_i(k+1) = (1 − 2αλᵢ + α²(C+D)λᵢ²) s_i(k) + α²A Σⱼ λⱼ² s_j(k) + α² excessᵢ,   s_i(0) = energyᵢ,
    E f − f* = ½ Σ λᵢ s_i, E‖x − x*‖² = Σ s_i. No approximation: an estimator's simulated mean must agree. Where D ≠ 0
    the eigenvectors must be the coordinate axes. O(n) a step, (records − 1)·every of them or less.
    Golden values: zobench's theory sheet, 10.2.
    On the processor, where JAX has it beside an accelerator: that would be asked for each of so many short steps.
    """
    with jax.enable_x64(True), jax.default_device(_processor()):
        s = jnp.asarray(modes.energy, jnp.float64)
        known = [jnp.asarray(part, jnp.float64) for part in (modes.eigenvalue, [moment.A, moment.C + moment.D], excess)]
        parts = []
        for first in range(0, records, SLOTS):
            taken = min(SLOTS, records - first)
            between = every, every if last is None else last
            s, part = _expectation(s, *known, step, between, taken, records - 1 - first)
            parts.append(np.asarray(part)[:, :taken])
        return Expectation(*np.concatenate(parts, axis=1))


def _processor() -> Any:
    """JAX's device of the processor; None, its default, where JAX_PLATFORMS leaves that out."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None


def _one_step(s, decay, feed, added):
    return decay * s + jnp.sum(feed * s) + added


@jax.jit
def _expectation(s, eigenvalue, second_moment, excess, step, between, records, followed):
    """The first `records` of SLOTS records, and s after them: a number of records that is not a shape.

    So many of them are `followed` by another one: the last of these by as many steps as `between` says second. Behind
    the last of all no step is made: `every` may be far more steps than the runs have made.
    """
    every, last = between
    a, c = second_moment
    decay = 1 - 2 * step * eigenvalue + step**2 * c * eigenvalue**2
    feed = step**2 * a * eigenvalue**2

    def advance(i, s):
        return _one_step(s, decay, feed, step**2 * excess)

    def record(i, carry):
        s, found = carry
        means = jnp.stack([jnp.sum(eigenvalue * s) / 2, jnp.sum(s)])
        steps = jnp.where(i < followed - 1, every, jnp.where(i < followed, last, 0))
        return jax.lax.fori_loop(0, steps, advance, s), jax.lax.dynamic_update_index_in_dim(found, means, i, 1)

    return jax.lax.fori_loop(0, records, record, (s, jnp.zeros((2, SLOTS))))


def _require(value: float, name: str, rule: str) -> None:
    if not np.isfinite(value):
        way_out = "use step=probe or a number (or a problem that does)"
        raise ValueError(f"step={rule}: this problem does not know {name}; {way_out}")
