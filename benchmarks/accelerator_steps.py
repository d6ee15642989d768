"""What accelerator.py times: steps of zobench and others, and what a device can do at most, each on that device.

f(x) = ½ Σ hᵢxᵢ², log-uniform, float32. All that is long is made where it is used: nothing of length n is on the host.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from others import EPS, evosax_steps, mezo_steps

from zobench import loop, together, wide_steps
from zobench.batches import RUNS, is_wide
from zobench.directions import NORMAL, words
from zobench.estimators import finite_difference, two_point
from zobench.methods import descent
from zobench.problems.quadratics import SMALLEST
from zobench.spread import spread
from zobench.types import Estimator, Key, Problem, separable

TWO, AXES, FRAME = "two points", "finite differences", "q = n orthogonal directions"
CALL = 2**26  # coordinates that one call moves, about
FEWEST, MOST = 8, 4096  # steps of a call
SHORTER = 8  # times fewer where each step is called from the host


class Task(NamedTuple):
    """What is measured: the kind of step, the dimension, the number of runs."""

    kind: str
    n: int
    runs: int


class Made(NamedTuple):
    """`go(start())` makes `steps` steps of `moved` runs and gives the next state, all x first; `wait` for it.

    `bytes`: of the compiled program, arguments and results included; nan where there is none.
    """

    start: Callable[[], Any]
    go: Callable[[Any], Any]
    steps: int
    moved: int
    bytes: float = np.nan
    wait: Callable[[Any], Any] = jax.block_until_ready


def steps_of(task: Task) -> int:
    """How many steps a call has."""
    size = task.n * task.runs * {TWO: 1, AXES: task.n, FRAME: task.n**2}[task.kind]
    return min(MOST, max(FEWEST, CALL // size))


def problem_of(n: int) -> Problem:
    """The quadratic, its eigenvalues made on the device; the distance from x* = 0 is not measured."""
    smallest = np.float32(SMALLEST["log_uniform"])
    half = jax.jit(lambda: smallest ** (1 - jnp.arange(n, dtype=jnp.float32) / np.float32(n - 1)) / 2)()
    return Problem(
        f=separable(lambda x: half * x**2), x0=jnp.full(n, np.float32(n**-0.5)), f_star=0.0, L=1.0, hessian_trace=n
    )


def estimator_of(task: Task, direction: Any) -> tuple[Estimator, float]:
    """The estimator of a task, and a step size that does not diverge."""
    if task.kind == AXES:
        return finite_difference(), 0.5
    if task.kind == FRAME:
        return two_point(q=task.n, orthogonal=True), 0.5
    return two_point(direction), 1 / (task.n + 2)


def is_together(problem: Problem, task: Task) -> bool:
    """What `layout=auto` takes here."""
    return together.goes_together(problem, "auto", task.runs)


def zobench(direction: str, beside: bool | None = None) -> Callable[[Problem, Task], Made]:
    """The compiled block with its records, runs together, apart, or (None) as layout=auto takes them."""

    def make(problem: Problem, task: Task) -> Made:
        estimator, step = estimator_of(task, direction)
        taken = is_together(problem, task) if beside is None else beside
        return (_together if taken else _apart)(problem, task, estimator, np.float32(step))

    return make


def _together(problem: Problem, task: Task, estimator: Estimator, step: Any) -> Made:
    size = together.size_of(task.n, task.runs)
    program = together.compile_group(problem, lambda step: descent(estimator, optax.sgd(step)), size)
    span, over = program.records * program.every, spread(size, task.n)
    shared, rounds, turns = wide_steps.rounds_of(period_of(estimator, task.n, size), program.every, size * task.n)
    steps = steps_of(task._replace(runs=size))  # a call moves one group, and makes all records however few its steps
    if is_wide():  # rounds are made whole, and where a record is in one, the whole block is
        steps = span if rounds == 1 else -(-steps // (shared * turns)) * shared * turns
    steps = min(span, steps)
    seeds = over.run(jnp.arange(size, dtype=jnp.uint32))
    step = over.run(jnp.full(size, step)) if is_wide() else step
    about = step, np.int32(0), np.int32(steps), np.bool_(False), (np.int32(0), np.float32(-1), np.float32(np.inf))

    def start() -> Any:
        own = descent(estimator, optax.sgd(0.0)).init(problem.x0)
        repeated = jax.tree.map(lambda leaf: jnp.tile(leaf, (size, *[1] * jnp.ndim(leaf))), (problem.x0, own))
        return jax.tree.map(over.run, repeated)

    return Made(start, lambda state: program.block(*state, seeds, *about)[:2], steps, size, bytes_of(program.block))


def period_of(estimator: Estimator, n: int, size: int) -> int:
    """How many steps share their random numbers where so many runs go together."""
    found: list[int] = []
    jax.vmap(lambda _: found.append(estimator.period(n)), axis_name=RUNS)(np.empty(size))
    return found[0]


def _apart(problem: Problem, task: Task, estimator: Estimator, step: Any) -> Made:
    """One of the runs: the others cost the same."""
    program = loop.compile_block(problem, lambda step: descent(estimator, optax.sgd(step)))
    steps = steps_of(task._replace(runs=1)) // (SHORTER if is_wide() else 1)
    steps = min(max(1, steps), program.records * program.every)
    every, end = min(program.every, steps), (np.int32(0), np.float32(-1), np.float32(np.inf))
    about = jax.device_put((np.uint32(0), step, np.int32(0), np.int32(every), np.int32(steps), np.bool_(False), end))

    def start() -> Any:
        return jax.tree.map(jnp.copy, (problem.x0, descent(estimator, optax.sgd(step)).init(problem.x0)))

    return Made(start, lambda state: program.block(*state, *about)[:2], steps, 1, bytes_of(program.block))


def bytes_of(program: Any) -> float:
    """What a compiled program has on the device while it runs, its arguments and results included."""
    about = getattr(program, "func", program).memory_analysis()
    if about is None:
        return np.nan
    held = about.argument_size_in_bytes + about.output_size_in_bytes - about.alias_size_in_bytes
    return float(held + about.temp_size_in_bytes)


def _repeated(problem: Problem, runs: int) -> Any:
    return jnp.tile(problem.x0, (runs, 1))


def jax_plain(problem: Problem, task: Task) -> Made:
    """A Gaussian direction by `random.normal` in a scan, and vmap over the runs."""
    f, n, steps = problem.f, task.n, steps_of(task)

    def step(x, key):
        v = jax.random.normal(key, (n,), x.dtype)
        slope = (f(x + EPS * v) - f(x - EPS * v)) / (2 * EPS)
        return x - slope / (n + 2) * v, None

    def one(key, x):
        return jax.lax.scan(step, x, jax.random.split(key, steps))[0]

    return _keyed(one, problem, task, steps)


def evosax(problem: Problem, task: Task) -> Made:
    """Open_ES with two opposite points."""
    return _keyed(evosax_steps(problem, steps_of(task)), problem, task, steps_of(task))


def _keyed(one: Callable, problem: Problem, task: Task, steps: int) -> Made:
    """A function (key, x) of each run."""
    keys, x = jax.random.split(jax.random.key(0), task.runs), jax.ShapeDtypeStruct((task.runs, task.n), np.float32)
    program = jax.jit(jax.vmap(one), donate_argnums=(1,)).lower(keys, x).compile()
    return Made(
        lambda: (_repeated(problem, task.runs),),
        lambda state: (program(keys, *state),),
        steps,
        task.runs,
        bytes_of(program),
    )


def torch_mezo(problem: Problem, task: Task) -> Made:
    """MeZO in place, the direction drawn four times from its seed, on the card that PyTorch finds."""
    import torch

    on_card = jax.default_backend() != "cpu"
    if on_card and not torch.cuda.is_available():
        raise RuntimeError("PyTorch finds no card")
    device, n, steps = "cuda" if on_card else "cpu", task.n, max(1, steps_of(task) // SHORTER)
    if not on_card:
        torch.set_num_threads(1)

    def start() -> Any:
        place = torch.arange(n, dtype=torch.float32, device=device) / (n - 1)
        return torch.full((task.runs, n), n**-0.5, device=device), SMALLEST["log_uniform"] ** (1 - place) / 2

    def go(state: Any) -> Any:
        x, half = state
        mezo_steps(x, half, range(steps))
        return state

    return Made(start, go, steps, task.runs, wait=lambda state: torch.cuda.synchronize() if on_card else None)


def copy(problem: Problem, task: Task) -> Made:
    """Sixteen bytes a coordinate: two arrays, both read and written in each step."""
    size, steps = task.n * task.runs, steps_of(task)

    def whole(a, b, c):
        return jax.lax.fori_loop(0, steps, lambda _, both: (both[0] * c + c, both[1] * c - c), (a, b))

    shape = jax.ShapeDtypeStruct((size,), np.float32)
    program = jax.jit(whole, donate_argnums=(0, 1)).lower(shape, shape, np.float32(0.5)).compile()
    return Made(
        lambda: (jnp.ones(size, np.float32), jnp.zeros(size, np.float32)),
        lambda state: program(*state, np.float32(0.5)),
        steps,
        task.runs,
    )


def generator(problem: Problem, task: Task) -> Made:
    """Two words for each coordinate, twice a step, added up and not kept."""
    n, steps = task.n, steps_of(task)

    def one(total, seed):
        def step(k, total):
            i = jnp.arange(n, dtype=jnp.uint32)
            drawn = (words(Key(seed, k), NORMAL, k, jnp.uint32(call), i) for call in (0, 1))
            return total + sum(jnp.sum(a ^ b, dtype=jnp.uint32) for a, b in drawn)

        return jax.lax.fori_loop(jnp.uint32(0), jnp.uint32(steps), step, total)

    seeds, nothing = jnp.arange(task.runs, dtype=jnp.uint32), jnp.zeros(task.runs, jnp.uint32)
    program = jax.jit(jax.vmap(one)).lower(nothing, seeds).compile()
    return Made(lambda: (nothing,), lambda state: (program(*state, seeds),), steps, task.runs)
