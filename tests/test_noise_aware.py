"""Intervals by bisection against their exact limits, and L-BFGS on them under noise."""

import jax.numpy as jnp
import numpy as np
import pytest

import zobench as zo
from zobench.noise_aware import interval


@pytest.mark.parametrize("power", range(-6, 9, 2))
def test_an_interval_balances_noise_and_curvature(power):
    """Of t²μ/2 and t³μ/6, and the values that were asked."""
    mu, noise, asked = 10.0**power, 1e-4, []
    h = interval(lambda t: asked.append(t) or mu * t * t / 2, noise)  # type: ignore
    assert (2 * noise / mu) ** 0.5 <= h <= (8 * noise / mu) ** 0.5
    assert asked.count(0.0) == 1 and asked[-2:] == [4 * h, h] and len(asked) < 24
    h = interval(lambda t: mu * t**3 / 6, noise, "central")
    assert (1.5 * noise / mu) ** (1 / 3) <= h <= (4.5 * noise / mu) ** (1 / 3)


def test_an_interval_ends_where_there_is_nothing_to_balance():
    assert interval(lambda t: 1.0, 1e-4, tries=4) == pytest.approx(2 / 3**0.5 * 0.01 * 4**4)
    assert interval(lambda t: float("nan"), 1e-4) == pytest.approx(2 / 3**0.5 * 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("quotient", ["forward", "central"])
def test_under_noise_it_comes_further_than_differences_at_rounding(quotient):
    """n = 8, curvatures 1e-2 ... 1e2 and x⁴, noise 1e-3: f at the best point, the worst of three seeds against all."""
    h = jnp.logspace(-2, 2, 8)
    smooth = zo.Problem(f=lambda x: jnp.sum(h * x**2 / 2 + 0.1 * x**4), x0=np.full(8, 3.0), f_star=0.0)
    problem = zo.problems.noisy(smooth, 1e-3)

    def ends(solver):
        return [float(problem.f(jnp.asarray(solver.solve(problem, 600, seed).x[-1]))) for seed in range(3)]

    ours, plain = ends(zo.noise_aware_lbfgs(1e-3, quotient)), ends(zo.scipy("L-BFGS-B", quotient))
    start = float(problem.f(jnp.asarray(problem.x0)))
    assert max(ours) < 0.02 * start and max(ours) < 0.1 * min(plain), (ours, plain, start)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"quotient=fourth: there are forward and central"):
        zo.noise_aware_lbfgs(quotient="fourth")  # type: ignore
    with pytest.raises(ValueError, match=r"noise=-1"):
        zo.noise_aware_lbfgs(-1)
