"""What is told of two-point descent without a run of it: on a quadratic the exact recursion, and by the command."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import theory
from zobench.advising import advice, forecast
from zobench.types import Modes, Moment, Problem

ROOT = Path(__file__).parents[2]
H = np.repeat([1.0, 0.2], 100)  # tr H = 120 where n = 200


def f(x):
    return 0.5 * jnp.sum(jnp.asarray(H, x.dtype) * x**2)


@pytest.mark.slow
def test_on_a_quadratic_it_is_the_exact_recursion():
    """To 15 %, at each loss and at each step that was looked at; no step of a fine grid is more than 15 % better."""
    told = forecast.foretell(f, jnp.ones(200, jnp.float32), 4)
    modes, moment = Modes(H, np.ones(200)), Moment(1, 2)

    def exact(step):
        gap = theory.expectation(modes, moment, np.zeros(200), step, 1, 4000).gap
        return forecast.met(np.arange(gap.size), gap, told.losses)

    for step, iterations in zip(told.steps, told.told, strict=True):
        np.testing.assert_allclose(iterations, exact(step), rtol=0.15)
    finest = min(exact(step)[-1] for step in np.geomspace(0.002, 0.014, 25))
    assert told.told[told.best, -1] < 1.15 * finest and len(told.steps) > 1
    assert told.gradient[-1] == pytest.approx(4, rel=1e-3) and (np.diff(told.flow) > 0).all()
    assert told.slowdown[-1] == told.told[told.best, -1] / told.gradient[-1]


def test_where_nothing_descends_nothing_is_told():
    with pytest.raises(ValueError, match="does not descend"):
        forecast.foretell(lambda x: 0.0 * jnp.sum(x**2), jnp.ones(3, jnp.float32))


@pytest.mark.slow
def test_what_is_told_does_not_depend_on_where_f_has_its_zero():
    """Where f(x0) is negative or 0, too."""
    told = [forecast.foretell(lambda x, c=c: f(x) - c, jnp.ones(200, jnp.float32), 4) for c in (0.0, 60.0, 100.0)]
    for shifted in told[1:]:
        np.testing.assert_allclose(shifted.told, told[0].told, rtol=1e-2)
    lost = told[0]._replace(told=np.full_like(told[0].told, np.inf))
    assert lost.best == len(lost.steps) - 1
    assert "does not get to the last with any step" in advice._told(lost) and "inf" not in advice._told(lost)


def test_a_loss_that_is_met_at_once_takes_no_iterations():
    assert forecast.met(np.array([0]), np.array([1.0]), [1.0, 0.5]).tolist() == [0.0, np.inf]
    assert forecast.met(np.arange(3), np.array([4.0, 2.0, 1.0]), [3.0, 1.0]).tolist() == [0.5, 2.0]


@pytest.mark.slow
def test_advice_tells_it_beyond_a_thousand_coordinates():
    """The numbers of `foretell` itself, in single precision."""
    from zobench import advise

    large = Problem(f=lambda x: 0.5 * jnp.sum(jnp.linspace(0.1, 1, 1200, dtype=x.dtype) * x**2), x0=np.ones(1200))
    found = advise(large, calls=900)
    with jax.enable_x64(True):
        told = forecast.foretell(large.f, jnp.ones(1200, jnp.float32))
    assert found.forecast and found.forecast.slowdown.tolist() == told.slowdown.tolist()
    assert f"{told.told[told.best, -1]:.3g} of {told.steps[told.best]:.2g}" in repr(found)
    noisy = repr(found._replace(facts=found.facts._replace(repeats=False)))
    assert "{:g} to {:g} times as many as told".format(*forecast.BY_SAMPLES) in noisy
    assert "of f itself" not in repr(found)
    race = next(entry for entry in found.entries if entry.name == "two-point descent")
    best = float(told.steps[told.best])
    for step, taken in ((8 * best, f"{best:.3g}"), (best / 8, f"{best / 8:.3g}")):
        first = race._replace(overrides=f"estimator=two_point estimator.eps=1e-05 step={step:.3g}")
        taking = found._replace(entries=(first,))
        assert taking.overrides == f"estimator=two_point estimator.eps=1e-05 step={taken}"
        assert (f"go on with {taken}" in repr(taking)) == (step > best)


def test_the_factor_that_advice_says_is_that_of_the_committed_report():
    """Of all sets, those it was chosen on and the others."""
    told = json.loads((ROOT / "reports/finetuning_rank/verdicts.json").read_text())
    found = {one["quantity"]: one["measured"] for entry in told for one in entry["checks"]}
    over = [value for name, value in found.items() if name.startswith("slowdown over what was told")]
    assert len(over) == 4 and min(over) >= 1 / forecast.WITHIN and max(over) <= forecast.WITHIN
    few = [value for name, value in found.items() if name.startswith("slowdown with 4 of 8 sequences over what was")]
    assert sorted(round(value, 1) for value in few) == list(forecast.BY_SAMPLES)
