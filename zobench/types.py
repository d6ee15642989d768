"""The nouns: a problem, an estimator, a method, and what they ask of an oracle.

Each is a NamedTuple of pure functions made by a factory, as optax.GradientTransformation is. The factory's arguments
are its hyperparameters. `x` is always a flat vector of shape [n].
"""

from collections.abc import Callable
from math import nan
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, UInt32
from numpy import ndarray

Scalar = Float[Array, ""]
Vector = Float[Array, " n"]
Point = Float[Any, " n"]  # of NumPy or JAX
State = Any


class Key(NamedTuple):
    """Which random numbers: run `seed`, iteration `step`, and the `call` (or direction) within it.

    A random number is a pure function of (seed, step, call, coordinate).

    >>> Key(seed=0, step=7)
    Key(seed=0, step=7, call=0)
    """

    seed: UInt32[Array, ""]
    step: UInt32[Array, ""]
    call: UInt32[Array, ""] | int = 0


class Draw(NamedTuple):
    """The randomness of one step: a `source` that `period` steps in a row share, and which of them this one is.

    One Box-Muller transform gives two normals, one word 32 signs: steps that share them cost half a transform, or a
    32nd of a word. A method of period 1 may draw anything.
    """

    source: Any
    turn: UInt32[Array, ""]


class Calls(NamedTuple):
    """What one step asks of the oracle: values, Jacobian-vector products, gradients. Static, known before a run.

    >>> Calls(value=2, grad=1).total
    3
    """

    value: int = 0
    jvp: int = 0
    grad: int = 0

    @property
    def total(self) -> int:
        """All calls, each counted as one."""
        return self.value + self.jvp + self.grad


def sum_each(*parts: Array) -> tuple[Array, ...]:
    """The sums of arrays of one shape over their last axis in one pass, each for itself; of 16-bit ones in float32."""
    kept, wide = parts[0].dtype, measured_in(parts[0].dtype)
    zeros = (jnp.zeros((), wide),) * len(parts)
    add = lambda s, t: tuple(a + b for a, b in zip(s, t, strict=True))  # noqa: E731
    sums = jax.lax.reduce(tuple(part.astype(wide) for part in parts), zeros, add, (parts[0].ndim - 1,))
    return tuple(each.astype(kept) for each in sums)


def measured_in(dtype: Any) -> Any:
    """The dtype in which f is measured at an x of that dtype: its own, and float32 where it has 16 bits."""
    return jnp.dtype(jnp.float32) if jnp.dtype(dtype).itemsize == 2 else dtype


def require_wide(dtype: Any, what: str) -> None:
    """ValueError where a dtype has 16 bits and `what` is not there for it."""
    if jnp.dtype(dtype).itemsize == 2:
        raise ValueError(f"dtype={jnp.dtype(dtype)}: {what}; use dtype=float32 or float64")


def separable(terms: Callable[[Vector], Vector]) -> Callable[[Vector], Scalar]:
    """f(x) = Σᵢ tᵢ(xᵢ), given by `terms(x)` of shape [n], as a function that knows it: `oracle` finds its `pair`.

    `pair(x, y)` sums f(x) and f(y) in one pass over the coordinates, each for itself, as two calls would be. A record
    sums its `terms` beside the squares of the gradient and of the distance.

    >>> f = separable(lambda x: x**2)
    >>> float(f(jnp.ones(3)))
    3.0
    """

    def f(x: Vector) -> Scalar:
        return jnp.sum(terms(x))

    def pair(x: Vector, y: Vector) -> tuple[Scalar, Scalar]:
        ahead, behind = sum_each(terms(x), terms(y))
        return ahead, behind

    f.pair, f.terms = pair, terms  # type: ignore[attr-defined]
    return f


class Oracle(NamedTuple):
    """What a method may ask about f at x. It numbers its calls within a step: noise is drawn afresh for each number.

    `pair(x, y)` is two values in one pass, where f has them so; None elsewhere. Of a black box: `many(points)`, the
    values [m] of points [m, n] that do not depend on each other, asked together; `eps(quotient)`, the difference step
    that suits what has been measured of its noise. None elsewhere. `size`: that of x0, a power of two. `shapes`: of the
    parameters that x has in a row, where the problem says them.
    `along(x, move)`: the value at x + v, v[start:stop] = move(start, stop) made where a leaf of a tree is used.

    >>> problem = Problem(f=lambda x: jnp.sum(x**2), x0=jnp.ones(3))
    >>> float(oracle(problem).value(problem.x0))
    3.0
    """

    value: Callable[..., Scalar]  # (x, call=0)
    jvp: Callable[..., Scalar]  # (x, v, call=0)
    grad: Callable[..., Vector]  # (x, call=0)
    pair: Callable[[Vector, Vector], tuple[Scalar, Scalar]] | None = None
    many: Callable[[Array], Array] | None = None
    eps: Callable[[str], Scalar] | None = None
    size: Any = 1.0
    shapes: tuple[tuple[int, ...], ...] = ()
    along: Callable[..., Scalar] | None = None  # (x, move, call=0)


class Modes(NamedTuple):
    """A quadratic in its eigenbasis: f − f* = ½ Σᵢ λᵢ zᵢ², zᵢ(0)² the energy of the start in mode i. Both of shape [n].

    `axes` says whether the eigenvectors are the coordinate axes.
    """

    eigenvalue: ndarray
    energy: ndarray
    axes: bool = True


class Problem(NamedTuple):
    """min f over Rⁿ, with what is known about it; nan or None means "not known".

    `f` is the exact objective: used for measuring it is never charged. `F(x, key)` is what methods may ask (noise, a
    minibatch); None means f. `L` bounds the Hessian's eigenvalues, `mu` is the smallest one (of a strongly convex f),
    `hessian_trace` bounds tr ∇²f from above; where `local`, both hold on the way from x0 to the minimum and not
    everywhere. `modes` is given by quadratics alone. x0 may be a tree of arrays, with f and x_star of the same form:
    zobench.trees.flat, which every run applies, makes it a vector; `tree(x)` is then the tree again. Points in double
    precision (NumPy) serve any dtype. `host`: how a black box is asked (zobench.host.Host); it is asked by methods
    alone, never to measure. `shapes`: of the parameters that x has in a row, where it is flat and they are matrices;
    `shapes_of` has those of trees too.

    >>> Problem(f=lambda x: jnp.sum(x**2), x0=jnp.ones(3), f_star=0.0, L=2.0).n
    3
    """

    f: Callable[[Vector], Scalar]
    x0: Any  # a Point, or a tree of arrays
    F: Callable[[Vector, Key], Scalar] | None = None
    f_star: float = nan
    x_star: Point | None = None
    L: float = nan
    mu: float = nan
    hessian_trace: float = nan
    local: bool = False
    differentiable: bool = True
    modes: Modes | None = None
    tree: Any = None  # zobench.trees.Tree
    host: Any = None
    shapes: tuple[tuple[int, ...], ...] = ()

    @property
    def n(self) -> int:
        """Dimension."""
        return self.x0.size if hasattr(self.x0, "size") else sum(map(jnp.size, jax.tree.leaves(self.x0)))

    @property
    def effective_dim(self) -> float:
        """r = tr(H)/L."""
        return self.hessian_trace / self.L


class Moment(NamedTuple):
    """E GGᵀ = A‖g‖² I + C ggᵀ + D diag(gᵢ²) for exact quotients: B, the trace-aware factor and the recursion follow.

    >>> Moment(A=1, C=2)
    Moment(A=1, C=2, D=0.0)
    """

    A: float
    C: float
    D: float = 0.0


class Estimator(NamedTuple):
    """g ~ ∇f(x), in two halves: `draw` is the randomness of a step and asks nothing, `estimate` is the arithmetic.

    `estimate(oracle, x, draw, state)` gives the estimate and the next state; `init(x)` the first one, asking nothing.
    `second_moment(n)` is None where E‖G‖² is no multiple of ‖∇f‖². `excess(λ)` is what a quadratic with eigenvalues λ
    adds to diag E GGᵀ (the forward quotient); None where the exact recursion does not hold. `draw(key, n, dtype)` is
    None for a deterministic estimator; where `period(n)` is more than 1 it gives a `Draw`, the source of which is the
    same for all steps of one quotient step // period.

    >>> import zobench as zo
    >>> zo.two_point("gaussian").second_moment(10)
    Moment(A=1.0, C=2.0, D=0.0)
    """

    estimate: Callable[[Oracle, Vector, Any, State], tuple[Vector, State]]
    calls: Callable[[int], Calls]
    second_moment: Callable[[int], Moment | None]
    draw: Callable[[Key, int, Any], Any] | None = None
    excess: Callable[[ndarray], ndarray] | None = None
    init: Callable[[Vector], State] = lambda x: ()
    period: Callable[[int], int] = lambda n: 1


class Method(NamedTuple):
    """Anything that makes iterates. `draw(key, n, dtype)` is the randomness of one step, as an estimator's.

    `time_scale(n)` is how many iterations are expected to do the work of one with the gradient: it sets how often a run
    is recorded and how long it may take.

    >>> import zobench as zo
    >>> zo.random_pursuit().time_scale(10)
    10
    """

    init: Callable[[Vector], State]
    step: Callable[[Oracle, Vector, State, Any], tuple[Vector, State]]
    calls: Callable[[int], Calls]
    draw: Callable[[Key, int, Any], Any] | None = None
    time_scale: Callable[[int], float] = lambda n: 1.0
    period: Callable[[int], int] = lambda n: 1


def require_precision(value: Any, x: Vector) -> None:
    """ValueError where a value of f has another precision than x: a run in float64 would be one in float32, unsaid."""
    dtype = getattr(value, "dtype", x.dtype)
    if jnp.issubdtype(dtype, jnp.floating) and jnp.issubdtype(x.dtype, jnp.floating) and dtype != x.dtype:
        raise ValueError(
            f"dtype={x.dtype}: f gives {dtype} of an x of {x.dtype}; compute it in x.dtype, or use dtype={dtype}"
        )


def size_of(x: Any) -> Any:
    """The least power of two that is no less than max |xᵢ|, and 1 where that is more; traced where x is."""
    if isinstance(x, Tracer):
        return jnp.exp2(jnp.ceil(jnp.log2(jnp.maximum(jnp.max(jnp.abs(x)), 1))))
    largest = float(np.max(np.abs(np.asarray(x, float)), initial=0.0))
    return float(2.0 ** np.ceil(np.log2(max(largest, 1.0)))) if np.isfinite(largest) else 1.0


def oracle(problem: Problem, key: Key | None = None) -> Oracle:
    """The oracle of a problem at one step: values of F (or f), and their derivatives by JAX.

    `key` says which run and step asks; it is needed where the problem has an F of its own.

    >>> problem = Problem(f=lambda x: jnp.sum(x**2), x0=jnp.ones(2))
    >>> oracle(problem).grad(problem.x0).tolist()
    [2.0, 2.0]
    """
    f, F = problem.f, problem.F
    of_step = getattr(F, "of_step", None)  # where all values of a step see the same: what it draws, it draws once
    same = of_step(key) if of_step and key is not None else None

    def ask(x, call):
        if F is None or key is None:
            return f(x)
        value = same(x) if same else F(x, key._replace(call=call))
        if getattr(value, "dtype", None) == measured_in(x.dtype):
            return value.astype(x.dtype)  # of 16-bit x a value in float32 is rounded
        require_precision(value, x)
        return value

    def along(x, move, call=0):
        asked, more = (f, ()) if F is None or key is None else (F, (key._replace(call=call),))
        return asked.along(x, move, *more) if hasattr(asked, "along") else ask(x + move(0, x.size), call)  # type: ignore

    return Oracle(
        value=lambda x, call=0: ask(x, call),
        jvp=lambda x, v, call=0: jax.jvp(lambda y: ask(y, call), (x,), (v,))[1],
        grad=lambda x, call=0: jax.grad(ask)(x, call),
        pair=getattr(f, "pair", None) if F is None or key is None else None,
        size=size_of(problem.x0),
        shapes=shapes_of(problem),
        along=along,
    )


def shapes_of(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """The shapes of the parameters that x has in a row; () where the problem does not say them.

    >>> shapes_of(Problem(f=jnp.sum, x0=jnp.ones(8), shapes=((2, 3), (2,))))
    ((2, 3), (2,))
    """
    return problem.shapes or tuple(map(tuple, problem.tree.shapes if problem.tree else ()))
