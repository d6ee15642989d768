"""How often a run is recorded, and how many records are made in one call of the compiled block."""

from math import inf
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Jaxpr

from zobench.derivatives.price import inside
from zobench.meanings import USUAL
from zobench.types import Key, Method, Problem, oracle

MOST = 2**30  # iterations of a run, which 32 bits count
RECORDS = 64  # of a section: a run ends behind one
OFTEN: float = USUAL["records"]  # records in the time of a step with the gradient
BLOCK = 2_000_000  # coordinates moved in a block, some milliseconds: a run is not to go on long after its end
SECTIONS = 16  # of a block at most
SHORT = 2**19  # numbers made in a block of several sections, less than a millisecond


def rhythm(problem: Problem, outline: Method, often: float = OFTEN) -> tuple[int, int]:
    """How many records a section has, and how many iterations there are between them.

    `often`: records in the time of a step with the gradient; of a run two at least, at its start and its end.
    """
    every = max(1, round(min(outline.time_scale(problem.n) / often, MOST)))
    return max(1, min(RECORDS, BLOCK // (every * problem.n))) if problem.differentiable else 1, every


def sections(problem: Problem, outline: Method, often: float = OFTEN) -> int:
    """How many sections a block has: a call of it costs as much as some hundred steps at n = 10.

    So many that they make SHORT numbers, as far as the jaxpr of f tells: a loop of unknown length is one section.
    """
    records, every = rhythm(problem, outline, often)
    calls = RECORDS * every * outline.calls(problem.n).total
    if records < RECORDS or calls * problem.n > SHORT:
        return 1
    ask = oracle(problem, Key(jnp.uint32(0), jnp.uint32(0))).value
    made = problem.n + _numbers(jax.make_jaxpr(ask)(problem.x0).jaxpr)
    return int(max(1, min(SECTIONS, SHORT // (calls * made))))


def _numbers(jaxpr: Jaxpr) -> float:
    """How many numbers are read or made in it: of each equation its largest array, as often as it is run."""
    found = 0.0
    for equation in jaxpr.eqns:
        name, bodies = equation.primitive.name, [*inside(equation.params.values())]
        trips = {"scan": equation.params.get("length", 1), "while": inf}.get(name, 1)
        arrays = (*equation.invars, *equation.outvars)
        found += trips * sum(map(_numbers, bodies)) if bodies else max(map(_size, arrays), default=0)
    return found


def _size(variable: Any) -> int:
    return getattr(variable.aval, "size", 0)
