"""Gradient descent, Newton-CG and Newton from one start: f − f* against seconds and against work in gradients."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives.counted import counted
from zobench.experiments.hessian_vector import second_order as so

METHODS = ("gradient descent", "Newton-CG", "Newton")
GOAL = 1e-12  # of the first gap: where a path ends


class Prices(NamedTuple):
    """What is asked, in gradients: operations over those of one gradient."""

    value: float
    product: float
    hessian: float  # with solving for the step, 2n³/3


class Path(NamedTuple):
    """Of one method: f − f* before each step and after the last [k+1], the work [k+1], seconds [repeats, k+1]."""

    gap: np.ndarray
    work: np.ndarray
    seconds: np.ndarray


def prices(f: so.F, c: Any, x: jax.Array) -> Prices:
    """From compiled operations."""
    v = jnp.ones_like(x)
    one = counted(jax.grad(f), x, c).operations
    product = counted(so.products(f)[so.EXACT[0]], x, v, c).operations
    whole = counted(so.hessian(f), x, c).operations + 2 * x.size**3 / 3
    return Prices(counted(f, x, c).operations / one, product / one, whole / one)


def paths(
    f: so.F, c: Any, x: jax.Array, f_star: float, length: float, iterations: Sequence[int], repeats: int
) -> dict[str, Path]:
    """Each method's way to `GOAL`, at most so many iterations of each; the repeats in turns."""
    price, value = prices(f, c, x), jax.jit(f)
    made = (so.gradient_step(f, length), so.newton_cg_step(f, x.size), so.newton_step(f))
    steps = [jax.jit(step) for step in made]
    for step in steps:
        jax.block_until_ready(step(x, c))
    runs = [[_run(step, value, c, x, f_star, most) for step, most in zip(steps, iterations, strict=True)]]
    runs += [[_run(step, None, c, x, 0, len(first[0]) - 1) for step, first in zip(steps, runs[0], strict=True)]
             for _ in range(repeats - 1)]  # fmt: skip
    found = {}
    for i, name in enumerate(METHODS):
        gap, asked, _ = runs[0][i]
        own = price.hessian if name == "Newton" else 0.0
        work = np.cumsum(1 + own + asked[:, 0] * price.product + asked[:, 1] * price.value)
        seconds = np.array([np.cumsum(run[i][2]) for run in runs])
        found[name] = Path(gap, np.append(0.0, work), np.pad(seconds, ((0, 0), (1, 0))))
    return found


def _run(
    step: so.Step, value: Callable[..., Any] | None, c: Any, x: jax.Array, f_star: float, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaps (none without `value`: then exactly `most` steps), what each step asked [k, 2], seconds of each [k]."""
    gaps, asked, times = [float(value(x, c)) - f_star] if value else [np.nan], [], []
    while len(times) < most and not gaps[-1] <= GOAL * gaps[0]:
        start = perf_counter()
        x, counts = jax.block_until_ready(step(x, c))
        times.append(perf_counter() - start)
        asked.append(np.asarray(counts))
        gaps.append(float(value(x, c)) - f_star if value else np.nan)
    return np.array(gaps), np.array(asked).reshape(-1, 2), np.array(times)
