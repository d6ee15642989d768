"""Which functions may be differentiated by a complex step: one that is accepted gives the gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import analytic, estimators
from zobench.types import Problem, oracle

ACCEPTED = {
    "elementwise": lambda x: sum(jnp.sum(g(x / 4)) for g in UNARY) + jnp.sum((x * x) ** 0.3 / (2 - x)),
    "norm by hand": lambda x: jnp.sqrt(x @ x),
    "max of two": lambda x: jnp.sum(jnp.maximum(x, 2 * x**2)) - jnp.max(x) * jnp.min(x),
    "sorted": lambda x: jnp.sort(x) @ jnp.arange(x.size) + jnp.cumsum(x)[1] * jnp.cumprod(x)[-1],
    "a branch by |x|": lambda x: jnp.sum(jnp.where(jnp.abs(x) > 0.5, x**3, x)),
    "a branch by the sign": lambda x: jnp.sum(jnp.sign(x.real) * x + jnp.floor(x.real) * x),
    "the largest": lambda x: x[jnp.argmax(x.real)] ** 2,
    "cond": lambda x: jax.lax.cond(x[0].real > 0.2, lambda x: x @ x, lambda x: jnp.sum(x), x),
    "a loop": lambda x: jax.lax.fori_loop(0, 3, lambda i, y: y * x[i] + jnp.sin(y), x[0]),
    "while": lambda x: jax.lax.while_loop(lambda y: jnp.abs(y) < 10, lambda y: 2 * y + x[0], x[1]),
    "scan": lambda x: jax.lax.scan(lambda y, each: (y + each**2, y * each), x[0], x)[1][-1],
    "jit, custom_jvp": lambda x: jnp.sum(jax.jit(jnp.log1p)(x) + jax.nn.silu(x)),
    "remat": lambda x: jax.checkpoint(lambda x: jnp.sum(jnp.tanh(jnp.outer(x, x))))(x),
}
UNARY = [getattr(jnp, name) for name in sorted(analytic.ELEMENTWISE) if hasattr(jnp, name)]
UNARY = [g for g in UNARY if getattr(g, "nin", 1) == 1 and g is not jnp.acosh] + [jax.lax.rsqrt, jax.lax.logistic]
REFUSED = {
    "abs": lambda x: jnp.sum(jnp.abs(x)),
    "real": lambda x: jnp.sum(x.real * x),
    "imag": lambda x: jnp.sum(jnp.imag(x) + x),
    "sign": lambda x: jnp.sum(jnp.sign(x) * x),
    "conj": lambda x: jnp.sum(x * jnp.conj(x)),
    "vdot": lambda x: jnp.vdot(x, x),
    "norm": lambda x: jnp.linalg.norm(x),
    "huber by |x|": lambda x: jnp.sum(jnp.where(jnp.abs(x) > 0.5, jnp.abs(x) - 0.25, x**2)),
    "softplus": lambda x: jnp.sum(jax.nn.softplus(x)),
    "a whole power": lambda x: jnp.sum(x**3.0),
    "cholesky": lambda x: jnp.linalg.cholesky(jnp.eye(x.size) + jnp.outer(x, x) / 9)[-1, 0],
    "a real copy": lambda x: jnp.sum(x.real.astype(x.dtype)),
    "a second turn": lambda x: jax.lax.fori_loop(0, 3, lambda i, y: (y[1], jnp.abs(x[i]) + 0j), (x[0], x[1]))[0],
    "one branch of two": lambda x: jax.lax.cond(x[0].real > 9, lambda x: jnp.sum(jnp.abs(x)) + 0j, lambda x: x @ x, x),
    "a cast": lambda x: jnp.sum(x.astype(float)),
    "clip": lambda x: jnp.sum(jnp.clip(x, 0, 1)),
}  # fmt: skip
X = jnp.asarray(np.random.default_rng(0).uniform(0.1, 0.9, 5))


def complex_step(f, x):
    return estimators.finite_difference("complex").estimate(oracle(Problem(f=f, x0=x)), x, (), ())[0]


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_gives_the_gradient(name):
    x = jnp.sqrt(X) if name == "elementwise" else X
    np.testing.assert_allclose(complex_step(ACCEPTED[name], x), jax.jacfwd(ACCEPTED[name])(x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_analytic_is_refused_before_anything_is_compiled(name):
    with pytest.raises(ValueError, match=r"^quotient=complex: f .*; use quotient=fourth, or estimator=autodiff"):
        jax.eval_shape(lambda x: complex_step(REFUSED[name], x), X)
