"""The law of hitting times against drawn products, runs against the slow loop, tails and ranks against planted ones."""

from math import exp, log

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import beta, kstest, t

from zobench import estimators, store
from zobench.experiments.distributions import averages, law, page
from zobench.experiments.distributions.study import distributions
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.report import claims
from zobench.rollouts import GROUP, rollout
from zobench.types import Key, oracle

T = log(1000)
ASKED = {
    "dim": 6, "target": 1e-2, "coordinates": 3e5, "most": 512, "noisy_dim": 6, "sigma": 1e-3, "eps": 0.1,
    "freedom": 1.5, "clip": 0.1, "values": 60, "multiples": [1, 0.5], "runs": 128, "seed": 0, "dtype": "float64",
}  # fmt: skip


@pytest.mark.parametrize("n", [4, pytest.param(33, marks=pytest.mark.slow)])
def test_the_law_is_that_of_drawn_products(n):
    sums, arrived = np.zeros(20_000), np.zeros(20_000)
    rng = np.random.default_rng(n)
    for k in range(1, 14 * n):
        sums -= np.log(rng.beta((n - 1) / 2, 0.5, sums.size))
        arrived[(arrived == 0) & (sums >= T)] = k
    for p in (0.01, 0.5, 0.99):
        k = law.quantile(p, T, n)
        exact = law.arrived(k, T, n)
        assert law.arrived(k - 1, T, n) < p <= exact
        assert abs((arrived <= k).mean() - exact) < 4.5 * (exact * (1 - exact) / arrived.size) ** 0.5
        assert abs(law.normal_quantile(p, T, n) - k) <= 0.1 * k + 2
        assert law.from_the_mean(1 - p, T, n) > law.chernoff(1 - p, T, n) >= k
    assert law.arrived(1, 2.0, n) == pytest.approx(beta((n - 1) / 2, 0.5).cdf(exp(-2)), rel=2e-2)
    assert law.arrived(10**4, T, n) == 1 and law.arrived(0, T, n) == 0


def test_factors_of_gaussian_steps_are_those_of_drawn_ones():
    rng = np.random.default_rng(0)
    for n, s in ((8, 0.1), (8, 1.0), (64, 2 / 66)):
        c2, w = rng.standard_normal(200_000) ** 2, rng.chisquare(n - 1, 200_000)
        factor = 1 - s * c2 * (2 - s * (c2 + w))
        x, f, middle = averages.rates(s, n)
        for drawn, exact in ((factor, exp(f)), (np.log(factor), middle)):
            assert abs(drawn.mean() - exact) < 4.5 * drawn.std() / drawn.size**0.5
        assert x == (-np.inf if s == 1 else log(1 - s))
    assert 0.9 < 64 * averages.best_rate(64) < 1  # a little below 1 − 1/n at any step


@pytest.mark.slow
def test_runs_are_those_of_the_slow_obvious_loop():
    with jax.enable_x64(True):
        problem = noisy(quadratic(dim=3, spectrum="uniform"), 0.01, "student")
        problem = problem._replace(x0=jnp.asarray(problem.x0))
        made = estimators.two_point(eps=0.1)
        found = rollout(problem, made, 5)(0.2, 7)
        x = problem.x0
        for k in range(5):
            key = Key(jnp.uint32(9), jnp.uint32(k))
            g, _ = made.estimate(oracle(problem, key), x, made.draw(key, 3, x.dtype), ())  # type: ignore[misc]
            x = x - 0.2 * g
        assert found.f.shape == (GROUP, 6)
        assert found.f[2, 5] == pytest.approx(float(problem.f(x)), rel=1e-6)
        assert found.along[2, 5] == pytest.approx(float(x @ problem.x0 / (problem.x0 @ problem.x0)), rel=1e-6)


@pytest.mark.slow
def test_heavy_noise_has_the_law_of_student():
    F = noisy(quadratic(2), 2.0, "student", freedom=1.5).F
    assert F is not None
    drawn = jax.jit(jax.vmap(lambda k: F(jnp.zeros(2), Key(jnp.uint32(0), k))))(jnp.arange(20_000, dtype=jnp.uint32))
    assert kstest(np.asarray(drawn) / 2, t(1.5).cdf).pvalue > 1e-3
    with pytest.raises(ValueError, match=r"problem.freedom=0: .* positive"):
        noisy(quadratic(2), 1.0, "student", freedom=0)


def test_tails_and_ranks_of_planted_samples():
    rng = np.random.default_rng(1)
    for index in (0.75, 2.0):
        found = page.tail_index(rng.pareto(index, 100_000) + 1)
        assert found.low < index < found.high
    covered = [(q := page.ranked(rng.random(400), 0.9)).low <= 0.9 <= q.high for _ in range(400)]
    assert np.mean(covered) > 0.92


@pytest.fixture(scope="module")
def measured():
    with jax.enable_x64(True):
        return distributions(**ASKED)()


@pytest.mark.slow
def test_a_record_that_says_otherwise_changes_the_verdict(measured, tmp_path):
    arrays, meta = measured
    full = {**meta, "status": "ok", "config": {}}
    assert (arrays["hits"] > 0).all() and arrays["gap/clipped"].shape == (2, 128)
    (of_law,) = (claim for claim in claims.of("distributions") if "has the law of" in claim.statement)
    distance = of_law.checks[-1:]

    def verdict(hits):
        store.write(tmp_path / "one.npz", {**arrays, "hits": hits}, full)
        return of_law._replace(checks=distance).verdict(
            page.EXPERIMENT.measures(page.EXPERIMENT.read([tmp_path / "one.npz"]))
        )

    assert verdict(arrays["hits"]) == "holds"
    assert verdict(np.ceil(1.2 * arrays["hits"])) == "refuted"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"dim": 3}, "dim=3: a whole number from 4 on"),
        ({"target": 1.0}, r"target=1.0: a share of f\(x0\) between 0 and 1"),
        ({"sigma": 0.0}, r"sigma=\[0.0\]: positive"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(asked, message):
    with pytest.raises(ValueError, match=message):
        distributions(**{**ASKED, **asked})
