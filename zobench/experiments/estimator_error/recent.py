"""Two recent papers' estimators: quotients without bias at finite ε, and directions that know where the gradient is.

Telescoping quotients beside exact slopes and forward quotients along the same directions. Directions aligned with a
running mean that is put along g or across it; and directions of two lengths, which have E vvᵀ = I as all of these, so
that E G = E (gᵀv)v = g: v = ±√2 ĝ or v = ±√(2(n−1)) u, u across g, either by chance. E‖G‖² = E (gᵀv)²‖v‖² = 2‖g‖².
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import sqrt
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench import directions, sampling
from zobench.differences import slopes
from zobench.experiments.estimator_error import expected
from zobench.experiments.estimator_error.expected import Local
from zobench.kernel_estimates import sphere_and_distance
from zobench.sampling import Mean
from zobench.types import Calls, Estimator, Problem

Q = 4  # directions of a telescoping estimate
ALONG = ("along g", "across g", "two lengths")
MADE = ("telescoping", "aligned")


def rows(
    problem: Problem,
    factory: Callable[..., Estimator],
    name: str,
    at: Local,
    eps: Sequence[float],
    samples: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Of telescoping on a function that is no quadratic a row for each ε, of aligned on a quadratic one for each m."""
    quadratic = problem.modes is not None
    for points, step in product((3, 4), eps) if name == "telescoping" and not quadratic else ():
        made = factory(points=points, q=Q, eps=step)
        about = {"q": Q, "eps": step, "factor": f"{points} points", "calls": made.calls(problem.n).total}
        yield about | telescoped(problem, made, at, step, samples, seed)
    for kind in ALONG if name == "aligned" and quadratic else ():
        made, x = steered(factory, kind, at), jnp.asarray(problem.x0)
        drawn = sampling.draws(made, x, samples, seed)
        (sample,) = sampling.estimates(problem, [made], x, drawn, samples, seed)
        about = {"q": 1, "factor": kind, "calls": made.calls(problem.n).total, "sample": sample}
        yield about | {"along_theory": 1.0, "second_theory": expectation(kind, problem.n)}


def telescoped(problem: Problem, made: Estimator, at: Local, eps: float, samples: int, seed: int) -> dict[str, Any]:
    """The sample of estimates, how far its mean is from that of exact slopes, and E‖G−g‖² of forward quotients.

    The bias is measured along ∇Δf, where that of a forward quotient is, over the length of g.
    """
    x = jnp.asarray(problem.x0)
    drawn = sampling.draws(made, x, samples, seed)
    first = Q if made.calls(problem.n).total > 2 * Q else Q // 2  # 3 points: half of the directions have the slope
    compared = [made, _beside(first), _beside(Q, eps)]
    sample, exact, forward = sampling.estimates(problem, compared, x, drawn, samples, seed)
    leading = expected.bias(at, "sphere", "forward", eps)
    length, scale = float(np.linalg.norm(leading)), at.norm2**0.5
    off = ((forward - at.g) ** 2).sum(1) / at.norm2
    return {
        "sample": sample,
        "bias": list(sampling.mean((sample - exact) @ leading / (length * scale))),
        "bias_theory": length / scale,
        "forward": list(sampling.mean(off)),
        "along_theory": 1.0,
    }


def _beside(q: int, eps: float | None = None) -> Estimator:
    """Along the first q of the same directions: exact slopes, or forward quotients where there is an ε."""

    def estimate(oracle, x, draw, state):
        v = sphere_and_distance(draw, x, Q)[0][:q]
        slope = jax.vmap(lambda u: oracle.jvp(x, u))(v) if eps is None else slopes(oracle, x, v, "forward", eps)
        return x.size / q * slope @ v, state

    return Estimator(estimate, lambda n: Calls(value=q + 1), lambda n: None)


def steered(factory: Callable[..., Estimator], kind: str, at: Local) -> Estimator:
    """The aligned estimator whose running mean is g, or across it; or directions of two lengths."""
    unit = at.g / at.norm2**0.5
    if kind == "two lengths":
        return two_lengths(jnp.asarray(unit))
    axis = np.eye(at.g.size)[np.abs(unit).argmin()]
    mean = unit if kind == "along g" else axis - (axis @ unit) * unit
    return factory(q=1)._replace(init=lambda x: jnp.asarray(mean, x.dtype))


def two_lengths(unit: Any) -> Estimator:
    """G = (gᵀv) v, v = ±√2 ĝ or ±√(2(n−1)) u across g, with a chance of 1/2 each; exact slopes."""

    def estimate(oracle, x, draw, state):
        normal = directions.rows(draw, (1, x.size + 1), x.dtype)[0]
        across = normal[:-1] - (normal[:-1] @ unit) * unit
        across = across / jnp.linalg.norm(across)
        v = jnp.where(normal[-1] > 0, sqrt(2) * unit, sqrt(2 * (x.size - 1)) * across)
        return oracle.jvp(x, v) * v, state

    return Estimator(
        estimate,
        lambda n: Calls(jvp=1),
        lambda n: None,
        draw=lambda key, n, dtype: directions.gaussian_draw(key, n + 1, dtype, 1),
        period=lambda n: directions.period(n + 1),
    )


def expectation(kind: str, n: int) -> float:
    """E‖G‖²/‖g‖² of `steered`: n along g, n + 2 across it, 2 of two lengths."""
    return {"along g": n, "across g": n + 2, "two lengths": 2.0}[kind]


def variance_times_values(error: Sequence[float], forward: Sequence[float], calls: int) -> Mean:
    """(E‖G−g‖² · values) over that of a forward quotient along as many directions, which asks q + 1."""
    value = error[0] * calls / (forward[0] * (Q + 1))
    return Mean(value, value * float(np.hypot(error[1] / error[0], forward[1] / forward[0])))
