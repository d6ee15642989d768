"""What theory says exactly: gradient descent on worst cases to 1e-10, and slopes that are not −1."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import ndtr
from rates import descend, slope

from zobench.problems.worst_case import chain, huber, powers, saw_tooth, tails, tridiagonal


@pytest.mark.parametrize("dim", [1, 7])
@pytest.mark.parametrize("K", [1, 10, 100, 1000])
def test_huber_attains_the_convex_bound(K, dim):
    """f(x_K) − f* = LR²/(4K+2), R = 1; another horizon does better than its own worst case."""
    gap, _ = descend(huber(dim, horizon=K), K)
    assert gap[K] == pytest.approx(1 / (4 * K + 2), rel=1e-10)
    if K > 1:
        assert gap[K // 2] < 0.999 / (4 * (K // 2) + 2)


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("K", [1, 10, 100, 1000])
def test_saw_tooth_attains_the_smooth_bound(K, dim):
    """min ‖∇f‖² = 4LΔ/(3K+2) over k = 0 ... K; the next iterate is the minimiser."""
    problem = saw_tooth(dim, horizon=K)
    gap, g2 = descend(problem, K + 1)
    assert gap[0] == pytest.approx(dim * (0.75 * K + 0.5), rel=1e-14)
    assert g2[: K + 1].min() == pytest.approx(4 * problem.L * gap[0] / (3 * K + 2), rel=1e-10)
    assert gap[K + 1] == g2[K + 1] == 0


def test_saw_tooth_is_the_integral_of_its_teeth():
    """φ′ from its words, at points of all kinds."""
    y = np.linspace(-2, 6, 321)
    s = (y - 1) % 1
    expected = np.where(y < 1, y, np.where(y > 4, 1, 0.5 + np.abs(s - 0.5)))
    slopes = jax.vmap(jax.grad(saw_tooth(1, horizon=3).f))(y[:, None])[:, 0]
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


@pytest.mark.parametrize("p", [4, 6, 10, 20])
def test_powers_fall_with_their_own_slope(p):
    """f_k ~ k^(−p/(p−2)), the same curve for every n; GD stays in the box."""
    gap, _ = descend(powers(1, power=p), 20000)
    assert slope(gap, 2000, 20000) == pytest.approx(-p / (p - 2), abs=0.005)
    many, _ = descend(powers(16, power=p), 50)
    np.testing.assert_allclose(many, gap[:51], rtol=1e-10)
    assert gap[0] == pytest.approx(1 / p)


@pytest.mark.parametrize("q", [2, 1, 0.5, 0.1])
def test_tails_fall_with_their_own_slope(q):
    """‖∇f_k‖² ~ k^(−(2q+2)/(q+2)), the same for every n."""
    _, g2 = descend(tails(1, power=q), 100_000)
    assert slope(g2, 10_000, 100_000) == pytest.approx(-(2 * q + 2) / (q + 2), abs=0.003)
    np.testing.assert_allclose(list(descend(tails(16, power=q), 50))[1], g2[:51], rtol=1e-10)


@pytest.mark.parametrize(("n", "measured"), [(100, -0.54), (1000, -0.516)])
def test_tridiagonal_falls_like_one_over_the_root(n, measured):
    """−1/2 for k ≪ n²; the measured slopes are the theory sheet's."""
    gap, _ = descend(tridiagonal(n), n)
    assert slope(gap, n // 10, n) == pytest.approx(measured, abs=0.03)


def test_tridiagonal_is_half_of_nesterovs_matrix():
    n, x = 6, np.random.default_rng(0).standard_normal(6)
    a = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    assert tridiagonal(n).f(jnp.asarray(x)) == pytest.approx((x @ a @ x / 2 - x[0]) / 4, rel=1e-14)


def test_chain_is_that_of_its_paper():
    """The sum written out, at points of all kinds."""

    def gate(x):
        return np.exp(1 - 1 / (2 * x - 1) ** 2) if x > 0.5 else 0.0

    def area(x):
        return float(np.sqrt(2 * np.pi * np.e) * ndtr(x))

    for seed in range(5):
        x = 2 * np.random.default_rng(seed).standard_normal(5)
        expected = -gate(1) * area(x[0])
        for i in range(1, 5):
            expected += gate(-x[i - 1]) * area(-x[i]) - gate(x[i - 1]) * area(x[i])
        assert chain(5).f(jnp.asarray(x)) == pytest.approx(expected, rel=1e-13)


@pytest.mark.slow
def test_chain_hides_its_small_gradients():
    """‖∇f‖ > 1 while a coordinate is below 1 in size; gradient descent from 0 frees one coordinate after the other."""
    problem, n = chain(8), 8
    random = np.random.default_rng(0)
    x = random.uniform(-3, 3, (4000, n))
    held = np.arange(4000) % n
    x[np.arange(4000), held] = random.uniform(-1, 1, 4000)
    g = jax.jit(jax.vmap(jax.grad(problem.f)))(x)
    assert np.linalg.norm(g, axis=1).min() > 1
    value, g = jax.value_and_grad(problem.f)(problem.x0)
    assert np.count_nonzero(g) == 1 and float(value) <= 0
    curvature = np.linalg.eigvalsh(jax.jit(jax.vmap(jax.hessian(problem.f)))(x[:500]))
    assert np.abs(curvature).max() <= problem.L


def test_derivatives_of_the_chain_are_finite_where_its_gate_opens():
    for dtype in (jnp.float32, jnp.float64):
        x = jnp.asarray([0.5, 0.5 + 1e-7, 0.5 + 1e-3, 0.51, 0.52, -0.5, -0.515], dtype)
        hessian = jax.jit(jax.hessian(chain(7).f))(x)
        assert np.isfinite(hessian).all()
