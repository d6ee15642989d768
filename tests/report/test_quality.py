"""Quality profiles, and what a table of methods says of when runs improved."""

from typing import Any

import numpy as np
import pytest
from made import made

from zobench import store
from zobench.report import method_text, profiles, records
from zobench.report.compare import page


def test_quality_profiles_are_those_of_their_definition():
    """Fasano, Piermarini & Roma's loops over a matrix of f0 and what each solver ended with, nan where it failed."""
    rng = np.random.default_rng(3)
    ends = rng.uniform(0, 1, (60, 4)) ** 3
    ends[rng.uniform(size=ends.shape) < 0.1] = np.nan
    ends[0] = [np.nan, 0.25, np.nan, np.nan]
    start, tau = 1 + rng.uniform(size=60), (np.arange(1001) / 1000) ** 5
    found = profiles.quality(ends.T[..., None], start, tau).mean(axis=1)
    for s in range(4):
        for t in range(0, 1001, 50):
            counted = 0
            for p in range(60):
                best = np.nanmin(ends[p])
                counted += not np.isnan(ends[p, s]) and ends[p, s] - best <= tau[t] * (start[p] - best) + 1e-15
            assert found[s, t] == pytest.approx(counted / 60)
    assert (found[:, 0] > 0).all() and (found[:, -1] <= 1 - np.isnan(ends).mean(axis=0) + 1e-12).all()


def test_a_table_says_when_runs_last_improved_and_counts_in_simplex_gradients(tmp_path):
    best = np.array([[1.0, 0.5, 0.4, 0.4, 0.4], [1.0, 0.5, 0.3, 0.2, 0.2], [1.0, 2.0, 3.0, 4.0, 5.0]])
    arrays = {"theory/gap": best, "theory/k": [0, 10, 20, 30, 40], "theory/hits": [20.0, 20.0, np.inf]}
    arrays["theory/outcome"] = ["reached", "reached", "not reached"]
    about: Any = {
        "n": 9,
        "calls": 3,
        "target": 0.4,
        "B": 9.0,
        "L": 1.0,
        "delta": 1.0,
        "radius2": 1.0,
        "asked": {"seeds": 3},
    }
    path = made(tmp_path, {"_target_": "zobench.problems.quadratics.quadratic", "dim": 9}, arrays=arrays, **about)
    (row,) = page.rows(page.read([path]))
    assert row["last_improvement"] == 60 and row["calls"] == 60 and row["calls_over_n1"] == 6


def test_a_paper_can_say_how_the_runs_were_made(tmp_path):
    arrays: Any = {f"{rule}/gap": [[1.0, 0.5]] for rule in ("theory", "tuned")}
    arrays |= {f"{rule}/k": [0, 1] for rule in ("theory", "tuned")}
    asked = {"seeds": 20, "seed": 5, "dtype": "float32", "tuning": {"tries": 16, "seeds": 5}}
    path = made(tmp_path, {"_target_": "zobench.problems.quadratics.quadratic"}, arrays=arrays, n=64, asked=asked)
    record = store.read(path)
    assert record
    stop = {"metric": "gap", "target": 1e-3, "relative_to": "start", "gd_iterations": 1000, "calls": 20_000}
    meta = {**record.meta, "config": {**record.meta["config"], "stop": stop}, "versions": {"jax": "0.10.2"}}
    store.write(path, record.arrays, {**meta, "machine": {"device": "cpu", "processor": "Some Chip"}})
    said = method_text.text(records.load([path]))
    for words in (
        "two-point GD was run on quadratic (n = 64)", "theory (α = 1/(LB)", "the best of 16 multiples", "on 5 seeds",
        "seeds 5 to 24", "float32", "f − f* ≤ 0.001 times its value at x0", "of 1000 with the gradient and 20,000",
        "jax 0.10.2 on cpu Some Chip",
    ):  # fmt: skip
        assert words in said
    assert "trace" not in said and method_text.text([]) == ""
    stop["target"] = [0.1, 1e-3]
    store.write(path, record.arrays, {**meta, "config": {**meta["config"], "stop": stop}})
    assert "f − f* ≤ 0.1 and 0.001 times its value at x0" in method_text.text(records.load([path]))
    store.write(path, record.arrays, {**meta, "target": -np.inf})
    open_ended = method_text.text(records.load([path]))
    assert "As f* is not known, runs had no target" in open_ended and "f − f* ≤" not in open_ended
