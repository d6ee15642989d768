"""Advice: facts that a few values give against the truth, and the race by hand."""

from functools import partial
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

import zobench as zo
from zobench.advising import advice, race
from zobench.advising.probe import probe
from zobench.experiments.advice import page
from zobench.host import OnError
from zobench.problems.black_boxes import black_box

ROOT = Path(__file__).parents[2]
SPECTRA = {
    "flat": np.ones(64),
    "harmonic": 1 / np.arange(1, 65),
    "one large": np.r_[1.0, np.full(63, 0.01)],
    "two coordinates": np.array([1.0, 0.1]),
}


class Counted:
    """A quadratic that counts its calls, with noise."""

    def __init__(self, spectrum, sigma=0.0):
        self.spectrum, self.sigma, self.calls, self.random = spectrum, sigma, 0, np.random.default_rng(0)

    def __call__(self, x):
        self.calls += 1
        return 0.5 * float(self.spectrum @ np.square(x)) + self.sigma * self.random.standard_normal() * (self.sigma > 0)


@pytest.mark.parametrize("sigma", [0.0, 1e-2])
@pytest.mark.parametrize("name", SPECTRA)
def test_the_intervals_of_a_probe_hold_the_truth_about_as_often_as_they_say(name, sigma):
    spectrum, held = SPECTRA[name], np.zeros(3)
    x0, trials = np.full(spectrum.size, 3.0), 40
    truth = np.linalg.norm(spectrum * x0), spectrum.sum(), spectrum.sum() ** 2 / np.square(spectrum).sum()
    for seed in range(trials):
        f = Counted(spectrum, sigma)
        found = probe(f, x0, seed)
        slack = 1e-3 if sigma == 0 else 0.0  # of truncation and rounding, where nothing else is wrong
        estimates = found.slope, found.trace, found.rank
        held += [
            one.low * (1 - slack) <= true <= one.high * (1 + slack) for one, true in zip(estimates, truth, strict=True)
        ]
        assert found.calls == f.calls <= 94
        assert found.repeats == (sigma == 0)
    assert (held / trials >= 0.75).all(), held  # 95 % are meant; sixteen directions give 83 to 100


def test_noise_is_told_from_values_at_one_point():
    found = [probe(Counted(np.ones(8), 0.1), np.ones(8), seed).noise for seed in range(20)]
    assert np.median(found) == pytest.approx(0.1, rel=0.3)


def test_two_point_descent_has_the_best_step_of_its_trace():
    spectrum = SPECTRA["harmonic"]
    steps = [race.two_point_step(probe(Counted(spectrum), np.ones(64), seed)) for seed in range(10)]
    best = 66 / (64 * (spectrum.sum() + 2))  # (n + 2)/(n (tr H + 2L))
    assert 0.5 * best < np.median(steps) < 2 * best


def test_a_race_places_methods_by_the_values_they_took():
    f, x0 = Counted(np.ones(6)), np.full(6, 2.0)
    facts = probe(f, x0)
    entries = race.race(f, x0, facts, 60, 1e-3)
    low = min(entry.shown for entry in entries)
    level = low + 1e-3 * (facts.value - low)
    for entry in entries:
        under = np.flatnonzero(entry.values <= level)
        assert entry.reached == (under[0] + 1 if under.size else np.inf)
        assert len(entry.values) <= 60
        assert entry.lowest == entry.values.min() == pytest.approx(0.5 * entry.x @ entry.x)
    assert [entry.reached for entry in entries] == sorted(entry.reached for entry in entries)


@pytest.mark.parametrize("sigma", [0.0, 0.05])
def test_a_black_box_is_asked_no_more_than_was_said(sigma):
    f = Counted(np.linspace(1, 4, 5), sigma)
    problem = black_box(f, [2.0] * 5)
    begun = f.calls
    found = zo.advise(problem, calls=500)
    assert found.calls == f.calls - begun <= 500
    assert isfinite(found.best.reached) and found.best.name == found.columns()["method"][0]
    said = repr(found)
    assert "a black box has no gradient" in said and f"Take {found.best.name}" in said
    assert ("The same x gives other values" in said) == (sigma > 0)


def test_differences_in_a_race_suit_the_noise():
    """L-BFGS with scipy's step stays at 180 and more of 230; the level is no nearer than the noise lets one tell."""
    w = np.geomspace(1, 100, 20)
    f = Counted(w, 0.1)
    found = zo.advise(black_box(lambda x: f(x - 1), [0.0] * 20), calls=3000)
    entries = {entry.name: entry for entry in found.entries}
    for name in ("L-BFGS, differences", "BFGS, differences", "random pursuit", "two-point descent"):
        x = entries[name].x - 1
        assert 0.5 * w @ x**2 < 20 and ".eps=" in entries[name].overrides, name
    assert found.level == pytest.approx(
        min(e.shown for e in found.entries) + max(2 * found.facts.noise, 0.23), abs=0.01
    )
    assert " step=" in entries["two-point descent"].overrides


def test_a_box_is_asked_as_it_says():
    """Within its bounds, and with what it does when it fails."""
    asked = []

    def f(x):
        asked.append(x)
        if len(asked) % 40 == 0:
            raise RuntimeError("no convergence")
        return float(((x - 3) ** 2).sum())

    box = partial(black_box, f, [1.0, 1.0], lower=0.0, upper=2.0)
    on_errors: tuple[OnError, ...] = ("nan", "retry")
    for on_error in on_errors:
        asked.clear()
        found = zo.advise(box(on_error=on_error), calls=700)
        assert found.calls == len(asked) <= 700 and found.best.shown == 2.0
        assert all((x >= 0).all() and (x <= 2).all() for x in asked)
    asked[:] = [0] * 39
    with pytest.raises(ValueError, match=r"f raised RuntimeError: no convergence; at x = .*on_error=nan"):
        zo.advise(box(), calls=700)


def test_more_coordinates_than_values_are_told():
    spectrum = np.linspace(0.1, 1, 1200)
    found = zo.advise(black_box(Counted(spectrum), [1.0] * 1200), calls=900)
    assert "No gradient by differences fits into" in repr(found) and found.calls <= 900


def test_with_a_gradient_the_same_level_is_reached():
    problem = zo.problems.quadratic(12)
    found = zo.advise(problem, calls=900)
    assert 1 < found.gradient.price < 5 and found.gradient.reached < found.best.reached
    assert f"worth {found.gradient.reached * found.gradient.price:.0f} values" in repr(found)


def test_the_same_seed_gives_the_same_advice_and_another_need_not():
    first, second = (zo.advise(zo.problems.landscape("rosenbrock", 3), calls=500, seed=5) for _ in range(2))
    assert repr(first).splitlines()[1:] == repr(second).splitlines()[1:]  # but for the seconds of a value


@pytest.mark.parametrize(
    ("options", "said"),
    [({"calls": 10}, "needs at least"), ({"target": 2.0}, "between 0 and 1"), ({"calls": 400.0}, "needs at least")],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        zo.advise(zo.problems.quadratic(4), **options)


def test_how_sure_an_advice_is_stands_in_the_committed_table():
    with (ROOT / "reports/advice/table.csv").open() as file:
        header, *lines = file.read().splitlines()
    kept = ["target", "length", "problems", "right", "low", "high"]
    columns = header.split(",")
    races = [line.split(",") for line in lines if line.split(",")[columns.index("choice")] == "race"]
    wanted = [",".join(line[columns.index(name)] for name in kept) for line in races]
    file = ROOT / "zobench/advising" / advice.HELD_OUT
    assert file.read_text().splitlines() == [",".join(kept), *wanted], "zobench/advising/held_out.csv: make it again"


def test_the_page_counts_by_hand():
    lowest = np.full((2, 1, 300), 10.0)
    lowest[0, 0, 4:] = 5.0  # a is ahead at first
    lowest[1, 0, 40:] = 0.0  # b alone gets there
    function = page.Function("made", 2, 10.0, ("a", "b"), lowest)
    (short,), (long,) = (page.choices([function], 1e-2, length) for length in (5, 20))
    assert (short.chosen, short.loss, long.chosen, long.loss) == ("a", np.inf, "b", 1.0)
    assert long.values == {"a": np.inf, "b": 41.0}
    assert page.share([True] * 3 + [False])[:3] == pytest.approx((0.75, 0.194, 0.994), abs=1e-3)
    assert page.each(page.DEFAULT, 2) == 100 and page.each(page.DEFAULT, 20) == 210


@pytest.mark.slow
def test_beyond_a_thousand_coordinates_the_hessian_predicts_the_slowdown():
    """r of a quadratic of n = 1500 by products; nothing that needs n² numbers or n values is begun."""
    problem = zo.problems.quadratic(1500, spectrum="fixed_rank", rank=20)
    advice = zo.advise(problem, calls=500)
    assert advice.curvature and advice.curvature.rank == pytest.approx(20, rel=0.3)
    assert advice.curvature.largest == pytest.approx(problem.L, rel=0.05)
    out = {entry.name: entry.left_out for entry in advice.entries if entry.left_out}
    assert out["L-BFGS, differences"].startswith("no gradient by differences fits into") and "Powell" not in out
    assert f"r + 2 = {advice.curvature.rank + 2:.3g} [" in repr(advice) and "not n = 1500" in repr(advice)
    assert zo.advise(zo.problems.landscape("rosenbrock", 3), calls=400).curvature is None
