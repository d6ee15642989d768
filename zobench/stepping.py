"""Many steps of a method in one compiled call, for a loop of one's own."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from zobench import programs
from zobench.loop import steps_of
from zobench.methods import descent
from zobench.optimizers import on_tree
from zobench.rhythm import MOST
from zobench.trees import is_flat
from zobench.types import Estimator, Method, Problem, State, require_precision

Tree = Any


class Position(NamedTuple):
    """Where the loop of a `stepper` stands: k steps have been made; what the method remembers."""

    k: Any
    memory: State


def stepper(
    f: Callable[[Tree], Any] | Problem,
    method: Estimator | Method,
    optimizer: Any = None,
    *,
    seed: int = 0,
    donate: bool = False,
) -> Callable[..., tuple[Tree, Position]]:
    """A function `(x, steps, position) -> (x, position)` that makes so many steps on f in one call of a program.

    `method` is an estimator, whose estimates go into `optimizer`, a rule of optax; or a method that is ready, such as
    zo.random_pursuit(). x is any tree of arrays. `position` is what the call before gave; None, or left out: the
    beginning. The steps are those of `zo.run` with that seed, however they are divided into calls; of a Problem its F
    is asked, and of a zobench.separable f two values in one pass.

    A step asks what the method asks (`calls(n)`) and costs what it does in a run. A call costs some tens of
    microseconds besides, and a round of directions, half of which are thrown away on average: 2⌈256/(qn)⌉ steps of q
    directions share one, so make at least some hundreds of steps at a time where n is small. Another number of steps
    does not compile again; x of another shape or dtype does. With `donate` a call takes over the memory of x and of
    `position`, which must be jax's and cannot be read afterwards: for weights of which a copy is too many.

    Raises ValueError for an estimator without an optimizer and a method with one, for a black box and for an f of
    another precision than x, where a method asks for a gradient that is not there, and for more than 2³⁰ steps a call.

    >>> import jax.numpy as jnp, optax, zobench as zo
    >>> advance = zo.stepper(lambda x: jnp.sum(x**2), zo.two_point(), optax.sgd(0.1))
    >>> x, position = advance(jnp.ones(3), 100)
    >>> x, position = advance(x, 100, position)
    >>> int(position.k), bool(jnp.sum(x**2) < 1e-3)
    (200, True)
    """
    _require(f, method, optimizer)

    def parts(x: Tree) -> tuple[Problem, Method, Callable]:
        whole, tree = ravel_pytree(x)
        problem = f._replace(x0=whole) if isinstance(f, Problem) else Problem(f=f, x0=whole)
        problem, rule = (problem, optimizer) if is_flat(x) else _of_trees(problem, optimizer, tree)
        return problem, method if isinstance(method, Method) else descent(method, rule), tree

    @jax.jit
    def start(x: Tree) -> Position:
        problem, made, _ = parts(x)
        require_precision(jax.eval_shape(problem.f, problem.x0), problem.x0)
        calls = made.calls(problem.n)
        if not problem.differentiable and (calls.grad or calls.jvp):
            raise ValueError("stepper: this problem has no gradient to ask for; use an estimator of values")
        return Position(jnp.int32(0), made.init(problem.x0))

    def advance(x: Tree, steps: Any, position: Position) -> tuple[Tree, Position]:
        problem, made, tree = parts(x)
        go, drawn = steps_of(problem, made, jnp.uint32(seed))
        y, memory, k, _ = go(problem.x0, position.memory, position.k, drawn, position.k + steps)
        return tree(y), Position(k, memory)

    known: dict[Any, Callable] = {}

    def make(x: Tree, steps: int, position: Position | None = None) -> tuple[Tree, Position]:
        if not 0 <= steps <= MOST:
            raise ValueError(f"steps={steps}: a number from 0 to 2^30")
        x = jnp.asarray(x) if is_flat(x) else jax.tree.map(jnp.asarray, x)
        args = x, np.int32(steps), start(x) if position is None else position
        kind = jax.tree.structure(x), *((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(x))
        if kind not in known:
            known[kind] = programs.compiled(advance, *args, taken=(0, 2) if donate else ())
        return known[kind](*args)

    return make


def _require(f: Any, method: Any, optimizer: Any) -> None:
    """Refuse what is no method for a stepper, and what cannot be asked within a program: ValueError."""
    if not isinstance(method, Estimator | Method) or isinstance(method, Estimator) != (optimizer is not None):
        raise ValueError(
            "stepper: give an estimator and a rule of optax, such as zo.two_point(), optax.sgd(0.1); or a method that "
            "is ready, such as zo.random_pursuit(), and no rule"
        )
    if isinstance(f, Problem) and f.host:
        raise ValueError("stepper: a black box is asked from outside a program; use zo.run or zo.minimizer")


def _of_trees(problem: Problem, optimizer: Any, tree: Callable) -> tuple[Problem, Any]:
    """The problem of flat vectors whose f and F are of trees, and the rule, if there is one."""
    f, F = problem.f, problem.F
    problem = problem._replace(f=lambda x: f(tree(x)), F=F and (lambda x, key: F(tree(x), key)))
    return problem, optimizer and on_tree(optimizer, tree)
