"""The newer estimators against plain NumPy versions, written from the papers' formulas."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import hadamard as sylvester
from waves import N, X, f, gradient

import zobench as zo
from zobench import (
    block_directions,
    directions,
    guided_directions,
    hadamard_directions,
    kernel_estimates,
    sampling,
    theory,
)
from zobench.check.estimator import estimates
from zobench.kernel_estimates import kernel
from zobench.types import Key, Oracle, oracle


def rugged(x, call=0, xp: Any = np):
    """A value that depends on which call it is: wild for one in seven."""
    return f(x, xp) + (call % 7 == 1) * 50.0


def made(estimator, step=7, ask=None, x=X):
    """G at x of one step, and its draw."""
    draw = estimator.draw(Key(jnp.uint32(3), jnp.uint32(step)), x.size, jnp.float64)
    ask = ask or oracle(zo.Problem(f=lambda x: f(x, jnp), x0=X))
    return np.asarray(estimator.estimate(ask, jnp.asarray(x), draw, ())[0]), draw


def plain(vectors, h, scale):
    """(scale/q) Σ (f(x+hv) − f(x−hv))/(2h) v."""
    return scale * np.mean([(f(X + h * v) - f(X - h * v)) / (2 * h) * v for v in vectors], axis=0)


@pytest.mark.parametrize("q", [1, 3, 8])
def test_hadamard_rows(q):
    G, draw = made(zo.hadamard(q, eps=1e-4))
    normal = np.asarray(directions.rows(draw, (1, 8), jnp.float32))[0]
    rows = sylvester(8)[np.argsort(-np.abs(normal))[:q]]
    v = (rows @ np.diag(np.sign(normal)))[:, :N]
    np.testing.assert_allclose(G, plain(v, 1e-4, 1), rtol=1e-6)
    np.testing.assert_array_equal(hadamard_directions.sign_rows(draw, jnp.asarray(X), q), v)
    if q == 8:
        np.testing.assert_allclose(G, gradient(X), rtol=1e-5)


def test_hadamard_has_the_moment_of_orthogonal_directions_where_n_is_a_power_of_two():
    for n, q in ((2, 1), (16, 1), (16, 5), (64, 64)):
        assert theory.variance_factor(zo.hadamard(q), n) == pytest.approx(n / q)
    for n, q in ((3, 2), (9, 4), (65, 30)):
        assert n / q < theory.variance_factor(zo.hadamard(q), n) < 1 + (n - 1) / q
    with pytest.raises(ValueError, match=r"q=9: there are only 8 rows for n=6; use q <= 8"):
        made(zo.hadamard(9))


@pytest.mark.parametrize("order", ["random", "cyclic"])
def test_blocks(order):
    made_of, seen = zo.block(4, order, keep=3, q=2, eps=1e-4), []
    for step in range(9):
        G, (normals, chosen) = made(made_of, step)
        within = np.asarray(directions.rows(normals, (2, 4), jnp.float64))
        v = np.zeros((2, N))
        v[:, chosen] = within / np.linalg.norm(within, axis=1, keepdims=True)
        np.testing.assert_allclose(G, plain(v, 1e-4, N), rtol=1e-5)
        seen.append(tuple(sorted(np.asarray(chosen).tolist())))
    assert seen[::3] == seen[1::3] == seen[2::3] and len({*seen}) > 1
    assert order == "random" or seen[::3] == [(0, 1, 2, 3), (0, 1, 4, 5), (2, 3, 4, 5)]
    assert all(len({*block}) == 4 for block in seen)


def test_cyclic_blocks_stay_a_cycle_where_turns_times_size_have_more_than_32_bits():
    for n, m, turn in ((852_608, 106_576, 40_300), (852_608, 3, 2**32 - 1), (2**31 - 1, 2**20, 4099), (7, 3, 2**31)):
        chosen = block_directions.coordinates(Key(jnp.uint32(0), jnp.uint32(turn)), n, m, "cyclic", 1)
        np.testing.assert_array_equal(chosen, (turn * m + np.arange(m)) % n)


def test_random_blocks_are_uniform_over_sets():
    chosen = jax.vmap(lambda k: block_directions.coordinates(Key(jnp.uint32(0), k), 5, 2, "random", 1))
    sets = np.sort(np.asarray(chosen(jnp.arange(4000, dtype=jnp.uint32))), axis=1)
    counts = np.unique(sets, axis=0, return_counts=True)[1]
    assert counts.size == 10 and np.abs(counts - 400).max() < 5 * 19


@pytest.mark.parametrize("direction", ["gaussian", "rademacher"])
def test_leave_one_out(direction):
    q, h = 4, 1e-3
    G, draw = made(zo.leave_one_out(direction, q, eps=h))
    v = directions.rows(draw, (q, N), jnp.float64) if direction == "gaussian" else directions.signs(draw, jnp.float64)
    values = [f(X + h * one) for one in np.asarray(v)]
    mine = np.zeros(N)
    for j in range(q):
        baseline = np.mean([values[i] for i in range(q) if i != j])
        mine += (values[j] - baseline) / h * np.asarray(v[j]) / q
    np.testing.assert_allclose(G, mine, rtol=1e-9, atol=1e-9)


def test_normalised_signs_descend_by_lengths_near_one():
    """(1/q) Σ (fⱼ − f)vⱼ over numpy's standard deviation; its mean is near g/‖g‖ whatever the scale of f."""
    q, h, estimator = 6, 1e-3, zo.normalised_signs(6, eps=1e-3)
    G, draw = made(estimator)
    v = np.asarray(directions.signs(draw, jnp.float64))
    values = np.array([f(X + h * one) for one in v])
    np.testing.assert_allclose(G, (values - f(X)) @ v / q / np.std(values, ddof=1), rtol=1e-9)
    g = gradient(X)
    for scale in (1.0, 1e6):
        ask = oracle(zo.Problem(f=lambda x: scale * f(x, jnp), x0=X))  # noqa: B023
        many = jax.vmap(lambda step: estimates(zo.normalised_signs(32), ask, jnp.asarray(X))(jnp.uint32(3), step))  # noqa: B023
        sample = np.mean(many(jnp.arange(400, dtype=jnp.uint32)), axis=0)
        assert np.linalg.norm(sample - g / np.linalg.norm(g)) < 0.25
    flat = oracle(zo.Problem(f=lambda x: 0 * jnp.sum(x), x0=X))
    assert not made(estimator, ask=flat)[0].any()


def test_medians_and_clipped_slopes_under_wild_values():
    none: Any = None
    h, ask = 1e-3, Oracle(lambda x, call=0: rugged(x, call, jnp), none, none)
    G, draw = made(zo.median_slope(2, 5, eps=h), ask=ask)
    v = np.asarray(directions.unit_rows(draw, (2, N), jnp.float64))
    slope = [(rugged(X + h * v[j // 5], 2 * j) - rugged(X - h * v[j // 5], 2 * j + 1)) / (2 * h) for j in range(10)]
    mine = N / 2 * sum(np.median(slope[5 * i : 5 * i + 5]) * v[i] for i in range(2))
    np.testing.assert_allclose(G, mine, rtol=1e-6)
    assert np.linalg.norm(mine - plain(v, h, N)) < 1e-3 < 1e3 < np.ptp(slope)  # three of ten quotients are wild
    G, draw = made(zo.clipped_slope(0.5, 2, eps=h), ask=ask)
    clipped = [(rugged(X + h * v[j], 2 * j) - rugged(X - h * v[j], 2 * j + 1)) / (2 * h) for j in range(2)]
    np.testing.assert_allclose(G, N / 2 * np.clip(clipped, -0.5, 0.5) @ v, rtol=1e-9)


def test_the_median_has_the_mean_that_cauchy_noise_takes_from_a_quotient():
    """Noise without a mean, of scale 0.01: 2000 medians of nine average to the gradient; plain quotients do not."""

    def F(x, key):
        random = jax.random.fold_in(jax.random.fold_in(jax.random.key(key.seed), key.step), key.call)
        return f(x, jnp) + 0.01 * jax.random.cauchy(random, dtype=jnp.float64)

    problem = zo.Problem(f=lambda x: f(x, jnp), x0=X, F=F)
    off = []
    for estimator in (zo.median_slope(repeats=9, eps=0.01), zo.two_point(q=9, eps=0.01)):
        x = jnp.asarray(X)
        (sample,) = sampling.estimates(problem, [estimator], x, sampling.draws(estimator, x, 2000, 5), 2000, 5)
        off.append(np.linalg.norm(sample.mean(0) - gradient(X)) / np.linalg.norm(gradient(X)))
    assert off[0] < 0.15 and off[1] > 3 * off[0]


KERNELS = {3: lambda r: 3 * r, 5: lambda r: 15 * r / 4 * (5 - 7 * r**2)}  # Akhavan, Pontil & Tsybakov (2020)


@pytest.mark.parametrize("order", [3, 5, 7])
def test_a_kernel_has_its_moments_and_the_estimate_is_the_papers(order):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    moments = [np.sum(weights / 2 * nodes**j * kernel(order)(nodes)) for j in range(order)]
    np.testing.assert_allclose(moments, np.eye(order)[1], atol=1e-12)
    G, draw = made(zo.kernel_smoothed(order, 2, eps=0.3))
    v, r = map(np.asarray, kernel_estimates.sphere_and_distance(draw, jnp.asarray(X), 2))
    K = KERNELS.get(order, kernel(order))
    terms = [N / 0.6 * (f(X + 0.3 * r[j] * v[j]) - f(X - 0.3 * r[j] * v[j])) * K(r[j]) * v[j] for j in range(2)]
    np.testing.assert_allclose(G, np.mean(terms, axis=0), rtol=1e-9)


def test_a_kernels_bias_is_of_its_order_and_r_is_uniform():
    """At n = 1 by quadrature over r: exp at 0, slope 1; and r from three normals against the uniform law."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    for order in (3, 5, 7):
        bias = [np.sum(weights / 2 * np.sinh(h * nodes) / h * kernel(order)(nodes)) - 1 for h in (0.2, 0.4)]
        assert np.log2(bias[1] / bias[0]) == pytest.approx(order - 1, abs=0.05)
    draw = directions.gaussian_draw(Key(jnp.uint32(1), jnp.uint32(1)), 4, jnp.float64, 4000)
    r = np.sort(np.asarray(kernel_estimates.sphere_and_distance(draw, jnp.zeros(1), 4000)[1]))
    assert np.abs(r - np.linspace(-1, 1, 4000)).max() < 2 * 1.95 / 4000**0.5


def test_guided_directions():
    """By NumPy's QR and its covariance: the estimate, and E G = βΣg over many draws at one memory."""
    estimator, h, alpha = zo.guided(2, 3, alpha=0.4, eps=1e-4), 1e-4, 0.4
    ask, last = oracle(zo.Problem(f=lambda x: f(x, jnp), x0=X)), np.zeros((2, N))
    state = estimator.init(jnp.asarray(X))
    for step in range(4):
        draw: Any = estimator.draw and estimator.draw(Key(jnp.uint32(3), jnp.uint32(step)), N, jnp.float64)
        normal = np.asarray(directions.rows(draw, (3, N + 2), jnp.float64))
        U = guided_directions.span(jnp.asarray(last))
        known = min(step, 2)
        np.testing.assert_allclose(U[:, :known] @ U[:, :known].T, projection(last[:known]), atol=1e-12)
        assert not np.asarray(U)[:, known:].any()
        v = np.sqrt(alpha / N) * normal[:, :N] + np.sqrt((1 - alpha) / 2) * normal[:, N:] @ np.asarray(U).T
        G, state = estimator.estimate(ask, jnp.asarray(X), draw, state)
        np.testing.assert_allclose(G, plain(v, h, 2), rtol=1e-5)
        last = np.stack([np.asarray(G), last[0]])
    covariance = alpha / N * np.eye(N) + (1 - alpha) / 2 * projection(last)

    def one(step):
        draw: Any = estimator.draw and estimator.draw(Key(jnp.uint32(4), step), N, jnp.float64)
        return estimator.estimate(ask, jnp.asarray(X), draw, state)[0]

    sample = np.asarray(jax.vmap(one)(jnp.arange(20_000, dtype=jnp.uint32)))
    g, found = covariance @ gradient(X), np.mean(sample[:, :, None] * sample[:, None, :], axis=0)
    assert (np.abs(sample.mean(0) - 2 * g) < 4.5 * sample.std(0) / 20_000**0.5 + 1e-6).all()
    np.testing.assert_allclose(
        found, 4 / 3 * (gradient(X) @ g * covariance + 4 * np.outer(g, g)), atol=0.04 * found.max()
    )


def projection(rows):
    """Onto the span of the rows."""
    return np.linalg.pinv(rows) @ rows if len(rows) else np.zeros((N, N))


TOGETHER = {"hadamard": zo.hadamard(3), "block": zo.block(q=2), "leave one out": zo.leave_one_out(q=3)}
TOGETHER |= {"signs": zo.normalised_signs(), "median": zo.median_slope(), "kernel": zo.kernel_smoothed(q=2)}


@pytest.mark.parametrize("name", TOGETHER)
def test_a_black_box_is_asked_for_all_values_at_once(name):
    """The same estimate as one after the other, from one call of `many` with all the points that are declared."""
    alone, asked = oracle(zo.Problem(f=lambda x: f(x, jnp), x0=X)), []

    def many(points):
        asked.append(len(points))
        return jax.vmap(alone.value)(points)

    G, _ = made(TOGETHER[name], ask=alone._replace(many=many))
    np.testing.assert_allclose(G, made(TOGETHER[name], ask=alone)[0], rtol=1e-4, atol=1e-5)
    assert asked == [TOGETHER[name].calls(N).value]


WRONG = {
    "q=1: one value has no others": lambda: zo.leave_one_out(q=1),
    "direction=sphere: there are gaussian": lambda: zo.leave_one_out("sphere"),  # type: ignore
    "q=1: one value": lambda: zo.normalised_signs(1),
    "size=0: a whole number": lambda: zo.block(0),
    "order=up: there are random and cyclic": lambda: zo.block(order="up"),  # type: ignore
    "repeats=2: the median is that of an odd": lambda: zo.median_slope(repeats=2),
    "clip=0: the largest slope": lambda: zo.clipped_slope(0),
    "order=4: there are 3, 5, 7": lambda: zo.kernel_smoothed(4),
    "q=0: an estimate needs": lambda: zo.hadamard(0),
    "alpha=0.0: the share of all": lambda: zo.guided(alpha=0.0),
    "beta=0.0: the factor": lambda: zo.guided(beta=0.0),
    "beta=1: the share": lambda: zo.meazo(0.1, beta=1),
    "eps=-1": lambda: zo.hadamard(eps=-1.0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_is_refused(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
