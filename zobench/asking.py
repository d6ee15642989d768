"""Ask and tell: a method whose points are evaluated elsewhere, by a simulator, a laboratory, another program.

A step of a method is a pure function of its state and of the values that it asks. So it is made again whenever values
have come: what it asks that is not known yet is to be asked next. Nothing waits inside a computation, and there is no
thread. A solver of scipy or cma has its state on its stack: it waits in a thread of its own.
"""

import atexit
import queue
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import takewhile
from math import inf, nan
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer

from zobench import meanings
from zobench.host import value_of
from zobench.loop import compile_block
from zobench.plan import Optimizer, Settings, plan_cell
from zobench.results import What, method_of
from zobench.runs import Program
from zobench.solvers import Solver
from zobench.types import Estimator, Key, Problem, Vector

NO_BUDGET = 2**62  # calls that a solver may make: who tells decides when it is over
ENDS = 10.0  # seconds that the thread of a solver has for it, from the moment at which it is told
SILENT = 30.0  # seconds without a question, while another solver waits for a value
FILLS = (nan, -inf)  # stand for values that are not there yet: what depends on them differs between the two

Asks = Generator[np.ndarray, np.ndarray, None]  # gives points [m, n], takes their values [m]


_OPEN: weakref.WeakSet = weakref.WeakSet()  # its thread must end before the interpreter does


@atexit.register
def _close_all() -> None:
    for one in [*_OPEN]:
        one.close()


class Closed(Exception):
    """The run of a solver that waits for a value is over."""


class Minimizer:
    """A run that is asked for points and told their values; `minimizer` makes it.

    `x` is the best point told so far and `value` its value (x0 and inf before there is one), `calls` how many values
    were told. `done`: it asks nothing more, as a solver does that has ended by itself; a method never does.

    >>> import zobench as zo
    >>> run = zo.minimizer(zo.one_plus_one(), [1.0, 2.0])
    >>> run.tell(5.0)
    >>> run.x.tolist(), run.value, run.calls, run.done
    ([1.0, 2.0], 5.0, 1, False)
    """

    def __init__(self, asks: Asks, x0: np.ndarray):
        self.x, self.value, self.calls, self.done = x0, inf, 0, False
        self._asks, self._points = asks, next(asks)
        _OPEN.add(self)

    def ask(self) -> np.ndarray:
        """The points [m, n] whose values are to be told next; none of them depends on another one's value.

        The same ones until they are told; [0, n] when it is `done`.
        """
        return self._points.copy()

    def tell(self, values: Sequence[float] | np.ndarray | float) -> None:
        """The m values of the points of `ask`, in their order; nan and ±inf are values.

        Raises ValueError for another number of them, and what the method raises.
        """
        told = np.array(values, float).reshape(-1)
        if len(told) != len(self._points) or self.done:
            raise ValueError(
                f"tell: {len(told)} values for {len(self._points)} points; tell one for each, in their order"
            )
        self.calls += len(told)
        for x, value in zip(self._points, told.tolist(), strict=True):
            if value < self.value:
                self.x, self.value = x.copy(), value
        try:
            self._points = self._asks.send(told)
        except StopIteration:
            self.close()

    def close(self) -> None:
        """End it, and the thread of a solver; dropping it does the same."""
        self._asks.close()
        self._points, self.done = self._points[:0], True


def minimizer(
    method: What,
    x0: Sequence[float] | np.ndarray,
    *,
    step: float | str = "theory",
    seed: int = 0,
    L: float = nan,
    dtype: str = "float64",
    estimator: Estimator | None = None,
    optimizer: Optimizer = optax.sgd,
) -> Minimizer:
    """A run of a method from x0 that asks for values where `zo.run` would call a function.

    `method`, `step`, `seed`, `dtype`, `estimator` and `optimizer` as in `zo.run`, and the points are those of its run
    on a problem of the same f in JAX, in the same order, to the bit. The step is a number, or theory where L is given;
    zo.one_plus_one, zo.random_pursuit and the solvers have none. All points of a step that do not depend on each
    other's values are asked together, such as the 2q of zo.two_point(q=q) or a population of zo.cma, and may be
    evaluated in parallel.

    Asks nothing itself. A step is computed two or three times: less than a millisecond for each value where n ≤ 1000.

    Raises ValueError where the method needs a gradient, the step a constant that is not given, and for an x0 that is no
    list of finite numbers.

    >>> import zobench as zo
    >>> run = zo.minimizer(zo.two_point(), [1.0, 2.0], step=0.1)
    >>> while run.calls < 200:
    ...     run.tell([x @ x for x in run.ask()])
    >>> run.ask().shape, run.value < 1e-3
    ((2, 2), True)
    """
    try:
        start = np.array(x0, float)
    except (TypeError, ValueError):
        start = np.empty(0)
    if start.ndim != 1 or start.size == 0 or not np.isfinite(start).all():
        raise ValueError("x0: where to start is a list of finite numbers, one for each coordinate")
    if isinstance(step, str) and step != "theory":
        raise ValueError(f"step={step}: it would take runs of its own; give a number, or theory and L")
    made, by = method_of(method, estimator)
    meanings.check({"step": [step], "seed": seed, "dtype": dtype})
    nothing = Problem(lambda x: jnp.zeros((), x.dtype), start, f_star=0.0, L=L, differentiable=False)
    with jax.enable_x64(dtype == "float64"):
        plan = plan_cell(nothing, by, optimizer, made, Settings([step], seeds=1, seed=seed, dtype=dtype))
        if isinstance(plan.outline, Solver):
            return Minimizer(_solver_asks(plan.outline, plan.problem, seed), start)
        known = _Known(plan.problem.x0.dtype)
        program = compile_block(_asking(plan.problem, known.value), plan.method_of)
        (size,) = plan.steps.values()
        state = program.init(np.asarray(size, known.dtype))
    return Minimizer(_method_asks(program, known, state, size, seed), start)


def _asking(problem: Problem, value: Callable[[bytes], float]) -> Problem:
    """The problem whose methods ask `value` for the number at the bytes of x; measuring it asks nothing."""

    def host(data: Any) -> np.ndarray:
        return np.array([value(np.asarray(data).tobytes())], problem.x0.dtype).view(np.uint8)

    def F(x: Vector, key: Key) -> Any:
        if not isinstance(x, Tracer):
            return problem.x0.dtype.type(value(np.asarray(x).tobytes()))
        return value_of(host, x)

    return problem._replace(F=F)


class _Known:
    """The values of a step by the bytes of their points, one for each time that it asks there; and what is missing."""

    def __init__(self, dtype: np.dtype):
        self.dtype, self.values, self.missing, self._times, self._fill = dtype, {}, [], Counter(), nan

    def begin(self, fill: float) -> None:
        """The step is made anew, with `fill` for what is missing."""
        self.missing, self._times, self._fill = [], Counter(), fill

    def value(self, point: bytes) -> float:
        """What is known of a point, each value once."""
        told, time = self.values.get(point, ()), self._times[point]
        self._times[point] += 1
        if time < len(told):
            return told[time]
        self.missing.append(point)
        return self._fill

    def tell(self, points: Sequence[bytes], values: np.ndarray) -> None:
        """Another value of each of the points."""
        for point, value in zip(points, values.tolist(), strict=True):
            self.values.setdefault(point, []).append(value)


def _method_asks(program: Program, known: _Known, state: Any, size: float, seed: int) -> Asks:
    """Step after step: the points of each that do not depend on what is missing, until nothing is."""
    k = 0
    while True:
        known.values = {}
        while True:
            made, missing = _step(program, known, state, size, seed, k, FILLS[0])
            if not missing:
                break
            points = missing[:1]  # the first depends on what is known alone
            if len(missing) > 1:
                _, others = _step(program, known, state, size, seed, k, FILLS[1])
                both = zip(missing, others, strict=False)
                points = [point for point, _ in takewhile(lambda pair: pair[0] == pair[1], both)] or points
            known.tell(points, (yield np.array([np.frombuffer(point, known.dtype) for point in points])))
        state, k = made, k + 1


def _step(
    program: Program, known: _Known, state: Any, size: float, seed: int, k: int, fill: float
) -> tuple[Any, list[bytes]]:
    """Step k of the run by the block of `zo.run`: the next state, and the points whose values are missing."""
    known.begin(fill)
    cast = partial(np.asarray, dtype=known.dtype)
    with jax.enable_x64(known.dtype.itemsize == 8):
        x, memory = jax.tree.map(jnp.asarray, state)
        fixed = np.int32(k + 1), np.bool_(False), (np.int32(0), cast(0), cast(inf))  # it has no target
        x, memory, *_ = program.block(x, memory, np.uint32(seed), cast(size), np.int32(k), np.int32(1), *fixed)
        return jax.tree.map(np.asarray, (x, memory)), known.missing


def _next(asked: queue.SimpleQueue, thread: threading.Thread) -> Any:
    """What a solver puts next. RuntimeError where it seems to wait for another one: scipy runs one COBYQA at a time."""
    while True:
        try:
            return asked.get(timeout=SILENT)
        except queue.Empty:
            others = [one for one in threading.enumerate() if one.name == thread.name and one is not thread]
            if others:
                alone = "scipy runs one COBYQA at a time in a process; close the other minimizer first"
                raise RuntimeError(f"the solver has asked nothing for {SILENT:g} s: {alone}") from None


class _Told:
    """What a solver asks in place of a box: points that do not depend on each other together."""

    def __init__(self, asked: queue.SimpleQueue, told: queue.SimpleQueue, dtype: np.dtype):
        self._asked, self._told, self._dtype = asked, told, dtype

    def __call__(self, x: np.ndarray) -> float:
        """The value at x."""
        return self.many([x])[0]

    def many(self, points: Sequence[np.ndarray]) -> list[float]:
        """The values at several points. Raises Closed where the run is over."""
        self._asked.put(np.array(points, self._dtype))
        if (values := self._told.get()) is None:
            raise Closed
        return values.astype(self._dtype).astype(float).tolist()


def _solver_asks(solver: Solver, problem: Problem, seed: int) -> Asks:
    """The points that a solver asks; it runs in a thread, which ends when this generator is closed."""
    asked, told, dtype = queue.SimpleQueue(), queue.SimpleQueue(), problem.x0.dtype
    box = _Told(asked, told, dtype)

    def solve() -> None:
        try:
            # as plain Python: nothing waits inside JAX, which has few threads and ends before they do
            with jax.enable_x64(dtype.itemsize == 8), jax.disable_jit():
                if solver.run:
                    solver.run(box, np.asarray(problem.x0, float), seed)
                else:
                    solver.solve(_asking(problem, lambda point: box(np.frombuffer(point, dtype))), NO_BUDGET, seed)
            asked.put(None)
        except BaseException as error:  # told to who asks, whatever it is
            asked.put(error)

    thread = threading.Thread(target=solve, name="zobench.minimizer", daemon=True)
    thread.start()
    try:
        while (points := _next(asked, thread)) is not None:
            if isinstance(points, BaseException):
                raise points
            told.put((yield points))
    finally:
        told.put(None)
        if thread is not threading.current_thread():  # where the garbage may be collected
            thread.join(ENDS)
