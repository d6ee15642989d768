"""Whether two jaxprs are one program: what is compared before they are lowered, which takes longer than to trace them.

A program is known by the primitives in order, their parameters, the settings of JAX under which they were traced, the
shapes of their arguments, and the literals and arrays within. Names of variables and lines of source are not in it.
"""

import hashlib
from collections.abc import Iterator
from enum import Enum
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

SPOKEN = {  # functions that are no part of a program: rules of derivatives, none of which is taken any more, and
    "custom_jvp_call": ("jvp_jaxpr_fun",),
    "custom_vjp_call": ("fwd_jaxpr_thunk", "bwd"),
    "reduce": ("computation",),  # what its jaxpr says too
}
PLAIN = type | Enum | jax.sharding.Mesh | jax.sharding.AbstractMesh  # what can be called and is no function

Likeness = tuple[Any, ...]


class Unknown(Exception):
    """A parameter that is a function, or that cannot be compared."""


def likeness(jaxpr: Jaxpr) -> Likeness | None:
    """What equal programs have in common; None where that cannot be told, as of one that calls Python.

    The arrays of its `constvars` are not in it, those of functions within are.
    """
    try:
        made = (*_body(jaxpr, {}),)
        hash(made)
    except (Unknown, TypeError):
        return None
    return made


def _body(jaxpr: Jaxpr, seen: dict[int, int]) -> Iterator[Any]:
    """Its parts in order; of a body that comes again the number of its first time."""
    if id(jaxpr) in seen:
        yield "again", seen[id(jaxpr)]
        return
    seen[id(jaxpr)] = len(seen)
    names: dict[Any, int] = {}
    yield from (len(jaxpr.constvars), len(jaxpr.invars), len(jaxpr.eqns))
    for variable in (*jaxpr.constvars, *jaxpr.invars):
        names[variable] = len(names)
        yield variable.aval
    for equation in jaxpr.eqns:
        yield equation.primitive, equation.ctx  # itself, as names are anybody's; where and how it is computed
        for taken in equation.invars:
            yield _literal(taken) if isinstance(taken, Literal) else names[taken]
        for made in equation.outvars:
            names[made] = len(names)
            yield made.aval
        for name, value in sorted(equation.params.items()):
            if name not in SPOKEN.get(equation.primitive.name, ()):
                yield name
                yield from _value(value, seen)
    yield "gives"
    for given in jaxpr.outvars:
        yield _literal(given) if isinstance(given, Literal) else names[given]


def _literal(literal: Literal) -> Any:
    return "literal", literal.aval, np.asarray(literal.val).tobytes()


def _value(value: Any, seen: dict[int, int]) -> Iterator[Any]:
    """A parameter; with its type, as 1 == 1.0 == True. Raises Unknown for a function."""
    if isinstance(value, ClosedJaxpr):
        yield from _body(value.jaxpr, seen)
        for const in value.consts:
            yield from _value(const, seen)
    elif isinstance(value, Jaxpr):
        yield from _body(value, seen)
    elif isinstance(value, tuple | list):
        yield type(value), len(value)
        for each in value:
            yield from _value(each, seen)
    elif isinstance(value, dict):
        yield from _value(sorted(value.items()), seen)
    elif isinstance(value, float | complex | np.generic | np.ndarray | jax.Array):
        array = np.ascontiguousarray(value)  # by its bytes: 0 == -0, and nan is not nan
        data = array.data if array.dtype.isbuiltin == 1 else array.tobytes()  # of bfloat16 NumPy shows no memory
        yield type(value), array.dtype, np.shape(value), hashlib.sha256(data).digest()
    elif callable(value) and not isinstance(value, PLAIN):
        raise Unknown
    else:
        yield type(value), value
