"""The price of a derivative in values of f: operations before compilation, the same each time, and not seconds."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

from zobench.programs import hoisted
from zobench.types import Key, Problem, oracle


class Operations(NamedTuple):
    """What a function does: arithmetic operations, and elementary functions that XLA counts apart."""

    flops: float
    transcendentals: float = 0.0

    def total(self, transcendental: float = 1.0) -> float:
        """Flops + w·transcendentals, w = `transcendental`: what exp, log, tanh, √ ... cost in flops."""
        return self.flops + transcendental * self.transcendentals


def price(problem: Problem, transcendental: float = 1.0) -> float:
    """The price of f and its whole gradient by reverse mode, in values of f (Baur & Strassen 1983: at most 5).

    operations(value_and_grad f)/operations(f) at x0, of F where methods ask F; an elementary function counts as
    `transcendental` flops, 1 as in the theorem. At least 1, as f is part of it; the same number each time, and for
    every n but for what f does once (a sum of n terms has n − 1 additions). A cost axis "in values" charges a gradient
    this much; give a number of your own where seconds are what counts. Nothing is compiled. Raises ValueError where f
    has no derivative, and as `operations`.
    """
    return _relative(problem, lambda f, x: jax.value_and_grad(f)(x), transcendental)


def jvp_price(problem: Problem, transcendental: float = 1.0) -> float:
    """The price of f and one directional derivative ∇f(x)·v by forward mode, in values of f. Otherwise as `price`."""
    return _relative(problem, lambda f, x: jax.jvp(f, (x,), (jnp.ones_like(x),)), transcendental)


def operations(f: Callable[..., Any], *args: Any) -> Operations:
    """What f does at arguments of these shapes, counted by XLA in the program before it is compiled.

    A compiler repeats work where that saves memory, and how it does depends on n: it makes f dearer than f with its
    gradient. XLA counts the body of a loop once, whatever its trips: with N trips, N·(body) − (body once) is added, the
    body counted in the same way. Of the branches of a cond the dearer one counts. Raises ValueError for a while loop,
    whose trips only a run tells.
    """
    opened, arrays = hoisted(f, *args)  # written out, much data would take seconds and gigabytes
    traced = jax.jit(opened).trace(arrays, *args)
    return _sum(_counted(traced.lower()), _rest(traced.jaxpr.jaxpr))


def compiled(f: Callable[..., Any], *args: Any) -> tuple[Callable[..., Any], Operations]:
    """F compiled for arguments of these shapes, and what it does: `operations`."""
    return jax.jit(f).lower(*args).compile(), operations(f, *args)


def _relative(problem: Problem, derivative: Callable[..., Any], transcendental: float) -> float:
    if not problem.differentiable:
        raise ValueError("the problem has no derivative, so it has no price; count values instead")
    key = Key(jnp.uint32(0), jnp.uint32(0))
    f = oracle(problem, key).value
    alone = operations(f, problem.x0).total(transcendental)
    if not alone > 0:
        raise ValueError("f does nothing that XLA counts (a call back to Python?): give the price as a number")
    return operations(lambda x: derivative(f, x), problem.x0).total(transcendental) / alone


def _counted(lowered: Any) -> Operations:
    """XLA's own count: a loop's body once."""
    counted = lowered.cost_analysis() or {}
    return Operations(float(counted.get("flops", 0.0)), float(counted.get("transcendentals", 0.0)))


def _once(traced: ClosedJaxpr) -> Operations:
    return _counted(jax.jit(jaxpr_as_fun(traced)).lower(*traced.in_avals))


def _rest(jaxpr: Jaxpr) -> Operations:
    """What the scans do beyond the one trip that XLA counts."""
    found = Operations(0.0)
    for equation in jaxpr.eqns:
        if equation.primitive.name == "while":
            raise ValueError("a while loop does as many trips as its data say: give the price as a number")
        if equation.primitive.name == "scan":
            body, trips = equation.params["jaxpr"], equation.params["length"]
            once = _once(body)
            whole = _sum(once, _rest(body.jaxpr))
            extra = Operations(*(trips * w - o for w, o in zip(whole, once, strict=True)))
            found = _sum(found, extra) if trips else found
        else:
            for inner in inside(equation.params.values()):
                found = _sum(found, _rest(inner))
    return found


def inside(values: Any) -> Iterator[Jaxpr]:
    """The functions that an equation has among its parameters."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from inside(value)
        elif isinstance(value, (Jaxpr, ClosedJaxpr)):
            yield value.jaxpr if isinstance(value, ClosedJaxpr) else value


def _sum(a: Operations, b: Operations) -> Operations:
    return Operations(a.flops + b.flops, a.transcendentals + b.transcendentals)
