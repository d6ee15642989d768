"""Whether f, as it is computed, is analytic: a complex step is right for no other f, and wrong without a word.

A value is analytic in x, or flat (a constant, a comparison, a whole number: the same for all x near by), or neither, as
|z| or Re z are. What is neither may be compared, which picks a branch, and may not reach the value of f.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from zobench.types import Scalar, Vector

FLAT, ANALYTIC, NEITHER = 0, 1, 2
Kind = tuple[int, str]  # and the primitive that made it so; the larger one wins

# Analytic where they are defined. max and min order by the real part, which picks one of two branches.
ELEMENTWISE = {
    "add", "sub", "mul", "div", "neg", "add_any", "exp", "exp2", "expm1", "log", "log1p", "sqrt", "rsqrt", "square",
    "integer_pow", "logistic", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "max", "min", "select_n",
}  # fmt: skip
ARRAYS = {
    "broadcast_in_dim", "concatenate", "convert_element_type", "copy", "copy_p", "cummax", "cummin", "cumprod",
    "cumsum", "conv_general_dilated", "dot_general", "dynamic_slice", "dynamic_update_slice", "expand_dims", "gather",
    "pad", "reduce_max", "reduce_min", "reduce_prod", "reduce_sum", "reshape", "rev", "scatter", "scatter-add",
    "scatter-mul", "scatter_add", "scatter_mul", "slice", "split", "squeeze", "stack", "tile", "transpose", "unstack",
}  # fmt: skip
STEPS = {"sign", "floor", "ceil", "round"}  # of real values
BITS = {"bitcast_convert_type", "pure_callback", "io_callback", "ffi_call"}  # whole numbers that hold more


def require_analytic(f: Callable[[Vector], Scalar], z: Vector) -> None:
    """ValueError where f takes no complex `z`, or takes what is not analytic of it. Traces f once; computes nothing."""
    way_out = "use quotient=fourth, or estimator=autodiff"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a cast that drops Im z is refused, not warned of
            traced = jax.make_jaxpr(f)(jax.ShapeDtypeStruct(z.shape, z.dtype))
    except (TypeError, ValueError, NotImplementedError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"quotient=complex: f takes no complex x ({said:.150}); {way_out}") from error
    level, primitive = max(_kinds(traced, [(ANALYTIC, "")]))
    if level == NEITHER:
        raise ValueError(f"quotient=complex: f is not analytic as it is computed (JAX's {primitive}); {way_out}")


def _kinds(traced: Any, given: Sequence[Kind]) -> list[Kind]:
    """The kinds of a program's results, given those of its arguments."""
    inside = traced.jaxpr if isinstance(traced, ClosedJaxpr) else traced
    known: dict[Any, Kind] = dict(zip(inside.invars, given, strict=True))

    def kind(part: Any) -> Kind:
        return (FLAT, "") if isinstance(part, Literal) else known.get(part, (FLAT, ""))

    for equation in inside.eqns:
        known |= zip(equation.outvars, _results(equation, [kind(part) for part in equation.invars]), strict=True)
    return [kind(part) for part in inside.outvars]


def _results(equation: Any, given: list[Kind]) -> list[Kind]:
    """The kinds of what one operation gives."""
    name, parameters, worst = equation.primitive.name, equation.params, max(given, default=(FLAT, ""))
    if worst[0] == FLAT:
        return [worst] * len(equation.outvars)
    if name == "cond":
        return [max(each) for each in zip(*(_kinds(one, given[1:]) for one in parameters["branches"]), strict=True)]
    if name == "while":
        fixed = parameters["cond_nconsts"], parameters["cond_nconsts"] + parameters["body_nconsts"]
        return _repeated(parameters["body_jaxpr"], given[fixed[0] : fixed[1]], given[fixed[1] :], [])
    if name == "scan":
        fixed = parameters["num_consts"], parameters["num_consts"] + parameters["num_carry"]
        return _repeated(parameters["jaxpr"], given[: fixed[0]], given[fixed[0] : fixed[1]], given[fixed[1] :])
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        if hasattr(parameters.get(key), "eqns") and name not in ARRAYS:
            return _kinds(parameters[key], given)
    if name == "sort":
        return [(each[0], each[1]) for each in given]
    return [_result(equation, out.aval.dtype, worst) for out in equation.outvars]


def _repeated(body: Any, fixed: list[Kind], carried: list[Kind], rows: list[Kind]) -> list[Kind]:
    """The kinds of what a loop gives: what it carries may become worse from turn to turn, a few times."""
    while True:
        after = _kinds(body, [*fixed, *carried, *rows])
        following = [max(pair) for pair in zip(carried, after, strict=False)]
        if following == carried:
            return [*carried, *after[len(carried) :]]
        carried = following


def _result(equation: Any, dtype: Any, worst: Kind) -> Kind:
    name, taken = equation.primitive.name, equation.invars[0].aval.dtype
    flat = not jnp.issubdtype(dtype, jnp.inexact) or (name in STEPS and not jnp.issubdtype(taken, jnp.complexfloating))
    if flat and name not in BITS:
        return FLAT, ""
    if worst[0] == NEITHER:
        return worst
    is_analytic = name in ELEMENTWISE or name in ARRAYS or (name == "pow" and not _is_whole(equation.invars[1]))
    if is_analytic and jnp.issubdtype(dtype, jnp.complexfloating):
        return worst
    return NEITHER, name


def _is_whole(exponent: Any) -> bool:
    """Whether an exponent is, or may be, a whole number: complex powers of negative numbers are inexact in Im."""
    return not isinstance(exponent, Literal) or bool(np.real(exponent.val) % 1 == 0)
