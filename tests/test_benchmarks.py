"""The implementations that benchmarks/loop.py compares do the same work: their means are the exact recursion's."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from zobench import theory
from zobench.estimators import two_point

FILE = Path(__file__).parent.parent / "benchmarks" / "loop.py"
spec = importlib.util.spec_from_file_location("loop", FILE)
assert spec is not None and spec.loader is not None
loop = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loop)
STEPS, RUNS = 191, 1000


@pytest.fixture(scope="module")
def those():
    return loop.implementations()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [10, 40])  # below, and between whole blocks of the C loop
def test_mean_progress_is_the_exact_one(those, n, dtype):
    setting = loop.Setting(n, RUNS, dtype)
    with loop.precision(setting):
        problem = loop.problem_of(setting)
        ends = {each.name: each.make(problem, setting, STEPS)(3).astype(np.float64) for each in those}
    eigenvalue, moment = problem.modes.eigenvalue, two_point().second_moment(n)
    assert moment is not None
    exact = theory.expectation(problem.modes, moment, np.zeros(n), 1 / n, STEPS, 2)
    for name, x in ends.items():
        assert x.shape == (RUNS, n)
        for values, mean in (((x**2 @ eigenvalue) / 2, exact.gap[1]), ((x**2).sum(axis=1), exact.distance[1])):
            error = values.std(ddof=1) / RUNS**0.5
            assert 0 < error < 0.1 * mean, name
            assert abs(values.mean() - mean) < 5 * error, name


def test_seeds_and_runs_differ(those):
    setting = loop.Setting(40, 3, "float64")
    with loop.precision(setting):
        for each in those:
            go = each.make(loop.problem_of(setting), setting, 20)
            ends = np.concatenate([go(1), go(2)])
            assert len(np.unique(ends[:, 0])) == 6, each.name
            np.testing.assert_array_equal(go(1), ends[:3])


def test_the_report_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loop, "settings", lambda quick: [loop.Setting(10, r, d) for r in (1, 2) for d in loop.DTYPES])
    loop.main(["--quick", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {"table.md", "table.csv", "loop.png", "loop.svg"}
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert len(rows) == 4 * len(loop.implementations())
    assert all(float(row["least"]) <= float(row["microseconds"]) <= float(row["most"]) for row in rows)
    assert (tmp_path / "table.md").read_text().count("| float32, 1 run |") == 2


def test_without_a_compiler_the_kernel_is_left_out(monkeypatch):
    monkeypatch.setattr(loop.shutil, "which", lambda name: None)
    assert [each.name for each in loop.implementations()] == ["zobench", "zobench, records", "JAX, plain", "NumPy"]
