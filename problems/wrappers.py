"""Problems made of other problems: noisy, in low precision, turned, moved."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import jax.numpy as jnp
import numpy as np

from zobench.directions import gaussian
from zobench.problems.minibatch import apart
from zobench.problems.quadratics import haar
from zobench.types import Key, Problem, Scalar, Vector, shapes_of

Kind = Literal["additive", "multiplicative", "student"]
Precision = Literal["float32", "float16", "bfloat16"]


def noisy(
    problem: Problem, sigma: float = 1e-3, kind: Kind = "additive", common: bool = False, freedom: float = 1.5
) -> Problem:
    """Another problem with noise in its values, additive or multiplicative, or additive with heavy tails.

    Methods see F = f + σξ or f·(1 + σξ), ξ ~ N(0, 1) afresh at each evaluation. `common`: one ξ for all evaluations of
    a step (common random numbers): it cancels from differences. f, and with it all that is known about the problem,
    stays exact. Additive noise does not depend on x, so derivatives are exact too. ξ has 24 bits, |ξ| ≤ 5.9. The modes
    are those of f, so no exact curve is recorded.

    kind=student: F = f + σξ, ξ of Student's law with ν = `freedom` > 0: moments of order below ν alone, no variance for
    ν ≤ 2, and σ a scale. Of two normals, ξ = √(ν(e^(r²/ν) − 1)) z₁/r, r² = z₁² + z₂² (Bailey 1994).

    Raises ValueError where an argument is out of range.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"problem.kind={kind}: there are {', '.join(get_args(Kind))}")
    if not (isinstance(sigma, int | float) and 0 <= sigma < np.inf):
        raise ValueError(f"problem.sigma={sigma}: the standard deviation of the noise is a number, 0 or more")
    if not (isinstance(freedom, int | float) and 0 < freedom < np.inf):
        raise ValueError(f"problem.freedom={freedom}: the degrees of freedom of Student's law are a positive number")
    asked = _asked(problem)

    def F(x: Vector, key: Key) -> Scalar:
        value = asked(x, apart(key))  # noise or a minibatch inside is drawn by itself
        z = gaussian(apart(key, common), 2 if kind == "student" else 1).astype(value.dtype)
        noise = sigma * (_student(z, freedom) if kind == "student" else z[0])
        return value * (1 + noise) if kind == "multiplicative" else value + noise

    return problem._replace(F=F)


def _student(z: Vector, freedom: float) -> Scalar:
    """One number of Student's law from two independent normals."""
    square = z @ z
    return jnp.sqrt(freedom * jnp.expm1(square / freedom)) * z[0] / jnp.sqrt(square)


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


def _asked(problem: Problem) -> Callable[[Vector, Key], Scalar]:
    """What methods may ask: F, or f where there is no F. ValueError for a black box, which is asked on the host."""
    _require_no_box(problem)
    return problem.F or (lambda x, key: problem.f(x))


def _moved(problem: Problem, back: Callable, forth: Callable, turns: bool) -> Problem:
    """The problem in other coordinates, y = forth(x), x = back(y)."""
    _require_no_box(problem)
    f, F, modes = problem.f, problem.F, problem.modes
    return problem._replace(
        f=lambda y: f(back(y)),
        F=F and (lambda y, key: F(back(y), key)),
        x0=forth(np.asarray(problem.x0)),
        x_star=None if problem.x_star is None else forth(np.asarray(problem.x_star)),
        modes=modes and modes._replace(axes=modes.axes and not turns),
        tree=None,
        shapes=() if turns else shapes_of(problem),
    )


def _require_no_box(problem: Problem) -> None:
    if problem.host:
        raise ValueError("problem.problem: a black box is taken as it is; change what your function does with x")
