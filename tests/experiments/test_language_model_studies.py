"""Fine-tuning and prices of a language model: the search for a step, the pages on made records, refusals."""

import numpy as np
import pytest

from zobench.experiments.finetuning import page as finetuning_page
from zobench.experiments.finetuning import study as finetuning
from zobench.experiments.language_model_prices import page as prices_page
from zobench.experiments.language_model_prices import study as prices
from zobench.report import claims
from zobench.store import Record

ASKED = {"trained": "en", "text": "jax", "length": 8, "batch": 2, "evaluations": 100, "records": 3, "runs": 2}


def made(name, test, k, **meta):
    """A record of finetuning: the losses of two runs, alike."""
    about = {"n": 1000, "step": 0.1, "evaluations": 2.0, "price": 3.0, "value_flops": 1e6, "step_flops": 2e6}
    about |= {
        "value_bytes": 100,
        "step_bytes": 105,
        "config": {"study": {"method": name, "batch": 4, "length": 8}},
        **meta,
    }
    arrays = {"k": np.array(k), "values": np.array(k) * about["evaluations"], "test": np.array([test, test], float)}
    arrays |= {"train": np.ones(2), "tried": np.ones((2, 2)), "seconds": np.array([[1e-3] * 3, [2e-3] * 3])}
    return Record(arrays=arrays, meta=about)


def test_the_step_is_searched_until_it_is_bracketed():
    """From either side, over three factors of 3; the last of TRIES ends it where losses only fall."""
    for first in (0.03, 1.0, 30.0):
        best, tried = finetuning.tuned(lambda a: abs(np.log(a / 0.7)), first)
        assert abs(np.log(best / 0.7)) <= np.log(3) / 2 * 1.001 and min(tried) < best < max(tried)
    best, tried = finetuning.tuned(lambda a: -a, 1.0)
    assert len(tried) == finetuning.TRIES and best == max(tried)


def test_a_page_of_losses_says_what_was_paid():
    """SGD reaches the loss 4 between its records after 9 values, signs after 200: 22 times as many."""
    sgd = made("SGD", [6, 5, 3], [0, 2, 4], evaluations=3.0, step_bytes=400)
    signs, adam = made("signs", [6, 5, 4], [0, 50, 100]), made("signs with Adam", [6, 5.5, 5], [0, 50, 100])
    assert finetuning_page.reached(sgd, 4.0) == 9 and finetuning_page.reached(signs, 3.9) == np.inf
    measured = finetuning_page.measures([sgd, signs, adam])
    assert measured["values over SGD's, signs"].value == pytest.approx(200 / 9)
    assert measured["values over SGD's over n, signs"].value == pytest.approx(0.2 / 9)
    assert measured["held-out loss, best without gradients less SGD"].value == 1
    assert measured["held-out loss, signs with Adam less signs"].value == 1
    assert measured["bytes of a step over bytes of a value, signs"].value == 1.05
    line = finetuning_page.rows([sgd, signs])[1]
    assert (line["steps"], line["values_over_sgd"], line["loss"]) == (100, pytest.approx(200 / 9), 4)
    known = {f"{claim.split(',')[0]}" for claim in measured}
    for claim in claims.of("finetuning"):
        assert all(check.quantity.split(",")[0] in known for check in claim.checks)


def test_a_page_of_prices_says_the_extremes():
    arrays = {
        "flops": np.array([[1.0, 2, 3], [1, 2, 3.1]]),
        "temporary": np.array([[1.0, 1, 4], [2, 3, 24]]),
        "seconds": np.ones((2, 3, 3)) * np.array([1.0, 2, 4])[:, None],
        "batch": np.array([1, 8]),
        "step": np.array([10.0, 10.2, 11, 30, 300]),
        "step_value": np.array(10.0),
        "outside": np.full(8, np.nan),
    }
    record = Record(arrays=arrays, meta={"n": 10, "length": 16, "steps": list(prices.STEPS)})
    measured = prices_page.measures([record])
    assert measured["gradient over value, flops: largest"].value == 3.1
    assert measured["gradient over value, seconds: smallest"].value == 4
    assert measured["gradient over value, temporary: largest"].value == 12
    assert measured["temporary bytes over a value's, signs, q = 64: largest"].value == pytest.approx(1.02)
    assert not [name for name in measured if name.startswith("peak")]
    assert [row["gradient_flops"] for row in prices_page.rows([record])] == [3, 3.1]
    assert prices_page.memory([record])[4]["over_value"] == 30


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "nothing"}, "method=nothing: there are SGD"),
        ({"runs": 1}, "runs=1"),
        ({"evaluations": 9}, "evaluations=9"),
    ],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        finetuning.finetuning(**{"method": "SGD", **ASKED, "repeats": 2, "seed": 0, **change})
    with pytest.raises(ValueError, match="batches=0"):
        prices.language_model_prices(8, [], [], 1, None, 2, 0)
    with pytest.raises(ValueError, match="steps=none: there are signs, q = 1; "):
        prices.language_model_prices(8, [1], ["none"], 1, None, 2, 0)


@pytest.mark.slow
def test_a_step_that_replays_its_directions_has_the_memory_of_a_value():
    """To 1 %, signs whatever q, and normals; directions that are kept take q vectors of n numbers more."""
    pytest.importorskip("glassllm", reason="needs glassllm: pip install 'zobench[lm]'")
    from zobench.estimators import two_point

    problem = prices.made(16, 2)
    one = prices.temporary_of(prices.ways(problem)["value"], problem.x0)
    again = prices.stepped(problem, two_point("rademacher", q=64, replay=True))
    assert prices.temporary_of(again, problem.x0, True) < 1.01 * one
    normals = prices.stepped(problem, two_point("gaussian", replay=True))
    assert prices.temporary_of(normals, problem.x0, True) < 1.01 * one
    kept = prices.stepped(problem, two_point("rademacher", q=4))
    assert prices.temporary_of(kept, problem.x0, True) > one + 4 * 4 * problem.n
