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


class Path(NamedTuple):
    """Of one method: f − f* before each step and after the last [k+1], the work [k+1], seconds [repeats, k+1]."""

    gap: np.ndarray
    work: np.ndarray
    seconds: np.ndarray


def prices(f: so.F, c: Any, x: jax.Array) -> np.ndarray:
    """A product, a value and a Hessian with solving for the step (2n³/3), in gradients by compiled operations."""
    v = jnp.ones_like(x)
    product = counted(so.products(f)[so.EXACT[0]], x, v, c).operations
    whole = counted(so.hessian(f), x, c).operations + 2 * x.size**3 / 3
    return np.array([product, counted(f, x, c).operations, whole]) / counted(jax.grad(f), x, c).operations


def paths(
    f: so.F, c: Any, x: jax.Array, f_star: float, length: float, iterations: Sequence[int], repeats: int
) -> list[Path]:
    """The way to `GOAL` of each of METHODS, at most so many iterations of each; the repeats in turns."""
    product, evaluation, hessian = prices(f, c, x)
    value = jax.jit(f)
    steps = [jax.jit(one) for one in (so.gradient_step(f, length), so.newton_cg_step(f, x.size), so.newton_step(f))]
    for step in steps:
        jax.block_until_ready(step(x, c))
    runs = [[_run(step, value, c, x, f_star, most) for step, most in zip(steps, iterations, strict=True)]]
    lengths = [len(asked) for _, asked, _ in runs[0]]
    for _ in range(repeats - 1):
        runs.append([_run(step, None, c, x, 0, most) for step, most in zip(steps, lengths, strict=True)])
    found = []
    for method, own in zip(METHODS, zip(*runs, strict=True), strict=True):
        gap, asked, _ = own[0]
        work = np.cumsum(1 + (method == "Newton") * hessian + asked[:, 0] * product + asked[:, 1] * evaluation)
        seconds = np.array([np.cumsum(times) for _, _, times in own])
        found.append(Path(gap, np.append(0.0, work), np.pad(seconds, ((0, 0), (1, 0)))))
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
