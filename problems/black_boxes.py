"""Any Python function, and any program that prints a number, as a problem of which nothing else is known."""

import os
import subprocess
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import nan
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np

from zobench.host import Failed, Host, OnError, Pool, at_point, call, from_bytes, to_bytes, value_of
from zobench.trees import Tree, flattened
from zobench.types import Problem, Scalar, Vector

REMEMBERED = 16_384  # points of a black box
X = "{x}"  # in a program's words: where the coordinates go
Bound = float | Sequence[float] | None


def black_box(
    function: Callable[..., float],
    x0: Sequence[float],
    f_star: float | None = None,
    L: float | None = None,
    remember: bool = False,
    seeded: bool = False,
    lower: Bound = None,
    upper: Bound = None,
    workers: int = 1,
    pool: Pool = "threads",
    on_error: OnError = "raise",
) -> Problem:
    """A plain Python or NumPy function as a problem without derivatives: what it costs is its calls.

    `function` takes an array [n], n = len(`x0`), and gives a number. It runs on the host, may be slow, and may return
    NaN or ±∞: NaN is no number to a method, which takes it for +∞. It is asked what the methods ask and nothing else:
    never to measure, so a run shows the best value it was given, call by call, and its first call is f(x0).

    `remember`: the function gives the same for the same x: it is not asked again at one of the latest 16,384 points,
    which is charged all the same, and a method without randomness is run once. Otherwise every call is a call, as a
    simulation with noise needs it, and `seeded` gives it as `function(x, seed)` another seed for each: then the same
    command makes the same numbers.
    `lower`, `upper`: it is never asked outside; a number, or one for each coordinate.
    `workers`: so many values that do not depend on each other at a time, in threads or processes (`pool`).
    `on_error`: where it raises, or gives no number: raise ends the run, nan counts the call and goes on, retry asks up
    to three times, each of them a call.
    f* and L are for you to tell, null: not known.
    From Python x0 may be a matrix, or a tree of arrays: so the function gets it, and zo.run gives `result.parameters`.

    Raises ValueError for an x0 that is not a list of finite numbers within the bounds, and for settings out of range.
    """
    plain = getattr(function, "func", function)  # inside a functools.partial
    name = getattr(plain, "__name__", type(plain).__name__)
    x0, tree = _flattened(x0)
    function = partial(_of_tree, function, tree) if tree else function
    ask = function if seeded else partial(_without_seed, function)
    if remember and seeded:
        raise ValueError("problem.remember=true: a function that takes a seed is another one at each call")
    if remember and pool == "processes":
        raise ValueError("problem.pool=processes: what is remembered is asked by threads; use pool=threads")
    host = _host(ask, name, x0, lower, upper)
    host = host._replace(same=remember, seeded=seeded, workers=workers, pool=pool, on_error=on_error)
    made = of_host(host._replace(ask=_remembering(host.ask)) if remember else host, x0, f_star, L)
    return made._replace(tree=tree)


def command(
    program: str | Sequence[str] | None,
    x0: Sequence[float],
    timeout: float | None = None,
    f_star: float | None = None,
    L: float | None = None,
    remember: bool = False,
    seeded: bool = False,
    lower: Bound = None,
    upper: Bound = None,
    workers: int = 1,
    on_error: OnError = "raise",
) -> Problem:
    """A program as a black box: it reads x, prints f(x) as the last word of its output, and ends with exit code 0.

    `program` is the name of the program, or the list of it and its arguments; there is no shell. It finds the
    coordinates on its standard input, in one line with blanks between them, or in place of an argument {x}, one
    argument each; with `seeded` the environment has ZOBENCH_SEED. One that takes longer than `timeout` seconds is
    ended. All that is not a number (another exit code, no output, the timeout) is a failed call, as `on_error` says.
    The rest is as for `black_box`.

    A config file may not name a program: give it on the command line, or `trust=[program]`. A record is made anew where
    a file that the words name has changed.

    Raises ValueError as `black_box`.
    """
    words = [program] if isinstance(program, str) else list(program or ())
    if not words or not all(isinstance(word, str) for word in words):
        given = "null" if program is None else program
        raise ValueError(f"problem.program={given}: give the name of a program, or a list of it and its arguments")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"problem.timeout={timeout}: seconds, a positive number, or null for none")
    host = _host(partial(_run, words, timeout, seeded), words[0], x0, lower, upper)
    host = host._replace(same=remember, seeded=seeded, workers=workers, on_error=on_error)
    return of_host(host._replace(ask=_remembering(host.ask)) if remember else host, x0, f_star, L)


def of_host(host: Host, x0: Sequence[float], f_star: float | None = None, L: float | None = None) -> Problem:
    """The problem of a host. Its f asks the box once for each point, for whoever holds it: no method does."""
    if host.on_error not in get_args(OnError):
        raise ValueError(f"problem.on_error={host.on_error}: there are {', '.join(get_args(OnError))}")
    if host.pool not in get_args(Pool):
        raise ValueError(f"problem.pool={host.pool}: there are {', '.join(get_args(Pool))}")
    if not (isinstance(host.workers, int) and host.workers > 0):
        raise ValueError(f"problem.workers={host.workers}: how many values at a time, 1 or more")

    @jax.custom_jvp
    def f(x: Vector) -> Scalar:
        if jnp.issubdtype(x.dtype, jnp.complexfloating):
            raise ValueError(f"{host.name} takes real numbers")
        inside = jnp.clip(x, jnp.asarray(host.lower, x.dtype), jnp.asarray(host.upper, x.dtype))
        return value_of(partial(_value, host, x.dtype), inside)

    @f.defjvp
    def _no_derivative(primals, tangents):  # JAX takes bytes for constants: the gradient would be 0
        raise ValueError(f"{host.name} is a black box: it has no derivatives; use an estimator of values, as two_point")

    minimum, bound = (nan if known is None else known for known in (f_star, L))
    return Problem(f=f, x0=np.asarray(x0, float), f_star=minimum, L=bound, differentiable=False, host=host)


def _value(host: Host, dtype: Any, data: Any) -> np.ndarray:
    """The bytes of f(x) for those of x; RuntimeError where there is no number."""
    x = from_bytes(data, dtype)
    answer = call(host.ask, host.name, x.copy(), 0)
    if isinstance(answer, Failed):
        raise RuntimeError(f"{answer.said}; {at_point(x)}")
    return to_bytes(np.asarray(answer).astype(dtype))


def _flattened(x0: Any) -> tuple[Any, Tree | None]:
    """x0 as a vector, and the form that it had; None: it is one, or no numbers at all."""
    try:
        start = np.asarray(x0, float)
    except (TypeError, ValueError):
        return flattened(x0)
    return flattened(start) if start.ndim > 1 else (x0, None)


def _of_tree(function: Callable[..., Any], tree: Tree, x: np.ndarray, *seed: int) -> Any:
    return function(tree.restore(x), *seed)


def _without_seed(function: Callable[[np.ndarray], float], x: np.ndarray, seed: int) -> Any:
    return function(x)


def _remembering(ask: Callable[[np.ndarray, int], Any]) -> Callable[[np.ndarray, int], Any]:
    """What is not asked again at one of the latest points."""

    @lru_cache(maxsize=REMEMBERED)
    def known(data: bytes, dtype: Any) -> Any:
        return ask(np.frombuffer(data, dtype).copy(), 0)

    return lambda x, seed: known(x.tobytes(), x.dtype)


def _run(words: Sequence[str], timeout: float | None, seeded: bool, x: np.ndarray, seed: int) -> float:
    """What a program prints for x. RuntimeError, or TimeoutError, where that is no number."""
    numbers = [repr(float(each)) for each in x]
    argv = [part for word in words for part in (numbers if word == X else [word])]
    environment = {**os.environ, **({"ZOBENCH_SEED": str(seed)} if seeded else {})}
    line = "" if X in words else " ".join(numbers) + "\n"
    try:
        ended = subprocess.run(argv, input=line, capture_output=True, text=True, timeout=timeout, env=environment)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"no answer within problem.timeout={timeout:g} seconds") from None
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or [""])[-1]
        raise RuntimeError(f"exit code {ended.returncode}{': ' if said else ''}{said}")
    printed = ended.stdout.split()
    try:
        return float(printed[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"it printed {ended.stdout.strip()[-60:]!r}, of which the last word is no number") from None


def _host(ask: Callable[[np.ndarray, int], Any], name: str, x0: Any, lower: Bound, upper: Bound) -> Host:
    """A host whose start and bounds make sense. ValueError where they do not."""
    start = np.asarray(x0, float)
    if start.ndim != 1 or start.size == 0 or not np.isfinite(start).all():
        raise ValueError(f"problem.x0={x0}: where {name} starts is a list of finite numbers, one for each coordinate")
    ends = []
    for word, given, free in (("lower", lower, -np.inf), ("upper", upper, np.inf)):
        bound = np.asarray(free if given is None else given, float)
        if bound.shape not in ((), start.shape) or np.isnan(bound).any():
            raise ValueError(f"problem.{word}={given}: a number, or a list of {start.size} of them")
        ends.append(np.broadcast_to(bound, start.shape).copy())
    outside = np.flatnonzero((start < ends[0]) | (start > ends[1]))
    if outside.size:
        i = outside[0]
        raise ValueError(f"problem.x0: x0[{i}] = {start[i]:g} is not within [{ends[0][i]:g}, {ends[1][i]:g}]")
    return Host(ask, name, *ends)
