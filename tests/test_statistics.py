"""Fits against laws that are known, against scipy, and the coverage of their intervals."""

from math import inf, isnan

import numpy as np
import pytest
from scipy import stats

from zobench import statistics
from zobench.statistics import Estimate

N = [8, 16, 32, 64, 128]


def hitting_times(rng, exponent=1.0, runs=20, noise=0.3):
    return [3 * n**exponent * np.exp(noise * rng.standard_normal(runs)) for n in N]


def fit(times, seed=0):
    rng = np.random.default_rng(seed)
    return statistics.power_law(N, [statistics.median(t, rng) for t in times])


def test_a_deterministic_fit_is_ordinary_least_squares():
    y = 3 * np.array(N) ** 0.9 * [1.02, 0.99, 1.0, 0.98, 1.01]
    ours = statistics.power_law(N, [Estimate(value) for value in y])
    slope, intercept, _, _, stderr = stats.linregress(np.log(N), np.log(y))
    assert ours.slope.value == pytest.approx(slope, rel=1e-10)
    assert ours.slope.stderr == pytest.approx(stderr, rel=1e-10)
    assert ours.intercept == pytest.approx(intercept, rel=1e-10)
    assert isnan(ours.slope.low)


def test_interval_of_a_median_is_scipys():
    times = np.random.default_rng(1).exponential(100, 20)
    ours = statistics.median(times, np.random.default_rng(2))
    theirs = stats.bootstrap((times,), np.median, method="percentile", n_resamples=5000, rng=3)
    assert (ours.low, ours.high) == pytest.approx(theirs.confidence_interval, rel=0.2)


@pytest.mark.parametrize("runs", [5, 20])
def test_intervals_cover(runs):
    rng = np.random.default_rng(runs)
    slopes = [fit(hitting_times(rng, runs=runs), seed).slope for seed in range(120)]
    covered = np.mean([s.low <= 1 <= s.high for s in slopes])
    assert 0.9 <= covered <= 0.99
    assert abs(np.mean([s.value for s in slopes]) - 1) < 0.01


def test_noisy_points_weigh_less():
    rng = np.random.default_rng(0)
    times = hitting_times(rng, noise=0.0)
    times[0] = 10 * times[0] * np.exp(2 * rng.standard_normal(20))
    assert abs(fit(times).slope.value - 1) < 0.05


@pytest.mark.parametrize("lost", [2, 3])
def test_fewer_than_four_dimensions_are_refused(lost):
    times = hitting_times(np.random.default_rng(0))
    for t in times[:lost]:
        t[:] = inf
    with pytest.raises(ValueError, match="needs >= 4 dimensions"):
        fit(times)


def test_censored_runs_count_as_never():
    times = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, inf, inf])
    some = statistics.median(times, np.random.default_rng(0))
    assert some.value == 5.5
    assert some.high > 7
    times[5:] = inf
    half = statistics.median(times, np.random.default_rng(0))
    assert half.value == inf
    assert half.high == inf
    assert half.low < inf


def test_a_dimension_with_half_of_its_runs_censored_is_left_out():
    times = hitting_times(np.random.default_rng(0), noise=0.0)
    times[4][:10] = inf
    assert fit(times).slope.value == pytest.approx(1)


def test_window_is_inside_and_evenly_spaced_in_the_logarithm():
    k = np.arange(0, 20_000, 4)
    inside = k[statistics.window(k, 160, 12_000, log=True)]
    assert inside[0] == 160
    assert inside[-1] == 12_000
    assert 40 <= inside.size <= statistics.WINDOW_POINTS
    assert np.ptp(np.diff(np.log(inside))) < 0.05
    assert statistics.window(k, 30_000, 40_000, log=True).size == 0


def test_slope_of_a_mean_of_curves():
    rng = np.random.default_rng(0)
    k = np.geomspace(10, 1000, 60)
    curves = np.exp(0.3 * rng.standard_normal((20, 1))) / k * np.exp(0.05 * rng.standard_normal((20, 60)))
    slope = statistics.log_slope(np.log(k), curves, np.random.default_rng(1))
    assert slope.low < -1 < slope.high
    assert slope.high - slope.low < 0.05
    value, _, _, _, stderr = stats.linregress(np.log(k), np.log(curves.mean(axis=0)))
    assert (slope.value, slope.stderr) == pytest.approx((value, stderr))


def test_slope_of_the_running_minimum_ignores_later_rises():
    k = np.arange(1.0, 9)
    rising = np.array([[8.0, 4, 6, 2, 3, 1, 1, 1]])
    rng = np.random.default_rng(0)
    falling = statistics.log_slope(k, np.minimum.accumulate(rising, axis=1), rng)
    assert statistics.log_slope(k, rising, rng, running_min=True).value == falling.value
    assert falling.draws.size == 0


def test_curves_that_left_the_numbers_have_no_slope():
    assert isnan(statistics.log_slope(np.arange(5.0), np.full((3, 5), np.nan), np.random.default_rng(0)).value)


def test_pooled_prefers_the_certain_and_skips_the_unknown():
    rng = np.random.default_rng(0)
    sure = Estimate(1.0, draws=1 + 0.01 * rng.standard_normal(2000), runs=20)
    vague = Estimate(3.0, draws=3 + 1.0 * rng.standard_normal(2000), runs=20)
    both = statistics.pooled([sure, vague, Estimate(np.nan)])
    assert both.value == pytest.approx(1, abs=0.01)
    assert both.low < both.value < both.high
    assert isnan(statistics.pooled([]).value)


def test_a_bound_that_is_crossed_is_seen():
    bound = np.array([4.0, 3, 2])
    assert statistics.largest_ratio(np.array([2.0, 2.9, 1.9]), bound) < 1
    assert statistics.largest_ratio(np.array([2.0, 3.3, 1.9]), bound) == pytest.approx(1.1)
    assert statistics.largest_ratio(np.array([2.0, np.nan, 1.9]), bound) == inf
