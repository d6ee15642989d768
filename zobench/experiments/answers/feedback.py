"""Values to a small gradient on a function that is not convex: residual feedback, one value a step, and two points."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from zobench import estimators
from zobench.problems.robust import welsch
from zobench.types import Draw, Estimator, Key, oracle

FAR = 1e3  # a coordinate of a run that will not come back


def program(made: Estimator, n: int, target: float, most: int) -> Callable:
    """Steps until ‖∇f‖² ≤ target and f ≤ f(x0), of runs x₊ = x − (step/(nL)) G, a function of step and seeds [runs].

    Far away f is flat too, and higher than at x0: no run arrives there. 0 where a run does not arrive within `most`.
    """
    problem = welsch(n)
    x0, slope, period = jnp.asarray(problem.x0, jnp.float64), jax.value_and_grad(problem.f), made.period(n)
    start = problem.f(x0)

    def run(step, seed):
        def rounds(carry):
            x, state, k, reached = carry
            source = made.draw(Key(seed, k), n, x.dtype).source  # type: ignore[misc]

            def one(carry, turn):
                x, state, k, reached = carry
                g, state = made.estimate(oracle(problem, Key(seed, k)), x, Draw(source, turn), state)
                x, k = x - step / (n * problem.L) * g, k + 1
                f, own = slope(x)
                there = (jnp.sum(own**2) <= target) & (f <= start)
                return (x, state, k, jnp.where((reached == 0) & there, k, reached)), None

            return jax.lax.scan(one, (x, state, k, reached), jnp.arange(period, dtype=jnp.uint32))[0]

        first = x0, made.init(x0), jnp.uint32(0), jnp.uint32(0)
        on_its_way = lambda c: (c[3] == 0) & (c[2] < most) & (jnp.abs(c[0]).max() < FAR)  # noqa: E731
        return jax.lax.while_loop(on_its_way, rounds, first)[3]

    return jax.jit(jax.vmap(run, in_axes=(None, 0)))


def tried(n: int, steps, eps, target: float, count: int, most: int, seed: int) -> dict[str, np.ndarray]:
    """Values of each run, 0: it does not arrive; of residual feedback [ε, steps, runs], of two points [steps, runs]."""
    seeds = jnp.asarray(seed + np.arange(count), jnp.uint32)

    def all_steps(made: Estimator) -> np.ndarray:
        runs = program(made, n, target, most * n)
        return np.array([np.asarray(runs(step, seeds), np.int64) for step in steps]) * made.calls(n).total

    one = [all_steps(estimators.residual_one_point(each)) for each in eps]
    return {"one": np.array(one), "two": all_steps(estimators.two_point())}
