"""What benchmarks compare does the same work: means are the exact recursion's, and NumPy's table arrives as ours."""

import csv
import importlib
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from zobench import batches, theory
from zobench.estimators import two_point
from zobench.types import Modes

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
cells, harness, others, peers, shapes, steps, table = map(
    importlib.import_module, ("cells", "harness", "others", "peers", "shapes", "steps", "table")
)
accelerator, page, ways = map(importlib.import_module, ("accelerator", "accelerator_page", "accelerator_steps"))
kernels = importlib.import_module("accelerator_kernels")
STEPS, RUNS = 191, 400
OURS = ("zobench", "JAX, plain", "NumPy", "fused C")


@pytest.fixture(scope="module")
def those():
    return [each for each in peers.implementations() if each.name.startswith(OURS)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [10, 72])  # below, and between whole blocks of the C loop
def test_mean_progress_is_the_exact_one(those, n, dtype):
    setting = harness.Setting(n, RUNS, dtype)
    with harness.precision(setting):
        problem = steps.problem_of(setting)
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
    setting = harness.Setting(40, 3, "float64")
    with harness.precision(setting):
        for each in those:
            go = each.make(steps.problem_of(setting), setting, 20)
            ends = np.concatenate([go(1), go(2)])
            assert len(np.unique(ends[:, 0])) == 6, each.name
            np.testing.assert_array_equal(go(1), ends[:3])


@pytest.mark.slow
def test_the_report_is_written(those, tmp_path, monkeypatch, capsys):
    small = [harness.Setting(10, runs, dtype) for runs in (1, 2) for dtype in harness.DTYPES]
    monkeypatch.setattr(peers, "settings", lambda quick: small)
    monkeypatch.setattr(peers, "implementations", lambda: those)
    peers.main(["--quick", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {f"peers.{form}" for form in ("md", "csv", "png", "svg")}
    rows = list(csv.DictReader((tmp_path / "peers.csv").read_text().splitlines()))
    assert len(rows) == 4 * len(those)
    assert all(float(row["least"]) <= float(row["microseconds"]) <= float(row["most"]) for row in rows)
    assert (tmp_path / "peers.md").read_text().count("| float32, 1 run |") == 2


def test_the_page_has_what_a_user_pays_first_and_then_the_block(tmp_path):
    """Both tables are put in the place of those that are there, and nothing else is."""
    times = {"zobench": 2.0, "zobench, block": 1.0, "NumPy": 30.0}
    measured = [
        harness.Measurement(harness.Setting(n, 1, "float32"), name, 5, [n * time])
        for n in (10, 100)
        for name, time in times.items()
    ]
    tables = peers.page(measured)
    rows = [[line.split(" | ")[:2] for line in table.splitlines()[2:]] for table in tables]
    assert rows == [[["| zobench, block", "0.5"], ["| NumPy", "15"]], [["| zobench", "2"], ["| NumPy", "30"]]]
    page, before = tmp_path / "performance.md", (peers.ROOT / "docs" / "performance.md").read_text()
    page.write_text(before)
    peers.write_page(page, tables)
    after = page.read_text()
    assert after.count(peers.HEAD) == 2 and after.index(tables[0]) < after.index(tables[1])
    texts = [[line for line in text.splitlines() if not line.startswith("|")] for text in (before, after)]
    assert texts[0] == texts[1]


def test_without_a_compiler_the_kernel_is_left_out(monkeypatch):
    monkeypatch.setattr(steps.shutil, "which", lambda name: None)
    assert not [each.name for each in peers.implementations() if "fused" in each.name]


def test_numpy_makes_the_same_table():
    """All runs of a cell arrive, after as many iterations as ours."""
    for config in table.configs(["problem.dim=8", "seeds=20", "step=[theory]"]):
        assert table.numpy_cell(config) == (20 if "two_point" in config["estimator"]["_target_"] else 1)


def test_values_of_the_shapes_are_those_of_the_problem():
    setting = harness.Setting(12, 1, "float64")
    with jax.enable_x64(True):
        stress, dense = shapes.stress(setting), shapes.dense(setting)
        ends = [make(stress, setting, 40)(1) for make in (shapes.broadcast, shapes.numpy_gram)]
        ends += [shapes.numpy_dense(dense, setting, 40)(1)]
        goal = shapes._goal(stress)
        w = np.asarray(stress.x0).reshape(-1, 2)
        off = ((w[:, None] - w) ** 2).sum(-1) - goal
        assert float(stress.f(stress.x0)) == pytest.approx((off**2).sum())
        before = [float(stress.f(stress.x0))] * 2 + [float(dense.f(dense.x0))]
        after = [float(p.f(x[0])) for p, x in zip((stress, stress, dense), ends, strict=True)]
    assert all(0 < end < start for start, end in zip(before[1:], after[1:], strict=True))


PROGRAM = """
%turn (arg: (s32[], f32[4,10])) -> (s32[], f32[4,10]) {
  %arg = (s32[], f32[4,10]{1,0}) parameter(0)
  %i = s32[] get-tuple-element(%arg), index=0
  %x = f32[4,10]{1,0} get-tuple-element(%arg), index=1
  %both = (f32[4]{0}, f32[4,10]{1,0}) fusion(%x, %i), kind=kInput, calls=%made
  %sums = f32[4]{0} get-tuple-element(%both), index=0
  %w = (f32[4]{0}, f32[4,10]{1,0}) while(%both), condition=%c, body=%open
  %y = f32[4]{0} custom-call(%sums), custom_call_target="cusolver"
  ROOT %t = (s32[], f32[4,10]{1,0}) tuple(%i, %x)
}

%open (arg: (s32[])) -> (s32[]) {
  %arg.1 = (s32[]) parameter(0)
  ROOT %copy = (s32[]) copy(%arg.1)
}

ENTRY %main (p: (s32[], f32[4,10])) -> (s32[], f32[4,10]) {
  %p = (s32[], f32[4,10]{1,0}) parameter(0)
  ROOT %while = (s32[], f32[4,10]) while(%p), condition=%c, body=%turn, backend_config={"known_trip_count":{"n":"7"}}
}
"""


def test_kernels_loops_and_bytes_are_read_from_a_program():
    computations = kernels.parsed(PROGRAM)
    assert kernels.loops(computations, "ENTRY", 4) == [("turn", 7), ("open", None)]
    assert [len(each) for each in kernels.open_loops(computations, "turn")] == [1]
    made = [each for each in computations["turn"] if each.kind not in kernels.NO_KERNELS]
    assert [each.name for each in made] == ["both", "y"] and kernels.calls(made) == 1
    assert kernels.operands(made[0]) == ["x", "i"] and kernels.size_of(made[0].shape) == 4 * 4 + 4 * 40


@pytest.mark.slow
def test_cells_by_zobench_and_by_benchopt_are_the_same(tmp_path, monkeypatch, capsys):
    """They end at the same values; where benchopt is not installed, ours alone is measured."""
    monkeypatch.setattr(cells, "COUNTS", (1, 2))
    monkeypatch.setattr(cells, "KINDS", ("data",))
    cells.main(["--repeats", "1", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {f"cells.{form}" for form in ("md", "csv", "png", "svg")}
    rows = list(csv.DictReader((tmp_path / "cells.csv").read_text().splitlines()))
    names = {each.name for each in cells.harnesses()}
    assert {(row["harness"], row["cells"]) for row in rows} == {(name, count) for name in names for count in "12"}
    assert all(0 < float(row["seconds"]) <= float(row["most"]) for row in rows)
    for count in "12":
        assert len({row["mean_value_at_the_end"] for row in rows if row["cells"] == count}) == 1
    assert ("benchopt is not installed" in (tmp_path / "cells.md").read_text()) == ("benchopt" not in names)


@pytest.mark.slow
@pytest.mark.parametrize("is_wide", [False, True])
def test_what_is_timed_on_a_device_makes_the_steps_that_it_counts(monkeypatch, is_wide):
    """The mean of f behind a call is the exact one after so many steps, zobench's together and the peers'."""
    monkeypatch.setattr(ways, "MOST", 192)
    n, runs = 16, 400
    eigenvalue, problem = 2 * np.asarray(ways.problem_of(n).f.terms(np.ones(n, np.float32)), float), ways.problem_of(n)
    modes, task = Modes(eigenvalue, np.full(n, 1 / n)), ways.Task(ways.TWO, n, runs)
    done = []
    for name, way in accelerator.implementations().items():
        if name in (page.APART, page.COPY, page.GENERATOR) or (way.package and not others.installed(way.package)):
            continue  # apart one run is moved, of which there is no mean
        with batches.wide(is_wide):
            made = way.make(problem, task)
            state = made.go(made.start())
        made.wait(state)
        values = np.asarray(state[0], float) ** 2 @ eigenvalue / 2
        sphere = name == page.OURS
        moment, step = two_point("sphere" if sphere else "gaussian").second_moment(n), 1 / (n + 2)
        assert moment is not None and len(values) == made.moved
        mean = theory.expectation(modes, moment, np.zeros(n), step, made.steps, 2).gap[1]
        error = values.std(ddof=1) / made.moved**0.5
        assert 0 < error < 0.15 * mean, name
        assert abs(values.mean() - mean) < 5 * error, name
        done.append(name)
    assert {page.OURS, page.GAUSSIAN, page.PLAIN} <= {*done}


@pytest.mark.slow
def test_the_page_of_a_device_has_its_ratios_and_says_what_it_leaves_out(tmp_path, monkeypatch, capsys):
    tasks = [ways.Task(ways.TWO, 1000, 1), ways.Task(ways.FRAME, 8, 3), ways.Task(ways.TWO, 10**9, 1)]
    monkeypatch.setattr(accelerator, "tasks", lambda quick: tasks)
    monkeypatch.setattr(accelerator, "room", lambda: 2.0**30)
    monkeypatch.setattr(accelerator, "installed", lambda name: False)
    with batches.wide():
        accelerator.main(["--quick", "--seconds", "500", "--out", str(tmp_path)])
    text = (tmp_path / "accelerator.md").read_text()
    names = [f"accelerator.{form}" for form in ("md", "csv", "png", "svg")]
    assert {file.name for file in tmp_path.iterdir()} == {*names, "accelerator_memory.csv"}
    rows = list(csv.DictReader((tmp_path / "accelerator.csv").read_text().splitlines()))
    times = {(row["kind"], row["name"]): float(row["microseconds"]) for row in rows if row["microseconds"]}
    assert (ways.TWO, page.APART) in times and (ways.FRAME, page.OURS) in times
    ratio = next(float(row["ratio"]) for row in rows if row["name"] == f"{page.OURS} over {page.COPY}")
    assert ratio == pytest.approx(times[ways.TWO, page.OURS] / times[ways.TWO, page.COPY], rel=1e-4)
    assert "Device: a CPU and no accelerator" in text and "zobench together" in text
    assert "- PyTorch, MeZO: torch is not installed" in text
    assert (
        "- all: 40 bytes a coordinate are more than the 1 GiB that may be taken (two points, n = 1,000,000,000" in text
    )
    accelerator.main(["--quick", "--seconds", "1", "--out", str(tmp_path / "short")])
    assert (tmp_path / "short" / "accelerator.md").read_text().count("no time left") == 1
