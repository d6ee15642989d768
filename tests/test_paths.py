"""Many runs from many starts: the same iterates as a plain loop, best values as a list of all of them says."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize

from zobench import estimators, methods, paths, solvers
from zobench.problems.quadratics import quadratic
from zobench.types import Key, oracle

QUADRATIC = quadratic(dim=4, spectrum="two_level")


def descent(step):
    return methods.descent(estimators.two_point(), optax.sgd(step))


def test_recorded_iterations_grow_by_one_percent_and_end_at_the_last():
    """1, 2, 3, ... first, then never more than 1 % apart (and a half for rounding)."""
    k = paths.recorded(5000)
    assert k[:4].tolist() == [0, 1, 2, 3] and k[-1] == 5000
    assert (np.diff(k) <= 0.01 * k[:-1] + 1.5).all() and (np.diff(k) >= 1).all()
    assert paths.recorded(1).tolist() == [0, 1]


@pytest.mark.slow
def test_runs_are_those_of_a_plain_loop():
    """Each with its own start, step size and seed; directions are of single precision, and rounded in their sums."""
    starts, steps, seeds = np.array([[1.0, 2, 3, 4], [-1, 0, 1, 2]]), [0.1, 0.05], [3, 7]
    found: Any = paths.descend(QUADRATIC, descent, steps, starts, seeds, 40, k=np.arange(0, 41, 5), keep=True)
    for run in range(2):
        method: Any = descent(steps[run])
        x = jnp.asarray(starts[run])
        state = method.init(x)
        for k in range(40):
            if k % 5 == 0:
                np.testing.assert_allclose(found.kept[run, k // 5], x, rtol=1e-5, atol=1e-6)
                assert found.f[run, k // 5] == pytest.approx(float(QUADRATIC.f(x)), rel=1e-5)
            key = Key(jnp.uint32(seeds[run]), jnp.uint32(k))
            x, state = method.step(oracle(QUADRATIC, key), x, state, method.draw(key, 4, x.dtype))
        np.testing.assert_allclose(found.x[run], x, rtol=1e-5, atol=1e-6)


def test_runs_end_at_the_target_at_a_standstill_and_where_f_is_not_finite():
    """Descent with exact gradients: to a target above the minimum, to one below it, and with a step that diverges."""

    def exact(step):
        return methods.descent(estimators.autodiff(), optax.sgd(step))

    start, first = np.asarray(QUADRATIC.x0)[None], float(QUADRATIC.f(QUADRATIC.x0))
    reached = paths.descend(QUADRATIC, exact, [0.5 / QUADRATIC.L], start, [0], 10**6, target=0.1 * first)
    hit = paths.arrivals(reached.k, reached.f, 0.1 * first)
    assert np.isfinite(hit).all() and reached.k[-1] < 10**5
    shifted = QUADRATIC._replace(f=lambda x: QUADRATIC.f(x) + 1)
    still = paths.descend(shifted, exact, [1 / QUADRATIC.L], start, [0], 10**7, target=0.5)
    assert still.k[-1] < 10**6 and still.f[0, -1] == pytest.approx(1)
    gone = paths.descend(QUADRATIC, exact, [1e3 / QUADRATIC.L], start, [0], 10**6, target=0.0)
    assert gone.f[0, -1] == np.inf and gone.k[-1] < 10**5
    assert paths.arrivals(gone.k, gone.f, -1.0).tolist() == [np.inf]


def test_a_method_that_begins_with_too_long_a_step_is_not_taken_for_one_that_stands_still():
    start = np.full((1, QUADRATIC.n), 0.1)
    method = methods.one_plus_one(sigma=1e12)  # refuses every point of the first hundreds of iterations
    found = paths.descend(QUADRATIC, lambda step: method, [1.0], start, [0], 10**5, target=1e-6)
    assert np.ptp(found.f[0, :33]) == 0 and found.f[0, -1] <= 1e-6


def test_a_solver_is_at_the_least_of_all_values_it_has_seen():
    """Nelder-Mead by scipy with a list of what it asks."""
    seen = []

    def value(x):
        seen.append(float(QUADRATIC.f(jnp.asarray(x))))
        return seen[-1]

    start = np.array([1.0, -2, 0.5, 3])
    minimize(value, start, method="Nelder-Mead", options={"maxfev": 60, "xatol": 1e-12, "fatol": 0.0})
    k = np.array([0, 1, 5, 20, 50])
    found, asked = paths.solve(QUADRATIC, solvers.scipy("Nelder-Mead", "none"), start[None], [0], 60, k)
    expected = [seen[0], *np.minimum.accumulate(seen)[k[1:] - 1]]
    np.testing.assert_allclose(found.f[0], expected, rtol=1e-12)
    assert asked.tolist() == [60]
