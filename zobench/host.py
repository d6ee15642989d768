"""Asking a black box on the host: its values in the order asked, what was best, what failed, and where it ends.

What was asked is all that is known of it: nothing is asked to measure. A log that was saved is replayed: a run that
goes on asks what it has asked before of the log, and the box only from there.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache, lru_cache
from math import inf, isfinite, isnan, nan
from multiprocessing import get_context
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from zobench.types import Key, Problem

OnError = Literal["raise", "nan", "retry"]
Pool = Literal["threads", "processes"]
TRIES = 3  # of one point, where on_error=retry


class Host(NamedTuple):
    """How a black box is asked: `ask(x, seed)` gives a number, or raises; `seed` is another one for each call of a run.

    `same`: it gives the same value for the same x, so one run of a method without randomness says all. `lower` and
    `upper` [n]: it is never asked outside, -inf and inf where there is no bound. `workers` values that do not depend on
    each other are asked at once.
    """

    ask: Callable[[np.ndarray, int], Any]
    name: str
    lower: np.ndarray
    upper: np.ndarray
    same: bool = False
    seeded: bool = False
    workers: int = 1
    pool: Pool = "threads"
    on_error: OnError = "raise"

    @property
    def bounded(self) -> bool:
        """Whether any coordinate has a bound."""
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())


class Failed(NamedTuple):
    """A call that gave no number: what it said, as one line."""

    said: str


class Spent(Exception):
    """The budget is used up, or the run has ended: the solver is left where it asked for one call more."""


class Known(NamedTuple):
    """The log of a run that was saved: values in the order asked (nan: it failed), and the check sums of the points."""

    values: np.ndarray
    sums: np.ndarray


class Box:
    """f as a counting black box with a budget: the one object with a memory here, because scipy wants a callback."""

    def __init__(self, problem: Problem, budget: int, seed: int, derivative: bool):
        self._ask = _asked(problem.F or problem.f, problem.F is not None, derivative)
        self._seed = np.uint32(seed) if problem.F else None
        self.dtype, self._budget, self._derivative = problem.x0.dtype, budget, derivative
        self.calls, self.best, self.points = 0, inf, []
        self._last: tuple[Any, Any] = nan, ()  # the last point of `both`, and the answer

    def __call__(self, x: np.ndarray) -> Any:
        """f(x), or f(x) and ∇f(x). Raises Spent where the budget is used up."""
        if self.calls >= self._budget:
            raise Spent
        key = () if self._seed is None else (self._seed, np.uint32(self.calls))
        answer = self._ask(np.asarray(x, self.dtype), *key)
        first, *others = map(np.asarray, answer if self._derivative else (answer,))
        self.calls += 1
        value = first.item()
        if value < self.best:
            self.best = value
            self.points.append((self.calls, np.array(x, float)))
        return (value, others[0].astype(float)) if self._derivative else value

    def both(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f(x) and ∇f(x), asked once where x is the last point: scipy's own memory of it takes 2 us more a call."""
        if not (x == self._last[0]).all():
            self._last = x.copy(), self(x)
        return self._last[1]

    def value(self, x: np.ndarray) -> float:
        """f(x), of `both`."""
        return self.both(x)[0]

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """∇f(x), of `both`."""
        return self.both(x)[1]

    def many(self, points: Sequence[np.ndarray]) -> list[Any]:
        """The values at several points, one after the other."""
        return [self(x) for x in points]


@lru_cache(4)  # the runs of a cell share what is compiled
def _asked(ask: Callable[..., Any], keyed: bool, derivative: bool) -> Callable[..., Any]:
    """The compiled function of (x), or of (x, seed, step), that gives f(x), or f(x) and ∇f(x).

    It takes NumPy's arrays, and what it gives is read as one: jnp.asarray and jax.device_get cost ten times its call.
    """
    value = jax.value_and_grad(ask) if derivative else ask
    return jax.jit((lambda x, seed, step: value(x, Key(seed, step, jnp.uint32(0)))) if keyed else value)


class Log:
    """What one run has asked of a black box, and its end: the object with a memory that methods and scipy call.

    `values` [calls] in the order asked, nan where a call gave no number; `points` are the best so far as (call number,
    x, value). `arrives(value)`, of the first that is a number, is the value that ends the run. `error` ends it too, and
    `sound` calls were made before it. `eps` are the difference steps that suit the noise (`probing.steps`).
    """

    def __init__(self, host: Host, budget: int, seed: int, dtype: Any, arrives: Callable[[float], float]):
        self.host, self.budget, self.seed, self.dtype = host, budget, seed, dtype
        self.values: list[float] = []
        self.sums: list[int] = []
        self.points: list[tuple[int, np.ndarray, float]] = []
        self.best, self.goal, self.failed, self.error, self.replayed = inf, -inf, 0, "", 0
        self.raised: BaseException | None = None
        self.sound = budget
        self.eps: list[float] = []
        self.known = Known(np.empty(0), np.empty(0, np.uint32))
        self._arrives = arrives

    @property
    def calls(self) -> int:
        """How many calls were made, those that failed too."""
        return len(self.values)

    @property
    def over(self) -> bool:
        """Whether nothing more is asked."""
        return bool(self.calls >= self.budget or self.best <= self.goal or self.error or self.raised)

    def __call__(self, x: np.ndarray) -> float:
        """f(x), inf where there is none. Raises Spent at the end of the run."""
        return self.many([x])[0]

    def many(self, points: Sequence[np.ndarray]) -> list[float]:
        """The values of points that do not depend on each other. Raises Spent where one of them is not asked.

        No point is asked that is not finite: a solver that has left the numbers ends there.
        """
        if self.over:
            raise Spent
        before, values = self.calls, self.ask(np.asarray(points, self.dtype))
        if self.calls - before < len(points):
            raise Spent
        return np.where(np.isnan(values), inf, values).tolist()

    def ask(self, points: np.ndarray) -> np.ndarray:
        """The values [m] of points [m, n], nan where there is none.

        What is beyond the end, and what is no point, is not asked, and nan too.
        """
        lower, upper = self.host.lower.astype(self.dtype), self.host.upper.astype(self.dtype)
        points, found = np.clip(points, lower, upper), np.full(len(points), nan)
        due = np.flatnonzero(np.isfinite(points).all(axis=1)).tolist()
        for _ in range(TRIES if self.host.on_error == "retry" else 1):
            due = [] if self.over else due[: self.budget - self.calls]
            for i, answer in zip(due, self._answers([points[i] for i in due]), strict=False):
                found[i] = self._take(points[i], answer)
                if self.error and self.host.workers == 1:  # of several that are under way all are counted
                    return found
            due = [i for i in due if isnan(found[i])]
        return found

    def _answers(self, points: list[np.ndarray]) -> Iterator[float | Failed]:
        """One answer a point, from the log as far as it has these very points, then from the box."""
        at, known = self.calls, self.known
        sums = [zlib.crc32(point.tobytes()) for point in points]
        old = 0
        while old < len(points) and at + old < len(known.values) and known.sums[at + old] == sums[old]:
            old += 1
        if old < len(points):
            self.known = known._replace(values=known.values[: at + old])  # what follows is of another run
        for value in known.values[at : at + old]:
            self.replayed += 1
            yield Failed("") if isnan(value) else float(value)
        yield from ask(self.host, points[old:], [seed_of(self.seed, at + i) for i in range(old, len(points))])

    def _take(self, x: np.ndarray, answer: float | Failed) -> float:
        value = nan if isinstance(answer, Failed) else answer
        self.values.append(value)
        self.sums.append(zlib.crc32(x.tobytes()))
        self.failed += isnan(value)
        if isinstance(answer, Failed) and self.host.on_error == "raise" and not self.error:
            self.error, self.sound = f"{answer.said}; {at_point(x)}", self.calls - 1
        if isfinite(value) and value < self.best:
            if self.best == inf:
                self.goal = self._arrives(value)
            self.best = value
            self.points.append((self.calls, np.array(x, float), value))
        return value


def ask(host: Host, points: Sequence[np.ndarray], seeds: Sequence[int]) -> Iterator[float | Failed]:
    """What the box says at each of the points, `workers` of them at a time; it may write into what it is given."""
    copies = [np.array(point) for point in points]
    if host.workers == 1 or len(points) < 2:
        for x, seed in zip(copies, seeds, strict=True):
            yield call(host.ask, host.name, x, seed)
        return
    many = len(points)
    try:
        yield from pool(host.pool, host.workers).map(call, [host.ask] * many, [host.name] * many, copies, seeds)
    except BrokenExecutor as error:  # a process has died: the next call has others
        pool.cache_clear()
        yield Failed(f"{host.name}: {error}")


@cache
def pool(kind: Pool, workers: int) -> Executor:
    """Threads or processes, kept for the next call; a process imports the function anew."""
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def call(ask: Callable[[np.ndarray, int], Any], name: str, x: np.ndarray, seed: int) -> float | Failed:
    """One number; what it raises, and what is no number, as one line."""
    try:
        with jax.enable_x64(x.dtype.itemsize == 8):  # for a function that uses JAX itself
            value = np.asarray(ask(x, seed))
    except Exception as error:
        return Failed(f"{name} raised {type(error).__name__}: {' '.join(str(error).split())}")
    if value.size != 1 or value.dtype.kind not in "biuf":
        shown = f"an array of shape {list(value.shape)}" if value.dtype.kind in "biuf" else f"{value!r:.60}"
        return Failed(f"{name} returned {' '.join(shown.split())}, not one real number")
    return float(value.reshape(()))


def as_bytes(x: Array) -> Array:
    """x as its bytes [..., itemsize].

    JAX calls the host from a thread of its own, which may not know of jax.enable_x64: there a float64 would be
    rounded to float32 on its way. Bytes are what no setting changes.
    """
    return jax.lax.bitcast_convert_type(x, jnp.uint8)


def value_of(host: Callable[[Any], np.ndarray], x: Array) -> Array:
    """The number [] that a function on the host gives for x, bytes to bytes; it is no part of any derivative."""
    result = jax.ShapeDtypeStruct((x.dtype.itemsize,), jnp.uint8)
    value = jax.pure_callback(host, result, as_bytes(x), vmap_method="sequential")
    return jax.lax.bitcast_convert_type(value, x.dtype)


def from_bytes(data: Any, dtype: Any) -> np.ndarray:
    """The numbers [...] of `as_bytes`, which may be written into."""
    data = np.asarray(data)
    return np.frombuffer(data.tobytes(), dtype).reshape(data.shape[:-1]).copy()


def to_bytes(values: np.ndarray) -> np.ndarray:
    """The bytes [..., itemsize] of numbers [...]."""
    return np.frombuffer(values.tobytes(), np.uint8).reshape(*values.shape, values.dtype.itemsize)


def at_point(x: np.ndarray) -> str:
    """Where, in a few words."""
    return "at x = " + np.array2string(x, precision=6, threshold=6, max_line_width=10**6)


def seed_of(seed: int, number: int) -> int:
    """The seed of a call of a run: 32 bits, another one for each."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
