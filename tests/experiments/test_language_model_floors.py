"""Floors against theory on sums of quadratics, for which it is exact; the page by hand, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest

from zobench.experiments.language_model_floors import page, study
from zobench.problems.decoders import Decoder
from zobench.problems.language_model import Task
from zobench.problems.minibatch import minibatch
from zobench.report import claims
from zobench.store import Record
from zobench.types import Problem

SAMPLES, N = 32, 12
H = np.linspace(0.2, 1, N)
CENTRES = np.random.default_rng(3).standard_normal((SAMPLES, N))
ASKED = {"text": "jax", "sequences": 8, "length": 8, "batches": [2], "eps": {}, "level": 0.02, "runs": 2, "seed": 0}


def mean(x, rows=None):
    """½ (x − cᵢ)ᵀ H (x − cᵢ) over some samples."""
    c = jnp.asarray(CENTRES, x.dtype) if rows is None else jnp.asarray(CENTRES, x.dtype)[rows]
    return 0.5 * jnp.mean((x - c) ** 2 @ jnp.asarray(H, x.dtype))


def task(batch=None, common=True):
    problem = Problem(f=mean, x0=np.zeros(N), F=minibatch(mean, SAMPLES, batch, common))
    return Task(problem, mean, mean, np.zeros((SAMPLES, 2), int), np.zeros((1, 2), int), Decoder())


def record(case, rungs, runs=24):
    arrays, about = study.measured(task(), rungs, 1e-2, 400, runs, 0)
    config = {"study": {**ASKED, "case": case, "runs": runs}}
    return Record(arrays=arrays, meta={**about, "config": config})


@pytest.mark.slow
def test_minibatches_end_where_the_noise_of_their_gradients_says():
    """The floor by hand is α/4 (n + 2) tr C/b'; runs end there to 25 %, and rounding is where theory has it."""

    def rungs(bottom):
        return [2, 8], [study.minibatch(task(b).problem, bottom, b, SAMPLES, True) for b in (2, 8)]

    found = record("common minibatches", rungs)
    trace = float(np.mean((H * (CENTRES - CENTRES.mean(0))) ** 2, axis=0).sum())
    best = 1 / (H.sum() + 2 * H.max())
    share = (SAMPLES - 2) / (SAMPLES - 1) / 2
    by_hand = best / 4 * (N + 2) * trace * share / (1 - best * (H.sum() + 2 * H.max()) / 2)
    assert found.arrays["floor"][0] == pytest.approx(by_hand, rel=1e-6)
    for i in range(2):
        assert page.ratio(found, i).value == pytest.approx(1, abs=0.25)
    measured = page.measures([found])
    assert measured["floor, one sequence, common minibatches"].value == pytest.approx(by_hand, rel=0.25)
    known = {
        check.quantity.rpartition(",")[0] for claim in claims.of("language_model_floors") for check in claim.checks
    }
    assert {name.rpartition(",")[0] for name in measured if "gap over" in name} <= known
    assert [row["batch"] for row in page.rows([found])] == [2, 8]


@pytest.mark.slow
def test_rounding_of_values_is_measured_and_holds_runs_up():
    """Single precision, h so short that rounding is all there is: the gap is the theory's to a factor of 2."""

    def rungs(bottom):
        return [2e-5], [study.rounded(task().problem, bottom, "float32", 2e-5)]

    found = record("float32", rungs)
    assert found.arrays["step"][0] == found.meta["best"]
    assert 0.5 < page.ratio(found, 0).value < 2 and page.gap(found, 0).value > 1e-7


@pytest.mark.parametrize(
    ("change", "said"),
    [({"case": "none"}, "case=none: there are common minibatches; "), ({"iterations": 1}, "iterations=1")],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        study.language_model_floors(**{"case": "float32", "iterations": 9, **ASKED, **change})
