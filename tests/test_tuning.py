"""The search for a step: made-up responses whose best step is known, and what a record keeps of it."""

from contextlib import nullcontext
from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made import made

from zobench import statistics, tuning
from zobench.loop import Stop
from zobench.report import records, retuned
from zobench.statistics import Estimate
from zobench.tuning import penalised, search


def found(response, tries=16):
    """The multiple taken, and all that were tried."""
    tried = search(lambda a: (response(a),) if np.isfinite(response(a)) else (inf, inf, a), tries)
    assert len(tried) == len({multiple for multiple, _ in tried}) == tries
    return min(tried, key=lambda one: one[1])[0], [multiple for multiple, _ in tried]


def test_an_optimum_just_below_a_cliff_is_found():
    best, tried = found(lambda a: 1 / a if a < 2 else inf)
    assert 1.98 < best < 2 <= max(tried)
    best, _ = found(lambda a: 1 / a if a < 0.013 else inf, 20)
    assert 0.0129 < best < 0.013


@pytest.mark.parametrize("place", [1 / 300, 0.7, 1.0, 130.0])
def test_a_flat_optimum_is_bracketed_wherever_it_lies(place):
    best, tried = found(lambda a: a / place + place / a, 20)
    assert abs(np.log(best / place)) < 0.1
    assert min(tried) < best < max(tried)


def test_a_tie_is_no_improvement():
    assert found(lambda a: 7.0)[0] == 1


def test_a_step_at_which_a_few_runs_fail_is_not_the_best():
    times = np.array([[100.0] * 9, [80.0] * 5 + [inf] * 4, [inf] * 9])
    assert penalised(times, 200).tolist() == [100, (5 * 80 + 4 * 400) / 9, inf]


def record(folder, hits, best):
    tried = {"multiples": np.array([1.0, 2.0, 4.0]), "hits": hits, "outcome": np.full(hits.shape, "reached")}
    ran = {"k": np.arange(3), "hits": np.full(4, 100.0), "gap": np.ones((4, 3))}
    arrays = {f"tuning/{name}": part for name, part in tried.items()} | {f"tuned/{n}": part for n, part in ran.items()}
    problem = {"_target_": "zobench.problems.quadratics.quadratic", "dim": 8}
    return records.load([made(folder, problem, arrays=arrays, n=8, tuning={"best": best}, target=1e-3)])[0]


def test_the_interval_includes_the_tuning(tmp_path):
    """Two steps that the held-out seeds can hardly tell apart, one 20 % slower; and two that they tell apart surely."""
    rng = np.random.default_rng(0)
    base = Estimate(100.0, 95.0, 105.0, 100 + rng.standard_normal(2000), runs=20)
    near = np.array([[90.0, 100, 110, 100, 100], [130, 140, 70, 120, 140], [300] * 5])
    wide = retuned.tuned(base, record(tmp_path / "near", near, 1.0), np.random.default_rng(1))
    assert wide.value == 100 and wide.low < 90 and wide.high > 110
    far = np.array([[90.0, 100, 110, 100, 100], [200] * 5, [300] * 5])
    assert retuned.tuned(base, record(tmp_path / "far", far, 1.0), np.random.default_rng(1))[:3] == base[:3]
    one = retuned.tuned(base, record(tmp_path / "one", far[:, :1], 1.0), np.random.default_rng(1))
    assert one[:3] == base[:3]


@pytest.mark.slow
def test_the_interval_holds_the_time_at_the_best_step():
    """Tunings of a known response: a flat optimum, log-normal times, 5 held-out seeds and 20 reported ones."""
    rng, held = np.random.default_rng(0), 0
    response = lambda a: 100 * (a / 3 + 3 / a) / 2  # noqa: E731
    for trial in range(200):
        noise = np.exp(0.25 * rng.standard_normal(5))
        rows = {}

        def score(a, rows=rows, noise=noise):
            rows[a] = response(a) * noise * np.exp(0.1 * rng.standard_normal(5))
            return (float(np.mean(rows[a])),)

        tried = search(score, 12)
        best = min(tried, key=lambda one: one[1])[0]
        times = response(best) * np.exp(0.25 * rng.standard_normal(20))
        arrays = {"tuning/hits": np.array([rows[a] for a, _ in tried])}
        one = records.Record("", {"config": {}}, arrays)
        time = retuned.tuned(statistics.median(times, rng), one, np.random.default_rng(trial))
        held += time.low <= 100 <= time.high
    assert held / 200 >= 0.93


@pytest.mark.parametrize("valley", [0.3, -2.7, 5.0])
def test_what_a_search_asks_is_among_what_it_said_would_follow(valley):
    """The first is what it asks next; most of what it asks later has been said, so that few are made one by one."""
    asked, said = [], []

    def score(multiple):
        asked.append(multiple)
        return (abs(np.log2(multiple) - valley),)

    found = tuning.search(score, 12, said.append)
    assert found == tuning.search(lambda multiple: (abs(np.log2(multiple) - valley),), 12)
    assert [places[0] for places in said] == asked
    assert all(len({*places}) == min(tuning.AHEAD, 12 - i) for i, places in enumerate(said))
    made, together = set(), 0
    for places in said:
        together += places[0] not in made
        made |= {*places} if places[0] not in made else set()
    assert together <= 6


class Made(Exception):
    """Runs were asked for."""


@pytest.mark.parametrize(("cap", "anew"), [(100, False), (84, False), (80, False), (75, False), (83, True)])
def test_a_run_that_may_arrive_at_the_cap_between_two_records_is_made_anew(cap, anew, monkeypatch):
    """A run to 83 has records at 80 and 83, and the one of 200 iterations at 80 and 85, at which it has arrived."""

    def advance(*asked, **more):
        raise Made

    monkeypatch.setattr(tuning.together, "advance", advance)
    longer = {(0.1, 7): (85, tuning.Run(85.0, "reached", 0.1, 85, 1.0))}
    program: Any = SimpleNamespace(every=5 if cap != 84 else 1)
    with pytest.raises(Made) if anew else nullcontext():
        tuning._run_all(program, [0.1], [7], Stop("gap", 0.1, inf, cap), {}, longer, lambda k: None)


def test_a_run_that_was_made_for_a_larger_cap_is_cut():
    run = tuning.Run(80.0, "reached", 0.1, 80, 1.0)
    assert tuning._cut(80, run, 100) == run
    assert tuning._cut(80, run, 60)[:2] == (np.inf, "not reached") and tuning._cut(80, run, 60).iterations == 60
    lost = tuning.Run(np.inf, "diverged", np.inf, 512, 1.0)
    assert tuning._cut(40, lost, 60) == lost._replace(iterations=60)
    assert tuning._cut(70, lost, 60).outcome == "not reached"
