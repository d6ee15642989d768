"""`zobench export format=...`: what the real cocopp, iohinspector and benchopt read of it is what the records say."""

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import made

from zobench import store
from zobench.__main__ import main
from zobench.command.export import FORMATS
from zobench.formats import coco, series

QUADRATIC = {"_target_": "zobench.problems.quadratics.quadratic"}
STRICT = """
import json, sys, warnings
import matplotlib
matplotlib.use("Agg")
import cocopp
with warnings.catch_warnings():
    warnings.simplefilter("error")
    {run}
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Two-point and gradient descent on two problems in 2 and 5 dimensions, 3 seeds; a failed cell."""
    folder = tmp_path_factory.mktemp("formats")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        many = ("-m", "problem=quadratic,huber", "problem.dim=2,5", "estimator=two_point,autodiff", "seeds=3")
        with pytest.raises(SystemExit):
            main((*many, "stop.gd_iterations=60", "stop.target=1e-6", "hydra/launcher=basic", "report=null"))
    (path, *_) = (folder / "runs").glob("*.npz")
    record = store.read(path)
    assert record
    store.write(store.path(folder / "runs", "f" * 16), {}, {**record.meta, "status": "failed", "rules": {}})
    return folder


@pytest.fixture
def zobench(zobench, filled, tmp_path):
    shutil.copytree(filled / "runs", tmp_path / "runs")
    return partial(zobench, "export")


def expected(folder, problem, estimator, n):
    """The gaps of the record of a cell [runs, records], k and the calls of a step."""
    for path in (folder / "runs").glob("*.npz"):
        record = store.read(path)
        assert record
        asked = [record.meta["config"][part]["_target_"].rpartition(".")[2] for part in ("problem", "estimator")]
        if record.meta["rules"] and asked == [problem, estimator] and record.meta["n"] == n:
            gap = record.arrays["theory/gap"].astype(float)
            return np.fmin.accumulate(gap, axis=1), record.arrays["theory/k"], sum(record.meta["calls"].values())
    raise AssertionError("no such cell")


def arrivals(gap, evaluations, target):
    met = gap <= target
    return np.where(met.any(axis=1), evaluations[met.argmax(axis=1)], np.nan)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_cocopp_reads_each_run_without_a_warning_and_charges_a_gradient(zobench, tmp_path):
    pytest.importorskip("cocopp", reason="needs cocopp: pip install 'zobench[formats]'")
    code, out, _ = zobench("coco", "format=coco")
    first, second, third = out.splitlines()
    assert (code, first) == (0, "coco: 3 algorithms on 2 problems, 12 data sets")
    assert "f1 is huber, f2 is quadratic" in second and third == "not in it: 1 that failed or made no runs"
    read = """
    told = {}
    for name in sys.argv[1:] or ["two-point-GD", "GD-autodiff-gradient-1", "GD-autodiff-gradient-n"]:
        for one in cocopp.load("coco/" + name):
            targets = [one.evals[0, 0] / 10, one.evals[0, 0] / 100]
            asked = [each.tolist() for each in one.detEvals(targets)]
            told[f"{name} {one.funcId} {one.dim}"] = [targets, asked, one.maxevals.tolist(), one.instancenumbers]
    json.dump(told, open("told.json", "w"))"""
    ended = run(STRICT.format(run=read.lstrip()))
    assert ended.returncode == 0, ended.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert len(told) == 12
    for place, (targets, asked, most, instances) in told.items():
        name, function, n = place.split()
        estimator, problem = (
            "autodiff" if "autodiff" in name else "two_point",
            ("huber", "quadratic")[int(function) - 1],
        )
        gap, k, calls = expected(tmp_path, problem, estimator, int(n))
        evaluations = 1 + k * (int(n) if name.endswith("-n") else calls)
        runs = gap if len(gap) == 3 else np.repeat(gap, 3, axis=0)
        for target, each in zip(targets, asked, strict=True):
            np.testing.assert_array_equal(each, arrivals(runs, evaluations, target), place)
        assert most == [evaluations[-1]] * 3 and instances == [1] * 3


@pytest.mark.slow
def test_cocopp_draws_it_without_a_warning(zobench, tmp_path):
    pytest.importorskip("cocopp", reason="needs cocopp: pip install 'zobench[formats]'")
    assert zobench("coco", "format=coco")[0] == 0
    names = "['coco/two-point-GD', 'coco/GD-autodiff-gradient-n']"
    ended = run(STRICT.format(run=f"cocopp.main(['-o', 'drawn', *{names}])"))
    assert ended.returncode == 0 and "Data consistent" in ended.stdout, ended.stderr
    assert list((tmp_path / "drawn").rglob("pprldmany_05D_noiselessall.svg"))


def test_iohinspector_reads_each_run(zobench, tmp_path):
    iohinspector = pytest.importorskip("iohinspector", reason="needs iohinspector: pip install 'zobench[formats]'")
    assert zobench("ioh", "format=ioh", "gradient=n")[0] == 0
    manager = iohinspector.DataManager()
    manager.add_folder("ioh")
    assert manager.n_runs == 24
    table = manager.load(monotonic=False, include_meta_data=True).to_pandas()
    assert set(table.algorithm_name) == {"two-point GD", "GD (autodiff), gradient = n"}
    for (algorithm, name, n), own in table.groupby(["algorithm_name", "function_name", "dimension"]):
        estimator = "autodiff" if "autodiff" in algorithm else "two_point"
        gap, k, calls = expected(tmp_path, name.split()[0], estimator, n)
        evaluations = 1 + k * (n if estimator == "autodiff" else calls)
        runs = gap if len(gap) == 3 else np.repeat(gap, 3, axis=0)
        for values, (_, one) in zip(runs, own.groupby("run_id"), strict=True):
            at = np.searchsorted(evaluations, one.evaluations)
            np.testing.assert_array_equal(evaluations[at], one.evaluations)
            np.testing.assert_allclose(values[at], one.raw_y, rtol=1e-9)
            assert one.evaluations.max() == evaluations[-1] and one.best_y.iloc[0] == pytest.approx(values[-1])


def test_benchopt_reads_and_draws_it(zobench, tmp_path):
    reason = "needs benchopt: pip install 'zobench[formats]'"
    results = pytest.importorskip("benchopt.results", reason=reason)
    from benchopt.plotting.default_plots import BarChart, ObjectiveCurvePlot, TablePlot
    from benchopt.results.result_processing import describe_results

    assert zobench("x.parquet", "format=benchopt")[0] == 0
    table: Any = results.read_results("x.parquet")
    told: Any = describe_results(table)
    assert told["n_configs"] == 12 and told["n_repetitions"] == 3 and told["objectives"] == ["f"]
    assert "objective_value" in told["objective_columns"] and len(told["datasets"]) == 4
    gap, k, calls = expected(tmp_path, "quadratic", "two_point", 5)
    name = next(name for name in told["datasets"] if name.startswith("quadratic") and "n=5" in name)
    own = table[(table.dataset_name == name) & (table.solver_name == "two-point GD") & (table.idx_rep == 2)]
    np.testing.assert_allclose(own.objective_gap, gap[2][np.searchsorted(1 + k * calls, own.stop_val)])
    curves: Any = ObjectiveCurvePlot().plot(table, name, "f", "objective_value", "Iteration")
    assert len(curves) == 3 and curves[0]["x"][0] == 1 and np.isfinite(curves[0]["y"]).all()
    assert BarChart().plot(table, name, "f", "objective_value", True)
    drawn: Any = TablePlot().plot(table, name, "f")
    assert len(drawn) == 3


def test_a_minimum_that_nobody_knows_is_the_least_value_seen(tmp_path):
    curves = {"one": [[9.0, 5.0, 6.0]], "two": [[9.0, 7.0, 4.0]]}
    for rule, curve in curves.items():
        arrays = {f"{rule}/gap": curve, f"{rule}/k": [0, 1, 2], f"{rule}/hits": [np.inf]}
        made(tmp_path, QUADRATIC, arrays=arrays, n=5, asked={"seeds": 1}, budget=1, optimizer={"_target_": rule})
    found = series.read(sorted(tmp_path.glob("*.npz"))).series
    assert {tuple(one.values[0]) for one in found} == {(5.0, 1.0, 1.0), (5.0, 3.0, 0.0)}
    assert {(one.f_opt, one.known, tuple(one.evaluations)) for one in found} == {(4.0, False, (1, 3, 5))}


def test_a_folder_is_replaced_only_if_an_export_made_it(zobench, tmp_path):
    assert zobench("x", "format=ioh")[0] == zobench("x", "format=coco", "gradient=n")[0] == 0
    assert {path.name for path in (tmp_path / "x").iterdir()} == {
        "two-point-GD", "GD-autodiff-gradient-n", "zobench.txt",
    }  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    code, _, said = zobench("mine", "format=ioh")
    assert code == 2 and "not of an export" in said and [*(tmp_path / "mine").iterdir()]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("arguments", "said"), [
    (("format=mat",), f"there are {', '.join(FORMATS)}"),
    (("format=coco", "gradient=free"), "a price is a number"),
    (("gradient=n",), "give format="),
    (("x", "format=benchopt"), "benchopt's results are a file .parquet"),
    (("format=coco", "sweep=none"), "sweep=none"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(zobench, arguments, said):
    code, _, err = zobench(*arguments)
    assert (code, len(err.splitlines())) == (2, 1) and said in err


def test_a_record_that_does_not_know_what_a_gradient_costs_is_refused_at_its_price(zobench, tmp_path):
    for path in (tmp_path / "runs").glob("*.npz"):
        record = store.read(path)
        assert record
        meta = {name: value for name, value in record.meta.items() if name != "prices"}
        store.write(tmp_path / "other" / path.name, record.arrays, meta)
    code, _, err = zobench("format=coco", "gradient=declared", "runs_dir=other")
    assert (code, len(err.splitlines())) == (2, 1) and "has no price of its gradient" in err


def test_coco_has_its_dimensions_and_no_others(zobench, tmp_path):
    for n in (3, 8):
        arrays: Any = {"own/gap": [[1.0, 0.5]], "own/k": [0, 1], "own/hits": [1.0]}
        made(tmp_path / "other", {**QUADRATIC, "dim": n}, arrays=arrays, n=n, f_star=0.0)
    code, out, _ = zobench("a", "format=coco", "runs_dir=other")
    assert code == 0 and "not in it: n = 8, of which bbob has none" in out
    shutil.rmtree(tmp_path / "other")
    made(tmp_path / "other", {**QUADRATIC, "dim": 8}, arrays=arrays, n=8, f_star=0.0)
    code, _, said = zobench("b", "format=coco", "runs_dir=other")
    assert code == 2 and "n = 8, and bbob has 2, 3, 5" in said and not Path("b").exists()


def test_functions_of_bbob_keep_their_numbers_and_instances(tmp_path):
    pytest.importorskip("cocopp", reason="needs cocopp: pip install 'zobench[formats]'")
    arrays: Any = {"own/gap": [[1.0, 0.5], [1.0, 0.25]], "own/k": [0, 1], "own/hits": [1.0, 1.0]}
    for instance in (3, 7):
        problem = {"_target_": "zobench.problems.suites.bbob", "function": 15, "instance": instance, "dim": 5}
        made(tmp_path, problem, arrays=arrays, n=5, f_star=0.0, asked={"seeds": 2})
    found = series.read(sorted(tmp_path.glob("*.npz"))).series
    assert {(one.function, one.instance, one.problem) for one in found} == {(15, 3, "f15"), (15, 7, "f15")}
    assert coco.write(found, tmp_path / "coco") == []
    read = f"""
    (one,) = cocopp.load("{tmp_path}/coco/two-point-GD")
    assert (one.funcId, one.dim, sorted(one.instancenumbers)) == (15, 5, [3, 3, 7, 7]), one.instancenumbers"""
    ended = run(STRICT.format(run=read.lstrip()))
    assert ended.returncode == 0, ended.stderr
