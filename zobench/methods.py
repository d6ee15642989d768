"""Methods: whatever turns a point into the next one."""

import optax

from zobench.types import Draw, Estimator, Method, Oracle, State, Vector


def descent(estimator: Estimator, optimizer: optax.GradientTransformation) -> Method:
    """x₊ = x + u, where the optimizer makes the update u of the estimate G(x); with optax.sgd(α): x₊ = x − αG(x).

    Asks what the estimator asks.
    """

    def init(x: Vector) -> State:
        return estimator.init(x), optimizer.init(x)

    def step(oracle: Oracle, x: Vector, state: State, draw: Draw) -> tuple[Vector, State]:
        g, memory = estimator.estimate(oracle, x, draw, state[0])
        update, rule = optimizer.update(g, state[1], x)
        return x + update, (memory, rule)

    return Method(init, step, estimator.calls, estimator.draw)
