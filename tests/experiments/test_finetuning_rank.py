"""Slowdown against curvature: the whole study on a quadratic whose spectrum is known, its page, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest

from zobench import estimators
from zobench.advising.forecast import SHARES
from zobench.experiments.finetuning_rank import minibatches, page, study
from zobench.report import claims
from zobench.store import Record
from zobench.types import Problem

TIMES = {"text": "jax", "sequences": 4, "length": 8, "steps": 4, "probes": 4, "runs": 2, "seed": 0}


def quadratic():
    """Half of 200 eigenvalues are 1, half 0.2: tr H = 120, r + 2 = 122 where n = 200."""
    h = jnp.asarray(np.repeat([1.0, 0.2], 100), jnp.float32)
    return Problem(f=lambda x: 0.5 * jnp.sum(h * x**2), x0=np.ones(200))


def named(record, case):
    """The same record under another case's name."""
    return record._replace(meta={**record.meta, "config": {"study": {"case": case, **TIMES}}})


def found(case="norms"):
    """A record of the study of the quadratic, under the name of a case."""
    arrays, about = study.measured(quadratic(), 4, 8, 2, 0)
    return Record(arrays=arrays, meta={**about, "config": {"study": {"case": case, **TIMES}}})


@pytest.mark.slow
def test_on_a_quadratic_the_spectrum_says_the_slowdown(monkeypatch):
    """By the steps of the rule r + 2 times 0.9 to 2.5, at each loss: half of what a step gains is lost to its noise.

    The trace is exact, as signs have no error on a diagonal Hessian.
    """
    monkeypatch.setattr(study, "LONGEST", 5)
    record = found()
    assert record.meta["L"] == pytest.approx(1, rel=1e-4) and record.meta["T"] == pytest.approx(120, rel=1e-4)
    assert page.rank(record, 0) == pytest.approx(122, rel=1e-3) == page.stepped(record) / record.meta["gd_step"]
    for i in range(len(SHARES)):
        assert 0.9 < page.slowdown(record, i, ruled=True).value / record.meta["r_plus_2"] < 2.5
    assert page.best(record) == 0 and page.held(record) == []
    assert len(page.curvature([record])) == 5 + len(record.arrays["multiples"])
    assert all(0.6 < page.over_told(record, i).value < 1.6 for i in range(len(SHARES)))
    hits = record.arrays["two_point"].copy()
    hits[0, :, -1], hits[1, :, -1] = np.inf, 2000
    record = record._replace(arrays={**record.arrays, "two_point": hits})
    assert page.held(record) == [pytest.approx(120 / 122 / 2, rel=1e-3)]
    others = ["last norm", "random weights of width 16", "random weights of width 64"]
    few = record._replace(arrays={**record.arrays, "sampled_gd": np.ones((3, 3)), "squares": np.ones(3)})
    measured = page.measures([record, *(named(record, case) for case in others), named(few, study.FEW)])
    assert all(check.quantity in measured for claim in claims.of("finetuning_rank") for check in claim.checks)


@pytest.mark.slow
def test_both_methods_have_the_minibatches_and_the_forecast_has_none():
    """Of samples that are all 0.6 f both do what they do on f by 0.6 times the step, and what is told stays."""
    whole = quadratic()
    arrays, about = study.measured(whole._replace(F=lambda x, key: 0.6 * whole.f(x)), 4, 8, 2, 0)
    record = named(Record(arrays=arrays, meta=about), study.FEW)
    every = found()
    assert (arrays["told"] == every.arrays["told"]).all() and (arrays["gd"] == every.arrays["gd"]).all()
    k = np.arange(200)
    h, steps = np.repeat([1.0, 0.2], 100), 0.6 * about["gd_step"] * 0.5 ** np.arange(study.TRIES)
    exact = [study.met(k, (h / 2) @ (1 - step * h[:, None]) ** (2 * k), arrays["losses"]) for step in steps]
    fastest = min(exact, key=lambda times: times[-1])
    np.testing.assert_allclose(arrays["sampled_gd"], np.tile(fastest, (study.SAMPLED, 1)), rtol=1e-3)
    go = study.runner(whole._replace(x0=jnp.ones(200, jnp.float32)), estimators.two_point("rademacher"))
    longest = study.LONGEST * arrays["gd"][-1] * about["gd_step"] / about["rule"]
    same = study.halved(go, 0.6 * about["rule"], arrays["losses"], longest, 2, 0)["hits"]
    np.testing.assert_allclose(arrays["two_point"], same, rtol=1e-3)
    rows = [len(page.rows(found)) + len(page.curvature(found)) for found in ([every, record], [every])]
    assert rows[0] == rows[1]
    np.testing.assert_allclose(arrays["squares"], 0.36, rtol=1e-5)
    few = minibatches.minibatches([every, record])
    for line, i in zip(few, range(len(SHARES)), strict=True):
        slower = np.median(arrays["two_point"][page.best(record), :, i]) / arrays["sampled_gd"][0, i]
        assert line["slowdown"] == pytest.approx(slower)
        assert line["over_all"] == pytest.approx(slower / page.slowdown(every, i).value)
    measured = page.measures([every, record])
    assert measured["slowdown with 4 of 8 sequences over that with all: largest"].value == max(
        line["over_all"] for line in few
    )


def test_times_are_read_between_records():
    run = study.Run(np.array([0, 2, 4]), np.array([5.0, 4.0, 1.0]), [], None)
    assert study.times(run, [4.5, 4.0, 2.5, 0.5]).tolist() == [1, 2, 3, np.inf]


def test_a_run_stands_where_its_second_half_gains_nothing():
    k, falls = np.array([0, 100, 199, 200, 400]), [5.0, 4.0, 3.0, 2.5, 2.0]
    assert not study.stands(k, falls) and study.stands(k, [*falls[:4], 2.6])
    assert not study.stands(k[:3], [5.0, 4.0, 4.5])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"case": "none"}, "case=none: there are last norm; "), ({"steps": 1}, "steps=1"), ({"runs": 1}, "runs=1")],
)
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        study.finetuning_rank(**{"case": "norms", **TIMES, **change})
