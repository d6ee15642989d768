"""check_estimator: what is built in passes, and each kind of wrong is caught by the property that it breaks."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from verdicts import BIASED, HARDLY, NO_FACTOR, TWO_POINT, built_in, changed, failures, keyed, of

from zobench import estimators
from zobench.check import estimator as module
from zobench.check import targets
from zobench.check.checks import check_estimator
from zobench.types import Calls, Moment


@pytest.fixture
def quick(monkeypatch):
    """One n, and fewer samples."""
    monkeypatch.setattr(module, "DIMENSIONS", (5,))
    monkeypatch.setattr(module, "SAMPLES", 5_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", built_in("estimator"))
def test_a_built_in_estimator_passes(name, quick):
    estimator: Any = targets.configured([name])[0].value
    verdicts = check_estimator(estimator)
    assert failures(verdicts) == ({"unbiased"} if name in BIASED - HARDLY else set()), verdicts
    without = {verdict.property for verdict in verdicts if verdict.verdict == "not declared"}
    assert without == ({"second moment", "moment matrix", "trace factor"} if name in NO_FACTOR else set())


OF_MOMENTS = {"second moment", "moment matrix"}
WRONG_ESTIMATORS = {
    "biased": (changed(lambda g, oracle, x: 0.9 * g), {"unbiased", *OF_MOMENTS}, "E G = "),
    "wrong B": (TWO_POINT._replace(second_moment=lambda n: Moment(1.3, 2)), OF_MOMENTS, "declares B = 8.5"),
    "wrong matrix": (TWO_POINT._replace(second_moment=lambda n: Moment(0, n)), {"moment matrix"}, "declared"),
    "wrong calls": (
        TWO_POINT._replace(calls=lambda n: Calls(value=1)), {"calls"}, "declares 1 value; a black box counts 2 values",
    ),
    "a value too many": (
        changed(lambda g, oracle, x: g + 0 * oracle.value(x)), {"calls"},
        "declares 2 values; a black box counts 3 values",
    ),
    "float32 only": (changed(lambda g, *_: g.astype(jnp.float32)), {"estimate"}, "float32 for a float64 x"),
    "float64 only": (changed(lambda g, *_: g.astype(jnp.float64)), {"float32"}, "float64 for a float32 x"),
    "no step in its key": (
        keyed(lambda key: key._replace(step=jnp.uint32(0))), {"deterministic", "unbiased", *OF_MOMENTS},
        "does not use key.step",
    ),
    "raises": (TWO_POINT._replace(estimate=lambda *_: 1 / 0), {"estimate"}, "raises ZeroDivisionError"),  # type: ignore
    "a scalar": (changed(lambda g, oracle, x: oracle.value(x)), {"estimate"}, "shape ()"),
    "no state": (
        TWO_POINT._replace(estimate=lambda oracle, x, draw, state: (oracle.grad(x),)), {"estimate"}, "raises",  # type: ignore
    ),
    "not finite": (changed(lambda g, oracle, x: g / 0), {"estimate"}, "not finite"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG_ESTIMATORS)
def test_a_wrong_estimator_is_caught_by_its_property(case, quick):
    estimator, expected, words = WRONG_ESTIMATORS[case]
    verdicts = check_estimator(estimator)
    assert failures(verdicts) == expected, verdicts
    assert words in str(verdicts)


@pytest.mark.slow
def test_all_dimensions_are_tried():
    verdicts = check_estimator(TWO_POINT)
    assert not failures(verdicts) and "at n = 2, 20000 at n = 10, 20000 at n = 50" in of(verdicts, "estimate").detail


@pytest.mark.slow
def test_random_numbers_that_python_draws_are_caught(quick):
    random = np.random.default_rng(0)
    drawn = keyed(lambda key: key._replace(seed=jnp.uint32(random.integers(2**31))))
    verdict = of(check_estimator(drawn), "deterministic")
    assert verdict.verdict == "fails" and "randomness comes from draw" in verdict.detail


def test_a_large_eps_is_no_way_past_the_check(quick):
    one_sided = estimators.two_point("coordinate", quotient="forward", eps=0.5)
    assert not failures(check_estimator(one_sided))
    wrong = one_sided._replace(second_moment=lambda n: Moment(0, 0, 1.3 * n))
    assert failures(check_estimator(wrong)) == {"second moment", "moment matrix"}


@pytest.mark.slow
def test_more_orthogonal_directions_than_a_small_n_has(quick, monkeypatch):
    monkeypatch.setattr(module, "DIMENSIONS", (2, 10))
    verdicts = check_estimator(estimators.two_point(q=3, orthogonal=True))
    assert not failures(verdicts) and "n = 2 raises ValueError: q=3" in of(verdicts, "estimate").detail
