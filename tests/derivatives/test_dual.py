"""Dual numbers against jax.jvp, formulas, and other kinds of numbers."""

from math import cos, exp, sin, sqrt

import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zobench.derivatives import dual
from zobench.derivatives.dual import Dual
from zobench.derivatives.library import JAX, NUMPY, mpmath_library
from zobench.derivatives.worked_examples import EXAMPLES, line_and_sine, log_root, sine_exponential, tanh

NUMBERS = st.floats(0.25, 4.0)


@settings(deadline=None)
@given(a=NUMBERS, b=NUMBERS, c=NUMBERS, d=NUMBERS, k=NUMBERS)
def test_the_arithmetic_is_component_wise(a, b, c, d, k):
    x, y = Dual(a, b), Dual(c, d)
    assert x + y == Dual(a + c, b + d)
    assert x - y == Dual(a - c, b - d)
    assert x * y == Dual(a * c, a * d + b * c)
    assert -x == Dual(-a, -b)
    assert k + x == x + k == Dual(a + k, b)
    assert k * x == x * k == Dual(k * a, k * b)
    assert k - x == Dual(k - a, -b)
    assert x - k == Dual(a - k, b)
    assert (x / y).b == pytest.approx((b * c - a * d) / c**2, rel=1e-13, abs=1e-13)
    assert (k / x).b == pytest.approx(-k * b / a**2, rel=1e-14)
    assert np.float64(k) * x == k * x
    assert np.float64(k) - x == k - x


@settings(deadline=None)
@given(x=NUMBERS)
def test_the_elementary_functions_have_their_derivatives(x):
    own, at = dual.over(NUMPY), Dual(x, 1.0)
    logistic = 1 / (1 + exp(-x))
    expected = {
        "sin": cos(x),
        "cos": -sin(x),
        "exp": exp(x),
        "log": 1 / x,
        "sqrt": 0.5 / sqrt(x),
        "tanh": 1 - np.tanh(x) ** 2,
        "sigmoid": logistic * (1 - logistic),
    }
    for name, slope in expected.items():
        found = getattr(own, name)(at)
        assert found.b == pytest.approx(slope, rel=1e-13, abs=1e-15)
        assert found.a == getattr(NUMPY, name)(x)
    assert own.magnitude(-at) == x


@settings(max_examples=30, deadline=None)
@given(x=st.tuples(st.floats(1.2, 3.0), st.floats(0.5, 3.0)), f=st.sampled_from([log_root, sine_exponential]))
def test_a_gradient_is_that_of_jvp(x, f):
    found = dual.gradient(f, NUMPY, x)
    expected = [jax.jvp(lambda *at: f(JAX, *at), x, along)[1] for along in ((1.0, 0.0), (0.0, 1.0))]
    np.testing.assert_allclose(found, np.array(expected), rtol=1e-11)


@pytest.mark.parametrize(("order", "expected"), [(0, 0.964028), (1, 0.0706508), (2, -0.136219), (3, 0.252654)])
def test_nested_dual_numbers_give_higher_derivatives(order, expected):
    assert dual.derivative(tanh, NUMPY, 2.0, order) == pytest.approx(expected, abs=5e-7)


def test_dual_numbers_of_fifty_digits_are_right_to_fifty_digits():
    with mpmath.workdps(60):
        (found,) = dual.gradient(line_and_sine, mpmath_library(), (mpmath.mpf(1),))
        assert abs(found - 2 - mpmath.cos(1)) < mpmath.mpf(10) ** -58


def test_a_loop_that_branches_on_the_value_is_differentiated():
    (found,) = dual.gradient(EXAMPLES["taylor_sine"].f, NUMPY, (np.pi,))
    assert found == pytest.approx(-0.99990, abs=5e-6)
    assert found != pytest.approx(-1, abs=5e-5)


def test_arrays_of_dual_numbers_are_multiplied_by_matrices_and_summed():
    matrix, x, v = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([0.5, -1.0]), np.array([1.0, 4.0])
    found = (Dual(x, v) * (matrix @ Dual(x, v))).sum()
    assert found.a == pytest.approx(x @ matrix @ x)
    assert found.b == pytest.approx(v @ matrix @ x + x @ matrix @ v)
