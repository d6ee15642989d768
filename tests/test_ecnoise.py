"""Noise levels found from values, and the steps that follow from them."""

import numpy as np
import pytest

from zobench import differences, ecnoise

V = np.array([0.6, 0.8])


def smooth(x):
    return float(np.exp(x[0]) + np.sin(x[1]) * x[0] + 3)


def noisy(sigma: float, seed: int):
    rng = np.random.default_rng(seed)
    return lambda x: smooth(x) + sigma * rng.standard_normal()


@pytest.mark.parametrize("sigma", [1e-3, 1e-6, 1e-10])
def test_the_level_of_additive_noise_is_found(sigma):
    found = [ecnoise.measure(noisy(sigma, seed), np.array([0.3, 0.2]), V, spacing=1e-8) for seed in range(60)]
    levels = np.array([one.level for one in found if not one.advice])
    assert len(levels) > 50
    assert 0.7 * sigma < np.median(levels) < 1.4 * sigma
    assert np.mean((levels > sigma / 3) & (levels < 3 * sigma)) > 0.9


def test_rounding_is_noise_too():
    found = ecnoise.measure(lambda x: float(np.float32(smooth(x))), np.array([0.3, 0.2]), V, spacing=1e-7)
    assert found.advice == "" and 1e-8 < found.level < 1e-6


def test_a_spacing_that_shows_nothing_is_changed():
    far = ecnoise.measure(noisy(1e-8, 0), np.array([0.3, 0.2]), V, spacing=0.5)
    near = ecnoise.measure(lambda x: float(np.float32(smooth(x))), np.array([0.3, 0.2]), V, spacing=1e-12)
    assert 1e-9 < far.level < 1e-7 and 1e-8 < near.level < 1e-6
    assert "further" in ecnoise.ecnoise([1.0] * 8).advice
    assert "closer" in ecnoise.ecnoise(np.arange(8.0)).advice
    with pytest.raises(ValueError, match="6 or more"):
        ecnoise.ecnoise([1.0, 2.0, 3.0])


@pytest.mark.parametrize("sigma", [1e-4, 1e-8])
def test_the_forward_step_is_near_the_best_one(sigma):
    """The RMS error of many noisy quotients at the predicted step is within a tenth of the least, 2^¼ √(μσ)."""
    x = np.array([0.3, 0.2])
    mu = ecnoise.curvature(noisy(sigma, 1), x, V, sigma)
    h = 1e-4
    exact = (smooth(x + h * V) - 2 * smooth(x) + smooth(x - h * V)) / h**2
    assert mu == pytest.approx(abs(exact), rel=0.3)
    slope = (smooth(x + 1e-6 * V) - smooth(x - 1e-6 * V)) / 2e-6
    f = noisy(sigma, 2)

    def error(eps):
        return np.sqrt(np.mean([((f(x + eps * V) - f(x)) / eps - slope) ** 2 for _ in range(3000)]))

    eps = ecnoise.forward_eps(sigma, abs(exact))
    assert error(eps) == pytest.approx(2**0.25 * np.sqrt(abs(exact) * sigma), rel=0.1)
    assert error(eps) < 0.7 * min(error(5 * eps), error(eps / 5))


def test_steps_agree_with_those_an_estimator_takes_for_derivatives_of_order_one():
    assert ecnoise.forward_eps(1e-3, 1.0) == pytest.approx(differences.best_eps("forward", "float64", 1e-3))
    assert ecnoise.central_eps(1e-3, 1.0) == pytest.approx(differences.best_eps("central", "float64", 1e-3))
    assert np.isnan(ecnoise.curvature(lambda x: 1.0, V, V, 1e-8))
