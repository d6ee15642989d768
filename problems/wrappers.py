"""Problems made of other problems: noisy, in low precision, turned, moved; and any Python function as a problem."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from math import nan
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from zobench.directions import gaussian
from zobench.problems.minibatch import apart
from zobench.problems.quadratics import haar
from zobench.types import Key, Problem, Scalar, Vector

Kind = Literal["additive", "multiplicative"]
Precision = Literal["float32", "float16", "bfloat16"]

REMEMBERED = 16_384  # points of a black box


def noisy(problem: Problem, sigma: float = 1e-3, kind: Kind = "additive", common: bool = False) -> Problem:
    """Another problem with noise in its values, additive or multiplicative.

    Methods see F = f + σξ or f·(1 + σξ), ξ ~ N(0, 1) afresh at each evaluation. `common`: one ξ for all evaluations of
    a step (common random numbers): it cancels from differences. f, and with it all that is known about the problem,
    stays exact. Additive noise does not depend on x, so derivatives are exact too. ξ has 24 bits, |ξ| ≤ 5.9. The modes
    are those of f, so no exact curve is recorded. Raises ValueError where an argument is
    out of range.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"problem.kind={kind}: there are {', '.join(get_args(Kind))}")
    if not (isinstance(sigma, int | float) and 0 <= sigma < np.inf):
        raise ValueError(f"problem.sigma={sigma}: the standard deviation of the noise is a number, 0 or more")
    asked = _asked(problem)

    def F(x: Vector, key: Key) -> Scalar:
        value = asked(x, apart(key))  # noise or a minibatch inside is drawn by itself
        noise = sigma * gaussian(apart(key, common), 1)[0].astype(value.dtype)
        return value + noise if kind == "additive" else value * (1 + noise)

    return problem._replace(F=F)


def low_precision(problem: Problem, precision: Precision = "float32") -> Problem:
    """Another problem, its values computed in low precision.

    Methods see F = f in `precision`: x is rounded to it, and so is all arithmetic; f itself stays exact. What a
    single-precision simulation is to a double-precision optimizer. Wrapped outside noise, the noise is rounded too.
    Raises ValueError for an unknown precision.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"problem.precision={precision}: there are {', '.join(get_args(Precision))}")
    asked = _asked(problem)
    return problem._replace(F=lambda x, key: asked(x.astype(precision), key).astype(x.dtype))


def rotated(problem: Problem, seed: int = 0) -> Problem:
    """Another problem, turned off the axes.

    f(Qᵀx) from Qx0, Q of Haar measure drawn by `seed`. L, mu, tr ∇²f and f* stay, x* turns. A method that treats
    coordinates alike in all directions does not notice; one coordinate at a time, signs and Adam do. A value costs n²
    more. Raises ValueError for a bad seed.
    """
    if not (isinstance(seed, int) and seed >= 0):
        raise ValueError(f"problem.seed={seed}: the seed of the rotation is a whole number, 0 or more")
    q = haar(problem.n, seed)
    return _moved(problem, back=lambda x: x @ jnp.asarray(q, x.dtype), forth=lambda x: q @ x, turns=problem.n > 1)


def shifted(problem: Problem, by: float | Sequence[float] = 1.0) -> Problem:
    """Another problem, moved elsewhere together with its start.

    f(x − s) from x0 + s, s = `by` in each coordinate, or a list of n. All that is known stays, x* moves along. Methods
    that scale by x, or look at the origin, notice; and rounding does, as x is held to u·s only. Raises ValueError where
    `by` has another length or is not finite.
    """
    s = np.asarray(by, float)
    if s.shape not in ((), (problem.n,)) or not np.isfinite(s).all():
        raise ValueError(f"problem.by={by}: a number, or a list of {problem.n} of them")
    return _moved(problem, back=lambda x: x - jnp.asarray(s, x.dtype), forth=lambda x: x + s, turns=False)


def black_box(
    function: Callable[[np.ndarray], float], x0: Sequence[float], f_star: float | None = None, L: float | None = None
) -> Problem:
    """A plain Python or NumPy function as a problem without derivatives.

    `function` takes an array [n], n = len(`x0`), and gives a number. It runs on the host, one point at a time, may be
    slow and may return NaN or ±∞: those are values. It must return the same for the same x, for it is not asked again
    at one of the latest points: the solvers' runs are measured where they have asked, those of other methods at the
    recorded iterates besides, which is not charged. f* and L are for you to tell, null: not known. Where it raises, or
    returns no single number, the run ends with a JaxRuntimeError whose last line says which function raised what, and
    where. Raises ValueError for an x0 that is not a list of finite numbers, and where the function fails at x0.
    """
    plain = getattr(function, "func", function)  # inside a functools.partial
    name = getattr(plain, "__name__", type(plain).__name__)
    start = np.asarray(x0, float)
    if start.ndim != 1 or start.size == 0 or not np.isfinite(start).all():
        raise ValueError(f"problem.x0={x0}: where {name} starts is a list of finite numbers, one for each coordinate")

    host, first = _host(function, name), jnp.asarray(start)
    try:
        host(first.dtype)(_bytes(first))
    except RuntimeError as error:
        raise ValueError(f"problem.function={name}: {error}") from None

    @jax.custom_jvp
    def f(x: Vector) -> Scalar:
        if jnp.issubdtype(x.dtype, jnp.complexfloating):
            raise TypeError(f"{name} takes real numbers")
        result = jax.ShapeDtypeStruct((x.dtype.itemsize,), jnp.uint8)
        value = jax.pure_callback(host(x.dtype), result, _bytes(x), vmap_method="sequential")
        return jax.lax.bitcast_convert_type(value, x.dtype)

    @f.defjvp
    def _no_derivative(primals, tangents):  # JAX takes bytes for constants: the gradient would be 0
        raise ValueError(f"{name} is a black box: it has no derivatives; use an estimator of values, such as two_point")

    return Problem(
        f=f,
        x0=first,
        f_star=nan if f_star is None else f_star,
        L=nan if L is None else L,
        differentiable=False,
    )


def _bytes(x: Vector) -> Array:
    """x as its bytes [n, itemsize].

    JAX calls the host from a thread of its own, which may not know of jax.enable_x64: there a float64 would be
    rounded to float32 on its way. Bytes are what no setting changes.
    """
    return jax.lax.bitcast_convert_type(x, jnp.uint8)


def _host(function: Callable[[np.ndarray], float], name: str) -> Callable[[np.dtype], Callable[[Any], np.ndarray]]:
    """For each dtype of x the function on a copy of x, which it may write into: bytes to bytes, or a RuntimeError.

    The latest points are remembered: measuring a run where a method has asked costs the function nothing more.
    """

    @lru_cache(maxsize=REMEMBERED)
    def known(data: bytes, dtype: np.dtype) -> Any:
        with jax.enable_x64(dtype.itemsize == 8):  # for a function that uses JAX itself
            return function(np.frombuffer(data, dtype).copy())

    @cache  # one object for each dtype: JAX compiles anew for another one
    def host(dtype: np.dtype) -> Callable[[Any], np.ndarray]:
        return partial(_answer, known, name, dtype)

    return host


def _answer(known: Callable[[bytes, np.dtype], Any], name: str, dtype: np.dtype, data: Any) -> np.ndarray:
    """The bytes of one number of that dtype for the bytes of x; RuntimeError where the function gives none."""
    data = np.asarray(data).tobytes()
    try:
        value = np.asarray(known(data, dtype))
    except Exception as error:
        text = " ".join(str(error).split())
        raise RuntimeError(f"{name} raised {type(error).__name__}: {text}; {_at(data, dtype)}") from None
    if value.size != 1 or value.dtype.kind not in "biuf":
        raise RuntimeError(f"{name} returned {_described(value)}, not one real number; {_at(data, dtype)}")
    return value.reshape(1).astype(dtype).view(np.uint8)


def _at(data: bytes, dtype: np.dtype) -> str:
    x = np.frombuffer(data, dtype)
    return "at x = " + np.array2string(x, precision=6, threshold=6, max_line_width=10**6)


def _described(value: np.ndarray) -> str:
    return f"an array of shape {list(value.shape)}" if value.dtype.kind in "biuf" else f"{value!r:.60}"


def _asked(problem: Problem) -> Callable[[Vector, Key], Scalar]:
    """What methods may ask: F, or f where there is no F."""
    return problem.F or (lambda x, key: problem.f(x))


def _moved(problem: Problem, back: Callable, forth: Callable, turns: bool) -> Problem:
    """The problem in other coordinates, y = forth(x), x = back(y)."""
    f, F, modes = problem.f, problem.F, problem.modes
    return problem._replace(
        f=lambda y: f(back(y)),
        F=F and (lambda y, key: F(back(y), key)),
        x0=forth(np.asarray(problem.x0)),
        x_star=None if problem.x_star is None else forth(np.asarray(problem.x_star)),
        modes=modes and modes._replace(axes=modes.axes and not turns),
        tree=None,
    )
