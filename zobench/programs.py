"""Compiled programs: the arrays that a function uses are arguments of its program, and equal programs are one.

JAX writes what a function closes over, the matrix of a quadratic say, into its program as a literal: each problem is
then another program, which takes long to compile where it is large, and is kept on disk with its data.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

from zobench.likeness import likeness
from zobench.types import Key, Problem

KEPT = 64  # programs that a process keeps, without their arrays
LARGE = 2**10  # bytes of an array that is not to be in a program
COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}  # a quarter faster where AVX-512 is; changes rounding only
COMPARED = 2**20  # bytes at a time
LOOPS = ("scan", "while", "cond")

_programs: OrderedDict[Any, Callable] = OrderedDict()


class Opened(NamedTuple):
    """A function that closes over no array, the arrays, each once, and what it is: its jaxpr, and the rest."""

    call: Callable
    arrays: list[Any]
    jaxpr: Jaxpr
    about: tuple[Any, ...]


def compiled(
    f: Callable, *args: Any, taken: Sequence[int] = (), placed: Callable[[Any], Any] = lambda array: array
) -> Callable:
    """The function f compiled for arguments of these shapes; it takes over the arguments numbered in `taken`.

    The arrays that f closes over are put on the device once, where `placed` says, and given to the program in each
    call. Where it is one of the last 64 programs of this process (`zobench.likeness`), it is that one: it is traced,
    and neither lowered nor compiled. One that calls Python is not kept, as it keeps what it calls.
    """
    opened = _opened(f, *args)
    arrays = [placed(jnp.asarray(array, array.dtype)) for array in opened.arrays]
    donated, places = tuple(1 + place for place in taken), [*map(_place, jax.tree.leaves((arrays, args)))]
    like, wide = likeness(opened.jaxpr), jax.dtypes.canonicalize_dtype(float)
    key = like and (like, opened.about, *places, donated, jax.default_backend(), wide)
    program = _programs.pop(key, None)
    if program is None:
        jitted = jax.jit(opened.call, compiler_options=COMPILER_OPTIONS, donate_argnums=donated)
        program = jitted.lower(arrays, *args).compile()
    if key:
        _programs[key] = program  # the latest comes last
    while len(_programs) > KEPT:
        _programs.popitem(last=False)
    return partial(program, arrays)


def _place(array: Any) -> Any:
    return getattr(array, "sharding", None), getattr(array, "committed", False)


def hoisted(f: Callable, *args: Any) -> tuple[Callable, list[Any]]:
    """A function (arrays, *args) that does what f does and closes over no array, and the arrays, each once."""
    return _opened(f, *args)[:2]


def _opened(f: Callable, *args: Any) -> Opened:
    traced = jax.jit(f).trace(*args)
    closed, tree = traced.jaxpr, jax.tree.structure(traced.out_info)
    arrays, places = _each_once(closed.consts)

    def block(arrays, *args):
        known = ClosedJaxpr(closed.jaxpr, [arrays[place] for place in places])
        return jax.tree.unflatten(tree, jaxpr_as_fun(known)(*jax.tree.leaves(args)))

    held = [array if isinstance(array, jax.Array) else np.asarray(array) for array in arrays]
    return Opened(block, held, closed.jaxpr, (*places, jax.tree.structure(args), tree))


def _each_once(arrays: Sequence[Any]) -> tuple[list[Any], list[int]]:
    """The arrays that differ, and which of them each one is: f is traced several times, and makes its own each time."""
    found: list[Any] = []
    places = []
    for array in arrays:
        places.append(next((i for i, known in enumerate(found) if _are_same(known, array)), len(found)))
        found += [array] if places[-1] == len(found) else []
    return found, places


def _are_same(a: Any, b: Any) -> bool:
    if a is b or isinstance(a, jax.Array) or isinstance(b, jax.Array):
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    a, b = (np.ascontiguousarray(np.asarray(array)).reshape(-1).view(np.uint8) for array in (a, b))
    parts = (slice(at, at + COMPARED) for at in range(0, a.size, COMPARED))
    return a.ctypes.data == b.ctypes.data or all(np.array_equal(a[part], b[part]) for part in parts)


def straight(problem: Problem) -> Problem:
    """The problem, its f and F without functions compiled apart that hold large arrays: `hoisted` sees none of these.

    Left as they are where they have loops besides, which would be unrolled.
    """
    if not problem.differentiable or not _holds(problem.f, problem.x0):
        return problem
    key = Key(jnp.uint32(0), jnp.uint32(0), jnp.uint32(0))
    holds = problem.F and _holds(problem.F, problem.x0, key)
    return problem._replace(f=_undone(problem.f), F=_undone(problem.F) if problem.F and holds else problem.F)


def _holds(f: Callable, *args: Any) -> bool:
    """Whether functions within f hold large arrays, and nothing in it goes in a loop."""
    bodies = [*_bodies(jax.make_jaxpr(f)(*args))]
    names = {equation.primitive.name for body in bodies for equation in body.jaxpr.eqns}
    return any(const.nbytes > LARGE for body in bodies[1:] for const in body.consts) and not names.intersection(LOOPS)


def _bodies(closed: ClosedJaxpr) -> Iterator[ClosedJaxpr]:
    yield closed
    for equation in closed.jaxpr.eqns:
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda part: isinstance(part, ClosedJaxpr)
        ):
            if isinstance(value, ClosedJaxpr):
                yield from _bodies(value)


def _undone(f: Callable) -> Callable:
    """The function f with all in it that is compiled apart as a part of it; with its `pair` and `terms`."""

    def whole(*args):
        with jax.disable_jit():
            return f(*args)

    for name in ("pair", "terms"):
        if hasattr(f, name):
            setattr(whole, name, _undone(getattr(f, name)))
    return whole
