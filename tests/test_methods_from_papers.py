"""The newer methods and update rules against plain NumPy versions, written from the papers' formulas."""

from typing import Any

import jax
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


@pytest.mark.slow
def test_svrg_walks_as_algorithm_1_of_zo_svrg_coord_rand():
    """Minibatches of one of three sums: each step's rows are those of its number, the anchor's quotients too."""
    h, n, batches, inner, step = 1e-4, N, 3, 4, 0.02
    shift = np.linspace(-0.5, 0.5, 3 * N).reshape(3, N)

    def part(x, row, xp: Any = np):
        return f(x + shift[row] if xp is np else x + jnp.asarray(shift)[row], xp)

    ask = [
        oracle(zo.Problem(f=lambda x, row=k % 3: part(x, row, jnp), x0=X), Key(jnp.uint32(2), jnp.uint32(k)))
        for k in range(29)
    ]
    method: Any = zo.svrg(step, batches, inner, eps=h)
    x, y, state = X.copy(), jnp.asarray(X), method.init(jnp.asarray(X))
    anchor = known = np.zeros(N)
    for k in range(29):  # two anchors of nine steps each, and what follows
        turn, draw = k % (n * batches // 2 + inner), method.draw(Key(jnp.uint32(2), jnp.uint32(k)), N, jnp.float64)
        v = np.asarray(directions.unit_rows(draw, (1, N), jnp.float64)[0])
        slope = lambda at, way: (part(at + h * way, k % 3) - part(at - h * way, k % 3)) / (2 * h)  # noqa: B023, E731
        if turn == 0:
            anchor, known = x.copy(), np.zeros(N)
        if turn < n * batches // 2:
            for i in (2 * turn % n, (2 * turn + 1) % n):
                known = known + slope(x, np.eye(N)[i]) * np.eye(N)[i] / batches
        else:
            x = x - step * (n * (slope(x, v) - slope(anchor, v)) * v + known)
        y, state = method.step(ask[k], y, state, draw)
        np.testing.assert_allclose(y, x, rtol=1e-7)
    assert np.abs(x - X).max() > 0.01 and (anchor != X).any()
    wrong: Any
    for wrong in ({"batches": 0}, {"inner": 0}, {"eps": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            zo.svrg(0.1, **wrong)


@pytest.mark.slow
def test_the_error_of_svrg_is_its_formula():
    """n E|d|^2 - |E d|^2 over directions and minibatches, and no bias, at an anchor whose gradient is exact."""
    hessian = np.random.default_rng(1).standard_normal((4, N, N))
    hessian = hessian @ hessian.transpose(0, 2, 1)
    x, y = X, X + np.linspace(0.1, -0.3, N)
    method: Any = zo.svrg(1.0, 2)

    def one(seed):
        key = Key(seed, jnp.uint32(0))
        h = jnp.asarray(hessian)[seed % 4]
        ask = oracle(zo.Problem(f=lambda x: x @ h @ x / 2, x0=X), key)
        state = jnp.asarray(y), jnp.asarray(hessian.mean(0) @ y), jnp.int32(N)
        return x - method.step(ask, jnp.asarray(x), state, method.draw(key, N, jnp.float64))[0]

    error = np.asarray(jax.vmap(one)(jnp.arange(40_000, dtype=jnp.uint32))) - hessian.mean(0) @ x
    of_part = hessian @ (x - y)
    exact = N * np.mean(np.sum(of_part**2, 1)) - np.sum(of_part.mean(0) ** 2)
    assert np.mean(np.sum(error**2, 1)) == pytest.approx(exact, rel=0.04)
    assert np.linalg.norm(error.mean(0)) < 4 * np.sqrt(exact / len(error))


@pytest.mark.slow
def test_the_inner_product_test():
    """The walk by the paper's formula: the number of directions is kept where the test is met, and grows else."""
    method: Any = zo.inner_product_test(zo.two_point(), 0.03, theta=0.7, most=5)
    ask, y = oracle(zo.Problem(f=lambda x: f(x, jnp), x0=X)), jnp.asarray(X)
    x, state, kept, q, numbers = X.copy(), method.init(y), [], 2, []
    for k in range(40):
        draw = method.draw(Key(jnp.uint32(2), jnp.uint32(k)), N, jnp.float64)
        v = np.asarray(directions.unit_rows(draw, (1, N), jnp.float64)[0])
        kept.append(N * (f(x + 1e-5 * v) - f(x - 1e-5 * v)) / 2e-5 * v)
        if len(kept) == q:
            mean = np.mean(kept, axis=0)
            spread = np.sum((np.array(kept) @ mean - mean @ mean) ** 2) / (q - 1)
            x = x - 0.03 * mean
            if spread / q > 0.7**2 * (mean @ mean) ** 2:
                q = min(int(np.ceil(spread / (0.7**2 * (mean @ mean) ** 2))), 5)
            kept, numbers = [], [*numbers, q]
        y, state = method.step(ask, y, state, draw)
        np.testing.assert_allclose(y, x, rtol=1e-6)
        assert int(state[3]) == q
    assert len(set(numbers)) > 1
    wrong: Any
    for wrong in ({"theta": 0.0}, {"least": 1}, {"most": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            zo.inner_product_test(zo.two_point(), 0.1, **wrong)
