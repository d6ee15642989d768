"""What runs stop on: nonsense is refused in one line, and what makes a result empty or f* wrong is said."""

from math import inf, nan

import jax.numpy as jnp
import loops
import numpy as np
import pytest

from zobench import estimators, meanings, solvers
from zobench.errors import UsageError
from zobench.problems.black_boxes import black_box
from zobench.types import Problem

SQUARE = Problem(f=lambda x: jnp.sum(x * x), x0=jnp.array([1.0, 2.0, 3.0]), f_star=0.0, x_star=jnp.zeros(3), L=2.0)
METHODS = [lambda estimator, optimizer: loops.methods.descent(estimator, optimizer), lambda: POWELL]
POWELL = solvers.scipy("Powell", "none")


def cell(problem=SQUARE, method=METHODS[0], **settings):
    return loops.cell(problem, method, **{"seeds": 2, "gd_iterations": 9, **settings})


def box(f, **known):
    return black_box(f, [1.0, 2.0, 3.0], **{"f_star": 0.0, "L": 2.0, **known})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("problem", "settings", "said"),
    [
        (SQUARE._replace(f_star=100.0), {}, r"f\* = 100 is not below f\(x0\) = 14"),
        (SQUARE._replace(f_star=14.0), {"metric": "distance"}, r"f\* = 14 is not below f\(x0\) = 14"),
        (SQUARE._replace(x0=jnp.zeros(3)), {}, r"f\* = 0 is not below f\(x0\) = 0 .*start above it"),
        (SQUARE._replace(f_star=-inf), {}, r"f\* = -inf: the minimum is a number; leave it out"),
        (SQUARE._replace(x0=jnp.full(3, 1e200)), {}, r"f\(x0\) is inf .*use another x0"),
        (SQUARE._replace(x0=jnp.full(3, 1e20)), {"dtype": "float32"}, r"f\(x0\) is inf .*or dtype=float64"),
        (SQUARE._replace(x_star=SQUARE.x0), {"metric": "distance"}, r"target=0\.001 times the distance at x0, 0, is 0"),
        (SQUARE, {"target": 1e-60, "dtype": "float32"}, r"stop\.target=1e-60 times the gap at x0, 14, is 0 in float32"),
        (SQUARE, {"target": 1e300, "relative_to": "unit", "dtype": "float32"}, r"target=1e\+300 is inf in float32"),
        (box(lambda x: inf), {}, r"f\(x0\) is inf"),
        (box(lambda x: nan), {}, r"f\(x0\) is nan"),
        (box(lambda x: float(x @ x), f_star=20.0), {}, r"f\* = 20 is not below f\(x0\) = 14"),
    ],
)
def test_what_no_run_can_be_measured_against_is_refused(method, problem, settings, said):
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=said) as error:
        cell(problem, method, **settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("target", [1, 1.5])
def test_a_target_that_is_met_before_a_run_begins_is_refused_without_jax(target):
    stop = {"metric": "gap", "target": target, "gd_iterations": 1, "calls": None}
    with pytest.raises(UsageError, match=rf"stop\.target={target}: with stop\.relative_to=start it is less than 1"):
        meanings.check({"stop": {**stop, "relative_to": "start"}})
    meanings.check({"stop": {**stop, "relative_to": "unit"}})


@pytest.mark.parametrize("method", METHODS)
def test_what_empties_a_result_is_said(method):
    assert cell(method=method)[1]["warning"] == ""
    arrays, meta = cell(method=method, target=15.0, relative_to="unit")
    assert meta["warning"].startswith("met at x0: gap 14 <= 15: nothing is measured")
    assert (next(array for name, array in arrays.items() if name.endswith("/hits")) == 0).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_runs_that_fall_below_the_minimum_say_so(method, dtype):
    """By more than rounding: f* = 1e-13 is the minimum of f + 1e-13 to float64, and 0.01 is not that of f."""
    settings = {"target": 1e-12, "gd_iterations": 500, "dtype": dtype}
    wrong = cell(SQUARE._replace(f_star=0.01), method, **settings)[1]["warning"]
    assert wrong.startswith("f* = 0.01 is not the minimum: a run came to ") and float(wrong.split()[-1]) < 0.005
    close = SQUARE._replace(f=lambda x: jnp.sum(x * x) + 1, f_star=1 + 1e-14)
    assert cell(close, method, **settings)[1]["warning"] == ""
    unknown = SQUARE._replace(f_star=nan, f=lambda x: jnp.sum(x * x) - 5)
    assert cell(unknown, method, **{**settings, "metric": "distance"})[1]["warning"] == ""


def test_the_gap_of_a_gradients_target_is_looked_at_too():
    with pytest.raises(ValueError, match=r"f\* = 14 is not below"):
        cell(SQUARE._replace(f_star=14.0), estimator=estimators.autodiff(), metric="gradient", target=1e-3)
