"""The newer methods and update rules against plain NumPy versions, written from the papers' formulas."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from waves import N, X, f, gradient

import zobench as zo
from zobench import directions
from zobench.types import Key, oracle


def test_gradientless_descent_is_algorithm_1_and_sees_order_alone():
    """The same iterates for f and for an increasing function of it; each the best of the balls' points."""
    method: Any = zo.gradientless_descent(largest=2.0, smallest=0.25)
    walks = []
    for shape in (lambda t: t, lambda t: jnp.exp(0.1 * t) - 7):
        ask = oracle(zo.Problem(f=lambda x: shape(f(x, jnp)), x0=X))  # noqa: B023
        x, state, walk = jnp.asarray(X), method.init(jnp.asarray(X)), [X]
        for step in range(6):
            draw = method.draw(Key(jnp.uint32(2), jnp.uint32(step)), N, jnp.float64)
            x, state = method.step(ask, x, state, draw)
            ball = np.asarray(directions.rows(draw, (4, N + 2), jnp.float64))
            ball = (ball / np.linalg.norm(ball, axis=1, keepdims=True))[:, :N]
            points = [walk[-1], *(walk[-1] + 2.0 * 2.0**-k * ball[k] for k in range(4))]
            walk.append(X if step == 0 else points[int(np.argmin([f(point) for point in points]))])
            np.testing.assert_allclose(x, walk[-1], rtol=1e-12)
        walks.append(np.asarray(x))
    np.testing.assert_array_equal(*walks)
    for wrong, message in (({"smallest": 2.0}, "at most largest=1"), ({"largest": -1.0}, "largest=-1")):
        with pytest.raises(ValueError, match=message):
            zo.gradientless_descent(**wrong)


def test_meazo():
    method, x, u = zo.meazo(0.1, q=2, beta=0.8, eps=1e-4), X.copy(), 0.0
    ask, y = oracle(zo.Problem(f=lambda x: f(x, jnp), x0=X)), jnp.asarray(X)
    state, draws = method.init(y), method.draw
    for t in range(1, 6):
        draw: Any = draws and draws(Key(jnp.uint32(2), jnp.uint32(t)), N, jnp.float64)
        v = np.asarray(directions.rows(draw, (2, N), jnp.float64))
        slope = np.array([(f(x + 1e-4 * one) - f(x - 1e-4 * one)) / 2e-4 for one in v])
        u = 0.8 * u + 0.2 * slope.mean() ** 2
        x = x - 0.1 / (np.sqrt(u / (1 - 0.8**t)) + 1e-8) * slope @ v / 2
        y, state = method.step(ask, y, state, draw)
        np.testing.assert_allclose(y, x, rtol=1e-6)


@pytest.mark.parametrize("rule", [zo.zo_adamm, zo.r_adazo])
def test_adaptive_rules(rule):
    made_of, x, m, v, largest = rule(0.1, 0.8, 0.95), X.copy(), np.zeros(N), np.zeros(N), np.zeros(N)
    y = jnp.asarray(X)
    state = made_of.init(y)
    for step in range(5):
        g = gradient(x) * (1 + step % 2)
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * (g if rule is zo.zo_adamm else m) ** 2
        largest = np.maximum(largest, v) if rule is zo.zo_adamm else v
        x = x - 0.1 * m / (np.sqrt(largest) + 1e-8)
        update, state = made_of.update(jnp.asarray(g), state, y)
        y = y + update
        np.testing.assert_allclose(y, x, rtol=1e-10)
    with pytest.raises(ValueError, match="b1=1"):
        rule(0.1, b1=1.0)
