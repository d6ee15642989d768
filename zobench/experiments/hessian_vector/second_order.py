"""Hessian-vector products, and steps of methods of first and second order that are compared by what they cost.

All act on F(x, c), a problem's f with its data as the argument c (`separated`): compiled in as constants, data of 10⁸
numbers would be copied and folded by the compiler.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import core
from jaxtyping import Array, Float

from zobench.types import Scalar, Vector

F = Callable[[Vector, Any], Scalar]
Product = Callable[[Vector, Vector, Any], Vector]
Step = Callable[[Vector, Any], tuple[Vector, Array]]

EXACT = ("forward over reverse", "reverse over forward", "reverse over reverse")
HALVINGS = 30  # of a step, at most
ARMIJO = 1e-4  # share of the fall that the slope promises


def separated(f: Callable[[Vector], Scalar], x: Vector) -> tuple[F, list[Array]]:
    """f as F(x, c), and the arrays c that it closes over."""
    closed = jax.make_jaxpr(f)(x)
    return lambda y, c: core.eval_jaxpr(closed.jaxpr, c, y)[0], [jnp.asarray(one) for one in closed.consts]


def products(f: F) -> dict[str, Product]:
    """∇²f(x) v without ∇²f, exactly, in three orders (Pearlmutter 1994): the last is the lecture's ∇⟨∇f, v⟩."""
    g = jax.grad(f)
    return {
        EXACT[0]: lambda x, v, c: jax.jvp(lambda y: g(y, c), (x,), (v,))[1],
        EXACT[1]: lambda x, v, c: jax.grad(lambda y: jax.jvp(lambda z: f(z, c), (y,), (v,))[1])(x),
        EXACT[2]: lambda x, v, c: jax.grad(lambda y: g(y, c) @ v)(x),
    }


def difference(f: F) -> Callable[[Vector, Vector, Any, Scalar | float], Vector]:
    """(∇f(x + εv) − ∇f(x − εv))/(2ε): error O(ε²) + O(u/ε), two gradients."""
    g = jax.grad(f)
    return lambda x, v, c, eps: (g(x + eps * v, c) - g(x - eps * v, c)) / (2 * eps)


def hessian(f: F) -> Callable[[Vector, Any], Float[Array, "n n"]]:
    """All of ∇²f: n products at once."""
    return jax.jacfwd(jax.grad(f))


def gradient_step(f: F, length: float) -> Step:
    """x − length ∇f; nothing else is asked."""
    return lambda x, c: (x - length * jax.grad(f)(x, c), jnp.zeros(2, int))


def value_step(f: F, length: float, eps: float, v: Vector) -> Step:
    """x − length (f(x + εv) − f(x − εv))/(2ε) v: two values."""
    return lambda x, c: (x - length * (f(x + eps * v, c) - f(x - eps * v, c)) / (2 * eps) * v, jnp.zeros(2, int))


def newton_step(f: F) -> Step:
    """x − t H⁻¹∇f with t = 1, ½, ... until f falls; gives x and how many products (0) and values it asked."""

    def step(x, c):
        g = jax.grad(f)(x, c)
        x, values = _searched(f, x, c, g, -jnp.linalg.solve(hessian(f)(x, c), g))
        return x, jnp.stack([jnp.zeros_like(values), values])

    return step


def newton_cg_step(f: F, most: int, forcing: float | None = None) -> Step:
    """x + t d, d from conjugate gradients on ∇²f d = −∇f: at most `most` products (Nocedal & Wright 2006, alg. 7.1).

    CG ends at ‖r‖ ≤ forcing ‖∇f‖, min(½, √‖∇f‖) where None, and where the curvature is not positive. Gives x and how
    many products and values it asked.
    """
    product = products(f)[EXACT[0]]

    def step(x, c):
        g = jax.grad(f)(x, c)
        size = jnp.linalg.norm(g)
        wanted = size * (jnp.minimum(0.5, jnp.sqrt(size)) if forcing is None else forcing)
        d, asked = _conjugate_gradients(lambda v: product(x, v, c), g, wanted, most)
        x, values = _searched(f, x, c, g, d)
        return x, jnp.stack([asked, values])

    return step


def _conjugate_gradients(H: Callable[[Vector], Vector], g: Vector, wanted: Scalar, most: int) -> tuple[Vector, Array]:
    """d with ‖Hd + g‖ ≤ wanted, or as far as it came; −g where the first curvature is not positive."""

    def body(state):
        d, r, p, i, _ = state
        Hp = H(p)
        curved = p @ Hp > 0
        a = jnp.where(curved, r @ r / jnp.where(curved, p @ Hp, 1), 0)
        new = r + a * Hp
        return d + a * p, new, -new + new @ new / jnp.maximum(r @ r, jnp.finfo(r.dtype).tiny) * p, i + 1, curved

    def go(state):
        return (jnp.linalg.norm(state[1]) > wanted) & (state[3] < most) & state[4]

    d, _, _, asked, _ = jax.lax.while_loop(go, body, (jnp.zeros_like(g), g, -g, jnp.array(0), jnp.array(True)))
    return jnp.where(jnp.any(d != 0), d, -g), asked


def _searched(f: F, x: Vector, c: Any, g: Vector, d: Vector) -> tuple[Vector, Array]:
    """x + t d with t halved from 1 until f falls by Armijo's rule, up to rounding; and how many values that asked."""
    start, rounding = f(x, c), 4 * jnp.finfo(x.dtype).eps

    def too_long(state):
        t, i = state
        return (f(x + t * d, c) > start + ARMIJO * t * (g @ d) + rounding * jnp.abs(start)) & (i < HALVINGS)

    begin = (jnp.ones((), x.dtype), jnp.array(0))
    t, halvings = jax.lax.while_loop(too_long, lambda state: (state[0] / 2, state[1] + 1), begin)
    return x + t * d, halvings + 2
