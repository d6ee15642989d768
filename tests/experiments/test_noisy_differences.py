"""Exact errors of quotients against drawn ones, intervals on a parabola, shares and races from planted records."""

import jax
import numpy as np
import pytest

from zobench import store
from zobench.experiments.noisy_differences import intervals, page, races, study
from zobench.problems.more_wild_set import more_wild
from zobench.report import claims
from zobench.types import Problem


def test_the_error_of_a_quotient_is_that_of_drawn_noise_and_least_where_more_and_wild_say():
    mu, sigma, rng = 3.0, 1e-4, np.random.default_rng(0)
    f = lambda t: 2 * t + mu * t**2 / 2  # noqa: E731
    for quotient, h in (("forward", 0.02), ("central", 0.02)):
        one, two = sigma * rng.standard_normal((2, 20_000))
        drawn = (f(h) + one - f(0) - two) / h if quotient == "forward" else (f(h) + one - f(-h) - two) / (2 * h)
        assert intervals._error(f, 2.0, sigma, quotient, h) == pytest.approx(
            np.sqrt(((drawn - 2) ** 2).mean()), rel=0.03
        )
    grid = intervals.GRID
    many = f(np.concatenate([grid, -grid, [0.0]]))
    squares = intervals._squares(many, 2.0, sigma, "forward")
    assert grid[squares.argmin()] == pytest.approx(8**0.25 * (sigma / mu) ** 0.5, rel=0.05)
    assert squares.min() ** 0.5 == pytest.approx(2**0.25 * (mu * sigma) ** 0.5, rel=1e-3)
    assert intervals._error(f, 2.0, sigma, "forward", np.nan) == np.inf


def test_on_a_parabola_bisection_is_within_its_guarantee_and_asks_what_is_counted():
    """h between √(2σ/μ) and √(8σ/μ) is off by 1.26 of the least at most; noise moves the limits a little."""
    with jax.enable_x64(True):
        problem = Problem(f=lambda x: 1 + 2 * x[0] ** 2 + x[1] ** 2, x0=np.ones(2))
        found = intervals.measured(problem, [1e-8], 4, 0)
    error, asked = found["bisection, forward/error"], found["bisection, forward/asked"]
    assert (error >= 1 - 1e-6).all() and (error <= 1.6).all()
    assert (asked % 2 == 1).all() and asked.min() >= 3  # f(0), and two a try


def record(instance, error, differences, models):
    arrays = {f"interval/{way}/{of}": np.full((1, 2), value)
              for way in intervals.WAYS for of, value in (("error", error), ("asked", 5.0))}  # fmt: skip
    for way, at in (("differences", differences), ("models", models)):
        curve = np.full((1, 21), 1.0)
        curve[:, at:] = 0.0
        arrays |= {f"race/{way}/{level:g}": curve for level in page.ACCURACY}
    meta = {"n": 2, "noise": [1e-4], "races_noise": list(page.ACCURACY), "start": 1.0}
    return store.Record(arrays, meta | {"config": {"problem": {"instance": instance}}})


def test_shares_and_values_are_those_of_planted_records_and_all_that_claims_ask_is_there():
    found = [record(i, 2.0 if i < 15 else 9.0, 5, 10) for i in range(20)]
    measured = page.measures(found)
    assert {check.quantity for claim in claims.of("noisy_differences") for check in claim.checks} <= measured.keys()
    assert measured["bisection, forward: share of cases within 3 times the least error"].value == 0.75
    assert measured["no noise: values, differences over models, median"].value == 0.5
    never = [record(i, 2.0, 21 if i % 4 == 0 else 5, 10) for i in range(20)]
    assert page.measures(never)["noise 0.01: share solved, differences less models"].value == -0.25
    assert page.hits(never[0], 0.0) == {"differences": [np.inf], "models": [10]}


@pytest.mark.slow
def test_the_study_of_a_problem_has_the_arrays_that_the_page_reads():
    asked = {"noise": [1e-4], "lines": 2, "races_noise": [0, 1e-5, 1e-2], "budget": 5, "runs": 1, "seed": 0}
    with jax.enable_x64(True):
        problem = more_wild(7)
        arrays, meta = study.noisy_differences(problem, **asked, dtype="float64")()
        one = races.raced(problem, [0.0], 15, 1, 0)
    assert arrays.keys() == record(7, 1.0, 1, 1).arrays.keys() and meta["n"] == 2
    assert one["differences/0"].shape == (1, 16) and (np.diff(one["differences/0"]) <= 0).all()
    assert one["differences/0"][0, 0] == pytest.approx(meta["start"])


def test_numbers_out_of_range_are_named():
    asked = {"noise": [1e-4], "lines": 2, "races_noise": [-1.0], "budget": 5, "runs": 1, "seed": 0, "dtype": "float64"}
    with pytest.raises(ValueError, match=r"races_noise=\[-1.0\]"):
        study.noisy_differences(more_wild(7), **asked)
