"""Values that gradientless descent asks where k of n coordinates act; whether monotone transforms change a run."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from zobench.gradientless import gradientless_descent
from zobench.types import Draw, Key, Problem, oracle

TRANSFORMS: dict[str, Callable] = {"f": lambda f: f, "√f": jnp.sqrt, "f³": lambda f: f**3}
DEEP = 1e-2  # of the target: the smallest radius, as the k coordinates see it
WIDE = 2.0  # times R √(n/k): the largest


def hits(
    n: int, k: int, condition: float, target: float, transform: str, seeds: np.ndarray, most: int, wide: bool = True
) -> np.ndarray:
    """Values until f ≤ `target` f(x0), and until f ≤ `target`² f(x0), of each run, [2, runs]; 0: not in `most` steps.

    f = ½ Σᵢ λᵢxᵢ² over the first k coordinates, λ from 1 to `condition`, ‖x0‖ = 1 along (1, ..., 1, 0, ...). The radii
    go from 2√(n/k) (`wide`; else 2) to a hundredth of the last distance, in halves.
    """
    eigenvalue = np.geomspace(1, condition, k)
    h = TRANSFORMS[transform]
    x0 = np.zeros(n)
    x0[:k] = k**-0.5

    def f(x):
        return jnp.asarray(eigenvalue) @ x[:k] ** 2 / 2

    problem, goal = Problem(f=lambda x: h(f(x)), x0=jnp.asarray(x0)), target * float(f(jnp.asarray(x0)))
    scale = (n / k) ** 0.5 if wide else 1.0
    method = gradientless_descent(largest=WIDE * scale, smallest=DEEP * target * scale)
    price = method.calls(n).total

    def run(seed):
        def step(carry):
            x, state, k, reached = carry
            period = method.period(n)
            start = k // period * period
            draw = method.draw(Key(seed, start), n, x.dtype) if method.draw else None
            if isinstance(draw, Draw):
                draw = Draw(draw.source, k - start)
            x, state = method.step(oracle(problem, Key(seed, k)), x, state, draw)
            k = k + 1
            now = f(x) <= goal * jnp.asarray([1.0, target])
            return x, state, k, jnp.where((reached == 0) & now, k, reached)

        first = problem.x0, method.init(problem.x0), jnp.uint32(0), jnp.zeros(2, jnp.uint32)
        return jax.lax.while_loop(lambda c: (c[3][1] == 0) & (c[2] < most), step, first)[3]

    found = np.asarray(jax.jit(jax.vmap(run))(jnp.asarray(seeds, jnp.uint32)), np.int64).T
    return found * price
