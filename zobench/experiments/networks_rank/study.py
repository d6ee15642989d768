"""What a network costs without gradients against its width: the effective rank of its Hessian says how much."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.sparse.linalg import LinearOperator, eigsh

from zobench import estimators, paths, sampling, theory
from zobench.derivatives.counted import counted
from zobench.derivatives.spectrum import hessian_product, hutchinson
from zobench.methods import descent
from zobench.problems.networks import mlp
from zobench.types import Estimator, Problem

# Of 1/L, or 1/(L B_eff), L and the trace the larger of start and end: 1/4 to 16 by factors of √2.
MULTIPLES = tuple(2 ** (i / 2) for i in range(-4, 9))
LONGEST = 10  # runs without gradients last so many times what r + 2 predicts
GD_ITERATIONS = 3000
WIDER = 16  # times the width: programs that are compiled and not run, where n² is no longer hidden by the activations


def networks_rank(
    width: int, samples: int, target: float, probes: int, runs: int, seed: int
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of one hidden layer: iterations to a loss of `target` with and without gradients, steps by a grid.

    r = tr H/λ_max(H) at the start and at the end of gradient descent: Hutchinson (1990) with `probes` vectors of signs,
    and Lanczos. Raises ValueError for a target that is not positive, or fewer than two probes or runs.
    """
    sampling.require_positive("target", [target])
    sampling.require_count("probes", probes, 2)
    sampling.require_count("runs", runs, 2)
    problem = mlp([width], samples=samples, seed=seed)

    def measure() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        made = problem._replace(x0=jnp.asarray(problem.x0))
        first = spectrum(made, np.asarray(made.x0), probes, seed)
        exact, sphere = estimators.autodiff(), estimators.two_point()
        _, x = times(made, exact, 1 / first["largest"], [seed], GD_ITERATIONS, target)
        last = spectrum(made, x, probes, seed)
        L, trace = (max(end[name] for end in (first, last)) for name in ("largest", "trace"))
        made = made._replace(L=L, hessian_trace=trace)
        gd, _ = times(made, exact, 1 / L, [seed], GD_ITERATIONS, target)
        best = float(gd.min())
        most = int(LONGEST * (trace / L + 2) * best) if np.isfinite(best) else GD_ITERATIONS
        zo, _ = times(made, sphere, theory.trace_step(made, sphere), range(seed, seed + runs), most, target)
        arrays = {"gradient": gd, "sphere": zo, "multiples": np.array(MULTIPLES)}
        about = {"n": made.n, "width": width, "samples": samples, "target": target, "start": first, "end": last}
        wide = mlp([WIDER * width], samples=samples, seed=seed)
        return arrays, {**about, **bytes_of(made), "wide": {"width": WIDER * width, "n": wide.n, **bytes_of(wide)}}

    return measure


def times(
    problem: Problem, estimator: Estimator, step: float, seeds: Sequence[int], last: int, target: float
) -> tuple[np.ndarray, np.ndarray]:
    """Iterations to the target [multiples, runs], inf where it is not met; and the last iterate of the fastest."""
    steps = np.repeat(np.array(MULTIPLES) * step, len(seeds))
    starts = np.repeat(np.asarray(problem.x0)[None], len(steps), axis=0)
    chosen = np.tile(np.array(seeds), len(MULTIPLES)).tolist()
    found = paths.descend(
        problem, lambda a: descent(estimator, optax.sgd(a)), steps.tolist(), starts, chosen, last, target
    )
    hits = paths.arrivals(found.k, found.f, target)
    return hits.reshape(len(MULTIPLES), -1), found.x[int(np.argmin(hits))]


def hessian_vector(problem: Problem, x: jax.Array, v: jax.Array) -> jax.Array:
    """∇²f(x) v by forward over reverse mode (Pearlmutter 1994): no matrix."""
    return jax.jvp(jax.grad(problem.f), (x,), (v,))[1]


def spectrum(problem: Problem, x: np.ndarray, probes: int, seed: int) -> dict[str, float]:
    """λ_max by Lanczos (ARPACK), the trace by Hutchinson with its standard error, and r = trace/λ_max."""
    product, random = hessian_product(problem.f, jnp.asarray(x)), np.random.default_rng([seed, x.size])
    shape, multiply = (x.size, x.size), lambda v: product(v.ravel())
    operator = LinearOperator(shape, matvec=multiply, dtype=float)  # pyright: ignore[reportCallIssue]
    options: Any = {"k": 1, "which": "LA", "tol": 1e-6, "v0": random.standard_normal(x.size)}
    largest = float(eigsh(operator, **options, return_eigenvectors=False)[0])
    trace = hutchinson(product, x.size, probes, random)
    return {"largest": largest, "trace": trace.value, "error": trace.error, "rank": trace.value / largest}


def bytes_of(problem: Problem) -> dict[str, int]:
    """Bytes that a compiled gradient, Hessian-vector product and Hessian need: results and temporary ones."""
    programs: dict[str, Callable] = {
        "value": problem.f,
        "gradient": jax.grad(problem.f),
        "product": lambda x: hessian_vector(problem, x, x),
        "hessian": jax.hessian(problem.f),
    }
    return {f"{name}_bytes": int(counted(f, jnp.asarray(problem.x0)).bytes) for name, f in programs.items()}
