"""Named test functions against their formulas written out one term at a time, and their published minima."""

from itertools import pairwise
from math import cos, e, exp, pi, prod, sin, sqrt
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems.landscapes import Name, landscape


def levy(x):
    w = [1 + (each - 1) / 4 for each in x]
    last = (w[-1] - 1) ** 2 * (1 + sin(2 * pi * w[-1]) ** 2)
    return sin(pi * w[0]) ** 2 + sum((v - 1) ** 2 * (1 + 10 * sin(pi * v + 1) ** 2) for v in w[:-1]) + last


def zakharov(x):
    s = sum(0.5 * i * v for i, v in enumerate(x, 1))
    return sum(v**2 for v in x) + s**2 + s**4


def ackley(x):
    radius, waves = sqrt(sum(v**2 for v in x) / len(x)), sum(cos(2 * pi * v) for v in x) / len(x)
    return -20 * exp(-0.2 * radius) - exp(waves) + 20 + e


FORMULAS = {
    "sphere": lambda x: sum(v**2 for v in x),
    "ellipsoid": lambda x: sum(1e6 ** (i / (len(x) - 1)) * v**2 for i, v in enumerate(x)),
    "cigar": lambda x: x[0] ** 2 + 1e6 * sum(v**2 for v in x[1:]),
    "discus": lambda x: 1e6 * x[0] ** 2 + sum(v**2 for v in x[1:]),
    "lecture": lambda x: x[0] ** 2 + 3 * x[1] ** 2 + 2 * x[0] * x[1],
    "rosenbrock": lambda x: sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)),
    "dixon_price": lambda x: (
        (x[0] - 1) ** 2 + sum(i * (2 * x[i - 1] ** 2 - x[i - 2]) ** 2 for i in range(2, len(x) + 1))
    ),
    "zakharov": zakharov,
    "styblinski_tang": lambda x: sum(v**4 - 16 * v**2 + 5 * v for v in x) / 2,
    "rastrigin": lambda x: 10 * len(x) + sum(v**2 - 10 * cos(2 * pi * v) for v in x),
    "ackley": ackley,
    "griewank": lambda x: 1 + sum(v**2 for v in x) / 4000 - prod(cos(v / sqrt(i)) for i, v in enumerate(x, 1)),
    "levy": levy,
    "schwefel": lambda x: 418.9828872724337 * len(x) - sum(v * sin(sqrt(abs(v))) for v in x),
}


@pytest.mark.parametrize("name", get_args(Name))
def test_values_are_those_of_the_formula(name):
    """At random points near the start and near the minimiser, which no random point beats."""
    n = 2 if name == "lecture" else 4
    problem = landscape(name, n)
    assert problem.x_star is not None
    random = np.random.default_rng(0)
    near = [np.asarray(end) + random.standard_normal((20, n)) for end in (problem.x0, problem.x_star)]
    wide = problem.x_star + random.uniform(-1, 1, (2000, n)) * 3 * np.abs(problem.x0 - problem.x_star).max()
    values = np.asarray(jax.jit(jax.vmap(problem.f))(np.concatenate([*near, wide])))
    np.testing.assert_allclose(
        values[:40], [FORMULAS[name](x.tolist()) for x in np.concatenate(near)], rtol=1e-9, atol=1e-9
    )
    assert values.min() >= problem.f_star
    assert FORMULAS[name](problem.x_star.tolist()) == pytest.approx(problem.f_star, abs=1e-9)


def test_published_minima():
    """Surjanovic & Bingham; the lecture's L, mu and trace."""
    problem = landscape("styblinski_tang", 3)
    assert problem.f_star == pytest.approx(-39.16616570377142 * 3, rel=1e-13)
    minimisers: dict[Name, Any] = {
        "styblinski_tang": -2.903534,
        "schwefel": 420.968746,
        "dixon_price": [1, 2**-0.5, 2**-0.75],
    }
    for name, x in minimisers.items():
        np.testing.assert_allclose(np.asarray(landscape(name, 3).x_star), np.broadcast_to(x, 3), atol=1e-6)
    lecture = landscape("lecture")
    assert (lecture.L, lecture.mu) == pytest.approx((4 + 8**0.5, 4 - 8**0.5)) and lecture.hessian_trace == 8
    np.testing.assert_array_equal(lecture.x0, [4, 4])
    assert float(lecture.f(lecture.x0)) == 96


def test_starts_repeat_along_the_coordinates():
    np.testing.assert_array_equal(landscape("rosenbrock", 5).x0, [-1.2, 1, -1.2, 1, -1.2])
    np.testing.assert_array_equal(landscape("sphere", 3, start=[2]).x0, [2, 2, 2])
    np.testing.assert_array_equal(landscape("levy", 3, start=[2, 3]).x0, [2, 3, 2])


def test_the_kink_of_ackley_and_the_edge_of_schwefel():
    """Gradient 0 at Ackley's cone; Schwefel is once differentiable at 0 and at ±500, and grows beyond."""
    np.testing.assert_array_equal(jax.grad(landscape("ackley", 3).f)(jnp.zeros(3)), 0)
    f = jax.jit(jax.vmap(jax.value_and_grad(landscape("schwefel", 1).f)))
    for x in (-500.0, 0.0, 500.0):
        value, g = f(np.array([[x - 1e-9], [x], [x + 1e-9]]))
        np.testing.assert_allclose(value, value[1], atol=1e-7)
        np.testing.assert_allclose(g, np.broadcast_to(g[1], g.shape), atol=1e-4)
    value, _ = f(np.linspace(-2000, 2000, 4001)[:, None])
    assert value.min() >= 0 and value[0] > 1e6 and value[-1] > 1e6
