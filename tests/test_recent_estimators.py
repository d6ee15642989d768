"""Estimators of 2024 to 2026 against plain NumPy versions, written from the papers' formulas."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from waves import N, X, f, gradient

import zobench as zo
from zobench import directions, sampling
from zobench.kernel_estimates import sphere_and_distance
from zobench.telescoping_quotients import level
from zobench.types import Key, oracle

WAVES = zo.Problem(f=lambda x: f(x, jnp), x0=X)


def draw_of(estimator, step=7, n=N) -> Any:
    return estimator.draw(Key(jnp.uint32(3), jnp.uint32(step)), n, jnp.float64)


def made(estimator, step=7, state: Any = None):
    """G at X of one step, its draw and the next state."""
    draw, x = draw_of(estimator, step), jnp.asarray(X)
    G, state = estimator.estimate(oracle(WAVES), x, draw, estimator.init(x) if state is None else state)
    return np.asarray(G), draw, state


def quotient(v, h):
    return (f(X + h * v) - f(X)) / h


@pytest.mark.slow
@pytest.mark.parametrize("points", [3, 4])
def test_telescoping(points):
    """Equations (6) and (7) with the geometric chances of example 3.3, of a series of five terms."""
    q, h, c, K = 4, 0.2, 0.6, 5
    for step in range(4):
        G, draw, _ = made(zo.telescoping(points, q, h, c, K), step)
        v, r = map(np.asarray, sphere_and_distance(draw, jnp.asarray(X), q))
        mine = np.zeros(N)
        for j in range(q):
            k = 1 + int(np.searchsorted(np.cumsum(c ** np.arange(K) * (1 - c) / (1 - c**K)), (r[j] + 1) / 2))
            chance = c ** (k - 1) * (1 - c) / (1 - c**K)
            start, term = quotient(v[j], h), (quotient(v[j], h * c**k) - quotient(v[j], h * c ** (k - 1))) / chance
            P = start + term if points == 4 else 2 * start * (j < 2) + 2 * term * (j >= 2)
            mine += N / q * P * v[j]
        np.testing.assert_allclose(G, mine, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_telescoping_takes_the_bias_away():
    """At n = 1, f = exp at 0: the mean over k and v = ±1 is off by ε²/6 with a quotient, by (εcᴷ)²/6 here."""
    chances = 0.5 ** np.arange(1, 13) / (1 - 0.5**12)
    u = np.cumsum(chances) - chances / 2
    np.testing.assert_array_equal(level(jnp.asarray(u), 0.5, 12), np.arange(1, 13))
    problem, x = zo.Problem(f=lambda x: jnp.exp(x[0]), x0=np.zeros(1)), jnp.zeros(1)
    for h in (0.2, 0.4):
        estimator = zo.telescoping(q=1, eps=h, levels=12)
        drawn = sampling.draws(estimator, x, 4000, 5)
        (sample,) = sampling.estimates(problem, [estimator], x, drawn, 4000, 5)
        error = sample.std() / 4000**0.5
        assert abs(sample.mean() - 1) < 4.5 * error < 0.2 * (np.sinh(h) / h - 1)
        assert np.sinh(h) / h - 1 == pytest.approx(h**2 / 6, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("points", [3, 4])
def test_telescoping_declares_its_excess_on_a_quadratic(points):
    lam = np.linspace(0.1, 1, 8)
    problem = zo.Problem(f=lambda x: jnp.sum(jnp.asarray(lam) * x * x) / 2, x0=jnp.full(8, 0.3))
    estimator: Any = zo.telescoping(points, 2, 0.7, levels=2)
    x = jnp.asarray(problem.x0)
    (sample,) = sampling.estimates(problem, [estimator], x, sampling.draws(estimator, x, 40_000, 5), 40_000, 5)
    m, g, excess = estimator.second_moment(8), lam * 0.3, estimator.excess(lam)
    expected, error = m.A * (g @ g) + m.C * g * g + excess, (sample**2).std(0) / 200
    assert (np.abs((sample**2).mean(0) - expected) < 4.5 * error).all() and (excess > 5 * error).all()


def sampled(estimator, state, samples=20_000):
    """Estimates at X of steps 0, 1, ..., all from one state."""

    def one(step):
        draw = estimator.draw(Key(jnp.uint32(4), step), N, jnp.float64)
        return estimator.estimate(oracle(WAVES), jnp.asarray(X), draw, state)[0]

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(samples, dtype=jnp.uint32)))


def assert_mean(sample, expected):
    """Within 4.5 standard errors, and what a difference quotient is off by."""
    error = sample.std(0, ddof=1) / len(sample) ** 0.5
    assert (np.abs(sample.mean(0) - expected) < 4.5 * error + 1e-6 * np.abs(expected).max()).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cone", "aligned"])
def test_directions_about_the_running_mean(name):
    """A walk by the formulas; then E G and E‖G‖² at one memory, by many draws."""
    h, theta, g = 1e-4, 1.2, gradient(X)
    estimator = zo.cone(theta, 0.7, h) if name == "cone" else zo.aligned(2, 0.7, h)
    m, state = np.zeros(N), estimator.init(jnp.asarray(X))
    for step in range(4):
        G, draw, state = made(estimator, step, state)
        unit = m / max(np.linalg.norm(m), 1e-300)
        u = np.asarray(directions.rows(draw, (1 if name == "cone" else 2, N), jnp.float64))
        if name == "cone":
            v = np.sqrt(N) * np.cos(theta) * unit + np.sin(theta) * u if m.any() else u
        else:
            v = np.array([one - (one @ unit) * unit + np.sign(one @ unit) * unit for one in u])
        np.testing.assert_allclose(G, np.mean([(f(X + h * e) - f(X - h * e)) / (2 * h) * e for e in v], 0), rtol=1e-5)
        m = 0.7 * m + 0.3 * G
        np.testing.assert_allclose(state, m, rtol=1e-9)
    sample, unit = sampled(estimator, state), m / np.linalg.norm(m)
    if name == "cone":
        M = N * np.cos(theta) ** 2 * np.outer(unit, unit) + np.sin(theta) ** 2 * np.eye(N)
        mean, square = M @ g, N * g @ M @ g + 2 * g @ M @ M @ g - 2 * N**2 * np.cos(theta) ** 4 * (g @ unit) ** 2
    else:
        mean, square = g, (1 + (N - 1 + 2 * (1 - (g @ unit) ** 2 / (g @ g))) / 2) * (g @ g)
    assert_mean(sample, mean)
    assert_mean((sample**2).sum(1), square)


@pytest.mark.slow
@pytest.mark.parametrize(("pool", "share"), [(5, 0.4), (4, 0)])
def test_pools_of_candidates(pool, share):
    """MeZO-Greedy (share 0) and MeZO-GV; and of their moments for a linear f what 100,000 pools of NumPy give."""
    h, k = 1e-3, int(share * pool)
    estimator = zo.guiding_vector(pool, share, h) if k else zo.greedy(pool, h)
    y = np.sort(np.random.default_rng(0).standard_normal((100_000, pool)), axis=1)
    t = y[:, :k].mean(1) - y[:, k:].mean(1) if k else y[:, 0]
    across, scale = 1 / k + 1 / (pool - k) if k else 1, 1 if k else np.mean(t**2)
    for step in range(3):
        G, draw, _ = made(estimator, step)
        z = np.asarray(directions.rows(draw, (pool, N), jnp.float64))
        z = z[np.argsort([f(X + h * one) for one in z])]
        v = z[:k].mean(0) - z[k:].mean(0) if k else z[0]
        D = (f(X + h * v) - f(X - h * v)) / (2 * h)
        np.testing.assert_allclose(G, D * v / scale, rtol=1e-6 if k else 0.01)
    g = np.arange(1.0, N + 1)
    problem, x = zo.Problem(f=lambda x: x @ jnp.asarray(g), x0=X), jnp.asarray(X)
    (sample,) = sampling.estimates(problem, [estimator], x, sampling.draws(estimator, x, 20_000, 1), 20_000, 1)
    assert_mean(sample, np.mean(t**2) / scale * g)
    square = (np.mean(t**4) + (N - 1) * across * np.mean(t**2)) / scale**2
    assert (sample**2).sum(1).mean() == pytest.approx(square * (g @ g), rel=0.04)
    if not k:
        moment: Any = estimator.second_moment(N)
        assert abs(N * moment.A + moment.C - square) < 0.01 * square


@pytest.mark.slow
def test_a_subspace_is_kept_and_its_directions_are_in_it():
    estimator, h, bases = zo.subspace(3, keep=3, q=2, eps=1e-4), 1e-4, []
    for step in range(6):
        G, (normals, basis), _ = made(estimator, step)
        basis, u = np.asarray(basis), np.asarray(directions.rows(normals, (2, 3), jnp.float64))
        np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-6)
        v = u / np.linalg.norm(u, axis=1, keepdims=True) @ basis
        slope = np.array([(f(X + h * one) - f(X - h * one)) / (2 * h) for one in v])
        np.testing.assert_allclose(G, N / 2 * slope @ v, rtol=1e-5)
        bases.append(basis)
    assert (bases[0] == bases[2]).all() and (bases[3] == bases[5]).all() and not np.allclose(bases[2], bases[3])


SHAPES = ((3, 4), (2,), (2, 2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["low rank", "matrix subspace"])
def test_directions_of_matrices_have_their_rank_and_moments(name):
    """Of x in three parts; then E G and E‖G‖² of one matrix 3 by 4, and what is kept for three steps."""
    make = zo.low_rank if name == "low rank" else zo.matrix_subspace
    n, x = 22, jnp.zeros(22)
    slope = np.random.default_rng(1).standard_normal(n)
    problem = zo.Problem(f=lambda x: x @ jnp.asarray(slope), x0=np.zeros(n), shapes=SHAPES)
    rows, estimator = [], make(1, keep=3)
    one = jax.jit(lambda draw: estimator.estimate(oracle(problem), x, draw, ())[0])
    for step in (0, 2, 3):
        G = np.asarray(one(draw_of(estimator, step, n)))
        v = G * np.sqrt(n) / np.linalg.norm(G)
        assert [np.linalg.matrix_rank(part, 1e-5) for part in (v[:12].reshape(3, 4), v[14:].reshape(2, 4))] == [1, 1]
        rows.append(v[:4] / np.linalg.norm(v[:4]) * np.sign(v[0]))
    assert np.allclose(rows[0], rows[1], atol=1e-5) and not np.allclose(rows[1], rows[2], atol=0.01)
    matrix = problem._replace(f=lambda x: x @ jnp.asarray(slope[:12]), x0=np.zeros(12), shapes=((3, 4),))
    estimator = make(2, q=2)
    drawn = sampling.draws(estimator, x[:12], 20_000, 3)
    (sample,) = sampling.estimates(matrix, [estimator], x[:12], drawn, 20_000, 3)
    factor = 14 + 2 * (3 + 4 + 1) / 2 if name == "low rank" else 12 * (1 + 2 / 2**2)
    assert_mean(sample, slope[:12])
    assert_mean((sample**2).sum(1), (1 + (factor - 1) / 2) * (slope[:12] @ slope[:12]))


@pytest.mark.slow
def test_problems_say_the_shapes_of_their_parameters():
    network = zo.problems.mlp(widths=(3,), samples=9)
    assert network.shapes == ((64, 3), (3,), (3, 10), (10,)) and sum(map(np.prod, network.shapes)) == network.n
    assert zo.problems.noisy(network, 0.1).shapes == network.shapes == zo.problems.shifted(network).shapes
    assert zo.problems.rotated(network).shapes == () == oracle(WAVES).shapes
    seen = []
    watching = zo.two_point()._replace(estimate=lambda ask, x, draw, state: (seen.append(ask.shapes) or x, state))
    zo.gradient(watching)(lambda tree: tree["w"].sum(), {"b": jnp.ones(2), "w": jnp.ones((2, 3))}, 0)
    assert seen == [((2,), (2, 3))]


def walk(estimator, steps=5):
    """Steps of 0.02 G from X: (step, x, G, draw) at each."""
    method: Any = zo.descent(estimator, optax.sgd(0.02))
    x, state = jnp.asarray(X), method.init(jnp.asarray(X))
    one = jax.jit(lambda x, state, draw: method.step(oracle(WAVES), x, state, draw))
    for step in range(steps):
        draw: Any = () if method.draw is None else draw_of(method, step)
        after, state = one(x, state, draw)
        yield step, np.asarray(x), np.asarray(x - after) / 0.02, draw
        x = after


@pytest.mark.slow
def test_values_of_earlier_steps_are_used_again():
    old, h = [], 1e-3
    for _, x, G, draw in walk(zo.averaged_baseline(2, 3, h)):
        v = np.asarray(directions.rows(draw, (2, N), jnp.float64))
        old = [*old, *((f(x + h * one), one) for one in v)][-6:]
        mean = np.mean([value for value, _ in old])
        mine = sum((value - mean) / h * one for value, one in old) / (len(old) - 1)
        np.testing.assert_allclose(G, mine, rtol=1e-6, atol=1e-7 * np.abs(mine).max())


@pytest.mark.slow
@pytest.mark.parametrize("decay", [1.0, 0.5, 0.0])
def test_stale_coordinates(decay):
    buffer, h, size = np.zeros(N), 1e-4, 4
    for step, x, G, _ in walk(zo.stale_coordinates(size, decay, h)):
        buffer = decay * buffer
        for i in (np.arange(size) + size * step) % N:
            buffer[i] = (f(x + h * np.eye(N)[i]) - f(x - h * np.eye(N)[i])) / (2 * h)
        np.testing.assert_allclose(G, buffer, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"eps": 1e-3}, {"noise": 1e-8 * N}], ids=["step", "noise"])
def test_hizoo(given):
    """10 √noise over √n is the same step."""
    H, h, a = np.ones(N), 1e-3, 0.3
    for _, x, G, draw in walk(zo.hizoo(a, **given)):
        z = np.asarray(directions.rows(draw, (1, N), jnp.float64))[0]
        ahead, here, behind = (f(x + s * h * z / np.sqrt(H)) for s in (1, 0, -1))
        H = (1 - a) * H + a * abs(ahead + behind - 2 * here) / (2 * h * h) * H * z * z
        np.testing.assert_allclose(G, (ahead - behind) / (2 * h) * z / np.sqrt(H), rtol=1e-5)


@pytest.mark.slow
def test_a_bayesian_subspace_by_kalmans_formulas_with_matrices():
    """The program's: covariance matrix, the axis of the most uncertain direction, the variance of the residuals."""
    h, square = 1e-3, 4.0
    for _, x, G, draw in walk(zo.bayesian_subspace(2, 4, 1.5, 2.0, 0.2, h)):
        z = np.asarray(directions.rows(draw, (2, N), jnp.float64))
        y = [(f(x + h * one) - f(x)) / h for one in z]
        mean, covariance = np.zeros(2), 1.5**2 * np.eye(2)
        for sample in range(4):
            d = np.eye(2)[sample if sample < 2 else int(np.argmax(np.diag(covariance)))]
            rest = d @ y - d @ mean
            square = 0.8 * square + 0.2 * rest**2
            gain = covariance @ d / (d @ covariance @ d + max(0.1 * 2.0, np.sqrt(square)) ** 2)
            mean, covariance = mean + gain * rest, covariance - np.outer(gain, d @ covariance)
        np.testing.assert_allclose(G, mean @ z, rtol=1e-6)
        assert np.linalg.norm(mean) < np.linalg.norm(y)


@pytest.mark.slow
def test_poem():
    x, squares, farthest, rule = X.copy(), 0.0, 0.01, zo.poem(1.0, reach=0.01)
    state: Any = rule.init(jnp.asarray(X))
    for _ in range(6):
        g = gradient(x)
        farthest, squares = max(farthest, np.linalg.norm(x - X)), squares + g @ g
        made_of: Any = rule.update(jnp.asarray(g), state, jnp.asarray(x))
        update, state = made_of
        np.testing.assert_allclose(update, -farthest / np.sqrt(squares) * g, rtol=1e-10)
        x = x + np.asarray(update)
    still: Any = rule.update(jnp.zeros(N), rule.init(jnp.asarray(X)), jnp.asarray(X))
    assert not still[0].any()


WRONG = {
    "q=1: one value has no others": lambda: zo.averaged_baseline(1),
    "decay=2: the share": lambda: zo.stale_coordinates(decay=2),
    "smoothing=1: the share": lambda: zo.hizoo(1),
    "samples=1: each of the q=2": lambda: zo.bayesian_subspace(samples=1),
    "prior=0: a standard deviation": lambda: zo.bayesian_subspace(prior=0),
    "reach=0: the first distance": lambda: zo.poem(1.0, 0),
    "size=0: a whole number": lambda: zo.subspace(0),
    "rank=0: a whole number": lambda: zo.low_rank(0),
    "pool=0: a whole number of candidates": lambda: zo.greedy(0),
    "share=1: 4 of 4 candidates": lambda: zo.guiding_vector(4, 1),
    "theta=2: the half angle": lambda: zo.cone(2),
    "beta=1: the share": lambda: zo.aligned(beta=1),
    "points=2: there are 3 and 4": lambda: zo.telescoping(2),  # type: ignore
    "q=3: with points=3 half": lambda: zo.telescoping(3, 3),
    "ratio=1: the factor": lambda: zo.telescoping(ratio=1),
    "levels=0: a whole number": lambda: zo.telescoping(levels=0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_is_refused(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
