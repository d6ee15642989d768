"""experiment=tuning: the winner and the range of good steps of made-up responses, and verdicts that follow them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import files as made_files
from made import made

from zobench.experiments.tuning import page as tuning
from zobench.report import claims, files, page

MULTIPLES = np.array([1, 2, 4, 8, 0.5, 0.25])  # in the order in which they are tried
METRICS = ("gap", "distance")
QUADRATIC = {"_target_": "zobench.problems.quadratics.quadratic", "spectrum": "two_level", "dim": 8}


def response(folder, times, *, estimator="two_point", calls=2, multiples=MULTIPLES, **about):
    """A tuned cell: median hitting times by multiple, three held-out seeds and four reported ones."""
    hits = np.asarray(times, float)[:, None] * [0.9, 1, 1.1]
    best = float(multiples[np.argmin(times)])
    about = {"tuning": {"best": best, "calls": 1000.0}, **about}
    arrays = {
        "tuning/multiples": multiples,
        "tuning/hits": hits,
        "tuning/outcome": np.where(np.isfinite(hits), "reached", "diverged"),
        "tuned/hits": np.array([90.0, 100, 110, 120]),
        "tuned/outcome": np.full(4, "reached"),
        "tuned/k": np.arange(0, 200, 10),
        **{f"tuned/{name}": np.ones((4, 20)) for name in METRICS},
    }
    about = {"metric": "distance", "n": 8, "step": best / 8, "target": 0.01, **about}
    return made(folder, QUADRATIC, arrays=arrays, estimator=estimator, calls=calls, **about)


def test_the_winner_its_range_and_its_test_on_fresh_seeds(tmp_path):
    (each,) = tuning.read([response(tmp_path, [400, 200, 150, np.inf, 800, np.inf])])
    assert list(each.multiples) == sorted(MULTIPLES)
    assert (each.best, each.good, each.theory, each.bracketed) == (4, (2, 4), 400, True)
    assert each.step == pytest.approx(1 / 8)
    assert each.width.value == 2 and each.tested.value == 105
    assert list(each.diverged) == [1, 0, 0, 0, 0, 1]
    line = tuning.winner(each)
    assert (line["best_step"], line["good_step_low"], line["good_step_high"]) == (0.5, 0.25, 0.5)
    assert (line["calls"], line["bracketed"]) == (210, "yes")


TIME = st.one_of(st.integers(1, 100).map(float), st.just(np.inf))


@given(st.lists(TIME, min_size=1, max_size=9))
def test_good_multiples_are_the_unbroken_run_around_the_best(times):
    multiples, best = 2.0 ** np.arange(len(times)), int(np.argmin(times))
    low, high = tuning._good(multiples, np.array(times))
    if times[best] == np.inf:
        assert np.isnan([low, high]).all()
        return
    first = last = best
    while first > 0 and times[first - 1] <= 2 * times[best]:
        first -= 1
    while last < len(times) - 1 and times[last + 1] <= 2 * times[best]:
        last += 1
    assert (low, high) == (multiples[first], multiples[last])


def test_files_tell_the_same_story_and_nothing_that_arrived_is_left_empty(tmp_path):
    paths = [
        response(tmp_path / "runs", [60, 30, np.inf, np.inf, 120, 240], estimator="autodiff", calls=1),
        response(tmp_path / "runs", [np.inf] * 6, estimator="finite_difference", calls=9),
    ]
    page.write("tuning", paths, tmp_path / "page")
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names == (made_files(tuning.EXPERIMENT))
    winners = {line["method"]: line for line in files.read_csv(tmp_path / "page" / "winners.csv")}
    assert winners["gradient descent"]["best_multiple"] == "2"
    assert winners["difference descent"]["best_multiple"] == ""
    surface = files.read_csv(tmp_path / "page" / "surface.csv")
    assert len(surface) == 12 and sum(line["iterations"] == "inf" for line in surface) == 8
    (table,) = page.summary("tuning", tmp_path / "page")
    assert [line[1] for line in table.lines] == ["gradient descent", "difference descent"]


def test_a_changed_record_changes_the_verdict(tmp_path):
    def verdict(times, folder):
        measures = page.measured("tuning", [response(folder, times, estimator="autodiff", calls=1)])
        quantity = "strongly convex, gradient descent: largest multiple that arrives"
        (check,) = (c for claim in claims.of("tuning") for c in claim.checks if c.quantity == quantity)
        return check.verdict(measures[check.quantity])

    assert verdict([60, 30, np.inf, np.inf, 120, 240], tmp_path / "theory") == "holds"
    assert verdict([60, 30, 20, np.inf, 120, 240], tmp_path / "beyond") == "refuted"


def test_what_the_claims_ask_for_is_measured_of_all_methods_on_both_classes(tmp_path):
    momentum = {"_target_": "optax.sgd", "momentum": 0.9}
    methods: tuple[dict[str, Any], ...] = (
        {"estimator": "autodiff"},
        {"estimator": "two_point"},
        {"optimizer": momentum},
    )
    paths = [response(tmp_path, [6, 3, 9, 9, 12, 24], metric=metric, **own) for metric in METRICS for own in methods]
    asked = {check.quantity for claim in claims.of("tuning") for check in claim.checks}
    assert asked <= page.measured("tuning", paths).keys()
    with pytest.raises(ValueError, match="no cell of this experiment was tuned"):
        page.measured("tuning", [])
