"""How much goes through a program at a time: decided here, by the backend.

A CPU does best with one vector after the other, each in its cache, and directions that are drawn once and kept. On an
accelerator each turn of a loop is a kernel of its own: there points go together, as many as fit, and a direction is
drawn where it is used. The words are the same; sums are made in another order, so that results agree to rounding.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jax
from jax.extend.core import Jaxpr

from zobench.derivatives.price import inside
from zobench.types import Vector

BATCH = 2**24  # numbers that are made at a time, at most, where a single point does not have more

RUNS = "runs"  # name of the axis of runs that go together

_asked = jax.make_user_context(None)  # JAX keeps what it has traced apart by it


def is_wide() -> bool:
    """Whether programs that are traced now are for a wide machine: an accelerator, or what `wide` says."""
    asked = _asked.value
    return jax.default_backend() != "cpu" if asked is None else asked


def wide(asked: bool = True) -> AbstractContextManager[None]:
    """Within it programs are traced for a wide machine, or for a CPU, whatever there is."""
    return _asked(asked)


def rows_of(q: int, n: int) -> int:
    """How many of q vectors of n coordinates are made at a time: the largest divisor of q of which a batch is large."""
    most = max(1, BATCH // n)
    return next(size for size in range(min(q, most), 0, -1) if q % size == 0)


def points_of(f: Callable[[Vector], Any], x: Vector) -> int:
    """How many points f is asked at a time where it may be asked together: as many as what it makes within fits.

    Of each of the runs that go together, where jax.vmap knows their axis as RUNS.
    """
    return max(1, BATCH // (runs_together() * max(x.size, widest(jax.make_jaxpr(f)(x).jaxpr))))


def runs_together() -> int:
    """How many runs go together in what is traced, where jax.vmap knows their axis as RUNS; else 1."""
    try:
        return int(jax.lax.axis_size(RUNS))
    except NameError:
        return 1


def widest(jaxpr: Jaxpr) -> int:
    """How many numbers the largest array has that is made in it."""
    sizes = [getattr(made.aval, "size", 0) for equation in jaxpr.eqns for made in equation.outvars]
    bodies = (body for equation in jaxpr.eqns for body in inside(equation.params.values()))
    return max([*sizes, *map(widest, bodies)], default=0)


def each(one: Callable[[Any], Any], given: Any, f: Callable[[Vector], Any], x: Vector) -> Any:
    """one(part) for all parts of `given` [q, ...], each of which asks f at a point such as x.

    One after the other on a CPU; elsewhere as many together as fit.
    """
    if not is_wide():
        return jax.lax.map(one, given)
    together, many = points_of(f, x), len(jax.tree.leaves(given)[0])
    return jax.vmap(one)(given) if many <= together else jax.lax.map(one, given, batch_size=together)
