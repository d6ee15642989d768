"""Methods: whatever turns a point into the next one."""

import optax

from zobench.types import Draw, Estimator, Method, Oracle, State, Vector


def descent(estimator: Estimator, optimizer: optax.GradientTransformation) -> Method:
    """x₊ = x + u, where the optimizer makes the update u of the estimate G(x); with optax.sgd(α): x₊ = x − αG(x).

    Asks what the estimator asks.
    """

    def step(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        update, state = optimizer.update(estimator.estimate(oracle, x, draw), state, x)
        return x + update, state

    return Method(init=optimizer.init, step=step, calls=estimator.calls, draw=estimator.draw)
