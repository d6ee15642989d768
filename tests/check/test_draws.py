"""check_draws: what is built in passes, and each way to misuse a key, a pair, a factor or a large n is caught."""

from typing import Any

import jax.numpy as jnp
import pytest
from verdicts import BIASED, TWO_POINT, built_in, changed, failures, keyed, of

from zobench import estimators
from zobench.check import checks, targets
from zobench.check import draws as module
from zobench.check.draws import check_draws
from zobench.check.verdict import Verdict


@pytest.fixture
def quick(monkeypatch):
    """Fewer samples, one large n."""
    monkeypatch.setattr(module, "WORK", 1_000_000)
    monkeypatch.setattr(module, "MANY", 8_192)
    monkeypatch.setattr(module, "LARGE", {201: 1000})


@pytest.mark.slow
@pytest.mark.parametrize("name", built_in("estimator"))
def test_a_built_in_estimator_passes(name, quick):
    estimator: Any = targets.configured([name])[0].value
    assert failures(check_draws(estimator)) == ({"small bias", "large n"} if name in BIASED else set())


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["coordinate", "rademacher"])
def test_few_directions_are_equal_by_chance_and_pass(direction, quick):
    assert not failures(check_draws(estimators.two_point(direction)))


WRONG = {
    "the seed is ignored": (keyed(lambda key: key._replace(seed=jnp.uint32(0))), "seeds and steps", "key.seed"),
    "a direction twice": (keyed(lambda key: key._replace(step=key.step // 2)), "seeds and steps", "in step k + 1"),
    "a period of 16": (keyed(lambda key: key._replace(step=key.step % 16)), "seeds and steps", "again in step k + 16"),
    "a period of 512": (keyed(lambda key: key._replace(step=key.step % 512)), "seeds and steps", "in step k + 512"),
    "seed + step": (
        keyed(lambda key: key._replace(seed=jnp.uint32(0), step=key.seed + key.step)), "seeds and steps", "mixed up",
    ),
    "pairs differ": (changed(lambda g, oracle, x: 3 * g if oracle.pair else g), "in pairs", "differs by 2 of"),
    "wrong from n = 61 on": (changed(lambda g, oracle, x: 1.3 * g if x.size > 60 else g), "large n", "n = 201: E"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_caught_by_its_property(case, quick):
    estimator, name, words = WRONG[case]
    verdict = of(check_draws(estimator), name)
    assert verdict.verdict == "fails" and words in verdict.detail


@pytest.mark.slow
def test_a_bias_of_two_percent_is_seen_and_said_where_it_could_not_be(quick, monkeypatch):
    monkeypatch.setattr(module, "WORK", 40_000_000)
    monkeypatch.setattr(module, "MANY", 400_000)
    monkeypatch.setattr(module, "LARGE", {})
    assert of(check_draws(changed(lambda g, *_: 1.02 * g)), "small bias").verdict == "fails"
    assert of(check_draws(TWO_POINT), "small bias").verdict == "passes"
    assert "would not be seen" in of(check_draws(estimators.one_point()), "small bias").detail


@pytest.mark.slow
def test_an_error_behind_a_pair_is_counted(quick):
    """One that asks a third value, where it has a pair."""
    third = changed(lambda g, oracle, x: g + 0 * oracle.value(x) if oracle.pair else g)
    verdict = of(check_draws(third), "in pairs")
    assert verdict.verdict == "fails" and "through oracle.pair Calls(value=3" in verdict.detail


def test_a_bias_that_is_intended_is_told_and_not_judged(monkeypatch):
    found = [Verdict("small bias", "fails", "E⟨G, ∇f⟩ = 0.5"), Verdict("calls", "fails", "declares 1 value")]
    monkeypatch.setattr(checks, "check_estimator", lambda thing: found)
    monkeypatch.setattr(checks, "check_draws", lambda thing: [])
    assert failures(checks._of_estimator(TWO_POINT, biased=False)) == {"small bias", "calls"}
    told = checks._of_estimator(TWO_POINT, biased=True)
    assert failures(told) == {"calls"} and of(told, "small bias").detail == "a bias is intended: E⟨G, ∇f⟩ = 0.5"
