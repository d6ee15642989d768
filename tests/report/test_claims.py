"""The rule of verdicts, what claims need, and that every claim of the lectures is quoted."""

import os
from pathlib import Path

import numpy as np
import pytest

from zobench.command import compose
from zobench.report import board, claims, needed
from zobench.report.claims import Check
from zobench.statistics import Estimate

DRAWS = np.ones(3)  # an interval of samples; 20 runs


def sampled(value, low, high, runs=20):
    return Estimate(value, low, high, DRAWS, runs=runs)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (sampled(1.0, 0.96, 1.04), "holds"),
        (sampled(1.0, 0.94, 1.04), "undecided"),  # the value is in the range, its interval is not
        (sampled(1.08, 1.04, 1.12), "undecided"),
        (sampled(1.2, 1.1, 1.3), "refuted"),
        (Estimate(1.0), "holds"),  # counted
        (Estimate(1.06), "refuted"),
        (Estimate(np.nan), "not measured"),
        (None, "not measured"),
    ],
)
def test_one_rule_for_every_check(measured, verdict):
    assert Check("slope", 0.95, 1.05).verdict(measured) == verdict


def test_one_of_many_checks_is_not_refuted_by_chance():
    near = sampled(1.12, 1.06, 1.18)
    check = Check("slope", 0.95, 1.05)
    assert (check.verdict(near), check.verdict(near, family=30)) == ("refuted", "undecided")
    assert check.verdict(sampled(1.0, 0.96, 1.04), family=30) == "holds"
    chosen = Estimate(1.12, 1.06, 1.18)  # a range over windows is no sample
    assert check.verdict(chosen, family=30) == "refuted"


def test_a_family_of_correct_runs_is_hardly_ever_refuted():
    """30 means of 20 normal numbers against their true mean: one in twenty such pages at most."""
    rng, check, refuted = np.random.default_rng(0), Check("mean", 0.0, 0.0), 0
    for _ in range(200):
        x = rng.standard_normal((30, 20))
        half = 2.093 * x.std(axis=1, ddof=1) / 20**0.5
        page = [sampled(m, m - h, m + h) for m, h in zip(x.mean(axis=1), half, strict=True)]
        refuted += any(check.verdict(one, family=30) == "refuted" for one in page)
    assert refuted / 200 <= 0.09


def test_a_claim_is_what_all_its_checks_say():
    claim = claims.of("directions")[1]
    one, other = (check.quantity for check in claim.checks)
    assert claim.verdict({one: Estimate(1.0), other: Estimate(1.0)}) == "holds"
    assert claim.verdict({one: Estimate(1.0)}) == "not measured"
    assert claim.verdict({one: Estimate(1.0), other: Estimate(2.0)}) == "refuted"
    assert claim.verdict({one: sampled(1.0, 0.9, 1.1), other: Estimate(1.0)}) == "undecided"


def test_sizes_are_the_largest_of_what_ended_well():
    small = {"status": "ok", "n": 8, "config": {"seeds": 4, "study": {"depths": [4, 64]}, "problem": {"cities": "usa"}}}
    large = {"status": "ok", "n": 16, "config": {"seeds": 20, "study": {"depths": []}, "problem": {"cities": "europe"}}}
    found = needed.sizes([small, large, {"status": "failed", "n": 512, "config": {"seeds": 99}}])
    assert (found["n"], found["dimensions"], found["cells"], found["seeds"]) == (16, 2, 2, 20)
    assert (found["study.depths"], found["kinds(problem.cities)"]) == (64, 2)
    assert needed.lacking({"n": 16, "seeds": 20}, found) == ""
    assert needed.lacking({"n": 32, "study.none": 1}, found) == "needs n >= 32 (here 16), study.none >= 1 (here 0)"


def planned(arguments):
    """Sizes of the cells that a command would run, as their records would say."""
    with compose.session():
        overrides = compose.parse(arguments)
        cells = compose.cells(overrides, compose.shared(overrides))
    return needed.sizes({"status": "ok", "n": size(cell.config), "config": cell.config} for cell in cells)


def size(config):
    problem = config.get("problem", {})
    own = config["study"].get("dim") if "study" in config and config["study"].get("dim") else None
    return own or problem.get("dim") or (problem.get("points") or 0) * problem.get("embedding", 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", claims.experiments())
def test_a_full_experiment_judges_and_its_quick_variant_does_not(name):
    """Toy sizes print no verdict; exact identities need no size."""
    needs = claims.needs(name)
    assert needed.lacking(needs, planned([f"experiment={name}"])) == ""
    assert bool(needed.lacking(needs, planned([f"experiment=quick/{name}"]))) == bool(needs)


def test_every_claim_of_the_lectures_is_quoted_and_no_row_of_ours_has_a_number_and_goes_beyond():
    stated = board.statements()
    assert all(statement.quotation for statement in stated)
    assert sum(statement.quotation.startswith("(") for statement in stated) <= 3  # pages and a figure
    numbers = {statement.number for statement in stated}
    for name in claims.experiments():
        for claim in claims.of(name):
            assert claim.beyond is None or claim.beyond in numbers
            assert claim.expected in claims.VERDICTS


@pytest.mark.skipif("ZOBENCH_LECTURES" not in os.environ, reason="ZOBENCH_LECTURES names the folder of the lectures")
def test_quotations_stand_in_the_lectures():
    folder = Path(os.environ["ZOBENCH_LECTURES"])
    texts = {path.name[:3]: " ".join(path.read_text().split()) for path in folder.glob("*.txt")}
    for statement in (one for one in board.statements() if one.lecture and not one.quotation.startswith("(")):
        words = " ".join(statement.quotation.split())
        assert words in texts[statement.lecture[:3]], statement.number


def test_a_claim_that_cannot_be_read_is_named(monkeypatch):
    entry = {"statement": "both", "number": 1, "beyond": 2, "checks": [], "expected": "holds"}
    monkeypatch.setattr(claims, "_read", lambda name: {"claims": [entry]})
    with pytest.raises(ValueError, match=r"x/claims.yaml: 'both': a claim of the lectures, or beyond one"):
        claims.of("x")
