"""Fits against laws that are known, against scipy, and the coverage of their intervals."""

from math import inf, isnan

import numpy as np
import pytest
from scipy import stats

from zobench import statistics
from zobench.decay import WINDOW_POINTS, largest_ratio, log_slope, window, with_windows
from zobench.statistics import Estimate

N = [8, 16, 32, 64, 128]


def hitting_times(rng, exponent=1.0, runs=20, noise=0.3):
    return [3 * n**exponent * np.exp(noise * rng.standard_normal(runs)) for n in N]


def fit(times, seed=0):
    rng = np.random.default_rng(seed)
    return statistics.power_law(N, [statistics.median(t, rng) for t in times])


def test_a_deterministic_fit_is_ordinary_least_squares_with_the_range_over_its_parts():
    y = 3 * np.array(N) ** 0.9 * [1.02, 0.99, 1.0, 0.98, 1.01]
    ours = statistics.power_law(N, [Estimate(value) for value in y])
    x = np.log(N)
    slope, intercept, *_ = stats.linregress(x, np.log(y))
    parts = [np.polyfit(x[i:j], np.log(y[i:j]), 1)[0] for i in range(5) for j in range(i + 3, 6)]
    assert (ours.slope.value, ours.intercept) == pytest.approx((slope, intercept), rel=1e-10)
    assert (ours.slope.low, ours.slope.high) == pytest.approx((min(parts), max(parts)), rel=1e-8)
    assert isnan(ours.slope.stderr)
    assert ours.local == pytest.approx(np.diff(np.log(y)) / np.diff(x))
    exact = statistics.power_law(N, [Estimate(3 * n**0.9) for n in N])
    assert (exact.slope.low, exact.slope.high) == pytest.approx((0.9, 0.9), abs=1e-8)
    assert not exact.curved


def test_weights_and_standard_error_are_those_of_random_effects():
    """By the definition, solved on a grid: τ² such that Σ r²/(s² + τ²) is the number of degrees of freedom."""
    rng = np.random.default_rng(3)
    times = [t * f for t, f in zip(hitting_times(rng), [1.2, 0.8, 1.3, 0.7, 1.1], strict=True)]
    points = [statistics.median(t, rng) for t in times]
    x, y, own = np.log(N), np.log([p.value for p in points]), np.array([np.log(p.draws).var() for p in points])

    def fitted(tau2):
        slope, intercept = np.polyfit(x, y, 1, w=1 / np.sqrt(own + tau2))
        return slope, float(np.sum((y - intercept - slope * x) ** 2 / (own + tau2)))

    tau2 = min(np.linspace(0, 0.5, 20_001), key=lambda t: abs(fitted(t)[1] - 3))
    weight = 1 / (own + tau2)
    error = 1 / np.sqrt(weight @ (x - weight @ x / weight.sum()) ** 2)
    ours = statistics.power_law(N, points)
    assert ours.slope.value == pytest.approx(fitted(tau2)[0], abs=1e-4)
    assert ours.slope.stderr == pytest.approx(error, rel=1e-2)
    assert ours.misfit == pytest.approx(fitted(0)[1] / 3, rel=1e-6)
    assert ours.slope.high >= ours.slope.value + stats.t(3).ppf(0.975) * ours.slope.stderr


def test_interval_of_a_median_is_scipys():
    times = np.random.default_rng(1).exponential(100, 20)
    ours = statistics.median(times, np.random.default_rng(2))
    theirs = stats.bootstrap((times,), np.median, method="percentile", n_resamples=5000, rng=3)
    assert (ours.low, ours.high) == pytest.approx(theirs.confidence_interval, rel=0.2)


def coverage(law, n, *, runs, noise, misfit=0.0, grid=0.0, trials=200):
    """How often the interval holds the equal-weight slope of the law itself; how often it is called no power law."""
    n, rng = np.array(n, float), np.random.default_rng(runs)
    truth, held, curved = np.polyfit(np.log(n), np.log(law(n)), 1)[0], 0, 0
    for _ in range(trials):
        medians = law(n) * np.exp(misfit * rng.standard_normal(n.size))
        times = medians[:, None] * np.exp(np.reshape(noise, (-1, 1)) * rng.standard_normal((n.size, runs)))
        times = np.ceil(times / (grid * n[:, None])) * grid * n[:, None] if grid else times
        found = statistics.power_law(n.tolist(), [statistics.median(t, rng) for t in times])
        held, curved = held + (found.slope.low <= truth <= found.slope.high), curved + found.curved
    return held / trials, curved / trials


MANY = [8, 16, 32, 64, 128, 256, 512]
FALLING = 0.5 / np.sqrt(np.array(MANY) / 8)  # noise of a hitting time falls with the dimension


@pytest.mark.slow
@pytest.mark.parametrize("runs", [5, 20])
@pytest.mark.parametrize(
    ("law", "n", "options"),
    [
        (lambda n: 3 * n, MANY, {"noise": 0.3}),
        (lambda n: 3 * n, MANY, {"noise": FALLING}),
        (lambda n: 3 * n, N[:4], {"noise": 0.3}),
        (lambda n: 200 * (0.1 * n + 6), MANY, {"noise": FALLING}),  # curved
        (lambda n: 200 * (0.1 * n + 6), MANY, {"noise": 0.1}),
        (lambda n: 3 * n, N[:4], {"noise": 0.05, "misfit": 0.15}),  # maps
        (lambda n: 3 * n, MANY, {"noise": 0.1, "misfit": 0.03}),
        (lambda n: 8 * n, MANY, {"noise": 0.05, "grid": 0.5}),  # quantised: times are multiples of n/2
    ],
)
def test_intervals_of_an_exponent_cover(law, n, options, runs):
    assert coverage(law, n, runs=runs, **options)[0] >= 0.92


def test_the_interval_of_a_power_law_covers_and_a_curved_law_is_seen():
    held, curved = coverage(lambda n: 3 * n, N, runs=20, noise=0.3, trials=60)
    assert held >= 0.9
    assert curved <= 0.1
    held, curved = coverage(lambda n: 200 * (0.1 * n + 6), N, runs=20, noise=0.05, trials=60)
    assert held >= 0.9
    assert curved >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("parts", "runs"), [(2, 20), (7, 20), (7, 5)])
@pytest.mark.parametrize("scatter", [0.0, 0.1])
def test_intervals_of_a_mean_cover(parts, runs, scatter):
    if parts == 2 and scatter:
        pytest.skip("two parts say next to nothing of their scatter: the interval is the two of them")
    rng, held = np.random.default_rng(parts), 0
    for _ in range(200):
        each = np.exp(scatter * rng.standard_normal(parts))
        times = each[:, None] * np.exp(0.2 * rng.standard_normal((parts, runs)))
        found = statistics.geometric_mean([statistics.median(t, rng) for t in times])
        held += found.low <= 1 <= found.high
    assert held / 200 >= 0.92


def test_noisy_points_weigh_less():
    rng = np.random.default_rng(0)
    times = hitting_times(rng, noise=0.0)
    times[0] = times[0] * np.exp(2 * rng.standard_normal(20))
    assert abs(fit(times).slope.value - 1) < 0.05


def test_misfit_counts():
    """Four maps off the line by 7 to 16 %, with seeds that agree to 2 %: the interval is the misfit's."""
    rng = np.random.default_rng(0)
    off = [1.07, 0.85, 1.15, 0.84]
    times = [f * t for f, t in zip(off, hitting_times(rng, noise=0.05)[:4], strict=True)]
    found = statistics.power_law(N[:4], [statistics.median(t, rng) for t in times])
    assert found.misfit > 20
    assert found.slope.high - found.slope.low > 0.5


def test_a_window_that_says_more_than_the_seeds_explain_widens_the_interval():
    rng = np.random.default_rng(0)
    k = np.geomspace(1, 1000, 200)
    curves = np.exp(0.01 * rng.standard_normal((20, 1))) / (k + 5) * np.exp(0.01 * rng.standard_normal((20, 200)))
    early, late = (log_slope(np.log(k[i:]), curves[:, i:], np.random.default_rng(1)) for i in (0, 60))
    both = with_windows(late, [early])
    assert both.value == late.value
    assert both.high == early.value > late.high
    assert with_windows(late, [late]) == late
    fixed = with_windows(Estimate(-1.0), [Estimate(-0.98), Estimate(-1.01), Estimate(np.nan)])
    assert (fixed.low, fixed.high) == (-1.01, -0.98)


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
    inside = k[window(k, 160, 12_000, log=True)]
    assert inside[0] == 160
    assert inside[-1] == 12_000
    assert 40 <= inside.size <= WINDOW_POINTS
    assert np.ptp(np.diff(np.log(inside))) < 0.05
    assert window(k, 30_000, 40_000, log=True).size == 0


def test_slope_of_a_mean_of_curves():
    rng = np.random.default_rng(0)
    k = np.geomspace(10, 1000, 60)
    curves = np.exp(0.3 * rng.standard_normal((20, 1))) / k * np.exp(0.05 * rng.standard_normal((20, 60)))
    slope = log_slope(np.log(k), curves, np.random.default_rng(1))
    assert slope.low < -1 < slope.high
    assert slope.high - slope.low < 0.05
    assert slope.value == pytest.approx(np.polyfit(np.log(k), np.log(curves.mean(axis=0)), 1)[0])


def test_slope_of_the_running_minimum_ignores_later_rises():
    k = np.arange(1.0, 9)
    rising = np.array([[8.0, 4, 6, 2, 3, 1, 1, 1]])
    rng = np.random.default_rng(0)
    falling = log_slope(k, np.minimum.accumulate(rising, axis=1), rng)
    assert log_slope(k, rising, rng, running_min=True).value == falling.value
    assert falling.draws.size == 0


def test_curves_that_left_the_numbers_have_no_slope():
    assert isnan(log_slope(np.arange(5.0), np.full((3, 5), np.nan), np.random.default_rng(0)).value)


def test_pooled_prefers_the_certain_and_skips_the_unknown():
    rng = np.random.default_rng(0)
    sure = Estimate(1.0, draws=1 + 0.01 * rng.standard_normal(2000), runs=20)
    vague = Estimate(3.0, draws=3 + 1.0 * rng.standard_normal(2000), runs=20)
    both = statistics.pooled([sure, vague, Estimate(np.nan)])
    assert both.value == pytest.approx(1, abs=0.01)
    assert both.low < both.value < both.high
    assert isnan(statistics.pooled([]).value)


def test_a_choice_that_all_parts_share_adds_to_the_interval_of_their_mean():
    draws = 1 + 0.01 * np.random.default_rng(0).standard_normal(2000)
    low, high = statistics.interval(draws, 20)
    narrow = Estimate(1.0, low, high, draws, runs=20)
    alone, shared = (statistics.pooled([part] * 4) for part in (narrow, narrow._replace(low=low - 0.05)))
    assert alone.low - shared.low == pytest.approx(0.05)
    assert shared.high == alone.high
    fixed = statistics.pooled([Estimate(1.0, 0.9, 1.0), Estimate(1.1, 1.1, 1.1)])
    assert (fixed.low, fixed.high) == (0.9, 1.1)


def test_a_bound_that_is_crossed_is_seen():
    bound = np.array([4.0, 3, 2])
    assert largest_ratio(np.array([2.0, 2.9, 1.9]), bound) < 1
    assert largest_ratio(np.array([2.0, 3.3, 1.9]), bound) == pytest.approx(1.1)
    assert largest_ratio(np.array([2.0, np.nan, 1.9]), bound) == inf
