"""Diagonal quadratics, runs of them recorded at every iteration, and cells: for the tests of the engine."""

import jax.numpy as jnp
import numpy as np
import optax

from zobench import estimators, loop, methods
from zobench.cell import run_cell
from zobench.plan import Settings
from zobench.types import Modes, Problem


def diagonal(lam, x0) -> Problem:
    """½ Σ λᵢ xᵢ² from x0, with all that is known of it."""
    x0 = np.broadcast_to(np.asarray(x0, float), lam.shape)
    return Problem(
        f=lambda x: jnp.sum(jnp.asarray(lam, x.dtype) * x * x) / 2,
        x0=jnp.asarray(x0),
        f_star=0.0,
        x_star=jnp.zeros(lam.size),
        L=lam.max(),
        mu=lam.min(),
        hessian_trace=lam.sum(),
        modes=Modes(lam, x0**2),
    )


def free(iterations) -> loop.Stop:
    """No run ends before so many iterations."""
    return loop.Stop("gap", -1.0, np.inf, iterations)


def curves(problem, method_of, step, seeds, iterations) -> loop.Curves:
    """Runs of one step size, recorded at every iteration."""
    program = loop.compile_block(problem, method_of)._replace(every=1)
    return loop.advance(program, [step] * len(seeds), seeds, free(iterations), lambda k: None)


def cell(problem, method=methods.descent, estimator=None, optimizer=optax.sgd, family=None, **settings):
    settings = {"step": ["theory"], **settings}
    asked = Settings(**settings)
    return run_cell(problem, estimator or estimators.two_point(), optimizer, method, asked, family=family)
