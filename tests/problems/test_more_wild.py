"""The 53 instances against formulas in plain loops, published values at the starts and published minima."""

import cmath
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

from zobench.problems import more_wild_residuals as data
from zobench.problems.more_wild_set import INSTANCES, more_wild

# Function, n, m, power of ten on the start: the authors' dfo.dat; f(x0): data/testout.dat of their BenDFO.
PUBLISHED = """
1 9 45 0 7.20000e+01   1 9 45 1 1.12500e+03   2 7 35 0 1.16542e+07   2 7 35 1 1.16859e+09   3 7 35 0 4.98920e+06
3 7 35 1 5.00936e+08   4 2 2 0 2.42000e+01    4 2 2 1 1.79577e+06    5 3 3 0 2.50000e+03    5 3 3 1 1.06000e+04
6 4 4 0 2.15000e+02    6 4 4 1 1.61540e+06    7 2 2 0 4.00500e+02    7 2 2 1 1.54575e+08    8 3 15 0 4.16817e+01
8 3 15 1 1.30623e+03   9 4 11 0 5.31317e-03   10 3 16 0 1.69361e+09  11 6 31 0 1.64308e+01  11 6 31 1 2.32337e+06
11 9 31 0 2.69042e+01  11 9 31 1 8.15888e+06  11 12 31 0 7.36782e+01 11 12 31 1 2.05938e+07 12 3 10 0 1.03115e+03
13 2 10 0 4.17131e+03  14 4 20 0 7.92669e+06  14 4 20 1 3.08106e+11  15 6 6 0 4.64282e-02   15 7 7 0 3.37706e-02
15 8 8 0 3.86177e-02   15 9 9 0 2.88830e-02   15 10 10 0 3.37633e-02 15 11 11 0 2.67406e-02 16 10 10 0 2.73248e+02
17 5 33 0 1.61741e+01  18 11 65 0 2.09342e+00 18 11 65 1 1.99685e+02 19 8 8 0 9.04000e+02   19 10 12 0 1.35600e+03
19 11 14 0 1.58200e+03 19 12 16 0 1.80800e+03 20 5 5 0 5.65000e+01   20 6 6 0 7.05625e+01   20 8 8 0 9.86875e+01
21 5 5 0 2.53908e+09   21 5 5 1 6.87380e+12   21 8 8 0 3.36796e+09   21 10 10 0 3.73513e+09 21 12 12 0 3.99107e+09
21 12 12 1 1.13001e+13 22 8 8 0 9.38567e+00   22 8 8 1 3.36582e+10
"""
TABLE = [(*map(int, row[:4]), float(row[4])) for row in np.reshape(PUBLISHED.split(), (53, 5))]
SIZES = [
    list(same) for same in dict.fromkeys(tuple(i + 1 for i in range(53) if TABLE[i][:3] == row[:3]) for row in TABLE)
]


def numbers(text):
    return [float(word) for word in text.split()]


def slow(function, x, m):
    """The residuals in plain loops, indices from 1 as in the papers."""
    part = slow_1_to_7 if function <= 7 else slow_8_to_15 if function <= 15 else slow_16_to_22
    return part(function, [math.nan, *map(float, x)], len(x), m)


def slow_1_to_7(function, x, n, m):
    i_to_m, j_to_n = range(1, m + 1), range(1, n + 1)
    match function:
        case 1:
            return [(x[i] if i <= n else 0) - 2 / m * sum(x[1:]) - 1 for i in i_to_m]
        case 2:
            return [i * sum(j * x[j] for j in j_to_n) - 1 for i in i_to_m]
        case 3:
            return [-1, *((i - 1) * sum(j * x[j] for j in range(2, n)) - 1 for i in range(2, m)), -1]
        case 4:
            return [10 * (x[2] - x[1] ** 2), 1 - x[1]]
        case 5:
            angle = math.atan(x[2] / x[1]) / (2 * math.pi) + (0.5 if x[1] < 0 else 0)
            return [10 * (x[3] - 10 * angle), 10 * (math.sqrt(x[1] ** 2 + x[2] ** 2) - 1), x[3]]
        case 6:
            far, near = math.sqrt(10) * (x[1] - x[4]) ** 2, math.sqrt(5) * (x[3] - x[4])
            return [x[1] + 10 * x[2], near, (x[2] - 2 * x[3]) ** 2, far]
        case _:
            return [
                -13 + x[1] - 2 * x[2] + 5 * x[2] ** 2 - x[2] ** 3,
                -29 + x[1] - 14 * x[2] + x[2] ** 2 + x[2] ** 3,
            ]


def slow_8_to_15(function, x, n, m):
    i_to_m, j_to_n = range(1, m + 1), range(1, n + 1)
    match function:
        case 8:
            y = numbers(data.BARD)
            return [y[u - 1] - (x[1] + u / ((16 - u) * x[2] + min(u, 16 - u) * x[3])) for u in i_to_m]
        case 9:
            pairs = zip(numbers(data.KOWALIK_OSBORNE), numbers(data.KOWALIK_OSBORNE_AT), strict=True)
            return [y - x[1] * (u**2 + u * x[2]) / (u**2 + u * x[3] + x[4]) for y, u in pairs]
        case 10:
            return [x[1] * math.exp(x[2] / (45 + 5 * i + x[3])) - y for i, y in enumerate(numbers(data.MEYER), 1)]
        case 11:
            out = []
            for t in (i / 29 for i in range(1, 30)):
                slope = sum((j - 1) * x[j] * t ** (j - 2) for j in range(2, n + 1))
                out.append(slope - sum(x[j] * t ** (j - 1) for j in j_to_n) ** 2 - 1)
            return [*out, x[1], x[2] - x[1] ** 2 - 1]
        case 12:
            e = math.exp
            return [e(-i * x[1] / 10) - e(-i * x[2] / 10) - x[3] * (e(-i / 10) - e(-i)) for i in i_to_m]
        case 13:
            return [2 + 2 * i - (math.exp(i * x[1]) + math.exp(i * x[2])) for i in i_to_m]
        case 14:
            return [
                (x[1] + i / 5 * x[2] - math.exp(i / 5)) ** 2 + (x[3] + x[4] * math.sin(i / 5) - math.cos(i / 5)) ** 2
                for i in i_to_m
            ]
        case _:  # Tᵢ by its definition: cos i arccos
            integral = [0 if i % 2 else -1 / (i**2 - 1) for i in i_to_m]
            angle = [cmath.acos(2 * x[j] - 1) for j in j_to_n]
            return [sum(cmath.cos(i * each).real for each in angle) / n - integral[i - 1] for i in i_to_m]


def slow_16_to_22(function, x, n, m):
    i_to_m, j_to_n = range(1, m + 1), range(1, n + 1)
    match function:
        case 16:
            return [*(x[i] + sum(x[1:]) - (n + 1) for i in range(1, n)), math.prod(x[1:]) - 1]
        case 17:
            y = numbers(data.OSBORNE_1)
            return [
                y[i - 1] - (x[1] + x[2] * math.exp(-10 * (i - 1) * x[4]) + x[3] * math.exp(-10 * (i - 1) * x[5]))
                for i in i_to_m
            ]
        case 18:
            out = []
            for t, y in enumerate(numbers(data.OSBORNE_2)):
                model = x[1] * math.exp(-t / 10 * x[5])
                for k in (2, 3, 4):
                    model += x[k] * math.exp(-((t / 10 - x[k + 7]) ** 2) * x[k + 4])
                out.append(y - model)
            return out
        case 19:
            quartic = [sum((k + 1) * x[i + k] ** 2 for k in range(4)) + 5 * x[n] ** 2 for i in range(1, n - 3)]
            return [3 - 4 * x[i] for i in range(1, n - 3)] + quartic
        case 20:
            return [x[1] - 1, *(10 * (x[i] - x[i - 1] ** 3) for i in range(2, n + 1))]
        case 21:
            out = []
            for i in j_to_n:
                terms = 0
                for v in (math.sqrt(x[i] ** 2 + i / j) for j in j_to_n):
                    terms += v * (math.sin(math.log(v)) ** 5 + math.cos(math.log(v)) ** 5)
                out.append(1400 * x[i] + (i - 50) ** 3 + terms)
            return out
        case _:
            z = complex(x[1], x[3]), complex(x[2], x[4])
            p = complex(x[5], x[7]), complex(x[6], x[8])
            moments = [z[0] * p[0] ** k + z[1] * p[1] ** k for k in range(4)]
            parts = [part for moment in moments for part in (moment.real, moment.imag)]
            return [part - y for part, y in zip(parts, numbers(data.HEART), strict=True)]


def slow_value(function, x, m):
    return sum(r**2 for r in slow(function, x, m))


@pytest.mark.parametrize("instances", SIZES, ids=str)
def test_value_and_gradient(instances):
    """f by loops near every start and as published there; Taylor remainder; complex step; float32."""
    function, n, m, *_ = TABLE[instances[0] - 1]
    problems = [more_wild(instance) for instance in instances]
    f, x0 = problems[0].f, np.stack([problem.x0 for problem in problems])  # [starts, n]
    assert x0.shape == (len(instances), n) and x0.dtype == np.float64
    v = np.random.default_rng(function).standard_normal(x0.shape) * (np.abs(x0) + 0.1)
    h = 1e-4

    @jax.jit
    @jax.vmap
    def everything(x, v):
        value, g = jax.value_and_grad(f)(x)
        return value, g @ v, jnp.imag(f(x + 1e-20j * v)) / 1e-20, f(x.astype(jnp.float32))

    points = np.stack([x0, x0 + h * v, x0 + 2 * h * v]).reshape(-1, n)
    value, slope, step, narrow = (
        np.reshape(np.asarray(each), (3, -1)) for each in everything(points, np.tile(v, (3, 1)))
    )
    np.testing.assert_allclose(value.ravel(), [slow_value(function, x, m) for x in points], rtol=1e-12)
    np.testing.assert_allclose(value[0], [TABLE[instance - 1][-1] for instance in instances], rtol=1e-5)
    np.testing.assert_allclose(slope, step, rtol=1e-9)
    remainder = [value[i] - value[0] - i * h * slope[0] for i in (1, 2)]
    np.testing.assert_allclose(np.log2(remainder[1] / remainder[0]), 2, atol=0.1)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow[0], value[0], rtol=1e-4)


def test_helical_valley_turns_once():
    """θ on the axes is that of the authors' Fortran, the gradient at the origin is finite, f jumps at the cut only."""
    f = jax.jit(more_wild(9).f)
    for x, angle in (((0, 2), 0.25), ((0, -2), -0.25), ((0, 0), 0.25), ((-2, 0), 0.5), ((2, 0), 0), ((-1, -1), 0.625)):
        point = jnp.array([*x, 1.0])
        assert float(f(point)) == pytest.approx((10 - 100 * angle) ** 2 + 100 * (math.hypot(*x) - 1) ** 2 + 1)
    assert np.isfinite(jax.grad(f)(jnp.zeros(3))).all()
    for x, jump in (((0.0, 2.0), False), ((0.0, -2.0), True)):
        ends = [float(f(jnp.array([side, x[1], 0.0]))) for side in (-1e-13, 1e-13)]
        assert (abs(ends[1] - ends[0]) > 1) == jump


# Printed by Moré, Garbow & Hillstrom (1981); bdqrtic and Chebyquad with n = 10, 11: in estimagic's copy of the set.
MINIMA = {
    (8, 3): 8.21487e-3, (9, 4): 3.07505e-4, (10, 3): 87.9458, (11, 6): 2.28767e-3, (11, 9): 1.39976e-6,
    (11, 12): 4.72238e-10, (13, 2): 124.362, (14, 4): 85822.2, (15, 8): 3.51687e-3, (15, 10): 4.772714e-3,
    (15, 11): 2.799762e-3, (17, 5): 5.46489e-5, (18, 11): 4.01377e-2, (19, 8): 10.23897, (19, 10): 18.28116,
    (19, 11): 22.26059, (19, 12): 26.27277, (1, 9): 36, (2, 7): 8.380282, (3, 7): 9.880597,
}  # fmt: skip
# Where a descent may end above it; printed there too, for Chebyquad as the minimum.
HIGHER = {(7, 2): 48.9842, (15, 10): 6.50395e-3, (16, 10): 1.0}


@pytest.mark.parametrize("instances", SIZES, ids=str)
def test_minimum(instances):
    """f* is the printed one, least squares from the start end there and never below, and x* is a minimiser."""
    function, n, m, *_ = TABLE[instances[0] - 1]
    problem = more_wild(instances[0])
    assert problem.f_star == pytest.approx(MINIMA.get((function, n), 0.0), rel=5e-6)
    assert all(more_wild(instance).f_star == problem.f_star for instance in instances)
    if problem.x_star is not None:
        value, g = jax.jit(jax.value_and_grad(problem.f))(problem.x_star)
        assert float(value) == pytest.approx(problem.f_star, rel=1e-12, abs=1e-20)
        assert np.abs(g).max() < 1e-6

    def residuals(x):
        return np.array(slow(function, x, m))

    found = least_squares(residuals, problem.x0, method="lm", x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    assert 2 * found.cost >= problem.f_star * (1 - 1e-8)
    ends = [problem.f_star, HIGHER.get((function, n), problem.f_star)]
    assert any(2 * found.cost == pytest.approx(end, rel=1e-5, abs=1e-12) for end in ends)


def test_sizes_are_those_of_the_paper():
    """Moré & Wild (2009), table 2.1: how many of the 53 have n = 2 ... 12; and each row of dfo.dat."""
    assert np.bincount([more_wild(i).n for i in range(1, 54)])[2:].tolist() == [5, 6, 5, 4, 4, 5, 6, 5, 4, 4, 5]
    assert [(case.n, case.m, factor) for case, factor in INSTANCES] == [(n, m, 10**p) for _, n, m, p, _ in TABLE]


@pytest.mark.parametrize("instance", range(1, 7))
def test_curvature_of_the_quadratics(instance):
    """L, mu and tr H are those of the Hessian, and known for no other instance."""
    problem = more_wild(instance)
    spectrum = np.linalg.eigvalsh(jax.jit(jax.hessian(problem.f))(problem.x0))
    assert spectrum[-1] == pytest.approx(problem.L) and spectrum.sum() == pytest.approx(problem.hessian_trace)
    assert math.isnan(problem.mu) if instance > 2 else spectrum[0] == pytest.approx(problem.mu)
    assert math.isnan(more_wild(instance + 6).L)


@pytest.mark.parametrize(
    ("instance", "x", "value"),
    [
        (13, (5, 4), 0),
        (13, (11.4128, -0.896805), 48.9842),
        (15, (0.840667, -1e9, -1e9), 17.4286),
        (25, (1, 10, 1), 0),
        (25, (10, 1, -1), 0),
        (25, (3, 3, 0), 0),
        (26, (0.257825, 0.257825), 124.362),
        (35, (1,) * 10, 0),
        (35, (0,) * 9 + (11,), 1),
        (29, (0.066877, 0.288741, 0.366682, 0.633318, 0.711259, 0.933123), 0),
    ],
    ids=str,
)
def test_printed_minimisers(instance, x, value):
    """Minima and stationary values that are not f* too, where Moré, Garbow & Hillstrom say where."""
    assert float(more_wild(instance).f(jnp.array(x, float))) == pytest.approx(value, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("instance", [0, 54, -1, 1.5, "rosenbrock", None])
def test_there_are_53(instance):
    """Anything else is refused with one line that names it and the way out."""
    with pytest.raises(ValueError, match=r"there are 53.*range\(1,54\)") as refusal:
        more_wild(instance)
    assert str(refusal.value).startswith(f"problem.instance={instance}: ") and "\n" not in str(refusal.value)
