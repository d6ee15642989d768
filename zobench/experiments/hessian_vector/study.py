"""What a Hessian-vector product costs, how exact it is, and what it is good for.

One product costs a few f for every n and no n² memory (Pearlmutter 1994; Griewank & Walther 2008: at most 7 to 10 f),
while the whole Hessian costs n of them and n² numbers.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import fits
from zobench.derivatives.counted import compiled, cost
from zobench.derivatives.timed import seconds
from zobench.experiments.hessian_vector import newton_paths
from zobench.experiments.hessian_vector import second_order as so
from zobench.sampling import require_count
from zobench.types import Problem

Arrays = dict[str, np.ndarray]
FUNCTIONS = ("f", "gradient", *so.EXACT, "differences", "Hessian")
STEPS = ("two values", "gradient descent", "Newton-CG", "Newton")
CG_PRODUCTS = 10  # of the Newton-CG step whose cost is compared
VECTORS = 16  # of n numbers that a product and its difference quotient have at once
CURVE = np.logspace(-10, 1, 45)  # difference steps along a unit vector


def hessian_vector(
    problem: Any,
    *,
    dims: Sequence[int] = (100, 31_623, 100_000, 316_228, 1_000_000),
    step_dims: Sequence[int] = (64, 128, 256, 512),
    full: int = 512,
    iterations: Sequence[int] = (2000, 50, 20),
    repeats: int = 9,
    seed: int = 0,
    dtype: str = "float64",
) -> Callable[[], tuple[Arrays, dict[str, Any]]]:
    """A measurement of products, of steps and of a way to the minimum, on one problem.

    `problem` is a Problem, or a factory (`_partial_: true`): one with an argument `dim` is called for each of `dims`
    (the products) and of `step_dims` (the costs of a step). `full`: the largest n at which the whole Hessian is made;
    the compiler's word is taken beyond. `iterations`: the most of gradient descent, Newton-CG and Newton; they run at
    the largest n up to `full` whose minimum is known. ValueError for what is no problem, and for sizes that do not fit
    the memory.
    """
    if not (callable(problem) or isinstance(problem, Problem)):
        raise ValueError("problem: a Problem, or a function that gives one")
    if len(iterations) != 3:
        raise ValueError(f"iterations={list(iterations)}: three whole numbers")
    lists = {"dims": dims, "step_dims": step_dims, "iterations": iterations}
    for name, value in {**lists, "repeats": [repeats], "full": [full]}.items():
        require_count(name, min(value, default=0), 1)
    item, most = np.dtype(dtype).itemsize, max(dims)
    fits.require(VECTORS * item * most, f"dims=[...,{most}]: vectors of a product")
    fits.require(4 * item * max(min(full, most), *step_dims) ** 2, f"full={full}: the whole Hessian")

    return partial(_measure, problem, dims, step_dims, full, iterations, repeats, seed)


def _measure(
    problem: Any,
    dims: Sequence[int],
    step_dims: Sequence[int],
    full: int,
    iterations: Sequence[int],
    repeats: int,
    seed: int,
) -> tuple[Arrays, dict[str, Any]]:
    made = _made(problem, dims)
    steps = [one for one in _made(problem, step_dims) if one.n <= max(full, *step_dims)]
    arrays = _products(made, full, repeats, seed) | _steps(steps, repeats, seed)
    small = [one for one in made if one.n <= full]
    for one in small[:1]:
        arrays |= _curve(one, seed)
    for one in [one for one in small if isfinite(one.f_star)][-1:]:
        arrays |= _paths(one, iterations, min(repeats, 3))
    return arrays, {"name": _name(problem)}


def _made(problem: Any, dims: Sequence[int]) -> list[Problem]:
    """The problem at each of the sizes; once where it has no argument `dim`."""
    if isinstance(problem, Problem):
        return [problem]
    sized = "dim" in inspect.signature(problem).parameters
    found = [problem(dim=n) for n in sorted(set(dims))] if sized else [problem()]
    if not all(isinstance(one, Problem) for one in found):
        raise ValueError(f"problem: {_name(problem)} gives no Problem; see docs/extending.md")
    return found


def _name(problem: Any) -> str:
    return "" if isinstance(problem, Problem) else getattr(problem, "func", problem).__name__


def _place(problem: Problem, seed: int) -> tuple[so.F, list[jax.Array], jax.Array, jax.Array]:
    """F and its data, a point near x0, a direction of length 1."""
    random, x0 = np.random.default_rng(seed), jnp.asarray(problem.x0)
    x, v = (jnp.asarray(random.standard_normal(x0.size), x0.dtype) / x0.size**0.5 for _ in range(2))
    f, c = so.separated(problem.f, x0)
    return f, c, x0 + x, v / jnp.linalg.norm(v)


def _products(made: Sequence[Problem], full: int, repeats: int, seed: int) -> Arrays:
    """Operations and bytes [functions, n], seconds [functions, n, repeats], errors against the Hessian [3, n]."""
    operations, bytes = np.full((2, len(FUNCTIONS), len(made)), np.nan)
    times = np.full((len(FUNCTIONS), len(made), repeats), np.nan)
    errors = np.full((len(so.EXACT), len(made)), np.nan)
    for i, problem in enumerate(made):
        f, c, x, v = _place(problem, seed)
        eps = float(np.finfo(x.dtype).eps) ** (1 / 3)
        ready = [
            partial(compiled(f, x, c), x, c),
            partial(compiled(jax.grad(f), x, c), x, c),
            *(partial(compiled(product, x, v, c), x, v, c) for product in so.products(f).values()),
            partial(compiled(so.difference(f), x, v, c, eps), x, v, c, eps),
        ]
        whole = partial(compiled(so.hessian(f), x, c), x, c)
        costs = [cost(one.func) for one in (*ready, whole)]
        operations[:, i] = [one.operations for one in costs]
        bytes[:, i] = [one.bytes for one in costs]
        if problem.n <= full:
            fits.require(costs[-1].bytes, f"full={full}: the whole Hessian of n = {problem.n}")
            ready.append(whole)
            expected = whole() @ v
            errors[:, i] = [jnp.linalg.norm(ready[2 + k]() - expected) for k in range(len(so.EXACT))]
            errors[:, i] /= float(jnp.linalg.norm(expected))
        times[: len(ready), i] = seconds(ready, repeats)
    n = np.array([problem.n for problem in made])
    return {"n": n, "operations": operations, "bytes": bytes, "seconds": times, "errors": errors}


def _curve(problem: Problem, seed: int) -> Arrays:
    """‖(∇f(x+εv) − ∇f(x−εv))/2ε − ∇²f v‖/‖∇²f v‖ over ε; its n."""
    f, c, x, v = _place(problem, seed)
    expected = jax.jit(so.products(f)[so.EXACT[0]])(x, v, c)
    difference = jax.jit(so.difference(f))
    found = [jnp.linalg.norm(difference(x, v, c, eps) - expected) for eps in CURVE]
    return {"eps": CURVE, "curve": np.array(found) / float(jnp.linalg.norm(expected)), "curve_n": np.array(problem.n)}


def _steps(made: Sequence[Problem], repeats: int, seed: int) -> Arrays:
    """Bytes [steps, n] and seconds [steps, n, repeats] of one step of each order."""
    bytes, times = [], []
    for problem in made:
        f, c, x, v = _place(problem, seed)
        steps = [
            so.value_step(f, 1e-3, float(np.finfo(x.dtype).eps) ** (1 / 3), v),
            so.gradient_step(f, 1e-3),
            so.newton_cg_step(f, CG_PRODUCTS, forcing=0.0),
            so.newton_step(f),
        ]
        ready = [compiled(step, x, c) for step in steps]
        bytes.append([cost(one).bytes for one in ready])
        times.append(seconds([partial(one, x, c) for one in ready], repeats))
    sizes = np.array([problem.n for problem in made])
    return {"step_n": sizes, "step_bytes": np.array(bytes).T, "step_seconds": np.array(times).swapaxes(0, 1)}


def _paths(problem: Problem, iterations: Sequence[int], repeats: int) -> Arrays:
    """Of each method: path_<i>_gap, path_<i>_work [k+1] and path_<i>_seconds [repeats, k+1]; and the n."""
    x = jnp.asarray(problem.x0)
    f, c = so.separated(problem.f, x)
    length = 1 / problem.L if isfinite(problem.L) else 1 / _curvature(f, c, x)
    arrays = {"path_n": np.array(problem.n)}
    for i, path in enumerate(newton_paths.paths(f, c, x, problem.f_star, length, iterations, repeats)):
        arrays |= {f"path_{i}_{name}": value for name, value in path._asdict().items()}
    return arrays


def _curvature(f: so.F, c: Any, x: jax.Array) -> float:
    """Twice the largest |eigenvalue| of ∇²f(x) by 50 steps of the power method, for a problem that declares no L."""
    product = so.products(f)[so.EXACT[0]]

    def body(_, state):
        Hv = product(x, state[0], c)
        size = jnp.linalg.norm(Hv)
        return Hv / size, size

    start = jnp.asarray(np.random.default_rng(0).standard_normal(x.size), x.dtype)
    return 2 * float(jax.jit(lambda: jax.lax.fori_loop(0, 50, body, (start, jnp.zeros((), x.dtype))))()[1])
