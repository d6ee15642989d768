"""experiment=referee: planted gains are found and no others, what never arrives has none, exact ratios are right."""

from pathlib import Path

import numpy as np
import pytest
from made import files as made_files
from made import made

from zobench.experiments.referee import names, numbers, trials
from zobench.experiments.referee.page import EXPERIMENT, take
from zobench.report import page, profiles, records

SEEDS = 20
QUADRATIC = {"_target_": "zobench.problems.quadratics.quadratic", "spectrum": "isotropic", "dim": 64}
SPHERE = {"_target_": "zobench.estimators.two_point", "direction": "sphere", "q": 1, "orthogonal": False}
SPHERE |= {"quotient": "central", "eps": None, "noise": 0.0}
ADAM = {"_target_": "optax.adam"}


def ran(folder, times, *, estimator=SPHERE, calls=2, problem=QUADRATIC, tuned=True, target=1e-3, **about):
    """A cell whose runs arrive after so many iterations; tuned on five seeds that all say the same."""
    times = np.asarray(times, float)
    k = np.array([0, 10**6])
    rule = "tuned" if tuned else "own"
    arrays = {
        f"{rule}/hits": times,
        f"{rule}/k": k,
        f"{rule}/gap": np.ones((len(times), 2)),
        f"{rule}/outcome": np.where(np.isfinite(times), "reached", "budget"),
    }
    if tuned:
        arrays["tuning/hits"] = np.repeat([[100.0], [np.median(times) or 1.0]], 5, axis=1)
        arrays["tuning/multiples"] = np.array([1.0, 2.0])
        about["tuning"] = {"best": 2.0, "bracketed": False, "calls": 1000}
    asked = {"estimator": estimator, "seeds": SEEDS, "seed": 0, "step": [rule], "dtype": "float64", "tuning": {}}
    asked["stop"] = {"metric": "gap", "target": target, "relative_to": "start", "calls": None}
    about = {"n": problem["dim"], "target": target, "step": 1 / 64, **about}
    return made(folder, problem, arrays=arrays, calls=calls, asked=asked, **about)


def of(found, method):
    return next(one for one in found.ratios if one.trial.method == method)


def spread(center, rng, width=0.03):
    return np.ceil(center * np.exp(width * rng.standard_normal(SEEDS)))


def test_a_planted_gain_is_found_with_its_price_and_equal_methods_are_not_told_apart(tmp_path):
    rng = np.random.default_rng(1)
    base = spread(400, rng)
    forward = {**SPHERE, "q": 8, "quotient": "forward"}
    found = numbers.read(
        [
            ran(tmp_path, base),
            ran(tmp_path, base / 9, estimator=forward, calls=9),  # half of the values
            ran(tmp_path, spread(400, rng), optimizer=ADAM),
            ran(tmp_path, spread(440, rng), estimator={**SPHERE, "direction": "gaussian"}),
            ran(tmp_path, [np.inf] * 12 + [300] * 8, method={"_target_": "zobench.methods.three_point"}),
        ]
    )
    eight, adam, gaussian = (of(found, name) for name in ("8 averaged", "Adam", "Gaussian (MeZO)"))
    assert eight.ratio.value == pytest.approx(0.5) and eight.verdict == trials.FEWER
    assert eight.ratio.low <= 0.5 <= eight.ratio.high < 0.6
    assert adam.verdict == trials.ALIKE and adam.p > 1e-3
    assert gaussian.verdict == trials.MORE and gaussian.ratio.low <= 1.1 <= gaussian.ratio.high
    never = of(found, "three points")
    assert never.verdict == trials.NEVER and never.ratio.value == np.inf and never.trial.reached == 8
    p = [one.p for one in found.ratios]
    assert [one.p_holm for one in found.ratios] == pytest.approx(profiles.holm(p)) and max(p) <= 1


def test_a_difference_that_tuning_may_have_made_is_none(tmp_path):
    """Every seed is faster by 10 %, but the held-out seeds might have chosen a step that takes longer."""
    base = spread(400, np.random.default_rng(2))
    cell = ran(tmp_path, base)
    path = ran(tmp_path, base * 0.9, optimizer=ADAM)
    assert of(numbers.read([cell, path]), "Adam").verdict == trials.FEWER
    near = ran(tmp_path, base * 0.97, optimizer={"_target_": "optax.sign_sgd"})
    assert of(numbers.read([cell, near]), "sign of G").verdict == trials.ALIKE  # 3 % are no difference
    doubtful = np.array([[100, 130, 130, 90, 95.0], [120, 110, 110, 125, 119.0]])
    (record,) = records.load([path])
    record.arrays["tuning/hits"] = doubtful
    trial = trials.trial(record, names.case(record), "x")
    base_trial = numbers.read([cell]).trials[0]
    one = trials.judged([trials.over(trial, base_trial)])[0]
    assert one.p < 1e-4 and one.ratio.high > 1 / trials.MARGIN and one.verdict == trials.ALIKE


def test_exact_ratios_are_those_of_the_closed_form(tmp_path):
    """On L I the mean of f falls by 1 − 1/B a step at best, E‖G‖² = B‖g‖²: B = n, 1 + (n−1)/q, n + 2 (normals)."""
    forward = {**SPHERE, "q": 8, "quotient": "forward"}
    pursuit = {"_target_": "zobench.methods.random_pursuit", "eps": None}
    found = numbers.read(
        [
            ran(tmp_path, [440] * SEEDS),
            ran(tmp_path, [56] * SEEDS, estimator=forward, calls=9),
            ran(tmp_path, [440] * SEEDS, method=pursuit, calls=3, tuned=False),
            ran(tmp_path, [440] * SEEDS, estimator={**SPHERE, "direction": "gaussian"}),
        ]
    )
    one, eight, normal = (-np.log1p(-1 / B) for B in (64, 1 + 63 / 8, 66))
    assert of(found, "8 averaged").best == pytest.approx(
        9 * one / (2 * eight), rel=0.02
    )  # whole iterations, 56 of them
    assert of(found, "random pursuit").best == pytest.approx(1.5, rel=0.01)
    assert of(found, "Gaussian (MeZO)").best == pytest.approx(one / normal, rel=0.01)
    assert not of(found, "random pursuit").trial.tunes and of(found, "random pursuit").trial.bracketed
    assert not of(found, "8 averaged").trial.bracketed


def test_advice_names_the_best_of_each_kind_with_those_like_it(tmp_path):
    rng = np.random.default_rng(3)
    base = spread(400, rng)
    whole = {"_target_": "zobench.estimators.finite_difference", "quotient": "forward"}
    pursuit = {"_target_": "zobench.methods.random_pursuit", "eps": None}
    paths = [
        ran(tmp_path / "runs", base),
        ran(tmp_path / "runs", spread(398, rng), optimizer=ADAM),
        ran(tmp_path / "runs", [3.0], estimator=whole, calls=65),
        ran(tmp_path / "runs", spread(500, rng), method=pursuit, calls=3, tuned=False),
    ]
    lines = {line["kind"]: line for line in take(numbers.read(paths))}
    assert lines["any"]["take"] == "finite differences" and lines["any"]["alike"] == ""
    assert (lines["cheap"]["take"], lines["cheap"]["alike"]) == ("two-point", "Adam")
    assert lines["untuned"]["take"] == "random pursuit" and lines["untuned"]["verdict"] == trials.MORE
    page.write("referee", paths, tmp_path / "page")
    assert {path.name for path in (tmp_path / "page").iterdir()} == made_files(EXPERIMENT)
    text = (tmp_path / "page" / "table.md").read_text()
    assert "It says nothing of language models" in text and "finite differences" in text


def test_a_gain_that_is_shown_comes_before_a_smaller_median_that_is_not(tmp_path):
    rng = np.random.default_rng(4)
    doubtful = np.where(np.arange(SEEDS) < 11, 100, 900) + np.arange(SEEDS)
    paths = [
        ran(tmp_path, spread(400, rng)),
        ran(tmp_path, doubtful, optimizer=ADAM),
        ran(tmp_path, spread(200, rng), optimizer={"_target_": "optax.sign_sgd"}),
    ]
    found = numbers.read(paths)
    assert of(found, "Adam").trial.time.value < of(found, "sign of G").trial.time.value
    line = next(line for line in take(found) if line["kind"] == "any")
    assert (line["take"], line["alike"], line["verdict"]) == ("sign of G", "Adam", trials.FEWER)


def test_the_page_of_the_documentation_has_the_table_of_the_report():
    root = Path(__file__).parents[2]
    told = (root / "reports" / "referee" / "table.md").read_text().splitlines()
    lines = [line for line in (root / "docs" / "referee.md").read_text().splitlines() if line.startswith("|")]
    assert len(lines) > 10 and set(lines) <= {*told}


def test_two_point_descent_must_have_run(tmp_path):
    with pytest.raises(ValueError, match="two-point descent"):
        numbers.read([ran(tmp_path, [400.0] * SEEDS, optimizer=ADAM)])
