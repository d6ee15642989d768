"""Profiles against loops that do what the definitions say, and the page of experiment=profiles."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made import made

from zobench import store
from zobench.command import compose
from zobench.experiments.profiles.page import ends, read, times
from zobench.report import claims, contenders, page, profiles
from zobench.report.profiles import Pair

TIME = st.one_of(st.integers(1, 40).map(float), st.just(np.inf))
SHAPE = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
TIMES = SHAPE.flatmap(lambda shape: arrays(float, shape, elements=TIME))


def counted(times, limit):
    """Share of the runs of each method and problem that have arrived within limit(problem, run)."""
    methods, problems, runs = times.shape
    share = np.zeros((methods, problems))
    for m, p, r in itertools.product(range(methods), range(problems), range(runs)):
        if times[m, p, r] < np.inf and times[m, p, r] <= limit(p, r):
            share[m, p] += 1 / runs
    return share


@given(TIMES, st.lists(st.floats(1, 50), min_size=1, max_size=4))
def test_performance_profiles_are_dolan_and_mores_definition(times, ratios):
    found = profiles.performance(times, np.array(ratios))
    for i, ratio in enumerate(ratios):
        slow = counted(times, lambda p, r, ratio=ratio: ratio * min(times[m, p, r] for m in range(len(times))))
        np.testing.assert_allclose(found[..., i], slow, atol=1e-12)


@given(TIMES, st.data())
def test_data_profiles_are_more_and_wilds_definition(times, data):
    problems = times.shape[1]
    n = data.draw(arrays(int, problems, elements=st.integers(1, 12)))
    kappas = [0.5, 1.0, 3.0, 10.0]
    found = profiles.data(times, n, np.array(kappas))
    for i, kappa in enumerate(kappas):
        slow = counted(times, lambda p, r, kappa=kappa: kappa * (n[p] + 1))
        np.testing.assert_allclose(found[..., i], slow, atol=1e-12)


@given(TIMES, st.integers(1, 3), st.data())
def test_the_ecdf_counts_runs_and_targets(times, targets, data):
    many = np.stack([times * (1 + i) for i in range(targets)], axis=-1)
    n = data.draw(arrays(int, times.shape[1], elements=st.integers(1, 12)))
    found = profiles.ecdf(many, n, np.array([2.0, 5.0]))
    for i, budget in enumerate((2.0, 5.0)):
        slow = np.mean([counted(many[..., j], lambda p, r, b=budget: b * n[p]) for j in range(targets)], axis=0)
        np.testing.assert_allclose(found[..., i], slow, atol=1e-12)


VALUES = st.one_of(st.floats(0, 10), st.just(np.nan), st.just(np.inf))


@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 8)), elements=VALUES))
def test_a_hitting_time_is_the_first_call_at_or_below_the_target(curves):
    calls, targets = np.arange(1, curves.shape[1] + 1) * 3, np.array([5.0, 0.5])
    found = profiles.hitting_times(calls, curves, targets)
    for run, curve in enumerate(curves):
        for j, target in enumerate(targets):
            first = next((float(c) for c, value in zip(calls, curve, strict=True) if value <= target), np.inf)
            assert found[run, j] == first


def test_a_profile_is_the_mean_over_problems_and_its_band_that_of_resampled_problems():
    rng = np.random.default_rng(0)
    shares = (rng.random((2, 12, 3)) < [0.2, 0.5, 0.9]).astype(float)
    found = profiles.profile(shares)
    np.testing.assert_allclose(found.value, shares.mean(axis=1))
    assert (found.low <= found.value).all() and (found.value <= found.high).all()
    means = [shares[:, rng.integers(12, size=12)].mean(axis=1) for _ in range(4000)]
    low, high = np.quantile(means, [0.0116, 0.9884], axis=0)  # the percentiles for a sample of 12
    np.testing.assert_allclose([found.low, found.high], [low, high], atol=0.09)
    alone = profiles.profile(shares[:, :1])
    assert np.isnan(alone.low).all() and np.isnan(alone.high).all()


def test_the_band_covers_the_true_share():
    rng, covered = np.random.default_rng(1), 0
    for i in range(200):
        band = profiles.profile((rng.random((1, 20, 1)) < 0.5).astype(float), seed=i)
        covered += bool(band.low[0, 0] <= 0.5 <= band.high[0, 0])
    assert covered >= 184  # 95 % of 200, less two standard errors


def test_the_area_is_the_mean_over_the_logarithm():
    shares = profiles.Profile(np.array([[0.0, 1.0, 1.0], [1, 1, 1]]), np.empty(0), np.empty(0))
    np.testing.assert_allclose(profiles.area(shares, np.array([1.0, 10.0, 100.0])), [0.75, 1])


def test_the_sign_test_takes_a_censored_time_as_the_latest():
    first, second = np.array([1, 2, np.inf, 3, 5.0]), np.array([2, np.inf, np.inf, 3, 4.0])
    assert profiles.compare(first, second) == Pair(2, 1, 2, 1.0)
    assert profiles.compare(np.arange(8.0), np.full(8, np.inf)).p == pytest.approx(2 / 2**8)
    assert profiles.compare(first[2:3], second[2:3]) == Pair(0, 0, 1, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_definition(p):
    found = profiles.holm(p)
    for i in range(len(p)):
        before = [j for j in range(len(p)) if (p[j], j) <= (p[i], i)]
        slow = max(min(1, p[j] * sum((p[k], k) >= (p[j], j) for k in range(len(p)))) for j in before)
        assert found[i] == pytest.approx(slow)


def solved(problem, curves, folder, **about):
    """A record of one instance; curves by step, [runs, points] after 0, 1, ... steps."""
    arrays = {}
    for rule, curve in curves.items():
        curve = np.asarray(curve, float)
        found = {"k": np.arange(curve.shape[1]), "gap": curve, "hits": np.full(len(curve), np.inf)}
        arrays |= {f"{rule}/{name}": array for name, array in found.items()}
    instance = {"_target_": "zobench.problems.more_wild_set.more_wild", "instance": problem}
    return made(folder, instance, arrays=arrays, budget=40, delta=about.pop("delta", 10.0), n=3, target=0.0, **about)


COBYQA = {"_target_": "zobench.solvers.scipy", "algorithm": "COBYQA", "gradient": "none"}


def test_times_are_calls_to_the_least_value_of_all_methods_and_all_steps_are_paid_for(tmp_path):
    paths = [
        solved(1, {"own": [[10, 6, 2, 1]]}, tmp_path, method=COBYQA, calls=1),
        solved(1, {"0.1": [[10, 8, 5, 5], [10, 9, 9, np.nan]], "1.0": [[10, 5, 11, 2], [10, 12, 99, 99]]}, tmp_path),
        solved(2, {"own": [[10, 6, 2, 1]]}, tmp_path, method=COBYQA, calls=1),  # the other was not run on it
        solved(3, {"own": [[10, 10, 10, 0]]}, tmp_path, method=COBYQA, calls=1),
        solved(3, {}, tmp_path, status="failed"),
    ]
    runs = read(paths[::-1])
    assert runs.methods == ["COBYQA", "two-point descent"] and runs.problems == [1, 3] and runs.dropped == 1
    assert (runs.budget, runs.runs, list(runs.n)) == (40, 2, [3, 3])
    found = times(runs, np.array([0.5, 0.25]))  # of problem 1: f <= 1 + 0.5 * 9 and 1 + 0.25 * 9
    np.testing.assert_array_equal(found[0, 0], [[2, 2], [2, 2]])
    np.testing.assert_array_equal(found[1, 0], [[1 * 2 * 2, 3 * 2 * 2], [np.inf, np.inf]])
    np.testing.assert_array_equal(found[:, 1, 0], [[3, 3], [np.inf, np.inf]])
    last, start = ends(runs)
    np.testing.assert_array_equal(last, [[[1, 1], [0, 0]], [[2, 9], [np.nan, np.nan]]])
    few, _ = ends(runs._replace(budget=8))  # two steps of four calls each
    np.testing.assert_array_equal(few[1, 0], [5, 9])
    assert list(start) == [10, 10]


def test_a_changed_record_changes_the_verdict_and_too_few_leave_it_open(tmp_path):
    def verdict(good, folder):
        direct = {"_target_": "zobench.solvers.scipy", "algorithm": "Nelder-Mead", "gradient": "none"}
        paths = [
            solved(i, {"own": [[10, 5, 0 if (method is COBYQA) == good else 4]]}, folder, method=method, calls=1)
            for i in range(1, 7)
            for method in (COBYQA, direct)
        ]
        found = page.measured("profiles", paths)
        return next(c for c in claims.of("profiles") if "direct search" in c.statement).verdict(found), found

    assert verdict(True, tmp_path / "good")[0] == "holds"
    held, found = verdict(False, tmp_path / "bad")
    assert held == "refuted"
    pairs = {name.partition(":")[0] for name in found}
    assert pairs == {"COBYQA less Nelder-Mead"} and len(found) == 3
    with pytest.raises(ValueError, match="no problem that every method was run on"):
        page.measured("profiles", [])


def test_every_contender_has_a_name_and_a_look_of_its_own():
    choices = sorted(path.stem for path in Path("conf/contender").glob("*.yaml"))
    with compose.session():
        words = [f"contender={','.join(choices)}", "problem.instance=7"]
        overrides = compose.parse(["experiment=quick/profiles", *words])
        names = [contenders.base(cell.config) for cell in compose.cells(overrides, compose.shared(overrides))]
    assert len(names) == len(choices) == len(set(names)) and set(names) == set(contenders.KINDS)


def test_methods_that_differ_in_an_argument_are_two_and_problems_that_do_are_refused(tmp_path):
    curves, two = {"own": [[10, 6, 2, 1]]}, {**COBYQA, "adaptive": True}
    paths = [solved(1, curves, tmp_path, method=method, calls=1) for method in ({**COBYQA, "adaptive": False}, two)]
    assert read(paths).methods == ["COBYQA, method.adaptive=false", "COBYQA, method.adaptive=true"]
    stored = store.read(paths[0])
    assert stored
    config = stored.meta["config"]
    config = {**config, "problem": {**config["problem"], "noise": 0.1}}
    store.write(tmp_path / "noisy.npz", stored.arrays, {**stored.meta, "config": config})
    with pytest.raises(ValueError, match="run them apart"):
        read([*paths, tmp_path / "noisy.npz"])
